/* Scores of one class against the rest that depend on ranks alone: the area under the receiver operating curve and the
 * average precision. Only the members of the class are sorted; every other row looks up its place among them. */
#include "probe/scores.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"

#define FEW_CLASSES 64 /* up to here a task ranks one class */
#define GROUP 8        /* and beyond as many as share a cache line of posteriors */
#define POLL_ROWS 8192
#define DIGITS 8

/* ---- keys: whole numbers in the order of what a class is ranked by ---- */

static uint64_t
bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Any order but NaN; both zeros are one. */
static uint64_t
key_of_value(double value)
{
    const uint64_t sign = UINT64_C(1) << 63;
    uint64_t bits = value >= 0 && value <= 0 ? 0 : bits_of(value);
    return bits & sign ? ~bits : bits | sign;
}

/* A posterior within 2^-26 of 1 has lost half of its digits; such rows are ordered by the sum of the other
 * posteriors. */
static uint64_t
key_of_posterior(const double *posterior, int64_t classes, int64_t c)
{
    const uint64_t one = bits_of(1.0);
    double others = 0;
    if (1 - posterior[c] >= 0x1p-26)
        return bits_of(posterior[c]);
    for (int64_t k = 0; k < classes; k++)
        others += k == c ? 0 : posterior[k];
    uint64_t left = bits_of(others);
    return one + (left < one ? one - left : 0);
}

/* Of two classes the decision value is a log-odds already, which no posterior resolves better. */
static uint64_t
key_of(const conceptdec_i_probe_scoring *s, int64_t row, int64_t c)
{
    if (s->classes == 2)
        return key_of_value(c == 1 ? s->decision[row] : -s->decision[row]);
    if (!s->posterior)
        return key_of_value(s->decision[c * s->n + row]);
    return key_of_posterior(s->posterior + row * s->classes, s->classes, c);
}

/* Ascending, by bytes from the lowest; `spare` has as many places. */
static void
sort_keys(uint64_t *keys, uint64_t *spare, int64_t n)
{
    int64_t counts[DIGITS][256] = {{0}};
    uint64_t *from = keys, *to = spare;
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++)
            counts[d][keys[i] >> (8 * d) & 255]++;
    for (int d = 0; d < DIGITS; d++) {
        int64_t place = 0;
        for (int b = 0; b < 256; b++) {
            int64_t count = counts[d][b];
            counts[d][b] = place;
            place += count;
        }
        for (int64_t i = 0; i < n; i++)
            to[counts[d][from[i] >> (8 * d) & 255]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
}

/* ---- one class ---- */

/* The different keys of a class's members, ascending; how many members have each, and how many other rows have that
 * key, or one between it and the key before (the last place: above all). */
typedef struct ladder {
    int64_t n, n_members;
    uint64_t *keys;
    int64_t *members, *equal, *between; /* n, n, n + 1 */
} ladder;

static void
build_ladder(const conceptdec_i_probe_scoring *s, const conceptdec_i_probe_members *members, int64_t c, ladder *l)
{
    int64_t first = members->start[c];
    l->n = 0;
    l->n_members = members->start[c + 1] - first;
    for (int64_t i = 0; i < l->n_members; i++)
        l->keys[i] = key_of(s, members->rows[first + i], c);
    sort_keys(l->keys, (uint64_t *)l->members, l->n_members);
    for (int64_t i = 0; i < l->n_members; i++) {
        if (i == 0 || l->keys[i] != l->keys[l->n - 1]) {
            l->keys[l->n] = l->keys[i];
            l->members[l->n++] = 0;
        }
        l->members[l->n - 1]++;
    }
    memset(l->equal, 0, (size_t)l->n * sizeof *l->equal);
    memset(l->between, 0, (size_t)(l->n + 1) * sizeof *l->between);
}

/* A row that is not a member: the first key at or above it, without a branch that no processor can foresee. */
static void
place_row(ladder *l, uint64_t key)
{
    int64_t at = 0;
    for (int64_t left = l->n; left > 0; left /= 2)
        at += (left - left / 2) & -(int64_t)(l->keys[at + (left - 1) / 2] < key);
    if (at < l->n && l->keys[at] == key)
        l->equal[at]++;
    else
        l->between[at]++;
}

/* Twice the number of pairs (member, other row) in order, ties counting half. */
static double
area(const ladder *l, int64_t n_others)
{
    int64_t below = 0, twice = 0;
    if (l->n_members == 0 || n_others == 0)
        return (double)NAN;
    for (int64_t i = 0; i < l->n; i++) {
        below += l->between[i];
        twice += l->members[i] * (2 * below + l->equal[i]);
        below += l->equal[i];
    }
    return (double)twice / (2 * (double)l->n_members * (double)n_others);
}

static double
precision(const ladder *l)
{
    int64_t found = 0, others = l->between[l->n];
    double sum = 0;
    for (int64_t i = l->n - 1; i >= 0; i--) {
        found += l->members[i];
        others += l->equal[i];
        sum += (double)l->members[i] * ((double)found / (double)(found + others));
        others += l->between[i];
    }
    return l->n_members > 0 ? sum / (double)l->n_members : (double)NAN;
}

/* ---- a group of classes ---- */

typedef struct ranking {
    conceptdec_ctx *ctx;
    const conceptdec_i_probe_scoring *scoring;
    const conceptdec_i_probe_members *members;
    double *auroc, *average_precision;
    int64_t group;
} ranking;

/* One block of memory for all ladders of the group. */
static conceptdec_status
take_ladders(const ranking *work, int64_t first, int64_t end, ladder *ladders, void **memory)
{
    const int64_t *start = work->members->start;
    int64_t places = start[end] - start[first] + (end - first);
    CONCEPTDEC_I_TRY(conceptdec_i_take(work->ctx, "ranks", places, 4 * sizeof(int64_t), memory));
    int64_t *next = *memory;
    for (int64_t c = first; c < end; c++) {
        int64_t count = start[c + 1] - start[c] + 1;
        ladders[c - first] = (ladder){
            .keys = (uint64_t *)next, .members = next + count, .equal = next + 2 * count, .between = next + 3 * count};
        next += 4 * count;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
place_rows(const ranking *work, int64_t first, int64_t end, ladder *ladders)
{
    for (int64_t i = 0; i < work->scoring->n; i++) {
        int32_t own = work->members->class[i];
        for (int64_t c = first; c < end && own >= 0; c++)
            if (c != own && ladders[c - first].n > 0)
                place_row(&ladders[c - first], key_of(work->scoring, i, c));
        if (i % POLL_ROWS == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(work->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
rank_group(void *argument, int64_t task, int lane)
{
    const ranking *work = argument;
    int64_t classes = work->scoring->classes, first = task * work->group, end = task_end(task, work->group, classes);
    ladder ladders[GROUP];
    void *memory;
    (void)lane;
    CONCEPTDEC_I_TRY(take_ladders(work, first, end, ladders, &memory));
    for (int64_t c = first; c < end; c++)
        build_ladder(work->scoring, work->members, c, &ladders[c - first]);
    conceptdec_status status = place_rows(work, first, end, ladders);
    for (int64_t c = first; c < end && status == CONCEPTDEC_OK; c++) {
        const ladder *l = &ladders[c - first];
        if (work->auroc)
            work->auroc[c] = area(l, work->members->start[classes] - l->n_members);
        if (work->average_precision)
            work->average_precision[c] = precision(l);
    }
    conceptdec_i_give(work->ctx, memory);
    return status;
}

conceptdec_status
conceptdec_i_probe_rank(conceptdec_ctx *ctx, const conceptdec_i_probe_scoring *scoring,
                        const conceptdec_i_probe_members *members, double *auroc, double *average_precision)
{
    ranking work = {
        .ctx = ctx, .scoring = scoring, .members = members, .auroc = auroc, .average_precision = average_precision};
    work.group = scoring->classes > FEW_CLASSES ? GROUP : 1;
    if (!auroc && !average_precision)
        return CONCEPTDEC_OK;
    return conceptdec_i_parallel(ctx, (scoring->classes - 1) / work.group + 1, rank_group, &work);
}
