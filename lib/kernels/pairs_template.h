/* panel_i16(): products of pairs of int16, summed in int32, two vectors high and nr_f32 wide. The set has defined
 *   PAIRS_VECTOR, a vector of int32, and PAIRS(x): the intrinsic x of that type; PAIRS_LOAD(from), PAIRS_STORE(to, x);
 *   PAIRS_FUNCTION, the function's name, with what stands before it, and PAIRS_ADD(sum, a, b): sum plus the products of
 *   pairs of a and b, both of which end here, so that a set can have the function twice. */
#include <string.h>

#define PAIRS_WIDTH ((int64_t)(sizeof(PAIRS_VECTOR) / sizeof(int32_t)))

static void
PAIRS_FUNCTION(int64_t depth, const int16_t *restrict a, const int16_t *restrict b, int32_t *restrict c, int64_t ldc,
          int accumulate)
{
    PAIRS_VECTOR low[nr_f32], high[nr_f32];
#pragma GCC unroll 12
    for (int j = 0; j < nr_f32; j++)
        low[j] = high[j] = PAIRS(set1_epi32)(0);
#if !defined(__clang__) /* which then runs out of registers */
#pragma GCC unroll 4
#endif
    for (int64_t p = 0; p < depth; p++) {
        const PAIRS_VECTOR a_low = PAIRS_LOAD(a), a_high = PAIRS_LOAD(a + 2 * PAIRS_WIDTH);
#pragma GCC unroll 12
        for (int j = 0; j < nr_f32; j++) {
            int32_t pair;
            memcpy(&pair, b + 2 * j, sizeof pair);
            PAIRS_VECTOR factor = PAIRS(set1_epi32)(pair);
            /* Or the compiler would load it again for each product, and loads would set the pace. */
            __asm__("" : "+v"(factor));
            low[j] = PAIRS_ADD(low[j], a_low, factor);
            high[j] = PAIRS_ADD(high[j], a_high, factor);
            /* Nor may it make all products first, for which there are no registers. */
            __asm__("" : "+v"(low[j]), "+v"(high[j]));
        }
        a += 4 * PAIRS_WIDTH;
        b += 2 * nr_f32;
    }
#pragma GCC unroll 12
    for (int j = 0; j < nr_f32; j++) {
        int32_t *column = c + j * ldc;
        if (accumulate) {
            low[j] = PAIRS(add_epi32)(PAIRS_LOAD(column), low[j]);
            high[j] = PAIRS(add_epi32)(PAIRS_LOAD(column + PAIRS_WIDTH), high[j]);
        }
        PAIRS_STORE(column, low[j]);
        PAIRS_STORE(column + PAIRS_WIDTH, high[j]);
    }
}

#undef PAIRS_WIDTH
#undef PAIRS_FUNCTION
#undef PAIRS_ADD
