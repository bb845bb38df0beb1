/* Ridge regression and ridge classification: parts, and in each of them batches of problems. */
#include "probe/ridge.h"

#include <stdlib.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/apply.h"
#include "linalg/tiles.h"
#include "probe/ridge_batch.h"
#include "probe/ridge_screen.h"

#define BATCH_BYTES ((int64_t)32 << 20) /* about what a last-level cache holds */
#define EIGEN_FACTORS 20                /* an eigendecomposition costs so many factorisations */
#define MOST_EIGEN 2048                 /* coordinates above which it is not chosen for its speed */
#define MOST_SETS 64                    /* label sets whose class sums are found together */
#define MANY_COLUMNS 512                /* of a part: with fewer, products in double cost little even for narrow
                                           input */

typedef struct {
    const conceptdec_i_fitting *fitting;
    const double *targets;
    conceptdec_i_fit_listener listener;
    void *argument;
    conceptdec_i_parts parts;
    conceptdec_i_ridge_base base;
} ridge;

/* Distinct lambdas of a part, ascending. */
static conceptdec_status
find_lambdas(conceptdec_i_arena *arena, const conceptdec_i_fitting *fitting, const int64_t *order, int64_t count,
             conceptdec_i_ridge_part *part)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "lambdas", count, sizeof(double), &p));
    part->lambdas = p;
    for (int64_t i = 0; i < count; i++) {
        double lambda = fitting->problems[order[i]].lambda;
        int64_t at = part->n_lambdas;
        while (at > 0 && part->lambdas[at - 1] > lambda)
            at--;
        if (at > 0 && part->lambdas[at - 1] >= lambda)
            continue;
        memmove(part->lambdas + at + 1, part->lambdas + at, (size_t)(part->n_lambdas - at) * sizeof(double));
        part->lambdas[at] = lambda;
        part->n_lambdas++;
    }
    return CONCEPTDEC_OK;
}

/* Roles that have the same rows as this one. */
static int64_t
count_alike(const ridge *r, int64_t part)
{
    const conceptdec_i_problem *problems = r->fitting->problems;
    const uint8_t *role = problems[r->parts.order[r->parts.first[part]]].role;
    int64_t alike = 0;
    for (int64_t p = 0; p < r->parts.n; p++) {
        const uint8_t *other = problems[r->parts.order[r->parts.first[p]]].role;
        int64_t i = 0;
        while (i < r->fitting->space->n && (role[i] == CONCEPTDEC_I_ROLE_NONE) == (other[i] == CONCEPTDEC_I_ROLE_NONE))
            i++;
        alike += i == r->fitting->space->n;
    }
    return alike;
}

/* Problems of a batch. */
static int64_t
count_items(const conceptdec_i_ridge_batch *batch, int64_t count)
{
    int64_t bytes = batch->part->fitting->options->memory / 4;
    int64_t most = (bytes < BATCH_BYTES ? bytes : BATCH_BYTES) / (8 * conceptdec_i_ridge_item_doubles(batch));
    return most < 1 ? 1 : most > count ? count : most;
}

static int64_t
count_sets(const conceptdec_i_ridge_batch *batch, int64_t count)
{
    int64_t bytes = batch->part->fitting->options->memory / 4,
            most = bytes / (8 * conceptdec_i_ridge_set_doubles(batch));
    most = most < MOST_SETS ? most : MOST_SETS;
    return most < 1 ? 1 : most > count ? count : most;
}

/* The end of the problems of `most` label sets from the first on. */
static int64_t
end_of_sets(const conceptdec_i_ridge_batch *batch, const int64_t *order, int64_t first, int64_t count, int64_t most)
{
    const conceptdec_i_problem *problems = batch->part->fitting->problems;
    int64_t sets = 1, end = first + 1;
    for (; end < count && !batch->targets; end++) {
        sets += problems[order[end]].labels != problems[order[end - 1]].labels;
        if (sets > most)
            return end;
    }
    return count;
}

/* What sums and products of a batch take meanwhile, or refinement, or solutions without a group. */
static int64_t
buffer_doubles(const conceptdec_i_ridge_batch *batch, int64_t sets, int64_t items)
{
    const conceptdec_i_ridge_part *part = batch->part;
    const conceptdec_i_fitting *fitting = part->fitting;
    const int64_t rows = max64(part->members.n_left, part->r), columns = max64(sets, items) * batch->columns;
    const int64_t products = conceptdec_i_product_doubles(fitting, rows, columns);
    const int64_t lanes = conceptdec_i_lanes(fitting->ctx) * part->r, solved = items * batch->columns;
    const int64_t sums = batch->targets ? lanes
                                        : conceptdec_i_class_sums_doubles(fitting, part->members.n_train, sets,
                                                                          batch->classes);
    const int64_t refined = !part->is_eigen && part->is_few ? solved * part->r + lanes : 0;
    return max64(max64(sums, products), max64(refined, batch->groups ? solved * batch->groups->places.largest : 0));
}

/* What a batch takes beside the part, without that. */
static int64_t
taken_doubles(const conceptdec_i_ridge_batch *batch, int64_t sets, int64_t items)
{
    return sets * conceptdec_i_ridge_set_doubles(batch) + items * conceptdec_i_ridge_item_doubles(batch) +
           conceptdec_i_ridge_lane_doubles(batch) + (batch->groups ? batch->groups->held : 0);
}

static int64_t
batch_doubles(const conceptdec_i_ridge_batch *batch, int64_t sets, int64_t items)
{
    return batch->part->held + taken_doubles(batch, sets, items) + buffer_doubles(batch, sets, items);
}

/* What one problem takes at the most, of a part whose rows are not known yet: some may play no part in it. */
static int64_t
least_doubles(const conceptdec_i_ridge_batch *batch)
{
    const conceptdec_i_fitting *fitting = batch->part->fitting;
    const int64_t n = fitting->space->n, r = fitting->space->r;
    conceptdec_i_ridge_part part = *batch->part;
    conceptdec_i_ridge_batch one = *batch;
    part.r = r;
    part.members.n_left = part.members.n_train = n;
    one.part = &part;
    return taken_doubles(&one, 1, 1) + buffer_doubles(&one, 1, 1) + ceil_div(r * r, 2) +
           conceptdec_i_lanes(fitting->ctx) * batch->columns * n;
}

/* Smaller batches where there is no room for those: of what takes more. */
static void
shrink(const conceptdec_i_ridge_batch *batch, int64_t *sets, int64_t *items)
{
    const int64_t most = batch->part->fitting->options->memory / (int64_t)sizeof(double);
    const int64_t set = conceptdec_i_ridge_set_doubles(batch), item = conceptdec_i_ridge_item_doubles(batch);
    while ((*sets > 1 || *items > 1) && batch_doubles(batch, *sets, *items) > most)
        if (*items == 1 || (*sets > 1 && *sets * set > *items * item))
            --*sets;
        else
            --*items;
}

static conceptdec_status
run_batches(conceptdec_i_ridge_batch *batch, const int64_t *order, int64_t count)
{
    int64_t sets = count_sets(batch, count), items = count_items(batch, count);
    shrink(batch, &sets, &items);
    CONCEPTDEC_I_TRY(
        conceptdec_i_closed_memory(batch->part->fitting, "problems", batch_doubles(batch, sets, items)));
    batch->held = batch->part->held + taken_doubles(batch, sets, items);
    CONCEPTDEC_I_TRY(conceptdec_i_ridge_batch_take(batch, sets, items));
    for (int64_t first = 0, end; first < count; first = end) {
        end = end_of_sets(batch, order, first, count, sets);
        CONCEPTDEC_I_TRY(conceptdec_i_ridge_batch_run(batch, order + first, end - first, items));
    }
    return CONCEPTDEC_OK;
}

/* Factors of groups are of one lambda: they would not all fit. */
static conceptdec_status
run_grouped(conceptdec_i_ridge_batch *batch, const int64_t *order, int64_t count)
{
    const conceptdec_i_ridge_part *part = batch->part;
    conceptdec_i_arena *outer = batch->arena, arena;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(outer, "problems", count, sizeof(int64_t), &p));
    int64_t *chosen = p;
    conceptdec_status status = CONCEPTDEC_OK;
    for (int64_t l = 0; l < part->n_lambdas && status == CONCEPTDEC_OK; l++) {
        int64_t n = 0;
        for (int64_t i = 0; i < count; i++) {
            double lambda = part->fitting->problems[order[i]].lambda;
            if (lambda >= part->lambdas[l] && lambda <= part->lambdas[l])
                chosen[n++] = order[i];
        }
        conceptdec_i_ridge_groups groups;
        conceptdec_i_arena_open(&arena, part->fitting->ctx);
        batch->arena = &arena;
        status = conceptdec_i_ridge_groups_open(&arena, part, part->lambdas[l], &groups);
        batch->groups = &groups;
        if (status == CONCEPTDEC_OK)
            status = run_batches(batch, chosen, n);
        conceptdec_i_arena_close(&arena);
    }
    batch->arena = outer;
    return status;
}

static bool
wants_eigen(const conceptdec_i_ridge_batch *batch, int64_t count)
{
    const conceptdec_i_fitting *fitting = batch->part->fitting;
    if (fitting->leave != CONCEPTDEC_I_LEAVE_ROLES)
        return true;
    int64_t batches = count / count_items(batch, count) + 1;
    return fitting->space->r <= MOST_EIGEN && batch->part->n_lambdas > 1 &&
           batch->part->n_lambdas * batches >= EIGEN_FACTORS;
}

static conceptdec_status
run_part(ridge *r, conceptdec_i_arena *arena, int64_t number)
{
    const conceptdec_i_fitting *fitting = r->fitting;
    const int64_t *order = r->parts.order + r->parts.first[number];
    int64_t count = r->parts.first[number + 1] - r->parts.first[number];
    conceptdec_i_ridge_part part = {.fitting = fitting, .r = fitting->space->r};
    conceptdec_i_ridge_batch batch = {.arena = arena, .part = &part, .targets = r->targets, .columns = fitting->columns,
                                      .classes = r->targets ? 0 : fitting->classes, .listener = r->listener,
                                      .argument = r->argument};
    part.is_few = count * fitting->columns < MANY_COLUMNS;
    part.precision = fitting->space->is_wide || part.is_few ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
    CONCEPTDEC_I_TRY(find_lambdas(arena, fitting, order, count, &part));
    part.least = least_doubles(&batch);
    const conceptdec_i_problem *problem = &fitting->problems[order[0]];
    if (fitting->leave == CONCEPTDEC_I_LEAVE_ONE) {
        CONCEPTDEC_I_TRY(conceptdec_i_ridge_part_recall(arena, &r->base, count_alike(r, number), problem,
                                                        conceptdec_i_ridge_screen_wanted(&part), &part));
        CONCEPTDEC_I_TRY(conceptdec_i_ridge_screen_open(arena, &part, count_sets(&batch, count), &part.screen));
        return run_batches(&batch, order, count);
    }
    CONCEPTDEC_I_TRY(conceptdec_i_ridge_part_open(arena, &r->base, count_alike(r, number), wants_eigen(&batch, count),
                                                  problem, &part));
    return fitting->leave == CONCEPTDEC_I_LEAVE_GROUP ? run_grouped(&batch, order, count)
                                                      : run_batches(&batch, order, count);
}

static conceptdec_status
run(conceptdec_i_arena *arena, ridge *r)
{
    if (r->fitting->kept && r->fitting->leave != CONCEPTDEC_I_LEAVE_ONE)
        conceptdec_i_ridge_forget(r->fitting->ctx, r->fitting->kept);
    CONCEPTDEC_I_TRY(
        conceptdec_i_parts_find(arena, r->fitting, conceptdec_i_is_balanced(r->fitting) && !r->targets, &r->parts));
    for (int64_t part = 0; part < r->parts.n; part++) {
        conceptdec_i_arena own;
        conceptdec_i_arena_open(&own, r->fitting->ctx);
        conceptdec_status status = run_part(r, &own, part);
        conceptdec_i_arena_close(&own);
        CONCEPTDEC_I_TRY(status);
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_ridge_regress(const conceptdec_i_fitting *fitting, const double *targets,
                           conceptdec_i_fit_listener listener, void *argument)
{
    ridge r = {.fitting = fitting, .targets = targets, .listener = listener, .argument = argument};
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, fitting->ctx);
    conceptdec_status status = run(&arena, &r);
    conceptdec_i_ridge_base_close(&r.base);
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_ridge_fit(const conceptdec_i_fitting *fitting, conceptdec_i_fit_listener listener, void *argument)
{
    return conceptdec_i_ridge_regress(fitting, NULL, listener, argument);
}
