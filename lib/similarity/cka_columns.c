/* Sums from products of columns: what two linear kernels have in common is the sum of the squared products of their
 * views' columns, less what the diagonals have. Cheaper than kernels where rows are many. */
#include <string.h>

#include "linalg/blocks.h"
#include "linalg/engine.h"
#include "linalg/gram.h"
#include "similarity/cka.h"

#define PARTS 64       /* of the rows, for their sums */
#define ROWS 256       /* of a task */
#define KERNEL_COST 16 /* products of columns that take as long as one element of a kernel that is drawn */

typedef struct conceptdec_i_cka_columns {
    int64_t dims;   /* of all views together */
    int64_t *first; /* column of each view; one more: dims */
    bool is_wide;
    int64_t size;
    double **factor;          /* of each view: its scale, for each column */
    char *rows;               /* a block, or all rows: n x dims */
    conceptdec_i_dense dense; /* of them */
    int64_t block;            /* rows of a block */
    double *products;         /* dims x dims */
    /* draws */
    char *gathered; /* n x (columns of a and of b): rows that are paired */
    int64_t dims_both;
    double *again;   /* products by squared weights */
    double *squared; /* weights */
    double *partial; /* PARTS x dims: weighted sums of rows */
    conceptdec_i_cka_draw draw;
} columns;

typedef struct {
    const conceptdec_i_cka *c;
    columns *f;
} job;

/* ---- room ---- */

static int64_t
dims_of(const conceptdec_i_cka *c, int64_t first, int64_t count)
{
    int64_t dims = 0;
    for (int64_t v = first; v < first + count; v++)
        dims += c->sides[v].view->cols;
    return dims;
}

static int64_t
dims_of_both(const conceptdec_i_cka *c)
{
    const conceptdec_i_similarity *s = c->s;
    return dims_of(c, 0, s->n_a) + dims_of(c, conceptdec_i_similarity_second(s, 0), s->n_b);
}

static bool
is_any_wide(const conceptdec_i_cka *c)
{
    bool is_wide = false;
    for (int64_t v = 0; v < c->n_sides; v++)
        is_wide |= c->sides[v].precision == CONCEPTDEC_I_TILE_F64;
    return is_wide;
}

bool
conceptdec_i_cka_prefers_columns(const conceptdec_i_cka *c)
{
    const double n = (double)c->n, dims = (double)dims_of(c, 0, c->n_sides), size = is_any_wide(c) ? 8 : 4;
    double both = c->s->null ? (double)dims_of_both(c) : 0, widest = both > dims ? both : dims;
    double kernels = c->is_whole ? n * n * size * (double)c->n_sides : 0, memory = (double)c->s->options.memory;
    double rows = c->is_whole ? n : (double)conceptdec_i_blocks_count((int64_t)dims, size > 4);
    if (c->is_rbf || 8 * (widest * widest + (c->s->draws ? dims * dims : 0)) + (rows < n ? rows : n) * dims * size +
                             n * both * size >
                         memory)
        return false;
    return c->is_whole ? kernels > memory || dims * dims <= KERNEL_COST * n * (double)c->n_sides : dims < n;
}

static conceptdec_status
take(conceptdec_i_cka *c, int64_t count, uint64_t size, void *array)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(c->arena, "products", count, size, &p));
    memcpy(array, &p, sizeof p);
    return CONCEPTDEC_OK;
}

static conceptdec_status
open_draws(conceptdec_i_cka *c, columns *f)
{
    char *memory;
    CONCEPTDEC_I_TRY(take(c, conceptdec_i_cka_draw_bytes(c), 1, &memory));
    conceptdec_i_cka_draw_open(c, memory, &f->draw);
    if (c->s->null) {
        f->dims_both = dims_of_both(c);
        CONCEPTDEC_I_TRY(take(c, c->n, (uint64_t)(f->dims_both * f->size), &f->gathered));
    }
    if (c->s->draws) {
        CONCEPTDEC_I_TRY(take(c, f->dims, (uint64_t)f->dims * sizeof(double), &f->again));
        CONCEPTDEC_I_TRY(take(c, c->n, sizeof(double), &f->squared));
        CONCEPTDEC_I_TRY(take(c, PARTS, (uint64_t)f->dims * sizeof(double), &f->partial));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_cka_open_columns(conceptdec_i_cka *c)
{
    columns *f;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(c->arena, "products", 1, sizeof *f, &f));
    f->is_wide = is_any_wide(c);
    f->size = f->is_wide ? sizeof(double) : sizeof(float);
    f->dims = dims_of(c, 0, c->n_sides);
    CONCEPTDEC_I_TRY(take(c, c->n_sides + 1, sizeof(int64_t), &f->first));
    CONCEPTDEC_I_TRY(take(c, c->n_sides, sizeof(double *), &f->factor));
    for (int64_t v = 0; v <= c->n_sides; v++)
        f->first[v] = dims_of(c, 0, v);
    for (int64_t v = 0; v < c->n_sides; v++) {
        conceptdec_i_cka_side *side = &c->sides[v];
        side->precision = f->is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
        CONCEPTDEC_I_TRY(take(c, side->view->cols, sizeof(double), &f->factor[v]));
        for (int64_t j = 0; j < side->view->cols; j++)
            f->factor[v][j] = side->scale;
    }
    int64_t widest = max64(f->dims, c->s->null ? dims_of_both(c) : 0);
    f->block = c->is_whole ? c->n : min64(c->n, conceptdec_i_blocks_count(f->dims, f->is_wide));
    CONCEPTDEC_I_TRY(take(c, f->block, (uint64_t)(f->dims * f->size), &f->rows));
    CONCEPTDEC_I_TRY(take(c, widest, (uint64_t)widest * sizeof(double), &f->products));
    if (c->is_whole)
        CONCEPTDEC_I_TRY(open_draws(c, f));
    c->columns = f;
    return CONCEPTDEC_OK;
}

/* ---- sums ---- */

static conceptdec_status
load(const conceptdec_i_cka *c, columns *f, int64_t first, int64_t count)
{
    for (int64_t v = 0; v < c->n_sides; v++) {
        const conceptdec_i_cka_side *side = &c->sides[v];
        conceptdec_i_blocks blocks = {.ctx = c->ctx,
                                      .x = side->view,
                                      .shift = side->centre,
                                      .factor = f->factor[v],
                                      .is_wide = f->is_wide,
                                      .gap = f->dims - side->view->cols};
        CONCEPTDEC_I_TRY(
            conceptdec_i_blocks_rows(&blocks, c->first + first, count, f->rows + f->first[v] * f->size, &f->dense));
    }
    f->dense =
        (conceptdec_i_dense){.data = f->rows, .n = count, .dims = f->dims, .stride = f->dims, .is_wide = f->is_wide};
    return CONCEPTDEC_OK;
}

/* Sum of products of what two matrices have in some rows and columns. */
static double
common(const double *x, const double *y, int64_t ld, int64_t row, int64_t rows, int64_t column, int64_t count)
{
    double sum = 0;
    for (int64_t i = row; i < row + rows; i++) {
        double part = 0;
        for (int64_t j = column; j < column + count; j++)
            part += x[i * ld + j] * y[i * ld + j];
        sum += part;
    }
    return sum;
}

static double
common_of(const columns *f, const double *x, const double *y, int64_t v, int64_t w)
{
    return common(x, y, f->dims, f->first[v], f->first[v + 1] - f->first[v], f->first[w],
                  f->first[w + 1] - f->first[w]);
}

static int
precision_of(const columns *f)
{
    return f->is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
}

int64_t
conceptdec_i_cka_column_tasks(const conceptdec_i_cka *c)
{
    const columns *f = c->columns;
    int64_t tasks = 0;
    for (int64_t first = 0; first < c->n; first += f->block) {
        conceptdec_i_dense rows = {
            .n = min64(f->block, c->n - first), .dims = f->dims, .stride = f->dims, .is_wide = f->is_wide};
        tasks += conceptdec_i_gram_tasks(c->ctx, &rows, precision_of(f));
    }
    return tasks;
}

conceptdec_status
conceptdec_i_cka_add_columns(conceptdec_i_cka *c)
{
    columns *f = c->columns;
    memset(f->products, 0, (size_t)(f->dims * f->dims) * sizeof(double));
    for (int64_t first = 0; first < c->n; first += f->block) {
        CONCEPTDEC_I_TRY(load(c, f, first, min64(f->block, c->n - first)));
        CONCEPTDEC_I_TRY(conceptdec_i_gram_add(c->ctx, &f->dense, precision_of(f), f->products, f->dims));
    }
    conceptdec_i_gram_mirror(f->products, f->dims, f->dims);
    for (int64_t v = 0; v < c->n_sides; v++)
        for (int64_t w = v; w < c->n_sides; w++) {
            double diagonals = 0;
            for (int64_t i = 0; i < c->n; i++)
                diagonals += c->sides[v].diagonal[i] * c->sides[w].diagonal[i];
            c->sums[v * c->n_sides + w] = common_of(f, f->products, f->products, v, w) - diagonals;
        }
    return CONCEPTDEC_OK;
}

/* ---- permutations ---- */

/* Each row of a beside the row of b that goes with it. */
static conceptdec_status
gather_task(void *argument, int64_t task, int lane)
{
    const job *j = argument;
    const columns *f = j->f;
    const int64_t from_b = f->first[conceptdec_i_similarity_second(j->c->s, 0)] * f->size;
    const int64_t wide_a = f->first[j->c->s->n_a] * f->size, wide_b = f->dims_both * f->size - wide_a;
    (void)lane;
    for (int64_t i = task * ROWS; i < task_end(task, ROWS, j->c->n); i++) {
        char *to = f->gathered + i * f->dims_both * f->size;
        memcpy(to, f->rows + i * f->dims * f->size, (size_t)wide_a);
        memcpy(to + wide_a, f->rows + f->draw.order[i] * f->dims * f->size + from_b, (size_t)wide_b);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
permute(const conceptdec_i_cka *c, columns *f, int64_t number)
{
    const conceptdec_i_similarity *s = c->s;
    job j = {.c = c, .f = f};
    CONCEPTDEC_I_TRY(conceptdec_i_similarity_order(s, c->n, s->groups, number, f->draw.order));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(c->ctx, ceil_div(c->n, ROWS), gather_task, &j));
    conceptdec_i_dense rows = {
        .data = f->gathered, .n = c->n, .dims = f->dims_both, .stride = f->dims_both, .is_wide = f->is_wide};
    CONCEPTDEC_I_TRY(conceptdec_i_gram(c->ctx, &rows, NULL, precision_of(f), f->products, f->dims_both));
    const int64_t shift = f->first[s->n_a] - f->first[conceptdec_i_similarity_second(s, 0)];
    for (int64_t v = 0; v < s->n_a; v++)
        for (int64_t b = 0; b < s->n_b; b++) {
            int64_t w = conceptdec_i_similarity_second(s, b);
            double diagonals = 0;
            for (int64_t i = 0; i < c->n; i++)
                diagonals += c->sides[v].diagonal[i] * c->sides[w].diagonal[f->draw.order[i]];
            f->draw.sums[v * c->n_sides + w] =
                common(f->products, f->products, f->dims_both, f->first[v], f->first[v + 1] - f->first[v],
                       f->first[w] + shift, f->first[w + 1] - f->first[w]) -
                diagonals;
        }
    conceptdec_i_cka_conclude_order(c, &f->draw, s->null + number * s->n_a * s->n_b);
    return CONCEPTDEC_OK;
}

/* ---- bootstrap ---- */

static double
element(const columns *f, int64_t i, int64_t j)
{
    return f->is_wide ? ((const double *)(const void *)f->rows)[i * f->dims + j]
                      : (double)((const float *)(const void *)f->rows)[i * f->dims + j];
}

/* Weighted sums of the rows of a part. */
static conceptdec_status
sum_task(void *argument, int64_t task, int lane)
{
    const job *j = argument;
    const columns *f = j->f;
    double *sums = f->partial + task * f->dims;
    (void)lane;
    memset(sums, 0, (size_t)f->dims * sizeof *sums);
    for (int64_t i = j->c->n * task / PARTS; i < j->c->n * (task + 1) / PARTS; i++)
        for (int64_t k = 0; k < f->dims && f->draw.order[i] > 0; k++)
            sums[k] += f->draw.weight[i] * element(f, i, k);
    return CONCEPTDEC_OK;
}

/* Weighted sums of each kernel's rows: products of a row with the sum of all, less its own. */
static conceptdec_status
rows_task(void *argument, int64_t task, int lane)
{
    const job *j = argument;
    const columns *f = j->f;
    (void)lane;
    for (int64_t i = task * ROWS; i < task_end(task, ROWS, j->c->n); i++)
        for (int64_t v = 0; v < j->c->n_sides && f->draw.order[i] > 0; v++) {
            double sum = 0;
            for (int64_t k = f->first[v]; k < f->first[v + 1]; k++)
                sum += element(f, i, k) * f->partial[k];
            f->draw.rows[v * j->c->n + i] = sum - f->draw.weight[i] * j->c->sides[v].diagonal[i];
        }
    return CONCEPTDEC_OK;
}

static conceptdec_status
sum_rows(const conceptdec_i_cka *c, columns *f)
{
    job j = {.c = c, .f = f};
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(c->ctx, PARTS, sum_task, &j));
    for (int64_t part = 1; part < PARTS; part++)
        for (int64_t k = 0; k < f->dims; k++)
            f->partial[k] += f->partial[part * f->dims + k];
    return conceptdec_i_parallel(c->ctx, ceil_div(c->n, ROWS), rows_task, &j);
}

/* Sums of one pair of views: all pairs of rows, less those of a row with itself. */
static void
sum_pair(const conceptdec_i_cka *c, columns *f, int64_t v, int64_t w)
{
    const int64_t square = c->n_sides * c->n_sides, pair = v * c->n_sides + w;
    double diagonal[CONCEPTDEC_I_CKA_WEIGHTINGS] = {0};
    for (int64_t k = 0; k < f->draw.n_kept; k++) {
        int64_t i = f->draw.kept[k];
        double weight = f->draw.weight[i];
        double both = weight * weight * c->sides[v].diagonal[i] * c->sides[w].diagonal[i];
        diagonal[CONCEPTDEC_I_CKA_ONCE] += both;
        diagonal[CONCEPTDEC_I_CKA_MIXED] += weight * both;
        diagonal[CONCEPTDEC_I_CKA_TWICE] += weight * weight * both;
    }
    for (int kind = 0; kind < (c->is_debiased ? CONCEPTDEC_I_CKA_WEIGHTINGS : 1); kind++) {
        const double *x = kind == CONCEPTDEC_I_CKA_TWICE ? f->again : f->products;
        const double *y = kind == CONCEPTDEC_I_CKA_ONCE ? f->products : f->again;
        f->draw.sums[kind * square + pair] = common_of(f, x, y, v, w) - diagonal[kind];
    }
}

static conceptdec_status
resample(const conceptdec_i_cka *c, columns *f, int64_t number)
{
    CONCEPTDEC_I_TRY(conceptdec_i_cka_draw_rows(c, number, &f->draw));
    for (int64_t i = 0; i < c->n; i++)
        f->squared[i] = f->draw.weight[i] * f->draw.weight[i];
    CONCEPTDEC_I_TRY(conceptdec_i_gram(c->ctx, &f->dense, f->draw.weight, precision_of(f), f->products, f->dims));
    if (c->is_debiased)
        CONCEPTDEC_I_TRY(conceptdec_i_gram(c->ctx, &f->dense, f->squared, precision_of(f), f->again, f->dims));
    CONCEPTDEC_I_TRY(sum_rows(c, f));
    for (int64_t v = 0; v < c->n_sides; v++)
        for (int64_t w = v; w < c->n_sides; w++)
            sum_pair(c, f, v, w);
    conceptdec_i_cka_conclude_draw(c, &f->draw, c->s->draws + number * c->s->n_a * c->s->n_b);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_cka_draw_columns(conceptdec_i_cka *c)
{
    const conceptdec_similarity_options *o = &c->s->options;
    columns *f = c->columns;
    const int64_t chunks = ceil_div(c->n, ROWS);
    conceptdec_i_dense both = {.n = c->n, .dims = f->dims_both, .stride = f->dims_both, .is_wide = f->is_wide};
    if (c->s->null)
        conceptdec_i_stage(c->ctx, "permutations",
                           o->permutations * (chunks + conceptdec_i_gram_tasks(c->ctx, &both, precision_of(f))));
    for (int64_t draw = 0; draw < o->permutations; draw++)
        CONCEPTDEC_I_TRY(permute(c, f, draw));
    if (c->s->draws)
        conceptdec_i_stage(c->ctx, "bootstrap",
                           o->bootstrap *
                               (PARTS + chunks + 2 * conceptdec_i_gram_tasks(c->ctx, &f->dense, precision_of(f))));
    for (int64_t draw = 0; draw < o->bootstrap; draw++)
        CONCEPTDEC_I_TRY(resample(c, f, draw));
    return CONCEPTDEC_OK;
}
