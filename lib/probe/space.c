/* Coordinates of probes: centred, scaled, and in few dimensions where rows are few. */
#include "probe/probe.h"

#include <math.h>
#include <string.h>

#include "core/whole.h"
#include "kernels/kernels.h"
#include "linalg/factor.h"
#include "linalg/tiles.h"

#define BLOCK_ROWS 512   /* of one task; sums of blocks are added in their order */
#define FLOAT_SAFE 0x1p60 /* float coordinates from 1 / this to this: their squares are far from overflow and
                             underflow */
#define LARGEST 1e150     /* of doubles whose squares are summed */
#define LEAST 1e-150      /* what the largest of them has to reach */
#define UNFOLD_COLUMNS 256
#define MOST_CONDITION 1e9        /* of kernel / n + least I: beyond it the squares of rows hide what rows tell in
                                     double */
#define MOST_BASIS_CONDITION 1e11 /* the same of a basis from the eigenvectors of the kernel: rows stay as they are */

/* ---- column sums ---- */

typedef struct column_sums {
    const conceptdec_i_space *space;
    const uint8_t *counted;
    bool squares;      /* of (x - shift), else of x */
    double *rows;      /* per lane: a row */
    double *partial;   /* per task: d sums */
    double *largest;   /* per task: of |x| */
    int64_t *n_counted; /* per task */
} column_sums;

static void
add_row(const column_sums *job, const double *row, double *sums)
{
    const conceptdec_i_space *s = job->space;
    for (int64_t j = 0; j < s->d; j++) {
        double centred = row[j] - s->shift[j];
        sums[j] += job->squares ? centred * centred : row[j];
    }
}

static conceptdec_status
sums_task(void *argument, int64_t task, int lane)
{
    column_sums *job = argument;
    const conceptdec_i_space *s = job->space;
    double *row = job->rows + lane * s->d, *sums = job->partial + task * s->d;
    int64_t end = task_end(task, BLOCK_ROWS, s->n);
    for (int64_t i = task * BLOCK_ROWS; i < end; i++) {
        conceptdec_i_view_widen(s->ctx->kernels, s->x, i, 0, s->d, row);
        for (int64_t j = 0; j < s->d; j++)
            job->largest[task] = fabs(row[j]) > job->largest[task] ? fabs(row[j]) : job->largest[task];
        if (job->counted && !job->counted[i])
            continue;
        job->n_counted[task]++;
        add_row(job, row, sums);
    }
    return CONCEPTDEC_OK;
}

/* Means over the counted rows of x, or of (x - shift)^2; returns the largest |x| of all rows. */
static conceptdec_status
column_means(const conceptdec_i_space *s, const uint8_t *counted, bool squares, double *means, double *largest)
{
    int64_t tasks = (s->n + BLOCK_ROWS - 1) / BLOCK_ROWS, total = 0;
    column_sums job = {.space = s, .counted = counted, .squares = squares};
    conceptdec_i_arena arena;
    void *p[4];
    conceptdec_i_arena_open(&arena, s->ctx);
    conceptdec_status status =
        conceptdec_i_arena_take(&arena, "rows", conceptdec_i_lanes(s->ctx) * s->d, sizeof(double), &p[0]);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take(&arena, "sums", tasks * s->d, sizeof(double), &p[1]);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take(&arena, "sums", tasks, sizeof(double), &p[2]);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_arena_take(&arena, "sums", tasks, sizeof(int64_t), &p[3]);
    if (status == CONCEPTDEC_OK) {
        job.rows = p[0], job.partial = p[1], job.largest = p[2], job.n_counted = p[3];
        status = conceptdec_i_parallel(s->ctx, tasks, sums_task, &job);
    }
    if (status == CONCEPTDEC_OK) {
        memset(means, 0, (size_t)s->d * sizeof *means);
        for (int64_t t = 0; t < tasks; t++) {
            total += job.n_counted[t];
            *largest = job.largest[t] > *largest ? job.largest[t] : *largest;
            for (int64_t j = 0; j < s->d; j++)
                means[j] += job.partial[t * s->d + j];
        }
        for (int64_t j = 0; j < s->d; j++)
            means[j] /= (double)(total > 0 ? total : 1);
    }
    conceptdec_i_arena_close(&arena);
    return status;
}

/* Standard deviations; 1 where a column is constant but for rounding. */
static conceptdec_status
find_scale(conceptdec_i_arena *arena, const uint8_t *counted, conceptdec_i_space *s)
{
    void *memory;
    double largest = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "standardization", s->d, sizeof(double), &memory));
    double *scale = memory, rounding = (double)(BLOCK_ROWS + s->n / BLOCK_ROWS + 2) * 0x1p-53;
    CONCEPTDEC_I_TRY(column_means(s, counted, true, scale, &largest));
    for (int64_t j = 0; j < s->d; j++) {
        double deviation = sqrt(scale[j]), noise = rounding * fabs(s->shift[j]);
        scale[j] = deviation > noise ? deviation : 1;
    }
    s->scale = scale;
    return CONCEPTDEC_OK;
}

/* ---- coordinates ---- */

typedef struct filling {
    const conceptdec_i_space *space;
    const uint8_t *used;
    void *z;
    int64_t stride;
    double *rows; /* per lane */
} filling;

/* Part of a row as it is fitted to: centred, scaled, and rounded where coordinates are float. What is fitted is thus
 * the same wherever a row is read again: of large dimensions rounding is large, too. */
static void
center(const conceptdec_i_space *s, int64_t first, int64_t width, double *row)
{
    const double *shift = s->shift + first, *scale = s->scale ? s->scale + first : NULL;
    for (int64_t j = 0; j < width; j++) {
        row[j] = scale ? (row[j] - shift[j]) / scale[j] : row[j] - shift[j];
        row[j] = s->is_wide ? row[j] : (double)(float)row[j];
    }
}

static void
fill_row(const filling *job, int64_t i, double *row)
{
    const conceptdec_i_space *s = job->space;
    conceptdec_i_view_widen(s->ctx->kernels, s->x, i, 0, s->d, row);
    center(s, 0, s->d, row);
    if (s->is_wide) {
        memcpy((double *)job->z + i * job->stride, row, (size_t)s->d * sizeof *row);
        return;
    }
    float *out = (float *)job->z + i * job->stride;
    for (int64_t j = 0; j < s->d; j++)
        out[j] = (float)row[j];
}

static conceptdec_status
fill_task(void *argument, int64_t task, int lane)
{
    const filling *job = argument;
    int64_t end = task_end(task, BLOCK_ROWS, job->space->n);
    for (int64_t i = task * BLOCK_ROWS; i < end; i++)
        if (job->used[i])
            fill_row(job, i, job->rows + lane * job->space->d);
    return CONCEPTDEC_OK;
}

static int64_t
size_of(bool is_wide)
{
    return is_wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
}

/* A multiple of 16, but not of 1024: rows that lie whole pages apart would meet in the same places of the caches. */
static int64_t
padded(int64_t columns)
{
    int64_t stride = (columns + 15) / 16 * 16;
    return stride % 1024 == 0 ? stride + 16 : stride;
}

/* (x - shift) / scale of the rows that are used, padded with zeros. */
static conceptdec_status
fill(conceptdec_i_arena *arena, const conceptdec_i_space *s, const uint8_t *used, void **z)
{
    int64_t stride = padded(s->d), total;
    void *rows;
    if (!conceptdec_i_mul(s->n, stride, &total))
        total = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "centred rows", total, (uint64_t)size_of(s->is_wide), z));
    CONCEPTDEC_I_TRY(conceptdec_i_take(s->ctx, "rows", conceptdec_i_lanes(s->ctx) * s->d, sizeof(double), &rows));
    filling job = {.space = s, .used = used, .z = *z, .stride = stride, .rows = rows};
    const conceptdec_status status = conceptdec_i_parallel(s->ctx, ceil_div(s->n, BLOCK_ROWS), fill_task, &job);
    conceptdec_i_give(s->ctx, rows);
    return status;
}

/* ---- few rows ---- */

typedef struct products {
    double *out; /* n x ld */
    int64_t ld;
} products;

static conceptdec_status
take_tile(void *argument, const conceptdec_i_tile *tile, int lane)
{
    const products *p = argument;
    const double *dots = tile->dots;
    (void)lane;
    for (int64_t j = 0; j < tile->cols; j++)
        for (int64_t i = 0; i < conceptdec_i_tile_height(tile, j); i++) {
            double dot = dots[j * tile->ld + i];
            p->out[(tile->row + i) * p->ld + tile->col + j] = dot;
            p->out[(tile->col + j) * p->ld + tile->row + i] = dot;
        }
    return CONCEPTDEC_OK;
}

/* Products of all pairs of rows of `rows` (n x d, stride padded). */
static conceptdec_status
row_products(conceptdec_i_arena *arena, const conceptdec_i_space *s, const void *rows, double *out, int64_t ld)
{
    int64_t size = s->is_wide ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
    conceptdec_matrix view = {.data = rows, .rows = s->n, .cols = s->d, .row_stride = padded(s->d) * size,
                              .col_stride = size,
                              .dtype = s->is_wide ? CONCEPTDEC_FLOAT64 : CONCEPTDEC_FLOAT32};
    void *zeros, *norms;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", s->d, sizeof(double), &zeros));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", s->n, sizeof(double), &norms));
    conceptdec_i_operand operand = {.view = &view, .n = s->n, .mean = zeros, .scale = 1};
    products p = {.out = out, .ld = ld};
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_run(s->ctx, &operand, NULL, CONCEPTDEC_I_TILE_F64, take_tile, &p));
    CONCEPTDEC_I_TRY(conceptdec_i_tiles_norms(s->ctx, &operand, CONCEPTDEC_I_TILE_F64, norms));
    for (int64_t i = 0; i < s->n; i++)
        out[i * ld + i] = ((double *)norms)[i];
    return CONCEPTDEC_OK;
}

/* Directions that hold more than rounding leaves, the largest first; at least one. */
static int64_t
count_directions(const double *values, int64_t n)
{
    double least = values[n - 1] * (double)n * 0x1p-52;
    int64_t r = 0;
    while (r < n && values[n - 1 - r] > least)
        r++;
    return r > 0 ? r : 1;
}

/* From the eigenvectors (rows of `vectors`, ascending) of the products: z = U S and map = U / S. Rows that are not used
 * have no part in these, but for rounding, which would be multiplied by their size in x. */
static conceptdec_status
project(conceptdec_i_arena *arena, conceptdec_i_space *s, const uint8_t *used, const double *vectors, int64_t ld,
        const double *values)
{
    void *p[3];
    s->r = count_directions(values, s->n);
    s->stride = padded(s->r);
    uint64_t size = s->is_wide ? sizeof(double) : sizeof(float);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "coordinates", s->n * s->stride, size, &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "coordinates", s->n * s->r, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "coordinates", s->r, sizeof(double), &p[2]));
    s->z = p[0], s->map = p[1], s->spectrum = p[2];
    for (int64_t j = 0; j < s->r; j++) {
        double value = values[s->n - 1 - j], root = value > 0 ? sqrt(value) : 0;
        const double *u = vectors + (s->n - 1 - j) * ld;
        s->spectrum[j] = root * root / (double)s->n;
        for (int64_t i = 0; i < s->n; i++) {
            if (!used[i])
                continue;
            s->map[i * s->r + j] = root > 0 ? u[i] / root : 0;
            if (s->is_wide)
                ((double *)s->z)[i * s->stride + j] = u[i] * root;
            else
                ((float *)s->z)[i * s->stride + j] = (float)(u[i] * root);
        }
    }
    return CONCEPTDEC_OK;
}

/* The products of rows become coordinates along their eigenvectors. */
static conceptdec_status
reduce(conceptdec_i_arena *arena, conceptdec_i_arena *scratch, conceptdec_i_space *s, const uint8_t *used,
       double *pairs, int64_t ld)
{
    void *values;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(scratch, "spectrum", s->n, sizeof(double), &values));
    CONCEPTDEC_I_TRY(conceptdec_i_eigen(s->ctx, s->n, pairs, ld, values));
    return project(arena, s, used, pairs, ld, values);
}

/* The largest sum of sizes of a row, among rows that count: no eigenvalue of theirs is above it. */
static double
widest_of(const double *pairs, const uint8_t *counted, int64_t n, int64_t ld)
{
    double widest = 0;
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < n; j++)
            sum += !counted || counted[j] ? fabs(pairs[i * ld + j]) : 0;
        if (!counted || counted[i])
            widest = sum > widest ? sum : widest;
    }
    return widest;
}

static conceptdec_status
take_pairs(conceptdec_i_arena *arena, int64_t n, int64_t ld, void **pairs)
{
    int64_t total;
    if (!conceptdec_i_mul(n, ld, &total))
        total = INT64_MAX;
    return conceptdec_i_arena_take_raw(arena, "products of rows", total, sizeof(double), pairs);
}

static int64_t
count_rows(const uint8_t *counted, int64_t n)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += !counted || counted[i];
    return count > 0 ? count : 1;
}

/* Where what is made on the way lies, so that each goes or stays by itself. */
typedef struct {
    conceptdec_i_arena rows, pairs, rest;
} workings;

/* Products of rows: a kernel, where it tells what `least` lets through, else for a basis, if that tells it; else the
 * rows. */
static conceptdec_status
choose_few(conceptdec_i_arena *arena, workings *w, const uint8_t *counted, const uint8_t *used, double least,
           conceptdec_i_space *s)
{
    const int64_t ld = padded(s->n);
    void *rows, *pairs;
    CONCEPTDEC_I_TRY(fill(&w->rows, s, used, &rows));
    CONCEPTDEC_I_TRY(take_pairs(&w->pairs, s->n, ld, &pairs));
    CONCEPTDEC_I_TRY(row_products(&w->rest, s, rows, pairs, ld));
    if (least > 0)
        s->widest = widest_of(pairs, counted, s->n, ld) / (double)count_rows(counted, s->n);
    if (!(s->widest <= MOST_BASIS_CONDITION * least)) {
        conceptdec_i_arena_move(arena, &w->rows);
        s->z = rows;
        return CONCEPTDEC_OK;
    }
    if (least == 0 || !(s->widest <= MOST_CONDITION * least)) {
        conceptdec_i_arena_close(&w->rows);
        return reduce(arena, &w->rest, s, used, pairs, ld);
    }
    conceptdec_i_arena_move(arena, &w->pairs);
    s->kernel = pairs;
    s->r = s->n;
    s->stride = ld;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_few(conceptdec_i_arena *arena, const uint8_t *counted, const uint8_t *used, double least, conceptdec_i_space *s)
{
    workings w;
    conceptdec_i_arena_open(&w.rows, arena->ctx);
    conceptdec_i_arena_open(&w.pairs, arena->ctx);
    conceptdec_i_arena_open(&w.rest, arena->ctx);
    conceptdec_status status = choose_few(arena, &w, counted, used, least, s);
    conceptdec_i_arena_close(&w.rest);
    conceptdec_i_arena_close(&w.pairs);
    conceptdec_i_arena_close(&w.rows);
    return status;
}

/* ---- the whole ---- */

/* `room`: bytes. */
static conceptdec_status
check_range(conceptdec_i_space *s, double largest, int64_t room)
{
    if (largest > LARGEST)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW,
                                 "x: values above 1e150 in size, whose squares cannot be summed; scale them down");
    if (largest > 0 && largest < LEAST)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW,
                                 "x: no value is above 1e-150 in size, so that squares vanish; scale them up");
    bool is_safe = largest < FLOAT_SAFE && (largest == 0 || largest > 1 / FLOAT_SAFE);
    s->is_wide = s->x->dtype == CONCEPTDEC_FLOAT64 || !is_safe;
    const int64_t needed = conceptdec_i_space_bytes(s->ctx, s->x, s->is_wide);
    if (needed <= room)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(s->ctx, CONCEPTDEC_ENOMEM,
                             "memory: %lld bytes, what is left of it, are too few; centred rows take %lld",
                             (long long)room, (long long)needed);
}

conceptdec_status
conceptdec_i_space_open(conceptdec_i_arena *arena, const conceptdec_matrix *x, const uint8_t *counted,
                        const uint8_t *used, bool standardize, double least, int64_t room, conceptdec_i_space *s)
{
    void *memory;
    double largest = 0;
    *s = (conceptdec_i_space){.ctx = arena->ctx, .x = x, .n = x->rows, .d = x->cols, .r = x->cols};
    s->stride = padded(s->d);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "means", s->d, sizeof(double), &memory));
    s->shift = memory;
    CONCEPTDEC_I_TRY(column_means(s, counted, false, s->shift, &largest));
    CONCEPTDEC_I_TRY(check_range(s, largest, room));
    if (standardize)
        CONCEPTDEC_I_TRY(find_scale(arena, counted, s));
    return s->n >= s->d ? fill(arena, s, used, &s->z) : take_few(arena, counted, used, least, s);
}

/* ---- memory ---- */

/* Of rows that are summed: of each thread, and of each block. */
static int64_t
sums_bytes(const conceptdec_ctx *ctx, int64_t n, int64_t d)
{
    return (conceptdec_i_lanes(ctx) * d + ceil_div(n, BLOCK_ROWS) * (d + 2)) * (int64_t)sizeof(double);
}

/* Of few rows, whose numbers are `rows` bytes: while products are made, while their eigenvectors are, and then beside
 * what these become. */
static int64_t
few_bytes(const conceptdec_ctx *ctx, int64_t n, int64_t d, int64_t rows, int64_t size)
{
    const int64_t wide = (int64_t)sizeof(double), ld = padded(n), pairs = n * ld * wide, rest = (d + 3 * n) * wide;
    const int64_t norms = 2 * conceptdec_i_lanes(ctx) * d * wide;
    const int64_t making = rows + max64(norms, conceptdec_i_tiles_bytes(ctx, n, 0, d, CONCEPTDEC_I_TILE_F64));
    const int64_t turning = max64(conceptdec_i_eigen_bytes(n), n * ld * size + n * n * wide);
    return pairs + rest + max64(making, turning);
}

int64_t
conceptdec_i_space_bytes(const conceptdec_ctx *ctx, const conceptdec_matrix *x, bool is_wide)
{
    const int64_t n = x->rows, d = x->cols, size = size_of(is_wide), most = (int64_t)1 << 42;
    int64_t rows, pairs;
    if (!conceptdec_i_mul(n, padded(d), &rows) || !conceptdec_i_mul(n, padded(n), &pairs) || rows > most ||
        (n < d && pairs > most))
        return INT64_MAX;
    const int64_t filled = rows * size + conceptdec_i_lanes(ctx) * d * (int64_t)sizeof(double);
    const int64_t made = n < d ? max64(filled, few_bytes(ctx, n, d, rows * size, size)) : filled;
    return 2 * d * (int64_t)sizeof(double) + max64(sums_bytes(ctx, n, d), made);
}

int64_t
conceptdec_i_space_held(const conceptdec_i_space *s)
{
    const int64_t wide = (int64_t)sizeof(double);
    return (s->z ? s->n * s->stride * size_of(s->is_wide) : 0) + (s->kernel ? s->n * s->stride * wide : 0) +
           (s->map ? (s->n + 1) * s->r * wide : 0) + 2 * s->d * wide;
}

int64_t
conceptdec_i_space_unfold_bytes(const conceptdec_ctx *ctx, const conceptdec_matrix *x, int64_t count)
{
    const int64_t doubles = x->rows * count + conceptdec_i_lanes(ctx) * UNFOLD_COLUMNS;
    return x->rows < x->cols ? doubles * (int64_t)sizeof(double) : 0;
}

/* ---- back to x ---- */

typedef struct unfolding {
    const conceptdec_i_space *space;
    int64_t count;
    const double *mapped; /* n x count */
    double *out;          /* count x d */
    double *rows;         /* per lane: UNFOLD_COLUMNS */
} unfolding;

static conceptdec_status
unfold_task(void *argument, int64_t task, int lane)
{
    const unfolding *job = argument;
    const conceptdec_i_space *s = job->space;
    int64_t first = task * UNFOLD_COLUMNS, width = task_end(task, UNFOLD_COLUMNS, s->d) - first;
    double *row = job->rows + lane * UNFOLD_COLUMNS;
    for (int64_t i = 0; i < s->n; i++) {
        conceptdec_i_view_widen(s->ctx->kernels, s->x, i, first, width, row);
        center(s, first, width, row);
        for (int64_t k = 0; k < job->count; k++) {
            double factor = job->mapped[i * job->count + k], *out = job->out + k * s->d + first;
            for (int64_t j = 0; j < width; j++)
                out[j] += factor * row[j];
        }
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
unfold_mapped(const conceptdec_i_space *s, conceptdec_i_arena *arena, int64_t count, const double *w, double *out)
{
    void *mapped, *rows;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "weights", s->n * count, sizeof(double), &mapped));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "rows", conceptdec_i_lanes(s->ctx) * UNFOLD_COLUMNS, sizeof(double),
                                             &rows));
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t k = 0; k < count; k++) {
            double sum = s->map ? 0 : w[k * s->r + i];
            for (int64_t j = 0; j < s->r && s->map; j++)
                sum += s->map[i * s->r + j] * w[k * s->r + j];
            ((double *)mapped)[i * count + k] = sum;
        }
    unfolding job = {.space = s, .count = count, .mapped = mapped, .out = out, .rows = rows};
    memset(out, 0, (size_t)(count * s->d) * sizeof *out);
    return conceptdec_i_parallel(s->ctx, (s->d + UNFOLD_COLUMNS - 1) / UNFOLD_COLUMNS, unfold_task, &job);
}

conceptdec_status
conceptdec_i_space_unfold(const conceptdec_i_space *s, int64_t count, const double *w, double *out, double *bias)
{
    conceptdec_i_arena arena;
    conceptdec_status status = CONCEPTDEC_OK;
    conceptdec_i_arena_open(&arena, s->ctx);
    if (s->map || s->kernel)
        status = unfold_mapped(s, &arena, count, w, out);
    else
        memcpy(out, w, (size_t)(count * s->d) * sizeof *out);
    for (int64_t k = 0; k < count && status == CONCEPTDEC_OK; k++) {
        double offset = 0;
        for (int64_t j = 0; j < s->d; j++) {
            out[k * s->d + j] /= s->scale ? s->scale[j] : 1;
            offset += out[k * s->d + j] * s->shift[j];
        }
        bias[k] -= offset;
    }
    conceptdec_i_arena_close(&arena);
    return status;
}
