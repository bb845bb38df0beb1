/* Candidates while they are refined: a list has a word and a key of each. The word has the bits of the exact squared
 * distance, as in the table, or, with a sign before them, those of an upper and a lower bound; the key has the
 * value. */
#ifndef CONCEPTDEC_I_KNOWN_H
#define CONCEPTDEC_I_KNOWN_H

#include <string.h>

#include "neighbors/candidates.h"

#define CONCEPTDEC_I_KEY_PARTIAL ((uint32_t)CONCEPTDEC_I_MOST_VALUES) /* the bit above those of the value */

static inline int32_t
conceptdec_i_key_value(uint32_t key)
{
    return (int32_t)(key & ((uint32_t)CONCEPTDEC_I_MOST_VALUES - 1));
}

/* No distance is negative, not even zero. */
static inline bool
conceptdec_i_is_exact(uint64_t known)
{
    return known >> 63 == 0;
}

static inline uint64_t
conceptdec_i_exactly(double d2)
{
    uint64_t known;
    memcpy(&known, &d2, sizeof known);
    return known;
}

/* 0 where it is not exact. */
static inline double
conceptdec_i_exact_of(uint64_t known)
{
    double d2;
    known &= (known >> 63) - 1;
    memcpy(&d2, &known, sizeof d2);
    return d2;
}

/* Bounds in the units of the screening. */
static inline uint64_t
conceptdec_i_between(float low, float high)
{
    uint32_t of_low, of_high;
    memcpy(&of_low, &low, sizeof low);
    memcpy(&of_high, &high, sizeof high);
    return (uint64_t)(of_high | (uint32_t)1 << 31) << 32 | of_low;
}

/* Of what is not exact. */
static inline float
conceptdec_i_high_of(uint64_t known)
{
    const uint32_t bits = (uint32_t)(known >> 32) & ~((uint32_t)1 << 31);
    float high;
    memcpy(&high, &bits, sizeof high);
    return high;
}

/* Of anything. */
static inline float
conceptdec_i_low_of(const conceptdec_i_screening *s, uint64_t known)
{
    const uint32_t bits = (uint32_t)known;
    const float exact = conceptdec_i_float_below(conceptdec_i_exact_of(known) * s->to_units);
    float low;
    memcpy(&low, &bits, sizeof low);
    return conceptdec_i_is_exact(known) ? exact : low;
}

#endif
