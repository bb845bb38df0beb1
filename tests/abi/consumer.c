/* A program outside the library's tree: uses the header and the shared library as a user does, and prints numbers that
 * must be the same from every build and on every processor. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

enum { SAMPLES = 301, WIDTH = 37, CONCEPTS = 4 };

static float activations[SAMPLES][WIDTH];
static int64_t labels[SAMPLES];

/* Noise around one centre for each concept; the same everywhere, since every value is a small binary fraction. */
static void
make_data(void)
{
    uint32_t state = 12345;
    for (int i = 0; i < SAMPLES; i++) {
        labels[i] = i % CONCEPTS;
        for (int j = 0; j < WIDTH; j++) {
            state = state * 1664525u + 1013904223u;
            activations[i][j] = (float)(int32_t)(state >> 8) / 16777216.0f + (j % CONCEPTS == labels[i] ? 0.15f : 0.0f);
        }
    }
}

static uint64_t
digest(const void *data, size_t size)
{
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)data)[i]) * 1099511628211u;
    return hash;
}

static int
complain(conceptdec_ctx *ctx, const char *what, conceptdec_status status)
{
    fprintf(stderr, "%s: %s: %s\n", what, conceptdec_status_name(status), ctx ? conceptdec_ctx_error(ctx) : "");
    return 1;
}

static int
print_table(conceptdec_ctx *ctx, const conceptdec_matrix *x)
{
    conceptdec_neighbors *table = NULL;
    conceptdec_status status = conceptdec_neighbors_new(ctx, x, NULL, NULL, &table);
    if (status != CONCEPTDEC_OK)
        return complain(ctx, "neighbors", status);
    conceptdec_array indices, distances;
    status = conceptdec_neighbors_get(table, CONCEPTDEC_N_INDICES, &indices);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_neighbors_get(table, CONCEPTDEC_N_DISTANCES, &distances);
    if (status != CONCEPTDEC_OK)
        return complain(ctx, "neighbors_get", status);
    size_t count = (size_t)(indices.shape[0] * indices.shape[1]);
    printf("table %" PRId64 " x %" PRId64 ", indices %016" PRIx64 ", distances %016" PRIx64 "\n", indices.shape[0],
           indices.shape[1], digest(indices.data, count * 8), digest(distances.data, count * 8));
    conceptdec_neighbors_free(table);
    return 0;
}

static int
print_decodability(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *y)
{
    conceptdec_knn_options options = {.struct_size = sizeof options, .k = 7, .permutations = 50, .bootstrap = 50};
    conceptdec_result *result = NULL;
    conceptdec_status status = conceptdec_knn_decodability(ctx, x, y, &options, &result);
    if (status != CONCEPTDEC_OK)
        return complain(ctx, "knn_decodability", status);
    const char *names[] = {CONCEPTDEC_R_DECODABILITY, CONCEPTDEC_R_CHANCE_NULL, CONCEPTDEC_R_P_VALUE,
                           CONCEPTDEC_R_CI_LOW, CONCEPTDEC_R_CI_HIGH};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        double value;
        status = conceptdec_result_scalar(result, names[i], &value);
        if (status != CONCEPTDEC_OK)
            return complain(ctx, names[i], status);
        printf("%s %.17g\n", names[i], value);
    }
    const char *json;
    status = conceptdec_result_json(result, &json);
    if (status != CONCEPTDEC_OK || json[0] != '{')
        return complain(ctx, "result_json", status);
    conceptdec_result_free(result);
    return 0;
}

int
main(void)
{
    if (conceptdec_abi_version() != CONCEPTDEC_ABI_VERSION ||
        strcmp(conceptdec_version(), CONCEPTDEC_VERSION_STRING) != 0)
        return complain(NULL, "version", CONCEPTDEC_EINVAL);
    make_data();
    conceptdec_matrix x = {.data = activations, .rows = SAMPLES, .cols = WIDTH, .row_stride = sizeof activations[0],
                           .col_stride = sizeof activations[0][0], .dtype = CONCEPTDEC_FLOAT32};
    conceptdec_matrix y = {.data = labels, .rows = SAMPLES, .cols = 1, .row_stride = sizeof labels[0],
                           .col_stride = sizeof labels[0], .dtype = CONCEPTDEC_INT64};
    conceptdec_ctx *ctx = NULL;
    conceptdec_status status = conceptdec_ctx_new(NULL, &ctx);
    if (status != CONCEPTDEC_OK)
        return complain(NULL, "ctx_new", status);
    printf("version %s, abi %" PRId32 "\n", conceptdec_version(), conceptdec_abi_version());
    int failed = print_table(ctx, &x) || print_decodability(ctx, &x, &y);
    x.rows = 1; /* a mistake is told, not printed */
    conceptdec_result *none = NULL;
    status = conceptdec_knn_decodability(ctx, &x, &y, NULL, &none);
    printf("one sample: %s\n", conceptdec_status_name(status));
    failed = failed || status == CONCEPTDEC_OK || none != NULL || conceptdec_ctx_error(ctx)[0] == '\0';
    conceptdec_ctx_free(ctx);
    return failed;
}
