/* Votes against a count of each lane by itself. */
#include "sets.h"

#define LANES CONCEPTDEC_I_LANES
#define ROWS 400

static int
vote_of_lane(const uint8_t *labels, const int32_t *neighbours, int32_t own, int32_t k, int32_t classes, int lane)
{
    int counts[256] = {0}, best = 0, sharing = 0;
    for (int32_t p = 0; p < k; p++)
        counts[labels[neighbours[p] * LANES + lane]]++;
    for (int c = 0; c < classes; c++)
        best = counts[c] > best ? counts[c] : best;
    for (int c = 0; c < classes; c++)
        sharing += counts[c] == best;
    return counts[labels[own * LANES + lane]] == best ? sharing : 0;
}

/* Lane 0 has one class only, lane 1 the largest class number, the others random ones, some with few classes. */
static void
fill_labels(uint8_t *labels, int32_t classes)
{
    for (int i = 0; i < ROWS; i++)
        for (int lane = 0; lane < LANES; lane++)
            labels[i * LANES + lane] = (uint8_t)random_below(lane % 5 == 2 && classes > 2 ? 2 : classes);
    for (int i = 0; i < ROWS; i++) {
        labels[i * LANES] = 0;
        labels[i * LANES + 1] = (uint8_t)(classes - 1);
    }
}

static void
check_votes(const conceptdec_i_kernels *set, int32_t classes, const int32_t *ks, int32_t n_ks, size_t shift)
{
    int32_t neighbours[255];
    const size_t label_size = ROWS * LANES, count_size = (size_t)classes * LANES, out_size = (size_t)n_ks * LANES;
    uint8_t *labels = guarded(label_size, shift), *counts = guarded(count_size, shift), *out = guarded(out_size, shift);
    fill_labels(labels, classes);
    for (int p = 0; p < 255; p++)
        neighbours[p] = (int32_t)random_below(ROWS);
    const int32_t own = (int32_t)random_below(ROWS);
    set->votes(labels, neighbours, own, ks, n_ks, classes, counts, out);
    for (int32_t t = 0; t < n_ks; t++)
        for (int lane = 0; lane < LANES; lane++)
            ck_assert_msg(out[t * LANES + lane] == vote_of_lane(labels, neighbours, own, ks[t], classes, lane),
                          "%s: %d classes, k %d, lane %d: %d", set->name, classes, ks[t], lane, out[t * LANES + lane]);
    ck_assert(guard_stands(out, out_size) && guard_stands(counts, count_size));
    guarded_free(labels, shift);
    guarded_free(counts, shift);
    guarded_free(out, shift);
}

START_TEST(votes_count_every_lane)
{
    static const int32_t classes[] = {1,  2,  3,  4,  5,  6,  7,  8,   9,   10,  11,
                                      12, 13, 14, 16, 17, 63, 64, 100, 128, 254, 255};
    static const int32_t lists[][6] = {{1},        {2},       {10},  {1, 2, 3, 5, 10, 20},
                                       {5, 7, 40}, {16, 255}, {255}, {40, 41, 42, 43, 44, 45}};
    static const int32_t lengths[] = {1, 1, 1, 6, 3, 2, 1, 6};
    FOR_EACH_SET(set)
    for (int c = 0; c < (int)(sizeof classes / sizeof classes[0]); c++)
        for (int l = 0; l < (int)(sizeof lengths / sizeof lengths[0]); l++)
            for (size_t shift = 0; shift < 2; shift++)
                check_votes(set, classes[c], lists[l], lengths[l], shift);
}
END_TEST

/* 255 neighbours of 255 classes, each once: the largest numbers that a byte must hold. */
START_TEST(votes_reach_the_largest_counts)
{
    static uint8_t labels[256 * LANES], counts[255 * LANES], out[LANES];
    int32_t neighbours[255];
    const int32_t k = 255;
    for (int i = 0; i < 255; i++) {
        memset(labels + i * LANES, i, LANES);
        neighbours[i] = i;
    }
    FOR_EACH_SET(set)
    {
        set->votes(labels, neighbours, 255, &k, 1, 255, counts, out);
        for (int lane = 0; lane < LANES; lane++)
            ck_assert_int_eq(out[lane], 255);
    }
}
END_TEST

START_TEST(tally_sums_votes)
{
    enum { N_KS = 3, LEVELS = CONCEPTDEC_I_COUNTED };
    const size_t count_size = N_KS * LEVELS * LANES, credit_size = N_KS * LANES * sizeof(uint16_t);
    for (int largest = 1; largest <= 255; largest += largest < 20 ? 1 : 47)
        FOR_EACH_SET(set)
        {
            uint8_t *votes = guarded(N_KS * LANES, 1), *counts = guarded(count_size, 1);
            uint16_t *credit = guarded(credit_size, 2);
            int expected[N_KS * LEVELS * LANES] = {0}, n_wrong = 0;
            double shares[N_KS * LANES] = {0};
            memset(counts, 0, count_size);
            memset(credit, 0, credit_size);
            for (int call = 0; call < 255; call++) {
                int any = 0;
                for (int i = 0; i < N_KS * LANES; i++) {
                    votes[i] = i == 5 ? 1 : (uint8_t)random_below(random_below(8) ? 3 : largest + 1);
                    any |= votes[i] > 16;
                    shares[i] += votes[i] >= 1 && votes[i] <= 6 ? 60.0 / votes[i] : 0;
                    if (votes[i] >= 7 && votes[i] <= 16)
                        expected[(i / LANES * LEVELS + votes[i] - 7) * LANES + i % LANES]++;
                }
                n_wrong += (set->tally(votes, N_KS, credit, counts) != 0) != any;
            }
            for (int i = 0; i < N_KS * LEVELS * LANES; i++)
                n_wrong += counts[i] != expected[i];
            for (int i = 0; i < N_KS * LANES; i++)
                n_wrong += credit[i] != shares[i];
            ck_assert_msg(n_wrong == 0, "%s: %d wrong", set->name, n_wrong);
            ck_assert(guard_stands(votes, N_KS * LANES) && guard_stands(counts, count_size));
            ck_assert(guard_stands(credit, credit_size));
            guarded_free(votes, 1);
            guarded_free(counts, 1);
            guarded_free(credit, 2);
        }
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {votes_count_every_lane, votes_reach_the_largest_counts, tally_sums_votes, NULL};
    return make_kernel_suite("kernels/votes", tests);
}

CHECK_MAIN(make_suite)
