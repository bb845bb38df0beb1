/* The exact search: survey, distinct rows, screening tiles, exact distances, table. */
#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "linalg/distances.h"
#include "neighbors/known.h"
#include "neighbors/pass.h"
#include "neighbors/sides.h"

#define COPIED_LISTS 256 /* of a task */

typedef struct {
    conceptdec_ctx *ctx;
    conceptdec_i_arena *arena;
    const conceptdec_i_search *search;
    conceptdec_i_survey of_x, of_queries;
    conceptdec_i_sides sides;
    conceptdec_i_clusters clusters;
    conceptdec_i_screening screening;
} finder;

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

/* Items of one side, cluster by cluster. */
static conceptdec_status
set_operand(finder *f, const conceptdec_i_survey *survey, const int32_t *rows, int64_t n, double scale,
            conceptdec_i_operand *operand, const int32_t **id, const uint8_t **zero)
{
    conceptdec_i_arrangement order;
    CONCEPTDEC_I_TRY(
        conceptdec_i_clusters_arrange(f->arena, &f->clusters, survey, f->of_x.mean, rows, n, scale,
                                      f->screening.symmetric ? f->screening.k : 0, &order));
    *id = order.before;
    *operand = (conceptdec_i_operand){.view = survey->view, .n = n, .row = order.row, .mean = f->clusters.center,
                                      .cluster = order.cluster, .scale = scale,
                                      .n_first = order.n_sampled};
    return gather_factors(f, survey, order.row, n, &operand->factor, zero);
}

static conceptdec_status
set_operands(finder *f)
{
    const conceptdec_i_sides *sides = &f->sides;
    conceptdec_i_screening *s = &f->screening;
    double scale = conceptdec_i_tiles_scale(largest_of(f));
    const bool sorted = s->symmetric && !conceptdec_i_view_is_read(f->of_x.view); /* a reader is read in its order */
    CONCEPTDEC_I_TRY(
        conceptdec_i_clusters_find(f->arena, &f->of_x, sides->value_row, sides->n_values, sorted, &f->clusters));
    s->clusters = &f->clusters;
    CONCEPTDEC_I_TRY(set_operand(f, &f->of_x, sides->value_row, sides->n_values, scale, &s->refs, &s->value_id,
                                 &s->ref_zero));
    if (s->symmetric) {
        s->queries = s->refs;
        s->list_id = s->value_id;
        s->query_zero = s->ref_zero;
        return CONCEPTDEC_OK;
    }
    return set_operand(f, f->search->queries ? &f->of_queries : &f->of_x, sides->list_row, sides->n_lists, scale,
                       &s->queries, &s->list_id, &s->query_zero);
}

/* Quantised items are for tiles of int8 alone: their room is that of wider ones, and of the table. */
static void
give_quantized(conceptdec_i_arena *quantized, conceptdec_i_screening *s)
{
    conceptdec_i_arena_close(quantized);
    s->refs.quantized = s->queries.quantized = NULL;
}

/* The narrowest precision that promises to pay; the next where its bound turns out to be too loose after all. */
static conceptdec_status
screen(finder *f, conceptdec_i_arena *quantized)
{
    conceptdec_i_screening *s = &f->screening;
    CONCEPTDEC_I_TRY(conceptdec_i_choose_precision(quantized, s, &s->precision));
    if (s->precision != CONCEPTDEC_I_TILE_I8)
        give_quantized(quantized, s);
    CONCEPTDEC_I_TRY(conceptdec_i_pass_open(f->arena, s));
    conceptdec_status status = conceptdec_i_pass_run(f->arena, s, s->precision);
    while (status == CONCEPTDEC_I_TOO_LOOSE) {
        give_quantized(quantized, s);
        status = conceptdec_i_pass_run(f->arena, s, s->precision + 1);
    }
    return status;
}

static conceptdec_status
find_once(finder *f)
{
    conceptdec_i_arena quantized;
    conceptdec_i_arena_open(&quantized, f->ctx);
    const conceptdec_status status = screen(f, &quantized);
    give_quantized(&quantized, &f->screening);
    return status == CONCEPTDEC_OK ? conceptdec_i_screening_finish(f->arena, &f->screening) : status;
}

/* Once more where what was likely was not true. */
static conceptdec_status
find(finder *f)
{
    const conceptdec_status status = find_once(f);
    if (status != CONCEPTDEC_I_UNLIKELY)
        return status;
    conceptdec_i_pass_close(&f->screening);
    f->screening.proven = true;
    conceptdec_i_stage(f->ctx, "", 0); /* the search begins anew */
    return find_once(f);
}

/* ---- from candidates to the table ---- */

typedef struct {
    const conceptdec_i_screening *s;
    conceptdec_neighbors *table;
} copying;

static conceptdec_status
copy_task(void *argument, int64_t task, int lane)
{
    const copying *c = argument;
    const conceptdec_i_screening *s = c->s;
    const int64_t end = task_end(task, COPIED_LISTS, s->queries.n);
    (void)lane;
    for (int64_t l = task * COPIED_LISTS; l < end; l++) {
        const conceptdec_i_candidate_list *list = &s->lists[l];
        const int32_t id = conceptdec_i_list_id(s, (int32_t)l);
        conceptdec_i_entry *out = c->table->entries + c->table->list_start[id];
        c->table->list_is_whole[id] = s->whole[l];
        for (int32_t i = 0; i < list->count; i++)
            out[i] = (conceptdec_i_entry){.d2 = conceptdec_i_exact_of(list->known[i]),
                                          .value = conceptdec_i_key_value(list->keys[i])};
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy_lists(finder *f, conceptdec_neighbors *table)
{
    const conceptdec_i_screening *s = &f->screening;
    int64_t n = s->queries.n;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(f->ctx, "neighbour lists", n + 1, sizeof(int64_t), &p));
    table->list_start = p;
    for (int64_t l = 0; l < n; l++)
        table->list_start[conceptdec_i_list_id(s, (int32_t)l) + 1] = s->lists[l].count;
    for (int64_t l = 0; l < n; l++)
        table->list_start[l + 1] += table->list_start[l];
    CONCEPTDEC_I_TRY(
        conceptdec_i_take(f->ctx, "neighbour lists", table->list_start[n], sizeof(conceptdec_i_entry), &p));
    table->entries = p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(f->ctx, "list marks", n, 1, &p));
    table->list_is_whole = p;
    table->n_lists = n;
    copying c = {.s = s, .table = table};
    return conceptdec_i_parallel(f->ctx, ceil_div(n, COPIED_LISTS), copy_task, &c);
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

/* Per value, as the table numbers them. */
static conceptdec_status
mark_zero_values(finder *f, void **out)
{
    const uint8_t *zero = f->of_x.zero;
    if (!zero)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_take(f->ctx, "zero rows", f->sides.n_values, 1, out));
    for (int64_t v = 0; v < f->sides.n_values; v++)
        ((uint8_t *)*out)[v] = zero[f->sides.value_row[v]];
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
    t->screening = f->screening.precision + 1;
    void *p[7] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    conceptdec_status status = copy(ctx, "rows of values", sides->value_start, t->n_values + 1, 8, &p[0]);
    if (status == CONCEPTDEC_OK)
        status = copy(ctx, "rows of values", sides->value_rows, sides->value_start[t->n_values], 4, &p[1]);
    if (status == CONCEPTDEC_OK)
        status = copy(ctx, "values of rows", sides->value_of_row, t->n_rows, 4, &p[2]);
    if (status == CONCEPTDEC_OK)
        status = mark_zero_values(f, &p[3]);
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
    f->screening = (conceptdec_i_screening){.ctx = f->ctx, .codes = &f->sides.codes, .metric = search->metric,
                                            .k = search->k, .symmetric = f->sides.is_symmetric};
    CONCEPTDEC_I_TRY(set_operands(f));
    conceptdec_status status = find(f);
    if (status == CONCEPTDEC_OK)
        status = make_table(f, table);
    conceptdec_i_pass_close(&f->screening);
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
