/* Moments per class: life, rows, other states. */
#include "subspace/class_moments.h"

#include <inttypes.h>
#include <string.h>

#include "stats/samples.h"

enum { LEAST_CHUNK = 64, MOST_CHUNK = 512 };

bool
conceptdec_i_class_moments_are_apart(uint32_t flags)
{
    return flags == 0;
}

int
conceptdec_i_class_moments_keeps(uint32_t flags)
{
    return flags == CONCEPTDEC_CLASS_MOMENTS_MEANS       ? CONCEPTDEC_I_SUMS_NOTHING
           : flags == CONCEPTDEC_CLASS_MOMENTS_VARIANCES ? CONCEPTDEC_I_SUMS_SQUARES
                                                         : CONCEPTDEC_I_SUMS_SCATTER;
}

/* Where each class has a chunk of its own, chunks are no larger than scatters. */
int64_t
conceptdec_i_class_moments_chunk(int64_t d, uint32_t flags)
{
    const int64_t rows = (d + LEAST_CHUNK - 1) / LEAST_CHUNK * LEAST_CHUNK;
    if (!conceptdec_i_class_moments_are_apart(flags))
        return conceptdec_i_sums_chunk(d);
    return rows < MOST_CHUNK ? rows : MOST_CHUNK;
}

/* ---- life ---- */

static conceptdec_status
make_sums(conceptdec_ctx *ctx, conceptdec_class_moments *m)
{
    const bool are_apart = conceptdec_i_class_moments_are_apart(m->flags);
    const int64_t n_sums = are_apart ? m->classes : 1;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "moments", 1, sizeof *m->answers, &p));
    m->answers = p;
    pthread_mutex_init(&m->answers->lock, NULL);
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "moments", n_sums, sizeof *m->sums, &p));
    m->sums = p;
    for (; m->n_sums < n_sums; m->n_sums++) {
        conceptdec_i_sums *s = &m->sums[m->n_sums];
        s->d = m->d;
        s->classes = are_apart ? 1 : m->classes;
        s->chunk = conceptdec_i_class_moments_chunk(m->d, m->flags);
        CONCEPTDEC_I_TRY(conceptdec_i_sums_make(ctx, m->memory, conceptdec_i_class_moments_keeps(m->flags), s));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_class_moments_make(conceptdec_ctx *ctx, int64_t d, int64_t classes, uint32_t flags,
                                conceptdec_class_moments **moments)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "moments", 1, sizeof **moments, &p));
    conceptdec_class_moments *m = p;
    *m = (conceptdec_class_moments){.memory = conceptdec_i_memory_share(ctx->memory),
                                    .kernels = ctx->kernels,
                                    .d = d,
                                    .classes = classes,
                                    .flags = flags};
    conceptdec_status status = make_sums(ctx, m);
    if (status == CONCEPTDEC_OK)
        *moments = m;
    else
        conceptdec_class_moments_free(m);
    return status;
}

static conceptdec_status
check_size(conceptdec_ctx *ctx, const char *name, int64_t value)
{
    if (value < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: %" PRId64 ", must be at least 1", name, value);
    if (value > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: %" PRId64 ", at most %d are possible", name, value,
                                 INT32_MAX);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_class_moments_new(conceptdec_ctx *ctx, int64_t dims, int64_t classes, uint32_t flags,
                             conceptdec_class_moments **moments)
{
    const uint32_t known =
        CONCEPTDEC_CLASS_MOMENTS_POOLED | CONCEPTDEC_CLASS_MOMENTS_MEANS | CONCEPTDEC_CLASS_MOMENTS_VARIANCES;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "moments: NULL, must point to where the state goes");
    CONCEPTDEC_I_TRY(check_size(ctx, "dims", dims));
    CONCEPTDEC_I_TRY(check_size(ctx, "classes", classes));
    if (flags & ~known)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: 0x%x has bits that are unknown", flags & ~known);
    if (flags & (flags - 1))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "pooled, means, variances: exclude each other");
    return conceptdec_i_class_moments_make(ctx, dims, classes, flags, moments);
}

void
conceptdec_i_class_moments_forget(conceptdec_class_moments *m)
{
    conceptdec_i_class_answers *answers = m->answers;
    for (int i = 0; i < CONCEPTDEC_I_CLASS_ANSWERS; i++) {
        conceptdec_i_memory_give(m->memory, answers->numbers[i]);
        answers->numbers[i] = NULL;
    }
    conceptdec_i_memory_give(m->memory, answers->class_count);
    answers->class_count = NULL;
}

void
conceptdec_class_moments_free(conceptdec_class_moments *m)
{
    if (!m)
        return;
    conceptdec_i_memory *memory = m->memory;
    if (m->answers) {
        conceptdec_i_class_moments_forget(m);
        pthread_mutex_destroy(&m->answers->lock);
    }
    conceptdec_i_memory_give(memory, m->answers);
    for (int64_t i = 0; i < m->n_sums; i++)
        conceptdec_i_sums_give(memory, &m->sums[i]);
    conceptdec_i_memory_give(memory, m->sums);
    conceptdec_i_memory_give(memory, m);
    conceptdec_i_memory_drop(memory);
}

/* ---- rows ---- */

static conceptdec_i_sums_list
sums_of(const conceptdec_class_moments *m)
{
    return (conceptdec_i_sums_list){.memory = m->memory, .sums = m->sums, .count = m->n_sums};
}

static conceptdec_status
check_labels(conceptdec_ctx *ctx, const int64_t *labels, int64_t n, int64_t classes)
{
    for (int64_t i = 0; i < n; i++)
        if (labels[i] < -1 || labels[i] >= classes)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ELABEL,
                                     "labels: %" PRId64 " at row %" PRId64 " is not in -1..%" PRId64, labels[i], i,
                                     classes - 1);
    return CONCEPTDEC_OK;
}

static conceptdec_status
add(conceptdec_i_arena *arena, conceptdec_class_moments *m, const conceptdec_matrix *x, const conceptdec_matrix *labels)
{
    const conceptdec_i_sums_list sums = sums_of(m);
    int64_t *classes;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open(arena, "x", &x));
    if (x->cols != m->d)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ESIZE, "x: %" PRId64 " columns, but the state has %" PRId64,
                                 x->cols, m->d);
    CONCEPTDEC_I_TRY(conceptdec_i_samples_column(arena, "labels", labels, x->rows, &classes));
    CONCEPTDEC_I_TRY(check_labels(arena->ctx, classes, x->rows, m->classes));
    return conceptdec_i_sums_add(arena, &sums, x, classes);
}

conceptdec_status
conceptdec_class_moments_add(conceptdec_ctx *ctx, conceptdec_class_moments *moments, const conceptdec_matrix *x,
                             const conceptdec_matrix *labels)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "moments: is NULL");
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = add(&arena, moments, x, labels);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        conceptdec_i_class_moments_forget(moments);
    return status;
}

/* ---- other states ---- */

static conceptdec_status
check_kinship(conceptdec_ctx *ctx, const conceptdec_class_moments *m, const conceptdec_class_moments *other)
{
    if (m->d != other->d)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE,
                                 "other: rows of %" PRId64 " numbers, but the state has %" PRId64, other->d, m->d);
    if (m->classes != other->classes)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "other: %" PRId64 " classes, but the state has %" PRId64,
                                 other->classes, m->classes);
    if (m->flags != other->flags)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL,
                                 "other: keeps other moments (flags 0x%x) than the state (0x%x)", other->flags,
                                 m->flags);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_class_moments_merge(conceptdec_ctx *ctx, conceptdec_class_moments *moments,
                               const conceptdec_class_moments *other)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!moments || !other)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", moments ? "other" : "moments");
    CONCEPTDEC_I_TRY(check_kinship(ctx, moments, other));
    const conceptdec_i_sums_list sums = sums_of(moments);
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_sums_merge(&arena, &sums, other->sums);
    conceptdec_i_arena_close(&arena);
    if (status == CONCEPTDEC_OK)
        conceptdec_i_class_moments_forget(moments);
    return status;
}
