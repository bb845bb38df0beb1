/* Rows that an engine pushes: DEFINE_GATHER(type, whole, size, field, top, sort, unsort) copies one and looks for what
 * is refused in it, in vectors of PLACES_BYTES. Adding `top` to the exponent field carries into the sign where it is
 * too large. The set has defined `wide` as for rows_template.h, and
 *   wide_less(a, b): a - b; wide_plus(a, b): a + b; wide_times(a, b): a * b;
 *   wide_add_product(sum, a, b): sum + a * b, fused where the set can. */
#include <string.h>

#define GATHER_AHEAD 256 /* bytes: where rows are asked for before they are read; past the last one that does no harm */

/* Numbers of rows, as factors. */
typedef struct joining {
    wide count, twice_before, share, both; /* share: 1 / all; both: count * before / all */
} joining;

static inline joining
joining_of(int64_t count, int64_t before)
{
    const double share = 1 / (double)(count + before);
    return (joining){.count = wide_fill((double)count),
                     .twice_before = wide_fill(2 * (double)before),
                     .share = wide_fill(share),
                     .both = wide_fill((double)count * (double)before * share)};
}

/* apart_<type>(from, base, x): CHUNK elements less `base`, both in an order that a set may choose for types of two
 * bytes, with HAS_NARROW_APART: sort_narrow() makes it, unsort_narrow() undoes it. */
#define DEFINE_APART(type, size)                                                                                       \
    static inline void apart_##type(const char *from, const wide *base, wide *x)                                       \
    {                                                                                                                  \
        UNROLL                                                                                                         \
        for (int j = 0; j < CHUNK / WIDE; j++)                                                                         \
            x[j] = wide_less(wide_load_##type(from + j * WIDE * (size)), base[j]);                                     \
    }

DEFINE_APART(f64, 8)
DEFINE_APART(f32, 4)

static inline void
leave_order(wide *x)
{
    (void)x;
}

#ifndef HAS_NARROW_APART
DEFINE_APART(f16, 2)
DEFINE_APART(bf16, 2)
#define sort_narrow leave_order
#define unsort_narrow leave_order
#endif

#define DEFINE_GATHER(type, whole, size, field, top, sort, unsort)                                                     \
    typedef whole gathered_##type __attribute__((vector_size(PLACES_BYTES)));                                          \
    enum { GATHERED_##type = PLACES_BYTES / (size) };                                                                  \
                                                                                                                       \
    static inline gathered_##type gather_some_##type(const char *from, char *to)                                       \
    {                                                                                                                  \
        gathered_##type x;                                                                                             \
        memcpy(&x, from, sizeof x);                                                                                    \
        memcpy(to, &x, sizeof x);                                                                                      \
        return (x & (whole)(field)) + (whole)(top);                                                                    \
    }                                                                                                                  \
                                                                                                                       \
    static int gather_##type(const void *in, void *out, int64_t n)                                                     \
    {                                                                                                                  \
        const char *from = in;                                                                                         \
        char *to = out, rest[PLACES_BYTES] = {0}, copied[PLACES_BYTES];                                                \
        gathered_##type seen = {0}, too = {0};                                                                         \
        for (; n >= 2 * GATHERED_##type; n -= 2 * GATHERED_##type, from += 2 * PLACES_BYTES, to += 2 * PLACES_BYTES) { \
            seen |= gather_some_##type(from, to);                                                                      \
            too |= gather_some_##type(from + PLACES_BYTES, to + PLACES_BYTES);                                         \
        }                                                                                                              \
        for (; n > 0; n -= GATHERED_##type, from += PLACES_BYTES, to += PLACES_BYTES) {                                \
            const size_t size_left = n < GATHERED_##type ? (size_t)n *(size) : PLACES_BYTES;                           \
            memcpy(rest, from, size_left);                                                                             \
            memset(rest + size_left, 0, sizeof rest - size_left);                                                      \
            seen |= gather_some_##type(rest, copied);                                                                  \
            memcpy(to, copied, size_left);                                                                             \
        }                                                                                                              \
        seen |= too;                                                                                                   \
        whole any = 0;                                                                                                 \
        for (int i = 0; i < GATHERED_##type; i++)                                                                      \
            any |= seen[i];                                                                                            \
        return any >> (8 * (size) - 1) != 0;                                                                           \
    }                                                                                                                  \
                                                                                                                       \
    /* CHUNK columns of all rows, whose sums stay in registers. `off`: what pilot + mean loses by rounding. */         \
    static inline void join_chunk_##type(const char *const *rows, int64_t count, int64_t at, const joining *w,         \
                                         const char *pilot, double *mean, double *square)                              \
    {                                                                                                                  \
        wide base[CHUNK / WIDE], sorted[CHUNK / WIDE], sums[CHUNK / WIDE], squares[CHUNK / WIDE];                      \
        UNROLL                                                                                                         \
        for (int j = 0; j < CHUNK / WIDE; j++) {                                                                       \
            const wide old = wide_load_f64((const char *)(mean + j * WIDE));                                           \
            base[j] = wide_plus(wide_load_##type(pilot + j * WIDE * (size)), old);                                     \
            sorted[j] = base[j];                                                                                       \
            sums[j] = squares[j] = wide_fill(0);                                                                       \
        }                                                                                                              \
        sort(sorted);                                                                                                  \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            const char *from = rows[i] + at * (size);                                                                  \
            wide x[CHUNK / WIDE];                                                                                      \
            __builtin_prefetch(from + GATHER_AHEAD);                                                                   \
            apart_##type(from, sorted, x);                                                                             \
            UNROLL                                                                                                     \
            for (int j = 0; j < CHUNK / WIDE; j++) {                                                                   \
                sums[j] = wide_plus(sums[j], x[j]);                                                                    \
                squares[j] = wide_add_product(squares[j], x[j], x[j]);                                                 \
            }                                                                                                          \
        }                                                                                                              \
        unsort(sums);                                                                                                  \
        unsort(squares);                                                                                               \
        UNROLL                                                                                                         \
        for (int j = 0; j < CHUNK / WIDE; j++) {                                                                       \
            const wide first = wide_load_##type(pilot + j * WIDE * (size));                                            \
            const wide old = wide_load_f64((const char *)(mean + j * WIDE));                                           \
            const wide part = wide_less(base[j], first);                                                               \
            const wide off = wide_plus(wide_less(first, wide_less(base[j], part)), wide_less(old, part));              \
            const wide step = wide_times(wide_less(sums[j], wide_times(off, w->count)), w->share);                     \
            const wide twice = wide_times(wide_plus(sums[j], wide_times(off, w->twice_before)), w->share);             \
            const wide rest = wide_less(squares[j], wide_times(sums[j], twice));                                       \
            const wide more = wide_add_product(rest, wide_times(off, off), w->both);                                   \
            wide_store(mean + j * WIDE, wide_plus(old, step));                                                         \
            wide_store(square + j * WIDE, wide_plus(wide_load_f64((const char *)(square + j * WIDE)), more));          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void join_##type(const char *const *rows, int64_t count, int64_t before, const char *pilot, double *mean,   \
                            double *square, int64_t n)                                                                 \
    {                                                                                                                  \
        const joining w = joining_of(count, before);                                                                   \
        for (int64_t at = 0; at < n; at += CHUNK)                                                                      \
            join_chunk_##type(rows, count, at, &w, pilot + at * (size), mean + at, square + at);                       \
    }

DEFINE_GATHER(f64, uint64_t, 8, 0x7ff0000000000000u, 0x2210000000000000u, leave_order, leave_order)
DEFINE_GATHER(f32, uint32_t, 4, 0x7f800000u, 0x00800000u, leave_order, leave_order)
DEFINE_GATHER(f16, uint16_t, 2, 0x7c00u, 0x0400u, sort_narrow, unsort_narrow)
DEFINE_GATHER(bf16, uint16_t, 2, 0x7f80u, 0x0080u, sort_narrow, unsort_narrow)
