/* Sums over the rows of each class: targets of one-hot labels need no products. Rows are taken in chunks and columns in
 * blocks, so that what many label sets sum lies in a second-level cache. Floats are copied there first, and their sums
 * stand there until all rows are in: the same columns of many rows, or of many sums, at equal distances, would share a
 * few of its places. */
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "linalg/tiles.h"
#include "probe/closed.h"

#define CHUNK 256 /* times the number of classes, at most CONCEPTDEC_I_PROBE_MAX_CLASSES, stays in 32 bits */
#define BLOCK_BYTES 512 /* of a row */
#define SETS 32         /* whose sums are in work at once */
#define PLACES 256      /* of sums of copied rows that are in work, one for a class of a label set */
#define MANY 16         /* label sets for which rows are added in float first */
#define ABREAST 8

typedef struct {
    conceptdec_ctx *ctx;
    const conceptdec_i_dense *rows; /* of the space, or the TRAIN rows alone */
    bool is_train;                  /* the latter */
    const conceptdec_i_members *members;
    const int32_t *const *labels;
    int64_t classes, n_sets, abreast, block, blocks;
    uint32_t *order; /* per set: class * CHUNK + place in the chunk, each chunk sorted by class */
    int64_t *counts; /* per lane: classes + 1 */
    float *copies;   /* per lane: a block of a chunk of rows, and a row of zeros; NULL: rows are added as they lie */
    double *places;  /* per lane: abreast x classes x block, for sums; NULL: they stand where they are wanted */
    double *sums, *mass;
} summing;

void
conceptdec_i_space_row(const conceptdec_i_space *space, int64_t row, double *out)
{
    if (space->is_wide)
        memcpy(out, (const double *)space->z + row * space->stride, (size_t)space->r * sizeof *out);
    else
        space->ctx->kernels->widen_f32((const float *)space->z + row * space->stride, out, space->r);
}

static int64_t
row_of(const summing *s, int64_t place)
{
    return s->is_train ? place : s->members->train[place];
}

static int64_t
class_of(const summing *s, int64_t set, int32_t row)
{
    return s->labels && s->labels[set] ? s->labels[set][row] : 0;
}

/* Counting sort of each chunk, and the weights of the classes. */
static conceptdec_status
order_task(void *argument, int64_t set, int lane)
{
    const summing *s = argument;
    const conceptdec_i_members *m = s->members;
    int64_t *counts = s->counts + lane * (s->classes + 1);
    double *mass = s->mass + set * s->classes;
    memset(mass, 0, (size_t)s->classes * sizeof *mass);
    for (int64_t first = 0; first < m->n_train; first += CHUNK) {
        int64_t last = first + CHUNK < m->n_train ? first + CHUNK : m->n_train;
        memset(counts, 0, (size_t)(s->classes + 1) * sizeof *counts);
        for (int64_t t = first; t < last; t++) {
            counts[class_of(s, set, m->train[t]) + 1]++;
            mass[class_of(s, set, m->train[t])] += m->omega[m->train[t]];
        }
        for (int64_t c = 0; c < s->classes; c++)
            counts[c + 1] += counts[c];
        for (int64_t t = first; t < last; t++) {
            int64_t class = class_of(s, set, m->train[t]);
            s->order[set * m->n_train + first + counts[class]++] = (uint32_t)(class * CHUNK + t - first);
        }
    }
    return CONCEPTDEC_OK;
}

static void
add_float(const float *restrict row, double weight, int64_t width, double *restrict sums)
{
    for (int64_t i = 0; i < width; i++)
        sums[i] += weight * (double)row[i];
}

static void
add_double(const double *restrict row, double weight, int64_t width, double *restrict sums)
{
    for (int64_t i = 0; i < width; i++)
        sums[i] += weight * row[i];
}

/* A block of one chunk of rows, whatever their labels. */
static void
copy_chunk(const summing *s, int64_t first, int64_t last, int64_t column, int64_t width, float *copy)
{
    for (int64_t t = first; t < last; t++)
        memcpy(copy + (t - first) * width, (const float *)s->rows->data + row_of(s, t) * s->rows->stride + column,
               (size_t)width * sizeof *copy);
    memset(copy + CHUNK * width, 0, (size_t)width * sizeof *copy);
}

/* Copied rows of one class, to be weighed at the end. */
static void
add_copies(const summing *s, const uint32_t *order, int64_t count, int64_t width, const float *copy, double *sums)
{
    for (int64_t i = 0; i < count; i += ABREAST) {
        const float *at[ABREAST];
        for (int k = 0; k < ABREAST; k++)
            at[k] = copy + (i + k < count ? order[i + k] % CHUNK : CHUNK) * width;
        s->ctx->kernels->add_eight(at, sums, width);
    }
}

/* Rows of one class: those of equal weight are weighed at the end. */
static void
add_run(const summing *s, const uint32_t *order, int64_t count, int64_t first, int64_t column, int64_t width,
        double *sums)
{
    const conceptdec_i_members *m = s->members;
    for (int64_t i = 0; i < count; i++) {
        int64_t place = first + order[i] % CHUNK, at = row_of(s, place) * s->rows->stride + column;
        double weight = m->is_even ? 1 : m->omega[m->train[place]];
        if (weight == 0)
            continue;
        if (s->rows->is_wide)
            add_double((const double *)s->rows->data + at, weight, width, sums);
        else
            add_float((const float *)s->rows->data + at, weight, width, sums);
    }
}

/* sums: of the set's classes, `step` apart. */
static void
add_chunk(const summing *s, int64_t set, int64_t first, int64_t last, int64_t column, int64_t width, const float *copy,
          double *sums, int64_t step)
{
    const uint32_t *order = s->order + set * s->members->n_train;
    for (int64_t t = first, end; t < last; t = end) {
        int64_t class = order[t] / CHUNK;
        for (end = t + 1; end < last && order[end] / CHUNK == class; end++)
            ;
        if (copy)
            add_copies(s, order + t, end - t, width, copy, sums + class * step);
        else
            add_run(s, order + t, end - t, first, column, width, sums + class * step);
    }
}

static conceptdec_status
block_task(void *argument, int64_t task, int lane)
{
    const summing *s = argument;
    int64_t n = s->members->n_train, block = task % s->blocks, column = block * s->block;
    int64_t sets = task / s->blocks, set = sets * s->abreast;
    int64_t width = task_end(block, s->block, s->rows->dims) - column;
    int64_t count = (task_end(sets, s->abreast, s->n_sets) - set) * s->classes;
    float *copy = s->copies ? s->copies + lane * (CHUNK + 1) * s->block : NULL;
    double *out = s->sums + set * s->classes * s->rows->dims + column;
    double *sums = s->places ? s->places + lane * s->abreast * s->classes * s->block : out;
    int64_t step = s->places ? s->block : s->rows->dims;
    for (int64_t at = 0; at < count; at++)
        memset(sums + at * step, 0, (size_t)width * sizeof *sums);
    for (int64_t first = 0; first < n; first += CHUNK) {
        int64_t last = first + CHUNK < n ? first + CHUNK : n;
        if (copy)
            copy_chunk(s, first, last, column, width, copy);
        for (int64_t k = 0; k * s->classes < count; k++)
            add_chunk(s, set + k, first, last, column, width, copy, sums + k * s->classes * step, step);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(s->ctx, 0));
    }
    double weight = s->members->is_even ? s->members->omega[s->members->train[0]] : 1;
    for (int64_t at = 0; at < count; at++)
        for (int64_t i = 0; i < width; i++)
            out[at * s->rows->dims + i] = sums[at * step + i] * weight;
    return CONCEPTDEC_OK;
}

int64_t
conceptdec_i_class_sums_doubles(const conceptdec_i_fitting *fitting, int64_t n_train, int64_t n_sets, int64_t classes)
{
    const int64_t copied = fitting->space->is_wide || n_sets <= MANY
                               ? 0
                               : BLOCK_BYTES * ((CHUNK + 1) + PLACES * (int64_t)(sizeof(double) / sizeof(float)));
    const int64_t lane = (classes + 1) * (int64_t)sizeof(int64_t) + copied;
    return (n_sets * n_train * (int64_t)sizeof(uint32_t) + conceptdec_i_lanes(fitting->ctx) * lane) /
               (int64_t)sizeof(double) +
           1;
}

static conceptdec_status
take(conceptdec_i_arena *arena, summing *s)
{
    int64_t lanes = conceptdec_i_lanes(arena->ctx);
    void *p;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "rows by class", s->n_sets * s->members->n_train, sizeof(uint32_t), &p));
    s->order = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "classes", lanes * (s->classes + 1), sizeof(int64_t), &p));
    s->counts = p;
    if (s->rows->is_wide || !s->members->is_even || s->n_sets <= MANY)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "rows by class", lanes * (CHUNK + 1) * s->block, sizeof(float), &p));
    s->copies = p;
    if (s->classes > PLACES)
        return CONCEPTDEC_OK;
    s->abreast = PLACES / s->classes < SETS ? PLACES / s->classes : SETS;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "class sums", lanes * s->abreast * s->classes * s->block,
                                            sizeof(double), &p));
    s->places = p;
    return CONCEPTDEC_OK;
}

static conceptdec_status
run(summing *s)
{
    s->abreast = SETS;
    s->block = BLOCK_BYTES / (s->rows->is_wide ? 8 : 4);
    s->blocks = (s->rows->dims + s->block - 1) / s->block;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, s->ctx);
    conceptdec_status status = take(&arena, s);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_parallel(s->ctx, s->n_sets, order_task, s);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_parallel(s->ctx, s->blocks * ((s->n_sets + s->abreast - 1) / s->abreast), block_task, s);
    conceptdec_i_arena_close(&arena);
    return status;
}

conceptdec_status
conceptdec_i_class_sums(const conceptdec_i_fitting *fitting, const conceptdec_i_members *members, int64_t n_sets,
                        const int32_t *const *labels, int64_t classes, double *sums, double *mass)
{
    const conceptdec_i_dense rows = conceptdec_i_space_rows(fitting->space);
    summing s = {.ctx = fitting->ctx, .rows = &rows, .members = members, .labels = labels, .classes = classes,
                 .n_sets = n_sets, .sums = sums, .mass = mass};
    return run(&s);
}

conceptdec_status
conceptdec_i_class_sums_train(conceptdec_ctx *ctx, const conceptdec_i_dense *rows, const conceptdec_i_members *members,
                              int64_t n_sets, const int32_t *const *labels, int64_t classes, double *sums, double *mass)
{
    summing s = {.ctx = ctx, .rows = rows, .is_train = true, .members = members, .labels = labels, .classes = classes,
                 .n_sets = n_sets, .sums = sums, .mass = mass};
    return run(&s);
}

int64_t
conceptdec_i_moments_doubles(const conceptdec_i_fitting *fitting)
{
    const conceptdec_i_dense rows = conceptdec_i_space_rows(fitting->space);
    return rows.n + ceil_div(conceptdec_i_gram_bytes(fitting->ctx, &rows, CONCEPTDEC_I_TILE_F64), sizeof(double));
}

conceptdec_status
conceptdec_i_central_moments(const conceptdec_i_fitting *fitting, const conceptdec_i_members *members,
                             const double *mean, double *out)
{
    const conceptdec_i_dense rows = conceptdec_i_space_rows(fitting->space);
    CONCEPTDEC_I_TRY(conceptdec_i_gram(fitting->ctx, &rows, members->omega, CONCEPTDEC_I_TILE_F64, out, rows.dims));
    for (int64_t i = 0; i < rows.dims; i++)
        for (int64_t j = 0; j < rows.dims; j++)
            out[i * rows.dims + j] -= mean[i] * mean[j];
    return CONCEPTDEC_OK;
}
