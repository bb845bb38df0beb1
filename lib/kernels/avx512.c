/* Kernels for AVX-512 (F, BW, DQ, VL). */
#include "kernels/kernels.h"

#include <conceptdec/conceptdec.h>

#include <immintrin.h>
#include <string.h>

typedef __m512d wide;

#define WIDE 8
#define UNROLL _Pragma("GCC unroll 4")

static inline wide
wide_load_f64(const char *from)
{
    return _mm512_loadu_pd((const double *)(const void *)from);
}

static inline wide
wide_load_f32(const char *from)
{
    return _mm512_cvtps_pd(_mm256_loadu_ps((const float *)(const void *)from));
}

static inline wide
wide_load_f16(const char *from)
{
    return _mm512_cvtps_pd(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)from)));
}

static inline wide
wide_load_bf16(const char *from)
{
    const __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
    return _mm512_cvtps_pd(_mm256_castsi256_ps(_mm256_slli_epi32(bits, 16)));
}

static inline void
wide_store(double *to, wide x)
{
    _mm512_storeu_pd(to, x);
}

static inline wide
wide_load_some(const double *from, int count)
{
    return _mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1), from);
}

static inline void
wide_store_some(double *to, wide x, int count)
{
    _mm512_mask_storeu_pd(to, (__mmask8)((1u << count) - 1), x);
}

static inline wide
wide_fill(double value)
{
    return _mm512_set1_pd(value);
}

static inline double
wide_total(const wide *sums)
{
    const wide eight = _mm512_add_pd(sums[0], sums[1]);
    const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

static inline wide
wide_square(wide sum, wide a, wide b, wide scale)
{
    const wide difference = _mm512_sub_pd(a, _mm512_mul_pd(b, scale));
    return _mm512_add_pd(sum, _mm512_mul_pd(difference, difference));
}

static inline wide
wide_less(wide a, wide b)
{
    return _mm512_sub_pd(a, b);
}

static inline wide
wide_plus(wide a, wide b)
{
    return _mm512_add_pd(a, b);
}

static inline wide
wide_times(wide a, wide b)
{
    return _mm512_mul_pd(a, b);
}

static inline wide
wide_add_product(wide sum, wide a, wide b)
{
    return _mm512_fmadd_pd(a, b, sum);
}

/* Transposes the 4 by 4 elements in every lane of 128 bits. */
static inline void
transpose_lanes(__m512 *x)
{
    const __m512 a = _mm512_unpacklo_ps(x[0], x[1]), b = _mm512_unpackhi_ps(x[0], x[1]);
    const __m512 c = _mm512_unpacklo_ps(x[2], x[3]), d = _mm512_unpackhi_ps(x[2], x[3]);
    x[0] = _mm512_shuffle_ps(a, c, 0x44);
    x[1] = _mm512_shuffle_ps(a, c, 0xee);
    x[2] = _mm512_shuffle_ps(b, d, 0x44);
    x[3] = _mm512_shuffle_ps(b, d, 0xee);
}

static inline void
transpose_f32(const float *from, int64_t ld, int rows, __m512 *x)
{
    __m512 row[16];
#pragma GCC unroll 16
    for (int r = 0; r < 16; r++)
        row[r] = r < rows ? _mm512_loadu_ps(from + r * ld) : _mm512_setzero_ps();
#pragma GCC unroll 4
    for (int r = 0; r < 16; r += 4)
        transpose_lanes(row + r);
        /* Then the 4 by 4 lanes. */
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const __m512 a = _mm512_shuffle_f32x4(row[i], row[i + 4], 0x44);
        const __m512 b = _mm512_shuffle_f32x4(row[i], row[i + 4], 0xee);
        const __m512 c = _mm512_shuffle_f32x4(row[i + 8], row[i + 12], 0x44);
        const __m512 d = _mm512_shuffle_f32x4(row[i + 8], row[i + 12], 0xee);
        x[i] = _mm512_shuffle_f32x4(a, c, 0x88);
        x[i + 4] = _mm512_shuffle_f32x4(a, c, 0xdd);
        x[i + 8] = _mm512_shuffle_f32x4(b, d, 0x88);
        x[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
}

static inline void
transpose_f64(const double *from, int64_t ld, int rows, __m512d *x)
{
    __m512d row[8];
#pragma GCC unroll 8
    for (int r = 0; r < 8; r++)
        row[r] = r < rows ? _mm512_loadu_pd(from + r * ld) : _mm512_setzero_pd();
#pragma GCC unroll 4
    for (int r = 0; r < 8; r += 2) {
        const __m512d even = row[r];
        row[r] = _mm512_unpacklo_pd(even, row[r + 1]);
        row[r + 1] = _mm512_unpackhi_pd(even, row[r + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        const __m512d a = _mm512_shuffle_f64x2(row[i], row[i + 2], 0x44);
        const __m512d b = _mm512_shuffle_f64x2(row[i], row[i + 2], 0xee);
        const __m512d c = _mm512_shuffle_f64x2(row[i + 4], row[i + 6], 0x44);
        const __m512d d = _mm512_shuffle_f64x2(row[i + 4], row[i + 6], 0xee);
        x[i] = _mm512_shuffle_f64x2(a, c, 0x88);
        x[i + 2] = _mm512_shuffle_f64x2(a, c, 0xdd);
        x[i + 4] = _mm512_shuffle_f64x2(b, d, 0x88);
        x[i + 6] = _mm512_shuffle_f64x2(b, d, 0xdd);
    }
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
bytes_add_one(bytes x, __mmask64 where)
{
    return _mm512_mask_sub_epi8(x, where, x, bytes_fill(255));
}

static inline void
bytes_count(bytes *count, const uint8_t *row, const bytes *label)
{
    *count = bytes_add_one(*count, _mm512_cmpeq_epi8_mask(bytes_load(row), *label));
}

static inline void
bytes_equal(bytes *count, bytes a, bytes b)
{
    *count = bytes_add_one(*count, _mm512_cmpeq_epi8_mask(a, b));
}

/* The count of the label, which goes up by 1, to rank. */
static inline void
bytes_tick(bytes *count, bytes *rank, bytes row, bytes label)
{
    const __mmask64 where = _mm512_cmpeq_epi8_mask(row, label);
    *rank = _mm512_mask_sub_epi8(*rank, where, *count, bytes_fill(255)); /* of the old count, so that nothing waits */
    *count = bytes_add_one(*count, where);
}

static inline bytes
bytes_credit(bytes x)
{
    const __m128i table = _mm_setr_epi8(0, 60, 30, 20, 15, 12, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), _mm512_min_epu8(x, bytes_fill(15)));
}

static inline void
bytes_add_wide(uint16_t *sums, bytes x)
{
    const __m512i low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(x));
    const __m512i high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(x, 1));
    _mm512_storeu_si512(sums, _mm512_add_epi16(_mm512_loadu_si512(sums), low));
    _mm512_storeu_si512(sums + 32, _mm512_add_epi16(_mm512_loadu_si512(sums + 32), high));
}

static inline int
bytes_any_above(bytes x, uint8_t limit)
{
    return _mm512_cmpgt_epu8_mask(x, bytes_fill(limit)) != 0;
}

static inline void
bytes_lead(bytes *best, bytes *sharing, bytes count)
{
    const bytes top = _mm512_max_epu8(*best, count);
    const bytes kept = _mm512_maskz_mov_epi8(_mm512_cmpeq_epi8_mask(top, *best), *sharing);
    *sharing = bytes_add_one(kept, _mm512_cmpeq_epi8_mask(top, count));
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

#define PAIRS_VECTOR __m512i
#define PAIRS(x) _mm512_##x
#define PAIRS_LOAD(from) _mm512_load_si512(from)
#define PAIRS_STORE(to, x) _mm512_store_si512(to, x)
#define PAIRS_FUNCTION panel_i16
#define PAIRS_ADD(sum, a, b) _mm512_add_epi32(sum, _mm512_madd_epi16(a, b))
#include "kernels/pairs_template.h"
#define PAIRS_FUNCTION __attribute__((target("avx512vnni"))) panel_i16_avx512vnni
#define PAIRS_ADD(sum, a, b) _mm512_dpwssd_epi32(sum, a, b)
#include "kernels/pairs_template.h"

#include "kernels/rows_template.h"
#include "kernels/screen_template.h"
#define PLACES_BYTES 64
#include "kernels/places_template.h"
#define CONTEST_BYTES 64
#include "kernels/contest_template.h"
#include "kernels/find_template.h"
#include "kernels/gather_template.h"
#include "kernels/deal_avx512.h"
#include "kernels/deal_template.h"
#include "kernels/layout_avx512.h"
#include "kernels/layout_template.h"
#include "kernels/laplace_template.h"
#include "kernels/select_template.h"
#define TURNS_VECTOR __m512d
#define TURNS_ROOT(x) _mm512_sqrt_pd(x)
#include "kernels/turns_template.h"
#include "kernels/votes_template.h"

#define TABLE conceptdec_i_kernels_avx512
#define TABLE_NAME "avx512"
#define TABLE_BIT CONCEPTDEC_KERNEL_AVX512
#include "kernels/table_template.h"

/* The same set on a processor that adds such products up by itself. */
#undef TABLE
#undef TABLE_PANEL_I16
#define TABLE conceptdec_i_kernels_avx512vnni
#define TABLE_PANEL_I16 panel_i16_avx512vnni
#include "kernels/table_template.h"
