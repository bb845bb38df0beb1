/* Files of activations: matrices of them, and their integers. */
#include "io/activations.h"

#include <string.h>

#define PIECE 8192 /* bytes of a column that are read at once */

/* ---- layout ---- */

/* Bytes from an element to the next along each axis. */
static void
axis_strides(const conceptdec_i_stored *array, int64_t strides[CONCEPTDEC_I_MOST_AXES])
{
    int64_t stride = array->type->bits / 8;
    for (int32_t i = 0; i < array->ndim; i++) {
        int32_t axis = array->is_fortran ? i : array->ndim - 1 - i;
        strides[axis] = stride;
        stride *= array->shape[axis];
    }
}

static int64_t
offset_of_cell(const conceptdec_i_stored *array, const int64_t *strides, int64_t cell)
{
    int64_t offset = array->offset;
    for (int32_t axis = array->ndim - 3; axis >= 0; axis--) {
        offset += cell % array->shape[axis] * strides[axis];
        cell /= array->shape[axis];
    }
    return offset;
}

/* Of an array that has axes and elements; `cell` must be below `cells`. */
static conceptdec_i_layout
lay_out(const conceptdec_i_stored *array, int64_t cell)
{
    int64_t strides[CONCEPTDEC_I_MOST_AXES] = {0}, size = array->type->bits / 8;
    int32_t n = array->ndim;
    axis_strides(array, strides);
    conceptdec_i_layout l = {
        .rows = array->shape[n > 1 ? n - 2 : 0], .cols = n > 1 ? array->shape[n - 1] : 1, .cells = 1, .size = size};
    for (int32_t axis = 0; axis < n - 2; axis++)
        l.cells *= array->shape[axis];
    l.offset = offset_of_cell(array, strides, cell);
    l.col_stride = n > 1 && l.cols > 1 ? strides[n - 1] : size; /* a stride that is never taken is a dense one */
    l.row_stride = l.rows > 1 ? strides[n > 1 ? n - 2 : 0] : l.cols * l.col_stride;
    return l;
}

static bool
is_dense(const conceptdec_i_layout *l)
{
    return l->col_stride == l->size && l->row_stride == l->cols * l->size;
}

/* ---- reading ---- */

static void
swap_bytes(char *p, int64_t count, int64_t size)
{
    for (; count > 0; count--, p += size)
        for (int64_t i = 0; i < size / 2; i++) {
            char byte = p[i];
            p[i] = p[size - 1 - i];
            p[size - 1 - i] = byte;
        }
}

/* Column by column, in pieces. */
static int32_t
gather(const conceptdec_i_cell *c, int64_t first, int64_t count, char *out)
{
    const conceptdec_i_layout *l = &c->layout;
    int64_t most = (PIECE - l->size) / l->row_stride + 1;
    char piece[PIECE];
    for (int64_t col = 0; col < l->cols; col++)
        for (int64_t row = 0; row < count; row += most) {
            int64_t n = count - row < most ? count - row : most;
            int64_t at = l->offset + (first + row) * l->row_stride + col * l->col_stride;
            int32_t error = conceptdec_i_file_fetch(c->array->file, at, piece, (n - 1) * l->row_stride + l->size);
            if (error != 0)
                return error;
            for (int64_t i = 0; i < n; i++)
                memcpy(out + ((row + i) * l->cols + col) * l->size, piece + i * l->row_stride, (size_t)l->size);
        }
    return 0;
}

static int32_t
read_rows(void *user, int64_t first, int64_t count, void *rows)
{
    const conceptdec_i_cell *c = user;
    const conceptdec_i_layout *l = &c->layout;
    int64_t bytes = l->cols * l->size;
    int32_t error = is_dense(l)
                        ? conceptdec_i_file_fetch(c->array->file, l->offset + first * bytes, rows, count * bytes)
                        : gather(c, first, count, rows);
    if (error == 0 && c->array->is_swapped)
        swap_bytes(rows, count * l->cols, l->size);
    return error;
}

/* ---- views ---- */

static conceptdec_status
check_matrix(conceptdec_ctx *ctx, const conceptdec_i_stored *array)
{
    char name[CONCEPTDEC_I_CLIPPED];
    conceptdec_i_clip(name, array->name);
    if (array->type->dtype == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EDTYPE, "array \"%s\": elements of type %s are not read", name,
                                 array->type->name);
    if (array->type->dtype == CONCEPTDEC_INT64)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EDTYPE,
                                 "array \"%s\": holds integers (%s), but a floating-point type is needed", name,
                                 array->type->name);
    if (array->ndim == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "array \"%s\": is a single number without axes", name);
    if (array->bytes == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "array \"%s\": has no elements", name);
    return CONCEPTDEC_OK;
}

/* The block of readers that a cell is in; made at the first question. Under the lock. */
static conceptdec_i_cell *
block_of(const conceptdec_activations *activations, int64_t index, int64_t cells, int64_t block)
{
    conceptdec_i_made *made = &activations->kept->made[index];
    if (!made->blocks) {
        int64_t n = (cells - 1) / CONCEPTDEC_I_CELLS + 1;
        conceptdec_i_cell **blocks = conceptdec_i_memory_take(activations->memory, (uint64_t)n, sizeof *blocks);
        if (!blocks)
            return NULL;
        memset(blocks, 0, (size_t)n * sizeof *blocks);
        made->blocks = blocks;
        made->n_blocks = n;
    }
    if (!made->blocks[block]) {
        conceptdec_i_cell *cell =
            conceptdec_i_memory_take(activations->memory, CONCEPTDEC_I_CELLS, sizeof **made->blocks);
        if (!cell)
            return NULL;
        memset(cell, 0, CONCEPTDEC_I_CELLS * sizeof *cell);
        made->blocks[block] = cell;
    }
    return made->blocks[block];
}

static conceptdec_status
find_reader(conceptdec_ctx *ctx, const conceptdec_activations *activations, int64_t index, int64_t cell,
            const conceptdec_i_layout *layout, const void **reader)
{
    pthread_mutex_lock(&activations->kept->lock);
    conceptdec_i_cell *block = block_of(activations, index, layout->cells, cell / CONCEPTDEC_I_CELLS);
    conceptdec_i_cell *c = block ? block + cell % CONCEPTDEC_I_CELLS : NULL;
    if (c && !c->array)
        *c = (conceptdec_i_cell){.reader = {.struct_size = sizeof c->reader, .read = read_rows, .user = c},
                                 .array = conceptdec_i_activations_at(activations, index),
                                 .layout = *layout};
    pthread_mutex_unlock(&activations->kept->lock);
    if (!c)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "reader: cannot allocate memory");
    *reader = &c->reader;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_activations_view(conceptdec_ctx *ctx, const conceptdec_activations *activations, int64_t index, int64_t cell,
                            conceptdec_matrix *view)
{
    const conceptdec_i_stored *array = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    CONCEPTDEC_I_TRY(conceptdec_i_activations_array(ctx, activations, index, &array));
    if (!view)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "view: is NULL");
    CONCEPTDEC_I_TRY(check_matrix(ctx, array));
    conceptdec_i_layout l = lay_out(array, cell > 0 ? cell : 0);
    if (cell < 0 || cell >= l.cells)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "cell: %lld is not one of the %lld of the grid",
                                 (long long)cell, (long long)l.cells);
    conceptdec_matrix made = {.rows = l.rows, .cols = l.cols, .dtype = array->type->dtype};
    if (activations->is_mapped && !array->is_swapped) {
        made.data = array->file->bytes + l.offset;
        made.row_stride = l.row_stride;
        made.col_stride = l.col_stride;
    } else {
        made.flags = CONCEPTDEC_MATRIX_READER;
        CONCEPTDEC_I_TRY(find_reader(ctx, activations, index, cell, &l, &made.data));
    }
    *view = made;
    return CONCEPTDEC_OK;
}

/* ---- integers ---- */

/* Where the elements of a file, in its order, go in C order. */
typedef struct odometer {
    const conceptdec_i_stored *array;
    int64_t at[CONCEPTDEC_I_MOST_AXES], strides[CONCEPTDEC_I_MOST_AXES]; /* strides of C order, in elements */
    int64_t place;
} odometer;

static odometer
start_odometer(const conceptdec_i_stored *array)
{
    odometer o = {.array = array};
    int64_t stride = 1;
    for (int32_t axis = array->ndim - 1; axis >= 0; axis--) {
        o.strides[axis] = stride;
        stride *= array->shape[axis];
    }
    return o;
}

static void
step(odometer *o)
{
    if (!o->array->is_fortran) {
        o->place++;
        return;
    }
    for (int32_t axis = 0; axis < o->array->ndim; axis++) {
        o->place += o->strides[axis];
        if (++o->at[axis] < o->array->shape[axis])
            return;
        o->place -= o->at[axis] * o->strides[axis];
        o->at[axis] = 0;
    }
}

/* One little-endian integer; false: it is above 2^63 - 1. */
static bool
widen(const conceptdec_i_type *type, const unsigned char *p, int64_t *value)
{
    uint64_t bits = 0;
    int size = type->bits / 8;
    for (int i = size - 1; i >= 0; i--)
        bits = bits << 8 | p[i];
    if (type->is_signed)
        bits = (bits ^ UINT64_C(1) << (type->bits - 1)) - (UINT64_C(1) << (type->bits - 1));
    else if (bits > INT64_MAX)
        return false;
    else if (strcmp(type->name, "bool") == 0)
        bits = bits != 0;
    memcpy(value, &bits, sizeof bits);
    return true;
}

static conceptdec_status
read_integers(conceptdec_ctx *ctx, const conceptdec_i_stored *array, int64_t *out)
{
    unsigned char piece[PIECE];
    int64_t size = array->type->bits / 8;
    odometer o = {.place = 0};
    if (array->bytes > 0) /* without elements the other lengths may be anything */
        o = start_odometer(array);
    for (int64_t at = 0; at < array->bytes; at += PIECE) {
        int64_t left = array->bytes - at, bytes = left < PIECE ? left : PIECE;
        CONCEPTDEC_I_TRY(conceptdec_i_file_get(ctx, array->file, array->offset + at, piece, bytes));
        if (array->is_swapped)
            swap_bytes((char *)piece, bytes / size, size);
        for (int64_t i = 0; i < bytes; i += size, step(&o)) {
            char name[CONCEPTDEC_I_CLIPPED];
            if (!widen(array->type, piece + i, &out[o.place]))
                return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "array \"%s\": element %lld is above 2^63 - 1",
                                         conceptdec_i_clip(name, array->name), (long long)o.place);
        }
    }
    return CONCEPTDEC_OK;
}

/* Reads them, unless another thread has come first. */
static conceptdec_status
make_integers(conceptdec_ctx *ctx, const conceptdec_activations *activations, int64_t index, const int64_t **integers)
{
    const conceptdec_i_stored *array = conceptdec_i_activations_at(activations, index);
    conceptdec_i_made *made = &activations->kept->made[index];
    int64_t count = array->bytes / (array->type->bits / 8);
    int64_t *values = conceptdec_i_memory_take(activations->memory, (uint64_t)count, sizeof *values);
    if (!values)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "integers: cannot allocate %lld elements", (long long)count);
    conceptdec_status status = read_integers(ctx, array, values);
    pthread_mutex_lock(&activations->kept->lock);
    if (status == CONCEPTDEC_OK && !made->integers) {
        made->integers = values;
        values = NULL;
    }
    *integers = made->integers;
    pthread_mutex_unlock(&activations->kept->lock);
    conceptdec_i_memory_give(activations->memory, values);
    return status;
}

conceptdec_status
conceptdec_activations_integers(conceptdec_ctx *ctx, const conceptdec_activations *activations, int64_t index,
                                conceptdec_array *array)
{
    const conceptdec_i_stored *stored = NULL;
    char name[CONCEPTDEC_I_CLIPPED];
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    CONCEPTDEC_I_TRY(conceptdec_i_activations_array(ctx, activations, index, &stored));
    if (!array)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "array: is NULL");
    if (stored->type->dtype != CONCEPTDEC_INT64)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EDTYPE, "array \"%s\": is of type %s, but integers are needed",
                                 conceptdec_i_clip(name, stored->name), stored->type->name);
    pthread_mutex_lock(&activations->kept->lock);
    const int64_t *values = activations->kept->made[index].integers;
    pthread_mutex_unlock(&activations->kept->lock);
    if (!values)
        CONCEPTDEC_I_TRY(make_integers(ctx, activations, index, &values));
    *array = (conceptdec_array){.data = values, .ndim = stored->ndim, .dtype = CONCEPTDEC_INT64};
    memcpy(array->shape, stored->shape, sizeof array->shape);
    return CONCEPTDEC_OK;
}
