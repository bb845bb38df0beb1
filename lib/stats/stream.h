/* The words of conceptdec_i_rng_u32() in the same order, made in batches, for loops that draw many small numbers. */
#ifndef CONCEPTDEC_I_STREAM_H
#define CONCEPTDEC_I_STREAM_H

#include "core/core.h"

#define CONCEPTDEC_I_STREAM_WORDS 256

typedef struct conceptdec_i_stream {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t used;
    uint32_t words[CONCEPTDEC_I_STREAM_WORDS];
} conceptdec_i_stream;

void conceptdec_i_stream_start(conceptdec_i_stream *stream, uint64_t seed, uint32_t purpose, uint64_t item);
void conceptdec_i_stream_refill(conceptdec_i_stream *stream);

static inline uint32_t
conceptdec_i_stream_u32(conceptdec_i_stream *stream)
{
    if (stream->used == CONCEPTDEC_I_STREAM_WORDS)
        conceptdec_i_stream_refill(stream);
    return stream->words[stream->used++];
}

/* Uniform in 0..n-1, n >= 1 (Lemire, arXiv 1805.10941): a division only where the draw is close to being refused. */
static inline uint32_t
conceptdec_i_stream_below(conceptdec_i_stream *stream, uint32_t n)
{
    uint64_t product = (uint64_t)conceptdec_i_stream_u32(stream) * n;
    if ((uint32_t)product < n) {
        uint32_t least = (0u - n) % n;
        while ((uint32_t)product < least)
            product = (uint64_t)conceptdec_i_stream_u32(stream) * n;
    }
    return (uint32_t)(product >> 32);
}

#endif
