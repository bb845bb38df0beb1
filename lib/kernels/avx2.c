/* Kernels for AVX2 with FMA and F16C. */
#include "kernels/kernels.h"

#include <conceptdec/conceptdec.h>

#include <immintrin.h>
#include <string.h>

typedef __m256d wide;

#define WIDE 4
#define UNROLL _Pragma("GCC unroll 4")

static inline wide
wide_load_f64(const char *from)
{
    return _mm256_loadu_pd((const double *)(const void *)from);
}

static inline wide
wide_load_f32(const char *from)
{
    return _mm256_cvtps_pd(_mm_loadu_ps((const float *)(const void *)from));
}

static inline wide
wide_load_f16(const char *from)
{
    return _mm256_cvtps_pd(_mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)(const void *)from)));
}

static inline wide
wide_load_bf16(const char *from)
{
    const __m128i bits = _mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from));
    return _mm256_cvtps_pd(_mm_castsi128_ps(_mm_slli_epi32(bits, 16)));
}

static inline void
wide_store(double *to, wide x)
{
    _mm256_storeu_pd(to, x);
}

static inline __m256i
wide_lanes(int count)
{
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
}

static inline wide
wide_load_some(const double *from, int count)
{
    return _mm256_maskload_pd(from, wide_lanes(count));
}

static inline void
wide_store_some(double *to, wide x, int count)
{
    _mm256_maskstore_pd(to, wide_lanes(count), x);
}

static inline wide
wide_fill(double value)
{
    return _mm256_set1_pd(value);
}

static inline double
wide_total(const wide *sums)
{
    const wide four = _mm256_add_pd(_mm256_add_pd(sums[0], sums[2]), _mm256_add_pd(sums[1], sums[3]));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

static inline wide
wide_square(wide sum, wide a, wide b, wide scale)
{
    const wide difference = _mm256_sub_pd(a, _mm256_mul_pd(b, scale));
    return _mm256_add_pd(sum, _mm256_mul_pd(difference, difference));
}

static inline wide
wide_less(wide a, wide b)
{
    return _mm256_sub_pd(a, b);
}

static inline wide
wide_plus(wide a, wide b)
{
    return _mm256_add_pd(a, b);
}

static inline wide
wide_times(wide a, wide b)
{
    return _mm256_mul_pd(a, b);
}

static inline wide
wide_add_product(wide sum, wide a, wide b)
{
    return _mm256_fmadd_pd(a, b, sum);
}

/* ---- narrow types, for sums of many rows ----
 * Conversions to double go through the pipes of additions and would set the pace. So the bits of eight floats that have
 * a short mantissa are moved to where a double has them, which is 2^896 times too small, and the product that mends it
 * is fused with the subtraction. Even elements come first, then odd ones. */

#define MOVED_SCALE 0x1p896

static inline void
moved_apart(__m256i floats, const wide *base, wide *x)
{
    const __m256i kept = _mm256_set1_epi64x((int64_t)0x8fffffff00000000u), moved = _mm256_srai_epi32(floats, 3);
    const wide scale = _mm256_set1_pd(MOVED_SCALE);
    const __m256i even = _mm256_and_si256(_mm256_slli_epi64(moved, 32), kept), odd = _mm256_and_si256(moved, kept);
    x[0] = _mm256_fmsub_pd(_mm256_castsi256_pd(even), scale, base[0]);
    x[1] = _mm256_fmsub_pd(_mm256_castsi256_pd(odd), scale, base[1]);
}

static inline void
apart_f16(const char *from, const wide *base, wide *x)
{
#pragma GCC unroll 2
    for (int j = 0; j < 4; j += 2)
        moved_apart(
            _mm256_castps_si256(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(from + 8 * j)))),
            base + j, x + j);
}

static inline void
apart_bf16(const char *from, const wide *base, wide *x)
{
#pragma GCC unroll 2
    for (int j = 0; j < 4; j += 2) {
        const __m128i bits = _mm_loadu_si128((const __m128i *)(const void *)(from + 8 * j));
        moved_apart(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16), base + j, x + j);
    }
}

static inline void
sort_narrow(wide *x)
{
#pragma GCC unroll 2
    for (int j = 0; j < 4; j += 2) {
        const wide even = _mm256_unpacklo_pd(x[j], x[j + 1]), odd = _mm256_unpackhi_pd(x[j], x[j + 1]);
        x[j] = _mm256_permute4x64_pd(even, 0xd8);
        x[j + 1] = _mm256_permute4x64_pd(odd, 0xd8);
    }
}

static inline void
unsort_narrow(wide *x)
{
#pragma GCC unroll 2
    for (int j = 0; j < 4; j += 2) {
        const wide low = _mm256_unpacklo_pd(x[j], x[j + 1]), high = _mm256_unpackhi_pd(x[j], x[j + 1]);
        x[j] = _mm256_permute2f128_pd(low, high, 0x20);
        x[j + 1] = _mm256_permute2f128_pd(low, high, 0x31);
    }
}

/* Row r in the low half, row r + 4 (or r + 2) in the high one, so that halves need not be crossed later. */
static inline __m256
two_rows_f32(const float *from, int64_t ld, int r, int rows)
{
    const __m128 low = r < rows ? _mm_loadu_ps(from + r * ld) : _mm_setzero_ps();
    const __m128 high = r + 4 < rows ? _mm_loadu_ps(from + (r + 4) * ld) : _mm_setzero_ps();
    return _mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
}

static inline __m256d
two_rows_f64(const double *from, int64_t ld, int r, int rows)
{
    const __m128d low = r < rows ? _mm_loadu_pd(from + r * ld) : _mm_setzero_pd();
    const __m128d high = r + 2 < rows ? _mm_loadu_pd(from + (r + 2) * ld) : _mm_setzero_pd();
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(low), high, 1);
}

static inline void
transpose_f32(const float *from, int64_t ld, int rows, __m256 *x)
{
#pragma GCC unroll 2
    for (int p = 0; p < 8; p += 4) {
        __m256 row[4];
#pragma GCC unroll 4
        for (int r = 0; r < 4; r++)
            row[r] = two_rows_f32(from + p, ld, r, rows);
        const __m256 a = _mm256_unpacklo_ps(row[0], row[1]), b = _mm256_unpackhi_ps(row[0], row[1]);
        const __m256 c = _mm256_unpacklo_ps(row[2], row[3]), d = _mm256_unpackhi_ps(row[2], row[3]);
        x[p] = _mm256_shuffle_ps(a, c, 0x44);
        x[p + 1] = _mm256_shuffle_ps(a, c, 0xee);
        x[p + 2] = _mm256_shuffle_ps(b, d, 0x44);
        x[p + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
}

static inline void
transpose_f64(const double *from, int64_t ld, int rows, __m256d *x)
{
#pragma GCC unroll 2
    for (int p = 0; p < 4; p += 2) {
        const __m256d a = two_rows_f64(from + p, ld, 0, rows), b = two_rows_f64(from + p, ld, 1, rows);
        x[p] = _mm256_unpacklo_pd(a, b);
        x[p + 1] = _mm256_unpackhi_pd(a, b);
    }
}

/* Panels are six wide on one side; masked stores are slow on some processors, so that width is stored in two parts. */
static inline void
store_some_f32(float *to, __m256 x, int count)
{
    if (count == 8) {
        _mm256_storeu_ps(to, x);
    } else if (count == 6) {
        _mm_storeu_ps(to, _mm256_castps256_ps128(x));
        _mm_storel_pi((__m64 *)(to + 4), _mm256_extractf128_ps(x, 1));
    } else {
        float all[8];
        _mm256_storeu_ps(all, x);
        memcpy(to, all, (size_t)count * sizeof *to);
    }
}

static inline void
store_some_f64(double *to, __m256d x, int count)
{
    if (count == 4) {
        _mm256_storeu_pd(to, x);
    } else if (count == 2) {
        _mm_storeu_pd(to, _mm256_castpd256_pd128(x));
    } else {
        double all[4];
        _mm256_storeu_pd(all, x);
        memcpy(to, all, (size_t)count * sizeof *to);
    }
}

static inline uint64_t
hits_f32(__m256 value, __m256 limit)
{
    const __m256 hit = _mm256_and_ps(_mm256_cmp_ps(value, limit, _CMP_NGT_UQ), _mm256_cmp_ps(limit, limit, _CMP_ORD_Q));
    return (uint64_t)_mm256_movemask_ps(hit);
}

static inline uint64_t
hits_f64(__m256d value, __m256d limit)
{
    const __m256d hit =
        _mm256_and_pd(_mm256_cmp_pd(value, limit, _CMP_NGT_UQ), _mm256_cmp_pd(limit, limit, _CMP_ORD_Q));
    return (uint64_t)_mm256_movemask_pd(hit);
}

typedef struct bytes {
    __m256i low, high;
} bytes;

static inline bytes
bytes_load(const uint8_t *from)
{
    return (bytes){_mm256_loadu_si256((const __m256i *)from), _mm256_loadu_si256((const __m256i *)from + 1)};
}

static inline void
bytes_store(uint8_t *to, bytes x)
{
    _mm256_storeu_si256((__m256i *)to, x.low);
    _mm256_storeu_si256((__m256i *)to + 1, x.high);
}

static inline bytes
bytes_fill(uint8_t value)
{
    return (bytes){_mm256_set1_epi8((char)value), _mm256_set1_epi8((char)value)};
}

static inline bytes
bytes_agree(bytes a, bytes b, bytes x)
{
    return (bytes){_mm256_and_si256(_mm256_cmpeq_epi8(a.low, b.low), x.low),
                   _mm256_and_si256(_mm256_cmpeq_epi8(a.high, b.high), x.high)};
}

static inline bytes
bytes_add_one(bytes x, bytes a, bytes b)
{
    return (bytes){_mm256_sub_epi8(x.low, _mm256_cmpeq_epi8(a.low, b.low)),
                   _mm256_sub_epi8(x.high, _mm256_cmpeq_epi8(a.high, b.high))};
}

static inline void
bytes_count(bytes *count, const uint8_t *row, const bytes *label)
{
    *count = bytes_add_one(*count, bytes_load(row), *label);
}

static inline void
bytes_equal(bytes *count, bytes a, bytes b)
{
    *count = bytes_add_one(*count, a, b);
}

/* The count of the label, which goes up by 1, to rank. */
static inline void
bytes_tick(bytes *count, bytes *rank, bytes row, bytes label)
{
    *count = bytes_add_one(*count, row, label);
    const bytes here = bytes_agree(row, label, *count);
    *rank = (bytes){_mm256_or_si256(rank->low, here.low), _mm256_or_si256(rank->high, here.high)};
}

static inline bytes
bytes_credit(bytes x)
{
    const __m256i table =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 60, 30, 20, 15, 12, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i last = _mm256_set1_epi8(15);
    return (bytes){_mm256_shuffle_epi8(table, _mm256_min_epu8(x.low, last)),
                   _mm256_shuffle_epi8(table, _mm256_min_epu8(x.high, last))};
}

static inline void
bytes_add_wide(uint16_t *sums, bytes x)
{
    const __m128i quarters[4] = {_mm256_castsi256_si128(x.low), _mm256_extracti128_si256(x.low, 1),
                                 _mm256_castsi256_si128(x.high), _mm256_extracti128_si256(x.high, 1)};
    for (int i = 0; i < 4; i++) {
        __m256i *at = (__m256i *)(void *)(sums + 16 * i);
        _mm256_storeu_si256(at, _mm256_add_epi16(_mm256_loadu_si256(at), _mm256_cvtepu8_epi16(quarters[i])));
    }
}

static inline int
bytes_any_above(bytes x, uint8_t limit)
{
    const __m256i above = _mm256_subs_epu8(_mm256_max_epu8(x.low, x.high), _mm256_set1_epi8((char)limit));
    return !_mm256_testz_si256(above, above);
}

static inline void
bytes_lead(bytes *best, bytes *sharing, bytes count)
{
    const bytes top = {_mm256_max_epu8(best->low, count.low), _mm256_max_epu8(best->high, count.high)};
    *sharing = bytes_add_one(bytes_agree(top, *best, *sharing), top, count);
    *best = top;
}

#define REAL float
#define VECTOR __m256
#define NAME(x) x##_f32
#define COLUMNS 6
#define OP(x) _mm256_##x##_ps
#include "kernels/vector_template.h"

#define REAL double
#define VECTOR __m256d
#define NAME(x) x##_f64
#define COLUMNS 6
#define OP(x) _mm256_##x##_pd
#include "kernels/vector_template.h"

#define PAIRS_VECTOR __m256i
#define PAIRS(x) _mm256_##x
#define PAIRS_LOAD(from) _mm256_load_si256((const __m256i *)(const void *)(from))
#define PAIRS_STORE(to, x) _mm256_store_si256((__m256i *)(void *)(to), x)
#define PAIRS_FUNCTION panel_i16
#define PAIRS_ADD(sum, a, b) _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
#include "kernels/pairs_template.h"
#define PAIRS_FUNCTION __attribute__((target("avxvnni"))) panel_i16_avxvnni
#define PAIRS_ADD(sum, a, b) _mm256_dpwssd_avx_epi32(sum, a, b)
#include "kernels/pairs_template.h"

#include "kernels/rows_template.h"
#include "kernels/screen_template.h"
#define PLACES_BYTES 32
#include "kernels/places_template.h"
#define HAS_NARROW_APART
#define CONTEST_BYTES 32
#include "kernels/contest_template.h"
#include "kernels/find_template.h"
#include "kernels/gather_template.h"
#include "kernels/deal_avx2.h"
#include "kernels/deal_template.h"
#include "kernels/layout_avx2.h"
#include "kernels/layout_template.h"
#include "kernels/laplace_template.h"
#include "kernels/select_template.h"
#define TURNS_VECTOR __m256d
#define TURNS_ROOT(x) _mm256_sqrt_pd(x)
#include "kernels/turns_template.h"
#include "kernels/votes_template.h"

#define TABLE conceptdec_i_kernels_avx2
#define TABLE_NAME "avx2"
#define TABLE_BIT CONCEPTDEC_KERNEL_AVX2
#include "kernels/table_template.h"

/* The same set on a processor that adds such products up by itself. */
#undef TABLE
#undef TABLE_PANEL_I16
#define TABLE conceptdec_i_kernels_avxvnni
#define TABLE_PANEL_I16 panel_i16_avxvnni
#include "kernels/table_template.h"
