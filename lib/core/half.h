/* The two 16-bit floating-point types, one number at a time, in portable C. */
#ifndef CONCEPTDEC_I_HALF_H
#define CONCEPTDEC_I_HALF_H

#include <stdint.h>
#include <string.h>

static inline double
conceptdec_i_bits_to_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* bfloat16: the upper half of a binary32. */
static inline double
conceptdec_i_bfloat_to_double(uint16_t bits)
{
    return conceptdec_i_bits_to_float((uint32_t)bits << 16);
}

/* IEEE binary16, exact: subnormal numbers are counted in units of 2^-24, the others are moved to binary32's fields. */
static inline double
conceptdec_i_half_to_double(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16;
    uint32_t exponent = (bits >> 10) & 31u;
    uint32_t fraction = bits & 1023u;
    if (exponent == 0) {
        double magnitude = (double)fraction * 0x1p-24;
        return sign ? -magnitude : magnitude;
    }
    uint32_t field = exponent == 31 ? 255u : exponent + 112u;
    return conceptdec_i_bits_to_float(sign | field << 23 | fraction << 13);
}

#endif
