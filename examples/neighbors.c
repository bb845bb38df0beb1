/* One neighbour table, many answers: searched once, saved, loaded, and asked at several k about two sets of labels.
 *   cc neighbors.c $(pkg-config --cflags --libs conceptdec) -o neighbors && ./neighbors */
#include <conceptdec/conceptdec.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 1000, WIDTH = 32, SETS = 2, KS = 3 };

static double activations[SAMPLES][WIDTH];
static int32_t labels[SAMPLES][SETS]; /* set 0: five clusters, which are there; set 1: odd and even rows */

static conceptdec_ctx *ctx;

static void
check(conceptdec_status status)
{
    if (status == CONCEPTDEC_OK)
        return;
    fprintf(stderr, "%s: %s\n", conceptdec_status_name(status), conceptdec_ctx_error(ctx));
    exit(EXIT_FAILURE);
}

static void
make_activations(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        labels[i][0] = i / 2 % 5;
        labels[i][1] = i % 2;
        for (int j = 0; j < WIDTH; j++)
            activations[i][j] = rand() / (double) RAND_MAX + (j % 5 == labels[i][0] ? 0.3 : 0);
    }
}

static void
print_neighbors(const conceptdec_neighbors *table)
{
    conceptdec_array indices, distances;
    check(conceptdec_neighbors_get(table, CONCEPTDEC_N_INDICES, &indices));
    check(conceptdec_neighbors_get(table, CONCEPTDEC_N_DISTANCES, &distances));
    printf("nearest to row 0:");
    for (int i = 0; i < 5; i++)
        printf(" %lld (%.3f)", (long long)((const int64_t *)indices.data)[i], ((const double *)distances.data)[i]);
    putchar('\n');
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "neighbors.table";
    make_activations();
    conceptdec_matrix x = {.data = activations, .rows = SAMPLES, .cols = WIDTH, .row_stride = sizeof activations[0],
                           .col_stride = sizeof(double), .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_matrix y = {.data = labels, .rows = SAMPLES, .cols = SETS, .row_stride = sizeof labels[0],
                           .col_stride = sizeof(int32_t), .dtype = CONCEPTDEC_INT32};
    conceptdec_neighbors_options search = {.struct_size = sizeof search, .k = 50};
    conceptdec_neighbors *table = NULL, *loaded = NULL;
    check(conceptdec_ctx_new(NULL, &ctx));
    check(conceptdec_neighbors_new(ctx, &x, NULL, &search, &table));
    print_neighbors(table);
    check(conceptdec_neighbors_save(ctx, table, path));
    check(conceptdec_neighbors_load(ctx, path, &loaded));

    static const int64_t ks[KS] = {5, 10, 50};
    conceptdec_knn_options options = {.struct_size = sizeof options, .ks = ks, .n_ks = KS};
    conceptdec_result *result = NULL;
    conceptdec_array decodability; /* sets x ks */
    check(conceptdec_knn_decodability_neighbors(ctx, loaded, &x, &y, &options, &result));
    check(conceptdec_result_get(result, CONCEPTDEC_R_DECODABILITY, &decodability));
    const double *value = decodability.data;
    for (int set = 0; set < SETS; set++)
        for (int i = 0; i < KS; i++)
            printf("labels %d, k = %2lld: %.3f\n", set, (long long)ks[i], value[set * KS + i]);
    conceptdec_result_free(result);
    conceptdec_neighbors_free(loaded);
    conceptdec_neighbors_free(table);
    conceptdec_ctx_free(ctx);
    remove(path);
    return EXIT_SUCCESS;
}
