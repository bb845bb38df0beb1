/* The space of Krylov grows by a block for each product, and everything in it is kept with its product, so that values,
 * vectors and residuals of the best approximations in it (Rayleigh and Ritz) come without another one. Where it is
 * full, these approximations are what it starts from again. */
#include "linalg/krylov.h"

#include <math.h>
#include <string.h>

#include "linalg/covariance.h"
#include "linalg/dot.h"
#include "linalg/engine.h"
#include "linalg/factor.h"
#include "linalg/leading.h"
#include "linalg/take_away.h"

#define UNIT 12            /* blocks are multiples: of the widths of panels */
#define VECTORS_A_UNIT 25  /* components for each of these */
#define LOOK 16            /* products of floats take the time of one step of a cube of size */
#define BLOCKS 9           /* that are kept, beside twice the components */
#define LEAST_SLAB 32      /* directions: a pass over few of them is for more than one thread, too */
#define ATTEMPTS 8         /* to draw a direction that is new */
#define NEGLIGIBLE 0x1p-46 /* parts of a product: nothing is left of it */
#define NOISE_F32 0x1p-19  /* what products are wrong by, with room */
#define NOISE_F64 0x1p-42

typedef struct {
    conceptdec_ctx *ctx;
    const conceptdec_i_krylov_problem *problem;
    conceptdec_i_passes passes;
    conceptdec_i_covariance covariance;
    int64_t dims, wanted, block;
    int64_t most;          /* directions that are kept */
    int64_t size, fresh;   /* directions with their product; those of the next block, which come after them */
    double *basis, *image; /* most + block rows, the basis orthonormal; most rows */
    double *across;        /* most x most: basis' C basis */
    double *ritz, *values; /* eigenvectors of it, one a row, the leading ones at least, and values, ascending */
    double *small;         /* a copy of it, to be destroyed, and scratch beside it */
    double *rest;          /* block x block: the last block's remainder is rest' times the next block */
    double *scratch;       /* wanted + block rows, or a block */
    int64_t last;          /* size of the last block */
    double unit;           /* length of the longest product */
    bool is_spent;         /* the last product had nothing new: the next block is random */
    double *settled;       /* wanted values when that was so before; the first is not a number: it never was */
    const double **from;   /* pointers to columns of a pass */
    double **to;
    uint64_t drawn; /* directions */
    int64_t iterations;
    double past;    /* logarithm of what was left at the last look, in tolerances; not a number: unknown */
    int64_t looked; /* after so many products */
    int64_t due;    /* the next look */
} space;

static double *
direction(const space *s, int64_t index)
{
    return s->basis + index * s->dims;
}

/* ---- passes over what is kept ---- */

typedef struct {
    space *space;
    double *coefficients;  /* NULL, or where they go: item i, column j at [i * most + j] */
    const double *weights; /* of the sums, row j for column j; the last of `most` numbers first */
} keeping;

/* Coefficients along the directions kept: they are read, and go back as they are. */
static conceptdec_status
note(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const keeping *k = argument;
    const double *values = chunk->values;
    (void)lane;
    for (int64_t i = 0; i < chunk->count && k->coefficients; i++)
        for (int64_t j = 0; j < chunk->columns; j++)
            k->coefficients[(chunk->first + i) * k->space->most + j] = values[j * chunk->ld + i];
    return CONCEPTDEC_OK;
}

static conceptdec_status
weigh(void *argument, const conceptdec_i_chunk *chunk, int lane)
{
    const keeping *k = argument;
    double *values = chunk->values;
    (void)lane;
    for (int64_t j = 0; j < chunk->columns; j++)
        memcpy(values + j * chunk->ld, k->weights - j * k->space->size + chunk->first,
               (size_t)chunk->count * sizeof *values);
    return CONCEPTDEC_OK;
}

static conceptdec_i_rows
rows_of(const space *s, const double *data, int64_t n)
{
    return (conceptdec_i_rows){.data = data, .is_wide = true, .dims = s->dims, .stride = s->dims, .n = n};
}

/* Takes from `count` vectors what lies along the first `size` directions. */
static conceptdec_status
project(space *s, int64_t size, int64_t count, double *vectors, double *coefficients)
{
    const conceptdec_i_rows rows = rows_of(s, s->basis, size);
    keeping k = {.space = s, .coefficients = coefficients};
    if (size == 0)
        return CONCEPTDEC_OK;
    for (int64_t j = 0; j < count; j++) {
        s->from[j] = vectors + j * s->dims;
        s->to[j] = s->scratch + j * s->dims;
    }
    CONCEPTDEC_I_TRY(
        conceptdec_i_passes_run(&s->passes, &rows, CONCEPTDEC_I_TILE_F64, count, s->from, s->to, note, &k));
    for (int64_t j = 0; j < count; j++)
        add(-1, s->to[j], vectors + j * s->dims, s->dims);
    return CONCEPTDEC_OK;
}

/* out[j] = sum of rows of data by the eigenvector of the j-th largest value, for j < count. */
static conceptdec_status
combine(space *s, const double *data, int64_t count, double *out)
{
    const conceptdec_i_rows rows = rows_of(s, data, s->size);
    for (int64_t first = 0; first < count; first += s->block) {
        const int64_t columns = min64(s->block, count - first);
        keeping k = {.space = s, .weights = s->ritz + (s->size - 1 - first) * s->size};
        for (int64_t j = 0; j < columns; j++)
            s->to[j] = out + (first + j) * s->dims;
        CONCEPTDEC_I_TRY(
            conceptdec_i_passes_run(&s->passes, &rows, CONCEPTDEC_I_TILE_F64, columns, NULL, s->to, weigh, &k));
    }
    return CONCEPTDEC_OK;
}

/* ---- a block ---- */

static void
draw(space *s, double *out)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, s->problem->seed, CONCEPTDEC_I_RNG_KRYLOV, s->drawn++);
    for (int64_t i = 0; i < s->dims; i++)
        out[i] = 2 * conceptdec_i_rng_unit(&rng) - 1;
}

/* Makes one of the next block orthogonal to those before it and 1 long; what it loses of its length is returned. */
static double
join(space *s, int64_t index, double *rest)
{
    double *vector = direction(s, s->size + index);
    const double length = sqrt(
        conceptdec_i_take_away(s->ctx->kernels, s->dims, index, direction(s, s->size), vector, rest, s->block));
    if (length > 0)
        stretch(1 / length, vector, s->dims);
    return length;
}

/* A random direction instead of one that is nothing new. */
static conceptdec_status
replace(space *s, int64_t index)
{
    double *vector = direction(s, s->size + index), length = 0;
    for (int attempt = 0; attempt < ATTEMPTS && length < 0.5; attempt++) {
        draw(s, vector);
        stretch(1 / sqrt(s->ctx->kernels->dot(vector, vector, s->dims)), vector, s->dims);
        for (int pass = 0; pass < 3; pass++) {
            CONCEPTDEC_I_TRY(project(s, s->size, 1, vector, NULL));
            length = join(s, index, NULL);
        }
    }
    return CONCEPTDEC_OK;
}

static double
noise(const space *s)
{
    return s->covariance.precision == CONCEPTDEC_I_TILE_F32 ? NOISE_F32 : NOISE_F64;
}

/* Makes the next block, orthogonal to the space but for rounding, orthonormal. Where the products are in the space
 * already, a random block may have a part in what it does not know: more of an eigenspace than a block is wide. */
static conceptdec_status
settle(space *s)
{
    double longest = 0;
    memset(s->rest, 0, (size_t)(s->block * s->block) * sizeof *s->rest);
    for (int64_t j = 0; j < s->fresh; j++) {
        double length = join(s, j, s->rest + j);
        s->rest[j * s->block + j] = length;
        longest = fmax(longest, length);
        if (length <= NEGLIGIBLE * s->unit)
            CONCEPTDEC_I_TRY(replace(s, j));
    }
    s->is_spent = longest <= noise(s) * s->unit;
    for (int64_t j = 0; j < s->fresh && s->is_spent; j++)
        CONCEPTDEC_I_TRY(replace(s, j));
    CONCEPTDEC_I_TRY(project(s, s->size, s->fresh, direction(s, s->size), NULL));
    for (int64_t j = 0; j < s->fresh; j++)
        if (join(s, j, NULL) < 0.5)
            CONCEPTDEC_I_TRY(replace(s, j));
    return CONCEPTDEC_OK;
}

static conceptdec_status
start(space *s)
{
    s->size = 0;
    s->fresh = s->block;
    s->settled[0] = s->past = (double)NAN;
    for (int64_t j = 0; j < s->fresh; j++)
        draw(s, direction(s, j));
    CONCEPTDEC_I_TRY(settle(s));
    s->is_spent = false;
    return CONCEPTDEC_OK;
}

/* ---- steps ---- */

static void
symmetrise(space *s, int64_t old)
{
    for (int64_t i = 0; i < s->size; i++)
        for (int64_t j = max64(i, old); j < s->size; j++) {
            double *above = &s->across[i * s->most + j], *below = &s->across[j * s->most + i];
            *above = i < old ? *above : (*above + *below) / 2;
            *below = *above;
        }
}

/* The product of the next block; the one after it is what the space does not have of that. */
static conceptdec_status
grow(space *s)
{
    const int64_t old = s->size;
    double *image = s->image + old * s->dims, longest = 0;
    s->last = s->fresh;
    CONCEPTDEC_I_TRY(
        conceptdec_i_covariance_product(&s->covariance, s->last, direction(s, old), image, s->from, s->to));
    s->iterations++;
    s->size += s->last;
    s->fresh = min64(s->last, s->dims - s->size);
    double *next = direction(s, s->size);
    memcpy(next, image, (size_t)(s->last * s->dims) * sizeof *next);
    for (int64_t j = 0; j < s->last; j++)
        longest = fmax(longest, sqrt(s->ctx->kernels->dot(next + j * s->dims, next + j * s->dims, s->dims)));
    CONCEPTDEC_I_TRY(project(s, s->size, s->last, next, s->across + old));
    symmetrise(s, old);
    s->unit = fmax(s->unit, longest);
    return settle(s);
}

/* Values, and vectors of the `count` largest. LAPACK may not end where something is not finite. */
static conceptdec_status
solve(space *s, int64_t count)
{
    const int64_t n = s->size;
    if (!(s->unit < (double)INFINITY))
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW, "the covariance is beyond the range of float64");
    CONCEPTDEC_I_TRY(conceptdec_i_poll(s->ctx, 0));
    const bool is_small = n <= CONCEPTDEC_I_LEADING_MOST;
    for (int64_t i = 0; i < n && is_small; i++)
        memcpy(s->small + i * n, s->across + i * s->most, (size_t)n * sizeof *s->small);
    if (is_small && conceptdec_i_leading(s->ctx->kernels, n, count, s->small, s->values, s->ritz + (n - count) * n,
                                         s->small + n * n))
        return CONCEPTDEC_OK;
    for (int64_t i = 0; i < n; i++)
        memcpy(s->ritz + i * n, s->across + i * s->most, (size_t)n * sizeof *s->ritz);
    return conceptdec_i_eigen(s->ctx, n, s->ritz, n, s->values);
}

static double
largest(const space *s)
{
    return fmax(fabs(s->values[0]), fabs(s->values[s->size - 1]));
}

/* Whether a random block, with all that came of it, has changed nothing. */
static bool
is_settled(space *s)
{
    bool is_same = true;
    for (int64_t k = 0; k < s->wanted; k++) {
        const double value = s->values[s->size - 1 - k];
        is_same = is_same && fabs(value - s->settled[k]) <= noise(s) * s->unit;
        s->settled[k] = value;
    }
    return is_same;
}

/* The most that the next block has of the product of one of the best approximations. */
static double
left_of(const space *s)
{
    double most = 0;
    for (int64_t k = 0; k < s->wanted; k++) {
        const double *end = s->ritz + (s->size - 1 - k) * s->size + s->size - s->last;
        double sum = 0;
        for (int64_t i = 0; i < s->last; i++) {
            double left = 0;
            for (int64_t j = i; j < s->last; j++)
                left += s->rest[i * s->block + j] * end[j];
            sum += left * left;
        }
        most = fmax(most, sqrt(sum));
    }
    return most;
}

/* Whether a look at what there is costs little beside a product. */
static bool
is_cheap(const space *s)
{
    const double size = (double)s->size, product = (double)s->covariance.rows.n * (double)s->dims * (double)s->block;
    return s->size <= CONCEPTDEC_I_LEADING_MOST && LOOK * size * size * size < product;
}

/* The next look comes after the products that are wanting, were what is left to fall as it did since the last one, but
 * for a quarter of them, since it falls faster later; after half of them where a look costs less than a product. */
static void
plan(space *s, double share)
{
    const double fall = (s->past - share) / (double)(s->iterations - s->looked), wanting = share / fall;
    const bool is_known = fall > 0 && wanting < (double)s->problem->max_iterations;
    s->due = s->iterations + (is_known ? max64(1, (int64_t)(wanting * (is_cheap(s) ? 0.5 : 0.75))) : 2);
    s->looked = s->iterations;
    s->past = share;
}

/* Whether what is left is within the tolerance. */
static bool
seems_done(space *s)
{
    const double bound = s->problem->tolerance * largest(s);
    if (s->is_spent)
        return is_settled(s);
    if (s->fresh < s->last || !isnan(s->settled[0]))
        return false;
    const double left = left_of(s);
    if (left > bound)
        plan(s, bound > 0 ? log(left / bound) : (double)NAN);
    return left <= bound;
}

/* Approximations to begin with again. */
static int64_t
count_kept(const space *s)
{
    return min64(s->wanted + s->block, s->size);
}

/* They take the place of all that is kept. */
static conceptdec_status
restart(space *s)
{
    const int64_t kept = count_kept(s);
    double *next = direction(s, s->size);
    CONCEPTDEC_I_TRY(combine(s, s->basis, kept, s->scratch));
    memcpy(s->basis, s->scratch, (size_t)(kept * s->dims) * sizeof *s->basis);
    CONCEPTDEC_I_TRY(combine(s, s->image, kept, s->scratch));
    memcpy(s->image, s->scratch, (size_t)(kept * s->dims) * sizeof *s->image);
    memset(s->across, 0, (size_t)(s->most * s->most) * sizeof *s->across);
    for (int64_t k = 0; k < kept; k++)
        s->across[k * s->most + k] = s->values[s->size - 1 - k];
    s->size = kept;
    memmove(direction(s, kept), next, (size_t)(s->fresh * s->dims) * sizeof *next);
    return CONCEPTDEC_OK;
}

static conceptdec_status
answer_with(space *s, conceptdec_i_krylov_answer *answer)
{
    const double unit = largest(s);
    if (!(ldexp(unit, 2 * s->covariance.exponent) < (double)INFINITY))
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW, "the covariance is beyond the range of float64");
    CONCEPTDEC_I_TRY(combine(s, s->basis, s->wanted, answer->vectors));
    CONCEPTDEC_I_TRY(combine(s, s->image, s->wanted, s->scratch));
    answer->converged = true;
    answer->iterations = s->iterations;
    for (int64_t k = 0; k < s->wanted; k++) {
        double *product = s->scratch + k * s->dims;
        add(-s->values[s->size - 1 - k], answer->vectors + k * s->dims, product, s->dims);
        answer->values[k] = ldexp(s->values[s->size - 1 - k], 2 * s->covariance.exponent);
        answer->residuals[k] = unit > 0 ? sqrt(s->ctx->kernels->dot(product, product, s->dims)) / unit : 0;
        answer->converged = answer->converged && answer->residuals[k] <= s->problem->tolerance;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
iterate(space *s, conceptdec_i_krylov_answer *answer)
{
    CONCEPTDEC_I_TRY(start(s));
    for (;;) {
        CONCEPTDEC_I_TRY(grow(s));
        const bool is_last = s->fresh == 0 || s->iterations >= s->problem->max_iterations;
        const bool is_full = s->size + s->fresh > s->most;
        const bool is_due = s->iterations >= s->due || is_cheap(s);
        if (s->size < s->wanted || (!is_due && !is_last && !is_full && !s->is_spent))
            continue;
        CONCEPTDEC_I_TRY(solve(s, is_full ? count_kept(s) : s->wanted));
        if (is_last || seems_done(s)) {
            CONCEPTDEC_I_TRY(answer_with(s, answer));
            if (is_last || answer->converged)
                return CONCEPTDEC_OK;
        }
        if (is_full)
            CONCEPTDEC_I_TRY(restart(s));
    }
}

/* ---- memory ---- */

/* Bytes with room for `most` directions; what LAPACK takes for them, too. */
static double
bytes_of(const space *s, int64_t most)
{
    const conceptdec_i_krylov_problem *problem = s->problem;
    const bool is_float = conceptdec_i_covariance_precision(problem) == CONCEPTDEC_I_TILE_F32;
    const double rows = 2 * (double)(most + s->wanted + s->block), directions = (double)most;
    const double numbers = rows * (double)s->dims + 5 * directions * directions + 16 * (directions + (double)s->block);
    const double mean = is_float ? 1.5 * (double)s->dims : 0;
    return 8 * (numbers + mean + (double)(s->block * s->block)) +
           (double)conceptdec_i_passes_shared_bytes(s->ctx, s->dims, is_float ? s->block : 0, s->block);
}

static int64_t
least_directions(const space *s)
{
    return min64(s->dims, s->wanted + 2 * s->block);
}

static void
choose_block(space *s)
{
    const int64_t units = max64(1, (s->wanted + VECTORS_A_UNIT / 2) / VECTORS_A_UNIT);
    s->block = min64(s->dims, s->problem->block > 0 ? s->problem->block : UNIT * units);
}

double
conceptdec_i_krylov_bytes(conceptdec_ctx *ctx, const conceptdec_i_krylov_problem *problem)
{
    space s = {.ctx = ctx, .problem = problem, .dims = problem->dims, .wanted = problem->components};
    choose_block(&s);
    return bytes_of(&s, least_directions(&s));
}

/* A space of several blocks beyond the components, if memory allows it, and of two at least. */
static void
size_up(space *s)
{
    choose_block(s);
    const int64_t least = least_directions(s);
    s->most = max64(least, min64(s->dims, 2 * s->wanted + BLOCKS * s->block));
    while (s->most > least && bytes_of(s, s->most) > (double)s->problem->memory)
        s->most--;
}

static conceptdec_status
take(conceptdec_i_arena *arena, int64_t rows, int64_t columns, double **memory)
{
    void *p;
    int64_t count;
    if (!conceptdec_i_mul(rows, columns, &count))
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW, "%lld vectors of %lld numbers do not fit an address",
                                 (long long)rows, (long long)columns);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "Krylov space", count, sizeof(double), &p));
    *memory = p;
    return CONCEPTDEC_OK;
}

static bool
is_read(const conceptdec_i_krylov_problem *problem)
{
    return problem->rows && conceptdec_i_view_is_read(problem->rows);
}

static conceptdec_status
take_space(conceptdec_i_arena *arena, space *s)
{
    void *p[2];
    CONCEPTDEC_I_TRY(take(arena, s->most + s->block, s->dims, &s->basis));
    CONCEPTDEC_I_TRY(take(arena, s->most, s->dims, &s->image));
    CONCEPTDEC_I_TRY(take(arena, s->wanted + s->block, s->dims, &s->scratch));
    CONCEPTDEC_I_TRY(take(arena, s->most, s->most, &s->across));
    CONCEPTDEC_I_TRY(take(arena, s->most, s->most, &s->ritz));
    const int64_t small = min64(s->most, CONCEPTDEC_I_LEADING_MOST);
    CONCEPTDEC_I_TRY(take(arena, small * small + conceptdec_i_leading_numbers(small), 1, &s->small));
    CONCEPTDEC_I_TRY(take(arena, s->most, 1, &s->values));
    CONCEPTDEC_I_TRY(take(arena, s->wanted, 1, &s->settled));
    CONCEPTDEC_I_TRY(take(arena, s->block, s->block, &s->rest));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "Krylov space", s->block, sizeof(double *), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "Krylov space", s->block, sizeof(double *), &p[1]));
    s->from = p[0];
    s->to = p[1];
    const bool is_float = conceptdec_i_covariance_precision(s->problem) == CONCEPTDEC_I_TILE_F32;
    CONCEPTDEC_I_TRY((is_read(s->problem) ? conceptdec_i_passes_open_reading : conceptdec_i_passes_open)(
        arena, s->dims, is_float ? s->block : 0, s->block, &s->passes));
    s->passes.least_slab = LEAST_SLAB;
    return conceptdec_i_covariance_open(arena, s->problem, &s->passes, &s->covariance);
}

static conceptdec_status
take_answer(conceptdec_i_arena *arena, const conceptdec_i_krylov_problem *problem, conceptdec_i_krylov_answer *answer)
{
    *answer = (conceptdec_i_krylov_answer){0};
    CONCEPTDEC_I_TRY(take(arena, problem->components, problem->dims, &answer->vectors));
    CONCEPTDEC_I_TRY(take(arena, problem->components, 1, &answer->values));
    return take(arena, problem->components, 1, &answer->residuals);
}

conceptdec_status
conceptdec_i_krylov(conceptdec_i_arena *arena, const conceptdec_i_krylov_problem *problem,
                    conceptdec_i_krylov_answer *answer)
{
    conceptdec_i_arena own;
    space s = {.ctx = arena->ctx, .problem = problem, .dims = problem->dims, .wanted = problem->components};
    CONCEPTDEC_I_TRY(take_answer(arena, problem, answer));
    size_up(&s);
    conceptdec_i_arena_open(&own, arena->ctx);
    conceptdec_status status = take_space(&own, &s);
    if (status == CONCEPTDEC_OK)
        status = iterate(&s, answer);
    conceptdec_i_arena_close(&own);
    return status;
}
