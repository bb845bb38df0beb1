/* Alignment index (Elsayed et al. 2016): the variance of a concept's samples in another one's subspace, of what as many directions
 * can hold at most. One pass over the rows of each view for all directions of its concepts. */
#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "linalg/passes.h"
#include "stats/class_means.h"
#include "subspace/subspace_overlap.h"

#define MOST_COLUMNS 128 /* of one pass */

typedef struct {
    conceptdec_i_concepts *c;
    conceptdec_i_passes passes;
    conceptdec_i_rows rows;
    bool is_centered;
    double *center;   /* d: mean of the means; NULL: 0 */
    double *means;    /* classes x d */
    int64_t *counts;  /* samples of each class */
    double *offsets;  /* classes x columns: means along the directions of this pass, from the centre */
    double *partial;  /* slabs x classes x columns: sums of squares */
    double *variance; /* classes x directions of the view */
    int64_t columns;  /* of this pass */
    const double **w;
    int64_t view, first, end; /* directions of the view */
    double *index;
} aligning;

/* ---- variances along directions ---- */

static conceptdec_status
square(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const aligning *a = argument;
    const int32_t *labels = a->c->labels + chunk->first;
    double *sums = a->partial + chunk->slab * a->c->classes * MOST_COLUMNS;
    (void)lane;
    for (int64_t j = 0; j < chunk->columns; j++) {
        const double *values = (const double *)chunk->values + j * chunk->ld;
        for (int64_t i = 0; i < chunk->count; i++)
            if (labels[i] >= 0) {
                int64_t at = labels[i] * MOST_COLUMNS + j;
                double apart = values[i] - a->offsets[at];
                sums[at] += apart * apart;
            }
    }
    return CONCEPTDEC_OK;
}

static void
find_offsets(aligning *a)
{
    int64_t d = a->c->d;
    for (int64_t class = 0; a->is_centered && class < a->c->classes; class++)
        for (int64_t j = 0; j < a->columns; j++) {
            double sum = 0;
            for (int64_t i = 0; i < d; i++)
                sum += (a->means[class * d + i] - a->center[i]) * a->w[j][i];
            a->offsets[class * MOST_COLUMNS + j] = sum;
        }
}

/* Directions `from` and so many more. */
static conceptdec_status
measure_some(aligning *a, int64_t from)
{
    conceptdec_i_concepts *c = a->c;
    int64_t each = c->classes * MOST_COLUMNS, all = a->end - a->first;
    a->columns = min64(MOST_COLUMNS, a->end - from);
    for (int64_t j = 0; j < a->columns; j++)
        a->w[j] = c->subspaces->bases + (from + j) * c->d;
    memset(a->partial, 0, (size_t)(CONCEPTDEC_I_PASSES_MOST_SLABS * each) * sizeof *a->partial);
    find_offsets(a);
    CONCEPTDEC_I_TRY(conceptdec_i_passes_run(&a->passes, &a->rows, CONCEPTDEC_I_TILE_F64, a->columns, a->w, NULL, square, a));
    for (int64_t class = 0; class < c->classes; class++)
        for (int64_t j = 0; j < a->columns; j++) {
            double sum = 0, n = (double)(a->counts[class] - a->is_centered);
            for (int64_t slab = 0; slab < CONCEPTDEC_I_PASSES_MOST_SLABS; slab++)
                sum += a->partial[slab * each + class * MOST_COLUMNS + j];
            a->variance[class * all + from - a->first + j] = sum / n;
        }
    return CONCEPTDEC_OK;
}

/* ---- one view ---- */

/* What `count` directions can hold of the variance of the samples of s: known where s has as many, or all that there are. */
static double
most_variance(const conceptdec_subspaces *all, int64_t s, int64_t count)
{
    double sum = 0;
    if (count > all->ranks[s] && all->n_missing[s] == 0)
        return (double)NAN;
    for (int64_t i = 0; i < min64(count, all->ranks[s]); i++)
        sum += all->variances[all->start[s] + i];
    return sum;
}

static void
divide(const aligning *a, int64_t from)
{
    const conceptdec_subspaces *all = a->c->subspaces;
    int64_t classes = a->c->classes, directions = a->end - a->first;
    for (int64_t s = 0; s < classes; s++)
        for (int64_t t = 0; t < classes; t++) {
            int64_t first = all->start[from + t] - a->first, count = all->ranks[from + t];
            double sum = 0;
            for (int64_t j = 0; j < count; j++)
                sum += a->variance[s * directions + first + j];
            if (count > 0 && all->ranks[from + s] > 0)
                a->index[(from + s) * all->count + from + t] = sum / most_variance(all, from + s, count);
        }
}

/* The mean of the means of classes that have samples. */
static void
find_center(aligning *a)
{
    double present = 0;
    for (int64_t class = 0; class < a->c->classes; class++)
        present += a->counts[class] > 0;
    memset(a->center, 0, (size_t)a->c->d * sizeof *a->center);
    for (int64_t class = 0; class < a->c->classes; class++)
        for (int64_t i = 0; a->counts[class] > 0 && i < a->c->d; i++)
            a->center[i] += a->means[class * a->c->d + i] / present;
}

static conceptdec_status
align_view(aligning *a, conceptdec_i_arena *arena)
{
    conceptdec_i_concepts *c = a->c;
    int64_t from = a->view * c->classes;
    void *p;
    a->first = c->subspaces->start[from];
    a->end = c->subspaces->start[from + c->classes];
    CONCEPTDEC_I_TRY(conceptdec_i_class_means(arena, c->views[a->view], c->labels, c->classes, a->means, a->counts));
    a->rows = conceptdec_i_rows_of(c->views[a->view]);
    if (a->is_centered) {
        find_center(a);
        a->rows.center = a->center;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "alignment", c->classes * (a->end - a->first), sizeof(double), &p));
    a->variance = p;
    for (int64_t at = a->first; at < a->end; at += MOST_COLUMNS)
        CONCEPTDEC_I_TRY(measure_some(a, at));
    divide(a, from);
    return CONCEPTDEC_OK;
}

static conceptdec_status
align_in(aligning *a, int64_t view)
{
    conceptdec_i_arena arena;
    bool is_read = conceptdec_i_view_is_read(a->c->views[view]);
    a->view = view;
    conceptdec_i_arena_open(&arena, a->c->ctx);
    conceptdec_status status =
        (is_read ? conceptdec_i_passes_open_reading : conceptdec_i_passes_open)(&arena, a->c->d, 0, MOST_COLUMNS, &a->passes);
    if (status == CONCEPTDEC_OK)
        status = align_view(a, &arena);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- all of them ---- */

static conceptdec_status
take_memory(aligning *a)
{
    conceptdec_i_concepts *c = a->c;
    int64_t s = c->subspaces->count, shape[] = {s, s};
    void *p[6];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "alignment", c->d, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take(c->arena, "alignment", c->classes, (uint64_t)c->d * sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "alignment", c->classes, sizeof(int64_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "alignment", c->classes, MOST_COLUMNS * sizeof(double), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "alignment", c->classes,
                                             CONCEPTDEC_I_PASSES_MOST_SLABS * MOST_COLUMNS * sizeof(double), &p[4]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(c->arena, "alignment", MOST_COLUMNS, sizeof(double *), &p[5]));
    a->center = p[0];
    a->means = p[1];
    a->counts = p[2];
    a->offsets = p[3];
    a->partial = p[4];
    a->w = p[5];
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(c->ctx, c->result, CONCEPTDEC_R_ALIGNMENT_INDEX, 2, shape, &a->index));
    for (int64_t i = 0; i < s * s; i++)
        a->index[i] = (double)NAN;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_concepts_align(conceptdec_i_concepts *c)
{
    int32_t basis = c->subspaces_options.basis;
    aligning a = {.c = c, .is_centered = basis == CONCEPTDEC_BASIS_WITHIN};
    if (basis != CONCEPTDEC_BASIS_WITHIN && basis != CONCEPTDEC_BASIS_UNCENTERED)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(take_memory(&a));
    conceptdec_i_stage(c->ctx, "alignment", c->n_views);
    for (int64_t v = 0; v < c->n_views; v++)
        CONCEPTDEC_I_TRY(align_in(&a, v));
    return CONCEPTDEC_OK;
}
