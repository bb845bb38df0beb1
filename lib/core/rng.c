/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): random numbers as a function of (seed, purpose, item, position). */
#include "core.h"

#include <math.h>

static void
multiply(uint32_t a, uint32_t b, uint32_t *high, uint32_t *low)
{
    uint64_t product = (uint64_t)a * b;
    *high = (uint32_t)(product >> 32);
    *low = (uint32_t)product;
}

void
conceptdec_i_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint32_t high0, low0, high1, low1;
        multiply(0xd2511f53u, c0, &high0, &low0);
        multiply(0xcd9e8d57u, c2, &high1, &low1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void
conceptdec_i_rng_start(conceptdec_i_rng *rng, uint64_t seed, uint32_t purpose, uint64_t item)
{
    *rng = (conceptdec_i_rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, purpose, (uint32_t)item, (uint32_t)(item >> 32)},
        .used = 4,
    };
}

uint32_t
conceptdec_i_rng_u32(conceptdec_i_rng *rng)
{
    if (rng->used == 4) {
        conceptdec_i_philox(rng->counter, rng->key, rng->block);
        rng->counter[0]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

uint64_t
conceptdec_i_rng_u64(conceptdec_i_rng *rng)
{
    uint64_t low = conceptdec_i_rng_u32(rng);
    return low | (uint64_t)conceptdec_i_rng_u32(rng) << 32;
}

/* Lemire's multiplication with rejection; 32 bits are drawn where they are enough. */
static uint64_t
below_32(conceptdec_i_rng *rng, uint32_t n)
{
    uint64_t product = (uint64_t)conceptdec_i_rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t threshold = -n % n;
        while ((uint32_t)product < threshold)
            product = (uint64_t)conceptdec_i_rng_u32(rng) * n;
    }
    return product >> 32;
}

uint64_t
conceptdec_i_rng_below(conceptdec_i_rng *rng, uint64_t n)
{
    if (n <= UINT32_MAX)
        return below_32(rng, (uint32_t)n);
    unsigned __int128 product = (unsigned __int128)conceptdec_i_rng_u64(rng) * n;
    if ((uint64_t)product < n) {
        uint64_t threshold = -n % n;
        while ((uint64_t)product < threshold)
            product = (unsigned __int128)conceptdec_i_rng_u64(rng) * n;
    }
    return (uint64_t)(product >> 64);
}

double
conceptdec_i_rng_unit(conceptdec_i_rng *rng)
{
    return (double)(conceptdec_i_rng_u64(rng) >> 11) * 0x1p-53;
}

/* Box and Muller. 1 - u is above 0. */
void
conceptdec_i_rng_normal(conceptdec_i_rng *rng, double pair[2])
{
    const double length = sqrt(-2 * log(1 - conceptdec_i_rng_unit(rng)));
    const double angle = 6.283185307179586 * conceptdec_i_rng_unit(rng);
    pair[0] = length * cos(angle);
    pair[1] = length * sin(angle);
}

void
conceptdec_i_rng_shuffle(conceptdec_i_rng *rng, int32_t *items, int64_t n)
{
    conceptdec_i_rng_shuffle_tail(rng, items, n, 1);
}

void
conceptdec_i_rng_shuffle_tail(conceptdec_i_rng *rng, int32_t *items, int64_t n, int64_t end)
{
    for (int64_t i = n - 1; i >= end; i--) {
        int64_t other = (int64_t)conceptdec_i_rng_below(rng, (uint64_t)i + 1);
        int32_t item = items[i];
        items[i] = items[other];
        items[other] = item;
    }
}
