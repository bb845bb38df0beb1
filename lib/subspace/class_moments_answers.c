/* Moments per class: questions. */
#include "subspace/class_moments.h"

#include <math.h>
#include <string.h>

#include "linalg/gram.h"
#include "linalg/tiles.h"

/* What all rows make, also those that wait. */
typedef struct gathered {
    int64_t n;
    int64_t *count;  /* of each class */
    double *mean;    /* classes x d, counted from .. */
    double *pilot;   /* classes x d */
    double *squares; /* classes x d; NULL where they are not kept, or scatters are asked for */
    double *scatter; /* NULL; d x d: of all classes; or one for each class; upper halves */
} gathered;

static conceptdec_status
take(conceptdec_i_arena *arena, int64_t rows, int64_t columns, double **out)
{
    int64_t count;
    void *p;
    if (!conceptdec_i_mul(rows, columns, &count))
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "moments: %lld x %lld numbers do not fit an address",
                                 (long long)rows, (long long)columns);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "moments", count, sizeof **out, &p));
    *out = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_upper(conceptdec_ctx *ctx, int64_t d, const double *from, double *to)
{
    for (int64_t i = 0; i < d; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        for (int64_t j = i; j < d; j++)
            to[i * d + j] += from[i * d + j];
    }
    return CONCEPTDEC_OK;
}

/* One class, whose sums are its own. spare: NULL, or d x d numbers for a scatter that is added. */
static conceptdec_status
gather_class(conceptdec_ctx *ctx, const conceptdec_class_moments *m, int64_t class, double *spare, gathered *g)
{
    const size_t bytes = (size_t)m->d * sizeof(double);
    conceptdec_i_sums s;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    double *scatter = spare && g->scatter ? spare : g->scatter ? g->scatter + class * m->d * m->d : NULL;
    conceptdec_status status = conceptdec_i_sums_settle(&arena, &m->sums[class], scatter, &s);
    if (status == CONCEPTDEC_OK) {
        g->count[class] = s.n[0];
        memcpy(g->mean + class * m->d, s.mean, bytes);
        memcpy(g->pilot + class * m->d, s.pilot, bytes);
        if (s.squares)
            memcpy(g->squares + class * m->d, s.squares, bytes);
        if (scatter == spare && spare)
            status = add_upper(ctx, m->d, spare, g->scatter);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

static conceptdec_status
gather_classes(conceptdec_i_arena *arena, const conceptdec_class_moments *m, bool is_summed, gathered *g)
{
    double *spare = NULL;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "moments", m->classes, sizeof *g->count, &p));
    g->count = p;
    CONCEPTDEC_I_TRY(take(arena, m->classes, m->d, &g->mean));
    CONCEPTDEC_I_TRY(take(arena, m->classes, m->d, &g->pilot));
    if (!g->scatter)
        CONCEPTDEC_I_TRY(take(arena, m->classes, m->d, &g->squares));
    if (is_summed) {
        CONCEPTDEC_I_TRY(take(arena, m->d, m->d, &spare));
        memset(g->scatter, 0, (size_t)(m->d * m->d) * sizeof *spare);
    }
    for (int64_t c = 0; c < m->classes; c++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(arena->ctx, 0));
        CONCEPTDEC_I_TRY(gather_class(arena->ctx, m, c, spare, g));
    }
    return CONCEPTDEC_OK;
}

/* scatter: where it goes. is_summed: one for all classes. */
static conceptdec_status
gather(conceptdec_i_arena *arena, const conceptdec_class_moments *m, double *scatter, bool is_summed, gathered *g)
{
    *g = (gathered){.scatter = scatter};
    if (m->n_sums > 1) {
        CONCEPTDEC_I_TRY(gather_classes(arena, m, is_summed && scatter, g));
    } else {
        conceptdec_i_sums s;
        CONCEPTDEC_I_TRY(conceptdec_i_sums_settle(arena, &m->sums[0], scatter, &s));
        g->count = s.n;
        g->mean = s.mean;
        g->pilot = s.pilot;
        g->squares = s.squares;
    }
    for (int64_t c = 0; c < m->classes; c++)
        g->n += g->count[c];
    return CONCEPTDEC_OK;
}

/* ---- the answers ---- */

static void
finish_means(const conceptdec_class_moments *m, const gathered *g, double *out)
{
    for (int64_t c = 0; c < m->classes; c++)
        for (int64_t j = 0; j < m->d; j++)
            out[c * m->d + j] = g->count[c] > 0 ? g->pilot[c * m->d + j] + g->mean[c * m->d + j] : (double)NAN;
}

static void
finish_variances(const conceptdec_class_moments *m, const gathered *g, double *out)
{
    for (int64_t c = 0; c < m->classes; c++)
        for (int64_t j = 0; j < m->d; j++)
            out[c * m->d + j] = g->count[c] > 0 ? g->squares[c * m->d + j] / (double)g->count[c] : (double)NAN;
}

/* Means of classes are counted from the pilot of the first that has rows, and so is the mean of all, which is
 * returned. */
static const double *
count_from_one(const conceptdec_class_moments *m, gathered *g, double *all)
{
    const double *pilot = NULL;
    memset(all, 0, (size_t)m->d * sizeof *all);
    for (int64_t c = 0; c < m->classes; c++) {
        double *mean = g->mean + c * m->d, *from = g->pilot + c * m->d;
        if (g->count[c] == 0)
            continue;
        pilot = pilot ? pilot : from;
        for (int64_t j = 0; j < m->d; j++) {
            mean[j] += from[j] - pilot[j];
            all[j] += mean[j] * ((double)g->count[c] / (double)g->n);
        }
    }
    return pilot;
}

static void
finish_mean(const conceptdec_class_moments *m, gathered *g, double *out)
{
    const double *pilot = count_from_one(m, g, out);
    for (int64_t j = 0; j < m->d; j++)
        out[j] = pilot ? out[j] + pilot[j] : (double)NAN;
}

/* Of the means about the mean of all, each as often as it has rows. */
static conceptdec_status
add_between(conceptdec_i_arena *arena, const conceptdec_class_moments *m, gathered *g)
{
    double *all = NULL;
    CONCEPTDEC_I_TRY(take(arena, 1, m->d, &all));
    (void)count_from_one(m, g, all);
    for (int64_t c = 0; c < m->classes; c++)
        for (int64_t j = 0; j < m->d; j++) {
            double *mean = &g->mean[c * m->d + j];
            *mean = g->count[c] > 0 ? (*mean - all[j]) * sqrt((double)g->count[c]) : 0;
        }
    const conceptdec_i_dense means = {.data = g->mean, .n = m->classes, .dims = m->d, .stride = m->d, .is_wide = true};
    return conceptdec_i_gram_add(arena->ctx, &means, CONCEPTDEC_I_TILE_F64, g->scatter, m->d);
}

static conceptdec_status
divide_upper(conceptdec_ctx *ctx, int64_t d, double *matrix, int64_t divisor)
{
    for (int64_t i = 0; i < d; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
        for (int64_t j = i; j < d; j++)
            matrix[i * d + j] = divisor < 1 ? (double)NAN : matrix[i * d + j] / (double)divisor;
    }
    return conceptdec_i_gram_complete(ctx, matrix, d, d);
}

static conceptdec_status
make(conceptdec_i_arena *arena, const conceptdec_class_moments *m, int which, double *out)
{
    const bool has_scatter = which >= CONCEPTDEC_I_CLASS_WITHIN;
    gathered g;
    CONCEPTDEC_I_TRY(gather(arena, m, has_scatter ? out : NULL, which != CONCEPTDEC_I_CLASS_SCATTER, &g));
    if (which == CONCEPTDEC_I_CLASS_MEANS)
        finish_means(m, &g, out);
    else if (which == CONCEPTDEC_I_CLASS_MEAN)
        finish_mean(m, &g, out);
    else if (which == CONCEPTDEC_I_CLASS_VARIANCES)
        finish_variances(m, &g, out);
    else if (which == CONCEPTDEC_I_CLASS_WITHIN)
        CONCEPTDEC_I_TRY(divide_upper(arena->ctx, m->d, out, g.n));
    else if (which == CONCEPTDEC_I_CLASS_COVARIANCE) {
        CONCEPTDEC_I_TRY(add_between(arena, m, &g));
        CONCEPTDEC_I_TRY(divide_upper(arena->ctx, m->d, out, g.n - 1));
    }
    for (int64_t c = 0; which == CONCEPTDEC_I_CLASS_SCATTER && c < m->classes; c++)
        CONCEPTDEC_I_TRY(conceptdec_i_gram_complete(arena->ctx, out + c * m->d * m->d, m->d, m->d));
    return CONCEPTDEC_OK;
}

/* ---- questions ---- */

static const struct {
    const char *name;
    bool has_classes, has_rows, has_columns; /* axes: C, d, d */
} answers[CONCEPTDEC_I_CLASS_ANSWERS] = {
    {CONCEPTDEC_M_MEANS, true, false, true},  {CONCEPTDEC_M_MEAN, false, false, true},
    {CONCEPTDEC_M_VARIANCES, true, false, true}, {CONCEPTDEC_M_WITHIN, false, true, true},
    {CONCEPTDEC_M_COVARIANCE, false, true, true}, {CONCEPTDEC_M_SCATTER, true, true, true},
};

/* Of two that are made at once the first is kept: others hold it already. */
static void
keep(const conceptdec_class_moments *m, int which, double *numbers)
{
    pthread_mutex_lock(&m->answers->lock);
    double **kept = &m->answers->numbers[which], *spare = *kept ? numbers : NULL;
    *kept = *kept ? *kept : numbers;
    pthread_mutex_unlock(&m->answers->lock);
    conceptdec_i_memory_give(m->memory, spare);
}

/* No lock is held meanwhile: a progress callback may ask for another one. */
static conceptdec_status
answer(conceptdec_ctx *ctx, const conceptdec_class_moments *m, int which)
{
    int64_t count = m->d;
    if ((answers[which].has_rows && !conceptdec_i_mul(count, m->d, &count)) ||
        (answers[which].has_classes && !conceptdec_i_mul(count, m->classes, &count)))
        return CONCEPTDEC_EOVERFLOW;
    double *out = conceptdec_i_memory_take(m->memory, (uint64_t)count, sizeof *out);
    if (!out)
        return CONCEPTDEC_ENOMEM;
    conceptdec_ctx own;
    conceptdec_i_arena arena;
    conceptdec_i_sums_ctx_open(&own, m->memory, m->kernels);
    conceptdec_i_arena_open(&arena, ctx ? ctx : &own);
    conceptdec_i_stage(arena.ctx, "moments", 1);
    conceptdec_status status = make(&arena, m, which, out);
    conceptdec_i_arena_close(&arena);
    conceptdec_i_sums_ctx_close(&own);
    if (status == CONCEPTDEC_OK)
        keep(m, which, out);
    else
        conceptdec_i_memory_give(m->memory, out);
    return status;
}

static double *
find_kept(const conceptdec_class_moments *m, int which)
{
    pthread_mutex_lock(&m->answers->lock);
    double *kept = m->answers->numbers[which];
    pthread_mutex_unlock(&m->answers->lock);
    return kept;
}

static void
count_waiting(const conceptdec_i_sums *s, bool is_apart, int64_t first, int64_t *count)
{
    for (int64_t c = 0; c < s->classes; c++)
        count[first + c] = s->n[c];
    for (int64_t i = 0; i < s->waiting; i++)
        count[first + (is_apart ? 0 : s->label[i])]++;
}

static conceptdec_status
count(const conceptdec_class_moments *m, const char *name, conceptdec_array *array)
{
    conceptdec_i_class_answers *a = m->answers;
    if (!a->class_count) {
        a->class_count = conceptdec_i_memory_take(m->memory, (uint64_t)m->classes, sizeof *a->class_count);
        if (!a->class_count)
            return CONCEPTDEC_ENOMEM;
        for (int64_t i = 0; i < m->n_sums; i++)
            count_waiting(&m->sums[i], m->n_sums > 1, i, a->class_count);
        a->n_samples = 0;
        for (int64_t c = 0; c < m->classes; c++)
            a->n_samples += a->class_count[c];
    }
    bool is_all = strcmp(name, CONCEPTDEC_M_N_SAMPLES) == 0;
    *array = (conceptdec_array){.data = is_all ? &a->n_samples : a->class_count,
                                .shape = {is_all ? 0 : m->classes},
                                .ndim = is_all ? 0 : 1,
                                .dtype = CONCEPTDEC_INT64};
    return CONCEPTDEC_OK;
}

static bool
is_kept(const conceptdec_class_moments *m, int which)
{
    const bool are_apart = conceptdec_i_class_moments_are_apart(m->flags);
    if (which == CONCEPTDEC_I_CLASS_SCATTER)
        return are_apart;
    if (which == CONCEPTDEC_I_CLASS_VARIANCES)
        return are_apart || m->flags == CONCEPTDEC_CLASS_MOMENTS_VARIANCES;
    return which < CONCEPTDEC_I_CLASS_WITHIN ||
           conceptdec_i_class_moments_keeps(m->flags) == CONCEPTDEC_I_SUMS_SCATTER;
}

static conceptdec_status
numbers(conceptdec_ctx *ctx, const conceptdec_class_moments *m, const char *name, conceptdec_array *array)
{
    int which = 0, ndim = 0;
    while (which < CONCEPTDEC_I_CLASS_ANSWERS && strcmp(name, answers[which].name) != 0)
        which++;
    if (which == CONCEPTDEC_I_CLASS_ANSWERS || !is_kept(m, which))
        return CONCEPTDEC_ENAME;
    if (!find_kept(m, which))
        CONCEPTDEC_I_TRY(answer(ctx, m, which));
    conceptdec_array found = {.data = find_kept(m, which), .dtype = CONCEPTDEC_FLOAT64};
    if (answers[which].has_classes)
        found.shape[ndim++] = m->classes;
    if (answers[which].has_rows)
        found.shape[ndim++] = m->d;
    found.shape[ndim++] = m->d;
    found.ndim = ndim;
    *array = found;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_class_moments_ask(conceptdec_ctx *ctx, const conceptdec_class_moments *m, const char *name,
                               conceptdec_array *array)
{
    if (strcmp(name, CONCEPTDEC_M_N_SAMPLES) != 0 && strcmp(name, CONCEPTDEC_M_CLASS_COUNT) != 0)
        return numbers(ctx, m, name, array);
    pthread_mutex_lock(&m->answers->lock);
    conceptdec_status status = count(m, name, array);
    pthread_mutex_unlock(&m->answers->lock);
    return status;
}

conceptdec_status
conceptdec_class_moments_get(const conceptdec_class_moments *m, const char *name, conceptdec_array *array)
{
    return m && name && array ? conceptdec_i_class_moments_ask(NULL, m, name, array) : CONCEPTDEC_ENULL;
}
