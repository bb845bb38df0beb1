/* SHA-256 (FIPS 180-4), so that a report names the bytes it is about. */
#define _POSIX_C_SOURCE 200809L
#include "ends.h"
#include "report.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

/* Adds so many blocks of 64 bytes. */
typedef void (*adding)(uint32_t state[8], const unsigned char *blocks, size_t count);

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t
turned(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

static void
spread(const unsigned char *block, uint32_t w[64])
{
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
               block[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10);
}

static void
add_block(uint32_t state[8], const unsigned char *block)
{
    uint32_t x[64], a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    spread(block, x);
    for (int i = 0; i < 64; i++) {
        uint32_t one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + x[i];
        uint32_t two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void
add_blocks(uint32_t state[8], const unsigned char *blocks, size_t count)
{
    for (; count > 0; count--, blocks += 64)
        add_block(state, blocks);
}

#ifdef __x86_64__

/* By the instructions for it, which hold the state as a, b, e, f and c, d, g, h, the first one highest. */
__attribute__((target("sha,sse4.1"))) static void
add_blocks_by_instructions(uint32_t state[8], const unsigned char *blocks, size_t count)
{
    const __m128i turn = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const void *)state), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
    for (; count > 0; count--, blocks += 64) {
        const __m128i before[2] = {abef, cdgh};
        __m128i w[4];
        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(blocks + (size_t)16 * (size_t)i)), turn);
        for (const uint32_t *k = constants; k < constants + 64; k += 16)
            for (int i = 0; i < 4; i++) { /* four rounds, and the words of the four that come 16 later */
                const __m128i last = w[(i + 3) % 4], seven = _mm_alignr_epi8(last, w[(i + 2) % 4], 4);
                const __m128i sum = _mm_add_epi32(w[i], _mm_loadu_si128((const void *)(k + 4 * i)));
                cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
                abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
                w[i] = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w[i], w[(i + 1) % 4]), seven), last);
            }
        abef = _mm_add_epi32(abef, before[0]);
        cdgh = _mm_add_epi32(cdgh, before[1]);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static adding
choose_adding(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA ? add_blocks_by_instructions : add_blocks;
}

#else

static adding
choose_adding(void)
{
    return add_blocks;
}

#endif

/* What is left of the file, a bit, zeros and its length. */
static void
add_end(adding join, uint32_t state[8], const unsigned char *rest, size_t count, uint64_t n_bytes)
{
    unsigned char last[128] = {0};
    memcpy(last, rest, count);
    last[count] = 0x80;
    size_t size = count < 56 ? 64 : 128;
    for (size_t i = 0; i < 8; i++)
        last[size - 1 - i] = (unsigned char)(8 * n_bytes >> (8 * i));
    join(state, last, size / 64);
}

/* Returns the bytes of the last part that fill no block, which then begin `buffer`; -1 on an error. */
static ssize_t
add_file(int file, adding join, uint32_t state[8], unsigned char *buffer, size_t size, uint64_t *n_bytes)
{
    size_t held = 0;
    ssize_t got = 0;
    while (!was_interrupted() && (got = read(file, buffer + held, size - held)) > 0) {
        *n_bytes += (uint64_t)got;
        held += (size_t)got;
        size_t whole = held / 64 * 64;
        join(state, buffer, whole / 64);
        held -= whole;
        memmove(buffer, buffer + whole, held);
    }
    return got < 0 ? -1 : (ssize_t)held;
}

bool
sha256_of_file(const char *path, char digits[65], uint64_t *n_bytes)
{
    unsigned char buffer[1 << 16];
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const adding join = choose_adding();
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    *n_bytes = 0;
    ssize_t rest = add_file(file, join, state, buffer, sizeof buffer, n_bytes);
    close(file);
    if (rest < 0)
        return false;
    add_end(join, state, buffer, (size_t)rest, *n_bytes);
    for (int i = 0; i < 8; i++)
        snprintf(digits + (size_t)8 * (size_t)i, 9, "%08x", state[i]);
    return true;
}
