/* Int8 kernels for AVX-512 VNNI. */
#include "kernels/narrow.h"

#include <conceptdec/conceptdec.h>

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

typedef __m512 many;
typedef int32_t whole __attribute__((vector_size(64)));

#define LANES 16
#define RUN 16
#define BIAS 128
#define MOST 127
#define UNROLL _Pragma("GCC unroll 16")

static inline many
many_load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline void
many_store(float *to, many x)
{
    _mm512_storeu_ps(to, x);
}

static inline many
many_fill(float value)
{
    return _mm512_set1_ps(value);
}

static inline many
many_of(whole q)
{
    return _mm512_cvtepi32_ps((__m512i)q);
}

static inline many
many_from(const int32_t *from)
{
    return _mm512_cvtepi32_ps(_mm512_loadu_si512(from));
}

static inline many
many_less(many x, many a, many b)
{
    return _mm512_fnmadd_ps(a, b, x);
}

static inline many
many_more(many x, many a, many b)
{
    return _mm512_fmadd_ps(a, b, x);
}

static inline many
many_absolute(many x)
{
    return _mm512_abs_ps(x);
}

static inline many
many_larger(many a, many b)
{
    return _mm512_max_ps(a, b);
}

static inline many
many_smaller(many a, many b)
{
    return _mm512_min_ps(a, b);
}

static inline uint64_t
many_hits(many value, many limit)
{
    return _mm512_cmp_ps_mask(value, limit, _CMP_NGT_UQ);
}

typedef __mmask16 above;

static inline above
all_above(void)
{
    return 0xffff;
}

static inline above
still_above(above all, many value, many limit)
{
    return _mm512_mask_cmp_ps_mask(all, value, limit, _CMP_GT_OQ);
}

static inline bool
is_above(above all)
{
    return all == 0xffff;
}

/* Each lane and its partner, one of them with the other sign; a product with 1 or -1 is exact. */
static inline many
many_mixed(many x)
{
    const many p = _mm512_set1_ps(1), m = _mm512_set1_ps(-1);
    x = _mm512_fmadd_ps(x, _mm512_mask_mov_ps(p, 0xaaaa, m), _mm512_permute_ps(x, 0xb1));
    x = _mm512_fmadd_ps(x, _mm512_mask_mov_ps(p, 0xcccc, m), _mm512_permute_ps(x, 0x4e));
    x = _mm512_fmadd_ps(x, _mm512_mask_mov_ps(p, 0xf0f0, m), _mm512_shuffle_f32x4(x, x, 0xb1));
    return _mm512_fmadd_ps(x, _mm512_mask_mov_ps(p, 0xff00, m), _mm512_shuffle_f32x4(x, x, 0x4e));
}

static inline whole
whole_near(many x)
{
    return (whole)_mm512_cvtps_epi32(x);
}

static inline void
whole_store_bytes(uint8_t *to, whole q)
{
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8((__m512i)q));
}

typedef __m512i line;

#define HIGH 2

enum { mr = HIGH * LANES, nr = 8 };

static inline int64_t
rows_at(int i, int64_t panel_bytes)
{
    return i * panel_bytes;
}

static inline line
line_load(const void *from)
{
    return _mm512_load_si512(from);
}

/* Far enough for a line from the second-level cache. */
static inline void
line_soon(const uint8_t *from)
{
    _mm_prefetch((const char *)from + 6 * sizeof(line), _MM_HINT_T0);
}

static inline void
line_store(void *to, line x)
{
    _mm512_store_si512(to, x);
}

static inline line
line_fill(int32_t value)
{
    return _mm512_set1_epi32(value);
}

static inline line
line_dot(line sum, line a, line b)
{
    return _mm512_dpbusd_epi32(sum, a, b);
}

static inline void
store_columns(int8_t *out, __m256i x)
{
    _mm256_storeu_si256((__m256i *)(void *)out, x);
}

#include "kernels/narrow_ymm_columns.h"

/* Tiles begin at multiples of nr: nearly always all columns stand in one half of a panel, which goes as it is. */
static void
columns(int64_t groups, const uint8_t *panels, int64_t panel_bytes, int64_t first, int64_t count, int8_t *out)
{
    if (count < nr || first % nr != 0) {
        columns_anywhere(groups, panels, panel_bytes, first, count, out);
        return;
    }
    const __m256i sign = _mm256_set1_epi8((char)BIAS);
    const uint8_t *from = panels + first / CONCEPTDEC_I_PANEL * panel_bytes + first % CONCEPTDEC_I_PANEL * 4;
    for (int64_t g = 0; g < groups; g++, from += 4 * CONCEPTDEC_I_PANEL, out += 4 * nr)
        store_columns(out, _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)from), sign));
}

#include "kernels/narrow_panel.h"

#define TABLE conceptdec_i_narrow_avx512vnni
#define TABLE_NAME "avx512vnni"
#define TABLE_BIT CONCEPTDEC_KERNEL_AVX512VNNI
#define GAIN 0.65f
#define REFINING 27
#define DEPTH 512
#define COLS 256
#define LEADS 16
#include "kernels/narrow_template.h"
