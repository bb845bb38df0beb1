/* The reference int8 kernels: C11 without intrinsics. */
#include "kernels/narrow.h"

#include <conceptdec/conceptdec.h>

#include <math.h>
#include <stdbool.h>

typedef float many;
typedef int32_t whole;

#define LANES 1
#define RUN 8
#define BIAS 0
#define MOST 127
#define UNROLL

static inline many
many_load(const float *from)
{
    return *from;
}

static inline void
many_store(float *to, many x)
{
    *to = x;
}

static inline many
many_fill(float value)
{
    return value;
}

static inline many
many_of(whole q)
{
    return (float)q;
}

static inline many
many_from(const int32_t *from)
{
    return many_of(*from);
}

static inline many
many_less(many x, many a, many b)
{
    return x - a * b;
}

static inline many
many_more(many x, many a, many b)
{
    return x + a * b;
}

static inline many
many_absolute(many x)
{
    return fabsf(x);
}

static inline many
many_larger(many a, many b)
{
    return a > b ? a : b;
}

static inline many
many_smaller(many a, many b)
{
    return a < b ? a : b;
}

static inline uint64_t
many_hits(many value, many limit)
{
    return !(value > limit);
}

typedef int32_t above; /* as wide as a float, so that compilers make vectors of both */

static inline above
all_above(void)
{
    return -1;
}

static inline above
still_above(above all, many value, many limit)
{
    return all & -(value > limit);
}

static inline bool
is_above(above all)
{
    return all != 0;
}

static inline many
many_mixed(many x)
{
    return x;
}

/* Where a float of that size has no fraction, addition rounds. */
static inline whole
whole_near(many x)
{
    const float shift = 0x1.8p23f;
    return (int32_t)(x + shift - shift);
}

static inline void
whole_store_bytes(uint8_t *to, whole q)
{
    *to = (uint8_t)q;
}

enum { mr = 16, nr = 4 };

/* Bytes as int16_t, element by element, so that rows stand side by side. */
static inline void
unpack(const uint8_t *a, int16_t rows[4][CONCEPTDEC_I_PANEL])
{
    for (int t = 0; t < 4; t++)
        for (int i = 0; i < CONCEPTDEC_I_PANEL; i++)
            rows[t][i] = (int8_t)a[i * 4 + t];
}

static void
panel(int64_t groups, const uint8_t *a, int64_t panel_bytes, const int8_t *b, const int32_t *start, int32_t *c,
      int64_t ldc)
{
    int32_t sums[nr][mr] = {{0}};
    (void)panel_bytes; /* one panel high */
    for (int64_t g = 0; g < groups; g++, a += 4 * mr, b += 4 * nr) {
        int16_t rows[4][mr];
        unpack(a, rows);
        for (int j = 0; j < nr; j++)
            for (int i = 0; i < mr; i++)
                sums[j][i] += rows[0][i] * b[4 * j] + rows[1][i] * b[4 * j + 1] + rows[2][i] * b[4 * j + 2] +
                              rows[3][i] * b[4 * j + 3];
    }
    for (int j = 0; j < nr; j++)
        for (int i = 0; i < mr; i++)
            c[j * ldc + i] = (start ? start[j] : c[j * ldc + i]) + sums[j][i];
}

#include "kernels/narrow_columns.h"

#define TABLE conceptdec_i_narrow_portable
#define TABLE_NAME "portable"
#define TABLE_BIT CONCEPTDEC_KERNEL_PORTABLE
#define GAIN 0
#define REFINING 27
#define DEPTH 1536
#define COLS (256 / nr * nr)
#define LEADS 32
#include "kernels/narrow_template.h"
