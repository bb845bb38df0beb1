/* Files of fitted probes that are not what they should be: nothing may be read that is not there, and what is accepted
 * must predict and be written as it was read.
 *
 * The suite replays the files below tests/fuzz/model and random changes to them. To search with clang's libFuzzer:
 *   cd tests/fuzz && clang -g -O1 -fsanitize=fuzzer,address,undefined -DCONCEPTDEC_LIBFUZZER \
 *     -I../../include -I../../lib fuzz_model.c <build>/lib/libconceptdec-all.a \
 *     -lopenblas -llapacke -lpthread -lm -o fuzz && ./fuzz model
 * (the archive, by `ninja lib/libconceptdec-all.a`, of a build with CC=clang and
 * -Dc_args=-fsanitize=fuzzer-no-link). */
#define _POSIX_C_SOURCE 200809L

#define TARGET "fuzz_model"

#include "fuzz.h"

#include "probe/model.h"

enum { ROWS = 3 };

/* The loader under test does not fit anything. */
conceptdec_status
conceptdec_i_probe_fit_model(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                             const conceptdec_probe_options *options, conceptdec_probe_model **model)
{
    (void)x, (void)labels, (void)options, (void)model;
    return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "not here");
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
