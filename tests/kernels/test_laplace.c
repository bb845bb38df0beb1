/* Steps of polynomials in a Laplacian: the same bits from every set as one number at a time gives. */
#include <math.h>
#include <stdbool.h>

#include "sets.h"

enum { ROWS = 40, MOST_EDGES = 9, MOST_WIDTH = 20 };

typedef struct graph {
    int64_t first[ROWS + 1];
    int32_t column[ROWS * MOST_EDGES];
    double weight[ROWS * MOST_EDGES], inside[ROWS];
    double from[ROWS * MOST_WIDTH], to[ROWS * MOST_WIDTH];
    conceptdec_i_laplace step;
} graph;

/* Row 0 has no edge. */
static void
make(graph *g, int64_t width, bool has_inside, double c)
{
    for (int64_t i = 0; i < ROWS; i++) {
        g->first[i + 1] = g->first[i] + (i == 0 ? 0 : random_below(MOST_EDGES + 1));
        g->inside[i] = random_real();
    }
    for (int i = 0; i < ROWS * MOST_EDGES; i++) {
        g->column[i] = (int32_t)random_below(ROWS);
        g->weight[i] = random_real();
    }
    for (int i = 0; i < ROWS * MOST_WIDTH; i++) {
        g->from[i] = random_real();
        g->to[i] = c == 0 ? (double)NAN : random_real(); /* which is then not read */
    }
    g->step = (conceptdec_i_laplace){.first = g->first,
                                     .column = g->column,
                                     .weight = g->weight,
                                     .inside = has_inside ? g->inside : NULL,
                                     .from = g->from,
                                     .width = width,
                                     .a = 1.75,
                                     .b = -0.6,
                                     .c = c};
}

static double
expect(const graph *g, int64_t i, int64_t k)
{
    const conceptdec_i_laplace *l = &g->step;
    const double x = g->from[i * l->width + k];
    double sum = (l->inside ? l->inside[i] : 0) * x;
    for (int64_t e = g->first[i]; e < g->first[i + 1]; e++)
        sum += g->weight[e] * g->from[g->column[e] * l->width + k];
    const double y = l->a * (x - sum) + l->b * x;
    return l->c == 0 ? y : y - l->c * g->to[i * l->width + k];
}

/* Rows before and behind are not written, and nothing behind the last one. */
static void
check(const conceptdec_i_kernels *set, graph *g, int64_t begin, int64_t end)
{
    const int64_t width = g->step.width;
    const size_t size = (size_t)(ROWS * width) * sizeof(double);
    double *to = guarded(size, 0);
    memcpy(to, g->to, size);
    g->step.to = to;
    set->laplace(&g->step, begin, end);
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t k = 0; k < width; k++) {
            const double wanted = i >= begin && i < end ? expect(g, i, k) : g->to[i * width + k];
            ck_assert_msg(same_bits(to[i * width + k], wanted), "%s: row %d, column %d", set->name, (int)i, (int)k);
        }
    ck_assert(guard_stands(to, size));
    guarded_free(to, 0);
}

START_TEST(steps)
{
    static const int64_t widths[] = {1, 4, 8, 12, 16, MOST_WIDTH};
    static graph g;
    make(&g, widths[_i / 4], _i % 2, _i / 2 % 2);
    FOR_EACH_SET(set)
    {
        check(set, &g, 0, ROWS);
        check(set, &g, 3, 3);
        check(set, &g, 7, ROWS - 5);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("laplace");
    TCase *tests = tcase_create("steps");
    tcase_add_loop_test(tests, steps, 0, 24);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
