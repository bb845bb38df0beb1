/* Permutations of labels: what each scheme keeps, that its draws are uniform, and that a draw is a pure function. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "stats/permute.h"
#include "stats/stream.h"

enum { MOST = 90, ROUNDS = 200 };

static conceptdec_ctx *ctx;

static void
setup(void)
{
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
}

typedef struct problem {
    int64_t n;
    int64_t labels[MOST], groups[MOST];
} problem;

/* is_constant: one label in each group. */
static void
make_problem(problem *p, uint64_t round, bool is_constant)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 12, CONCEPTDEC_I_RNG_SAMPLE, round);
    *p = (problem){0};
    p->n = 40 + (int64_t)conceptdec_i_rng_below(&rng, MOST - 40);
    for (int64_t i = 0; i < p->n; i++) {
        int64_t group = (int64_t)conceptdec_i_rng_below(&rng, 15);
        p->groups[i] = group * 1001 - 7000;
        p->labels[i] = is_constant ? group % 4 : (int64_t)conceptdec_i_rng_below(&rng, 4);
        if (conceptdec_i_rng_below(&rng, 8) == 0)
            p->labels[i] = -1;
    }
}

static conceptdec_i_permute *
make_plan(const problem *p, int32_t scheme, uint64_t seed)
{
    conceptdec_i_permute *plan = NULL;
    ck_assert_int_eq(conceptdec_i_permute_new(ctx, scheme, p->n, p->labels, p->groups, seed, &plan), CONCEPTDEC_OK);
    return plan;
}

/* Rows of group `code` (of all: with is_any) that have a label, in ascending order; their labels under `drawn`. */
static int64_t
block(const problem *p, int64_t code, bool is_any, const int32_t *drawn, int32_t *out)
{
    int64_t size = 0;
    for (int64_t i = 0; i < p->n; i++)
        if (p->labels[i] >= 0 && (is_any || p->groups[i] == code))
            out[size++] = drawn ? drawn[i] : (int32_t)p->labels[i];
    return size;
}

static int
compare(const void *a, const void *b)
{
    return *(const int32_t *)a - *(const int32_t *)b;
}

static void
check_same_labels(const problem *p, int64_t code, bool is_any, const int32_t *drawn)
{
    int32_t before[MOST], after[MOST];
    int64_t size = block(p, code, is_any, NULL, before);
    block(p, code, is_any, drawn, after);
    qsort(before, (size_t)size, sizeof *before, compare);
    qsort(after, (size_t)size, sizeof *after, compare);
    ck_assert_mem_eq(before, after, (size_t)size * sizeof *before);
}

static void
check_unlabelled(const problem *p, const int32_t *drawn)
{
    for (int64_t i = 0; i < p->n; i++)
        ck_assert((p->labels[i] < 0) == (drawn[i] == -1));
}

START_TEST(free_keeps_the_labels)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        problem p;
        int32_t scratch[MOST], drawn[MOST];
        make_problem(&p, round, false);
        conceptdec_i_permute *plan = make_plan(&p, CONCEPTDEC_PERMUTE_FREE, round);
        conceptdec_i_permute_draw(plan, 3, scratch, drawn);
        check_unlabelled(&p, drawn);
        check_same_labels(&p, 0, true, drawn);
        conceptdec_i_permute_free(ctx, plan);
    }
}
END_TEST

START_TEST(within_keeps_the_labels_of_each_group)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        problem p;
        int32_t scratch[MOST], drawn[MOST];
        make_problem(&p, round, false);
        conceptdec_i_permute *plan = make_plan(&p, CONCEPTDEC_PERMUTE_WITHIN, round);
        conceptdec_i_permute_draw(plan, 3, scratch, drawn);
        check_unlabelled(&p, drawn);
        for (int64_t i = 0; i < p.n; i++)
            check_same_labels(&p, p.groups[i], false, drawn);
        conceptdec_i_permute_free(ctx, plan);
    }
}
END_TEST

/* Labels of the groups, one number for each, -1 where none of its rows has a label. */
static int64_t
labels_of_groups(const problem *p, const int32_t *drawn, int32_t *out)
{
    for (int64_t group = 0; group < 15; group++) {
        int32_t labels[MOST];
        int64_t size = block(p, group * 1001 - 7000, false, drawn, labels);
        for (int64_t i = 1; i < size; i++)
            ck_assert_int_eq(labels[i], labels[0]);
        out[group] = size == 0 ? -1 : labels[0];
    }
    qsort(out, 15, sizeof *out, compare);
    return 15;
}

START_TEST(whole_moves_the_label_of_a_group)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        problem p;
        int32_t scratch[MOST], drawn[MOST], before[15], after[15];
        make_problem(&p, round, true);
        conceptdec_i_permute *plan = make_plan(&p, CONCEPTDEC_PERMUTE_WHOLE, round);
        conceptdec_i_permute_draw(plan, 3, scratch, drawn);
        check_unlabelled(&p, drawn);
        labels_of_groups(&p, NULL, before);
        labels_of_groups(&p, drawn, after);
        ck_assert_mem_eq(before, after, sizeof before);
        conceptdec_i_permute_free(ctx, plan);
    }
}
END_TEST

/* How many groups of `size` labelled rows have this block. */
static int
count_block(const problem *p, const int32_t *drawn, int64_t size, const int32_t *wanted)
{
    int count = 0;
    for (int64_t group = 0; group < 15; group++) {
        int32_t labels[MOST];
        count += block(p, group * 1001 - 7000, false, drawn, labels) == size &&
                 memcmp(labels, wanted, (size_t)size * sizeof *wanted) == 0;
    }
    return count;
}

START_TEST(whole_exchanges_blocks_of_one_size)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        problem p;
        int32_t scratch[MOST], drawn[MOST], labels[MOST];
        make_problem(&p, round, false);
        conceptdec_i_permute *plan = make_plan(&p, CONCEPTDEC_PERMUTE_WHOLE, round);
        conceptdec_i_permute_draw(plan, 3, scratch, drawn);
        check_unlabelled(&p, drawn);
        for (int64_t group = 0; group < 15; group++) {
            int64_t size = block(&p, group * 1001 - 7000, false, NULL, labels);
            ck_assert_int_eq(count_block(&p, NULL, size, labels), count_block(&p, drawn, size, labels));
        }
        conceptdec_i_permute_free(ctx, plan);
    }
}
END_TEST

/* ---- uniform ---- */

/* Chi-square of the frequencies of what `count` draws give, told apart by the labels as digits; checks that there are
 * `outcomes` of them, at a bound that a uniform draw passes once in a million seeds. */
static void
check_uniform(const problem *p, int32_t scheme, int outcomes, double bound)
{
    enum { CODES = 65536 };
    static int frequency[CODES];
    const int draws = outcomes * 500;
    conceptdec_i_permute *plan = make_plan(p, scheme, 2024);
    int seen = 0;
    double sum = 0;
    memset(frequency, 0, sizeof frequency);
    for (int draw = 0; draw < draws; draw++) {
        int32_t scratch[MOST], drawn[MOST], code = 0;
        conceptdec_i_permute_draw(plan, draw, scratch, drawn);
        for (int64_t i = 0; i < p->n; i++)
            code = code * 4 + drawn[i];
        frequency[code]++;
    }
    for (int code = 0; code < CODES; code++)
        if (frequency[code] > 0) {
            double off = frequency[code] - 500;
            sum += off * off / 500;
            seen++;
        }
    ck_assert_int_eq(seen, outcomes);
    ck_assert_double_lt(sum, bound);
    ck_assert_double_gt(sum, 0.1);
    conceptdec_i_permute_free(ctx, plan);
}

START_TEST(draws_are_uniform)
{
    const problem rows = {.n = 4, .labels = {0, 1, 2, 3}};
    check_uniform(&rows, CONCEPTDEC_PERMUTE_FREE, 24, 75);
    const problem two = {.n = 7, .labels = {0, 0, 1, 1, 2, 2, 3}, .groups = {5, 6, 5, 6, 5, 6, 6}};
    check_uniform(&two, CONCEPTDEC_PERMUTE_WITHIN, 6 * 24, 240);
    const problem whole = {.n = 8, .labels = {0, 1, 2, 3, 0, 1, 1, 3}, .groups = {1, 2, 3, 4, 1, 2, 2, 4}};
    check_uniform(&whole, CONCEPTDEC_PERMUTE_WHOLE, 24, 75);
    /* Three blocks of two rows, and one of one row, which stays. */
    const problem blocks = {.n = 7, .labels = {0, 1, 2, 2, 3, 1, 0}, .groups = {1, 1, 2, 3, 2, 3, 9}};
    check_uniform(&blocks, CONCEPTDEC_PERMUTE_WHOLE, 6, 40);
}
END_TEST

/* ---- a draw is a function of its number ---- */

START_TEST(streams_are_those_of_the_core)
{
    for (uint64_t seed = 0; seed < 3; seed++) {
        conceptdec_i_rng rng, bounded;
        conceptdec_i_stream words, small;
        uint64_t item = UINT64_C(0x123456789abc) * seed;
        conceptdec_i_rng_start(&rng, ~seed, 7, item);
        conceptdec_i_rng_start(&bounded, ~seed, 8, item);
        conceptdec_i_stream_start(&words, ~seed, 7, item);
        conceptdec_i_stream_start(&small, ~seed, 8, item);
        for (uint32_t i = 0; i < 3000; i++) {
            uint32_t n = i % 2 ? i : 0xc0000000u + i;
            ck_assert_uint_eq(conceptdec_i_stream_u32(&words), conceptdec_i_rng_u32(&rng));
            ck_assert_uint_eq(conceptdec_i_stream_below(&small, n), conceptdec_i_rng_below(&bounded, n));
        }
    }
}
END_TEST

/* More labels than are dealt: Fisher-Yates. */
START_TEST(a_draw_is_the_shuffle_of_its_number)
{
    problem p;
    int32_t scratch[MOST], drawn[MOST], plain[MOST], rows[MOST];
    make_problem(&p, 4, false);
    for (int64_t i = 0; i < p.n; i++)
        p.labels[i] = p.labels[i] < 0 ? -1 : i % 39;
    conceptdec_i_permute *plan = make_plan(&p, CONCEPTDEC_PERMUTE_FREE, 99);
    for (int64_t draw = 20; draw >= 0; draw -= 5) {
        conceptdec_i_rng rng;
        int64_t size = block(&p, 0, true, NULL, plain), at = 0;
        conceptdec_i_rng_start(&rng, 99, CONCEPTDEC_I_RNG_PERMUTATION, (uint64_t)draw);
        conceptdec_i_rng_shuffle(&rng, plain, size);
        conceptdec_i_permute_draw(plan, draw, scratch, drawn);
        for (int64_t i = 0; i < p.n; i++)
            rows[i] = p.labels[i] < 0 ? -1 : plain[at++];
        ck_assert_mem_eq(drawn, rows, (size_t)p.n * sizeof *rows);
    }
    conceptdec_i_permute_free(ctx, plan);
}
END_TEST

/* ---- dealing ---- */

/* Philox word `place` of a draw, and those that follow where it is refused; counts the refusals. */
static uint32_t throw(uint64_t seed, int64_t draw, int64_t place, uint32_t sides, int *n_refused)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (uint32_t attempt = 0;; attempt++, ++*n_refused) {
        const uint32_t counter[4] = {(uint32_t)(place / 4), 2 + attempt * 65536, (uint32_t)draw,
                                     (uint32_t)(draw >> 32)};
        uint32_t words[4];
        conceptdec_i_philox(counter, key, words);
        const uint64_t product = (uint64_t)words[place % 4] * sides;
        if (product % (UINT64_C(1) << 32) >= (UINT64_C(1) << 32) % sides)
            return (uint32_t)(product >> 32);
    }
}

/* A deck in which equal labels lie together, in the order in which labels first appear. */
static int64_t
stack(const problem *p, int32_t *deck)
{
    int64_t size = 0;
    for (int64_t i = 0; i < p->n; i++) {
        bool is_known = p->labels[i] < 0;
        for (int64_t j = 0; j < i; j++)
            is_known = is_known || p->labels[j] == p->labels[i];
        for (int64_t j = i; j < p->n && !is_known; j++)
            if (p->labels[j] == p->labels[i])
                deck[size++] = (int32_t)p->labels[i];
    }
    return size;
}

START_TEST(few_labels_are_dealt_from_a_deck)
{
    problem p;
    int32_t scratch[MOST], drawn[MOST];
    int n_refused = 0;
    make_problem(&p, 4, false);
    conceptdec_i_permute *plan = make_plan(&p, CONCEPTDEC_PERMUTE_FREE, 99);
    for (int64_t draw = 20; draw >= 0; draw -= 5) {
        int32_t deck[MOST];
        int64_t left = stack(&p, deck), place = 0;
        conceptdec_i_permute_draw(plan, draw, scratch, drawn);
        for (int64_t i = 0; i < p.n; i++) {
            if (p.labels[i] < 0)
                continue;
            uint32_t at = throw(99, draw, place++, (uint32_t)left, &n_refused);
            ck_assert_int_eq(drawn[i], deck[at]);
            left--;
            memmove(deck + at, deck + at + 1, (size_t)(left - at) * sizeof *deck);
        }
    }
    conceptdec_i_permute_free(ctx, plan);
}
END_TEST

/* So many rows that some words must be refused. */
START_TEST(refused_words_are_thrown_again)
{
    enum { N = 200000 };
    static int64_t labels[N];
    static int32_t scratch[N], drawn[N];
    conceptdec_i_permute *plan = NULL;
    int64_t left[3] = {0};
    int n_refused = 0, n_wrong = 0;
    for (int64_t i = 0; i < N; i++)
        left[labels[i] = i * i % 7 % 3]++;
    ck_assert_int_eq(conceptdec_i_permute_new(ctx, CONCEPTDEC_PERMUTE_FREE, N, labels, NULL, 5, &plan), CONCEPTDEC_OK);
    conceptdec_i_permute_draw(plan, INT64_C(1) << 40, scratch, drawn);
    for (int64_t i = 0; i < N; i++) {
        const uint32_t die = throw(5, INT64_C(1) << 40, i, (uint32_t)(N - i), &n_refused);
        const int label = die < left[0] ? 0 : die < left[0] + left[1] ? 1 : 2;
        n_wrong += drawn[i] != label;
        left[label]--;
    }
    ck_assert_int_eq(n_wrong, 0);
    ck_assert_int_gt(n_refused, 0);
    conceptdec_i_permute_free(ctx, plan);
}
END_TEST

/* Sixteen draws at once, on each kernel set. */
static void
check_sixteen(int32_t scheme, int64_t n, const int64_t *labels, const int64_t *groups, int64_t first)
{
    for (uint32_t bit = 1; bit <= 4; bit *= 2) {
        conceptdec_ctx_options options = {.struct_size = sizeof options, .kernel_mask = bit};
        conceptdec_ctx *own;
        conceptdec_i_permute *plan = NULL;
        int64_t n_wrong = 0;
        ck_assert_int_eq(conceptdec_ctx_new(&options, &own), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_i_permute_new(own, scheme, n, labels, groups, 77, &plan), CONCEPTDEC_OK);
        uint8_t *bytes = malloc((size_t)n * 64);
        int32_t *tokens = malloc((size_t)n * sizeof *tokens), *drawn = malloc((size_t)n * sizeof *drawn);
        void *scratch = malloc((size_t)conceptdec_i_permute_scratch(plan));
        memset(bytes, 77, (size_t)n * 64);
        ck_assert_int_eq(conceptdec_i_permute_draw_16(plan, first, scratch, bytes + 32), CONCEPTDEC_OK);
        for (int64_t d = 0; d < 16; d++) {
            conceptdec_i_permute_draw(plan, first + d, tokens, drawn);
            for (int64_t i = 0; i < n; i++)
                n_wrong += bytes[i * 64 + 32 + d] != (uint8_t)drawn[i];
        }
        for (int64_t i = 0; i < n * 64; i++)
            n_wrong += i % 64 / 16 != 2 && bytes[i] != 77;
        ck_assert_int_eq(n_wrong, 0);
        free(scratch);
        free(drawn);
        free(tokens);
        free(bytes);
        conceptdec_i_permute_free(own, plan);
        conceptdec_ctx_free(own);
    }
}

START_TEST(sixteen_draws_are_one_and_one)
{
    for (int64_t classes = 2; classes < 40; classes++)
        for (int32_t scheme = CONCEPTDEC_PERMUTE_FREE; scheme <= CONCEPTDEC_PERMUTE_WHOLE; scheme++) {
            enum { N = 300 };
            int64_t labels[N], groups[N];
            for (int64_t i = 0; i < N; i++) {
                groups[i] = i * i % 101;
                labels[i] = i % 13 == 5 ? -1 : (i * 31 + i / 3) % classes;
            }
            check_sixteen(scheme, N, labels, groups, (INT64_C(3) << 33) + 16 * classes);
        }
}
END_TEST

START_TEST(sixteen_draws_throw_again)
{
    enum { N = 60000 };
    static int64_t labels[N];
    for (int64_t i = 0; i < N; i++)
        labels[i] = 5 + i % 11 * 20;
    check_sixteen(CONCEPTDEC_PERMUTE_FREE, N, labels, NULL, 16);
}
END_TEST

START_TEST(dealt_labels_may_have_other_numbers)
{
    for (int32_t scheme = CONCEPTDEC_PERMUTE_FREE; scheme <= CONCEPTDEC_PERMUTE_WITHIN; scheme++) {
        problem p;
        int32_t scratch[MOST], drawn[MOST], again[MOST];
        make_problem(&p, 6, false);
        conceptdec_i_permute *plan = make_plan(&p, scheme, 1);
        conceptdec_i_permute_draw(plan, 3, scratch, drawn);
        conceptdec_i_permute_free(ctx, plan);
        for (int64_t i = 0; i < p.n; i++)
            p.labels[i] = p.labels[i] < 0 ? -1 : 200 - 7 * p.labels[i];
        plan = make_plan(&p, scheme, 1);
        conceptdec_i_permute_draw(plan, 3, scratch, again);
        for (int64_t i = 0; i < p.n; i++)
            ck_assert_int_eq(again[i], drawn[i] < 0 ? -1 : 200 - 7 * drawn[i]);
        conceptdec_i_permute_free(ctx, plan);
    }
}
END_TEST

START_TEST(draws_do_not_depend_on_order_or_codes)
{
    for (int32_t scheme = CONCEPTDEC_PERMUTE_FREE; scheme <= CONCEPTDEC_PERMUTE_WHOLE; scheme++) {
        static int32_t drawn[10][MOST];
        int32_t scratch[MOST], again[MOST];
        problem p;
        make_problem(&p, 5, false);
        conceptdec_i_permute *plan = make_plan(&p, scheme, 1);
        for (int64_t draw = 0; draw < 10; draw++)
            conceptdec_i_permute_draw(plan, draw, scratch, drawn[draw]);
        conceptdec_i_permute_free(ctx, plan);
        for (int64_t i = 0; i < p.n; i++)
            p.groups[i] = ~p.groups[i] * 65537;
        plan = make_plan(&p, scheme, 1);
        for (int64_t draw = 9; draw >= 0; draw--) {
            conceptdec_i_permute_draw(plan, draw, scratch, again);
            ck_assert_mem_eq(again, drawn[draw], (size_t)p.n * sizeof *again);
        }
        ck_assert_mem_ne(drawn[0], drawn[1], (size_t)p.n * sizeof *again);
        conceptdec_i_permute_free(ctx, plan);
    }
}
END_TEST

/* ---- errors ---- */

static void
expect_refusal(const problem *p, int32_t scheme, bool has_groups, conceptdec_status expected, const char *text)
{
    char place;
    conceptdec_i_permute *plan = (conceptdec_i_permute *)(void *)&place;
    ck_assert_int_eq(conceptdec_i_permute_new(ctx, scheme, p->n, p->labels, has_groups ? p->groups : NULL, 0, &plan),
                     expected);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), text);
    ck_assert_ptr_eq(plan, &place);
}

START_TEST(refusals)
{
    const problem constant = {.n = 4, .labels = {0, 1, 0, 1}, .groups = {1, 2, 1, 2}};
    expect_refusal(&constant, CONCEPTDEC_PERMUTE_WITHIN, false, CONCEPTDEC_EGROUPS,
                   "groups: missing, and permuting within groups needs them");
    expect_refusal(&constant, CONCEPTDEC_PERMUTE_WHOLE, false, CONCEPTDEC_EGROUPS,
                   "groups: missing, and permuting whole groups needs them");
    expect_refusal(&constant, CONCEPTDEC_PERMUTE_WITHIN, true, CONCEPTDEC_EGROUPS,
                   "groups: each has one label only, so permuting within groups changes nothing; permute whole groups");
    expect_refusal(&constant, 3, true, CONCEPTDEC_EINVAL, "permute: 3 is not a scheme");
    const problem one = {.n = 5, .labels = {1, 1, 1, -1, 1}, .groups = {1, 2, 1, 2, 3}};
    expect_refusal(&one, CONCEPTDEC_PERMUTE_WHOLE, true, CONCEPTDEC_EGROUPS,
                   "groups: all have the same label, so permuting whole groups changes nothing");
    const problem unique = {.n = 6, .labels = {0, 1, 0, -1, 1, 1}, .groups = {1, 2, 1, 2, 1, 1}};
    expect_refusal(&unique, CONCEPTDEC_PERMUTE_WHOLE, true, CONCEPTDEC_EGROUPS,
                   "groups: no two of one size have different labels, so permuting whole groups changes nothing");
    const problem equal = {.n = 6, .labels = {0, 1, 0, 1, 1, 1}, .groups = {1, 1, 2, 2, 3, 4}};
    expect_refusal(&equal, CONCEPTDEC_PERMUTE_WHOLE, true, CONCEPTDEC_EGROUPS,
                   "groups: no two of one size have different labels, so permuting whole groups changes nothing");
    conceptdec_i_permute_free(ctx, NULL);
}
END_TEST

static Suite *
permute_suite(void)
{
    Suite *suite = suite_create("permute");
    TCase *schemes = tcase_create("schemes"), *draws = tcase_create("draws");
    tcase_add_checked_fixture(schemes, setup, teardown);
    tcase_add_test(schemes, free_keeps_the_labels);
    tcase_add_test(schemes, within_keeps_the_labels_of_each_group);
    tcase_add_test(schemes, whole_moves_the_label_of_a_group);
    tcase_add_test(schemes, whole_exchanges_blocks_of_one_size);
    tcase_add_test(schemes, refusals);
    tcase_add_checked_fixture(draws, setup, teardown);
    tcase_add_test(draws, draws_are_uniform);
    tcase_add_test(draws, streams_are_those_of_the_core);
    tcase_add_test(draws, a_draw_is_the_shuffle_of_its_number);
    tcase_add_test(draws, few_labels_are_dealt_from_a_deck);
    tcase_add_test(draws, refused_words_are_thrown_again);
    tcase_add_test(draws, sixteen_draws_are_one_and_one);
    tcase_add_test(draws, sixteen_draws_throw_again);
    tcase_add_test(draws, dealt_labels_may_have_other_numbers);
    tcase_add_test(draws, draws_do_not_depend_on_order_or_codes);
    suite_add_tcase(suite, schemes);
    suite_add_tcase(suite, draws);
    return suite;
}

CHECK_MAIN(permute_suite)
