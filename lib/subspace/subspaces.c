/* Lists of subspaces: life, questions, and one list of several. */
#include "subspace/subspaces.h"

#include <math.h>
#include <string.h>

#include "core/named.h"
#include "linalg/columns.h"
#include "linalg/distances.h"

#define COUNTS 7 /* start, with one more, and six arrays of S integers */
#define REALS 2

/* ---- life ---- */

/* Words of 8 bytes in the one block of memory that holds all arrays. */
static conceptdec_status
measure(conceptdec_ctx *ctx, int64_t count, int64_t d, const int64_t *ranks, int64_t *total, int64_t *words)
{
    int64_t own, numbers;
    bool fits = conceptdec_i_mul(count, COUNTS + REALS, &own) && conceptdec_i_add(own, 1, &own);
    *total = 0;
    for (int64_t s = 0; s < count && fits; s++)
        fits = conceptdec_i_add(*total, ranks[s], total);
    fits = fits && d < INT64_MAX && conceptdec_i_mul(*total, d + 1, &numbers) && conceptdec_i_add(own, numbers, words);
    return fits
               ? CONCEPTDEC_OK
               : conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%lld subspaces of %lld dimensions do not fit an address",
                                   (long long)count, (long long)d);
}

static void
place(conceptdec_subspaces *s, double *at)
{
    double **reals[] = {&s->total_variance, &s->gap};
    int64_t **counts[] = {&s->ranks, &s->undecided, &s->n_missing, &s->n_samples, &s->view, &s->class_of};
    s->bases = at;
    s->variances = s->bases + s->total * s->d;
    at = s->variances + s->total;
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++, at += s->count)
        *reals[i] = at;
    int64_t *whole = (int64_t *)(void *)at;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++, whole += s->count)
        *counts[i] = whole;
    s->start = whole;
}

conceptdec_status
conceptdec_i_subspaces_make(conceptdec_ctx *ctx, int64_t count, int64_t d, const int64_t *ranks,
                            conceptdec_subspaces **subspaces)
{
    int64_t total, words;
    void *p;
    CONCEPTDEC_I_TRY(measure(ctx, count, d, ranks, &total, &words));
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "subspaces", 1, sizeof **subspaces, &p));
    conceptdec_subspaces *made = p;
    conceptdec_status status = conceptdec_i_take(ctx, "subspaces", words, sizeof(double), &p);
    if (status != CONCEPTDEC_OK) {
        conceptdec_i_give(ctx, made);
        return status;
    }
    *made = (conceptdec_subspaces){
        .memory = conceptdec_i_memory_share(ctx->memory), .count = count, .d = d, .total = total};
    place(made, p);
    memset(made->variances, 0, (size_t)(words - total * d) * sizeof(double));
    for (int64_t s = 0; s < count; s++) {
        made->ranks[s] = ranks[s];
        made->start[s + 1] = made->start[s] + ranks[s];
    }
    *subspaces = made;
    return CONCEPTDEC_OK;
}

void
conceptdec_subspaces_free(conceptdec_subspaces *subspaces)
{
    if (!subspaces)
        return;
    conceptdec_i_memory *memory = subspaces->memory;
    conceptdec_i_memory_give(memory, subspaces->bases);
    conceptdec_i_memory_give(memory, subspaces);
    conceptdec_i_memory_drop(memory);
}

conceptdec_status
conceptdec_subspaces_get(const conceptdec_subspaces *s, const char *name, conceptdec_array *array)
{
    if (!s || !name || !array)
        return CONCEPTDEC_ENULL;
    const int32_t real = CONCEPTDEC_FLOAT64, whole = CONCEPTDEC_INT64;
    const conceptdec_i_named all[] = {
        {CONCEPTDEC_S_BASES, {.data = s->bases, .shape = {s->total, s->d}, .ndim = 2, .dtype = real}},
        {CONCEPTDEC_S_START, {.data = s->start, .shape = {s->count + 1}, .ndim = 1, .dtype = whole}},
        {CONCEPTDEC_S_RANKS, {.data = s->ranks, .shape = {s->count}, .ndim = 1, .dtype = whole}},
        {CONCEPTDEC_S_VARIANCES, {.data = s->variances, .shape = {s->total}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_S_TOTAL_VARIANCE, {.data = s->total_variance, .shape = {s->count}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_S_GAP, {.data = s->gap, .shape = {s->count}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_S_UNDECIDED, {.data = s->undecided, .shape = {s->count}, .ndim = 1, .dtype = whole}},
        {CONCEPTDEC_S_N_MISSING, {.data = s->n_missing, .shape = {s->count}, .ndim = 1, .dtype = whole}},
        {CONCEPTDEC_S_N_SAMPLES, {.data = s->n_samples, .shape = {s->count}, .ndim = 1, .dtype = whole}},
        {CONCEPTDEC_S_VIEW, {.data = s->view, .shape = {s->count}, .ndim = 1, .dtype = whole}},
        {CONCEPTDEC_S_CLASS, {.data = s->class_of, .shape = {s->count}, .ndim = 1, .dtype = whole}},
    };
    return conceptdec_i_named_get(all, sizeof all / sizeof *all, name, array);
}

double
conceptdec_i_subspaces_unit(double *v, int64_t d)
{
    const double unit = conceptdec_i_unit(conceptdec_i_largest_of(v, d)), inverse = 1 / unit;
    double square = 0;
    for (int64_t i = 0; i < d; i++) {
        v[i] *= inverse;
        square += v[i] * v[i];
    }
    const double length = sqrt(square);
    for (int64_t i = 0; i < d && length > 0; i++)
        v[i] /= length;
    return length * unit;
}

int64_t
conceptdec_i_subspaces_rank(const conceptdec_subspaces *s)
{
    int64_t most = 0;
    for (int64_t i = 0; i < s->count; i++)
        most = s->ranks[i] > most ? s->ranks[i] : most;
    return most;
}

/* ---- one list of several ---- */

static conceptdec_status
check_parts(conceptdec_ctx *ctx, const conceptdec_subspaces *const *parts, int64_t n_parts)
{
    if (!parts)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "parts: is NULL");
    if (n_parts < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_parts: %lld, must be at least 1", (long long)n_parts);
    for (int64_t i = 0; i < n_parts; i++) {
        if (!parts[i])
            return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "parts[%lld]: is NULL", (long long)i);
        if (parts[i]->d != parts[0]->d)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "parts[%lld]: %lld dimensions, but parts[0] has %lld",
                                     (long long)i, (long long)parts[i]->d, (long long)parts[0]->d);
    }
    return CONCEPTDEC_OK;
}

static void
copy(double *to, const double *from, int64_t count)
{
    if (count > 0)
        memcpy(to, from, (size_t)count * sizeof *to);
}

static void
copy_counts(int64_t *to, const int64_t *from, int64_t count)
{
    memcpy(to, from, (size_t)count * sizeof *to);
}

/* All but ranks and start of one part, from subspace `at` on; views are numbered from `view` on. Returns the next
 * one's. */
static int64_t
append(conceptdec_subspaces *s, int64_t at, const conceptdec_subspaces *part, int64_t view)
{
    int64_t most = -1;
    copy(s->bases + s->start[at] * s->d, part->bases, part->total * s->d);
    copy(s->variances + s->start[at], part->variances, part->total);
    copy(s->total_variance + at, part->total_variance, part->count);
    copy(s->gap + at, part->gap, part->count);
    copy_counts(s->undecided + at, part->undecided, part->count);
    copy_counts(s->n_missing + at, part->n_missing, part->count);
    copy_counts(s->n_samples + at, part->n_samples, part->count);
    copy_counts(s->class_of + at, part->class_of, part->count);
    for (int64_t i = 0; i < part->count; i++) {
        s->view[at + i] = part->view[i] + view;
        most = part->view[i] > most ? part->view[i] : most;
    }
    return view + most + 1;
}

conceptdec_status
conceptdec_i_subspaces_join(conceptdec_i_arena *arena, const conceptdec_subspaces *const *parts, int64_t n_parts,
                            conceptdec_subspaces **subspaces)
{
    conceptdec_subspaces *made;
    int64_t count = 0;
    void *p;
    for (int64_t i = 0; i < n_parts; i++)
        if (!conceptdec_i_add(count, parts[i]->count, &count))
            return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "parts: too many subspaces");
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "subspaces", count, sizeof(int64_t), &p));
    int64_t *ranks = p, at = 0, view = 0;
    for (int64_t i = 0; i < n_parts; at += parts[i++]->count)
        copy_counts(ranks + at, parts[i]->ranks, parts[i]->count);
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_make(arena->ctx, count, parts[0]->d, ranks, &made));
    at = 0;
    for (int64_t i = 0; i < n_parts; at += parts[i++]->count)
        view = append(made, at, parts[i], view);
    *subspaces = made;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_subspaces_join(conceptdec_ctx *ctx, const conceptdec_subspaces *const *parts, int64_t n_parts,
                          conceptdec_subspaces **subspaces)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!subspaces)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "subspaces: NULL, must point to where the list goes");
    CONCEPTDEC_I_TRY(check_parts(ctx, parts, n_parts));
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = conceptdec_i_subspaces_join(&arena, parts, n_parts, subspaces);
    conceptdec_i_arena_close(&arena);
    return status;
}
