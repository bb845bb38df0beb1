/* What the int8 sets in 256-bit registers share: the vectors of narrow_template.h. */
#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

typedef __m256 many;
typedef int32_t whole __attribute__((vector_size(32)));

#define LANES 8
#define RUN 8
#define UNROLL _Pragma("GCC unroll 8")

static inline many
many_load(const float *from)
{
    return _mm256_loadu_ps(from);
}

static inline void
many_store(float *to, many x)
{
    _mm256_storeu_ps(to, x);
}

static inline many
many_fill(float value)
{
    return _mm256_set1_ps(value);
}

static inline many
many_of(whole q)
{
    return _mm256_cvtepi32_ps((__m256i)q);
}

static inline many
many_from(const int32_t *from)
{
    return _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(const void *)from));
}

static inline many
many_less(many x, many a, many b)
{
    return _mm256_fnmadd_ps(a, b, x);
}

static inline many
many_more(many x, many a, many b)
{
    return _mm256_fmadd_ps(a, b, x);
}

static inline many
many_absolute(many x)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

static inline many
many_larger(many a, many b)
{
    return _mm256_max_ps(a, b);
}

static inline many
many_smaller(many a, many b)
{
    return _mm256_min_ps(a, b);
}

static inline uint64_t
many_hits(many value, many limit)
{
    return (uint64_t)_mm256_movemask_ps(_mm256_cmp_ps(value, limit, _CMP_NGT_UQ));
}

typedef __m256 above;

static inline above
all_above(void)
{
    return _mm256_castsi256_ps(_mm256_set1_epi32(-1));
}

static inline above
still_above(above all, many value, many limit)
{
    return _mm256_and_ps(all, _mm256_cmp_ps(value, limit, _CMP_GT_OQ));
}

static inline bool
is_above(above all)
{
    return _mm256_movemask_ps(all) == 0xff;
}

/* Each lane and its partner, one of them with the other sign; a product with 1 or -1 is exact. */
static inline many
many_mixed(many x)
{
    const many one = _mm256_setr_ps(1, -1, 1, -1, 1, -1, 1, -1);
    const many two = _mm256_setr_ps(1, 1, -1, -1, 1, 1, -1, -1);
    const many four = _mm256_setr_ps(1, 1, 1, 1, -1, -1, -1, -1);
    x = _mm256_fmadd_ps(x, one, _mm256_permute_ps(x, 0xb1));
    x = _mm256_fmadd_ps(x, two, _mm256_permute_ps(x, 0x4e));
    return _mm256_fmadd_ps(x, four, _mm256_permute2f128_ps(x, x, 0x01));
}

static inline whole
whole_near(many x)
{
    return (whole)_mm256_cvtps_epi32(x);
}

/* The low bytes of each half, then the halves side by side. */
static inline void
whole_store_bytes(uint8_t *to, whole q)
{
    const __m256i order = _mm256_set1_epi32(0x0c080400), bytes = _mm256_shuffle_epi8((__m256i)q, order);
    const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
    _mm_storel_epi64((__m128i *)(void *)to, _mm_unpacklo_epi32(low, high));
}

typedef __m256i line;

#define HIGH 2 /* vectors side by side: a panel of 16 */

static inline line
line_load(const void *from)
{
    return _mm256_load_si256(from);
}

static inline void
line_store(void *to, line x)
{
    _mm256_store_si256(to, x);
}

static inline line
line_fill(int32_t value)
{
    return _mm256_set1_epi32(value);
}
