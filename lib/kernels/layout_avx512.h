/* Layouts for AVX-512. */
#define LAYOUT_WIDTH 16

typedef float floats __attribute__((vector_size(64)));
typedef int32_t marks __attribute__((vector_size(64)));

static inline floats
floats_least(floats a, floats b)
{
    return _mm512_min_ps(a, b);
}

static inline floats
floats_most(floats a, floats b)
{
    return _mm512_max_ps(a, b);
}

/* Without optimisation it is a macro of gcc's, which converts signs. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static inline floats
floats_gather(const float *from, marks offset)
{
    return _mm512_i32gather_ps((__m512i)offset, from, 4);
}

/* Rows are fetched whole, which takes half as many loads. */
static inline void
floats_pairs(const float *from, marks row, floats *x, floats *y)
{
    const double *pairs = (const double *)(const void *)from;
    const __m256i low = _mm512_castsi512_si256((__m512i)row), high = _mm512_extracti64x4_epi64((__m512i)row, 1);
    const __m512 a = _mm512_castpd_ps(_mm512_i32gather_pd(low, pairs, 8));
    const __m512 b = _mm512_castpd_ps(_mm512_i32gather_pd(high, pairs, 8));
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *x = _mm512_permutex2var_ps(a, even, b);
    *y = _mm512_permutex2var_ps(a, _mm512_or_si512(even, _mm512_set1_epi32(1)), b);
}
#pragma GCC diagnostic pop

static inline void
floats_weave(floats x, floats y, float *to)
{
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    _mm512_storeu_ps(to, _mm512_permutex2var_ps(x, low, y));
    _mm512_storeu_ps(to + 16, _mm512_permutex2var_ps(x, _mm512_add_epi32(low, _mm512_set1_epi32(8)), y));
}


#define LAYOUT_DUE_TILE due_tile

static inline int64_t
due_tile(const int32_t *heads, const int32_t *tails, const uint32_t *rates, uint32_t epoch, int32_t *due_heads,
         int32_t *due_tails)
{
    const __m512i rate = _mm512_loadu_si512(rates);
    const __m512i at = _mm512_mullo_epi32(rate, _mm512_set1_epi32((int)epoch));
    const __mmask16 is_due = _mm512_cmplt_epu32_mask(_mm512_and_si512(at, _mm512_set1_epi32(0x7fffffff)), rate);
    _mm512_storeu_si512(due_heads, _mm512_maskz_compress_epi32(is_due, _mm512_loadu_si512(heads)));
    _mm512_storeu_si512(due_tails, _mm512_maskz_compress_epi32(is_due, _mm512_loadu_si512(tails)));
    return __builtin_popcount(is_due);
}
