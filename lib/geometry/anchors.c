/* V = T + sum of w_i S_i over the points that it rests on, w > 0 and V S_i = margin there: the active set of Lawson and
 * Hanson (1974), on the products of the points. Each step takes in the point that V violates most, and drops those
 * whose weights would fall below 0; |V - T| grows with each, so that no set comes twice. */
#include "geometry/anchors.h"

#include <math.h>
#include <string.h>

#include "linalg/engine.h"

#define TOLERANCE 0x1p-40 /* of violations, and of what a point has beside those that V rests on, squared */

enum { FREE, ACTIVE, REFUSED }; /* refused: until another one is taken in */

double
conceptdec_i_anchors_bytes(int64_t n, int64_t most)
{
    return 9 * (double)n + 28 * (double)most + 8 * (double)most * (double)most;
}

conceptdec_status
conceptdec_i_anchors_open(conceptdec_i_arena *arena, const conceptdec_i_manifold *m, conceptdec_i_anchors *a)
{
    const struct {
        double **at;
        int64_t count;
    } reals[] = {{&a->values, m->n},
                 {&a->weight, m->most},
                 {&a->trial, m->most},
                 {&a->shift, m->most},
                 {&a->factor, m->most * m->most}};
    void *p;
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "anchor points", reals[i].count, sizeof(double), &p));
        *reals[i].at = p;
    }
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "anchor points", m->most, sizeof *a->active, &p));
    a->active = p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "anchor points", m->n, sizeof *a->state, &p));
    a->state = p;
    return CONCEPTDEC_OK;
}

/* ---- the factor ---- */

/* One more row, of point j; false: it depends on those that are there. */
static bool
append(const conceptdec_i_manifold *m, conceptdec_i_anchors *a, int64_t count, int64_t j)
{
    const double *products = m->products + j * m->n;
    double *row = a->factor + count * m->most, rest = 1 + products[j];
    for (int64_t k = 0; k < count; k++) {
        const double *other = a->factor + k * m->most;
        double sum = 1 + products[a->active[k]];
        for (int64_t i = 0; i < k; i++)
            sum -= row[i] * other[i];
        row[k] = sum / other[k];
        rest -= row[k] * row[k];
    }
    if (!(rest > TOLERANCE * (1 + products[j])))
        return false;
    row[count] = sqrt(rest);
    return true;
}

/* Without row q: rotations make the rows below it triangular again. */
static void
drop_row(const conceptdec_i_manifold *m, conceptdec_i_anchors *a, int64_t count, int64_t q)
{
    const int64_t ld = m->most;
    for (int64_t i = q; i + 1 < count; i++)
        memcpy(a->factor + i * ld, a->factor + (i + 1) * ld, (size_t)(i + 2) * sizeof *a->factor);
    for (int64_t k = q; k + 1 < count; k++) {
        double *at = a->factor + k * ld + k;
        const double length = hypot(at[0], at[1]), c = at[0] / length, s = at[1] / length;
        for (int64_t i = k; i + 1 < count; i++, at += ld) {
            const double x = at[0], y = at[1];
            at[0] = c * x + s * y;
            at[1] = c * y - s * x;
        }
    }
}

/* trial: weights with which V S_i = margin at all points that it rests on. */
static void
solve(const conceptdec_i_manifold *m, conceptdec_i_anchors *a, int64_t count)
{
    double *x = a->trial;
    for (int64_t k = 0; k < count; k++) {
        const double *row = a->factor + k * m->most;
        double sum = a->shift[k];
        for (int64_t i = 0; i < k; i++)
            sum -= row[i] * x[i];
        x[k] = sum / row[k];
    }
    for (int64_t k = count; k-- > 0;) {
        const double *row = a->factor + k * m->most;
        x[k] /= row[k];
        for (int64_t i = 0; i < k; i++)
            x[i] -= row[i] * x[k];
    }
}

/* ---- steps ---- */

static void
drop(const conceptdec_i_manifold *m, conceptdec_i_anchors *a, int64_t *count, int64_t q)
{
    drop_row(m, a, *count, q);
    a->state[a->active[q]] = FREE;
    --*count;
    for (int64_t k = q; k < *count; k++) {
        a->active[k] = a->active[k + 1];
        a->weight[k] = a->weight[k + 1];
        a->shift[k] = a->shift[k + 1];
    }
}

/* As far towards the trial as no weight falls below 0; the points where one is 0 then are dropped. */
static void
go_towards(const conceptdec_i_manifold *m, conceptdec_i_anchors *a, int64_t *count)
{
    double step = 1;
    int64_t last = 0;
    for (int64_t k = 0; k < *count; k++)
        if (a->trial[k] <= 0 && a->weight[k] / (a->weight[k] - a->trial[k]) <= step) {
            step = a->weight[k] / (a->weight[k] - a->trial[k]);
            last = k;
        }
    for (int64_t k = 0; k < *count; k++)
        a->weight[k] += step * (a->trial[k] - a->weight[k]);
    a->weight[last] = 0;
    for (int64_t k = *count; k-- > 0;)
        if (!(a->weight[k] > 0))
            drop(m, a, count, k);
}

static bool
has_negative(const double *x, int64_t count)
{
    for (int64_t k = 0; k < count; k++)
        if (!(x[k] > 0))
            return true;
    return false;
}

/* Point j joins those that V rests on; false: it does not change V. */
static bool
take_in(const conceptdec_i_manifold *m, conceptdec_i_anchors *a, int64_t *count, int64_t j, double shift)
{
    if (*count == m->most || !append(m, a, *count, j))
        return false;
    a->active[*count] = (int32_t)j;
    a->shift[*count] = shift;
    a->weight[*count] = 0;
    solve(m, a, *count + 1);
    if (!(a->trial[*count] > 0))
        return false;
    a->state[j] = ACTIVE;
    ++*count;
    while (has_negative(a->trial, *count)) {
        go_towards(m, a, count);
        solve(m, a, *count);
    }
    memcpy(a->weight, a->trial, (size_t)*count * sizeof *a->weight);
    return true;
}

/* The free point that V violates most, or -1. */
static int64_t
find_worst(const conceptdec_i_manifold *m, const conceptdec_i_anchors *a, double least)
{
    int64_t worst = -1;
    for (int64_t i = 0; i < m->n; i++)
        if (a->state[i] == FREE && m->margin - a->values[i] > least) {
            least = m->margin - a->values[i];
            worst = i;
        }
    return worst;
}

static void
find_values(const conceptdec_i_manifold *m, conceptdec_i_anchors *a, int64_t count, const double *along, double t0)
{
    double total = t0, *restrict values = a->values;
    for (int64_t k = 0; k < count; k++)
        total += a->weight[k];
    for (int64_t i = 0; i < m->n; i++)
        values[i] = along[i] + total;
    for (int64_t k = 0; k < count; k++) {
        const double *restrict products = m->products + a->active[k] * m->n, weight = a->weight[k];
        for (int64_t i = 0; i < m->n; i++)
            values[i] += weight * products[i];
    }
}

/* ---- what it comes to ---- */

/* The anchor point: the mean of the points by their weights; where V is T, the point that T is nearest to violating. */
static void
measure(const conceptdec_i_manifold *m, const conceptdec_i_anchors *a, int64_t count, const double *along,
        conceptdec_i_anchor *anchor)
{
    double total = 0, sum = 0, square = 0, distance = 0;
    int64_t least = 0;
    for (int64_t i = 0; i < m->n; i++)
        least = along[i] < along[least] ? i : least;
    for (int64_t k = 0; k < count; k++) {
        const double *products = m->products + a->active[k] * m->n;
        total += a->weight[k];
        sum += a->weight[k] * along[a->active[k]];
        distance += a->weight[k] * a->shift[k];
        for (int64_t i = 0; i < count; i++)
            square += a->weight[k] * a->weight[i] * products[a->active[i]];
    }
    if (count == 0) {
        total = 1;
        sum = along[least];
        square = m->products[least * m->n + least];
    }
    anchor->distance = fmax(distance, 0);
    anchor->square = fmax(square, 0) / (total * total);
    anchor->along = square > 0 ? sum * sum / square : 0;
}

/* Where V rests on a point it has to meet the margin, elsewhere not to fall below it. (Not by fmax: GCC 12 for aarch64
 * breaks off.) */
static double
find_residual(const conceptdec_i_manifold *m, const conceptdec_i_anchors *a)
{
    double largest = 0;
    for (int64_t i = 0; i < m->n; i++) {
        const double below = m->margin - a->values[i], by = a->state[i] == ACTIVE ? fabs(below) : below;
        largest = by > largest ? by : largest;
    }
    return largest;
}

conceptdec_status
conceptdec_i_anchors_find(const conceptdec_i_manifold *m, conceptdec_i_anchors *a, const double *along, double t0,
                          conceptdec_i_anchor *anchor)
{
    double scale = fabs(m->margin);
    int64_t count = 0, steps = 0, worst;
    memset(a->state, FREE, (size_t)m->n);
    find_values(m, a, 0, along, t0);
    for (int64_t i = 0; i < m->n; i++)
        scale = fabs(a->values[i]) > scale ? fabs(a->values[i]) : scale;
    while (steps < 100 + 10 * m->n && (worst = find_worst(m, a, TOLERANCE * scale)) >= 0) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(m->ctx, 0));
        if (!take_in(m, a, &count, worst, m->margin - along[worst] - t0)) {
            a->state[worst] = REFUSED;
            continue;
        }
        for (int64_t i = 0; i < m->n; i++)
            a->state[i] = a->state[i] == REFUSED ? FREE : a->state[i];
        find_values(m, a, count, along, t0);
        steps++;
    }
    measure(m, a, count, along, anchor);
    anchor->residual = scale > 0 ? find_residual(m, a) / scale : 0;
    return CONCEPTDEC_OK;
}
