/* Looks at all that an open file of activations holds, from a map and by readers: the same bytes, and none outside of
 * the file. */
#ifndef CONCEPTDEC_FUZZ_LOOK_H
#define CONCEPTDEC_FUZZ_LOOK_H

#include "io/activations.h"

enum { MOST_CELLS = 40 };

static volatile size_t seen; /* so that nothing is left out */

static void
expect_inside(const conceptdec_matrix *view, const conceptdec_i_file *file)
{
    const char *first = view->data;
    int64_t last = (view->rows - 1) * view->row_stride + (view->cols - 1) * view->col_stride;
    require(view->row_stride > 0 && view->col_stride > 0, "strides that go nowhere");
    require(first >= file->bytes && first + last + conceptdec_i_dtype_size(view->dtype) <= file->bytes + file->length,
            "a view leaves its file");
}

/* All rows, one behind the other. */
static void *
fetch_rows(const conceptdec_matrix *view, size_t bytes)
{
    int64_t size = conceptdec_i_dtype_size(view->dtype);
    char *rows = malloc(bytes);
    require(rows != NULL, "no memory");
    if (conceptdec_i_view_is_read(view)) {
        const conceptdec_reader *reader = view->data;
        int64_t half = view->rows / 2;
        if (half > 0)
            require(reader->read(reader->user, 0, half, rows) == 0, "rows are not read");
        require(reader->read(reader->user, half, view->rows - half, rows + half * view->cols * size) == 0,
                "rows are not read");
        return rows;
    }
    for (int64_t i = 0; i < view->rows; i++)
        for (int64_t j = 0; j < view->cols; j++)
            memcpy(rows + (i * view->cols + j) * size, conceptdec_i_at(view, i, j), (size_t)size);
    return rows;
}

static void
look_at_cell(conceptdec_ctx *ctx, const conceptdec_activations *read, const conceptdec_activations *mapped,
             int64_t index, int64_t cell)
{
    conceptdec_matrix by_reader, in_map;
    require(conceptdec_activations_view(ctx, read, index, cell, &by_reader) == CONCEPTDEC_OK &&
                conceptdec_activations_view(ctx, mapped, index, cell, &in_map) == CONCEPTDEC_OK,
            "there is no view of a cell");
    require(by_reader.rows == in_map.rows && by_reader.cols == in_map.cols && by_reader.dtype == in_map.dtype,
            "two views differ");
    if (!conceptdec_i_view_is_read(&in_map))
        expect_inside(&in_map, conceptdec_i_activations_at(mapped, index)->file);
    size_t bytes = (size_t)(in_map.rows * in_map.cols * conceptdec_i_dtype_size(in_map.dtype));
    void *one = fetch_rows(&by_reader, bytes), *other = fetch_rows(&in_map, bytes);
    require(memcmp(one, other, bytes) == 0, "a map and a reader give different rows");
    free(one);
    free(other);
}

static void
look_at_floats(conceptdec_ctx *ctx, const conceptdec_activations *read, const conceptdec_activations *mapped,
               int64_t index, const conceptdec_array_info *info)
{
    int64_t cells = 1, elements = 1;
    conceptdec_matrix view;
    for (int32_t i = 0; i < info->ndim; i++) {
        elements *= info->shape[i];
        cells *= i < info->ndim - 2 ? info->shape[i] : 1;
    }
    if (info->ndim == 0 || elements == 0) {
        require(conceptdec_activations_view(ctx, read, index, 0, &view) == CONCEPTDEC_ESIZE, "a matrix of nothing");
        return;
    }
    for (int64_t cell = 0; cell < cells && cell < MOST_CELLS; cell++)
        look_at_cell(ctx, read, mapped, index, cell);
    look_at_cell(ctx, read, mapped, index, cells - 1);
    require(conceptdec_activations_view(ctx, read, index, cells, &view) == CONCEPTDEC_ESIZE, "a cell too many");
}

static void
look_at_integers(conceptdec_ctx *ctx, const conceptdec_activations *read, const conceptdec_activations *mapped,
                 int64_t index)
{
    conceptdec_array one, other;
    conceptdec_status status = conceptdec_activations_integers(ctx, read, index, &one);
    require(status == conceptdec_activations_integers(ctx, mapped, index, &other), "integers here, none there");
    require(status == CONCEPTDEC_OK || status == CONCEPTDEC_EOVERFLOW, "integers are not read");
    size_t bytes = 8;
    for (int32_t i = 0; status == CONCEPTDEC_OK && i < one.ndim; i++)
        bytes *= (size_t)one.shape[i];
    if (status == CONCEPTDEC_OK)
        require(memcmp(one.data, other.data, bytes) == 0, "a map and pread give different integers");
}

static void
look_at_array(conceptdec_ctx *ctx, const conceptdec_activations *read, const conceptdec_activations *mapped,
              int64_t index)
{
    conceptdec_array_info info;
    int64_t found = -1;
    require(conceptdec_activations_info(ctx, read, index, &info) == CONCEPTDEC_OK, "an array without information");
    require(conceptdec_activations_find(ctx, read, info.name, &found) == CONCEPTDEC_OK && found == index,
            "an array is not found by its name");
    require(info.ndim >= 0 && info.ndim <= 8 && *info.type, "impossible information");
    if (info.dtype == CONCEPTDEC_INT64)
        look_at_integers(ctx, read, mapped, index);
    else if (info.dtype != 0)
        look_at_floats(ctx, read, mapped, index, &info);
}

static void
look_at_all(conceptdec_ctx *ctx, const conceptdec_activations *read, const conceptdec_activations *mapped)
{
    int64_t count = conceptdec_activations_count(read);
    require(count == conceptdec_activations_count(mapped), "arrays here, none there");
    for (int64_t i = 0; i < count; i++)
        look_at_array(ctx, read, mapped, i);
    const char *text = conceptdec_activations_metadata(read, "a");
    seen = text ? strlen(text) : 0;
}

/* A file in memory; returns whether it was accepted. The parsers see a block that ends where the file does. */
static bool
look_at_bytes(conceptdec_ctx *ctx, const uint8_t *data, size_t size)
{
    conceptdec_activations_options map = {.struct_size = sizeof map, .flags = CONCEPTDEC_ACTIVATIONS_MAP};
    conceptdec_activations *read = NULL, *mapped = NULL;
    char *copy = malloc(size ? size : 1);
    require(copy != NULL, "no memory");
    memcpy(copy, data, size);
    conceptdec_status status =
        conceptdec_i_activations_open_bytes(ctx, "folder/file.npy", copy, (int64_t)size, NULL, &read);
    require(status == CONCEPTDEC_OK || (status == CONCEPTDEC_EFORMAT && !read && *conceptdec_ctx_error(ctx)),
            "neither a file nor a reason");
    require(status == conceptdec_i_activations_open_bytes(ctx, "folder/file.npy", copy, (int64_t)size, &map, &mapped),
            "accepted once and refused once");
    if (status == CONCEPTDEC_OK)
        look_at_all(ctx, read, mapped);
    conceptdec_activations_free(read);
    conceptdec_activations_free(mapped);
    free(copy);
    return status == CONCEPTDEC_OK;
}

#endif
