/* Width of RBF kernels: the median distance of two rows, of all or of a sample. */
#include <math.h>
#include <stdlib.h>

#include "linalg/distances.h"
#include "linalg/engine.h"
#include "similarity/cka.h"

#define SAMPLE 2048 /* rows */
#define PIECE 512

typedef struct {
    const conceptdec_i_cka *c;
    conceptdec_i_operand rows;
    double *norms;
    double *squares; /* of the distance of rows i < j, at j (j - 1) / 2 + i */
    double error;    /* of such a square, as a share of both norms */
} survey;

/* The scaled squared distance from differences: 0 for equal rows alone. */
static double
measure(const survey *m, int64_t i, int64_t j)
{
    const conceptdec_matrix *view = m->rows.view;
    double x[PIECE], y[PIECE], sum = 0;
    for (int64_t k = 0; k < view->cols; k += PIECE) {
        int64_t count = min64(PIECE, view->cols - k);
        conceptdec_i_view_widen(m->c->ctx->kernels, view, m->rows.row[i], k, count, x);
        conceptdec_i_view_widen(m->c->ctx->kernels, view, m->rows.row[j], k, count, y);
        for (int64_t l = 0; l < count; l++)
            sum += (x[l] - y[l]) * m->rows.scale * ((x[l] - y[l]) * m->rows.scale);
    }
    return sum;
}

static conceptdec_status
keep_squares(void *argument, const conceptdec_i_tile *tile, int lane)
{
    const survey *m = argument;
    (void)lane;
    for (int64_t j = 0; j < tile->cols; j++) {
        const double *dots = (const double *)tile->dots + j * tile->ld;
        const int64_t column = tile->col + j, height = conceptdec_i_tile_height(tile, j);
        double *out = m->squares + column * (column - 1) / 2 + tile->row;
        for (int64_t i = 0; i < height; i++) {
            double norms = m->norms[tile->row + i] + m->norms[column], square = norms - 2 * dots[i];
            out[i] = square > m->error * norms ? square : measure(m, tile->row + i, column);
        }
        CONCEPTDEC_I_TRY(conceptdec_i_poll(m->c->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

/* Moves the k-th smallest of n values to place k, smaller ones before it (Hoare). */
static void
place_kth(double *x, int64_t n, int64_t k)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        double pivot = x[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i <= j) {
                double swapped = x[i];
                x[i++] = x[j];
                x[j--] = swapped;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

/* The median of distances, from their squares, which it moves. */
static double
median_of(double *squares, int64_t n)
{
    place_kth(squares, n, n / 2);
    double upper = sqrt(squares[n / 2]), lower = squares[0];
    if (n % 2 == 1)
        return upper;
    for (int64_t i = 0; i < n / 2; i++)
        lower = fmax(lower, squares[i]);
    return (sqrt(lower) + upper) / 2;
}

static int
by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* All rows, or as many as a sample has, drawn without replacement. */
static int64_t
choose_rows(const conceptdec_i_cka *c, int32_t *row)
{
    const int64_t n = c->s->n;
    conceptdec_i_rng rng;
    for (int64_t i = 0; i < n; i++)
        row[i] = (int32_t)i;
    if (n <= SAMPLE)
        return n;
    conceptdec_i_rng_start(&rng, c->s->options.seed, CONCEPTDEC_I_RNG_SAMPLE, 0);
    conceptdec_i_rng_shuffle(&rng, row, n);
    qsort(row, SAMPLE, sizeof *row, by_number);
    return SAMPLE;
}

static conceptdec_status
find(survey *m, conceptdec_i_cka_side *side)
{
    conceptdec_ctx *ctx = m->c->ctx;
    const int64_t n = m->rows.n, pairs = n * (n - 1) / 2;
    m->rows.view = side->view;
    m->rows.mean = side->mean;
    m->rows.scale = side->scale;
    m->error = 2 * conceptdec_i_distance_error(side->view->cols, CONCEPTDEC_I_TILE_F64);
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(ctx, &m->rows, CONCEPTDEC_I_TILE_F64, m->norms));
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_run(ctx, &m->rows, NULL, CONCEPTDEC_I_TILE_F64, keep_squares, m));
    CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    double width = m->c->s->options.bandwidth * median_of(m->squares, pairs);
    side->decay = width > 0 ? 1 / (2 * width * width) : (double)NAN;
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_all(conceptdec_i_arena *arena, conceptdec_i_cka *c)
{
    survey m = {.c = c};
    void *p[3];
    int64_t tasks = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "distances", c->s->n, sizeof(int32_t), &p[0]));
    m.rows.n = choose_rows(c, p[0]);
    m.rows.row = p[0];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "distances", m.rows.n, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "distances", m.rows.n * (m.rows.n - 1) / 2, sizeof(double), &p[2]));
    m.norms = p[1];
    m.squares = p[2];
    for (int64_t v = 0; v < c->n_sides; v++)
        tasks += conceptdec_i_tiles_tasks(c->ctx, m.rows.n, 0, c->sides[v].view->cols, CONCEPTDEC_I_TILE_F64) +
                 ceil_div(m.rows.n, CONCEPTDEC_I_TILE_ROWS);
    conceptdec_i_stage(c->ctx, "distances", tasks);
    for (int64_t v = 0; v < c->n_sides; v++)
        CONCEPTDEC_I_TRY(find(&m, &c->sides[v]));
    return conceptdec_i_result_option_number(c->ctx, c->s->result, "median_rows", (double)m.rows.n);
}

conceptdec_status
conceptdec_i_cka_find_decays(conceptdec_i_cka *c)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, c->ctx);
    conceptdec_status status = find_all(&arena, c);
    conceptdec_i_arena_close(&arena);
    return status;
}
