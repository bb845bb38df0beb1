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

#define HIGH 4

enum { mr = HIGH * LANES, nr = 6 };

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

/* How columns lie in the lines of two groups: words of the first line and, from 16 on, of the second one; which of them
 * are columns that exist, and which of these lie in the panel that follows. */
typedef struct place {
    line words;
    __mmask16 some, beyond;
    int64_t panel_bytes;
} place;

static inline place
place_of(int64_t first, int64_t count, int64_t panel_bytes)
{
    const line column = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0);
    const line at = _mm512_add_epi32(column, line_fill((int32_t)(first % CONCEPTDEC_I_PANEL)));
    const line in_panel = _mm512_and_si512(at, line_fill(CONCEPTDEC_I_PANEL - 1));
    return (place){
        .words = _mm512_mask_add_epi32(in_panel, 0xffc0, in_panel, line_fill(CONCEPTDEC_I_PANEL)),
        .some = (__mmask16)(((1u << count) - 1) * 0x41u),
        .beyond = _mm512_cmpge_epi32_mask(at, line_fill(CONCEPTDEC_I_PANEL)),
        .panel_bytes = panel_bytes,
    };
}

/* Two groups, the second one `next` bytes behind. */
static inline line
take_columns(const uint8_t *from, int64_t next, const place *at, bool crossing)
{
    line both = _mm512_permutex2var_epi32(line_load(from), at->words, line_load(from + next));
    if (crossing) {
        from += at->panel_bytes;
        const line others = _mm512_permutex2var_epi32(line_load(from), at->words, line_load(from + next));
        both = _mm512_mask_mov_epi32(both, at->beyond, others);
    }
    return _mm512_maskz_xor_epi32(at->some, both, _mm512_set1_epi8((char)BIAS));
}

/* Lines are read as a whole, two at a time. */
static void
columns(int64_t groups, const uint8_t *panels, int64_t panel_bytes, int64_t first, int64_t count, int8_t *out)
{
    const place at = place_of(first, count, panel_bytes);
    const bool crossing = first % CONCEPTDEC_I_PANEL + count > CONCEPTDEC_I_PANEL;
    const uint8_t *from = panels + first / CONCEPTDEC_I_PANEL * panel_bytes;
    for (; groups >= 2; groups -= 2, from += 2 * sizeof(line), out += 2 * 4 * nr)
        _mm512_mask_storeu_epi32(out, 0xfff, take_columns(from, sizeof(line), &at, crossing));
    if (groups > 0)
        _mm512_mask_storeu_epi32(out, 0x3f, take_columns(from, 0, &at, crossing));
}

#include "kernels/narrow_panel.h"

#define TABLE conceptdec_i_narrow_avx512vnni
#define TABLE_NAME "avx512vnni"
#define TABLE_BIT CONCEPTDEC_KERNEL_AVX512VNNI
#define GAIN 0.65f
#define REFINING 27
#define DEPTH 1536
#include "kernels/narrow_template.h"
