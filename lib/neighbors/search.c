/* The exact search: survey, distinct rows, screening tiles, exact distances, table. */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "neighbors/candidates.h"
#include "neighbors/sides.h"

#define BLOCK CONCEPTDEC_I_TILE_ROWS

typedef struct {
    conceptdec_ctx *ctx;
    conceptdec_i_arena *arena;
    const conceptdec_i_search *search;
    conceptdec_i_survey of_x, of_queries;
    conceptdec_i_sides sides;
    conceptdec_i_operand queries, refs; /* items: lists, values */
    bool symmetric;
    conceptdec_i_screening screening;
    uint8_t *whole; /* per list */
} finder;

/* Single-precision tiles are enough for everything but float64 input. */
static int
precision_for(const conceptdec_i_search *search)
{
    bool wide = search->x->dtype == CONCEPTDEC_FLOAT64 ||
                (search->queries && search->queries->dtype == CONCEPTDEC_FLOAT64);
    return wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
}

/* The power of two that brings centred values to magnitude 2^29: squares then lie far from both ends of float. */
static double
scale_for(double largest)
{
    int exponent = 0;
    if (largest == 0)
        return 1;
    (void)frexp(2 * largest, &exponent);
    return ldexp(1.0, 29 - exponent);
}

static double
largest_of(const finder *f)
{
    return f->search->queries ? fmax(f->of_x.largest, f->of_queries.largest) : f->of_x.largest;
}

/* factor of each item: that of its row. */
static conceptdec_status
gather_factors(finder *f, const conceptdec_i_survey *survey, const int32_t *rows, int64_t n, const double **factor,
               const uint8_t **zero)
{
    void *p;
    *factor = NULL;
    *zero = NULL;
    if (survey->factor) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "row factors", n, sizeof(double), &p));
        double *out = p;
        for (int64_t i = 0; i < n; i++)
            out[i] = survey->factor[rows[i]];
        *factor = out;
    }
    if (survey->zero) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "zero rows", n, 1, &p));
        uint8_t *out = p;
        for (int64_t i = 0; i < n; i++)
            out[i] = survey->zero[rows[i]];
        *zero = out;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
set_operands(finder *f)
{
    const conceptdec_i_search *search = f->search;
    conceptdec_i_screening *s = &f->screening;
    const conceptdec_i_survey *of_queries = search->queries ? &f->of_queries : &f->of_x;
    double scale = scale_for(largest_of(f));
    f->refs = (conceptdec_i_operand){.view = search->x, .n = f->sides.n_values, .row = f->sides.value_row,
                                     .mean = f->of_x.mean, .scale = scale};
    f->queries = (conceptdec_i_operand){.view = of_queries->view, .n = f->sides.n_lists, .row = f->sides.list_row,
                                        .mean = f->of_x.mean, .scale = scale};
    CONCEPTDEC_I_TRY(
        gather_factors(f, &f->of_x, f->sides.value_row, f->refs.n, &f->refs.factor, &s->ref_zero));
    if (f->symmetric) {
        f->queries = f->refs;
        s->query_zero = s->ref_zero;
        return CONCEPTDEC_OK;
    }
    return gather_factors(f, of_queries, f->sides.list_row, f->queries.n, &f->queries.factor, &s->query_zero);
}

/* What products may be off by, as a share of the sum of both squared norms: the chain of the product, rounding of the
 * packed items, the last operations, and the refining sum (docs/screening.md). */
static double
error_share(int64_t dims, int precision)
{
    double unit = precision == CONCEPTDEC_I_TILE_F32 ? 0x1p-24 : 0x1p-53;
    return conceptdec_i_tiles_error(dims, precision) + 24 * unit + 4 * (double)(dims + 16) * 0x1p-53;
}

static void
set_bound(int precision, void *bounds, int64_t i, double bound)
{
    if (precision == CONCEPTDEC_I_TILE_F64) {
        ((double *)bounds)[i] = bound;
        return;
    }
    float rounded = (float)bound;
    ((float *)bounds)[i] = (double)rounded > bound ? nextafterf(rounded, -INFINITY) : rounded;
}

/* Norms of one side and their lower bounds. The zero row under cosine has no direction: NaN keeps it out of the
 * screening, its distances are known beforehand (start_lists). */
static conceptdec_status
take_norms(finder *f, const conceptdec_i_operand *operand, const uint8_t *zero, const double **norms, void **bounds)
{
    conceptdec_i_screening *s = &f->screening;
    uint64_t size = s->precision == CONCEPTDEC_I_TILE_F32 ? sizeof(float) : sizeof(double);
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "row norms", operand->n, sizeof(double), &p));
    double *out = p;
    *norms = out;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "row norms", operand->n + BLOCK, size, bounds));
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(f->ctx, operand, s->precision, out));
    for (int64_t i = 0; i < operand->n; i++) {
        double bound = out[i] - (s->error * out[i] + s->floor);
        if (zero && zero[i])
            bound = NAN;
        set_bound(s->precision, *bounds, i, bound);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_lists(finder *f)
{
    conceptdec_i_screening *s = &f->screening;
    int64_t n = f->queries.n, k = s->k, capacity = k + (k / 2 > 22 ? k / 2 : 22);
    if (capacity > f->refs.n + 2)
        capacity = f->refs.n + 2;
    int64_t blocks = (n + BLOCK - 1) / BLOCK, total;
    if (!conceptdec_i_mul(n, capacity, &total))
        return conceptdec_i_fail(f->ctx, CONCEPTDEC_EOVERFLOW, "k: the neighbour lists do not fit an address");
    void *p[8];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "candidates", n, sizeof *s->lists, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "candidates", total, sizeof *s->pool, &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "limits", n + BLOCK, sizeof(double), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "locks", blocks, sizeof *s->locks, &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "rows", 2 * conceptdec_i_lanes(f->ctx) * f->refs.view->cols,
                                             sizeof(double), &p[4]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "list marks", n, 1, &p[5]));
    int lanes = conceptdec_i_lanes(f->ctx);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "bounds", lanes, sizeof(double *), &p[6]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(f->arena, "bounds", lanes, sizeof(int64_t), &p[7]));
    s->bounds = p[6];
    s->bounds_capacity = p[7];
    s->lists = p[0];
    s->pool = p[1];
    s->limits = p[2];
    s->locks = p[3];
    s->rows = p[4];
    f->whole = p[5];
    s->capacity = (int32_t)capacity;
    for (int64_t b = 0; b < blocks; b++)
        pthread_mutex_init(&s->locks[b], NULL);
    return CONCEPTDEC_OK;
}

/* The one value (or list) that is all zero, under cosine; -1 without one. */
static int64_t
find_zero(const uint8_t *zero, int64_t n)
{
    const uint8_t *found = zero ? memchr(zero, 1, (size_t)n) : NULL;
    return found ? found - zero : -1;
}

/* The zero row is at distance 1 from every row. */
static conceptdec_status
push_zero_rows(finder *f)
{
    conceptdec_i_screening *s = &f->screening;
    int64_t value = find_zero(s->ref_zero, f->refs.n), list = find_zero(s->query_zero, f->queries.n);
    for (int64_t l = 0; value >= 0 && l < f->queries.n; l++)
        CONCEPTDEC_I_TRY(conceptdec_i_screening_push_exact(s, (int32_t)l, (int32_t)value, 1.0));
    for (int64_t v = 0; list >= 0 && v < f->refs.n; v++)
        if (v != value)
            CONCEPTDEC_I_TRY(conceptdec_i_screening_push_exact(s, (int32_t)list, (int32_t)v, 1.0));
    return CONCEPTDEC_OK;
}

/* Empty lists but for what the tiles will not show: with symmetric tiles, which never visit the diagonal, a list's own
 * value. */
static conceptdec_status
start_lists(finder *f)
{
    conceptdec_i_screening *s = &f->screening;
    for (int64_t l = 0; l < f->queries.n; l++) {
        if (s->lists[l].capacity > s->capacity)
            conceptdec_i_give(f->ctx, s->lists[l].items);
        s->lists[l] = (conceptdec_i_candidate_list){.items = s->pool + l * s->capacity, .capacity = s->capacity};
        if (s->precision == CONCEPTDEC_I_TILE_F32)
            ((float *)s->limits)[l] = INFINITY;
        else
            ((double *)s->limits)[l] = INFINITY;
        if (f->symmetric && !(s->ref_zero && s->ref_zero[l]))
            CONCEPTDEC_I_TRY(conceptdec_i_screening_push_exact(s, (int32_t)l, (int32_t)l, 0.0));
    }
    return push_zero_rows(f);
}

static void
drop_lists(finder *f)
{
    conceptdec_i_screening *s = &f->screening;
    for (int64_t l = 0; s->lists && l < f->queries.n; l++)
        if (s->lists[l].capacity > s->capacity)
            conceptdec_i_give(f->ctx, s->lists[l].items);
    for (int i = 0; s->bounds && i < conceptdec_i_lanes(f->ctx); i++)
        conceptdec_i_give(f->ctx, s->bounds[i]);
    for (int64_t b = 0; s->locks && b < (f->queries.n + BLOCK - 1) / BLOCK; b++)
        pthread_mutex_destroy(&s->locks[b]);
}

static conceptdec_status
finish_task(void *argument, int64_t task, int lane)
{
    finder *f = argument;
    int64_t end = (task + 1) * 64 < f->queries.n ? (task + 1) * 64 : f->queries.n;
    for (int64_t l = task * 64; l < end; l++)
        CONCEPTDEC_I_TRY(conceptdec_i_screening_finish(&f->screening, (int32_t)l, lane, &f->whole[l]));
    return CONCEPTDEC_OK;
}

/* One pass in one precision. */
static conceptdec_status
screen_all(finder *f, int precision)
{
    conceptdec_i_screening *s = &f->screening;
    s->precision = precision;
    s->error = error_share(f->refs.view->cols, precision);
    s->floor = precision == CONCEPTDEC_I_TILE_F32 ? 0x1p-100 : 0x1p-900;
    s->to_units = f->refs.scale * f->refs.scale * (s->metric == CONCEPTDEC_METRIC_COSINE ? 2 : 1);
    s->refine_budget = precision == CONCEPTDEC_I_TILE_F32 ? 8 * f->queries.n * s->k + 65536 : 0;
    CONCEPTDEC_I_TRY(take_norms(f, &f->refs, s->ref_zero, &s->ref_norms, &s->ref_bounds));
    s->query_norms = s->ref_norms;
    s->query_bounds = s->ref_bounds;
    if (!f->symmetric)
        CONCEPTDEC_I_TRY(take_norms(f, &f->queries, s->query_zero, &s->query_norms, &s->query_bounds));
    s->all_count = !s->codes->any || (s->codes->by_row && f->symmetric);
    CONCEPTDEC_I_TRY(start_lists(f));
    return conceptdec_i_tiles_run(f->ctx, &f->queries, f->symmetric ? NULL : &f->refs, precision,
                                  conceptdec_i_screening_tile, s);
}

static conceptdec_status
find(finder *f)
{
    conceptdec_i_screening *s = &f->screening;
    int64_t finishing = (f->queries.n + 63) / 64;
    int precision = precision_for(f->search);
    s->queries = &f->queries;
    s->refs = &f->refs;
    CONCEPTDEC_I_TRY(take_lists(f));
    int64_t tiles = conceptdec_i_tiles_tasks(f->ctx, f->queries.n, f->symmetric ? 0 : f->refs.n, f->refs.view->cols,
                                             precision);
    conceptdec_i_stage(f->ctx, "neighbors", tiles + finishing);
    conceptdec_status status = screen_all(f, precision);
    if (status == CONCEPTDEC_I_TOO_LOOSE)
        status = screen_all(f, CONCEPTDEC_I_TILE_F64);
    CONCEPTDEC_I_TRY(status);
    return conceptdec_i_parallel(f->ctx, finishing, finish_task, f);
}

/* ---- from candidates to the table ---- */

static conceptdec_status
copy_lists(finder *f, conceptdec_neighbors *table)
{
    const conceptdec_i_screening *s = &f->screening;
    int64_t n = f->queries.n;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(f->ctx, "neighbour lists", n + 1, sizeof(int64_t), &p));
    table->list_start = p;
    for (int64_t l = 0; l < n; l++)
        table->list_start[l + 1] = table->list_start[l] + s->lists[l].count;
    CONCEPTDEC_I_TRY(conceptdec_i_take(f->ctx, "neighbour lists", table->list_start[n], sizeof(conceptdec_i_entry), &p));
    table->entries = p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(f->ctx, "list marks", n, 1, &p));
    table->list_is_whole = p;
    memcpy(table->list_is_whole, f->whole, (size_t)n);
    for (int64_t l = 0; l < n; l++) {
        conceptdec_i_entry *out = table->entries + table->list_start[l];
        for (int32_t i = 0; i < s->lists[l].count; i++)
            out[i] = (conceptdec_i_entry){.d2 = s->lists[l].items[i].d2, .value = s->lists[l].items[i].value};
    }
    table->n_lists = n;
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy(conceptdec_ctx *ctx, const char *what, const void *source, int64_t count, uint64_t size, void **out)
{
    if (!source)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, what, count, size, out));
    memcpy(*out, source, (size_t)count * size);
    return CONCEPTDEC_OK;
}

static conceptdec_status
fill_table(finder *f, conceptdec_neighbors *t)
{
    const conceptdec_i_search *search = f->search;
    const conceptdec_i_sides *sides = &f->sides;
    conceptdec_ctx *ctx = f->ctx;
    t->n_rows = search->x->rows;
    t->n_queries = search->queries ? search->queries->rows : t->n_rows;
    t->dims = search->x->cols;
    t->k = search->k;
    t->metric = search->metric;
    t->is_self = search->queries == NULL;
    t->scale = search->metric == CONCEPTDEC_METRIC_L2 ? f->of_x.rescale : 1;
    t->n_values = sides->n_values;
    t->n_zero_rows = f->of_x.n_zero;
    t->n_refined = (uint64_t)f->screening.n_refined;
    t->n_pushed = (uint64_t)f->screening.n_pushed;
    void *p[7] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    conceptdec_status status = copy(ctx, "rows of values", sides->value_start, t->n_values + 1, 8, &p[0]);
    if (status == CONCEPTDEC_OK)
        status = copy(ctx, "rows of values", sides->value_rows, sides->value_start[t->n_values], 4, &p[1]);
    if (status == CONCEPTDEC_OK)
        status = copy(ctx, "values of rows", sides->value_of_row, t->n_rows, 4, &p[2]);
    if (status == CONCEPTDEC_OK)
        status = copy(ctx, "zero rows", f->screening.ref_zero, t->n_values, 1, &p[3]);
    if (status == CONCEPTDEC_OK)
        status = copy(ctx, "lists of queries", sides->list_of_query, t->n_queries, 4, &p[4]);
    if (status == CONCEPTDEC_OK)
        status = copy(ctx, "groups", search->group, t->n_rows, 8, &p[5]);
    if (status == CONCEPTDEC_OK && !t->is_self)
        status = copy(ctx, "groups", search->query_group, t->n_queries, 8, &p[6]);
    t->value_start = p[0];
    t->rows = p[1];
    t->value_of_row = p[2];
    t->value_is_zero = p[3];
    t->list_of_query = p[4];
    t->group = p[5];
    t->query_group = t->is_self ? p[5] : p[6];
    CONCEPTDEC_I_TRY(status);
    return copy_lists(f, t);
}

static conceptdec_status
make_table(finder *f, conceptdec_neighbors **table)
{
    conceptdec_neighbors *t;
    CONCEPTDEC_I_TRY(conceptdec_i_table_new(f->ctx, &t));
    conceptdec_status status = fill_table(f, t);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_fingerprint(f->ctx, f->search->x, &t->fingerprint);
    if (status == CONCEPTDEC_OK)
        *table = t;
    else
        conceptdec_neighbors_free(t);
    return status;
}

static conceptdec_status
search_in(finder *f, conceptdec_neighbors **table)
{
    const conceptdec_i_search *search = f->search;
    CONCEPTDEC_I_TRY(conceptdec_i_survey_take(f->arena, search->x, search->queries, search->metric, &f->of_x,
                                              &f->of_queries));
    CONCEPTDEC_I_TRY(conceptdec_i_sides_make(f->arena, search, &f->of_x, &f->of_queries, &f->sides));
    f->symmetric = f->sides.is_symmetric;
    f->screening = (conceptdec_i_screening){
        .ctx = f->ctx, .codes = &f->sides.codes, .metric = search->metric, .k = search->k};
    CONCEPTDEC_I_TRY(set_operands(f));
    conceptdec_status status = find(f);
    if (status == CONCEPTDEC_OK)
        status = make_table(f, table);
    drop_lists(f);
    return status;
}

conceptdec_status
conceptdec_i_table_search(conceptdec_ctx *ctx, const conceptdec_i_search *search, conceptdec_neighbors **table)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    finder f = {.ctx = ctx, .arena = &arena, .search = search};
    conceptdec_status status = search_in(&f, table);
    conceptdec_i_arena_close(&arena);
    return status;
}
