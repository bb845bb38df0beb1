/* end_to_end FILE ARRAY LABELS_FILE LABELS_ARRAY [map]: decodability, its balanced mean and its chance of every cell of
 * an array, a line each, with all digits. */
#include <conceptdec/conceptdec.h>
#include <stdio.h>
#include <stdlib.h>

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
open_file(const char *path, const char *name, uint32_t flags, int64_t *index)
{
    conceptdec_activations_options options = {.struct_size = sizeof options, .flags = flags};
    conceptdec_activations *file = NULL;
    check(conceptdec_activations_open(ctx, path, &options, &file));
    check(conceptdec_activations_find(ctx, file, name, index));
    return file;
}

static void
print(const conceptdec_matrix *view, const conceptdec_matrix *labels)
{
    static const char *const names[] = {CONCEPTDEC_R_DECODABILITY, CONCEPTDEC_R_BALANCED, CONCEPTDEC_R_CHANCE_NULL};
    conceptdec_knn_options options = {.struct_size = sizeof options, .k = 10, .seed = 3};
    conceptdec_result *result = NULL;
    check(conceptdec_knn_decodability(ctx, view, labels, &options, &result));
    for (int i = 0; i < 3; i++) {
        double value;
        check(conceptdec_result_scalar(result, names[i], &value));
        printf("%.17g%c", value, i < 2 ? ' ' : '\n');
    }
    conceptdec_result_free(result);
}

int
main(int argc, char **argv)
{
    int64_t array, labels_array, cells = 1;
    conceptdec_array_info info;
    conceptdec_array labels;
    if (argc < 5 || conceptdec_ctx_new(NULL, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    conceptdec_activations *file = open_file(argv[1], argv[2], argc > 5 ? CONCEPTDEC_ACTIVATIONS_MAP : 0, &array);
    conceptdec_activations *labels_file = open_file(argv[3], argv[4], 0, &labels_array);
    check(conceptdec_activations_integers(ctx, labels_file, labels_array, &labels));
    check(conceptdec_activations_info(ctx, file, array, &info));
    for (int axis = 0; axis < info.ndim - 2; axis++)
        cells *= info.shape[axis];
    const conceptdec_matrix y = {labels.data, labels.shape[0], 1, 8, 8, CONCEPTDEC_INT64, 0, 0, {0}};
    for (int64_t cell = 0; cell < cells; cell++) {
        conceptdec_matrix view;
        check(conceptdec_activations_view(ctx, file, array, cell, &view));
        print(&view, &y);
    }
    conceptdec_activations_free(labels_file);
    conceptdec_activations_free(file);
    conceptdec_ctx_free(ctx);
    return EXIT_SUCCESS;
}
