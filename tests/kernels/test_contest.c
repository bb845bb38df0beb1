/* Classes that compete for rows, on a grid where float is exact: against a plain count, at every limit; and columns
 * that sum to 0. */
#include <math.h>

#include "sets.h"

enum { MOST_ROWS = 64, CLASSES = 5, STEP = 80, CASES = 200 };

typedef struct {
    _Alignas(64) float values[CLASSES * STEP];
    float center[CLASSES], scale[MOST_ROWS], handicap[MOST_ROWS], reach[CONCEPTDEC_I_CONTEST_BOUNDS][MOST_ROWS];
    int32_t label[MOST_ROWS];
    conceptdec_i_contest contest;
} meeting;

static float
grid(int64_t levels)
{
    return (float)(random_below(2 * levels + 1) - levels) / 8;
}

static void
draw(int64_t rows, int32_t classes, meeting *m)
{
    m->contest = (conceptdec_i_contest){.values = m->values, .step = STEP, .classes = classes, .center = m->center,
                                        .label = m->label, .scale = m->scale, .handicap = m->handicap, .least = 0.125f};
    for (int64_t i = 0; i < classes * STEP; i++)
        m->values[i] = grid(8);
    for (int32_t c = 0; c < classes; c++)
        m->center[c] = random_below(6) == 0 ? -INFINITY : grid(4);
    for (int64_t i = 0; i < rows; i++) {
        m->label[i] = (int32_t)random_below(classes);
        m->scale[i] = random_below(2) ? 0.5f : 2;
        m->handicap[i] = random_below(8) == 0 ? INFINITY : (float)random_below(3) / 16;
    }
    for (int k = 0; k < CONCEPTDEC_I_CONTEST_BOUNDS; k++) {
        m->contest.reach[k] = m->reach[k];
        m->contest.spread[k] = (float)(k + 1) / 8;
        for (int64_t i = 0; i < rows; i++)
            m->reach[k][i] = (float)random_below(3);
    }
}

/* 1: ahead, 0: not, -1: either. */
static int
verdict(const meeting *m, int64_t i)
{
    float own = -INFINITY, other = -INFINITY, slack = m->contest.least;
    for (int32_t c = 0; c < m->contest.classes; c++) {
        const float value = m->values[c * STEP + i] * m->scale[i] + m->center[c];
        if (isnan(value))
            return isinf(m->handicap[i]) ? 0 : -1;
        if (c == m->label[i])
            own = value;
        else
            other = fmaxf(other, value);
    }
    for (int k = 0; k < CONCEPTDEC_I_CONTEST_BOUNDS; k++)
        slack += m->reach[k][i] * m->contest.spread[k];
    const float ahead = own - other - m->handicap[i];
    if (isinf(m->handicap[i]))
        return 0;
    return isnan(ahead) ? -1 : ahead > slack ? 1 : ahead < -slack ? 0 : -1;
}

static void
expect_verdicts(const conceptdec_i_kernels *set, const meeting *m)
{
    uint64_t open, wanted_open = 0;
    int32_t wanted = 0, found = set->contest(&m->contest, &open);
    for (int64_t i = 0; i < set->mr_f32; i++) {
        const int here = verdict(m, i);
        wanted += here == 1;
        wanted_open |= (uint64_t)(here < 0) << i;
    }
    ck_assert_msg(found == wanted && open == wanted_open, "%s: %d and %llx, not %d and %llx", set->name, (int)found,
                  (unsigned long long)open, (int)wanted, (unsigned long long)wanted_open);
}

START_TEST(rows_are_right_wrong_or_open)
{
    static meeting m;
    FOR_EACH_SET(set)
    for (int k = 0; k < CASES; k++) {
        draw(set->mr_f32, 1 + k % CLASSES, &m);
        expect_verdicts(set, &m);
    }
}
END_TEST

START_TEST(what_is_no_number_leaves_its_row_open)
{
    static meeting m;
    FOR_EACH_SET(set)
    for (int64_t i = 0; i < set->mr_f32; i++) {
        draw(set->mr_f32, 3, &m);
        m.handicap[i] = 0;
        m.values[m.label[i] * STEP + i] = NAN;
        expect_verdicts(set, &m);
        draw(set->mr_f32, 3, &m);
        m.handicap[i] = 0;
        m.reach[1][i] = INFINITY;
        expect_verdicts(set, &m);
    }
}
END_TEST

START_TEST(the_last_column_is_what_is_missing_from_0)
{
    enum { COLUMNS = 4, PANELS = 3 };
    FOR_EACH_SET(set)
    {
        const int64_t n = PANELS * set->mr_f32, step = n + 16;
        int32_t *in = guarded((size_t)(COLUMNS * step) * sizeof *in, 0);
        float *out = guarded((size_t)(COLUMNS * step + n) * sizeof *out, 0);
        for (int64_t i = 0; i < COLUMNS * step; i++)
            in[i] = (int32_t)(uint32_t)random_bits();
        for (int64_t i = 0; i < n; i++) /* the fourth takes back what the others have beyond int32 */
            in[3 * step + i] =
                (int32_t)(0u - (uint32_t)in[i] - (uint32_t)in[step + i] - (uint32_t)in[2 * step + i] + 77u);
        set->close_columns(in, COLUMNS, step, n, out);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t c = 0; c < COLUMNS; c++)
                ck_assert(out[c * step + i] == (float)in[c * step + i]);
            ck_assert(out[COLUMNS * step + i] == -77);
        }
        ck_assert(guard_stands(out, (size_t)(COLUMNS * step + n) * sizeof *out));
        guarded_free(in, 0);
        guarded_free(out, 0);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {rows_are_right_wrong_or_open, what_is_no_number_leaves_its_row_open,
                                  the_last_column_is_what_is_missing_from_0, NULL};
    return make_kernel_suite("kernels/contest", tests);
}

CHECK_MAIN(make_suite)
