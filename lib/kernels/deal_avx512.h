/* What deal_template.h needs, in AVX-512. */
#include <immintrin.h>
#include <stdint.h>

typedef __m512i ints;
typedef __m512i spread;
typedef struct longs {
    __m512i even, odd;
} longs;

#define UNROLL_ROUNDS _Pragma("GCC unroll 10")
#define UNROLL_CLASSES _Pragma("GCC unroll 16")
#define UNROLL_PAIRS _Pragma("GCC unroll 16")

static inline ints
ints_load(const uint32_t *from)
{
    return _mm512_loadu_si512(from);
}

static inline void
ints_store(uint32_t *to, ints x)
{
    _mm512_storeu_si512(to, x);
}

static inline ints
ints_fill(uint32_t value)
{
    return _mm512_set1_epi32((int)value);
}

typedef struct names {
    __m512i low, high;
} names;

static inline names
names_load(const uint8_t *from)
{
    const __m256i all = _mm256_loadu_si256((const __m256i *)(const void *)from);
    return (names){_mm512_cvtepu8_epi32(_mm256_castsi256_si128(all)),
                   _mm512_cvtepu8_epi32(_mm256_extracti128_si256(all, 1))};
}

static inline void
names_store(uint8_t *to, ints x, names of)
{
    const __m512i name = _mm512_permutex2var_epi32(of.low, x, of.high);
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8(name));
}

static inline int
ints_any_below(ints x, uint32_t limit)
{
    return _mm512_cmplt_epu32_mask(x, ints_fill(limit)) != 0;
}

static inline void
ints_step(ints dice, ints *bound, ints *label)
{
    const __mmask16 where = _mm512_cmplt_epu32_mask(dice, *bound);
    *bound = _mm512_mask_sub_epi32(*bound, where, *bound, ints_fill(1));
    *label = _mm512_mask_sub_epi32(*label, where, *label, ints_fill(1));
}

static inline spread
spread_fill(uint32_t value)
{
    return _mm512_set1_epi64((long long)value);
}

static inline longs
longs_split(ints x)
{
    return (longs){x, _mm512_srli_epi64(x, 32)};
}

static inline ints
longs_low(longs x)
{
    return _mm512_mask_mov_epi32(x.even, 0xaaaa, _mm512_slli_epi64(x.odd, 32));
}

static inline ints
longs_high(longs x)
{
    return _mm512_mask_mov_epi32(_mm512_srli_epi64(x.even, 32), 0xaaaa, x.odd);
}

static inline longs
longs_multiply(longs x, spread factor)
{
    return (longs){_mm512_mul_epu32(x.even, factor), _mm512_mul_epu32(x.odd, factor)};
}

static inline longs
longs_mix(longs a, longs b, spread key)
{
    return (longs){_mm512_ternarylogic_epi64(_mm512_srli_epi64(a.even, 32), b.even, key, 0x96),
                   _mm512_ternarylogic_epi64(_mm512_srli_epi64(a.odd, 32), b.odd, key, 0x96)};
}
