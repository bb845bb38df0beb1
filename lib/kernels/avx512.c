/* Kernels for AVX-512 (F, BW, DQ, VL). */
#include "kernels/kernels.h"

#include <conceptdec/conceptdec.h>

#include <immintrin.h>

static inline void
chunk_f16(const void *in, double *out)
{
    const __m512 single = _mm512_cvtph_ps(_mm256_loadu_si256(in));
    _mm512_storeu_pd(out, _mm512_cvtps_pd(_mm512_castps512_ps256(single)));
    _mm512_storeu_pd(out + 8, _mm512_cvtps_pd(_mm512_extractf32x8_ps(single, 1)));
}

static inline __m512
gather_f32(const float *const *row, int p)
{
    __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(row[0] + p));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(row[4] + p), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(row[8] + p), 2);
    return _mm512_insertf32x4(x, _mm_loadu_ps(row[12] + p), 3);
}

static inline __m512d
gather_f64(const double *const *row, int p)
{
    __m512d x = _mm512_castpd128_pd512(_mm_loadu_pd(row[0] + p));
    x = _mm512_insertf64x2(x, _mm_loadu_pd(row[2] + p), 1);
    x = _mm512_insertf64x2(x, _mm_loadu_pd(row[4] + p), 2);
    return _mm512_insertf64x2(x, _mm_loadu_pd(row[6] + p), 3);
}

static inline void
transpose_lanes_f32(__m512 *x)
{
    const __m512 a = _mm512_unpacklo_ps(x[0], x[1]), b = _mm512_unpackhi_ps(x[0], x[1]);
    const __m512 c = _mm512_unpacklo_ps(x[2], x[3]), d = _mm512_unpackhi_ps(x[2], x[3]);
    x[0] = _mm512_shuffle_ps(a, c, 0x44);
    x[1] = _mm512_shuffle_ps(a, c, 0xee);
    x[2] = _mm512_shuffle_ps(b, d, 0x44);
    x[3] = _mm512_shuffle_ps(b, d, 0xee);
}

static inline void
transpose_lanes_f64(__m512d *x)
{
    const __m512d first = x[0];
    x[0] = _mm512_unpacklo_pd(first, x[1]);
    x[1] = _mm512_unpackhi_pd(first, x[1]);
}

static inline void
store_some_f32(float *to, __m512 x, int count)
{
    _mm512_mask_storeu_ps(to, (__mmask16)(0xffffu >> (16 - count)), x);
}

static inline void
store_some_f64(double *to, __m512d x, int count)
{
    _mm512_mask_storeu_pd(to, (__mmask8)(0xffu >> (8 - count)), x);
}

static inline uint64_t
hits_f32(__m512 value, __m512 limit)
{
    return _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(limit, limit, _CMP_ORD_Q), value, limit, _CMP_NGT_UQ);
}

static inline uint64_t
hits_f64(__m512d value, __m512d limit)
{
    return _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(limit, limit, _CMP_ORD_Q), value, limit, _CMP_NGT_UQ);
}

typedef __m512i bytes;

static inline bytes
bytes_load(const uint8_t *from)
{
    return _mm512_loadu_si512(from);
}

static inline void
bytes_store(uint8_t *to, bytes x)
{
    _mm512_storeu_si512(to, x);
}

static inline bytes
bytes_fill(uint8_t value)
{
    return _mm512_set1_epi8((char)value);
}

static inline bytes
bytes_count(bytes count, bytes a, bytes b)
{
    return _mm512_mask_sub_epi8(count, _mm512_cmpeq_epi8_mask(a, b), count, bytes_fill(255));
}

static inline void
bytes_lead(bytes *best, bytes *sharing, bytes count)
{
    const bytes top = _mm512_max_epu8(*best, count);
    const bytes kept = _mm512_maskz_mov_epi8(_mm512_cmpeq_epi8_mask(top, *best), *sharing);
    *sharing = bytes_count(kept, top, count);
    *best = top;
}

static inline bytes
bytes_agree(bytes a, bytes b, bytes x)
{
    return _mm512_maskz_mov_epi8(_mm512_cmpeq_epi8_mask(a, b), x);
}

#define REAL float
#define VECTOR __m512
#define NAME(x) x##_f32
#define COLUMNS 12
#define OP(x) _mm512_##x##_ps
#include "kernels/vector_template.h"

#define REAL double
#define VECTOR __m512d
#define NAME(x) x##_f64
#define COLUMNS 12
#define OP(x) _mm512_##x##_pd
#include "kernels/vector_template.h"

#include "kernels/rows_template.h"
#include "kernels/screen_template.h"
#include "kernels/votes_template.h"

#define TABLE conceptdec_i_kernels_avx512
#define TABLE_NAME "avx512"
#define TABLE_BIT CONCEPTDEC_KERNEL_AVX512
#include "kernels/table_template.h"
