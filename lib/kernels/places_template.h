/* DEFINE_PLACES(type, real, whole): CONCEPTDEC_I_PLACED pairs held against limits, in vectors of PLACES_BYTES, which
 * the set has defined; whole: the integer of the width of real. Comparisons are 0 or -1 in each element. */
#include <string.h>

#define DEFINE_PLACES(type, real, whole)                                                                               \
    typedef real places_##type __attribute__((vector_size(PLACES_BYTES)));                                             \
    typedef whole counts_##type __attribute__((vector_size(PLACES_BYTES)));                                            \
    enum { PLACES_WIDTH_##type = PLACES_BYTES / sizeof(real) };                                                        \
                                                                                                                       \
    static inline places_##type places_load_##type(const real *from)                                                   \
    {                                                                                                                  \
        places_##type x;                                                                                               \
        memcpy(&x, from, sizeof x);                                                                                    \
        return x;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    static inline void places_store_##type(counts_##type at, int32_t *place)                                           \
    {                                                                                                                  \
        for (int i = 0; i < PLACES_WIDTH_##type; i++)                                                                  \
            place[i] = (int32_t)at[i];                                                                                 \
    }                                                                                                                  \
                                                                                                                       \
    /* differ: of all pairs; not 0 where they are open. */                                                             \
    static inline int places_open_##type(const counts_##type *differ, int32_t *open)                                   \
    {                                                                                                                  \
        uint64_t words[CONCEPTDEC_I_PLACED * sizeof(real) / 8], any = 0;                                               \
        memcpy(words, differ, sizeof words);                                                                           \
        for (size_t w = 0; w < sizeof words / 8; w++)                                                                  \
            any |= words[w];                                                                                           \
        for (int i = 0; any != 0 && i < CONCEPTDEC_I_PLACED; i++)                                                      \
            open[i] = differ[i / PLACES_WIDTH_##type][i % PLACES_WIDTH_##type] != 0;                                   \
        return any != 0;                                                                                               \
    }                                                                                                                  \
                                                                                                                       \
    static int place_rows_##type(const real *dot, real upper, real lower, const real *low, const real *high,           \
                                 int64_t n_limits, int32_t *place, int32_t *open)                                      \
    {                                                                                                                  \
        counts_##type differ[CONCEPTDEC_I_PLACED / PLACES_WIDTH_##type];                                               \
        for (int i = 0; i < CONCEPTDEC_I_PLACED; i += PLACES_WIDTH_##type) {                                           \
            const places_##type twice = 2 * places_load_##type(dot + i);                                               \
            const places_##type above = upper - twice, below = lower - twice;                                          \
            counts_##type at = {0}, far = {0};                                                                         \
            for (int64_t t = 0; t < n_limits; t++) {                                                                   \
                at -= places_load_##type(low + t * CONCEPTDEC_I_PLACED + i) <= above;                                  \
                far -= places_load_##type(high + t * CONCEPTDEC_I_PLACED + i) < below;                                 \
            }                                                                                                          \
            differ[i / PLACES_WIDTH_##type] = at ^ far;                                                                \
            places_store_##type(at, place + i);                                                                        \
        }                                                                                                              \
        return places_open_##type(differ, open);                                                                       \
    }                                                                                                                  \
                                                                                                                       \
    static int place_column_##type(const real *dot, const real *upper, const real *lower, const real *low,             \
                                   const real *high, int64_t n_limits, int32_t *place, int32_t *open)                  \
    {                                                                                                                  \
        counts_##type differ[CONCEPTDEC_I_PLACED / PLACES_WIDTH_##type];                                               \
        for (int i = 0; i < CONCEPTDEC_I_PLACED; i += PLACES_WIDTH_##type) {                                           \
            const places_##type twice = 2 * places_load_##type(dot + i);                                               \
            const places_##type above = places_load_##type(upper + i) - twice;                                         \
            const places_##type below = places_load_##type(lower + i) - twice;                                         \
            counts_##type at = {0}, far = {0};                                                                         \
            for (int64_t t = 0; t < n_limits; t++) {                                                                   \
                at -= low[t] <= above;                                                                                 \
                far -= high[t] < below;                                                                                \
            }                                                                                                          \
            differ[i / PLACES_WIDTH_##type] = at ^ far;                                                                \
            places_store_##type(at, place + i);                                                                        \
        }                                                                                                              \
        return places_open_##type(differ, open);                                                                       \
    }

DEFINE_PLACES(f32, float, int32_t)
DEFINE_PLACES(f64, double, int64_t)
