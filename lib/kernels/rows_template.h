/* Loops over one row that compilers vectorise well. Every kernel set includes this file once, after it has defined
 * chunk_f16(), so that each gets them in its own instructions; all functions are static. Sums run in 16 partial sums,
 * folded in one order: the same bits from every set, since no operation is fused. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "core/half.h"

#define CHUNK 16

static inline void
chunk_f64(const void *in, double *out)
{
    memcpy(out, in, CHUNK * sizeof(double));
}

static inline void
chunk_f32(const void *in, double *out)
{
    for (int j = 0; j < CHUNK; j++) {
        float value;
        memcpy(&value, (const char *)in + 4 * j, sizeof value);
        out[j] = (double)value;
    }
}

static inline void
chunk_bf16(const void *in, double *out)
{
    for (int j = 0; j < CHUNK; j++) {
        uint16_t bits;
        memcpy(&bits, (const char *)in + 2 * j, sizeof bits);
        out[j] = conceptdec_i_bfloat_to_double(bits);
    }
}

static inline double
fold(double *sums)
{
    for (int width = CHUNK / 2; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            sums[j] += sums[j + width];
    return sums[0];
}

/* widen_<type>() and distance_<type>() for elements of `size` bytes. What is left after the last whole chunk is copied
 * out and padded with zeros; the padding is widened but not used. */
#define DEFINE_SOURCE_TYPE(type, size)                                                                                 \
    static void widen_##type(const void *in, double *restrict out, int64_t n)                                          \
    {                                                                                                                  \
        const char *from = in;                                                                                         \
        int64_t i = 0;                                                                                                 \
        for (; i + CHUNK <= n; i += CHUNK)                                                                             \
            chunk_##type(from + i * (size), out + i);                                                                  \
        if (i < n) {                                                                                                   \
            char rest[CHUNK * (size)] = {0};                                                                           \
            double wide[CHUNK];                                                                                        \
            memcpy(rest, from + i * (size), (size_t)(n - i) * (size));                                                 \
            chunk_##type(rest, wide);                                                                                  \
            memcpy(out + i, wide, (size_t)(n - i) * sizeof *out);                                                      \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static double distance_##type(const double *restrict a, const void *b, double scale, int64_t n)                    \
    {                                                                                                                  \
        const char *from = b;                                                                                          \
        double sums[CHUNK] = {0}, wide[CHUNK];                                                                         \
        int64_t i = 0;                                                                                                 \
        for (; i + CHUNK <= n; i += CHUNK) {                                                                           \
            chunk_##type(from + i * (size), wide);                                                                     \
            for (int j = 0; j < CHUNK; j++) {                                                                          \
                double difference = a[i + j] - wide[j] * scale;                                                        \
                sums[j] += difference * difference;                                                                    \
            }                                                                                                          \
        }                                                                                                              \
        if (i < n) {                                                                                                   \
            char rest[CHUNK * (size)] = {0};                                                                           \
            memcpy(rest, from + i * (size), (size_t)(n - i) * (size));                                                 \
            chunk_##type(rest, wide);                                                                                  \
            for (int j = 0; j < n - i; j++) {                                                                          \
                double difference = a[i + j] - wide[j] * scale;                                                        \
                sums[j] += difference * difference;                                                                    \
            }                                                                                                          \
        }                                                                                                              \
        return fold(sums);                                                                                             \
    }

DEFINE_SOURCE_TYPE(f64, 8)
DEFINE_SOURCE_TYPE(f32, 4)
DEFINE_SOURCE_TYPE(f16, 2)
DEFINE_SOURCE_TYPE(bf16, 2)

/* center_<type>(): the sum is over what was stored, that is after rounding to `real`. */
#define DEFINE_CENTER(type, real)                                                                                      \
    static double center_##type(const double *restrict x, const double *restrict mean, double scale,                   \
                                real *restrict out, int64_t n)                                                         \
    {                                                                                                                  \
        double sums[CHUNK] = {0};                                                                                      \
        int64_t i = 0;                                                                                                 \
        for (; i + CHUNK <= n; i += CHUNK)                                                                             \
            for (int j = 0; j < CHUNK; j++) {                                                                          \
                real value = (real)((x[i + j] - mean[i + j]) * scale);                                                 \
                out[i + j] = value;                                                                                    \
                sums[j] += (double)value * (double)value;                                                              \
            }                                                                                                          \
        for (int j = 0; i + j < n; j++) {                                                                              \
            real value = (real)((x[i + j] - mean[i + j]) * scale);                                                     \
            out[i + j] = value;                                                                                        \
            sums[j] += (double)value * (double)value;                                                                  \
        }                                                                                                              \
        return fold(sums);                                                                                             \
    }

DEFINE_CENTER(f32, float)
DEFINE_CENTER(f64, double)

static double
scan(const double *restrict x, const double *restrict w, double *restrict sums, double *restrict largest, int64_t n)
{
    double dots[CHUNK] = {0}, tops[CHUNK] = {0};
    int64_t i = 0;
    for (; i + CHUNK <= n; i += CHUNK)
        for (int j = 0; j < CHUNK; j++) {
            double value = x[i + j], size = fabs(value);
            dots[j] += value * w[i + j];
            sums[i + j] += value;
            tops[j] = size > tops[j] ? size : tops[j];
        }
    for (int j = 0; i + j < n; j++) {
        double value = x[i + j], size = fabs(value);
        dots[j] += value * w[i + j];
        sums[i + j] += value;
        tops[j] = size > tops[j] ? size : tops[j];
    }
    double top = *largest;
    for (int j = 0; j < CHUNK; j++)
        top = tops[j] > top ? tops[j] : top;
    *largest = top;
    return fold(dots);
}
