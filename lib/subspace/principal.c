/* Which method, and how many of its directions are kept. */
#include "subspace/principal.h"

#include <math.h>
#include <string.h>

#include "linalg/blocks.h"
#include "linalg/columns.h"
#include "linalg/engine.h"
#include "linalg/orthonormal.h"
#include "subspace/subspaces.h"

#define LARGE 384 /* the lesser side of rows for whose few directions a Krylov space is faster than all eigenvectors */
#define FEW_OF 16 /* directions are few where that side is this many times as long */
#define PATIENCE 60   /* products, where an exact answer is possible */
#define UNDECIDED 4.0 /* times the noise */

typedef conceptdec_i_principal_search search;

/* ---- rows ---- */

/* The mean of a column that never changes is its value, so that copies of one row differ by nothing. */
static conceptdec_status
find_shift(search *s, double *reach)
{
    const conceptdec_i_principal_problem *p = s->problem;
    conceptdec_i_columns c;
    conceptdec_status status = conceptdec_i_columns_scan_rows(s->method, p->name, p->x, p->row, p->n, &c);
    *reach = 0;
    for (int64_t j = 0; status == CONCEPTDEC_OK && j < p->d; j++) {
        s->shift[j] = p->is_centred ? c.mean[j] : 0;
        *reach = fmax(*reach, fmax(c.largest[j] - s->shift[j], s->shift[j] - c.least[j]));
    }
    conceptdec_i_arena_close(s->method);
    if (status != CONCEPTDEC_OK || isfinite(*reach))
        return status;
    return conceptdec_i_fail(s->scratch->ctx, CONCEPTDEC_EOVERFLOW, "%s: float64 cannot hold differences from a mean",
                             p->name);
}

static void
set_scale(const search *s, double scale)
{
    for (int64_t j = 0; j < s->problem->d; j++) {
        s->scale[j] = scale;
        s->factor[j] = 1 / scale;
    }
}

/* Rows that are read many times are shifted and scaled once, if every method has its memory beside that. */
static conceptdec_status
copy_rows(search *s)
{
    const conceptdec_i_principal_problem *p = s->problem;
    const conceptdec_i_blocks blocks = {.ctx = s->scratch->ctx,
                                        .x = s->x,
                                        .row = s->row,
                                        .n = p->n,
                                        .shift = s->shift,
                                        .factor = s->factor,
                                        .is_wide = true};
    conceptdec_i_dense dense;
    int64_t numbers;
    void *rows;
    if (!conceptdec_i_mul(p->n, p->d, &numbers) ||
        8 * (double)numbers + conceptdec_i_principal_singular_bytes(s) > (double)p->memory)
        return CONCEPTDEC_OK;
    s->memory -= 8 * numbers;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->scratch, "rows", numbers, sizeof(double), &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_blocks_rows(&blocks, 0, p->n, rows, &dense));
    s->copy = (conceptdec_matrix){
        .data = rows, .rows = p->n, .cols = p->d, .row_stride = 8 * p->d, .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    s->x = &s->copy;
    s->row = NULL;
    memset(s->shift, 0, (size_t)p->d * sizeof(double));
    set_scale(s, 1);
    return CONCEPTDEC_OK;
}

static conceptdec_status
add_squares(search *s)
{
    const conceptdec_i_principal_problem *p = s->problem;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->method, "columns", p->d, sizeof(double), &memory));
    double *squares = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_columns_squares_rows(s->method, s->x, s->row, p->n, s->shift, s->scale, squares));
    for (int64_t j = 0; j < p->d; j++)
        s->total += squares[j] / s->divisor;
    conceptdec_i_arena_close(s->method);
    return CONCEPTDEC_OK;
}

static conceptdec_status
prepare_rows(search *s)
{
    const conceptdec_i_principal_problem *p = s->problem;
    double reach;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->scratch, "columns", p->d, 3 * sizeof(double), &memory));
    s->x = p->x;
    s->row = p->row;
    s->shift = memory;
    s->factor = s->shift + p->d;
    s->scale = s->factor + p->d;
    CONCEPTDEC_I_TRY(find_shift(s, &reach));
    s->unit = conceptdec_i_unit(reach);
    set_scale(s, s->unit);
    if (reach == 0)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(copy_rows(s));
    return add_squares(s);
}

/* A matrix: the scale by its largest variance. */
static void
prepare_matrix(search *s)
{
    const conceptdec_i_principal_problem *p = s->problem;
    double largest = 0;
    for (int64_t j = 0; j < p->d; j++)
        largest = fmax(largest, p->scatter[j * p->d + j] / s->divisor);
    s->unit = conceptdec_i_unit(sqrt(largest));
    for (int64_t j = 0; j < p->d && largest > 0; j++)
        s->total += p->scatter[j * p->d + j] / s->divisor / s->unit / s->unit;
}

/* ---- how many ---- */

/* Values above the tolerance, of those that were asked for; *is_open: one may be above it and is lost in rounding. */
static int64_t
count_kept(const search *s, bool *is_open)
{
    const double least = s->problem->tolerance * s->problem->tolerance, largest = s->values[0];
    int64_t kept = 0, count = min64(s->wanted, s->n_values);
    while (kept < count && s->values[kept] > 0 && s->values[kept] > fmax(least, s->floor) * largest)
        kept++;
    *is_open = kept < count && least < s->floor;
    return largest > 0 ? kept : 0;
}

/* The least number of leading values with that share of what all kept ones are together. */
static int64_t
count_explained(const search *s, int64_t kept)
{
    double all = 0, sum = 0;
    int64_t count = 0;
    for (int64_t k = 0; k < kept; k++)
        all += s->values[k];
    while (count < kept && (count == 0 || sum < s->problem->explained * all))
        sum += s->values[count++];
    return count;
}

/* ---- methods ---- */

static bool
is_few(const search *s)
{
    const conceptdec_i_principal_problem *p = s->problem;
    const int64_t side = p->x ? min64(p->n, p->d) : p->d;
    return p->rank > 0 && side >= LARGE && s->wanted + 1 <= side / FEW_OF;
}

static void
forget(search *s)
{
    conceptdec_i_arena_close(s->method);
    s->vectors = s->values = NULL;
}

static conceptdec_status
refuse(const search *s, double bytes)
{
    const conceptdec_i_principal_problem *p = s->problem;
    return conceptdec_i_fail(s->arena->ctx, CONCEPTDEC_ENOMEM,
                             "memory: %lld directions of %s, of %lld dimensions, need %lld bytes, %lld are allowed",
                             (long long)s->wanted, p->name, (long long)p->d,
                             bytes < 0x1p62 ? (long long)bytes + p->memory - s->memory : INT64_MAX,
                             (long long)p->memory);
}

/* The number kept, by methods that tell more and more apart. Where a share is asked for, values that are lost in
 * rounding play no part but where they are needed for it. */
static conceptdec_status
search_rows(search *s, int64_t *kept)
{
    const double matrix = conceptdec_i_principal_matrix_bytes(s), room = (double)s->memory,
                 krylov = s->problem->rank > 0 ? conceptdec_i_principal_krylov_bytes(s) : (double)INFINITY,
                 singular = s->problem->x ? conceptdec_i_principal_singular_bytes(s) : (double)INFINITY;
    const bool fits = matrix <= room;
    bool is_open = true;
    *kept = 0;
    if (krylov <= room && (is_few(s) || !fits)) {
        CONCEPTDEC_I_TRY(conceptdec_i_principal_krylov(s, fits ? PATIENCE : 4 * PATIENCE));
        *kept = count_kept(s, &is_open);
        if (!is_open && (s->is_sure || !fits))
            return CONCEPTDEC_OK;
        s->has_failed = true;
    }
    if (fits) {
        forget(s);
        CONCEPTDEC_I_TRY(conceptdec_i_principal_matrix(s));
        *kept = count_kept(s, &is_open);
        if (s->problem->explained > 0 && is_open)
            is_open = s->problem->explained >= 1 - s->floor * (double)s->n_values;
    }
    if (!s->values && singular > room)
        return refuse(s, fmin(singular, fmin(matrix, krylov)));
    if (!is_open || !s->problem->x)
        return CONCEPTDEC_OK;
    forget(s);
    CONCEPTDEC_I_TRY(conceptdec_i_principal_singular(s));
    *kept = count_kept(s, &is_open);
    return CONCEPTDEC_OK;
}

/* ---- the answer ---- */

static conceptdec_status
conclude(const search *s, int64_t kept, conceptdec_i_principal *answer)
{
    const conceptdec_i_principal_problem *p = s->problem;
    const double square = s->unit * s->unit, largest = s->values[0];
    void *memory;
    answer->rank = kept;
    answer->total = s->total * s->unit * s->unit;
    if (!isfinite(answer->total) || !isfinite(largest * square))
        return conceptdec_i_fail(s->arena->ctx, CONCEPTDEC_EOVERFLOW, "%s: float64 cannot hold its variances", p->name);
    if (kept == 0)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->arena, "subspaces", kept * p->d, sizeof(double), &memory));
    answer->vectors = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(s->arena, "subspaces", kept, sizeof(double), &memory));
    answer->variances = memory;
    memcpy(answer->vectors, s->vectors, (size_t)(kept * p->d) * sizeof(double));
    for (int64_t k = 0; k < kept; k++) {
        answer->variances[k] = s->values[k] * s->unit * s->unit;
        conceptdec_i_orient(answer->vectors + k * p->d, p->d);
    }
    const double next = kept < s->most && kept < s->n_values ? fmax(s->values[kept], 0) : 0;
    answer->gap = (s->values[kept - 1] - next) / largest;
    const double noise = s->floor > 0 ? s->noise : 2 * sqrt(s->values[kept - 1] / largest) * s->noise;
    answer->is_undecided = !s->is_sure || (kept < p->d && answer->gap <= UNDECIDED * noise);
    return CONCEPTDEC_OK;
}

static conceptdec_status
find(search *s, conceptdec_i_principal *answer)
{
    const conceptdec_i_principal_problem *p = s->problem;
    int64_t kept;
    s->memory = p->memory;
    s->divisor = (double)(p->is_centred ? p->n - 1 : p->n);
    s->most = min64(p->is_centred ? p->n - 1 : p->n, p->d);
    s->wanted = p->rank > 0 ? min64(p->rank, s->most) : s->most;
    if (p->x)
        CONCEPTDEC_I_TRY(prepare_rows(s));
    else
        prepare_matrix(s);
    answer->total = 0;
    if (!(s->total > 0))
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(search_rows(s, &kept));
    if (p->explained > 0)
        kept = count_explained(s, kept);
    return conclude(s, kept, answer);
}

conceptdec_status
conceptdec_i_principal_find(conceptdec_i_arena *arena, const conceptdec_i_principal_problem *p,
                            conceptdec_i_principal *answer)
{
    *answer = (conceptdec_i_principal){.n_samples = p->n, .total = (double)NAN, .gap = (double)NAN};
    conceptdec_status status = CONCEPTDEC_OK;
    if (p->n >= (p->is_centred ? 2 : 1)) {
        conceptdec_i_arena scratch, method;
        search s = {.arena = arena, .scratch = &scratch, .method = &method, .problem = p};
        conceptdec_i_arena_open(&scratch, arena->ctx);
        conceptdec_i_arena_open(&method, arena->ctx);
        status = find(&s, answer);
        conceptdec_i_arena_close(&method);
        conceptdec_i_arena_close(&scratch);
    }
    answer->n_missing = max64(0, p->rank - answer->rank);
    return status;
}
