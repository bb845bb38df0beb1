/* Class means: sums are products of the rows with columns of ones and zeros, 64 classes at a time. */
#include "stats/class_means.h"

#include <math.h>

#include "linalg/engine.h"
#include "linalg/passes.h"

#define MOST_COLUMNS 64 /* of one pass */

typedef struct {
    const int32_t *labels;
    int64_t first; /* class of the first column */
} members;

static conceptdec_status
mark(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const members *m = argument;
    double *values = chunk->values;
    (void)lane;
    for (int64_t j = 0; j < chunk->columns; j++)
        for (int64_t i = 0; i < chunk->count; i++)
            values[j * chunk->ld + i] = m->labels[chunk->first + i] == m->first + j;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_class_means_about(conceptdec_i_arena *arena, const conceptdec_matrix *x, const int32_t *row, int64_t n,
                               const int32_t *labels, int64_t classes, const double *center, double *means,
                               int64_t *count)
{
    const int64_t d = x->cols, most = min64(classes, MOST_COLUMNS);
    conceptdec_i_rows rows = conceptdec_i_rows_of(x);
    conceptdec_i_passes passes;
    double *to[MOST_COLUMNS];
    bool is_read = conceptdec_i_view_is_read(x);
    CONCEPTDEC_I_TRY(
        (is_read ? conceptdec_i_passes_open_reading : conceptdec_i_passes_open)(arena, d, 0, most, &passes));
    rows.row = row;
    rows.n = n;
    rows.center = center;
    for (int64_t c = 0; c < classes; c++)
        count[c] = 0;
    for (int64_t i = 0; i < n; i++)
        if (labels[i] >= 0)
            count[labels[i]]++;
    for (members m = {labels, 0}; m.first < classes; m.first += MOST_COLUMNS) {
        int64_t columns = min64(MOST_COLUMNS, classes - m.first);
        for (int64_t j = 0; j < columns; j++)
            to[j] = means + (m.first + j) * d;
        CONCEPTDEC_I_TRY(
            conceptdec_i_passes_run(&passes, &rows, CONCEPTDEC_I_TILE_F64, columns, NULL, to, mark, &m));
    }
    for (int64_t c = 0; c < classes; c++)
        for (int64_t j = 0; j < d; j++)
            means[c * d + j] = count[c] > 0 ? means[c * d + j] / (double)count[c] : (double)NAN;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_class_means(conceptdec_i_arena *arena, const conceptdec_matrix *x, const int32_t *labels, int64_t classes,
                         double *means, int64_t *count)
{
    return conceptdec_i_class_means_about(arena, x, NULL, x->rows, labels, classes, NULL, means, count);
}
