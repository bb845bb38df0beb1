/* Matrix views: what is refused, how elements are read, where the first non-finite one stands. */
#include "core.h"

#include <string.h>

#include "half.h"
#include "kernels/kernels.h"
#include "whole.h"

/* ---- checks ---- */

int64_t
conceptdec_i_dtype_size(int32_t dtype)
{
    switch (dtype) {
    case CONCEPTDEC_FLOAT16:
    case CONCEPTDEC_BFLOAT16:
        return 2;
    case CONCEPTDEC_FLOAT32:
    case CONCEPTDEC_INT32:
        return 4;
    case CONCEPTDEC_FLOAT64:
    case CONCEPTDEC_INT64:
        return 8;
    default:
        return 0;
    }
}

const char *
conceptdec_i_dtype_name(int32_t dtype)
{
    switch (dtype) {
    case CONCEPTDEC_FLOAT16:
        return "float16";
    case CONCEPTDEC_BFLOAT16:
        return "bfloat16";
    case CONCEPTDEC_FLOAT32:
        return "float32";
    case CONCEPTDEC_FLOAT64:
        return "float64";
    case CONCEPTDEC_INT32:
        return "int32";
    case CONCEPTDEC_INT64:
        return "int64";
    default:
        return "unknown";
    }
}

bool
conceptdec_i_view_is_dense_rows(const conceptdec_matrix *view)
{
    return !conceptdec_i_view_is_read(view) && view->col_stride == conceptdec_i_dtype_size(view->dtype);
}

bool
conceptdec_i_view_is_read(const conceptdec_matrix *view)
{
    return (view->flags & CONCEPTDEC_MATRIX_READER) != 0;
}

static conceptdec_status
check_dtype(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view, int kinds)
{
    if (conceptdec_i_dtype_size(view->dtype) == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EDTYPE, "%s: dtype %d is unknown", name, view->dtype);
    bool is_integer = view->dtype == CONCEPTDEC_INT32 || view->dtype == CONCEPTDEC_INT64;
    if (!(kinds & (is_integer ? CONCEPTDEC_I_INTS : CONCEPTDEC_I_FLOATS)))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EDTYPE, "%s: dtype %s is %s type, but %s type is needed", name,
                                 conceptdec_i_dtype_name(view->dtype), is_integer ? "an integer" : "a floating-point",
                                 is_integer ? "a floating-point" : "an integer");
    return CONCEPTDEC_OK;
}

/* Extends the byte range [*low, *high] by (count - 1) strides; false: that does not fit. */
static bool
extend(int64_t count, int64_t stride, int64_t *low, int64_t *high)
{
    int64_t reach;
    if (__builtin_mul_overflow(count - 1, stride, &reach))
        return false;
    return !__builtin_add_overflow(reach < 0 ? *low : *high, reach, reach < 0 ? low : high);
}

static conceptdec_status
check_extent(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view)
{
    int64_t low = 0, high = conceptdec_i_dtype_size(view->dtype), length;
    if (!extend(view->rows, view->row_stride, &low, &high))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: row_stride * rows does not fit an address", name);
    if (!extend(view->cols, view->col_stride, &low, &high))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: col_stride * cols does not fit an address", name);
    uintptr_t address = (uintptr_t)view->data, end;
    if (__builtin_sub_overflow(high, low, &length) || __builtin_add_overflow(address, high, &end) ||
        __builtin_add_overflow(address, low, &end))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: its elements reach beyond the address space", name);
    return CONCEPTDEC_OK;
}

/* A reader writes dense rows: strides say nothing more. */
static conceptdec_status
check_reader(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view, int kinds)
{
    int64_t size = conceptdec_i_dtype_size(view->dtype), row, all;
    if (!(kinds & CONCEPTDEC_I_READERS))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED, "%s: must lie in memory, not come from a reader", name);
    if (!conceptdec_i_mul(view->cols, size, &row) || !conceptdec_i_mul(view->rows, row, &all))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: rows * cols elements do not fit an address", name);
    if ((view->row_stride || view->col_stride) && (view->row_stride != row || view->col_stride != size))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: strides of a reader must be 0, or those of dense rows",
                                 name);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_view_check(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view, int kinds)
{
    if (!view)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", name);
    if (view->device != 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EUNSUPPORTED,
                                 "%s: device %d: only host memory (device 0) is supported", name, view->device);
    if ((view->flags & ~(uint64_t)CONCEPTDEC_MATRIX_READER) || view->reserved[0] || view->reserved[1])
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "%s: unknown flags and reserved must be 0", name);
    CONCEPTDEC_I_TRY(check_dtype(ctx, name, view, kinds));
    if (view->rows < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: rows is %lld, must be at least 1", name,
                                 (long long)view->rows);
    if (view->cols < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: cols is %lld, must be at least 1", name,
                                 (long long)view->cols);
    if (!view->data)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: data is NULL", name);
    return conceptdec_i_view_is_read(view) ? check_reader(ctx, name, view, kinds) : check_extent(ctx, name, view);
}

/* ---- reading ---- */

static double
load_f64(const char *at)
{
    double value;
    memcpy(&value, at, sizeof value);
    return value;
}

static double
load_f32(const char *at)
{
    float value;
    memcpy(&value, at, sizeof value);
    return (double)value;
}

static double
load_f16(const char *at)
{
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    return conceptdec_i_half_to_double(bits);
}

static double
load_bf16(const char *at)
{
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    return conceptdec_i_bfloat_to_double(bits);
}

static int64_t
load_i64(const char *at)
{
    int64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static int64_t
load_i32(const char *at)
{
    int32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

#define LOAD_ALL(load, at, stride, count, out)                                                                         \
    for (int64_t i_ = 0; i_ < (count); i_++)                                                                           \
    (out)[i_] = load((at) + i_ * (stride))

static void
widen_strided(int32_t dtype, const char *at, int64_t stride, int64_t count, double *out)
{
    if (dtype == CONCEPTDEC_FLOAT64)
        LOAD_ALL(load_f64, at, stride, count, out);
    else if (dtype == CONCEPTDEC_FLOAT32)
        LOAD_ALL(load_f32, at, stride, count, out);
    else if (dtype == CONCEPTDEC_FLOAT16)
        LOAD_ALL(load_f16, at, stride, count, out);
    else
        LOAD_ALL(load_bf16, at, stride, count, out);
}

static void
widen_dense(const conceptdec_i_kernels *kernels, int32_t dtype, const char *at, int64_t count, double *out)
{
    if (dtype == CONCEPTDEC_FLOAT64)
        kernels->widen_f64(at, out, count);
    else if (dtype == CONCEPTDEC_FLOAT32)
        kernels->widen_f32(at, out, count);
    else if (dtype == CONCEPTDEC_FLOAT16)
        kernels->widen_f16(at, out, count);
    else
        kernels->widen_bf16(at, out, count);
}

/* Part of a row that a reader delivers. */
static void
widen_read(const conceptdec_i_kernels *kernels, const conceptdec_matrix *view, int64_t row, int64_t col, int64_t count,
           double *out)
{
    int64_t size = conceptdec_i_dtype_size(view->dtype);
    const char *at = conceptdec_i_source_row((conceptdec_i_source *)(uintptr_t)view->data, row);
    if (!at)
        memset(out, 0, (size_t)count * sizeof *out);
    else if (kernels)
        widen_dense(kernels, view->dtype, at + col * size, count, out);
    else
        widen_strided(view->dtype, at + col * size, size, count, out);
}

void
conceptdec_i_view_widen(const conceptdec_i_kernels *kernels, const conceptdec_matrix *view, int64_t row, int64_t col,
                        int64_t count, double *out)
{
    if (conceptdec_i_view_is_read(view)) {
        widen_read(kernels, view, row, col, count, out);
        return;
    }
    const char *at = conceptdec_i_at(view, row, col);
    if (kernels && conceptdec_i_view_is_dense_rows(view))
        widen_dense(kernels, view->dtype, at, count, out);
    else
        widen_strided(view->dtype, at, view->col_stride, count, out);
}

#define COPY_ALL(size)                                                                                                 \
    for (int64_t i_ = 0; i_ < count; i_++)                                                                             \
    memcpy(out + i_ * (size), at + i_ * stride, size)

static void
copy_strided(int64_t size, const char *at, int64_t stride, int64_t count, char *out)
{
    if (stride == size)
        memcpy(out, at, (size_t)(count * size));
    else if (size == 2)
        COPY_ALL(2);
    else if (size == 4)
        COPY_ALL(4);
    else
        COPY_ALL(8);
}

void
conceptdec_i_view_copy(const conceptdec_matrix *view, int64_t row, int64_t col, int64_t count, void *out)
{
    int64_t size = conceptdec_i_dtype_size(view->dtype);
    if (!conceptdec_i_view_is_read(view)) {
        copy_strided(size, conceptdec_i_at(view, row, col), view->col_stride, count, out);
        return;
    }
    const char *at = conceptdec_i_source_row((conceptdec_i_source *)(uintptr_t)view->data, row);
    if (at)
        memcpy(out, at + col * size, (size_t)(count * size));
    else
        memset(out, 0, (size_t)(count * size));
}

void
conceptdec_i_view_ints(const conceptdec_matrix *view, int64_t col, int64_t *out)
{
    const char *at = conceptdec_i_at(view, 0, col);
    if (view->dtype == CONCEPTDEC_INT64)
        LOAD_ALL(load_i64, at, view->row_stride, view->rows, out);
    else
        LOAD_ALL(load_i32, at, view->row_stride, view->rows, out);
}

/* ---- the first non-finite value ---- */

#define SCAN_ELEMENTS (1 << 21) /* of one task: some milliseconds */
#define SCAN_PIECE 1024         /* columns widened at a time */

typedef struct scan_argument {
    conceptdec_ctx *ctx;
    const char *name;
    const conceptdec_matrix *view;
    int64_t rows_per_task;
} scan_argument;

/* Adding one to a full exponent field carries into the sign. */
static uint64_t
exponent_carry(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & 0x7ff0000000000000u) + 0x0010000000000000u;
}

int64_t
conceptdec_i_first_non_finite(const double *values, int64_t n)
{
    uint64_t seen = 0;
    for (int64_t i = 0; i < n; i++)
        seen |= exponent_carry(values[i]);
    if (!(seen >> 63))
        return -1;
    int64_t i = 0;
    while (!(exponent_carry(values[i]) >> 63))
        i++;
    return i;
}

static int64_t
scan_row(const scan_argument *scan, int64_t row)
{
    double values[SCAN_PIECE];
    for (int64_t col = 0; col < scan->view->cols; col += SCAN_PIECE) {
        int64_t left = scan->view->cols - col;
        int64_t count = left < SCAN_PIECE ? left : SCAN_PIECE;
        conceptdec_i_view_widen(scan->ctx->kernels, scan->view, row, col, count, values);
        int64_t found = conceptdec_i_first_non_finite(values, count);
        if (found >= 0)
            return col + found;
    }
    return -1;
}

static conceptdec_status
scan_task(void *argument, int64_t task, int lane)
{
    const scan_argument *scan = argument;
    (void)lane;
    int64_t end = task_end(task, scan->rows_per_task, scan->view->rows);
    for (int64_t row = task * scan->rows_per_task; row < end; row++) {
        int64_t col = scan_row(scan, row);
        if (col >= 0)
            return conceptdec_i_fail(scan->ctx, CONCEPTDEC_ENONFINITE, "%s: non-finite value at row %lld, column %lld",
                                     scan->name, (long long)row, (long long)col);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_view_finite(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view)
{
    int64_t rows = SCAN_ELEMENTS / view->cols;
    scan_argument scan = {.ctx = ctx, .name = name, .view = view, .rows_per_task = rows > 0 ? rows : 1};
    int64_t tasks = (view->rows - 1) / scan.rows_per_task + 1;
    conceptdec_i_stage(ctx, "input", tasks);
    return conceptdec_i_parallel(ctx, tasks, scan_task, &scan);
}
