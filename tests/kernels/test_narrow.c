/* The int8 kernels of every set: products against sums made one by one, everything else against its definition. */
#include <float.h>
#include <math.h>

#include "sets.h"
#include "kernels/narrow.h"

#define PANEL CONCEPTDEC_I_PANEL
#define UNIT 0x1p-24

/* Where this file is built for x86-64, the AVX-VNNI set comes a second time, in instructions that AVX-512 VNNI has. */
#if defined(__x86_64__)
extern const conceptdec_i_narrow_kernels conceptdec_i_narrow_evex;
#endif

static const uint32_t set_bits[] = {CONCEPTDEC_KERNEL_PORTABLE, CONCEPTDEC_KERNEL_AVXVNNI, CONCEPTDEC_KERNEL_AVX512VNNI,
                                    CONCEPTDEC_KERNEL_NEON_DOTPROD, CONCEPTDEC_KERNEL_AVX2};
#define NARROW_SETS 5

/* The i-th set, or NULL where this processor does not have it. */
static const conceptdec_i_narrow_kernels *
narrow_set(int i)
{
    const uint32_t available = conceptdec_i_kernels_available();
#if defined(__x86_64__)
    if (i == NARROW_SETS)
        return available & CONCEPTDEC_KERNEL_AVX512VNNI ? &conceptdec_i_narrow_evex : NULL;
#endif
    return i < NARROW_SETS && (available & set_bits[i]) ? conceptdec_i_narrow_choose(set_bits[i]) : NULL;
}

#define FOR_EACH_NARROW_SET(set)                                                                                       \
    for (int set_index = 0; set_index <= NARROW_SETS; set_index++)                                                     \
        for (const conceptdec_i_narrow_kernels *set = narrow_set(set_index); set; set = NULL)

START_TEST(a_set_is_what_its_bit_says)
{
    static const char *const names[NARROW_SETS] = {"portable", "avxvnni", "avx512vnni", "neon_dotprod", "avx2"};
    FOR_EACH_NARROW_SET(set)
    {
        const int i = set_index < NARROW_SETS ? set_index : 1;
        ck_assert_uint_eq(set->bit, set_bits[i]);
        ck_assert_str_eq(set->name, names[i]);
        ck_assert(i == 0 ? set->gain == 0 : set->gain > 0 && set->gain < 1);
        ck_assert(set->bias == 0 || (set->bias >= set->most && set->bias + set->most < 256));
        ck_assert_int_eq(set->depth % (set->run ? 4 * set->run : 4), 0);
        ck_assert(set->mr % PANEL == 0 && 256 % set->mr == 0);
        ck_assert(set->nr >= 1 && set->nr <= PANEL);
    }
}
END_TEST

START_TEST(the_best_set_of_the_mask_is_chosen)
{
    static const int order[] = {3, 2, 1, 4}; /* best first */
    const uint32_t available = conceptdec_i_kernels_available();
    for (uint32_t mask = 0; mask < 2 * CONCEPTDEC_KERNEL_NEON_DOTPROD; mask++) {
        const uint32_t usable = available & (mask ? mask : ~0u);
        uint32_t best = CONCEPTDEC_KERNEL_PORTABLE;
        for (int i = usable & CONCEPTDEC_KERNEL_AVX512 ? 2 : 3; i >= 0; i--) /* AVX2 is no gain then */
            best = usable & set_bits[order[i]] ? set_bits[order[i]] : best;
        ck_assert_uint_eq(conceptdec_i_narrow_choose(mask)->bit, best);
    }
    ck_assert_ptr_eq(conceptdec_i_narrow_choose(1u << 31), &conceptdec_i_narrow_portable);
}
END_TEST

#if defined(__x86_64__) && defined(__GNUC__)
START_TEST(the_compiler_finds_the_same_extensions)
{
    const uint32_t available = conceptdec_i_kernels_available();
    const int wide = (available & CONCEPTDEC_KERNEL_AVX512) && __builtin_cpu_supports("avx512vnni");
    ck_assert_int_eq((available & CONCEPTDEC_KERNEL_AVX512VNNI) != 0, wide);
#if !defined(__clang__) /* whose version 14 does not know the name */
    const int vex = (available & CONCEPTDEC_KERNEL_AVX2) && __builtin_cpu_supports("avxvnni");
    ck_assert_int_eq((available & CONCEPTDEC_KERNEL_AVXVNNI) != 0, vex);
#endif
}
END_TEST
#endif

/* ---- products ---- */

/* Quantised items, as numbers and as panels of a set. */
typedef struct items {
    const conceptdec_i_narrow_kernels *set;
    int64_t n, groups, panel_bytes;
    int8_t *q; /* n x 4 * groups */
    uint8_t *panels;
} items;

static int8_t
number(const items *x, int64_t item, int64_t element)
{
    return x->q[item * 4 * x->groups + element];
}

/* Lowers numbers that a set would not add up in 16 bits, run by run. */
static void
keep_to_runs(const conceptdec_i_narrow_kernels *set, int8_t *q, int64_t groups)
{
    for (int64_t g = 0; set->run && g < groups; g += set->run)
        for (int half = 0; half < 2; half++)
            for (int64_t r = g, left = set->run_most; r < g + set->run && r < groups; r++)
                for (int64_t e = 4 * r + 2 * half; e < 4 * r + 2 * half + 2; e++) {
                    const int64_t size = abs(q[e]) < left ? abs(q[e]) : left;
                    q[e] = (int8_t)(q[e] < 0 ? -size : size);
                    left -= size;
                }
}

/* n: a multiple of PANEL. `extreme`: the largest numbers; the first half of the items can be rows only. */
static items
make_items(const conceptdec_i_narrow_kernels *set, int64_t n, int64_t groups, int extreme)
{
    items x = {set, n, groups, groups * 4 * PANEL, calloc((size_t)(n * groups * 4) + 1, 1), NULL};
    x.panels = guarded((size_t)(n / PANEL * x.panel_bytes), 0);
    for (int64_t item = 0; item < n; item++)
        for (int64_t e = 0; e < 4 * groups; e++)
            x.q[item * 4 * groups + e] =
                (int8_t)(extreme ? (item % 2 ? set->most : -set->most) : random_below(2 * set->most + 1) - set->most);
    for (int64_t item = 0; item < n; item++) {
        if (!extreme || item >= n / 2)
            keep_to_runs(set, x.q + item * 4 * groups, groups);
        for (int64_t e = 0; e < 4 * groups; e++)
            x.panels[item / PANEL * x.panel_bytes + (e / 4 * PANEL + item % PANEL) * 4 + e % 4] =
                (uint8_t)(number(&x, item, e) + set->bias);
    }
    return x;
}

static void
free_items(items *x)
{
    ck_assert(guard_stands(x->panels, (size_t)(x->n / PANEL * x->panel_bytes)));
    guarded_free(x->panels, 0);
    free(x->q);
}

static void
check_columns(const items *x, int64_t skip, int64_t first, int64_t count)
{
    const int64_t groups = x->groups - skip, nr = x->set->nr;
    const size_t size = (size_t)(groups * nr * 4);
    int8_t *out = guarded(size, 0);
    x->set->columns(groups, x->panels + skip * 4 * PANEL, x->panel_bytes, first, count, out);
    for (int64_t g = 0; g < groups; g++)
        for (int64_t j = 0; j < nr; j++)
            for (int64_t t = 0; t < 4; t++)
                ck_assert_int_eq(out[(g * nr + j) * 4 + t], j < count ? number(x, first + j, (skip + g) * 4 + t) : 0);
    ck_assert(guard_stands(out, size));
    guarded_free(out, 0);
}

START_TEST(columns_are_taken_from_any_items)
{
    static const int64_t sizes[] = {1, 2, 3, 6, 17};
    FOR_EACH_NARROW_SET(set)
    for (int s = 0; s < 5; s++) {
        items x = make_items(set, 3 * PANEL, sizes[s], 0);
        for (int64_t first = 0; first < x.n; first++)
            for (int64_t count = 1; count <= set->nr && first + count <= x.n; count++) {
                check_columns(&x, 0, first, count);
                check_columns(&x, sizes[s] / 2, first, count);
            }
        free_items(&x);
    }
}
END_TEST

static int32_t
product(const items *x, int64_t i, int64_t j, int64_t groups)
{
    int64_t sum = 0;
    for (int64_t e = 0; e < 4 * groups; e++)
        sum += number(x, i, e) * number(x, j, e);
    ck_assert(sum >= INT32_MIN && sum <= INT32_MAX);
    return (int32_t)sum;
}

/* What the sums of column j begin with, so that the bias is off: -bias * sum of its numbers. */
static int32_t
begin(const items *x, int64_t j, int64_t groups)
{
    int64_t sum = 0;
    for (int64_t e = 0; e < 4 * groups; e++)
        sum += number(x, j, e);
    return (int32_t)(-x->set->bias * sum);
}

/* Items [row, row + mr) by [first, first + nr), in two slices as the tile engine does it, which cuts no run. */
static void
check_panel(const items *x, int64_t row, int64_t first, int64_t split, int64_t ldc)
{
    const conceptdec_i_narrow_kernels *set = x->set;
    split -= set->run ? split % set->run : 0;
    const size_t size = (size_t)((set->nr - 1) * ldc + set->mr) * sizeof(int32_t);
    const uint8_t *a = x->panels + row / PANEL * x->panel_bytes;
    int8_t *b = calloc((size_t)(x->groups * set->nr * 4) + 1, 1);
    int32_t *c = guarded(size, 0), start[PANEL], untouched;
    memset(&untouched, GUARD_BYTE, sizeof untouched);
    for (int64_t j = 0; j < set->nr; j++)
        start[j] = begin(x, first + j, x->groups);
    set->columns(split, x->panels, x->panel_bytes, first, set->nr, b);
    set->panel(split, a, x->panel_bytes, b, start, c, ldc);
    set->columns(x->groups - split, x->panels + split * 4 * PANEL, x->panel_bytes, first, set->nr, b);
    set->panel(x->groups - split, a + split * 4 * PANEL, x->panel_bytes, b, NULL, c, ldc);
    for (int64_t j = 0; j < set->nr; j++)
        for (int64_t i = 0; i < ldc && (j + 1 < set->nr || i < set->mr); i++)
            ck_assert_int_eq(c[j * ldc + i], i < set->mr ? product(x, row + i, first + j, x->groups) : untouched);
    ck_assert(guard_stands(c, size));
    guarded_free(c, 0);
    free(b);
}

START_TEST(panels_are_exact)
{
    static const int64_t sizes[] = {1, 2, 3, 5, 16, 31, 64, 97};
    FOR_EACH_NARROW_SET(set)
    for (int s = 0; s < 8; s++) {
        items x = make_items(set, 2 * set->mr, sizes[s], 0);
        check_panel(&x, 0, 3, 0, set->mr);
        check_panel(&x, set->mr, 14, sizes[s] / 2, set->mr + PANEL);
        check_panel(&x, 0, x.n - set->nr, sizes[s], 256);
        free_items(&x);
    }
}
END_TEST

/* 65536 dimensions of the largest numbers: 127 * 127 * 65536 and, with the bias, 255 * 127 * 65536 are below 2^31; what
 * is added up in 16 bits comes as near to 2^15 as it may. */
START_TEST(the_largest_sums_do_not_overflow)
{
    FOR_EACH_NARROW_SET(set)
    {
        items x = make_items(set, 2 * set->mr, 16384, 1);
        check_panel(&x, 0, set->mr, 4096, set->mr);
        free_items(&x);
    }
}
END_TEST

/* ---- screen ---- */

#define WORDS 4
#define FIELDS 4

/* Multiples of 1/4, whose products and sums are exact in float, and at times some that are no numbers. */
static float
screen_number(int specials)
{
    static const float special[] = {NAN, INFINITY, -INFINITY, -0.0f};
    return specials && random_below(9) == 0 ? special[random_below(4)] : (float)(random_below(33) - 16) / 4;
}

typedef struct screen_case {
    int64_t n, room;
    float *dot;
    float *field[FIELDS];
    conceptdec_i_narrow_rows rows;
    conceptdec_i_narrow_column column;
} screen_case;

/* What stands past n would hit, and may be read to the next multiple of 16. */
static screen_case
make_screen_case(int64_t n, int specials)
{
    screen_case s = {.n = n, .room = (n + 15) / 16 * 16};
    s.dot = guarded((size_t)s.room * sizeof(float), 0);
    for (int f = 0; f < FIELDS; f++)
        s.field[f] = guarded((size_t)s.room * sizeof(float), 0);
    for (int64_t i = 0; i < s.room; i++) {
        s.dot[i] = i < n ? screen_number(0) : 0;
        for (int f = 0; f < FIELDS; f++)
            s.field[f][i] = i < n ? screen_number(specials > 1) : f == 0 ? -1e9f : 0;
        do
            s.field[3][i] = screen_number(specials > 0);
        while (isnan(s.field[3][i]));
    }
    s.rows = (conceptdec_i_narrow_rows){s.field[0], s.field[1], s.field[2], s.field[3]};
    s.column = (conceptdec_i_narrow_column){screen_number(0), screen_number(0), screen_number(0), 0};
    return s;
}

static void
free_screen_case(screen_case *s)
{
    for (int f = 0; f < FIELDS; f++)
        guarded_free(s->field[f], 0);
    guarded_free(s->dot, 0);
}

static float
screen_value_of(const screen_case *s, int64_t i)
{
    return s->rows.bound[i] + s->column.bound - 2 * s->dot[i] -
           s->rows.spread[i] * s->column.reach - s->rows.reach[i] * s->column.spread;
}

static void
check_screen(const conceptdec_i_narrow_kernels *set, const screen_case *s)
{
    uint64_t rows[WORDS], columns[WORDS], any = 0;
    const uint64_t untouched = random_bits();
    const int64_t words = (s->n + 63) / 64;
    for (int w = 0; w < WORDS; w++)
        rows[w] = columns[w] = untouched;
    const int found = set->screen(s->dot, &s->rows, &s->column, s->n, rows, columns);
    for (int64_t i = 0; i < words * 64; i++) {
        const float value = i < s->n ? screen_value_of(s, i) : INFINITY;
        const int row = i < s->n && !(value > s->rows.limit[i]), column = i < s->n && !(value > s->column.limit);
        ck_assert_int_eq((int)(rows[i / 64] >> (i % 64) & 1), row);
        ck_assert_int_eq((int)(columns[i / 64] >> (i % 64) & 1), column);
        any |= (uint64_t)(row | column);
    }
    for (int64_t w = words; w < WORDS; w++)
        ck_assert(rows[w] == untouched && columns[w] == untouched);
    ck_assert_int_eq(found != 0, any != 0);
}

START_TEST(the_screen_tells_every_hit)
{
    static const int64_t sizes[] = {0, 1, 7, 15, 16, 17, 31, 48, 63, 64, 65, 79, 80, 127, 128, 129, 192, 250, 255, 256};
    static const float limits[] = {-60, -5, 0.25f, 0, 60, INFINITY, -INFINITY};
    FOR_EACH_NARROW_SET(set)
    for (int n = 0; n < (int)(sizeof sizes / sizeof sizes[0]); n++)
        for (int l = 0; l < (int)(sizeof limits / sizeof limits[0]); l++)
            for (int specials = 0; specials < 3; specials++) {
                screen_case s = make_screen_case(sizes[n], specials);
                s.column.limit = limits[l];
                check_screen(set, &s);
                free_screen_case(&s);
            }
}
END_TEST

/* One product after the other at its limit, all others above theirs. */
START_TEST(the_screen_finds_a_single_hit)
{
    screen_case s = make_screen_case(200, 0);
    s.column = (conceptdec_i_narrow_column){1, 2, 4, -1000};
    FOR_EACH_NARROW_SET(set)
    for (int64_t i = 0; i < s.n; i++) {
        for (int64_t k = 0; k < s.n; k++)
            s.field[3][k] = screen_value_of(&s, k) - (k == i ? 0 : 0.25f);
        check_screen(set, &s);
        s.column.limit = screen_value_of(&s, i);
        check_screen(set, &s);
        s.column.limit = -1000;
    }
    free_screen_case(&s);
}
END_TEST

/* ---- rows ---- */

static int
minus(int64_t i, int64_t j)
{
    return __builtin_popcountll((uint64_t)(i & j)) & 1;
}

START_TEST(mix_is_a_hadamard_transform)
{
    FOR_EACH_NARROW_SET(set)
    for (int levels = 0; levels <= 11; levels++) {
        const int64_t n = (int64_t)1 << levels;
        const size_t size = (size_t)n * sizeof(float);
        float *x = guarded(size, 0), *before = malloc(size);
        double whole = 0;
        for (int64_t i = 0; i < n; i++) {
            before[i] = x[i] = (float)random_real();
            whole += fabs((double)x[i]);
        }
        set->mix(x, n);
        for (int64_t i = 0; i < n; i++) {
            double sum = 0;
            for (int64_t j = 0; j < n; j++)
                sum += (minus(i, j) ? -1.0 : 1.0) * (double)before[j];
            ck_assert_double_le(fabs((double)x[i] - sum), levels * UNIT * 1.01 * whole);
        }
        ck_assert(guard_stands(x, size));
        guarded_free(x, 0);
        free(before);
    }
}
END_TEST

/* Three elements, whose sums are exact. */
START_TEST(mix_of_few_elements_is_exact)
{
    FOR_EACH_NARROW_SET(set)
    for (int levels = 4; levels <= 20; levels++) {
        const int64_t n = (int64_t)1 << levels, at[3] = {random_below(n), random_below(n), n - 1};
        const size_t size = (size_t)n * sizeof(float);
        float *x = guarded(size, 0);
        memset(x, 0, size);
        for (int k = 0; k < 3; k++)
            x[at[k]] += (float)(1 << k);
        set->mix(x, n);
        for (int64_t i = 0; i < n; i++) {
            int sum = 0;
            for (int k = 0; k < 3; k++)
                sum += minus(i, at[k]) ? -(1 << k) : 1 << k;
            if (x[i] != (float)sum)
                ck_abort_msg("%s, %d levels, element %d", set->name, levels, (int)i);
        }
        ck_assert(guard_stands(x, size));
        guarded_free(x, 0);
    }
}
END_TEST

/* The step that the largest magnitude asks for, or the largest sum of a run, each of whose elements may be rounded
 * up. */
static double
step_of(const conceptdec_i_narrow_kernels *set, const float *x, int64_t n)
{
    double step = 0;
    for (int64_t i = 0; i < n; i++)
        step = fmax(step, fabs((double)x[i]) / set->most);
    for (int64_t first = 0; set->run && first < n; first += 4 * set->run)
        for (int half = 0; half < 2; half++) {
            double sum = 0;
            for (int64_t i = first; i < first + 4 * set->run && i < n; i++)
                sum += i / 2 % 2 == half ? fabs((double)x[i]) : 0;
            step = fmax(step, sum / (set->run_most - set->run));
        }
    return step;
}

/* Numbers that quantize() makes at that step. */
static void
check_runs(const conceptdec_i_narrow_kernels *set, const float *x, float step, int64_t n)
{
    uint8_t *out = malloc((size_t)n + 1);
    int64_t sums[2], room = set->run ? (n + 4 * set->run - 1) / (4 * set->run) * set->run : 0;
    int8_t *q = calloc((size_t)room * 4 + 1, 1), *kept = calloc((size_t)room * 4 + 1, 1);
    set->quantize(x, 1 / step, step, out, n, sums);
    for (int64_t i = 0; set->run && i < n; i++)
        q[i] = kept[i] = (int8_t)(out[i] - set->bias);
    keep_to_runs(set, kept, room);
    ck_assert(memcmp(q, kept, (size_t)room * 4) == 0);
    free(kept);
    free(q);
    free(out);
}

START_TEST(the_step_is_the_least_that_will_do)
{
    FOR_EACH_NARROW_SET(set)
    for (int s = 0; s < ODD_SIZES; s++) {
        const int64_t n = odd_sizes[s];
        float *x = guarded((size_t)n * sizeof(float), 4);
        for (int64_t i = 0; i < n; i++)
            x[i] = (float)random_real();
        for (int64_t i = 0; i < n; i++) { /* one that sticks out, then a run that does */
            const float before = x[i];
            x[i] = (i % 2 ? -2 : 2) + before;
            const float step = set->step(x, n);
            ck_assert_double_le(fabs((double)step - step_of(set, x, n)), 1e-6 * (double)step);
            check_runs(set, x, step, n);
            x[i] = i % 3 ? before : x[i];
        }
        if (n == 0)
            ck_assert(set->step(x, n) == 0);
        guarded_free(x, 4);
    }
}
END_TEST

/* n rows, from the first of a panel on, and `count` columns, from that numbered `first` on. */
static void
check_complete(const conceptdec_i_narrow_kernels *set, int64_t m, int64_t n, int64_t first, int64_t count)
{
    static const int32_t dots[] = {0, 1, -1, 1234567, -16777216, 16777217, INT32_MAX, INT32_MIN};
    enum { ITEMS = 48, LD = 64 };
    const int64_t all = (n + PANEL - 1) / PANEL * PANEL;
    float *steps = guarded(ITEMS * sizeof(float), 0), *leads = guarded((size_t)(ITEMS * m) * sizeof(float), 0);
    int32_t *x = guarded((size_t)((count - 1) * LD + all) * sizeof(int32_t), 0), before[8 * LD];
    const conceptdec_i_narrow_items both = {.steps = steps, .leads = leads, .n_leads = m};
    for (int64_t i = 0; i < ITEMS; i++)
        steps[i] = (float)random_real();
    for (int64_t i = 0; i < ITEMS * m; i++)
        leads[i] = (float)random_real();
    for (int64_t i = 0; i < (count - 1) * LD + all; i++)
        before[i] = x[i] = dots[random_below(8)];
    set->complete(x, LD, n, &both, &both, first, count);
    for (int64_t j = 0; j < count; j++)
        for (int64_t i = 0; i < n; i++) {
            double sum = (double)before[j * LD + i] * (double)steps[i] * (double)steps[first + j], size = fabs(sum);
            for (int64_t k = 0; k < m; k++) {
                const double product = (double)leads[(i / PANEL * m + k) * PANEL + i % PANEL] *
                                       (double)leads[((first + j) / PANEL * m + k) * PANEL + (first + j) % PANEL];
                sum += product;
                size += fabs(product);
            }
            float found;
            memcpy(&found, &x[j * LD + i], sizeof found);
            ck_assert_double_le(fabs((double)found - sum), (double)(2 * m + 4) * UNIT * size);
        }
    for (int64_t j = 0; j + 1 < count; j++) /* between the columns */
        ck_assert(memcmp(x + j * LD + all, before + j * LD + all, (size_t)(LD - all) * sizeof *x) == 0);
    ck_assert(guard_stands(x, (size_t)((count - 1) * LD + all) * sizeof(int32_t)));
    guarded_free(x, 0);
    guarded_free(leads, 0);
    guarded_free(steps, 0);
}

START_TEST(sums_become_products_where_they_stand)
{
    FOR_EACH_NARROW_SET(set)
    for (int64_t m = 0; m <= 9; m += 3)
        for (int64_t n = 1; n <= 48; n += 5)
            for (int64_t count = 1; count <= 7; count++)
                check_complete(set, m, n, random_below(40), count);
}
END_TEST

/* One row against float64: products to the error of a chain, what is left to two roundings for each direction. */
static void
check_split_row(const float *basis, int64_t m, int64_t n, const double *before, const float *x, const float *out)
{
    double size = 0;
    for (int64_t i = 0; i < n; i++)
        size += fabs(before[i]);
    for (int64_t k = 0; k < m; k++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += (double)basis[k * n + i] * before[i];
        ck_assert_double_le(fabs((double)out[k] - sum), (double)(n / 32 + 8) * UNIT * size);
    }
    for (int64_t i = 0; i < n; i++) {
        double left = before[i], most = fabs(before[i]);
        for (int64_t k = 0; k < m; k++) {
            left -= (double)out[k] * (double)basis[k * n + i];
            most += fabs((double)out[k]);
        }
        ck_assert_double_le(fabs((double)x[i] - left), 2 * (double)m * UNIT * most);
    }
}

static void
check_split(const conceptdec_i_narrow_kernels *set, int64_t m, int64_t n, int64_t count)
{
    float *basis = guarded((size_t)(m * n) * sizeof(float), 0), *x = guarded((size_t)(count * n) * sizeof(float), 0);
    float *out = guarded((size_t)(count * m) * sizeof(float), 0);
    double *before = malloc((size_t)(count * n) * sizeof *before);
    for (int64_t i = 0; i < m * n; i++)
        basis[i] = (float)random_real();
    for (int64_t i = 0; i < count * n; i++)
        before[i] = (double)(x[i] = (float)random_real());
    set->split(basis, m, x, n, count, out);
    for (int64_t r = 0; r < count; r++)
        check_split_row(basis, m, n, before + r * n, x + r * n, out + r * m);
    ck_assert(guard_stands(x, (size_t)(count * n) * sizeof(float)));
    ck_assert(guard_stands(out, (size_t)(count * m) * sizeof(float)));
    free(before);
    guarded_free(out, 0);
    guarded_free(x, 0);
    guarded_free(basis, 0);
}

START_TEST(rows_are_split_along_a_basis)
{
    FOR_EACH_NARROW_SET(set)
    for (int64_t m = 0; m <= 8; m++)
        for (int64_t n = 32; n <= 1024; n += n < 200 ? 32 : 192)
            for (int64_t count = 1; count <= 7; count += 3)
                check_split(set, m, n, count);
    FOR_EACH_NARROW_SET(set) /* more directions and longer rows than are in work at once */
        check_split(set, 19, 2112, 6);
}
END_TEST

/* The residual is a sum of squares of differences, each of which is off by two roundings of numbers no larger than x,
 * or of the difference itself. */
static void
check_residual(double returned, double exact, double norm2, int64_t n)
{
    const double chain = (double)(n / 16 + 20) * UNIT;
    ck_assert_double_le(sqrt(returned), sqrt(exact) * (1 + chain) + 2 * UNIT * sqrt(norm2));
    ck_assert_double_le(sqrt(exact), sqrt(returned) * (1 + chain) + 2 * UNIT * sqrt(norm2));
}

static void
check_quantize(const conceptdec_i_narrow_kernels *set, const float *x, float step, int64_t n)
{
    const float inverse = 1 / step;
    uint8_t *out = guarded((size_t)n, 1);
    int64_t sums[2] = {-1, -1}, expected[2] = {0, 0};
    double exact = 0, norm2 = 0;
    const float rest = set->quantize(x, inverse, step, out, n, sums);
    for (int64_t i = 0; i < n; i++) {
        const int q = set->bias ? out[i] - set->bias : (int8_t)out[i];
        const float scaled = x[i] * inverse;
        const double clipped = fmax(-set->most, fmin(set->most, (double)scaled));
        ck_assert_double_le(fabs(clipped - q), 0.5);
        expected[0] += q;
        expected[1] += q * q;
        exact += ((double)x[i] - (double)step * q) * ((double)x[i] - (double)step * q);
        norm2 += (double)x[i] * (double)x[i];
    }
    ck_assert_int_eq(sums[0], expected[0]);
    ck_assert_int_eq(sums[1], expected[1]);
    check_residual((double)rest, exact, norm2, n);
    ck_assert(guard_stands(out, (size_t)n));
    guarded_free(out, 1);
}

START_TEST(quantize_rounds_clips_and_sums)
{
    FOR_EACH_NARROW_SET(set)
    for (int s = 0; s < ODD_SIZES; s++)
        for (int kind = 0; kind < 3; kind++) {
            const int64_t n = odd_sizes[s];
            float *x = guarded((size_t)n * sizeof(float), 4);
            for (int64_t i = 0; i < n; i++) /* anything; halves of a step, that is ties; beyond what fits */
                x[i] = kind == 0   ? (float)random_real()
                       : kind == 1 ? (float)(random_below(509) - 254) / 2 * 0.25f
                                   : (float)random_real() * 300;
            check_quantize(set, x, kind == 0 ? 1.0f / 127 : kind == 1 ? 0.25f : 1, n);
            guarded_free(x, 4);
        }
}
END_TEST

/* So many that sums of int32_t overflow if they are not emptied in time, at the largest numbers. */
START_TEST(quantize_of_very_long_rows)
{
    const int64_t n = 5000011;
    float *x = malloc((size_t)n * sizeof *x);
    uint8_t *out = malloc((size_t)n);
    FOR_EACH_NARROW_SET(set)
    {
        const int64_t most = set->most;
        int64_t sums[2];
        for (int64_t i = 0; i < n; i++)
            x[i] = (float)-most;
        ck_assert(set->quantize(x, 1, 1, out, n, sums) == 0);
        ck_assert_int_eq(sums[0], -most * n);
        ck_assert_int_eq(sums[1], most * most * n);
    }
    free(out);
    free(x);
}
END_TEST

/* A product that overflows is clipped like any other. */
START_TEST(quantize_clips_what_overflows)
{
    float x[40];
    uint8_t out[40];
    for (int i = 0; i < 40; i++)
        x[i] = i % 2 ? FLT_MAX : -FLT_MAX;
    FOR_EACH_NARROW_SET(set)
    {
        int64_t sums[2];
        set->quantize(x, 1e10f, 1e-10f, out, 40, sums);
        for (int i = 0; i < 40; i++)
            ck_assert_int_eq(set->bias ? out[i] - set->bias : (int8_t)out[i], i % 2 ? set->most : -set->most);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {
        a_set_is_what_its_bit_says,
        the_best_set_of_the_mask_is_chosen,
#if defined(__x86_64__) && defined(__GNUC__)
        the_compiler_finds_the_same_extensions,
#endif
        columns_are_taken_from_any_items,
        panels_are_exact,
        the_largest_sums_do_not_overflow,
        the_screen_tells_every_hit,
        the_screen_finds_a_single_hit,
        mix_is_a_hadamard_transform,
        mix_of_few_elements_is_exact,
        the_step_is_the_least_that_will_do,
        sums_become_products_where_they_stand,
        rows_are_split_along_a_basis,
        quantize_rounds_clips_and_sums,
        quantize_of_very_long_rows,
        quantize_clips_what_overflows,
        NULL
    };
    return make_kernel_suite("kernels/narrow", tests);
}

CHECK_MAIN(make_suite)
