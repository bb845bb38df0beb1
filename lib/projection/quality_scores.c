/* Scores of rows: what the neighbourhoods of both spaces share, and how far false neighbours are beyond k. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/whole.h"
#include "projection/quality.h"

#define PARTS 52      /* bits of a sum behind the point */
#define LOOK (1 << 16) /* members between two looks at the cancel flag */

/* ---- sums ---- */

/* value: 0 or above, below 2^62. */
static void
add(conceptdec_i_quality_sum *sum, double value)
{
    int64_t whole = (int64_t)value;
    sum->whole += whole;
    sum->parts += (uint64_t)ldexp(value - (double)whole, PARTS);
    sum->whole += (int64_t)(sum->parts >> PARTS);
    sum->parts &= (UINT64_C(1) << PARTS) - 1;
}

double
conceptdec_i_quality_sum_of(const conceptdec_i_judging *r, const conceptdec_i_quality_sum *sums, int64_t k)
{
    conceptdec_i_quality_sum all = {0, 0};
    for (int lane = 0; lane < conceptdec_i_lanes(r->ctx); lane++) {
        all.whole += sums[lane * r->n_ks + k].whole;
        all.parts += sums[lane * r->n_ks + k].parts;
    }
    all.whole += (int64_t)(all.parts >> PARTS);
    all.parts &= (UINT64_C(1) << PARTS) - 1;
    return (double)all.whole + ldexp((double)all.parts, -PARTS);
}

/* ---- one row ---- */

/* A neighbour in the judged space: where it stands in either, as rows closer and rows at its distance. */
typedef struct {
    int32_t closer, tied;               /* in the judged space */
    int32_t ranked_closer, ranked_tied; /* in the ranking space */
} member;

/* How many of k places go to each of the rows at one distance: `places` for all of them together. */
static int64_t
places_of(int64_t closer, int64_t tied, int64_t k)
{
    return closer >= k ? 0 : closer + tied <= k ? tied : k - closer;
}

/* Members by what they have of the neighbourhoods: all or a part of a place in the judged one (first index), none, a
 * part or all in the ranking one. The parts are the same for all members that have one. */
typedef struct {
    int64_t n[2][3];
    int64_t excess[2];          /* of members with none: doubled ranks beyond k */
    int64_t excess_at;          /* the same of one member with a part, 0 or above */
    int64_t places[2], tied[2]; /* parts: judged, ranking */
} census;

static void
take_census(const member *members, int64_t n, int64_t k, census *c)
{
    *c = (census){.tied = {1, 1}};
    for (int64_t i = 0; i < n && members[i].closer < k; i++) {
        const member *m = &members[i];
        int64_t judged = places_of(m->closer, m->tied, k), ranked = places_of(m->ranked_closer, m->ranked_tied, k);
        int64_t excess = 2 * (int64_t)m->ranked_closer + m->ranked_tied + 1 - 2 * k;
        int part = judged < m->tied, kind = ranked == 0 ? 0 : ranked < m->ranked_tied ? 1 : 2;
        c->n[part][kind]++;
        if (part) {
            c->places[0] = judged;
            c->tied[0] = m->tied;
        }
        if (kind == 0)
            c->excess[part] += excess;
        if (kind == 1) {
            c->excess_at = excess > 0 ? excess : 0;
            c->places[1] = ranked;
            c->tied[1] = m->ranked_tied;
        }
    }
}

/* Exact where the share is a whole number. */
static double
share(int64_t n, int64_t places, int64_t tied)
{
    return (double)n * (double)places / (double)tied;
}

/* Places that the two neighbourhoods have in common: the smaller of both parts of each member. */
static double
overlap_of(const census *c)
{
    double both = fmin(share(c->n[1][1], c->places[0], c->tied[0]), share(c->n[1][1], c->places[1], c->tied[1]));
    return (double)c->n[0][2] + share(c->n[0][1], c->places[1], c->tied[1]) +
           share(c->n[1][2], c->places[0], c->tied[0]) + both;
}

/* What members have of the judged neighbourhood beyond what they have of the ranking one, times how far their doubled
 * rank is beyond k. */
static double
excess_of(const census *c)
{
    double left = share(c->n[0][1], c->tied[1] - c->places[1], c->tied[1]);
    double both = fmax(0, share(c->n[1][1], c->places[0], c->tied[0]) - share(c->n[1][1], c->places[1], c->tied[1]));
    return (double)c->excess[0] + share(c->excess[1], c->places[0], c->tied[0]) + (double)c->excess_at * (left + both);
}

/* ---- the rows of a value ---- */

/* Where each member of the ranking space's list stands, and each value that is asked about. */
static void
note_places(const conceptdec_i_judging *r, int64_t item, const conceptdec_i_quality_lane *scratch)
{
    const conceptdec_neighbors *table = r->ranks->table;
    int32_t value = r->order[item];
    conceptdec_i_walk walk;
    conceptdec_i_shell shell;
    conceptdec_i_walk_start(&walk, table, &r->ranks->exclusion, table->rows[table->value_start[value]]);
    while (conceptdec_i_walk_next(&walk, &shell))
        for (int64_t e = 0; e < shell.n_entries; e++) {
            scratch->closer[shell.entries[e].value] = (int32_t)shell.n_closer;
            scratch->tied[shell.entries[e].value] = (int32_t)shell.n_eligible;
        }
    if (r->n_asked[value] == 0)
        return;
    conceptdec_i_quality_place at = conceptdec_i_quality_place_of(r, item);
    for (int32_t t = 0; t < r->n_asked[value]; t++) {
        const conceptdec_i_asked *asked = &r->asked[at.asked + t];
        scratch->closer[asked->value] = r->count[at.count + t];
        scratch->tied[asked->value] = asked->tied;
    }
}

static int64_t
gather_members(const conceptdec_i_judging *r, int32_t row, const conceptdec_i_quality_lane *scratch, member *members)
{
    const conceptdec_neighbors *table = r->judged->table;
    conceptdec_i_walk walk;
    conceptdec_i_shell shell;
    int64_t n = 0;
    conceptdec_i_walk_start(&walk, table, &r->judged->exclusion, row);
    while (walk.n_closer < r->k_max && conceptdec_i_walk_next(&walk, &shell))
        for (int64_t e = 0; e < shell.n_entries; e++) {
            int64_t v = shell.entries[e].value;
            for (int64_t i = table->value_start[v]; i < table->value_start[v + 1]; i++) {
                int32_t value = r->ranks->table->value_of_row[table->rows[i]];
                if (table->rows[i] != row)
                    members[n++] = (member){(int32_t)shell.n_closer, (int32_t)shell.n_eligible, scratch->closer[value],
                                            scratch->tied[value]};
            }
        }
    return n;
}

/* Of a row, at every k. */
static conceptdec_status
score_row(conceptdec_i_judging *r, const member *members, int64_t n, int lane)
{
    const int64_t each = n < LOOK ? LOOK / (n > 0 ? n : 1) : 1; /* ks between two looks */
    census c;
    for (int64_t k = 0; k < r->n_ks; k++) {
        if (k % each == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(r->ctx, 0));
        take_census(members, n, r->ks[k], &c);
        add(&r->excess[lane * r->n_ks + k], excess_of(&c));
        add(&r->overlap[lane * r->n_ks + k], overlap_of(&c));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
score_task(void *argument, int64_t task, int lane)
{
    conceptdec_i_judging *r = argument;
    conceptdec_i_quality_lane scratch = conceptdec_i_quality_lane_of(r, lane);
    const conceptdec_neighbors *table = r->ranks->table;
    member *members = (member *)(void *)scratch.members;
    int64_t end = r->first + task_end(task, CONCEPTDEC_I_QUALITY_VALUES, r->end - r->first);
    for (int64_t item = r->first + task * CONCEPTDEC_I_QUALITY_VALUES; item < end; item++) {
        int32_t value = r->order[item];
        note_places(r, item, &scratch);
        for (int64_t i = table->value_start[value]; i < table->value_start[value + 1]; i++) {
            int64_t n = gather_members(r, table->rows[i], &scratch, members);
            CONCEPTDEC_I_TRY(score_row(r, members, n, lane));
        }
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_quality_score(conceptdec_i_judging *r)
{
    int64_t n = r->end - r->first, tasks = (n + CONCEPTDEC_I_QUALITY_VALUES - 1) / CONCEPTDEC_I_QUALITY_VALUES;
    conceptdec_i_stage(r->ctx, "scores", tasks);
    return conceptdec_i_parallel(r->ctx, tasks, score_task, r);
}
