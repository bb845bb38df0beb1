/* Philox against the published vectors; draws without bias; independent streams. */
#include <string.h>

#include "check_main.h"
#include "core/core.h"

typedef struct vector {
    uint32_t counter[4], key[2], out[4];
} vector;

/* kat_vectors of Random123 1.14, philox4x32 with 10 rounds. */
static const vector vectors[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(known_answers)
{
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        conceptdec_i_philox(vectors[i].counter, vectors[i].key, out);
        ck_assert_mem_eq(out, vectors[i].out, sizeof out);
    }
}
END_TEST

START_TEST(layout_of_a_stream)
{
    conceptdec_i_rng rng, again;
    uint64_t seed = 0x0123456789abcdefu, item = 0xfedcba9876543210u;
    conceptdec_i_rng_start(&rng, seed, 3, item);
    conceptdec_i_rng_start(&again, seed, 3, item);
    for (uint32_t block = 0; block < 5; block++) {
        uint32_t counter[4] = {block, 3, 0x76543210, 0xfedcba98}, key[2] = {0x89abcdef, 0x01234567}, out[4];
        conceptdec_i_philox(counter, key, out);
        for (int i = 0; i < 4; i++)
            ck_assert_uint_eq(conceptdec_i_rng_u32(&rng), out[i]);
        for (int i = 0; i < 4; i += 2)
            ck_assert_uint_eq(conceptdec_i_rng_u64(&again), out[i] | (uint64_t)out[i + 1] << 32);
    }
}
END_TEST

START_TEST(streams_differ)
{
    conceptdec_i_rng streams[4];
    conceptdec_i_rng_start(&streams[0], 1, 1, 1);
    conceptdec_i_rng_start(&streams[1], 2, 1, 1);
    conceptdec_i_rng_start(&streams[2], 1, 2, 1);
    conceptdec_i_rng_start(&streams[3], 1, 1, 2);
    uint64_t first[4];
    for (int i = 0; i < 4; i++)
        first[i] = conceptdec_i_rng_u64(&streams[i]);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            ck_assert_uint_ne(first[i], first[j]);
}
END_TEST

START_TEST(below_small)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 7, 1, 0);
    int counts[10] = {0};
    for (int i = 0; i < 100000; i++) {
        uint64_t value = conceptdec_i_rng_below(&rng, 10);
        ck_assert_uint_lt(value, 10);
        counts[value]++;
    }
    for (int i = 0; i < 10; i++)
        ck_assert(counts[i] > 9600 && counts[i] < 10400); /* 4 standard deviations and more */
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(conceptdec_i_rng_below(&rng, 1), 0);
}
END_TEST

/* With n = 3/4 of the range, plain scaling would give multiples of 3 half of the draws. */
START_TEST(below_rejects)
{
    const uint64_t bounds[] = {(uint64_t)3 << 30, (uint64_t)3 << 62};
    for (int i = 0; i < 2; i++) {
        conceptdec_i_rng rng;
        conceptdec_i_rng_start(&rng, 11, 1, (uint64_t)i);
        int multiples = 0;
        uint64_t largest = 0;
        for (int j = 0; j < 30000; j++) {
            uint64_t value = conceptdec_i_rng_below(&rng, bounds[i]);
            ck_assert_uint_lt(value, bounds[i]);
            multiples += value % 3 == 0;
            largest = value > largest ? value : largest;
        }
        ck_assert(multiples > 9600 && multiples < 10400);
        ck_assert_uint_gt(largest, bounds[i] - bounds[i] / 1000);
    }
}
END_TEST

START_TEST(unit)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 5, 4, 0);
    double sum = 0, least = 1, most = 0;
    for (int i = 0; i < 100000; i++) {
        double value = conceptdec_i_rng_unit(&rng);
        sum += value;
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    ck_assert_double_ge(least, 0);
    ck_assert_double_lt(most, 1);
    ck_assert(least < 1e-3 && most > 1 - 1e-3 && sum > 49600 && sum < 50400);
    rng.used = 0;
    memset(rng.block, 0xff, sizeof rng.block);
    ck_assert_double_eq(conceptdec_i_rng_unit(&rng), 1 - 0x1p-53);
}
END_TEST

START_TEST(shuffle)
{
    int places[5][5] = {{0}};
    for (uint64_t item = 0; item < 20000; item++) {
        conceptdec_i_rng rng;
        conceptdec_i_rng_start(&rng, 3, 2, item);
        int32_t items[5] = {0, 1, 2, 3, 4};
        conceptdec_i_rng_shuffle(&rng, items, 5);
        int seen = 0;
        for (int i = 0; i < 5; i++) {
            seen |= 1 << items[i];
            places[i][items[i]]++;
        }
        ck_assert_int_eq(seen, 31);
    }
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            ck_assert(places[i][j] > 3750 && places[i][j] < 4250);
}
END_TEST

START_TEST(shuffle_of_little)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 3, 2, 0);
    int32_t items[2] = {8, 9};
    conceptdec_i_rng_shuffle(&rng, items, 0);
    conceptdec_i_rng_shuffle(&rng, items, 1);
    ck_assert(items[0] == 8 && items[1] == 9);
    ck_assert_uint_eq(rng.counter[0], 0); /* nothing was drawn */
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("rng");
    TCase *tests = tcase_create("rng");
    tcase_add_test(tests, known_answers);
    tcase_add_test(tests, layout_of_a_stream);
    tcase_add_test(tests, streams_differ);
    tcase_add_test(tests, below_small);
    tcase_add_test(tests, below_rejects);
    tcase_add_test(tests, unit);
    tcase_add_test(tests, shuffle);
    tcase_add_test(tests, shuffle_of_little);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
