/* A layer profile in one call: the decodability of every layer at every training step of a small transformer, read from
 * a file that is mapped and never copied. Run it where examples/data is, or name the folder:
 *   cc layers.c $(pkg-config --cflags --libs conceptdec) -o layers && ./layers examples/data */
#include <conceptdec/conceptdec.h>
#include <stdio.h>
#include <stdlib.h>

/* The grid of examples/data/activations.npy (README.md there). */
enum { STEPS = 4, LAYERS = 5, SHOTS = 3 };

static conceptdec_ctx *ctx;

static void
check(conceptdec_status status)
{
    if (status == CONCEPTDEC_OK)
        return;
    fprintf(stderr, "%s: %s\n", conceptdec_status_name(status), conceptdec_ctx_error(ctx));
    exit(EXIT_FAILURE);
}

static conceptdec_activations *
open_file(const char *folder, const char *name)
{
    char path[4096];
    conceptdec_activations_options options = {.struct_size = sizeof options, .flags = CONCEPTDEC_ACTIVATIONS_MAP};
    conceptdec_activations *file = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    check(conceptdec_activations_open(ctx, path, &options, &file));
    return file;
}

static void
print(const conceptdec_result *result)
{
    conceptdec_array value, low, high;
    check(conceptdec_result_get(result, CONCEPTDEC_R_DECODABILITY, &value));
    check(conceptdec_result_get(result, CONCEPTDEC_R_CI_LOW, &low));
    check(conceptdec_result_get(result, CONCEPTDEC_R_CI_HIGH, &high));
    for (int layer = 0; layer < LAYERS; layer++) {
        printf("layer %d", layer);
        for (int step = 0; step < STEPS; step++) {
            int i = step * LAYERS + layer; /* the grid's axes stand first; there is one k */
            printf("   %.3f [%.2f, %.2f]", ((const double *)value.data)[i], ((const double *)low.data)[i],
                   ((const double *)high.data)[i]);
        }
        putchar('\n');
    }
}

int
main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "examples/data";
    conceptdec_matrix views[STEPS * LAYERS];
    conceptdec_array labels;
    conceptdec_result *result = NULL;
    if (conceptdec_ctx_new(NULL, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    conceptdec_activations *acts = open_file(folder, "activations.npy"), *concept = open_file(folder, "labels.npy");
    for (int cell = 0; cell < STEPS * LAYERS; cell++) /* the last of the shots: 7 examples before the query */
        check(conceptdec_activations_view(ctx, acts, 0, SHOTS * cell + SHOTS - 1, &views[cell]));
    check(conceptdec_activations_integers(ctx, concept, 0, &labels));
    conceptdec_matrix y = {.data = labels.data, .rows = labels.shape[0], .cols = 1, .row_stride = 8, .col_stride = 8,
                           .dtype = CONCEPTDEC_INT64};
    conceptdec_knn_options knn = {.struct_size = sizeof knn, .bootstrap = 1000};
    conceptdec_sweep_options options = {.struct_size = sizeof options, .knn = &knn,
                                        .shape = (const int64_t[]){STEPS, LAYERS}, .ndim = 2};
    check(conceptdec_sweep(ctx, views, STEPS * LAYERS, &y, &options, &result));
    print(result);
    conceptdec_result_free(result);
    conceptdec_activations_free(concept);
    conceptdec_activations_free(acts);
    conceptdec_ctx_free(ctx);
    return EXIT_SUCCESS;
}
