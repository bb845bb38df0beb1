/* An engine that records what it computes: two threads run forward passes and push the row of every layer into
 * accumulators of their own; merged, these tell how far concepts lie apart (of all rows) and how well they can be
 * decoded (of a sample), and the sample is written to files that the command, Python and Julia open.
 *   cc recording.c $(pkg-config --cflags --libs conceptdec) -pthread -lm -o recording && ./recording FOLDER */
#include <conceptdec/conceptdec.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 4, WIDTH = 96, CONCEPTS = 5, THREADS = 2, PASSES = 2000, KEPT = 60 };

static float weights[LAYERS][WIDTH][WIDTH], directions[CONCEPTS][WIDTH];
static conceptdec_ctx *ctx;

static void
check(conceptdec_status status, const char *text)
{
    if (status == CONCEPTDEC_OK)
        return;
    fprintf(stderr, "%s: %s\n", conceptdec_status_name(status), text);
    exit(EXIT_FAILURE);
}

/* ---- the engine: a stand-in for a model ---- */

static float
draw(uint64_t *state) /* in -1..1 */
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(*state >> 32) / 2147483648.0f;
}

static void
load_model(void)
{
    uint64_t state = 1;
    for (int i = 0; i < LAYERS * WIDTH * WIDTH; i++)
        ((float *)weights)[i] = draw(&state) * 0.15f;
    for (int i = 0; i < CONCEPTS * WIDTH; i++)
        ((float *)directions)[i] = draw(&state) * 0.08f;
}

/* The upper half of a float, rounded to even. */
static uint16_t
to_bfloat16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

/* One layer on: each adds a little more of the concept to what it makes of the state. */
static void
forward(int layer, int64_t concept, float state[WIDTH])
{
    float next[WIDTH];
    for (int i = 0; i < WIDTH; i++) {
        float sum = (float)layer * directions[concept][i];
        for (int j = 0; j < WIDTH; j++)
            sum += weights[layer][i][j] * state[j];
        next[i] = 0.6f * state[i] + tanhf(sum);
    }
    memcpy(state, next, sizeof next);
}

struct producer {
    pthread_t thread;
    uint64_t number;
    conceptdec_accumulator *accumulator;
    conceptdec_status status;
};

/* A thread of the engine. Pushing takes no lock and no memory. */
static void *
run_passes(void *memory)
{
    struct producer *p = memory;
    uint64_t random = 77 + p->number;
    for (int pass = 0; pass < PASSES && p->status == CONCEPTDEC_OK; pass++) {
        int64_t concept = (int64_t)((draw(&random) + 1) / 2 * CONCEPTS) % CONCEPTS;
        float state[WIDTH];
        for (int i = 0; i < WIDTH; i++)
            state[i] = draw(&random);
        for (int layer = 0; layer < LAYERS && p->status == CONCEPTDEC_OK; layer++) {
            uint16_t row[WIDTH];
            forward(layer, concept, state);
            for (int i = 0; i < WIDTH; i++)
                row[i] = to_bfloat16(state[i]);
            p->status = conceptdec_accumulator_add(p->accumulator, layer, row, concept);
        }
    }
    return NULL;
}

/* What both threads have pushed. */
static conceptdec_accumulator *
record(void)
{
    static struct producer producers[THREADS];
    int64_t dims[LAYERS];
    for (int layer = 0; layer < LAYERS; layer++)
        dims[layer] = WIDTH;
    for (int i = 0; i < THREADS; i++) {
        conceptdec_accumulator_options options = {.struct_size = sizeof options, .reservoir = KEPT, .seed = 1,
                                                  .producer = (uint64_t)i, .dtype = CONCEPTDEC_BFLOAT16};
        producers[i].number = (uint64_t)i;
        check(conceptdec_accumulator_new(ctx, dims, LAYERS, CONCEPTS, &options, &producers[i].accumulator),
              conceptdec_ctx_error(ctx));
        if (pthread_create(&producers[i].thread, NULL, run_passes, &producers[i]) != 0)
            check(CONCEPTDEC_ENOMEM, "no thread");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(producers[i].thread, NULL);
        check(producers[i].status, conceptdec_accumulator_error(producers[i].accumulator));
        if (i == 0)
            continue;
        check(conceptdec_accumulator_merge(ctx, producers[0].accumulator, producers[i].accumulator),
              conceptdec_ctx_error(ctx));
        conceptdec_accumulator_free(producers[i].accumulator);
    }
    return producers[0].accumulator;
}

/* ---- what comes of it ---- */

static const double *
numbers(conceptdec_accumulator *all, int layer, const char *name)
{
    conceptdec_array array;
    check(conceptdec_accumulator_get(ctx, all, layer, name, &array), conceptdec_ctx_error(ctx));
    return array.data;
}

/* Of all rows: the share of the variance that lies between the concepts' means, of concepts of equal weight. */
static double
share_between(conceptdec_accumulator *all, int layer)
{
    static double means[CONCEPTS][WIDTH];
    double between = 0, within = 0;
    memcpy(means, numbers(all, layer, CONCEPTDEC_A_MEANS), sizeof means);
    const double *variances = numbers(all, layer, CONCEPTDEC_A_VARIANCES);
    for (int j = 0; j < WIDTH; j++) {
        double mean = 0;
        for (int c = 0; c < CONCEPTS; c++)
            mean += means[c][j] / CONCEPTS;
        for (int c = 0; c < CONCEPTS; c++) {
            between += (means[c][j] - mean) * (means[c][j] - mean);
            within += variances[c * WIDTH + j];
        }
    }
    return between / (between + within);
}

static void
print_decodability(conceptdec_accumulator *all, const conceptdec_matrix *layers, const conceptdec_matrix *labels)
{
    conceptdec_result *result = NULL;
    conceptdec_array value;
    check(conceptdec_sweep(ctx, layers, LAYERS, labels, NULL, &result), conceptdec_ctx_error(ctx));
    check(conceptdec_result_get(result, CONCEPTDEC_R_DECODABILITY, &value), "decodability");
    for (int layer = 0; layer < LAYERS; layer++)
        printf("layer %d  decodability %.17g  between concepts %.4f\n", layer, ((const double *)value.data)[layer],
               share_between(all, layer));
    conceptdec_result_free(result);
}

static void
write_file(const char *folder, const char *name, const conceptdec_named_views *arrays, int64_t count,
           const conceptdec_save_options *options)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    check(conceptdec_activations_save(ctx, path, arrays, count, options), conceptdec_ctx_error(ctx));
}

/* One .safetensors file with everything, and the same as two .npy files. */
static void
write_files(const char *folder, const conceptdec_matrix *layers, const conceptdec_matrix *labels)
{
    static const int64_t shape[] = {LAYERS};
    static const char *const metadata[] = {"concept", "the direction that was added", "engine", "recording.c"};
    const conceptdec_named_views arrays[] = {
        {.name = "layers", .views = layers, .shape = shape, .ndim = 1},
        {.name = "labels", .views = labels, .flags = CONCEPTDEC_VIEWS_VECTOR},
    };
    const conceptdec_save_options options = {.struct_size = sizeof options, .metadata = metadata, .n_metadata = 2};
    write_file(folder, "recording.safetensors", arrays, 2, &options);
    write_file(folder, "recording.npy", &arrays[0], 1, NULL);
    write_file(folder, "recording_labels.npy", &arrays[1], 1, NULL);
}

int
main(int argc, char **argv)
{
    conceptdec_matrix layers[LAYERS], labels;
    load_model();
    if (conceptdec_ctx_new(NULL, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    conceptdec_accumulator *all = record();
    for (int layer = 0; layer < LAYERS; layer++) /* the same passes in every layer */
        check(conceptdec_accumulator_sample(ctx, all, layer, &layers[layer], &labels), conceptdec_ctx_error(ctx));
    write_files(argc > 1 ? argv[1] : ".", layers, &labels);
    printf("%d passes, %lld of them kept\n", THREADS * PASSES, (long long)labels.rows);
    print_decodability(all, layers, &labels);
    conceptdec_accumulator_free(all);
    conceptdec_ctx_free(ctx);
    return EXIT_SUCCESS;
}
