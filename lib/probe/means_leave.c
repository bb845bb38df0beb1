/* Rows and groups left out of class means. All that is needed are products of rows with class sums, and of rows of a
 * group with each other: no mean is formed again. */
#include <math.h>
#include <string.h>

#include "linalg/apply.h"
#include "linalg/tiles.h"
#include "probe/means.h"

typedef conceptdec_i_means means;

/* ---- what all label sets share ---- */

static conceptdec_status
square_group(means *m, int64_t g, int32_t *rows, double *wide)
{
    const conceptdec_i_dense dense = conceptdec_i_space_rows(m->fitting->space);
    int64_t first = m->groups.first[g], count = conceptdec_i_places_count(&m->groups, g);
    for (int64_t i = 0; i < count; i++) {
        rows[i] = m->members.left[m->groups.at[first + i]];
        conceptdec_i_space_row(m->fitting->space, rows[i], wide + i * m->r);
    }
    const conceptdec_i_applying applying = {.rows = &dense, .row = rows, .n = count, .columns = count, .w = wide,
                                            .ldw = m->r,
                                            .out = m->inner[g], .ldo = count, .precision = CONCEPTDEC_I_TILE_F64};
    return conceptdec_i_apply(m->fitting->ctx, &applying);
}

static conceptdec_status
square_groups(means *m)
{
    const int64_t doubles = conceptdec_i_places_squares(&m->groups);
    void *p[4];
    m->held += doubles + m->n_groups + m->largest * (m->r + 1);
    CONCEPTDEC_I_TRY(conceptdec_i_closed_memory(
        m->fitting, "products within groups",
        m->held + conceptdec_i_product_doubles(m->fitting, m->largest, m->largest)));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "groups", m->n_groups, sizeof(double *), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(m->arena, "products within groups", doubles, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(m->arena, "groups", m->largest, sizeof(int32_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(m->arena, "groups", m->largest * m->r, sizeof(double), &p[3]));
    m->inner = p[0];
    double *at = p[1];
    for (int64_t g = 0; g < m->n_groups; g++) {
        m->inner[g] = at;
        at += conceptdec_i_places_count(&m->groups, g) * conceptdec_i_places_count(&m->groups, g);
        CONCEPTDEC_I_TRY(square_group(m, g, p[2], p[3]));
    }
    return CONCEPTDEC_OK;
}

/* One row a group: the products are its square alone. */
static conceptdec_status
square_rows(means *m)
{
    int64_t n_left = m->members.n_left;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "groups", 1, sizeof(double *), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(m->arena, "squares of rows", n_left, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(m->arena, "rows", m->r, sizeof(double), &p[2]));
    double *squares = p[1], *row = p[2];
    m->inner = p[0];
    m->inner[0] = squares;
    m->n_groups = n_left;
    m->largest = 1;
    m->held += n_left + m->r;
    for (int64_t t = 0; t < n_left; t++) {
        conceptdec_i_space_row(m->fitting->space, m->members.left[t], row);
        squares[t] = 0;
        for (int64_t j = 0; j < m->r; j++)
            squares[t] += row[j] * row[j];
        if (t % 1024 == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(m->fitting->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_means_leave_open(means *m)
{
    const conceptdec_i_dense rows = conceptdec_i_space_rows(m->fitting->space);
    void *p;
    m->held += m->members.n_left;
    CONCEPTDEC_I_TRY(conceptdec_i_closed_memory(
        m->fitting, "products with the mean",
        m->held + conceptdec_i_product_doubles(m->fitting, m->members.n_left, 1)));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(m->arena, "products", m->members.n_left, sizeof(double), &p));
    m->on_mean = p;
    const conceptdec_i_applying applying = {.rows = &rows, .row = m->members.left, .n = m->members.n_left, .columns = 1,
                                            .w = m->mean, .ldw = m->r, .out = p, .ldo = m->members.n_left,
                                            .precision = CONCEPTDEC_I_TILE_F64};
    CONCEPTDEC_I_TRY(conceptdec_i_apply(m->fitting->ctx, &applying));
    if (m->fitting->leave == CONCEPTDEC_I_LEAVE_ONE)
        return square_rows(m);
    CONCEPTDEC_I_TRY(conceptdec_i_members_sort(m->arena, m->fitting, &m->members, &m->groups));
    m->n_groups = m->groups.n;
    m->largest = m->groups.largest;
    m->held += conceptdec_i_members_sort_doubles(m->fitting);
    return square_groups(m);
}

/* ---- one group out of one label set ---- */

/* Sums over the group: s of class c there, S that of all TRAIN rows, T and t the same of all classes. */
typedef struct {
    const means *m;
    int64_t set, group, count;
    const int32_t *labels;
    const double *inner;
    double *all_square; /* C: |S|^2 */
    double *all_mean;   /* C: S T */
    double *all_count;  /* C: rows with a weight */
    double *mass;       /* C: weight of s */
    double *square;     /* C: |s|^2 */
    double *on_sum;     /* C: S s */
    double *on_mean;    /* C: T s */
    double *rows;       /* C: rows of s with a weight */
    double *row_sums;   /* count x C: z s */
    double *row_all;    /* count: z t */
    double all_mass, t_square, t_mean; /* weight of t, |t|^2, T t */
} leaving;

static int64_t
place_of(const leaving *l, int64_t i)
{
    return l->m->groups.first ? l->m->groups.at[l->m->groups.first[l->group] + i] : l->group;
}

static double
product_with_sum(const leaving *l, int64_t class, int64_t place)
{
    return l->m->on_sums[(l->set * l->m->classes + class) * l->m->members.n_left + place];
}

static void
add_row(leaving *l, int64_t i)
{
    const means *m = l->m;
    int64_t place = place_of(l, i), row = m->members.left[place], class = l->labels[row];
    double weight = m->members.omega[row], *sums = l->row_sums + i * m->classes;
    memset(sums, 0, (size_t)m->classes * sizeof *sums);
    l->row_all[i] = 0;
    for (int64_t j = 0; j < l->count; j++) {
        int64_t other = m->members.left[place_of(l, j)];
        double part = m->members.omega[other] * l->inner[i * l->count + j];
        sums[l->labels[other]] += part;
        l->row_all[i] += part;
    }
    l->mass[class] += weight;
    l->all_mass += weight;
    l->rows[class] += weight > 0;
    l->square[class] += weight * sums[class];
    l->on_sum[class] += weight * product_with_sum(l, class, place);
    l->on_mean[class] += weight * m->on_mean[place];
    l->t_square += weight * l->row_all[i];
    l->t_mean += weight * m->on_mean[place];
}

/* s z / a - |s|^2 / (2 a^2) */
static double
score(double along, double square, double mass)
{
    return along / mass - square / (2 * mass * mass);
}

static bool
is_left(const leaving *l, int64_t class)
{
    return l->all_count[class] > l->rows[class];
}

static double
left_square(const leaving *l, int64_t c)
{
    return l->all_square[c] - 2 * l->on_sum[c] + l->square[c];
}

static double
left_mass(const leaving *l, int64_t c)
{
    return l->m->mass[l->set * l->m->classes + c] - l->mass[c];
}

static double
class_score(const leaving *l, int64_t i, int64_t c)
{
    double along = product_with_sum(l, c, place_of(l, i)) - l->row_sums[i * l->m->classes + c];
    return score(along, left_square(l, c), left_mass(l, c));
}

/* on_group: t S and t s of the class. */
static double
rest_score(const leaving *l, int64_t i, int64_t c, const double on_group[2])
{
    const means *m = l->m;
    int64_t place = place_of(l, i);
    double along =
        m->on_mean[place] - product_with_sum(l, c, place) - (l->row_all[i] - l->row_sums[i * m->classes + c]);
    double whole = m->mean_square - 2 * l->t_mean + l->t_square;
    double both = l->all_mean[c] - l->on_mean[c] - on_group[0] + on_group[1];
    return score(along, whole - 2 * both + left_square(l, c), 1 - l->all_mass - left_mass(l, c));
}

static void
products_with_group(const leaving *l, int64_t c, double on_group[2])
{
    const means *m = l->m;
    on_group[0] = on_group[1] = 0;
    for (int64_t i = 0; i < l->count; i++) {
        int64_t place = place_of(l, i), row = m->members.left[place];
        on_group[0] += m->members.omega[row] * product_with_sum(l, c, place);
        on_group[1] += m->members.omega[row] * l->row_sums[i * m->classes + c];
    }
}

static bool
others_are_left(const leaving *l, int64_t class)
{
    for (int64_t c = 0; c < l->m->classes; c++)
        if (c != class && is_left(l, c))
            return true;
    return false;
}

static void
set_values(const leaving *l, int64_t column)
{
    const means *m = l->m;
    int64_t class = m->columns == 1 ? 1 : column;
    double *values = m->values + (l->set * m->columns + column) * m->members.n_left, on_group[2] = {0, 0};
    bool is_here = is_left(l, class), has_others = others_are_left(l, class);
    if (m->is_difference && is_here && has_others)
        products_with_group(l, class, on_group);
    for (int64_t i = 0; i < l->count; i++) {
        double *value = &values[place_of(l, i)];
        if (!is_here || (m->columns == 1 && !has_others))
            *value = conceptdec_i_absent_bias(m->columns, is_here ? 1 : 0);
        else if (m->columns == 1)
            *value = class_score(l, i, 1) - class_score(l, i, 0);
        else if (!m->is_difference)
            *value = class_score(l, i, class);
        else
            *value = has_others ? class_score(l, i, class) - rest_score(l, i, class, on_group) : 0;
    }
}

static void
leave_group(leaving *l, int64_t group)
{
    const means *m = l->m;
    l->group = group;
    l->count = m->groups.first ? conceptdec_i_places_count(&m->groups, group) : 1;
    l->inner = m->groups.first ? m->inner[group] : m->inner[0] + group;
    memset(l->mass, 0, (size_t)(5 * m->classes) * sizeof(double));
    l->all_mass = l->t_square = l->t_mean = 0;
    for (int64_t i = 0; i < l->count; i++)
        add_row(l, i);
    for (int64_t k = 0; k < m->columns; k++)
        set_values(l, k);
}

void
conceptdec_i_means_leave(const means *m, int64_t set, int lane)
{
    double *scratch = m->scratch + lane * m->scratch_size;
    int64_t c = m->classes;
    leaving l = {.m = m, .set = set, .labels = m->labels[set], .all_square = scratch, .all_mean = scratch + c,
                 .all_count = scratch + 2 * c, .mass = scratch + 3 * c, .square = scratch + 4 * c,
                 .on_sum = scratch + 5 * c,
                 .on_mean = scratch + 6 * c, .rows = scratch + 7 * c, .row_sums = scratch + 8 * c,
                 .row_all = scratch + (8 + m->largest) * c};
    for (int64_t class = 0; class < c; class++) {
        const double *sum = m->sums + (set * c + class) * m->r;
        l.all_square[class] = l.all_mean[class] = l.all_count[class] = 0;
        for (int64_t j = 0; j < m->r; j++) {
            l.all_square[class] += sum[j] * sum[j];
            l.all_mean[class] += sum[j] * m->mean[j];
        }
    }
    for (int64_t t = 0; t < m->members.n_train; t++)
        l.all_count[l.labels[m->members.train[t]]] += m->members.omega[m->members.train[t]] > 0;
    for (int64_t group = 0; group < m->n_groups; group++)
        leave_group(&l, group);
}
