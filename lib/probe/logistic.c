/* Logistic regression of many problems: which are fitted together, over which rows, and in how much memory. */
#include "probe/logistic.h"

#include <stdlib.h>
#include <string.h>

#include "core/whole.h"
#include "linalg/tiles.h"

#define ROUND_COLUMNS 256 /* of a round in float, about; half as many in double */
#define PACKING 24        /* what rows cost in a pass besides its columns, in columns */
#define SLOTS 2           /* rounds' worth: while some wait for their loss, the others fill the rounds of products */
#define SCALINGS_SHARE 2  /* preconditioners take one part in so many of the memory */
#define ROW_BYTES 18      /* of a row, in a plan and among those that train */
#define MOST_BRISK_CONDITION 1e4
#define SAVED 40          /* products of a fit that a further preconditioner saves, at least */

typedef conceptdec_i_logistic logistic;

/* What the problems have in common. */
typedef struct {
    const uint8_t **role; /* distinct ones, in order of appearance */
    int64_t n_roles;
    int64_t *trains; /* rows that train in each */
    double *lambda;  /* distinct ones, descending */
    int64_t n_lambdas;
    int64_t *order;   /* of the problems: by penalty (as far as these are kept at once), role, penalty */
    int64_t *of_role; /* of each problem */
    uint8_t *trains_any, *leaves_any; /* n: of a flight */
    int32_t *train_rows, *left_rows;  /* n */
} plan;

/* ---- surveys ---- */

static conceptdec_status
take_plan(conceptdec_i_arena *arena, const conceptdec_i_fitting *fitting, plan *p)
{
    const int64_t n = fitting->space->n, count = fitting->n_problems;
    void *m[9];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", count, sizeof *p->role, &m[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", count, sizeof *p->trains, &m[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", count, sizeof *p->lambda, &m[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", count, sizeof *p->order, &m[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "problems", count, sizeof *p->of_role, &m[4]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", n, 1, &m[5]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", n, 1, &m[6]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", n, sizeof *p->train_rows, &m[7]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", n, sizeof *p->left_rows, &m[8]));
    *p = (plan){.role = m[0],
                .trains = m[1],
                .lambda = m[2],
                .order = m[3],
                .of_role = m[4],
                .trains_any = m[5],
                .leaves_any = m[6],
                .train_rows = m[7],
                .left_rows = m[8]};
    return CONCEPTDEC_OK;
}

static int64_t
role_number(plan *p, const conceptdec_i_fitting *fitting, const uint8_t *role)
{
    int64_t i = p->n_roles - 1;
    while (i >= 0 && p->role[i] != role) /* the last one is the likeliest */
        i--;
    if (i >= 0)
        return i;
    p->role[p->n_roles] = role;
    for (int64_t row = 0; row < fitting->space->n; row++)
        p->trains[p->n_roles] += role[row] == CONCEPTDEC_I_ROLE_TRAIN;
    return p->n_roles++;
}

static void
note_lambda(plan *p, double lambda)
{
    int64_t place = 0;
    while (place < p->n_lambdas && p->lambda[place] > lambda)
        place++;
    if (place < p->n_lambdas && p->lambda[place] == lambda)
        return;
    memmove(p->lambda + place + 1, p->lambda + place, (size_t)(p->n_lambdas - place) * sizeof *p->lambda);
    p->lambda[place] = lambda;
    p->n_lambdas++;
}

static void
survey(plan *p, const conceptdec_i_fitting *fitting)
{
    for (int64_t i = 0; i < fitting->n_problems; i++) {
        p->of_role[i] = role_number(p, fitting, fitting->problems[i].role);
        note_lambda(p, fitting->problems[i].lambda);
    }
}

/* ---- memory ---- */

/* How many penalties' preconditioners are kept at once, how many further ones, and how many slots a flight has at most,
 * in so many bytes. */
typedef struct {
    bool is_diagonal;
    int64_t lambdas, rungs, slots, bytes;
} budget;

/* Of a flight over so many rows. */
static int64_t
bytes_of_slots(const logistic *l, int64_t n_rows, int64_t slots)
{
    return conceptdec_i_logistic_flight_bytes(l, slots) + slots * conceptdec_i_logistic_slot_bytes(l, n_rows);
}

static void
find_slots(const logistic *l, int64_t bytes, budget *b)
{
    b->bytes = bytes;
    b->slots = SLOTS * l->most_narrow;
    while (b->slots > 0 && bytes_of_slots(l, l->fitting->space->n, b->slots) > bytes)
        b->slots--;
}

/* Further preconditioners, where products that they save are more work than the factorisations, and memory is there. */
static int64_t
rungs_that_pay(const logistic *l, int64_t most)
{
    const double products = (double)(SAVED * l->fitting->n_problems) * (double)(l->columns * l->fitting->space->n);
    if (products < (double)l->r * (double)l->r)
        return 0;
    return min64(CONCEPTDEC_I_LOGISTIC_MOST_RUNGS, most);
}

/* Of the products of coordinates that triangles are made of. */
static int64_t
moments_bytes(const logistic *l)
{
    const int64_t size = l->is_brisk ? (int64_t)sizeof(float) : (int64_t)sizeof(double);
    return l->spectrum ? 0 : l->r * (l->r + 2) * size;
}

/* What moments are made with. */
static int64_t
products_bytes(const logistic *l)
{
    const conceptdec_i_dense rows = conceptdec_i_logistic_rows(l);
    if (l->spectrum || l->has_kernel)
        return 0;
    return rows.n * (int64_t)sizeof(int64_t) + conceptdec_i_gram_bytes(l->ctx, &rows, CONCEPTDEC_I_TILE_F64);
}

/* Triangles of as many penalties as a part of the memory holds, beside what they are made of; `kept` of that stays.
 * Without room for one there are no penalties and no slots. */
static budget
budget_of_triangles(const logistic *l, const plan *p, int64_t kept)
{
    const int64_t memory = l->memory, each = conceptdec_i_logistic_scaling_bytes(l);
    const int64_t room = min64(memory / SCALINGS_SHARE, memory - products_bytes(l)) - moments_bytes(l);
    budget b = {.lambdas = p->n_lambdas};
    if (room < each)
        return (budget){0};
    if (each > 0) {
        b.lambdas = min64(p->n_lambdas, room / each);
        b.rungs = rungs_that_pay(l, room / each - b.lambdas);
    }
    find_slots(l, memory - kept - (b.lambdas + b.rungs) * each, &b);
    return b;
}

/* With a kernel the moments stay, and there is nothing but triangles: at the least, of one penalty at a time. */
static budget
budget_of_kernel(const logistic *l, const plan *p)
{
    const int64_t kept = moments_bytes(l), each = conceptdec_i_logistic_scaling_bytes(l);
    budget b = budget_of_triangles(l, p, kept);
    if (b.slots == 0 && b.lambdas > 0) {
        b = (budget){.lambdas = 1};
        find_slots(l, l->memory - kept - each, &b);
    }
    return b;
}

static budget
budget_of_diagonals(const logistic *l, const plan *p)
{
    budget b = {.is_diagonal = true, .lambdas = p->n_lambdas};
    find_slots(l, l->memory - l->r * (int64_t)sizeof(double), &b);
    return b;
}

/* Without slots only where there is a kernel. */
static conceptdec_status
share_memory(const logistic *l, const plan *p, budget *b)
{
    *b = l->has_kernel ? budget_of_kernel(l, p) : budget_of_triangles(l, p, 0);
    if (b->slots == 0 && !l->has_kernel)
        *b = budget_of_diagonals(l, p);
    if (b->slots > 0 || l->has_kernel)
        return CONCEPTDEC_OK;
    const int64_t fit = bytes_of_slots(l, l->fitting->space->n, 1) + l->r * (int64_t)sizeof(double);
    return conceptdec_i_fail(l->ctx, CONCEPTDEC_ENOMEM,
                             "memory: %lld bytes are too few; one fit of %lld x %lld weights takes %lld beside %lld "
                             "that rows, parts and values take",
                             (long long)(l->fitting->held + l->fitting->options->memory), (long long)l->columns,
                             (long long)l->r, (long long)fit,
                             (long long)(l->fitting->held + l->fitting->options->memory - l->memory));
}

/* ---- flights ---- */

static int64_t
lambda_number(const plan *p, double lambda)
{
    int64_t i = 0;
    while (p->lambda[i] != lambda)
        i++;
    return i;
}

/* Problems first..end-1 of the order become those of penalties from..to-1, by role and then by penalty; is_again: those
 * of them that were deferred. */
static int64_t
order_problems(const plan *p, const conceptdec_i_fitting *fitting, bool is_again, int64_t from, int64_t to)
{
    int64_t n = 0;
    for (int64_t role = 0; role < p->n_roles; role++)
        for (int64_t lambda = from; lambda < to; lambda++)
            for (int64_t i = 0; i < fitting->n_problems; i++)
                if ((!is_again || fitting->deferred[i]) && p->of_role[i] == role &&
                    lambda_number(p, fitting->problems[i].lambda) == lambda)
                    p->order[n++] = i;
    return n;
}

/* Adds what a role trains on and leaves out; the number of rows that train any. */
static int64_t
add_role(plan *p, const uint8_t *role, int64_t n)
{
    const uint8_t left_out = conceptdec_i_has_test_rows(role, n) ? CONCEPTDEC_I_ROLE_TEST : CONCEPTDEC_I_ROLE_TRAIN;
    int64_t trains = 0;
    for (int64_t i = 0; i < n; i++) {
        p->trains_any[i] |= role[i] == CONCEPTDEC_I_ROLE_TRAIN;
        p->leaves_any[i] |= role[i] == left_out;
        trains += p->trains_any[i];
    }
    return trains;
}

static int64_t
count_with(const plan *p, const uint8_t *role, int64_t n)
{
    int64_t trains = 0;
    for (int64_t i = 0; i < n; i++)
        trains += p->trains_any[i] || role[i] == CONCEPTDEC_I_ROLE_TRAIN;
    return trains;
}

static int64_t
end_of_role(const plan *p, int64_t first, int64_t n)
{
    int64_t end = first;
    while (end < n && p->of_role[p->order[end]] == p->of_role[p->order[first]])
        end++;
    return end;
}

static int64_t
cost(int64_t rows, int64_t columns)
{
    return rows * (min64(columns, ROUND_COLUMNS) + PACKING) * (1 + columns / ROUND_COLUMNS);
}

/* The end of the flight that starts with problem `first`: roles join it as long as passes over all their rows together
 * cost less than over those of each; with a kernel, whose passes are over all rows, always. */
static int64_t
end_of_flight(plan *p, const logistic *l, int64_t first, int64_t n)
{
    const int64_t n_rows = l->fitting->space->n;
    int64_t end = end_of_role(p, first, n);
    memset(p->trains_any, 0, (size_t)n_rows);
    memset(p->leaves_any, 0, (size_t)n_rows);
    int64_t rows = add_role(p, p->role[p->of_role[p->order[first]]], n_rows);
    while (end < n) {
        const int64_t next = end_of_role(p, end, n), role = p->of_role[p->order[end]];
        const int64_t here = (end - first) * l->columns, more = (next - end) * l->columns;
        if (!l->has_kernel &&
            cost(count_with(p, p->role[role], n_rows), here + more) > cost(rows, here) + cost(p->trains[role], more))
            break;
        rows = add_role(p, p->role[role], n_rows);
        end = next;
    }
    return end;
}

static int64_t
list_rows(const uint8_t *marks, int64_t n, int32_t *list)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        if (marks[i])
            list[count++] = (int32_t)i;
    return count;
}

static conceptdec_status
run_flights(logistic *l, plan *p, const budget *b, int64_t n)
{
    const conceptdec_i_space *space = l->fitting->space;
    const int precision = l->is_wide ? CONCEPTDEC_I_TILE_F64 : CONCEPTDEC_I_TILE_F32;
    for (int64_t first = 0, end; first < n; first = end) {
        end = end_of_flight(p, l, first, n);
        l->rows = (conceptdec_i_rows){.data = l->z, .is_wide = l->is_wide, .dims = l->r, .stride = l->stride};
        if (l->has_kernel)
            memset(p->trains_any, 1, (size_t)space->n);
        l->left_out = l->rows;
        l->rows.row = p->train_rows;
        l->rows.n = list_rows(p->trains_any, space->n, p->train_rows);
        l->left_out.row = p->left_rows;
        l->left_out.n = list_rows(p->leaves_any, space->n, p->left_rows);
        l->queue = p->order + first;
        l->n_queue = end - first;
        l->n_slots = min64(b->slots, l->n_queue);
        l->keeps_rows = conceptdec_i_passes_kept_bytes(l->ctx, l->rows.n, l->r, precision) <=
                        b->bytes - bytes_of_slots(l, l->rows.n, l->n_slots);
        CONCEPTDEC_I_TRY(conceptdec_i_logistic_fly(l));
    }
    return CONCEPTDEC_OK;
}

/* Flights of as many penalties as have preconditioners at once. */
static conceptdec_status
run_penalties(logistic *l, plan *p, const budget *b, int64_t from)
{
    const int64_t count = min64(b->lambdas, p->n_lambdas - from);
    const double *lambdas = p->lambda + from;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, l->ctx);
    conceptdec_status status = conceptdec_i_logistic_scaling_open(&arena, l, b->is_diagonal, count, lambdas, b->rungs);
    if (status == CONCEPTDEC_EUNSUPPORTED && !b->is_diagonal && !l->has_kernel) /* without LAPACK */
        status = conceptdec_i_logistic_scaling_open(&arena, l, true, count, lambdas, 0);
    if (status == CONCEPTDEC_OK)
        status = run_flights(l, p, b, order_problems(p, l->fitting, l->is_again, from, from + count));
    conceptdec_i_arena_close(&arena);
    return status;
}

/* A kernel that leaves no room for its preconditioner; what is here again waits already. */
static void
defer_all(const logistic *l)
{
    if (!l->is_again)
        memset(l->fitting->deferred, 1, (size_t)l->fitting->n_problems);
}

static conceptdec_status
run_all(conceptdec_i_arena *arena, logistic *l)
{
    plan p;
    budget b = {0};
    l->memory = l->fitting->options->memory - l->fitting->space->n * ROW_BYTES;
    CONCEPTDEC_I_TRY(take_plan(arena, l->fitting, &p));
    survey(&p, l->fitting);
    CONCEPTDEC_I_TRY(conceptdec_i_logistic_mark_training(arena, l));
    CONCEPTDEC_I_TRY(conceptdec_i_logistic_take_axes(arena, l));
    CONCEPTDEC_I_TRY(share_memory(l, &p, &b));
    if (b.slots == 0) {
        defer_all(l);
        return CONCEPTDEC_OK;
    }
    for (int64_t from = 0; from < p.n_lambdas; from += b.lambdas)
        CONCEPTDEC_I_TRY(run_penalties(l, &p, &b, from));
    return CONCEPTDEC_OK;
}

double
conceptdec_i_logistic_curvature(int64_t columns)
{
    return columns == 1 ? 0.25 : 1 / (double)columns;
}

/* Whether triangles in float may be right enough: their values are, to about 1e-7 of the condition. */
static bool
may_be_brisk(const conceptdec_i_fitting *fitting)
{
    const conceptdec_i_space *space = fitting->space;
    const double widest = conceptdec_i_logistic_curvature(fitting->columns) * space->widest;
    for (int64_t i = 0; i < fitting->n_problems; i++)
        if (widest > MOST_BRISK_CONDITION * fitting->problems[i].lambda)
            return false;
    return space->kernel != NULL;
}

conceptdec_status
conceptdec_i_logistic_fit(const conceptdec_i_fitting *fitting, conceptdec_i_fit_listener listener, void *argument)
{
    const conceptdec_i_space *space = fitting->space;
    const int64_t columns = fitting->columns, narrow = ROUND_COLUMNS / columns, wide = (narrow + 1) / 2;
    logistic l = {.ctx = fitting->ctx,
                  .fitting = fitting,
                  .listener = listener,
                  .argument = argument,
                  .r = space->r,
                  .ld = (space->r + 16) / 16 * 16,
                  .columns = columns,
                  .classes = fitting->classes,
                  .is_wide = space->is_wide || space->kernel,
                  .z = space->kernel ? space->kernel : space->z,
                  .stride = space->stride,
                  .spectrum = space->spectrum,
                  .has_kernel = space->kernel != NULL,
                  .is_brisk = may_be_brisk(fitting),
                  .curvature = conceptdec_i_logistic_curvature(fitting->columns)};
    l.most_wide = wide > 1 ? wide : 1;
    l.most_narrow = l.is_wide ? l.most_wide : narrow > 1 ? narrow : 1;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, fitting->ctx);
    conceptdec_status status = run_all(&arena, &l);
    conceptdec_i_arena_close(&arena);
    if (status != CONCEPTDEC_OK || !l.is_brisk || !memchr(fitting->deferred, 1, (size_t)fitting->n_problems))
        return status;
    l.is_brisk = false;
    l.is_again = true;
    conceptdec_i_arena_open(&arena, fitting->ctx);
    status = run_all(&arena, &l);
    conceptdec_i_arena_close(&arena);
    return status;
}
