/* accumulate: an engine of two threads hands its activations to accumulators, one for each thread, as it makes them;
 * then class means, an eraser and k-NN decodability of every layer, without any file of activations.
 *   cc accumulate.c $(pkg-config --cflags --libs conceptdec) -lpthread && ./a.out */
#include <conceptdec/conceptdec.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { LAYERS = 4, DIMS = 64, CONCEPTS = 3, THREADS = 2, TOKENS = 4000 };

static void
insist(conceptdec_status status, const char *text)
{
    if (status == CONCEPTDEC_OK)
        return;
    fprintf(stderr, "%s: %s\n", conceptdec_status_name(status), text);
    exit(EXIT_FAILURE);
}

/* What stands for a forward pass: the concept appears from layer to layer. */
static void
run_layer(int layer, int concept, unsigned *state, float *row)
{
    for (int j = 0; j < DIMS; j++) {
        *state = *state * 1664525u + 1013904223u;
        row[j] = (float)(*state >> 8) * 0x1p-24f + (j % CONCEPTS == concept ? 0.15f * (float)layer : 0.0f);
    }
}

typedef struct producer {
    conceptdec_accumulator *accumulator;
    unsigned state;
} producer;

static void *
generate(void *argument)
{
    producer *p = argument;
    for (int token = 0; token < TOKENS; token++) {
        int concept = (int)(p->state >> 16) % CONCEPTS;
        for (int layer = 0; layer < LAYERS; layer++) {
            float row[DIMS];
            run_layer(layer, concept, &p->state, row);
            insist(conceptdec_accumulator_add(p->accumulator, layer, row, concept),
                   conceptdec_accumulator_error(p->accumulator));
        }
    }
    return NULL;
}

static void
describe(conceptdec_ctx *ctx, conceptdec_accumulator *a, int64_t layer)
{
    conceptdec_matrix x, labels;
    conceptdec_result *result;
    conceptdec_class_moments *moments;
    conceptdec_eraser *eraser;
    conceptdec_array rank;
    conceptdec_knn_options knn = {.struct_size = sizeof knn, .k = 10};
    double decodability;
    insist(conceptdec_accumulator_sample(ctx, a, layer, &x, &labels), conceptdec_ctx_error(ctx));
    insist(conceptdec_knn_decodability(ctx, &x, &labels, &knn, &result), conceptdec_ctx_error(ctx));
    insist(conceptdec_result_scalar(result, CONCEPTDEC_R_DECODABILITY, &decodability), "decodability");
    insist(conceptdec_accumulator_moments(ctx, a, layer, &moments), conceptdec_ctx_error(ctx));
    insist(conceptdec_eraser_from_class_moments(ctx, moments, NULL, &eraser), conceptdec_ctx_error(ctx));
    insist(conceptdec_eraser_get(eraser, CONCEPTDEC_E_RANK, &rank), "rank");
    printf("layer %d: decodability %.3f of %d rows; an eraser of %d directions from all rows\n", (int)layer,
           decodability, (int)x.rows, (int)*(const int64_t *)rank.data);
    conceptdec_eraser_free(eraser);
    conceptdec_class_moments_free(moments);
    conceptdec_result_free(result);
}

int
main(void)
{
    static const int64_t dims[LAYERS] = {DIMS, DIMS, DIMS, DIMS};
    conceptdec_ctx *ctx;
    producer producers[THREADS];
    pthread_t threads[THREADS];
    insist(conceptdec_ctx_new(NULL, &ctx), "no context");
    for (int t = 0; t < THREADS; t++) {
        conceptdec_accumulator_options options = {.struct_size = sizeof options,
                                                  .reservoir = 200,
                                                  .producer = (uint64_t)t,
                                                  .dtype = CONCEPTDEC_FLOAT32,
                                                  .moments = CONCEPTDEC_ACCUMULATE_POOLED};
        producers[t].state = (unsigned)t + 1;
        insist(conceptdec_accumulator_new(ctx, dims, LAYERS, CONCEPTS, &options, &producers[t].accumulator),
               conceptdec_ctx_error(ctx));
    }
    for (int t = 0; t < THREADS; t++)
        if (pthread_create(&threads[t], NULL, generate, &producers[t]) != 0)
            return EXIT_FAILURE;
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    for (int t = 1; t < THREADS; t++) {
        insist(conceptdec_accumulator_merge(ctx, producers[0].accumulator, producers[t].accumulator),
               conceptdec_ctx_error(ctx));
        conceptdec_accumulator_free(producers[t].accumulator);
    }
    for (int64_t layer = 0; layer < LAYERS; layer++)
        describe(ctx, producers[0].accumulator, layer);
    conceptdec_accumulator_free(producers[0].accumulator);
    conceptdec_ctx_free(ctx);
    return EXIT_SUCCESS;
}
