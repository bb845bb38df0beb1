/* A grid of matrices of the same samples, cell by cell. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/groups.h"
#include "sweep/cells.h"

enum { MAX_GRID_AXES = 4, MAX_AXES = 8, N_FIELDS = 4 };

typedef struct sweeping {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *views;
    int64_t n_views;
    conceptdec_i_cells cells;
    int64_t shape[MAX_GRID_AXES];
    int ndim;

    conceptdec_result *result;
    int64_t *status; /* of each cell, in the result */
    bool has_arrays; /* a cell has succeeded, and the result has arrays of the kinds that it had */
    conceptdec_status first_status;
    char first_text[sizeof((conceptdec_ctx *)0)->error];

    /* Bootstrap: replicates of the cell at hand and of the one before, draws x width doubles, NaN where it failed. */
    int64_t draws;
    int64_t width;
    double *replicates, *before;
    double *column; /* draws */
} sweeping;

/* ---- arguments ---- */

static conceptdec_status
read_shape(sweeping *s, const conceptdec_sweep_options *options)
{
    int64_t product = 1;
    if (options->shape == NULL) {
        if (options->ndim != 0 && options->ndim != 1)
            return conceptdec_i_fail(s->ctx, CONCEPTDEC_ENULL, "options.shape: is NULL, but options.ndim is %" PRId64,
                                     options->ndim);
        s->ndim = 1;
        s->shape[0] = s->n_views;
        return CONCEPTDEC_OK;
    }
    if (options->ndim < 1 || options->ndim > MAX_GRID_AXES)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ESIZE, "options.ndim: %" PRId64 " is not in 1..%d", options->ndim,
                                 MAX_GRID_AXES);
    s->ndim = (int)options->ndim;
    for (int i = 0; i < s->ndim; i++) {
        s->shape[i] = options->shape[i];
        if (!conceptdec_i_mul(product, s->shape[i], &product) || product > s->n_views)
            product = INT64_MAX;
    }
    if (product != s->n_views)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ESIZE, "options.shape: its product is not n_views, %" PRId64,
                                 s->n_views);
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_options(sweeping *s, conceptdec_i_arena *arena, const conceptdec_matrix *labels,
             const conceptdec_sweep_options *given)
{
    conceptdec_sweep_options options;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(s->ctx, "options", given, &options, sizeof options, sizeof options));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(s->ctx, "options", options.given, N_FIELDS));
    CONCEPTDEC_I_TRY(read_shape(s, &options));
    if (options.probe && options.knn)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EINVAL,
                                 "options.probe: is given beside options.knn; one of them must "
                                 "be left out");
    if (options.probe)
        CONCEPTDEC_I_TRY(conceptdec_i_cells_probe(arena, labels, options.probe, &s->cells));
    else
        CONCEPTDEC_I_TRY(conceptdec_i_cells_knn(arena, labels, options.knn, &s->cells));
    s->draws = s->cells.draws;
    s->width = s->cells.width;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_replicates(sweeping *s, conceptdec_i_arena *arena)
{
    double **arrays[] = {&s->replicates, &s->before, &s->column};
    int64_t size;
    if (s->draws == 0)
        return CONCEPTDEC_OK;
    if (!conceptdec_i_mul(s->draws, s->width, &size))
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW, "options.bootstrap: %" PRId64 " draws are too many",
                                 s->draws);
    for (int i = 0; i < 3; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "bootstrap", i < 2 ? size : s->draws, sizeof(double),
                                                  arrays[i]));
    return CONCEPTDEC_OK;
}

/* ---- arrays ---- */

static int64_t
array_size(const conceptdec_array *array)
{
    int64_t size = 1;
    for (int i = 0; i < array->ndim; i++)
        size *= array->shape[i];
    return size;
}

/* The same in every cell: stands once, without the axes of the grid. */
static bool
is_common(const char *name)
{
    return strcmp(name, CONCEPTDEC_R_K) == 0 || strcmp(name, CONCEPTDEC_R_CLASSES) == 0 ||
           strcmp(name, CONCEPTDEC_R_LAMBDA) == 0;
}

/* An array with the grid's axes in front of those of `cell`: NaN or -1 until a cell is put in. */
static conceptdec_status
new_array(sweeping *s, const char *name, const conceptdec_array *cell)
{
    int64_t shape[MAX_AXES], size = array_size(cell);
    int ndim = is_common(name) ? 0 : s->ndim;
    double *numbers;
    int64_t *integers;
    if (ndim + cell->ndim > MAX_AXES)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ESIZE, "%s: too many axes for a grid of %d", name, s->ndim);
    memcpy(shape, s->shape, (size_t)ndim * sizeof *shape);
    memcpy(shape + ndim, cell->shape, (size_t)cell->ndim * sizeof *shape);
    if (ndim > 0)
        size *= s->n_views;
    ndim += cell->ndim;
    if (cell->dtype == CONCEPTDEC_FLOAT64) {
        CONCEPTDEC_I_TRY(conceptdec_i_result_float64(s->ctx, s->result, name, ndim, shape, &numbers));
        for (int64_t i = 0; i < size; i++)
            numbers[i] = (double)NAN;
    } else {
        CONCEPTDEC_I_TRY(conceptdec_i_result_int64(s->ctx, s->result, name, ndim, shape, &integers));
        for (int64_t i = 0; i < size; i++)
            integers[i] = -1;
    }
    return CONCEPTDEC_OK;
}

/* Where the numbers of one cell stand, 8 bytes each; NULL: the result has no such array. */
static void *
place_of(const sweeping *s, const char *name, int64_t cell, int64_t size)
{
    conceptdec_array array;
    if (conceptdec_result_get(s->result, name, &array) != CONCEPTDEC_OK)
        return NULL;
    return (char *)(uintptr_t)array.data + (is_common(name) ? 0 : cell * size * 8);
}

static conceptdec_status
new_arrays(sweeping *s, const conceptdec_result *cell)
{
    conceptdec_array array;
    for (int64_t i = 0; i < conceptdec_result_count(cell); i++) {
        const char *name = conceptdec_result_name(cell, i);
        CONCEPTDEC_I_TRY(conceptdec_result_get(cell, name, &array));
        CONCEPTDEC_I_TRY(new_array(s, name, &array));
    }
    CONCEPTDEC_I_TRY(conceptdec_result_get(cell, s->cells.score, &array));
    CONCEPTDEC_I_TRY(new_array(s, CONCEPTDEC_R_DIFFERENCE, &array));
    if (s->draws > 0) {
        CONCEPTDEC_I_TRY(new_array(s, CONCEPTDEC_R_DIFFERENCE_LOW, &array));
        CONCEPTDEC_I_TRY(new_array(s, CONCEPTDEC_R_DIFFERENCE_HIGH, &array));
    }
    s->has_arrays = true;
    return CONCEPTDEC_OK;
}

/* The shape of an array follows from labels and options alone, hence is the same in every cell. */
static conceptdec_status
put_cell(sweeping *s, int64_t index, const conceptdec_result *cell)
{
    conceptdec_array array;
    if (!s->has_arrays)
        CONCEPTDEC_I_TRY(new_arrays(s, cell));
    for (int64_t i = 0; i < conceptdec_result_count(cell); i++) {
        const char *name = conceptdec_result_name(cell, i);
        CONCEPTDEC_I_TRY(conceptdec_result_get(cell, name, &array));
        int64_t size = array_size(&array);
        memcpy(place_of(s, name, index, size), array.data, (size_t)size * 8);
    }
    return CONCEPTDEC_OK;
}

/* ---- differences ---- */

static bool
is_first_on_axis(const sweeping *s, int64_t cell)
{
    return cell % s->shape[s->ndim - 1] == 0;
}

/* NaN in either cell makes NaN. */
static void
put_differences(sweeping *s)
{
    const double *score = place_of(s, s->cells.score, 0, s->width);
    double *difference = place_of(s, CONCEPTDEC_R_DIFFERENCE, 0, s->width);
    for (int64_t cell = 1; cell < s->n_views; cell++)
        for (int64_t i = cell * s->width; i < (cell + 1) * s->width && !is_first_on_axis(s, cell); i++)
            difference[i] = score[i] - score[i - s->width];
}

/* The draws of two cells are the same, so that replicate less replicate is a replicate of the difference. */
static void
put_difference_interval(sweeping *s, int64_t cell)
{
    if (is_first_on_axis(s, cell) || !s->has_arrays)
        return;
    double *low = place_of(s, CONCEPTDEC_R_DIFFERENCE_LOW, cell, s->width);
    double *high = place_of(s, CONCEPTDEC_R_DIFFERENCE_HIGH, cell, s->width);
    for (int64_t i = 0; i < s->width; i++) {
        for (int64_t draw = 0; draw < s->draws; draw++)
            s->column[draw] = s->replicates[draw * s->width + i] - s->before[draw * s->width + i];
        conceptdec_i_percentile_interval(s->column, s->draws, s->cells.confidence, &low[i], &high[i]);
    }
}

static void
next_replicates(sweeping *s)
{
    double *swap = s->before;
    s->before = s->replicates;
    s->replicates = swap;
}

static void
forget_replicates(sweeping *s)
{
    for (int64_t i = 0; i < s->draws * s->width; i++)
        s->replicates[i] = (double)NAN;
}

/* ---- cells ---- */

static conceptdec_status
note_failure(sweeping *s, int64_t cell, conceptdec_status status)
{
    forget_replicates(s);
    s->status[cell] = status;
    if (s->first_status == CONCEPTDEC_OK) {
        s->first_status = status;
        memcpy(s->first_text, s->ctx->error, sizeof s->first_text);
    }
    return conceptdec_i_result_set_message(s->ctx, s->result, cell, s->ctx->error);
}

static conceptdec_status
run_cell(sweeping *s, int64_t index)
{
    conceptdec_result *cell = NULL;
    next_replicates(s);
    conceptdec_status status = s->cells.run(&s->cells, &s->views[index], s->replicates, &cell);
    /* a view that is too large for the budget of its cell does not lose the rest */
    bool is_exhausted = status == CONCEPTDEC_ENOMEM && conceptdec_i_memory_failed(s->ctx->memory);
    if (status == CONCEPTDEC_ECANCELLED || is_exhausted)
        return status;
    if (status != CONCEPTDEC_OK)
        return note_failure(s, index, status);
    status = put_cell(s, index, cell);
    conceptdec_result_free(cell);
    if (status == CONCEPTDEC_OK && s->draws > 0)
        put_difference_interval(s, index);
    return status;
}

/* The progress callback sees the cells, not the stages within them. */
typedef struct watch {
    int32_t (*progress)(void *user, const conceptdec_progress *progress);
    void *user;
    int64_t done, total;
} watch;

static int32_t
report_cells(void *user, const conceptdec_progress *inner)
{
    const watch *w = user;
    conceptdec_progress progress = {
        .struct_size = inner->struct_size, .stage = "sweep", .done = w->done, .total = w->total,
    };
    return w->progress(w->user, &progress);
}

static conceptdec_status
run_cells(sweeping *s)
{
    conceptdec_ctx_options *hooks = &s->ctx->options;
    watch w = {.progress = hooks->progress, .user = hooks->progress_user, .total = s->n_views};
    conceptdec_status status = CONCEPTDEC_OK;
    if (w.progress != NULL) {
        hooks->progress = report_cells;
        hooks->progress_user = &w;
    }
    for (; w.done < w.total && status == CONCEPTDEC_OK; w.done++) {
        status = run_cell(s, w.done);
        if (status == CONCEPTDEC_OK)
            status = conceptdec_i_poll(s->ctx, 0);
    }
    hooks->progress = w.progress;
    hooks->progress_user = w.user;
    return status;
}

static conceptdec_status
run_sweep(sweeping *s, conceptdec_i_arena *arena, const conceptdec_matrix *labels,
          const conceptdec_sweep_options *options)
{
    CONCEPTDEC_I_TRY(read_options(s, arena, labels, options));
    CONCEPTDEC_I_TRY(take_replicates(s, arena));
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(s->ctx, "sweep", &s->result));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(s->ctx, s->result, CONCEPTDEC_R_STATUS, s->ndim, s->shape, &s->status));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_list(s->ctx, s->result, "shape", s->shape, s->ndim));
    CONCEPTDEC_I_TRY(s->cells.report(&s->cells, s->result));
    CONCEPTDEC_I_TRY(run_cells(s));
    if (!s->has_arrays)
        return conceptdec_i_fail(s->ctx, s->first_status, "%s", s->first_text);
    put_differences(s);
    return conceptdec_i_fail(s->ctx, CONCEPTDEC_OK, "%s", ""); /* the texts of failed cells are in the result */
}

conceptdec_status
conceptdec_sweep(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views, const conceptdec_matrix *labels,
                 const conceptdec_sweep_options *options, conceptdec_result **result)
{
    sweeping s = {.ctx = ctx, .views = views, .n_views = n_views};
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (views == NULL || result == NULL)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", views == NULL ? "views" : "result");
    if (n_views < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_views: %" PRId64 " is less than 1", n_views);
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "labels", labels, CONCEPTDEC_I_INTS));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = run_sweep(&s, &arena, labels, options);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        *result = s.result;
    else
        conceptdec_result_free(s.result);
    return status;
}
