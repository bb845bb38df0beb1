/* Matrices of tests: views of arrays, and of a reader that gives no rows. */
#ifndef CONCEPTDEC_TESTS_VIEWS_H
#define CONCEPTDEC_TESTS_VIEWS_H

#include <conceptdec/conceptdec.h>

static inline conceptdec_matrix
dense(const double *data, int64_t rows, int64_t cols)
{
    return (conceptdec_matrix){
        .data = data, .rows = rows, .cols = cols, .row_stride = 8 * cols, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
}

static inline conceptdec_matrix
column_of_codes(const int64_t *codes, int64_t rows)
{
    return (conceptdec_matrix){
        .data = codes, .rows = rows, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
}

static inline int32_t
refuse_rows(void *user, int64_t first, int64_t count, void *out)
{
    (void)user, (void)first, (void)count, (void)out;
    return 3;
}

/* Rows of which a reader gives none: it returns 3. */
static inline conceptdec_matrix
unreadable(int64_t rows, int64_t cols)
{
    static const conceptdec_reader reader = {.struct_size = sizeof reader, .read = refuse_rows};
    return (conceptdec_matrix){
        .data = &reader, .rows = rows, .cols = cols, .dtype = CONCEPTDEC_FLOAT64, .flags = CONCEPTDEC_MATRIX_READER};
}

#endif
