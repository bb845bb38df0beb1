#include "stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>

#include "core/whole.h"
#include "stats/groups.h"
#include "stats/stream.h"

/* Columns of a panel, draws that read a panel together, and units of a panel that stay in the first cache for it. */
enum { PANEL = 4, DRAWS = 8, TILE = 512 };

typedef struct resampling {
    conceptdec_i_arena arena;
    uint64_t seed;
    int64_t n_ks;
    int64_t draws;
    int64_t draws_per_task;
    int64_t units;
    int64_t panels;
    /* panels x units x PANEL: column 0 holds the scored rows of a unit, column 1 + k the sum of their credits at k. */
    double *sums;
    int32_t *counts;   /* lanes x DRAWS x units: how often a unit is drawn */
    double *totals;    /* lanes x DRAWS x panels x PANEL */
    double *replicates;
} resampling;

/* Tasks of a million units are kept short, so that a call can be cancelled. */
static int64_t
draws_per_task(int64_t n)
{
    return n > 100000 ? 1 : DRAWS;
}

int64_t
conceptdec_i_bootstrap_tasks(int64_t n, int64_t draws)
{
    return (draws + draws_per_task(n) - 1) / draws_per_task(n);
}

int64_t
conceptdec_i_bootstrap_bytes(const conceptdec_ctx *ctx, int64_t units, int64_t n_ks)
{
    const int64_t panels = (n_ks + 1 + PANEL - 1) / PANEL, slots = conceptdec_i_lanes(ctx) * draws_per_task(units);
    return units * panels * PANEL * (int64_t)sizeof(double) + units + slots * units * (int64_t)sizeof(int32_t) +
           slots * panels * PANEL * (int64_t)sizeof(double);
}

/* ---- interval ---- */

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
quantile(const double *ascending, int64_t n, double q)
{
    double place = (double)(n - 1) * q;
    int64_t below = (int64_t)place;
    if (below >= n - 1)
        return ascending[n - 1];
    return ascending[below] + (place - (double)below) * (ascending[below + 1] - ascending[below]);
}

/* Those that are numbers come first. */
static int64_t
count_defined(double *values, int64_t n)
{
    int64_t defined = 0;
    for (int64_t i = 0; i < n; i++) {
        values[defined] = values[i];
        defined += !isnan(values[defined]);
    }
    return defined;
}

int64_t
conceptdec_i_percentile_interval(double *values, int64_t n, double confidence, double *low, double *high)
{
    const double tail = (1 - confidence) / 2;
    const int64_t defined = count_defined(values, n);
    *low = *high = (double)NAN;
    if (defined > 0 && 10 * (n - defined) <= n) {
        qsort(values, (size_t)defined, sizeof *values, compare_doubles);
        *low = quantile(values, defined, tail);
        *high = quantile(values, defined, 1 - tail);
    }
    return n - defined;
}

int64_t
conceptdec_i_shifted_interval(double *values, int64_t n, double estimate, double confidence, double *bias, double *low,
                              double *high)
{
    const int64_t left_out = conceptdec_i_percentile_interval(values, n, confidence, low, high);
    double sum = 0;
    for (int64_t i = 0; i < n - left_out; i++)
        sum += values[i] - estimate;
    *bias = isnan(*low) ? (double)NAN : sum / (double)(n - left_out);
    *low -= *bias;
    *high -= *bias;
    return left_out;
}

static conceptdec_status
take_intervals(resampling *r, double confidence, double *low, double *high)
{
    double *column;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(&r->arena, "bootstrap", r->draws, sizeof *column, &column));
    for (int64_t k = 0; k < r->n_ks; k++) {
        for (int64_t draw = 0; draw < r->draws; draw++)
            column[draw] = r->replicates[draw * r->n_ks + k];
        conceptdec_i_percentile_interval(column, r->draws, confidence, &low[k], &high[k]);
    }
    return CONCEPTDEC_OK;
}

/* ---- units ---- */

static void
add_row(const resampling *r, int64_t unit, const double *credit)
{
    double *sums = r->sums + unit * PANEL;
    sums[0] += 1;
    for (int64_t k = 0; k < r->n_ks; k++)
        sums[(k + 1) / PANEL * r->units * PANEL + (k + 1) % PANEL] += credit[k];
}

static conceptdec_status
sum_units(resampling *r, int64_t n, const double *credit, const int64_t *codes)
{
    conceptdec_i_groups groups;
    uint8_t *is_scored;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(&r->arena, "bootstrap", n, sizeof *is_scored, &is_scored));
    for (int64_t i = 0; i < n; i++)
        is_scored[i] = (uint8_t)!isnan(credit[i * r->n_ks]);
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(&r->arena, n, codes, is_scored, &groups));
    r->units = groups.count;
    r->panels = (r->n_ks + 1 + PANEL - 1) / PANEL;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(&r->arena, "bootstrap", r->panels * r->units, PANEL * sizeof *r->sums,
                                              &r->sums));
    for (int64_t i = 0; i < n; i++)
        if (is_scored[i])
            add_row(r, groups.number[i], credit + i * r->n_ks);
    return CONCEPTDEC_OK;
}

/* ---- draws ---- */

void
conceptdec_i_bootstrap_count(uint64_t seed, int64_t draw, int64_t units, int32_t *counts)
{
    conceptdec_i_stream stream;
    conceptdec_i_stream_start(&stream, seed, CONCEPTDEC_I_RNG_BOOTSTRAP, (uint64_t)draw);
    for (int64_t u = 0; u < units; u++)
        counts[u] = 0;
    for (int64_t u = 0; u < units; u++)
        counts[conceptdec_i_stream_below(&stream, (uint32_t)units)]++;
}

/* totals[0..PANEL-1] += sum over units of counts * sums, one unit after the other. */
static void
add_tile(const double *sums, const int32_t *counts, int64_t units, double *totals)
{
    double total[PANEL];
    for (int c = 0; c < PANEL; c++)
        total[c] = totals[c];
    for (int64_t u = 0; u < units; u++) {
        double count = counts[u];
        for (int c = 0; c < PANEL; c++)
            total[c] += count * sums[u * PANEL + c];
    }
    for (int c = 0; c < PANEL; c++)
        totals[c] = total[c];
}

/* counts of `draws` draws lie `units` apart, totals `panels * PANEL` apart. */
static void
add_units(const resampling *r, const int32_t *counts, int64_t draws, double *totals)
{
    for (int64_t i = 0; i < draws * r->panels * PANEL; i++)
        totals[i] = 0;
    for (int64_t panel = 0; panel < r->panels; panel++)
        for (int64_t u = 0; u < r->units; u += TILE) {
            int64_t units = r->units - u < TILE ? r->units - u : TILE;
            for (int64_t draw = 0; draw < draws; draw++)
                add_tile(r->sums + (panel * r->units + u) * PANEL, counts + draw * r->units + u, units,
                         totals + (draw * r->panels + panel) * PANEL);
        }
}

static conceptdec_status
draw_some(void *argument, int64_t task, int lane)
{
    resampling *r = argument;
    int64_t first = task * r->draws_per_task;
    int64_t draws = task_end(task, r->draws_per_task, r->draws) - first;
    int32_t *counts = r->counts + lane * r->draws_per_task * r->units;
    double *totals = r->totals + lane * r->draws_per_task * r->panels * PANEL;
    for (int64_t draw = 0; draw < draws; draw++)
        conceptdec_i_bootstrap_count(r->seed, first + draw, r->units, counts + draw * r->units);
    add_units(r, counts, draws, totals);
    for (int64_t draw = 0; draw < draws; draw++) {
        const double *total = totals + draw * r->panels * PANEL;
        for (int64_t k = 0; k < r->n_ks; k++)
            r->replicates[(first + draw) * r->n_ks + k] = total[k + 1] / total[0];
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
resample(resampling *r, int64_t n, const double *credit, const int64_t *codes)
{
    conceptdec_ctx *ctx = r->arena.ctx;
    CONCEPTDEC_I_TRY(sum_units(r, n, credit, codes));
    if (r->units == 0) {
        for (int64_t i = 0; i < r->draws * r->n_ks; i++)
            r->replicates[i] = (double)NAN;
        return CONCEPTDEC_OK;
    }
    int64_t slots = conceptdec_i_lanes(ctx) * r->draws_per_task;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(&r->arena, "bootstrap", slots * r->units, sizeof *r->counts, &r->counts));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(&r->arena, "bootstrap", slots * r->panels, PANEL * sizeof *r->totals,
                                              &r->totals));
    return conceptdec_i_parallel(ctx, conceptdec_i_bootstrap_tasks(n, r->draws), draw_some, r);
}

conceptdec_status
conceptdec_i_bootstrap(conceptdec_ctx *ctx, int64_t n, int64_t n_ks, const double *credit, const int64_t *groups,
                       int64_t draws, double confidence, uint64_t seed, double *replicates, double *low, double *high)
{
    resampling r = {.seed = seed, .n_ks = n_ks, .draws = draws, .replicates = replicates};
    r.draws_per_task = draws_per_task(n);
    conceptdec_i_arena_open(&r.arena, ctx);
    conceptdec_status status = resample(&r, n, credit, groups);
    if (status == CONCEPTDEC_OK)
        status = take_intervals(&r, confidence, low, high);
    conceptdec_i_arena_close(&r.arena);
    return status;
}
