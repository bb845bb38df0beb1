/* Erasers: options, fits, life. */
#include "vectors/eraser.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "linalg/columns.h"
#include "stats/samples.h"
#include "subspace/class_moments.h"

enum { DIRECTIONS, CLASSES, RANK, MEMORY, TOLERANCE, KIND, FLAGS, FIELDS };

/* ---- options ---- */

static conceptdec_status
check_numbers(conceptdec_ctx *ctx, const conceptdec_eraser_options *o)
{
    if (o->flags)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: 0x%x has bits that are unknown", o->flags);
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "kind", o->kind, CONCEPTDEC_ERASE_PROJECTION + 1));
    if (o->directions && o->kind != CONCEPTDEC_ERASE_PROJECTION)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "directions: only a projection takes them");
    if (o->classes < 0 || o->classes > INT32_MAX || (o->classes == 0 && CONCEPTDEC_I_GIVEN(o, CLASSES)))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "classes: %" PRId64 " is not in 1..%d", o->classes, INT32_MAX);
    if (o->rank < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "rank: %" PRId64 ", must be at least 1", o->rank);
    if (o->memory < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "memory: %" PRId64 ", must be at least 1", o->memory);
    if (!(o->tolerance >= 0 && o->tolerance < 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "tolerance: must be in [0, 1)");
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_eraser_options_take(conceptdec_ctx *ctx, const char *name, const conceptdec_eraser_options *given,
                                 conceptdec_eraser_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, name, given, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, name, o->given, FIELDS));
    conceptdec_i_default_int(o->given, RANK, &o->rank, INT32_MAX);
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, INT64_C(1) << 32);
    conceptdec_i_default_real(o->given, TOLERANCE, &o->tolerance, 1e-8);
    return check_numbers(ctx, o);
}

/* d x d numbers are at once: a scatter and the covariance that is made of it, what is factored, and twice as many for
 * eigenvectors; beside it a few for each class, and a chunk. */
static conceptdec_status
check_memory(conceptdec_ctx *ctx, const conceptdec_eraser_options *o, int64_t d, int64_t classes)
{
    const double squares = o->kind == CONCEPTDEC_ERASE_LEACE ? 5 * (double)d : 0;
    const double bytes = 8 * (double)d * (squares + 6 * (double)classes + 1024);
    if (bytes <= (double)o->memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM,
                             "memory: an eraser of %" PRId64 " dimensions and %" PRId64 " classes needs %" PRId64
                             " bytes, %" PRId64 " are allowed",
                             d, classes, bytes < 0x1p62 ? (int64_t)bytes : INT64_MAX, o->memory);
}

/* ---- life ---- */

conceptdec_status
conceptdec_i_eraser_take(conceptdec_i_arena *arena, int64_t rows, int64_t columns, double **out)
{
    int64_t count;
    void *p;
    *out = NULL;
    if (!conceptdec_i_mul(rows, columns, &count))
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW,
                                 "eraser: %" PRId64 " x %" PRId64 " numbers do not fit an address", rows, columns);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "eraser", count, sizeof **out, &p));
    *out = p;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_eraser_make(conceptdec_ctx *ctx, int64_t d, int64_t rank, int64_t kind, conceptdec_eraser **eraser)
{
    int64_t count;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "eraser", 1, sizeof **eraser, &p));
    conceptdec_eraser *e = p;
    *e = (conceptdec_eraser){.memory = conceptdec_i_memory_share(ctx->memory), .d = d, .rank = rank, .kind = kind};
    conceptdec_status status = conceptdec_i_mul(rank, d, &count)
                                   ? conceptdec_i_take(ctx, "eraser", count, sizeof(double), &p)
                                   : conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "eraser: too many directions");
    if (status == CONCEPTDEC_OK) {
        e->read = p;
        status = conceptdec_i_take(ctx, "eraser", count, sizeof(double), &p);
    }
    if (status == CONCEPTDEC_OK) {
        e->removed = p;
        status = conceptdec_i_take(ctx, "eraser", d + rank, sizeof(double), &p);
    }
    if (status == CONCEPTDEC_OK) {
        e->mean = p;
        e->strengths = e->mean + d;
        *eraser = e;
    } else
        conceptdec_eraser_free(e);
    return status;
}

void
conceptdec_eraser_free(conceptdec_eraser *e)
{
    if (!e)
        return;
    conceptdec_i_memory *memory = e->memory;
    conceptdec_i_memory_give(memory, e->read);
    conceptdec_i_memory_give(memory, e->removed);
    conceptdec_i_memory_give(memory, e->mean);
    conceptdec_i_memory_give(memory, e);
    conceptdec_i_memory_drop(memory);
}

/* A direction and its opposite are one: the largest number of what is removed is positive. Numbers that agree to so
 * many bits are equal: which is larger is a matter of rounding. */
static void
set_sign(int64_t d, double *read, double *removed)
{
    double largest = 0;
    for (int64_t j = 0; j < d; j++)
        largest = fabs(removed[j]) > fabs(largest) * (1 + 0x1p-30) ? removed[j] : largest;
    for (int64_t j = 0; j < d && largest < 0; j++) {
        read[j] = -read[j];
        removed[j] = -removed[j];
    }
}

static conceptdec_status
keep(conceptdec_ctx *ctx, const conceptdec_eraser_options *o, int64_t d, const double *mean,
     const conceptdec_i_erased *found, conceptdec_eraser **eraser)
{
    const size_t bytes = (size_t)(found->rank * d) * sizeof(double);
    conceptdec_eraser *e;
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_make(ctx, d, found->rank, o->kind, &e));
    if (found->rank > 0) {
        memcpy(e->read, found->read, bytes);
        memcpy(e->removed, found->removed, bytes);
        memcpy(e->strengths, found->strengths, (size_t)found->rank * sizeof(double));
    }
    for (int64_t k = 0; k < found->rank && !o->directions; k++)
        set_sign(d, e->read + k * d, e->removed + k * d);
    for (int64_t j = 0; j < d; j++)
        e->mean[j] = mean ? mean[j] : 0;
    *eraser = e;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_eraser_get(const conceptdec_eraser *e, const char *name, conceptdec_array *array)
{
    if (!e || !name || !array)
        return CONCEPTDEC_ENULL;
    const conceptdec_array known[] = {
        {.data = e->read, .shape = {e->rank, e->d}, .ndim = 2, .dtype = CONCEPTDEC_FLOAT64},
        {.data = e->removed, .shape = {e->rank, e->d}, .ndim = 2, .dtype = CONCEPTDEC_FLOAT64},
        {.data = e->mean, .shape = {e->d}, .ndim = 1, .dtype = CONCEPTDEC_FLOAT64},
        {.data = e->strengths, .shape = {e->rank}, .ndim = 1, .dtype = CONCEPTDEC_FLOAT64},
        {.data = &e->rank, .dtype = CONCEPTDEC_INT64},
        {.data = &e->kind, .dtype = CONCEPTDEC_INT64},
    };
    static const char *const names[] = {CONCEPTDEC_E_READ,      CONCEPTDEC_E_REMOVED, CONCEPTDEC_E_MEAN,
                                        CONCEPTDEC_E_STRENGTHS, CONCEPTDEC_E_RANK,    CONCEPTDEC_E_KIND};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *array = known[i];
            return CONCEPTDEC_OK;
        }
    return CONCEPTDEC_ENAME;
}

/* ---- from moments ---- */

/* A question to moments, which have no context for a text. */
static conceptdec_status
ask(conceptdec_ctx *ctx, const conceptdec_class_moments *moments, const char *name, conceptdec_array *array)
{
    conceptdec_status status = conceptdec_i_class_moments_ask(ctx, moments, name, array);
    if (status == CONCEPTDEC_ECANCELLED)
        return status;
    if (status == CONCEPTDEC_ENAME)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL,
                                 "moments: are means alone or with variances, but LEACE needs a covariance");
    if (status != CONCEPTDEC_OK)
        return conceptdec_i_fail(ctx, status, "moments: no memory for %s", name);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_variety(conceptdec_ctx *ctx, const char *name, const conceptdec_i_erasing *e)
{
    if (e->n < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW, "%s: %" PRId64 " rows, at least 2 are needed", name, e->n);
    if (e->classes < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESINGLECLASS, "%s: all rows have one class; at least 2 are needed",
                                 name);
    return CONCEPTDEC_OK;
}

/* What rounding leaves of the length of differences of class means, whatever their unit. */
static double
noise_of(int64_t d, int64_t classes, const int64_t *count, const double *means)
{
    double most = 0, square = 0;
    for (int64_t i = 0; i < classes * d; i++)
        most = count[i / d] > 0 ? fmax(most, fabs(means[i])) : most;
    const double unit = conceptdec_i_unit(most);
    for (int64_t j = 0; j < d; j++) {
        double largest = 0;
        for (int64_t c = 0; c < classes; c++)
            largest = count[c] > 0 ? fmax(largest, fabs(means[c * d + j])) : largest;
        square += largest / unit * (largest / unit);
    }
    return 0x1p-50 * sqrt(square) * unit;
}

/* Means of classes that have rows, about the mean of all. */
static conceptdec_status
list_classes(conceptdec_i_arena *arena, const conceptdec_class_moments *moments, conceptdec_i_erasing *e)
{
    conceptdec_array counts, means, mean;
    void *p;
    CONCEPTDEC_I_TRY(ask(arena->ctx, moments, CONCEPTDEC_M_CLASS_COUNT, &counts));
    CONCEPTDEC_I_TRY(ask(arena->ctx, moments, CONCEPTDEC_M_MEANS, &means));
    CONCEPTDEC_I_TRY(ask(arena->ctx, moments, CONCEPTDEC_M_MEAN, &mean));
    const int64_t *count = counts.data, most = counts.shape[0];
    const double *from = means.data;
    e->d = mean.shape[0];
    e->mean = mean.data;
    for (int64_t c = 0; c < most; c++)
        e->n += count[c];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "class means", most, sizeof(double), &p));
    e->share = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "class means", most * e->d, sizeof(double), &p));
    e->means = p;
    for (int64_t c = 0; c < most; c++) {
        if (count[c] == 0)
            continue;
        for (int64_t j = 0; j < e->d; j++)
            e->means[e->classes * e->d + j] = from[c * e->d + j] - e->mean[j];
        e->share[e->classes++] = (double)count[c] / (double)e->n;
    }
    e->noise = noise_of(e->d, most, count, from);
    return CONCEPTDEC_OK;
}

static conceptdec_status
fit(conceptdec_i_arena *arena, const char *name, const conceptdec_class_moments *moments,
    const conceptdec_eraser_options *o, conceptdec_eraser **eraser)
{
    conceptdec_i_erasing e = {.options = o};
    conceptdec_i_erased found = {0};
    conceptdec_array array;
    CONCEPTDEC_I_TRY(list_classes(arena, moments, &e));
    CONCEPTDEC_I_TRY(check_memory(arena->ctx, o, e.d, e.classes));
    if (e.n < 1 || !o->directions)
        CONCEPTDEC_I_TRY(check_variety(arena->ctx, name, &e));
    if (o->kind == CONCEPTDEC_ERASE_LEACE)
        CONCEPTDEC_I_TRY(ask(arena->ctx, moments, CONCEPTDEC_M_COVARIANCE, &array));
    conceptdec_i_stage(arena->ctx, "erasure", 1);
    if (o->directions)
        CONCEPTDEC_I_TRY(conceptdec_i_eraser_directions(arena, o, e.d, &found));
    else if (o->kind == CONCEPTDEC_ERASE_PROJECTION)
        CONCEPTDEC_I_TRY(conceptdec_i_eraser_means(arena, &e, &found));
    else {
        e.covariance = array.data;
        CONCEPTDEC_I_TRY(conceptdec_i_eraser_leace(arena, &e, &found));
    }
    return keep(arena->ctx, o, e.d, e.mean, &found, eraser);
}

conceptdec_status
conceptdec_eraser_from_class_moments(conceptdec_ctx *ctx, const conceptdec_class_moments *moments,
                                     const conceptdec_eraser_options *options, conceptdec_eraser **eraser)
{
    conceptdec_eraser_options o;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments || !eraser)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", moments ? "eraser" : "moments");
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_options_take(ctx, "options", options, &o));
    if (o.classes > 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "classes: the moments have their own");
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = fit(&arena, "moments", moments, &o, eraser);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- from rows ---- */

static conceptdec_status
gather(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels, int64_t classes,
       const conceptdec_eraser_options *o, conceptdec_class_moments **moments)
{
    const uint32_t flags =
        o->kind == CONCEPTDEC_ERASE_LEACE ? CONCEPTDEC_CLASS_MOMENTS_POOLED : CONCEPTDEC_CLASS_MOMENTS_MEANS;
    conceptdec_class_moments *m;
    CONCEPTDEC_I_TRY(conceptdec_class_moments_new(ctx, x->cols, classes, flags, &m));
    conceptdec_status status = conceptdec_class_moments_add(ctx, m, x, labels);
    if (status == CONCEPTDEC_OK)
        *moments = m;
    else
        conceptdec_class_moments_free(m);
    return status;
}

/* Of labelled rows. */
static conceptdec_status
fit_rows(conceptdec_i_arena *arena, const conceptdec_matrix *x, const conceptdec_matrix *labels,
         const conceptdec_eraser_options *o, conceptdec_eraser **eraser)
{
    const conceptdec_matrix *opened = x;
    conceptdec_class_moments *moments;
    int64_t *column, classes = o->classes;
    int32_t *numbers;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "x", &opened));
    CONCEPTDEC_I_TRY(conceptdec_i_samples_column(arena, "labels", labels, x->rows, &column));
    CONCEPTDEC_I_TRY(conceptdec_i_samples_classes(arena, labels, x->rows, &classes, &numbers));
    CONCEPTDEC_I_TRY(check_memory(arena->ctx, o, x->cols, classes));
    CONCEPTDEC_I_TRY(gather(arena->ctx, x, labels, classes, o, &moments));
    conceptdec_status status = fit(arena, "labels", moments, o, eraser);
    conceptdec_class_moments_free(moments);
    return status;
}

/* Of rows that are only there for their mean, or of none. */
static conceptdec_status
fit_directions(conceptdec_i_arena *arena, const conceptdec_matrix *x, const conceptdec_eraser_options *o,
               conceptdec_eraser **eraser)
{
    conceptdec_i_columns columns = {0};
    conceptdec_i_erased found = {0};
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(arena->ctx, "directions", o->directions, CONCEPTDEC_I_FLOATS));
    int64_t d = o->directions->cols;
    if (x) {
        CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "x", &x));
        CONCEPTDEC_I_TRY(conceptdec_i_columns_scan(arena, "x", x, &columns));
        d = x->cols;
    }
    CONCEPTDEC_I_TRY(check_memory(arena->ctx, o, d, o->directions->rows));
    conceptdec_i_stage(arena->ctx, "erasure", 1);
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_directions(arena, o, d, &found));
    return keep(arena->ctx, o, d, columns.mean, &found, eraser);
}

static conceptdec_status
fit_any(conceptdec_i_arena *arena, const conceptdec_matrix *x, const conceptdec_matrix *labels,
        const conceptdec_eraser_options *o, conceptdec_eraser **eraser)
{
    conceptdec_ctx *ctx = arena->ctx;
    if (!x && (labels || !o->directions))
        return conceptdec_i_fail(ctx, labels && o->directions ? CONCEPTDEC_EINVAL : CONCEPTDEC_ENULL, "x: is NULL%s",
                                 labels && o->directions ? ", but there are labels" : "");
    if (labels)
        return fit_rows(arena, x, labels, o, eraser);
    if (!o->directions)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "labels: is NULL");
    if (o->classes > 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "classes: there are no labels");
    return fit_directions(arena, x, o, eraser);
}

conceptdec_status
conceptdec_eraser_new(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *labels,
                      const conceptdec_eraser_options *options, conceptdec_eraser **eraser)
{
    conceptdec_eraser_options o;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!eraser)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "eraser: is NULL");
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_options_take(ctx, "options", options, &o));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = fit_any(&arena, x, labels, &o, eraser);
    conceptdec_i_arena_close(&arena);
    return status;
}
