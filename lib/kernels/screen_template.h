/* DEFINE_SCREEN(type, real): the screen over words of 64 products, which screen_word_<type>() of the set tests. */
#include <stdint.h>
#include <string.h>

#define DEFINE_SCREEN(type, real)                                                                                      \
    static int screen_##type(const real *dot, const real *norm, real column_norm, const real *row_limit,               \
                             real column_limit, int64_t n, uint64_t *row_hits, uint64_t *column_hits)                  \
    {                                                                                                                  \
        uint64_t any = 0;                                                                                              \
        for (int64_t i = 0; i < n; i += 64, row_hits++, column_hits++) {                                               \
            _Alignas(64) real rest[3][64];                                                                             \
            const real *in[3] = {dot + i, norm + i, row_limit + i};                                                    \
            const size_t count = n - i < 64 ? (size_t)(n - i) : 64;                                                    \
            for (int s = 0; s < 3 && count < 64; s++) {                                                                \
                memset(rest[s], 0, sizeof rest[s]);                                                                    \
                in[s] = memcpy(rest[s], in[s], count * sizeof(real));                                                  \
            }                                                                                                          \
            screen_word_##type(in[0], in[1], column_norm, in[2], column_limit, row_hits, column_hits);                 \
            *row_hits &= ~(uint64_t)0 >> (64 - count);                                                                 \
            *column_hits &= ~(uint64_t)0 >> (64 - count);                                                              \
            any |= *row_hits | *column_hits;                                                                           \
        }                                                                                                              \
        return any != 0;                                                                                               \
    }

DEFINE_SCREEN(f32, float)
DEFINE_SCREEN(f64, double)
