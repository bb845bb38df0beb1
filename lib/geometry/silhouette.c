/* Silhouettes: the sum of the distances of each row to each class, tile by tile. Tiles come in any order, so what
 * each adds is kept in whole numbers, whose sums have no order. */
#include <math.h>

#include "geometry/geometry.h"
#include "kernels/kernels.h"
#include "linalg/distances.h"
#include "linalg/engine.h"

/* A squared distance below this share of the squared norms is computed from the rows themselves: at 1024 dimensions
 * what is kept is within 2^-26 of itself by the bound of rounding, in truth much closer. */
#define CLOSE 0x1p-18
#define CHUNK 256 /* rows whose sums a lock guards */

/* Units of 2^-30 and of 2^-70 of the largest distance; as many rows as there can be add up. */
typedef struct {
    int64_t units, parts;
} amount;

typedef struct {
    double *row, *buffer; /* d */
    double *column;       /* distances of a column of a tile */
    double *by_row;       /* tile rows: to the class of the columns so far */
    double *d2;           /* tile rows */
    int32_t *close;       /* tile rows */
    int64_t n_refined;
} scratch;

typedef struct {
    conceptdec_ctx *ctx;
    const conceptdec_i_geometry *g;
    bool is_cosine;
    int64_t n;              /* items: labelled rows in the order of their classes */
    int32_t *class;         /* of each item */
    double *norms, *factor; /* squared, as packed; of each item */
    conceptdec_i_operand items;
    double unit;  /* a power of two at or above every distance, as packed */
    amount *sums; /* n x C */
    pthread_mutex_t *locks;
    scratch *lanes;
} silhouette;

/* ---- sums ---- */

static void
add_amount(const silhouette *s, int64_t item, int32_t class, double value)
{
    amount *to = &s->sums[item * s->g->classes.count + class];
    double scaled = value / s->unit * 0x1p30, units = floor(scaled);
    to->units += (int64_t)units;
    to->parts += (int64_t)((scaled - units) * 0x1p40);
}

static double
amount_of(const silhouette *s, int64_t item, int64_t class)
{
    const amount *sum = &s->sums[item * s->g->classes.count + class];
    return (double)sum->units * 0x1p-30 + (double)sum->parts * 0x1p-70;
}

static double
add_up(const double *v, int64_t n)
{
    double part[8] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            part[k] += v[i + k];
    for (; i < n; i++)
        part[0] += v[i];
    for (int k = 0; k < 8; k++)
        sum += part[k];
    return sum;
}

/* ---- distances ---- */

static bool
is_zero(const silhouette *s, int64_t item)
{
    return s->is_cosine && !(s->factor[item] > 0);
}

/* Those that are close, from the rows. */
static void
refine(const silhouette *s, scratch *l, const conceptdec_i_tile *tile, int64_t item, int32_t n)
{
    conceptdec_i_operand_row(s->ctx->kernels, &s->items, item, l->row);
    conceptdec_i_distances(s->ctx->kernels, &s->items, l->row, l->close, n, l->buffer, l->d2);
    for (int32_t k = 0; k < n; k++)
        l->column[l->close[k] - tile->row] = l->d2[k] * s->items.scale * s->items.scale;
    l->n_refined += n;
}

/* Squared distances of `height` rows of a tile from its column j, then distances. */
static void
measure_column(const silhouette *s, scratch *l, const conceptdec_i_tile *tile, int64_t j, int64_t height)
{
    const double *restrict dots = (const double *)tile->dots + j * tile->ld, *restrict norms = s->norms + tile->row;
    double *restrict column = l->column;
    const double own = s->norms[tile->col + j];
    int32_t n = 0;
    int64_t n_close = 0;
    for (int64_t i = 0; i < height; i++) {
        column[i] = norms[i] + own - 2 * dots[i];
        n_close += column[i] < (norms[i] + own) * CLOSE;
    }
    for (int64_t i = 0; n_close > 0 && i < height; i++)
        if (column[i] < (norms[i] + own) * CLOSE)
            l->close[n++] = (int32_t)(tile->row + i);
    if (n > 0)
        refine(s, l, tile, tile->col + j, n);
    for (int64_t i = 0; i < height; i++)
        column[i] = s->is_cosine ? 0.5 * column[i] : sqrt(column[i]);
    for (int64_t i = 0; s->g->n_zero_rows > 0 && i < height; i++)
        if (is_zero(s, tile->row + i) || is_zero(s, tile->col + j))
            column[i] = 1;
}

/* Rows to classes of the columns, which are runs of equal numbers. */
static void
give_rows(const silhouette *s, scratch *l, const conceptdec_i_tile *tile, int32_t class)
{
    pthread_mutex_lock(&s->locks[tile->row / CHUNK]);
    for (int64_t i = 0; i < tile->rows; i++)
        add_amount(s, tile->row + i, class, l->by_row[i]);
    pthread_mutex_unlock(&s->locks[tile->row / CHUNK]);
    for (int64_t i = 0; i < tile->rows; i++)
        l->by_row[i] = 0;
}

/* A column to the classes of its rows. */
static void
give_column(const silhouette *s, const scratch *l, const conceptdec_i_tile *tile, int64_t item, int64_t height)
{
    int64_t end;
    pthread_mutex_lock(&s->locks[item / CHUNK]);
    for (int64_t first = 0; first < height; first = end) {
        int32_t class = s->class[tile->row + first];
        end = min64(height, s->g->classes.start[class + 1] - tile->row);
        add_amount(s, item, class, add_up(l->column + first, end - first));
    }
    pthread_mutex_unlock(&s->locks[item / CHUNK]);
}

static conceptdec_status
take_tile(void *argument, const conceptdec_i_tile *tile, int lane)
{
    const silhouette *s = argument;
    scratch *l = &s->lanes[lane];
    for (int64_t j = 0; j < tile->cols; j++) {
        int64_t height = conceptdec_i_tile_height(tile, j), item = tile->col + j;
        if (j > 0 && s->class[item] != s->class[item - 1])
            give_rows(s, l, tile, s->class[item - 1]);
        measure_column(s, l, tile, j, height);
        for (int64_t i = 0; i < height; i++)
            l->by_row[i] += l->column[i];
        give_column(s, l, tile, item, height);
    }
    give_rows(s, l, tile, s->class[tile->col + tile->cols - 1]);
    return CONCEPTDEC_OK;
}

/* ---- what is packed ---- */

static conceptdec_status
take_items(conceptdec_i_arena *arena, silhouette *s)
{
    const conceptdec_i_geometry *g = s->g;
    const conceptdec_i_geometry_classes *c = &g->classes;
    double *mean,
        own = fmax(conceptdec_i_largest_of(g->columns.least, g->d), conceptdec_i_largest_of(g->columns.largest, g->d));
    own = s->is_cosine ? 1 : conceptdec_i_unit(own); /* squares of rows as they are could be beyond float64 */
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "silhouettes", s->n, sizeof(int32_t), &s->class));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "silhouettes", s->n, sizeof(double), &s->factor));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "silhouettes", s->n, sizeof(double), &s->norms));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "silhouettes", g->d, sizeof(double), &mean));
    for (int64_t i = 0; i < s->n; i++) {
        s->class[i] = c->label[c->order[i]];
        s->factor[i] = s->is_cosine ? g->inverse_norm[c->order[i]] : 1 / own;
    }
    for (int64_t j = 0; j < g->d; j++)
        mean[j] = s->is_cosine ? g->mean_direction[j] : g->columns.mean[j] / own;
    s->items = (conceptdec_i_operand){.view = g->x, .n = s->n, .row = c->order, .factor = s->factor, .mean = mean};
    s->items.scale = s->is_cosine ? 1 : conceptdec_i_unit(own / g->unit);
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(g->ctx, &s->items, CONCEPTDEC_I_TILE_F64, s->norms));
    double largest = conceptdec_i_largest_of(s->norms, s->n);
    s->unit = conceptdec_i_unit(fmax(s->is_cosine ? 2 : 0, 2.5 * sqrt(largest)));
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_lanes(conceptdec_i_arena *arena, silhouette *s)
{
    const int64_t lanes = conceptdec_i_lanes(s->ctx), d = s->g->d;
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "silhouettes", lanes, sizeof *s->lanes, &s->lanes));
    for (int64_t i = 0; i < lanes; i++) {
        scratch *l = &s->lanes[i];
        CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "silhouettes", 2 * d + 3 * CONCEPTDEC_I_TILE_ROWS,
                                                    sizeof(double), &l->row));
        CONCEPTDEC_I_TRY(
            conceptdec_i_geometry_take(arena, "silhouettes", CONCEPTDEC_I_TILE_ROWS, sizeof(int32_t), &l->close));
        l->buffer = l->row + d;
        l->column = l->buffer + d;
        l->by_row = l->column + CONCEPTDEC_I_TILE_ROWS;
        l->d2 = l->by_row + CONCEPTDEC_I_TILE_ROWS;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
run_tiles(conceptdec_i_arena *arena, silhouette *s)
{
    const int64_t n_locks = ceil_div(s->n, CHUNK);
    CONCEPTDEC_I_TRY(take_lanes(arena, s));
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_take(arena, "silhouettes", n_locks, sizeof *s->locks, &s->locks));
    for (int64_t i = 0; i < n_locks; i++)
        pthread_mutex_init(&s->locks[i], NULL);
    conceptdec_i_stage(s->ctx, "silhouettes",
                       conceptdec_i_tiles_tasks(s->ctx, s->n, 0, s->g->d, CONCEPTDEC_I_TILE_F64));
    conceptdec_status status = conceptdec_i_tiles_run(s->ctx, &s->items, NULL, CONCEPTDEC_I_TILE_F64, take_tile, s);
    for (int64_t i = 0; i < n_locks; i++)
        pthread_mutex_destroy(&s->locks[i]);
    return status;
}

/* ---- scores ---- */

/* (b - a) / max(a, b), a the mean distance to the own class's other rows and b the least mean distance to another
 * class; 0 for the only row of a class, and where both are 0. */
static double
score(const silhouette *s, int64_t item)
{
    const conceptdec_i_geometry_classes *c = &s->g->classes;
    const int32_t own = s->class[item];
    double b = (double)INFINITY;
    if (c->size[own] < 2)
        return 0;
    double a = amount_of(s, item, own) / (double)(c->size[own] - 1);
    for (int64_t k = 0; k < c->count; k++)
        if (k != own && c->size[k] > 0)
            b = fmin(b, amount_of(s, item, k) / (double)c->size[k]);
    return fmax(a, b) > 0 ? (b - a) / fmax(a, b) : 0;
}

static void
conclude(const silhouette *s, double *mean, double *per_concept)
{
    const conceptdec_i_geometry_classes *c = &s->g->classes;
    double all = 0;
    for (int64_t k = 0; k < c->count; k++) {
        double sum = 0;
        for (int64_t i = c->start[k]; i < c->start[k + 1]; i++)
            sum += score(s, i);
        per_concept[k] = c->size[k] > 0 ? sum / (double)c->size[k] : (double)NAN;
        all += sum;
    }
    *mean = all / (double)s->n;
}

static conceptdec_status
measure(conceptdec_i_arena *arena, silhouette *s, double *mean, double *per_concept)
{
    double bytes = (double)s->n * (double)s->g->classes.count * sizeof(amount);
    CONCEPTDEC_I_TRY(conceptdec_i_geometry_allow(s->g, "the silhouette", bytes + 28 * (double)s->n));
    CONCEPTDEC_I_TRY(take_items(arena, s));
    CONCEPTDEC_I_TRY(
        conceptdec_i_geometry_take(arena, "silhouettes", s->n * s->g->classes.count, sizeof(amount), &s->sums));
    CONCEPTDEC_I_TRY(run_tiles(arena, s));
    conclude(s, mean, per_concept);
    int64_t n_refined = 0;
    for (int i = 0; i < conceptdec_i_lanes(s->ctx); i++)
        n_refined += s->lanes[i].n_refined;
    return conceptdec_i_result_diagnostic(s->ctx, s->g->result, "n_refined", (double)n_refined);
}

conceptdec_status
conceptdec_i_geometry_silhouette(conceptdec_i_geometry *g)
{
    silhouette s = {.ctx = g->ctx, .g = g, .n = g->classes.n_labelled};
    double mean = (double)NAN, *per_concept;
    conceptdec_i_arena arena;
    s.is_cosine = g->options.metric == CONCEPTDEC_METRIC_COSINE;
    CONCEPTDEC_I_TRY(conceptdec_i_result_float64(g->ctx, g->result, CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT, 1,
                                                 &g->classes.count, &per_concept));
    for (int64_t k = 0; k < g->classes.count; k++)
        per_concept[k] = (double)NAN;
    conceptdec_i_arena_open(&arena, g->ctx);
    conceptdec_status status = g->classes.n_present > 1 ? measure(&arena, &s, &mean, per_concept) : CONCEPTDEC_OK;
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_geometry_put(g, CONCEPTDEC_R_SILHOUETTE, mean);
    return status;
}
