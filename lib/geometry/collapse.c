/* Within-class scatter along the directions in which class means differ. These are few: no matrix of d x d is
 * needed. */
#include <math.h>
#include <string.h>

#include "geometry/geometry.h"
#include "linalg/apply.h"
#include "linalg/engine.h"
#include "linalg/factor.h"
#include "linalg/passes.h"

#define MOST_COLUMNS 64 /* of one pass */

typedef conceptdec_i_geometry_between between;

/* ---- directions ---- */

static conceptdec_status
project_means(conceptdec_i_arena *arena, const conceptdec_i_geometry *g, between *b)
{
    const int64_t count = g->classes.count;
    const conceptdec_i_dense means = {
        .data = g->classes.offset, .n = count, .dims = g->d, .stride = g->d, .is_wide = true};
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "class means", b->rank * count, sizeof(double), &b->along));
    const conceptdec_i_applying a = {.rows = &means,
                                     .n = count,
                                     .columns = b->rank,
                                     .w = b->directions,
                                     .ldw = g->d,
                                     .out = b->along,
                                     .ldo = count,
                                     .precision = CONCEPTDEC_I_TILE_F64};
    return conceptdec_i_apply(g->ctx, &a);
}

static conceptdec_status
find_directions(conceptdec_i_arena *arena, const conceptdec_i_geometry *g, between *b)
{
    const int64_t count = g->classes.count, d = g->d, least = min64(count, d);
    double *rows;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_allow(g, "the directions of class means",
                                                 8.0 * (double)(count + least) * (double)d +
                                                     16.0 * (double)least * (double)count +
                                                     (double)conceptdec_i_singular_bytes(count, d)));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "class means", count * d, sizeof(double), &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "class means", least * d, sizeof(double), &b->directions));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "class means", least, sizeof(double), &b->values));
    memcpy(rows, g->classes.offset, (size_t)(count * d) * sizeof *rows);
    conceptdec_i_stage(g->ctx, "directions of class means", 1);
    CONCEPTDEC_I_TRY(conceptdec_i_poll(g->ctx, 0));
    CONCEPTDEC_I_TRY(conceptdec_i_singular(g->ctx, count, d, rows, b->values, b->directions));
    const double largest = b->values[0];
    const int64_t most = min64(count - 1, d); /* centred means span no more */
    while (b->rank < most && b->values[b->rank] / largest * (b->values[b->rank] / largest) > g->options.tolerance)
        b->rank++;
    return project_means(arena, g, b);
}

/* ---- NC1 ---- */

typedef struct {
    const conceptdec_i_geometry *g;
    const double *mean; /* rank x count: class means along the directions */
    int64_t first;      /* direction of the first column */
    double sums[CONCEPTDEC_I_PASSES_MOST_SLABS * MOST_COLUMNS];
} scattering;

/* sum over rows of (offset from the class mean along v)^2 / size of the class. */
static conceptdec_status
add_squares(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    scattering *s = argument;
    const conceptdec_i_geometry_classes *c = &s->g->classes;
    const double *values = chunk->values;
    (void)lane;
    for (int64_t k = 0; k < chunk->columns; k++) {
        const double *mean = s->mean + (s->first + k) * c->count;
        double *sum = &s->sums[chunk->slab * MOST_COLUMNS + k];
        for (int64_t i = 0; i < chunk->count; i++) {
            int32_t label = c->label[chunk->first + i];
            if (label < 0)
                continue;
            double off = values[k * chunk->ld + i] / s->g->unit - mean[label];
            *sum += off * off / (double)c->size[label];
        }
    }
    return CONCEPTDEC_OK;
}

/* Offsets are from the mean of the means; rows are counted from those of the columns. */
static void
shift_means(const conceptdec_i_geometry *g, const between *b, double *mean)
{
    const int64_t count = g->classes.count;
    for (int64_t k = 0; k < b->rank; k++) {
        double grand = 0;
        for (int64_t j = 0; j < g->d; j++)
            grand += b->directions[k * g->d + j] * g->classes.grand[j];
        for (int64_t c = 0; c < count; c++)
            mean[k * count + c] = b->along[k * count + c] + grand;
    }
}

/* 1/C sum over k of (v_k' Sw v_k) / (values[k]^2 / C). */
static conceptdec_status
find_nc1(conceptdec_i_arena *arena, const conceptdec_i_geometry *g, const between *b, double *nc1)
{
    const int64_t count = g->classes.count, most = min64(MOST_COLUMNS, b->rank);
    conceptdec_i_passes passes;
    conceptdec_i_rows rows = conceptdec_i_rows_of(g->x);
    scattering *s;
    double *mean, sum = 0;
    const double *from[MOST_COLUMNS];
    bool is_read = conceptdec_i_view_is_read(g->x);
    rows.center = g->columns.mean;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "scatter", 1, sizeof *s, &s));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "class means", b->rank * count, sizeof(double), &mean));
    CONCEPTDEC_I_TRY(
        (is_read ? conceptdec_i_passes_open_reading : conceptdec_i_passes_open)(arena, g->d, 0, most, &passes));
    shift_means(g, b, mean);
    conceptdec_i_stage(g->ctx, "scatter", conceptdec_i_passes_slabs(&passes, g->n) * ceil_div(b->rank, MOST_COLUMNS));
    for (int64_t first = 0; first < b->rank; first += MOST_COLUMNS) {
        int64_t columns = min64(MOST_COLUMNS, b->rank - first);
        *s = (scattering){.g = g, .mean = mean, .first = first};
        for (int64_t k = 0; k < columns; k++)
            from[k] = b->directions + (first + k) * g->d;
        CONCEPTDEC_I_TRY(
            conceptdec_i_passes_run(&passes, &rows, CONCEPTDEC_I_TILE_F64, columns, from, NULL, add_squares, s));
        for (int64_t k = 0; k < columns; k++) {
            double scatter = 0, value = b->values[first + k];
            for (int64_t slab = 0; slab < CONCEPTDEC_I_PASSES_MOST_SLABS; slab++)
                scatter += s->sums[slab * MOST_COLUMNS + k];
            sum += scatter / value / value;
        }
    }
    *nc1 = sum / (double)count;
    return CONCEPTDEC_OK;
}

static conceptdec_status
measure(conceptdec_i_arena *arena, const conceptdec_i_geometry *g)
{
    between b = {0};
    double nc1 = (double)NAN, captured = (double)NAN;
    const bool has_vci = !conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_SPECTRUM);
    if (g->classes.is_apart) {
        CONCEPTDEC_I_TRY(find_directions(arena, g, &b));
        CONCEPTDEC_I_TRY(find_nc1(arena, g, &b, &nc1));
        if (has_vci)
            CONCEPTDEC_I_TRY(conceptdec_i_geometry_captured(arena, g, &b, &captured));
    }
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put(g, CONCEPTDEC_R_NC1, nc1));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_put_count(g, CONCEPTDEC_R_NC1_RANK, b.rank));
    return has_vci ? conceptdec_i_geometry_put(g, CONCEPTDEC_R_VCI, 1 - captured / (double)b.rank) : CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_geometry_collapse(conceptdec_i_geometry *g)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = measure(&arena, g);
    conceptdec_i_arena_close(&arena);
    return status;
}
