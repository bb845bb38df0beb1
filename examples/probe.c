/* Where in a network can a concept be read, and is it more than a probe learns by heart? Three layers are made up
 * here: float16, 400 samples of 6 concepts from 100 prompts, 64 wide, the concepts ever plainer. The probe of the last
 * layer is kept in a file, read again, and asked about samples that it has not seen.
 *   cc probe.c $(pkg-config --cflags --libs conceptdec) -o probe && ./probe */
#include <conceptdec/conceptdec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 3, SAMPLES = 400, WIDTH = 64, CONCEPTS = 6, LAMBDAS = 3, NEW = 100 };

static uint16_t activations[LAYERS][SAMPLES + NEW][WIDTH];
static int32_t concept_of[SAMPLES + NEW], prompt_of[SAMPLES + NEW], token_of[SAMPLES + NEW];
static const double lambdas[LAMBDAS] = {1e-3, 1e-2, 1e-1};

/* A number between -1 and 1. */
static float
noise(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(state >> 32) / 2147483648.0f;
}

/* IEEE half precision, of numbers that are neither tiny nor large. */
static uint16_t
float16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t exponent = bits >> 23 & 0xff;
    if (exponent < 113)
        return (uint16_t)(bits >> 16 & 0x8000);
    return (uint16_t)((bits >> 16 & 0x8000) | ((exponent - 112) << 10) | (bits >> 13 & 0x3ff));
}

static void
make_activations(void)
{
    for (int i = 0; i < SAMPLES + NEW; i++) {
        concept_of[i] = (i * 7 + i / 11) % CONCEPTS;
        prompt_of[i] = i / 4;
        token_of[i] = i % 40;
    }
    for (int layer = 0; layer < LAYERS; layer++)
        for (int i = 0; i < SAMPLES + NEW; i++)
            for (int j = 0; j < WIDTH; j++) {
                float signal = j % CONCEPTS == concept_of[i] ? 0.2f * (float)layer : 0;
                activations[layer][i][j] = float16(noise() + signal);
            }
}

static conceptdec_matrix
layer_view(int layer, int first, int count)
{
    return (conceptdec_matrix){.data = activations[layer][first], .rows = count, .cols = WIDTH,
                               .row_stride = sizeof activations[0][0], .col_stride = 2, .dtype = CONCEPTDEC_FLOAT16};
}

static conceptdec_matrix
column_view(const int32_t *values, int count)
{
    return (conceptdec_matrix){.data = values, .rows = count, .cols = 1, .row_stride = 4, .col_stride = 4,
                               .dtype = CONCEPTDEC_INT32};
}

/* Number `place` of an array of the result. */
static double
number(const conceptdec_result *result, const char *name, int place)
{
    conceptdec_array array;
    if (conceptdec_result_get(result, name, &array) != CONCEPTDEC_OK)
        return -1;
    return array.dtype == CONCEPTDEC_INT64 ? (double)((const int64_t *)array.data)[place]
                                           : ((const double *)array.data)[place];
}

static void
print_layer(int layer, const conceptdec_result *result)
{
    for (int a = 0; a < LAMBDAS; a++)
        printf("%5d  %6g  %8.3f  %5.3f-%5.3f  %6.3f  %7.3f  %11.3f  %9.2f%s\n", layer, lambdas[a],
               number(result, CONCEPTDEC_R_ACCURACY, a), number(result, CONCEPTDEC_R_CI_LOW, a),
               number(result, CONCEPTDEC_R_CI_HIGH, a), number(result, CONCEPTDEC_R_CHANCE_NULL, a),
               number(result, CONCEPTDEC_R_P_VALUE, a), number(result, CONCEPTDEC_R_SELECTIVITY, a),
               number(result, CONCEPTDEC_R_COMPRESSION, a),
               number(result, CONCEPTDEC_R_CONVERGED, a) > 0 ? "" : "  not converged");
}

/* Folds never divide a prompt; a control task gives all samples of a token one label. */
static conceptdec_status
probe_layers(conceptdec_ctx *ctx)
{
    conceptdec_matrix labels = column_view(concept_of, SAMPLES), prompts = column_view(prompt_of, SAMPLES);
    conceptdec_matrix tokens = column_view(token_of, SAMPLES);
    conceptdec_probe_options options = {
        .struct_size = sizeof options, .lambdas = lambdas, .n_lambdas = LAMBDAS, .groups = &prompts, .types = &tokens,
        .permutations = 20, .bootstrap = 500, .control = 3, .flags = CONCEPTDEC_PROBE_MDL};
    conceptdec_status status = CONCEPTDEC_OK;
    printf("layer  lambda  accuracy  95%% interval  chance  p-value  selectivity  compression\n");
    for (int layer = 0; layer < LAYERS && status == CONCEPTDEC_OK; layer++) {
        conceptdec_matrix x = layer_view(layer, 0, SAMPLES);
        conceptdec_result *result = NULL;
        status = conceptdec_probe(ctx, &x, &labels, &options, &result);
        if (status == CONCEPTDEC_OK)
            print_layer(layer, result);
        conceptdec_result_free(result);
    }
    return status;
}

static conceptdec_status
keep_probe(conceptdec_ctx *ctx, const char *path)
{
    conceptdec_matrix x = layer_view(LAYERS - 1, 0, SAMPLES), labels = column_view(concept_of, SAMPLES);
    conceptdec_probe_options options = {.struct_size = sizeof options, .lambdas = &lambdas[1], .n_lambdas = 1};
    conceptdec_probe_model *model = NULL;
    conceptdec_status status = conceptdec_probe_model_new(ctx, &x, &labels, &options, &model);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_probe_model_save(ctx, model, path);
    conceptdec_probe_model_free(model);
    return status;
}

static conceptdec_status
ask_probe(conceptdec_ctx *ctx, const char *path)
{
    conceptdec_matrix x = layer_view(LAYERS - 1, SAMPLES, NEW), labels = column_view(concept_of + SAMPLES, NEW);
    conceptdec_probe_model *model = NULL;
    conceptdec_result *result = NULL;
    conceptdec_status status = conceptdec_probe_model_load(ctx, path, &model);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_probe_model_score(ctx, model, &x, &labels, &result);
    if (status == CONCEPTDEC_OK)
        printf("%d new samples of layer %d: accuracy %.3f, log loss %.2f bits\n", NEW, LAYERS - 1,
               number(result, CONCEPTDEC_R_ACCURACY, 0), number(result, CONCEPTDEC_R_LOG_LOSS, 0));
    conceptdec_result_free(result);
    conceptdec_probe_model_free(model);
    return status;
}

int
main(void)
{
    const char *path = "probe_of_layer_2.conceptdec";
    conceptdec_ctx *ctx = NULL;
    make_activations();
    if (conceptdec_ctx_new(NULL, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    conceptdec_status status = probe_layers(ctx);
    if (status == CONCEPTDEC_OK)
        status = keep_probe(ctx, path);
    if (status == CONCEPTDEC_OK)
        status = ask_probe(ctx, path);
    if (status != CONCEPTDEC_OK)
        fprintf(stderr, "%s: %s\n", conceptdec_status_name(status), conceptdec_ctx_error(ctx));
    remove(path);
    conceptdec_ctx_free(ctx);
    return status == CONCEPTDEC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
