/* Principal angles (Bjorck and Golub 1973). The singular values of a block of products are cosines; where one is
 * above the root of 1/2, the angle comes from the sine: of what is left of the principal direction of the smaller
 * subspace without its projection on the wider one. Those directions are rotated first, so that the Gram matrix of
 * what is left is nearly diagonal, and then loses nothing of the small ones. */
#include "subspace/overlap.h"

#include <math.h>
#include <string.h>

#include "linalg/engine.h"
#include "linalg/singular_batch.h"

#define LANES CONCEPTDEC_I_TURNED
#define MOST_ABREAST 4096 /* elements of a block, of which eight then fit a cache */
#define SLICE 512         /* dimensions at a time */

static int64_t
round_up(int64_t count, int64_t unit)
{
    return ceil_div(count, unit) * unit;
}

/* ---- scratch ---- */

enum { BUFFERS = 11 };

/* Doubles of each buffer, multiples of 8. */
static void
measure(const conceptdec_ctx *ctx, int64_t small, int64_t wide, int64_t *size)
{
    int64_t mr = ctx->kernels->mr_f64, nr = ctx->kernels->nr_f64;
    int64_t down = round_up(small, max64(16, mr)), across = round_up(small, nr);
    const int64_t sizes[BUFFERS] = {max64(MOST_ABREAST * LANES, small * round_up(wide, LANES)),
                                    small * LANES,
                                    small * LANES,
                                    small + wide,
                                    across * (small + wide),
                                    SLICE * (small + wide),
                                    SLICE * across,
                                    SLICE * down,
                                    SLICE * across,
                                    down * across,
                                    small * round_up(small, LANES)};
    for (int i = 0; i < BUFFERS; i++)
        size[i] = round_up(sizes[i], 8);
}

int64_t
conceptdec_i_angles_bytes(const conceptdec_ctx *ctx, int64_t small, int64_t wide)
{
    int64_t size[BUFFERS], sum = 0;
    measure(ctx, small, wide, size);
    for (int i = 0; i < BUFFERS; i++)
        sum += size[i] * (int64_t)sizeof(double);
    return sum;
}

conceptdec_status
conceptdec_i_angles_open(conceptdec_i_arena *arena, int64_t small, int64_t wide, conceptdec_i_angles *angles)
{
    double **const at[BUFFERS] = {&angles->columns, &angles->values, &angles->sines,    &angles->turn,
                                  &angles->turns,   &angles->slices, &angles->residual, &angles->rows,
                                  &angles->others,  &angles->gram,   &angles->factor};
    int64_t size[BUFFERS];
    void *p;
    angles->ctx = arena->ctx;
    measure(arena->ctx, small, wide, size);
    for (int i = 0; i < BUFFERS; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "angles", size[i], sizeof(double), &p));
        *at[i] = p;
    }
    return CONCEPTDEC_OK;
}

/* ---- blocks ---- */

/* A pair as its block is read: element (k, p) of the wider and the smaller side at from[p * small_step + k *
 * wide_step]. */
typedef struct {
    const double *from;
    int64_t small, wide, small_step, wide_step;
    const double *small_rows, *wide_rows; /* bases */
} block;

static block
block_of(const conceptdec_i_strip *strip, const conceptdec_i_angle_pair *pair)
{
    const conceptdec_subspaces *a = strip->a, *b = strip->b;
    int64_t r = a->ranks[pair->s], q = b->ranks[pair->t];
    const double *x = a->bases + a->start[pair->s] * a->d, *y = b->bases + b->start[pair->t] * b->d;
    const double *from = conceptdec_i_strip_block(strip, pair->s, pair->t);
    return r <= q ? (block){from, r, q, 1, strip->ld, x, y} : (block){from, q, r, strip->ld, 1, y, x};
}

/* Looks at the cancel flag within the work on one large block; small ones end before it matters. */
static conceptdec_status
look(const conceptdec_i_angles *a, const block *b)
{
    return b->small * b->wide > MOST_ABREAST ? conceptdec_i_poll(a->ctx, 0) : CONCEPTDEC_OK;
}

/* Columns of one block, `step` elements from one to the next of a column and `gap` from a column to the next. */
static void
load(const block *b, int64_t step, int64_t gap, double *out)
{
    for (int64_t p = 0; p < b->small; p++)
        for (int64_t k = 0; k < b->wide; k++)
            out[p * gap + k * step] = b->from[p * b->small_step + k * b->wide_step];
}

/* ---- sines ---- */

/* A left singular vector times its value, `step` apart, of which the square is given: what both bases are multiplied
 * by. */
static void
find_turn(const block *b, const double *column, int64_t step, double square, double *turn)
{
    for (int64_t p = 0; p < b->small; p++) {
        double sum = 0;
        for (int64_t k = 0; k < b->wide; k++)
            sum += b->from[p * b->small_step + k * b->wide_step] * column[k * step];
        turn[p] = sum / square;
    }
    for (int64_t k = 0; k < b->wide; k++) {
        double sum = 0;
        for (int64_t p = 0; p < b->small; p++)
            sum += b->from[p * b->small_step + k * b->wide_step] * turn[p];
        turn[b->small + k] = -sum;
    }
}

/* `width` numbers, of which `count` are there; widths of kernels are known to the compiler. */
static inline void
copy_some(const double *restrict from, int64_t count, int64_t width, double *restrict to)
{
    if (count < width) {
        for (int64_t i = 0; i < width; i++)
            to[i] = i < count ? from[i] : 0;
    } else if (width == 8) {
        for (int64_t i = 0; i < 8; i++)
            to[i] = from[i];
    } else {
        for (int64_t i = 0; i < width; i++)
            to[i] = from[i];
    }
}

/* Panels of rows of both bases, dimensions first..first+SLICE-1; zeros past the last. */
static void
load_slices(const block *b, int64_t d, int64_t first, int64_t width, double *out)
{
    int64_t depth = b->small + b->wide;
    for (int64_t p = 0; p < depth; p++) {
        const double *row = p < b->small ? b->small_rows + p * d : b->wide_rows + (p - b->small) * d;
        for (int64_t i = 0; i < SLICE; i += width)
            copy_some(row + first + i, d - first - i, width, out + i * depth + p * width);
    }
}

/* Adds the products of rows of the residual to the Gram matrix. */
static conceptdec_status
add_slice(const conceptdec_i_angles *a, const block *b, int64_t count, int64_t ld, bool is_first)
{
    const conceptdec_i_kernels *kernels = a->ctx->kernels;
    int64_t mr = kernels->mr_f64, nr = kernels->nr_f64;
    for (int64_t i = 0; i < count; i += mr)
        kernels->interleave_f64(a->residual + i * SLICE, SLICE, min64(mr, count - i), SLICE, mr, a->rows + i * SLICE);
    for (int64_t j = 0; j < count; j += nr) {
        CONCEPTDEC_I_TRY(look(a, b));
        kernels->interleave_f64(a->residual + j * SLICE, SLICE, min64(nr, count - j), SLICE, nr, a->others + j * SLICE);
        for (int64_t i = 0; i < count; i += mr)
            kernels->panel_f64(SLICE, a->rows + i * SLICE, a->others + j * SLICE, a->gram + j * ld + i, ld, !is_first);
    }
    return CONCEPTDEC_OK;
}

/* The Gram matrix of what is left of `count` directions, whose turns are packed. */
static conceptdec_status
find_gram(const conceptdec_i_angles *a, const block *b, int64_t d, int64_t count, int64_t ld)
{
    const conceptdec_i_kernels *kernels = a->ctx->kernels;
    int64_t mr = kernels->mr_f64, nr = kernels->nr_f64, depth = b->small + b->wide;
    for (int64_t first = 0; first < d; first += SLICE) {
        load_slices(b, d, first, mr, a->slices);
        for (int64_t j = 0; j < count; j += nr) {
            CONCEPTDEC_I_TRY(look(a, b));
            for (int64_t i = 0; i < SLICE; i += mr)
                kernels->panel_f64(depth, a->slices + i * depth, a->turns + j * depth, a->residual + j * SLICE + i,
                                   SLICE, 0);
        }
        CONCEPTDEC_I_TRY(add_slice(a, b, count, ld, first == 0));
    }
    return CONCEPTDEC_OK;
}

static void
swap_sides(double *gram, double *factor, int64_t n, int64_t ld, int64_t gap, int64_t p, int64_t q)
{
    for (int64_t k = 0; k < n; k++) {
        double x = gram[k * ld + p];
        gram[k * ld + p] = gram[k * ld + q];
        gram[k * ld + q] = x;
    }
    for (int64_t k = 0; k < n; k++) {
        double x = gram[p * ld + k];
        gram[p * ld + k] = gram[q * ld + k];
        gram[q * ld + k] = x;
    }
    for (int64_t k = 0; k < p; k++) {
        double x = factor[k * gap + p];
        factor[k * gap + p] = factor[k * gap + q];
        factor[k * gap + q] = x;
    }
}

/* Columns of L, L L' = gram, the largest pivot first; from one on that is not above 0 they are zeros. */
static conceptdec_status
cholesky(const conceptdec_i_angles *a, const block *b, int64_t n, int64_t ld, int64_t gap)
{
    double *gram = a->gram, *factor = a->factor;
    memset(factor, 0, (size_t)(n * gap) * sizeof *factor);
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = k;
        CONCEPTDEC_I_TRY(look(a, b));
        for (int64_t i = k + 1; i < n; i++)
            pivot = gram[i * ld + i] > gram[pivot * ld + pivot] ? i : pivot;
        if (!(gram[pivot * ld + pivot] > 0))
            break;
        if (pivot != k)
            swap_sides(gram, factor, n, ld, gap, k, pivot);
        double root = sqrt(gram[k * ld + k]);
        for (int64_t i = k; i < n; i++)
            factor[k * gap + i] = gram[k * ld + i] / root;
        for (int64_t j = k + 1; j < n; j++)
            for (int64_t i = k + 1; i < n; i++)
                gram[j * ld + i] -= factor[k * gap + i] * factor[k * gap + j];
    }
    return CONCEPTDEC_OK;
}

/* Sines of the `count` angles whose turns are packed, into a->sines, each eight times. */
static conceptdec_status
find_sines(const conceptdec_i_angles *a, const block *b, int64_t d, int64_t count)
{
    int64_t ld = round_up(count, max64(16, a->ctx->kernels->mr_f64)), gap = round_up(count, LANES);
    CONCEPTDEC_I_TRY(find_gram(a, b, d, count, ld));
    CONCEPTDEC_I_TRY(cholesky(a, b, count, ld, gap));
    return conceptdec_i_singular_batch(a->ctx, a->factor, count, gap / LANES, true, a->sines);
}

/* ---- angles ---- */

static void
pack_turn(const conceptdec_i_angles *a, int64_t depth, int64_t place)
{
    int64_t nr = a->ctx->kernels->nr_f64;
    double *to = a->turns + place / nr * nr * depth + place % nr;
    for (int64_t p = 0; p < depth; p++)
        to[p * nr] = a->turn[p];
}

/* By insertion: there are few, mostly in order. */
static void
sort(const conceptdec_i_angle_pair *pair, int64_t n)
{
    double *angles = pair->angles, *cosines = pair->cosines, *squares = pair->squares;
    for (int64_t i = 1; i < n; i++) {
        double angle = angles[i], cosine = cosines[i], square = squares[i];
        int64_t at = i;
        for (; at > 0 && angles[at - 1] > angle; at--) {
            angles[at] = angles[at - 1];
            cosines[at] = cosines[at - 1];
            squares[at] = squares[at - 1];
        }
        angles[at] = angle;
        cosines[at] = cosine;
        squares[at] = square;
    }
}

static void
put(const conceptdec_i_angle_pair *pair, int64_t place, double angle, double cosine, double square)
{
    pair->angles[place] = angle;
    pair->cosines[place] = cosine;
    pair->squares[place] = square;
}

/* Angles of one pair from its turned columns and their norms; the norms of one pair are `LANES` apart. */
static conceptdec_status
finish(const conceptdec_i_angles *a, const conceptdec_i_angle_pair *pair, const block *b, int64_t d,
       const double *columns, int64_t step, int64_t gap, const double *values)
{
    int64_t close = 0, far = b->small, depth = b->small + b->wide, nr = a->ctx->kernels->nr_f64;
    memset(a->turns, 0, (size_t)(round_up(b->small, nr) * depth) * sizeof *a->turns);
    for (int64_t p = 0; p < b->small; p++) {
        double cosine = values[p * LANES], square = cosine * cosine;
        CONCEPTDEC_I_TRY(look(a, b));
        if (square > 0.5) {
            find_turn(b, columns + p * gap, step, square, a->turn);
            pack_turn(a, depth, close++);
        } else {
            put(pair, --far, acos(cosine), cosine, 1 - square);
        }
    }
    if (close > 0)
        CONCEPTDEC_I_TRY(find_sines(a, b, d, close));
    for (int64_t i = 0; i < close; i++) {
        double sine = a->sines[i * LANES], angle = asin(sine);
        put(pair, i, angle, cos(angle), sine * sine);
    }
    sort(pair, b->small);
    return CONCEPTDEC_OK;
}

static conceptdec_status
find_alone(const conceptdec_i_angles *a, const conceptdec_i_strip *strip, const conceptdec_i_angle_pair *pair)
{
    block b = block_of(strip, pair);
    int64_t gap = round_up(b.wide, LANES);
    memset(a->columns, 0, (size_t)(b.small * gap) * sizeof(double));
    load(&b, 1, gap, a->columns);
    CONCEPTDEC_I_TRY(conceptdec_i_singular_batch(a->ctx, a->columns, b.small, gap / LANES, true, a->values));
    return finish(a, pair, &b, strip->a->d, a->columns, 1, gap, a->values);
}

/* Of ranks at most small and wide. */
static conceptdec_status
find_abreast(const conceptdec_i_angles *a, const conceptdec_i_strip *strip, int64_t count,
             const conceptdec_i_angle_pair *pairs, int64_t small, int64_t wide)
{
    block b[LANES];
    memset(a->columns, 0, (size_t)(small * wide * LANES) * sizeof(double));
    for (int64_t l = 0; l < count; l++) {
        b[l] = block_of(strip, &pairs[l]);
        load(&b[l], LANES, wide * LANES, a->columns + l);
    }
    CONCEPTDEC_I_TRY(conceptdec_i_singular_batch(a->ctx, a->columns, small, wide, false, a->values));
    for (int64_t l = 0; l < count; l++)
        CONCEPTDEC_I_TRY(finish(a, &pairs[l], &b[l], strip->a->d, a->columns + l, LANES, wide * LANES, a->values + l));
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_angles_find(const conceptdec_i_angles *angles, const conceptdec_i_strip *strip, int64_t count,
                         const conceptdec_i_angle_pair *pairs)
{
    for (int64_t first = 0, end; first < count; first = end) {
        int64_t small = 0, wide = 0;
        end = min64(count, first + LANES);
        for (int64_t i = first; i < end; i++) {
            int64_t r = strip->a->ranks[pairs[i].s], q = strip->b->ranks[pairs[i].t];
            small = max64(small, min64(r, q));
            wide = max64(wide, max64(r, q));
        }
        if (small * wide <= MOST_ABREAST)
            CONCEPTDEC_I_TRY(find_abreast(angles, strip, end - first, pairs + first, small, wide));
        else
            for (int64_t i = first; i < end; i++)
                CONCEPTDEC_I_TRY(find_alone(angles, strip, &pairs[i]));
    }
    return CONCEPTDEC_OK;
}
