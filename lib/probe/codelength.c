/* Online code (Voita and Titov 2020): labels are sent in blocks, each with the posterior of a probe that was fitted to
 * the blocks before it; the first with log2 C bits a label. */
#include "probe/driver.h"

#include <math.h>
#include <stdlib.h>

#define BLOCKS 11

static const double fractions[BLOCKS] = {0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1};

typedef struct coding {
    conceptdec_i_probe_driver *driver;
    const conceptdec_i_probe_set *set;
    int64_t n_rows;            /* labelled */
    int64_t ends[BLOCKS];      /* rows sent after each block, ascending */
    int64_t n_blocks;
    int64_t present;           /* classes that have a row */
    const uint8_t **roles;     /* n_blocks - 1: to send block b + 1 */
    uint8_t *is_smoothed;      /* a class is unseen */
    double *bits;              /* n_blocks - 1 of each lambda */
} coding;

/* ---- the order of the rows ---- */

typedef struct placed_row {
    double place;
    int32_t row;
} placed_row;

static int
by_place(const void *a, const void *b)
{
    const placed_row *x = a, *y = b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* A random order in which every prefix holds the classes in about their shares: the j-th row drawn of a class of m
 * stands at (j + u) / m. seen, totals: zeroed, one for each class. */
static void
order_rows(const coding *c, placed_row *rows, int32_t *shuffled, int64_t *seen, int64_t *totals)
{
    const int32_t *labels = c->set->labels;
    int64_t m = 0;
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, c->driver->settings.options.seed, CONCEPTDEC_I_RNG_CODE, 0);
    for (int64_t i = 0; i < c->driver->data.n; i++)
        if (labels[i] >= 0) {
            shuffled[m++] = (int32_t)i;
            totals[labels[i]]++;
        }
    conceptdec_i_rng_shuffle(&rng, shuffled, m);
    for (int64_t j = 0; j < m; j++) {
        int32_t label = labels[shuffled[j]];
        double place = ((double)seen[label]++ + conceptdec_i_rng_unit(&rng)) / (double)totals[label];
        rows[j] = (placed_row){.place = place, .row = shuffled[j]};
    }
    qsort(rows, (size_t)m, sizeof *rows, by_place);
}

/* ---- blocks ---- */

/* Ends that grow, and the first at no fewer rows than there are classes. */
static void
cut_blocks(coding *c)
{
    for (int b = 0; b < BLOCKS; b++) {
        int64_t end = (int64_t)(fractions[b] * (double)c->n_rows);
        int64_t least = c->n_blocks > 0 ? c->ends[c->n_blocks - 1] + 1 : c->present;
        if (b == BLOCKS - 1)
            end = c->n_rows;
        if (end >= least)
            c->ends[c->n_blocks++] = end;
    }
}

static conceptdec_status
take_roles(conceptdec_i_arena *arena, coding *c, const placed_row *rows)
{
    int64_t n = c->driver->data.n, parts = c->n_blocks - 1;
    const double *weight = c->driver->data.weight;
    void *p[2], *seen;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "code", parts, sizeof *c->roles, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "code", parts, 1, &p[1]));
    c->roles = p[0];
    c->is_smoothed = p[1];
    for (int64_t b = 0; b < parts; b++) {
        int64_t n_seen = 0;
        void *role;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "code", n, 1, &role));
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "code", c->driver->data.classes, 1, &seen));
        for (int64_t j = 0; j < c->ends[b + 1]; j++) {
            bool trains = j < c->ends[b];
            ((uint8_t *)role)[rows[j].row] = trains ? CONCEPTDEC_I_ROLE_TRAIN : CONCEPTDEC_I_ROLE_TEST;
            uint8_t *mark = (uint8_t *)seen + c->set->labels[rows[j].row];
            bool is_new = trains && !*mark && (!weight || weight[rows[j].row] > 0);
            n_seen += is_new;
            *mark |= is_new;
        }
        c->roles[b] = role;
        c->is_smoothed[b] = n_seen < c->present;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
plan(conceptdec_i_arena *arena, coding *c)
{
    void *p[4];
    int64_t n = c->driver->data.n, classes = c->driver->data.classes;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "code", n, sizeof(placed_row), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "code", n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "code", classes, sizeof(int64_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "code", classes, sizeof(int64_t), &p[3]));
    order_rows(c, p[0], p[1], p[2], p[3]);
    c->n_rows = c->set->n_labelled;
    for (int64_t i = 0; i < classes; i++)
        c->present += ((int64_t *)p[3])[i] > 0;
    cut_blocks(c);
    return take_roles(arena, c, p[0]);
}

/* ---- bits ---- */

static conceptdec_status
listen(void *argument, const conceptdec_i_probe_place *place, const conceptdec_i_space *space,
       const conceptdec_i_fit *fit)
{
    const coding *c = argument;
    int64_t n = c->driver->data.n, classes = c->driver->data.classes;
    const uint8_t *role = c->roles[place->part];
    double posterior[CONCEPTDEC_I_PROBE_MAX_CLASSES], bits = 0;
    double mixed = c->is_smoothed[place->part] ? 1 / (double)(c->ends[place->part] + c->present) : 0;
    (void)space;
    for (int64_t i = 0; i < n; i++) {
        if (role[i] != CONCEPTDEC_I_ROLE_TEST)
            continue;
        if (isnan(fit->sharpness)) { /* no spread within classes yet: the values say nothing of probabilities */
            bits += log2((double)c->present);
            continue;
        }
        conceptdec_i_probe_posterior(fit->decision + i, n, classes, fit->sharpness, posterior);
        bits -= log2((1 - mixed) * posterior[c->set->labels[i]] + mixed / (double)c->present);
    }
    c->bits[place->lambda * (c->n_blocks - 1) + place->part] = bits;
    return CONCEPTDEC_OK;
}

static conceptdec_status
send(conceptdec_i_arena *arena, coding *c, double *bits)
{
    int64_t lambdas = c->driver->settings.options.n_lambdas, parts;
    void *memory;
    CONCEPTDEC_I_TRY(plan(arena, c));
    parts = c->n_blocks - 1;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "code", lambdas * parts, sizeof(double), &memory));
    c->bits = memory;
    conceptdec_i_probe_job job = {.labels = c->set->labels, .is_labelled = c->set->is_labelled, .roles = c->roles,
                                  .n_parts = parts};
    if (parts > 0)
        CONCEPTDEC_I_TRY(conceptdec_i_probe_run(c->driver, 1, &job, "code length", false, listen, c));
    for (int64_t a = 0; a < lambdas; a++) {
        bits[a] = (double)c->ends[0] * log2((double)c->present);
        for (int64_t p = 0; p < parts; p++)
            bits[a] += c->bits[a * parts + p];
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_codelength(conceptdec_i_probe_driver *driver, int64_t set, double *bits)
{
    coding c = {.driver = driver, .set = &driver->data.sets[set]};
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, driver->ctx);
    conceptdec_status status = send(&arena, &c, bits);
    if (driver->settings.options.standardize == CONCEPTDEC_STANDARDIZE_FOLD)
        conceptdec_i_probe_close_space(driver); /* its key is a role that is about to be freed */
    conceptdec_i_arena_close(&arena);
    return status;
}
