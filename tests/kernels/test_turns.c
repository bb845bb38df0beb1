/* Sweeps of rotations: what they must keep, and that sweeps end. */
#include <math.h>

#include "sets.h"

#define LANES CONCEPTDEC_I_TURNED

/* Products of columns p and q of one matrix, or of all rows where it is one. */
static double
product(const double *columns, int64_t n, int64_t p, int64_t q, int lane, int is_one)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++)
        for (int l = is_one ? 0 : lane; l <= (is_one ? LANES - 1 : lane); l++)
            sum += columns[(p * n + k) * LANES + l] * columns[(q * n + k) * LANES + l];
    return sum;
}

/* One sweep, in parts of two columns. */
static int
sweep(const conceptdec_i_kernels *set, double *columns, int64_t m, int64_t n, int is_one, double *squares)
{
    int any = 0;
    for (int64_t first = 0; first < m; first += 2)
        any |= set->turn_columns(columns, m, n, is_one, first, first + 2 < m ? first + 2 : m, 1e-14, squares);
    return any;
}

static void
check_turns(const conceptdec_i_kernels *set, int64_t m, int64_t n, int is_one)
{
    const size_t size = (size_t)(m * n * LANES) * sizeof(double), some = (size_t)(m * LANES) * sizeof(double);
    double *columns = guarded(size, 0), *squares = guarded(some, 0), before[LANES] = {0}, after[LANES] = {0};
    int sweeps = 0;
    for (int64_t i = 0; i < m * n * LANES; i++)
        columns[i] = i % 7 == 0 ? 0 : random_real() / (double)(n * LANES);
    for (int64_t k = 0; m > 1 && k < n; k++) /* of one lane two columns are equal */
        columns[(n + k) * LANES + 3] = columns[k * LANES + 3];
    for (int l = 0; l < LANES; l++)
        for (int64_t p = 0; p < m; p++)
            before[l] += product(columns, n, p, p, l, is_one);
    while (sweep(set, columns, m, n, is_one, squares))
        ck_assert(++sweeps < 30);
    for (int l = 0; l < LANES; l++)
        for (int64_t p = 0; p < m; p++) {
            const double square = product(columns, n, p, p, l, is_one);
            after[l] += square;
            ck_assert_double_eq_tol(squares[p * LANES + l], square, 1e-14 * before[l] + 1e-200);
            for (int64_t q = 0; q < p; q++) {
                const double other = product(columns, n, q, q, l, is_one);
                ck_assert_double_le(fabs(product(columns, n, p, q, l, is_one)), 1e-13 * sqrt(square * other) + 1e-200);
            }
        }
    for (int l = 0; l < LANES; l++)
        ck_assert_double_eq_tol(after[l], before[l], 1e-13 * before[l] + 1e-200);
    ck_assert(guard_stands(columns, size) && guard_stands(squares, some));
    guarded_free(columns, 0);
    guarded_free(squares, 0);
}

START_TEST(columns_become_orthogonal)
{
    FOR_EACH_SET(set)
    for (int64_t m = 1; m <= 6; m++)
        for (int64_t n = m; n <= m + 3; n++) {
            check_turns(set, m, n, 0);
            check_turns(set, m, n, 1);
        }
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {columns_become_orthogonal, NULL};
    return make_kernel_suite("turns", tests);
}

CHECK_MAIN(make_suite)
