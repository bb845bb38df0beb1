/* Files of fitted probes that are not what they should be: nothing may be read that is not there, and what is accepted
 * must predict and be written as it was read.
 *
 * The suite replays the files below tests/fuzz/model and random changes to them. To search with clang's libFuzzer:
 *   cd tests/fuzz && clang -g -O1 -fsanitize=fuzzer,address,undefined -DCONCEPTDEC_LIBFUZZER -I../../include -I../../lib \
 *     fuzz_model.c <build>/lib/libconceptdec-all.a -lopenblas -llapacke -lpthread -lm -o fuzz && ./fuzz model
 * (the archive, by `ninja lib/libconceptdec-all.a`, of a build with CC=clang and -Dc_args=-fsanitize=fuzzer-no-link). */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/record.h"
#include "probe/model.h"

enum { MOST_BYTES = 1 << 16, CHANGES = 400, ROWS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The loader under test does not fit anything. */
conceptdec_status
conceptdec_i_probe_fit_model(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                             const conceptdec_probe_options *options, conceptdec_probe_model **model)
{
    (void)x, (void)labels, (void)options, (void)model;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not here");
}

static void
require(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "fuzz_model: %s\n", what);
    abort();
}

static void
put(const char *path, const uint8_t *data, size_t size)
{
    FILE *f = fopen(path, "wb");
    require(f && fwrite(data, 1, size, f) == size && fclose(f) == 0, "cannot write a temporary file");
}

static size_t
get(const char *path, uint8_t *data)
{
    FILE *f = fopen(path, "rb");
    require(f != NULL, "cannot read a file");
    size_t size = fread(data, 1, MOST_BYTES, f);
    (void)fclose(f);
    return size;
}

static void
predict(conceptdec_ctx *ctx, const conceptdec_probe_model *m)
{
    double *values = calloc((size_t)(ROWS * m->d), sizeof *values);
    conceptdec_matrix x = {.data = values, .rows = ROWS, .cols = m->d, .row_stride = 8 * m->d, .col_stride = 8,
                           .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_result *result;
    conceptdec_array predicted;
    for (int64_t i = 0; values && i < ROWS * m->d; i++)
        values[i] = (double)(i % 7) - 3;
    require(values && conceptdec_probe_model_predict(ctx, m, &x, &result) == CONCEPTDEC_OK, "it does not predict");
    require(conceptdec_result_get(result, CONCEPTDEC_R_PREDICTED, &predicted) == CONCEPTDEC_OK, "no prediction");
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t class = ((const int64_t *)predicted.data)[i];
        require(class >= -1 && class < m->classes, "it predicts a class that there is not");
    }
    conceptdec_result_free(result);
    free(values);
}

/* Returns whether it was a model. */
static bool
try_file(conceptdec_ctx *ctx, const char *path, const uint8_t *data, size_t size)
{
    static uint8_t again[MOST_BYTES];
    conceptdec_probe_model *m = NULL;
    put(path, data, size);
    conceptdec_status status = conceptdec_probe_model_load(ctx, path, &m);
    require(status == CONCEPTDEC_OK || (status == CONCEPTDEC_EFORMAT && !m && *conceptdec_ctx_error(ctx)),
            "neither a model nor a reason");
    if (status != CONCEPTDEC_OK)
        return false;
    predict(ctx, m);
    require(conceptdec_probe_model_save(ctx, m, path) == CONCEPTDEC_OK, "it is not written");
    require(get(path, again) == size && memcmp(again, data, size) == 0, "it is not written as it was read");
    conceptdec_probe_model_free(m);
    return true;
}

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

#ifndef CONCEPTDEC_LIBFUZZER

/* A bit, a byte or a whole number is changed, or the end is cut off. */
static size_t
change(conceptdec_i_rng *rng, uint8_t *data, size_t size)
{
    static const int64_t numbers[] = {0, 1, -1, 2, 3, 4096, 4097, INT64_MAX, INT64_MIN, INT64_MAX / 8, INT64_MAX / 24 + 1};
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
    (void)printf("100%%: Checks: %lld, Failures: 0, Errors: 0\n", (long long)(count - 1)); /* each file, and its changes */
    return runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
