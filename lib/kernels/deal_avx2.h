/* What deal_template.h needs, in AVX2. */
#include <immintrin.h>
#include <stdint.h>

typedef __m256i spread;
typedef struct ints {
    __m256i half[2];
} ints;
typedef struct longs {
    __m256i even[2], odd[2];
} longs;

#define UNROLL_ROUNDS
#define UNROLL_CLASSES _Pragma("GCC unroll 16")
#define UNROLL_PAIRS _Pragma("GCC unroll 16")
#define FOR_HALVES _Pragma("GCC unroll 2") for (int h = 0; h < 2; h++)

static inline ints
ints_load(const uint32_t *from)
{
    const __m256i *at = (const __m256i *)(const void *)from;
    return (ints){{_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)}};
}

static inline void
ints_store(uint32_t *to, ints x)
{
    _mm256_storeu_si256((__m256i *)(void *)to, x.half[0]);
    _mm256_storeu_si256((__m256i *)(void *)(to + 8), x.half[1]);
}

static inline ints
ints_fill(uint32_t value)
{
    return (ints){{_mm256_set1_epi32((int)value), _mm256_set1_epi32((int)value)}};
}

typedef struct names {
    __m128i low, high;
} names;

static inline names
names_load(const uint8_t *from)
{
    const __m128i *at = (const __m128i *)(const void *)from;
    return (names){_mm_loadu_si128(at), _mm_loadu_si128(at + 1)};
}

/* A shuffle of bytes looks at bit 7 and the 4 lowest ones of each. */
static inline void
names_store(uint8_t *to, ints x, names of)
{
    const __m256i pairs = _mm256_permute4x64_epi64(_mm256_packus_epi32(x.half[0], x.half[1]), 0xd8);
    const __m128i all = _mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    const __m128i is_high = _mm_cmpgt_epi8(all, _mm_set1_epi8(15));
    _mm_storeu_si128((__m128i *)(void *)to,
                     _mm_blendv_epi8(_mm_shuffle_epi8(of.low, all), _mm_shuffle_epi8(of.high, all), is_high));
}

static inline int
ints_any_below(ints x, uint32_t limit)
{
    const __m256i least = _mm256_min_epu32(x.half[0], x.half[1]), last = _mm256_set1_epi32((int)(limit - 1));
    return _mm256_movemask_epi8(_mm256_cmpeq_epi32(_mm256_min_epu32(least, last), least)) != 0;
}

/* Both are below 2^31. */
static inline void
ints_step(ints dice, ints *bound, ints *label)
{
    FOR_HALVES
    {
        const __m256i where = _mm256_cmpgt_epi32(bound->half[h], dice.half[h]);
        bound->half[h] = _mm256_add_epi32(bound->half[h], where);
        label->half[h] = _mm256_add_epi32(label->half[h], where);
    }
}

static inline spread
spread_fill(uint32_t value)
{
    return _mm256_set1_epi64x((long long)value);
}

static inline longs
longs_split(ints x)
{
    return (longs){{x.half[0], x.half[1]}, {_mm256_srli_epi64(x.half[0], 32), _mm256_srli_epi64(x.half[1], 32)}};
}

static inline ints
longs_low(longs x)
{
    ints y;
    FOR_HALVES y.half[h] = _mm256_blend_epi32(x.even[h], _mm256_slli_epi64(x.odd[h], 32), 0xaa);
    return y;
}

static inline ints
longs_high(longs x)
{
    ints y;
    FOR_HALVES y.half[h] = _mm256_blend_epi32(_mm256_srli_epi64(x.even[h], 32), x.odd[h], 0xaa);
    return y;
}

static inline longs
longs_multiply(longs x, spread factor)
{
    longs y;
    FOR_HALVES
    {
        y.even[h] = _mm256_mul_epu32(x.even[h], factor);
        y.odd[h] = _mm256_mul_epu32(x.odd[h], factor);
    }
    return y;
}

static inline longs
longs_mix(longs a, longs b, spread key)
{
    longs y;
    FOR_HALVES
    {
        y.even[h] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(a.even[h], 32), b.even[h]), key);
        y.odd[h] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(a.odd[h], 32), b.odd[h]), key);
    }
    return y;
}
