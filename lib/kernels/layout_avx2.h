/* Layouts for AVX2. */
#define LAYOUT_WIDTH 8

typedef float floats __attribute__((vector_size(32)));
typedef int32_t marks __attribute__((vector_size(32)));

static inline floats
floats_least(floats a, floats b)
{
    return _mm256_min_ps(a, b);
}

static inline floats
floats_most(floats a, floats b)
{
    return _mm256_max_ps(a, b);
}

/* Rows 0, 1, 4, 5 and rows 2, 3, 6, 7 are fetched whole, so that no half needs to be crossed. */
static inline void
floats_pairs(const float *from, marks row, floats *x, floats *y)
{
    const __m128i low = _mm256_castsi256_si128((__m256i)row), high = _mm256_extracti128_si256((__m256i)row, 1);
    const double *pairs = (const double *)(const void *)from;
    const __m256 a = _mm256_castpd_ps(_mm256_i32gather_pd(pairs, _mm_unpacklo_epi64(low, high), 8));
    const __m256 b = _mm256_castpd_ps(_mm256_i32gather_pd(pairs, _mm_unpackhi_epi64(low, high), 8));
    *x = _mm256_shuffle_ps(a, b, 0x88);
    *y = _mm256_shuffle_ps(a, b, 0xdd);
}

static inline floats
floats_gather(const float *from, marks offset)
{
    return _mm256_i32gather_ps(from, (__m256i)offset, 4);
}

static inline void
floats_weave(floats x, floats y, float *to)
{
    const __m256 a = _mm256_unpacklo_ps(x, y), b = _mm256_unpackhi_ps(x, y);
    _mm256_storeu_ps(to, _mm256_permute2f128_ps(a, b, 0x20));
    _mm256_storeu_ps(to + 8, _mm256_permute2f128_ps(a, b, 0x31));
}
