/* What fuzz targets share: a file on disk, its random changes, and a main that replays a corpus. A target includes this
 * and defines try_file() and TARGET, its name; with FUZZ_PLAIN its files have no checksum, and every truncation and
 * every change of a single byte is tried, too. */
#ifndef CONCEPTDEC_FUZZ_H
#define CONCEPTDEC_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/record.h"

enum { MOST_BYTES = 1 << 16, CHANGES = 400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Whether a file with these bytes, which may be written at `path`, was accepted. */
static bool try_file(conceptdec_ctx *ctx, const char *path, const uint8_t *data, size_t size);

static void
require(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "%s: %s\n", TARGET, what);
    abort();
}

static inline void
put(const char *path, const uint8_t *data, size_t size)
{
    FILE *f = fopen(path, "wb");
    require(f && fwrite(data, 1, size, f) == size && fclose(f) == 0, "cannot write a temporary file");
}

static inline size_t
get(const char *path, uint8_t *data)
{
    FILE *f = fopen(path, "rb");
    require(f != NULL, "cannot read a file");
    size_t size = fread(data, 1, MOST_BYTES, f);
    (void)fclose(f);
    return size;
}

#ifdef FUZZ_PLAIN

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static conceptdec_ctx *ctx; /* one for all: most inputs are refused sooner than a context is made */
    static char path[400];
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = 1};
    const char *folder = getenv("TMPDIR");
    if (!ctx) {
        require(conceptdec_ctx_new(&options, &ctx) == CONCEPTDEC_OK, "no context");
        (void)snprintf(path, sizeof path, "%s/conceptdec-fuzz-%ld", folder ? folder : "/tmp", (long)getpid());
    }
    if (size <= MOST_BYTES)
        (void)try_file(ctx, path, data, size);
    return 0;
}

#else

/* As it is, and under a checksum that is right, without which hardly anything would be looked at. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t copy[MOST_BYTES];
    const char *folder = getenv("TMPDIR");
    char path[400];
    conceptdec_ctx *ctx;
    if (size > MOST_BYTES)
        return 0;
    (void)snprintf(path, sizeof path, "%s/conceptdec-fuzz-%ld", folder ? folder : "/tmp", (long)getpid());
    require(conceptdec_ctx_new(NULL, &ctx) == CONCEPTDEC_OK, "no context");
    (void)try_file(ctx, path, data, size);
    if (size >= 8) {
        memcpy(copy, data, size);
        uint64_t sum = conceptdec_i_record_checksum(0, copy, size - 8);
        memcpy(copy + size - 8, &sum, 8);
        (void)try_file(ctx, path, copy, size);
    }
    conceptdec_ctx_free(ctx);
    (void)remove(path);
    return 0;
}

#endif

#ifndef CONCEPTDEC_LIBFUZZER

#ifdef FUZZ_PLAIN

/* Every truncation, and every other value of every byte; of a byte beyond the first 4096 three. */
static int64_t
replay_all(const uint8_t *data, size_t size, uint8_t *changed)
{
    int64_t runs = 0;
    memcpy(changed, data, size);
    for (size_t at = 0; at < size; at++, runs++)
        (void)LLVMFuzzerTestOneInput(data, at);
    for (size_t at = 0; at < size; at++) {
        for (int mask = 1; mask < 256; mask = at < 4096 ? mask + 1 : 15 * mask + 1, runs++) {
            changed[at] = data[at] ^ (uint8_t)mask;
            (void)LLVMFuzzerTestOneInput(changed, size);
        }
        changed[at] = data[at];
    }
    return runs;
}

#endif

/* A bit, a byte or a whole number is changed, or the end is cut off. */
static size_t
change(conceptdec_i_rng *rng, uint8_t *data, size_t size)
{
    static const int64_t numbers[] = {
        0, 1, -1, 2, 3, 4096, 4097, INT64_MAX, INT64_MIN, INT64_MAX / 8, INT64_MAX / 24 + 1};
    uint64_t kind = conceptdec_i_rng_below(rng, 8), at = conceptdec_i_rng_below(rng, size ? size : 1);
    if (kind == 0 || size < 8)
        return (size_t)at;
    if (kind < 3)
        data[at] ^= (uint8_t)(1u << conceptdec_i_rng_below(rng, 8));
    else if (kind < 5)
        data[at] = (uint8_t)conceptdec_i_rng_below(rng, 256);
    else
        memcpy(data + at % (size - 7) / 8 * 8, &numbers[conceptdec_i_rng_below(rng, sizeof numbers / 8)], 8);
    return size;
}

int
main(int count, char **files)
{
    static uint8_t data[MOST_BYTES], changed[MOST_BYTES];
    int64_t runs = 0;
    for (int i = 1; i < count; i++) {
        size_t size = get(files[i], data);
        (void)LLVMFuzzerTestOneInput(data, size);
#ifdef FUZZ_PLAIN
        runs += replay_all(data, size, changed);
#endif
        for (uint64_t round = 0; round < CHANGES; round++, runs++) {
            conceptdec_i_rng rng;
            size_t left = size;
            conceptdec_i_rng_start(&rng, (uint64_t)i, CONCEPTDEC_I_RNG_SAMPLE, round);
            memcpy(changed, data, size);
            for (uint64_t n = 1 + conceptdec_i_rng_below(&rng, 3); n > 0; n--)
                left = change(&rng, changed, left);
            (void)LLVMFuzzerTestOneInput(changed, left);
        }
    }
    (void)printf("100%%: Checks: %lld, Failures: 0, Errors: 0\n",
                 (long long)(count - 1)); /* each file, and its changes */
    return runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
#endif
