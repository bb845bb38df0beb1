/* Int8 kernels for AVX2 without dot products: products of bytes are added up in 16 bits, four groups at a time. One
 * side is 0 to 2 MOST, so that no such sum overflows if magnitudes of the other side add up to RUN_MOST at most.
 * Rotated items are even, so that this asks for steps about a tenth wider than MOST does. */
#include "kernels/narrow.h"

#include <conceptdec/conceptdec.h>

#include "kernels/narrow_ymm.h"

#define RUN_GROUPS 4
#define MOST 72
#define BIAS MOST
#define RUN_MOST (INT16_MAX / (BIAS + MOST))
#define RUN_SIZE (2 * RUN_GROUPS)

enum { mr = HIGH * LANES, nr = CONCEPTDEC_I_PANEL, wide = 4 };

/* Sums of a few columns, all that registers hold. */
typedef struct accumulators {
    line of[wide][HIGH];
} accumulators;

/* In the order written, or the compiler would keep all products of a run before it adds them, more than it has
 * registers for. */
static inline line
add_products(const line *sum, line products)
{
    if (sum)
        products = _mm256_add_epi16(*sum, products);
    __asm__("" : "+x"(products));
    return products;
}

/* Adds the products of `groups` groups, in 16 bits first. */
static inline __attribute__((always_inline)) void
add_run(accumulators *all, const uint8_t *a, const int8_t *b, int groups)
{
    const line one = _mm256_set1_epi16(1);
    accumulators run;
#pragma GCC unroll 8
    for (int g = 0; g < groups; g++) {
        const line low = line_load(a + 64 * g), high = line_load(a + 64 * g + 32);
        UNROLL
        for (int j = 0; j < wide; j++) {
            int32_t group;
            memcpy(&group, b + 4 * (g * nr + j), sizeof group);
            line factor = line_fill(group);
            __asm__("" : "+x"(factor)); /* or the compiler would load it again for each product */
            const line products[HIGH] = {_mm256_maddubs_epi16(low, factor), _mm256_maddubs_epi16(high, factor)};
            UNROLL
            for (int i = 0; i < HIGH; i++)
                run.of[j][i] = add_products(g ? &run.of[j][i] : NULL, products[i]);
        }
    }
    UNROLL
    for (int j = 0; j < wide; j++) {
        UNROLL
        for (int i = 0; i < HIGH; i++)
            all->of[j][i] = _mm256_add_epi32(all->of[j][i], _mm256_madd_epi16(run.of[j][i], one));
    }
}

/* A few columns of a micro-panel. */
static inline __attribute__((always_inline)) void
add_columns(int64_t groups, const uint8_t *restrict a, const int8_t *restrict b, const int32_t *restrict start,
            int32_t *restrict c, int64_t ldc)
{
    accumulators all;
    UNROLL
    for (int j = 0; j < wide; j++) {
        UNROLL
        for (int i = 0; i < HIGH; i++)
            all.of[j][i] = start ? line_fill(start[j]) : line_load(c + j * ldc + i * LANES);
    }
    for (; groups >= RUN_GROUPS; groups -= RUN_GROUPS, a += RUN_GROUPS * 64, b += RUN_GROUPS * 4 * nr)
        add_run(&all, a, b, RUN_GROUPS);
    for (; groups > 0; groups--, a += 64, b += 4 * nr)
        add_run(&all, a, b, 1);
    UNROLL
    for (int j = 0; j < wide; j++) {
        UNROLL
        for (int i = 0; i < HIGH; i++)
            line_store(c + j * ldc + i * LANES, all.of[j][i]);
    }
}

static void
panel(int64_t groups, const uint8_t *restrict a, int64_t panel_bytes, const int8_t *restrict b,
      const int32_t *restrict start, int32_t *restrict c, int64_t ldc)
{
    (void)panel_bytes; /* one panel high */
    for (int j = 0; j < nr; j += wide)
        add_columns(groups, a, b + 4 * j, start ? start + j : NULL, c + j * ldc, ldc);
}

/* Magnitudes that one 16-bit sum adds up: of elements 0 and 1 of each group in the first two lanes, 2 and 3 in the
 * next. */
static inline many
run_sums(const float *x)
{
    many sum = many_fill(0);
    for (int i = 0; i < 4 * RUN_GROUPS; i += LANES)
        sum += many_absolute(many_load(x + i));
    sum += _mm256_permute_ps(sum, 0xb1);
    return sum + _mm256_permute2f128_ps(sum, sum, 0x01);
}

/* Each of RUN_SIZE elements may be rounded up. */
static float
run_step(const float *x, int64_t n)
{
    float rest[4 * RUN_GROUPS] = {0};
    many tops = many_fill(0);
    for (; n >= 4 * RUN_GROUPS; n -= 4 * RUN_GROUPS, x += 4 * RUN_GROUPS)
        tops = many_larger(tops, run_sums(x));
    memcpy(rest, x, (size_t)n * sizeof *x);
    many_store(rest, many_larger(tops, run_sums(rest)));
    return (rest[0] > rest[2] ? rest[0] : rest[2]) / (RUN_MOST - 0.5f * RUN_SIZE);
}

/* Of two panels, or fewer than nr: seldom. */
static void
columns_anywhere(int64_t groups, const uint8_t *panels, int64_t panel_bytes, int64_t first, int64_t count, int8_t *out)
{
    memset(out, 0, (size_t)groups * nr * 4);
    for (int64_t j = 0; j < count; j++) {
        const uint8_t *from =
            panels + (first + j) / CONCEPTDEC_I_PANEL * panel_bytes + (first + j) % CONCEPTDEC_I_PANEL * 4;
        for (int64_t g = 0; g < groups; g++)
            for (int64_t t = 0; t < 4; t++)
                out[(g * nr + j) * 4 + t] = (int8_t)(from[g * 4 * CONCEPTDEC_I_PANEL + t] - BIAS);
    }
}

/* As a rule a whole panel; the next one is asked for meanwhile. */
static void
columns(int64_t groups, const uint8_t *panels, int64_t panel_bytes, int64_t first, int64_t count, int8_t *out)
{
    const line bias = _mm256_set1_epi8(BIAS);
    const uint8_t *from = panels + first / CONCEPTDEC_I_PANEL * panel_bytes;
    if (count < nr || first % CONCEPTDEC_I_PANEL != 0) {
        columns_anywhere(groups, panels, panel_bytes, first, count, out);
        return;
    }
    for (; groups > 0; groups--, from += 4 * CONCEPTDEC_I_PANEL, out += 4 * nr) {
        __builtin_prefetch(from + panel_bytes);
        for (int i = 0; i < HIGH; i++) {
            const int64_t at = i * (int64_t)sizeof(line);
            _mm256_storeu_si256((line *)(void *)(out + at), _mm256_sub_epi8(line_load(from + at), bias));
        }
    }
}

#define TABLE conceptdec_i_narrow_avx2
#define TABLE_NAME "avx2"
#define TABLE_BIT CONCEPTDEC_KERNEL_AVX2
#define RUN_STEP run_step
#define GAIN 0.6f
#define REFINING 9
#define DEPTH 512
#define COLS 128
#define LEADS 32
#include "kernels/narrow_template.h"
