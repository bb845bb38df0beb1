/* How well can six concepts be read from activations? They are made up here: bfloat16, 600 samples, 256 wide, a weak
 * direction for each concept under strong noise.
 *   cc knn_decodability.c $(pkg-config --cflags --libs conceptdec) -o knn_decodability && ./knn_decodability */
#include <conceptdec/conceptdec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 600, WIDTH = 256, CONCEPTS = 6 };

static uint16_t activations[SAMPLES][WIDTH];
static int32_t concept_of[SAMPLES];

/* A number between -1 and 1. */
static float
noise(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(state >> 32) / 2147483648.0f;
}

static uint16_t
bfloat16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)(bits >> 16);
}

static void
make_activations(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        concept_of[i] = i % CONCEPTS;
        for (int j = 0; j < WIDTH; j++)
            activations[i][j] = bfloat16(noise() + (j % CONCEPTS == concept_of[i] ? 0.2f : 0));
    }
}

static void
print(const conceptdec_result *result, const char *name)
{
    double value;
    if (conceptdec_result_scalar(result, name, &value) == CONCEPTDEC_OK)
        printf("%-18s %.4f\n", name, value);
}

int
main(void)
{
    make_activations();
    conceptdec_matrix x = {.data = activations, .rows = SAMPLES, .cols = WIDTH, .row_stride = sizeof activations[0],
                           .col_stride = 2, .dtype = CONCEPTDEC_BFLOAT16};
    conceptdec_matrix y = {.data = concept_of, .rows = SAMPLES, .cols = 1, .row_stride = 4, .col_stride = 4,
                           .dtype = CONCEPTDEC_INT32};
    conceptdec_knn_options options = {.struct_size = sizeof options, .k = 10, .permutations = 1000, .bootstrap = 1000};
    conceptdec_ctx *ctx = NULL;
    conceptdec_result *result = NULL;
    if (conceptdec_ctx_new(NULL, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    conceptdec_status status = conceptdec_knn_decodability(ctx, &x, &y, &options, &result);
    if (status != CONCEPTDEC_OK) {
        fprintf(stderr, "%s: %s\n", conceptdec_status_name(status), conceptdec_ctx_error(ctx));
    } else {
        print(result, CONCEPTDEC_R_DECODABILITY);
        print(result, CONCEPTDEC_R_CI_LOW);
        print(result, CONCEPTDEC_R_CI_HIGH);
        print(result, CONCEPTDEC_R_CHANCE_NULL);
        print(result, CONCEPTDEC_R_P_VALUE);
    }
    conceptdec_result_free(result);
    conceptdec_ctx_free(ctx);
    return status == CONCEPTDEC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
