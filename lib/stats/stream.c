#include "stats/stream.h"

void
conceptdec_i_stream_start(conceptdec_i_stream *stream, uint64_t seed, uint32_t purpose, uint64_t item)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, seed, purpose, item);
    for (int i = 0; i < 2; i++)
        stream->key[i] = rng.key[i];
    for (int i = 0; i < 4; i++)
        stream->counter[i] = rng.counter[i];
    stream->used = CONCEPTDEC_I_STREAM_WORDS;
}

/* Philox4x32-10, as conceptdec_i_philox(), in one piece: successive blocks overlap in the processor. */
void
conceptdec_i_stream_refill(conceptdec_i_stream *stream)
{
    const uint32_t purpose = stream->counter[1], item_low = stream->counter[2], item_high = stream->counter[3];
    for (int i = 0; i < CONCEPTDEC_I_STREAM_WORDS; i += 4) {
        uint32_t a = stream->counter[0]++, b = purpose, c = item_low, d = item_high;
        uint32_t key0 = stream->key[0], key1 = stream->key[1];
        for (int round = 0; round < 10; round++) {
            uint64_t p = UINT64_C(0xd2511f53) * a, q = UINT64_C(0xcd9e8d57) * c;
            a = (uint32_t)(q >> 32) ^ b ^ key0;
            b = (uint32_t)q;
            c = (uint32_t)(p >> 32) ^ d ^ key1;
            d = (uint32_t)p;
            key0 += UINT32_C(0x9e3779b9);
            key1 += UINT32_C(0xbb67ae85);
        }
        stream->words[i] = a;
        stream->words[i + 1] = b;
        stream->words[i + 2] = c;
        stream->words[i + 3] = d;
    }
    stream->used = 0;
}
