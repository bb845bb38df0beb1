/* Int8 kernels for 64-bit ARM with the dot product instructions. */
#include "kernels/narrow.h"

#include <conceptdec/conceptdec.h>

#include <arm_neon.h>
#include <stdbool.h>
#include <string.h>

typedef float32x4_t many;
typedef int32x4_t whole;

#define LANES 4
#define RUN 8
#define BIAS 0
#define MOST 127
#define UNROLL _Pragma("GCC unroll 8")

static inline many
many_load(const float *from)
{
    return vld1q_f32(from);
}

static inline void
many_store(float *to, many x)
{
    vst1q_f32(to, x);
}

static inline many
many_fill(float value)
{
    return vdupq_n_f32(value);
}

static inline many
many_of(whole q)
{
    return vcvtq_f32_s32(q);
}

static inline many
many_from(const int32_t *from)
{
    return vcvtq_f32_s32(vld1q_s32(from));
}

static inline many
many_less(many x, many a, many b)
{
    return vfmsq_f32(x, a, b);
}

static inline many
many_more(many x, many a, many b)
{
    return vfmaq_f32(x, a, b);
}

static inline many
many_absolute(many x)
{
    return vabsq_f32(x);
}

static inline many
many_larger(many a, many b)
{
    return vmaxq_f32(a, b);
}

static inline many
many_smaller(many a, many b)
{
    return vminq_f32(a, b);
}

static inline uint64_t
many_hits(many value, many limit)
{
    static const uint32_t weights[4] = {1, 2, 4, 8};
    return vaddvq_u32(vbicq_u32(vld1q_u32(weights), vcgtq_f32(value, limit)));
}

typedef uint32x4_t above;

static inline above
all_above(void)
{
    return vdupq_n_u32(~0u);
}

static inline above
still_above(above all, many value, many limit)
{
    return vandq_u32(all, vcgtq_f32(value, limit));
}

static inline bool
is_above(above all)
{
    return vminvq_u32(all) != 0;
}

/* Each lane and its partner, one of them with the other sign; a product with 1 or -1 is exact. */
static inline many
many_mixed(many x)
{
    static const float signs[2][4] = {{1, -1, 1, -1}, {1, 1, -1, -1}};
    x = vfmaq_f32(vrev64q_f32(x), x, vld1q_f32(signs[0]));
    return vfmaq_f32(vextq_f32(x, x, 2), x, vld1q_f32(signs[1]));
}

static inline whole
whole_near(many x)
{
    return vcvtnq_s32_f32(x);
}

static inline void
whole_store_bytes(uint8_t *to, whole q)
{
    const int16x4_t half = vmovn_s32(q);
    const int32_t bytes = vget_lane_s32(vreinterpret_s32_s8(vmovn_s16(vcombine_s16(half, half))), 0);
    memcpy(to, &bytes, sizeof bytes);
}

#define HIGH 4

enum { mr = HIGH * LANES, nr = 6 };

/* One group of two columns, 2 j and 2 j + 1. */
static inline void
add_columns(int32x4_t sums[nr][HIGH], const int8x16_t *rows, const int8_t *b, int j)
{
    const int8x8_t pair = vld1_s8(b + 8 * j);
    UNROLL
    for (int i = 0; i < HIGH; i++) {
        sums[2 * j][i] = vdotq_lane_s32(sums[2 * j][i], rows[i], pair, 0);
        sums[2 * j + 1][i] = vdotq_lane_s32(sums[2 * j + 1][i], rows[i], pair, 1);
    }
}

/* All sums stay in registers. */
static void
panel(int64_t groups, const uint8_t *a, int64_t panel_bytes, const int8_t *b, const int32_t *start, int32_t *c,
      int64_t ldc)
{
    int32x4_t sums[nr][HIGH];
    (void)panel_bytes; /* one panel high */
    UNROLL
    for (int j = 0; j < nr; j++) {
        UNROLL
        for (int i = 0; i < HIGH; i++)
            sums[j][i] = start ? vdupq_n_s32(start[j]) : vld1q_s32(c + j * ldc + i * LANES);
    }
    for (int64_t g = 0; g < groups; g++, a += 4 * mr, b += 4 * nr) {
        int8x16_t rows[HIGH];
        UNROLL
        for (int i = 0; i < HIGH; i++)
            rows[i] = vreinterpretq_s8_u8(vld1q_u8(a + 16 * i));
        UNROLL
        for (int j = 0; j < nr / 2; j++)
            add_columns(sums, rows, b, j);
    }
    UNROLL
    for (int j = 0; j < nr; j++) {
        UNROLL
        for (int i = 0; i < HIGH; i++)
            vst1q_s32(c + j * ldc + i * LANES, sums[j][i]);
    }
}

#include "kernels/narrow_columns.h"

#define TABLE conceptdec_i_narrow_neon_dotprod
#define TABLE_NAME "neon_dotprod"
#define TABLE_BIT CONCEPTDEC_KERNEL_NEON_DOTPROD
#define GAIN 0.65f
#define REFINING 27
#define DEPTH 1536
#define COLS (256 / nr * nr)
#define LEADS 32
#include "kernels/narrow_template.h"
