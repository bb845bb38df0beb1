/* A layer profile in one call: the decodability of every layer at every training step of a small transformer, read from
 * a file that is mapped and never copied. Run it where examples/data is, or name the folder:
 *   cc layers.c $(pkg-config --cflags --libs conceptdec) -o layers && ./layers examples/data */
#include <conceptdec/conceptdec.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* examples/data/README.md: float16 from byte 128 on; axes as here, then samples and width. */
enum { STEPS = 4, LAYERS = 5, SHOTS = 3, SAMPLES = 600, WIDTH = 64, HEADER = 128 };

static const void *
map_npy(const char *folder, const char *name, size_t size)
{
    char path[4096];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_RDONLY);
    void *memory = MAP_FAILED;
    if (file >= 0 && fstat(file, &status) == 0 && (size_t)status.st_size == HEADER + size)
        memory = mmap(NULL, HEADER + size, PROT_READ, MAP_PRIVATE, file, 0);
    if (file >= 0)
        close(file);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "%s cannot be read, or has another size\n", path);
        exit(EXIT_FAILURE);
    }
    return (const char *)memory + HEADER;
}

static void
print(const conceptdec_result *result)
{
    conceptdec_array value, low, high;
    if (conceptdec_result_get(result, CONCEPTDEC_R_DECODABILITY, &value) != CONCEPTDEC_OK ||
        conceptdec_result_get(result, CONCEPTDEC_R_CI_LOW, &low) != CONCEPTDEC_OK ||
        conceptdec_result_get(result, CONCEPTDEC_R_CI_HIGH, &high) != CONCEPTDEC_OK)
        exit(EXIT_FAILURE);
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
    const uint16_t *acts = map_npy(folder, "activations.npy", 2 * STEPS * LAYERS * SHOTS * SAMPLES * WIDTH);
    conceptdec_matrix y = {.data = map_npy(folder, "labels.npy", 4 * SAMPLES), .rows = SAMPLES, .cols = 1,
                           .row_stride = 4, .col_stride = 4, .dtype = CONCEPTDEC_INT32};
    conceptdec_matrix views[STEPS * LAYERS];
    for (int cell = 0; cell < STEPS * LAYERS; cell++) /* the last of the shots: 7 examples before the query */
        views[cell] = (conceptdec_matrix){.data = acts + (SHOTS * cell + SHOTS - 1) * SAMPLES * WIDTH, .rows = SAMPLES,
            .cols = WIDTH, .row_stride = 2 * WIDTH, .col_stride = 2, .dtype = CONCEPTDEC_FLOAT16};
    conceptdec_knn_options knn = {.struct_size = sizeof knn, .bootstrap = 1000};
    conceptdec_sweep_options options = {.struct_size = sizeof options, .knn = &knn,
                                        .shape = (const int64_t[]){STEPS, LAYERS}, .ndim = 2};
    conceptdec_ctx *ctx = NULL;
    conceptdec_result *result = NULL;
    if (conceptdec_ctx_new(NULL, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    conceptdec_status status = conceptdec_sweep(ctx, views, STEPS * LAYERS, &y, &options, &result);
    if (status == CONCEPTDEC_OK)
        print(result);
    else
        fprintf(stderr, "%s\n", conceptdec_ctx_error(ctx));
    conceptdec_result_free(result);
    conceptdec_ctx_free(ctx);
    return status == CONCEPTDEC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
