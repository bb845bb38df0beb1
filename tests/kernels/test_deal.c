/* Random numbers and dealt labels against their definitions: equal in every set. */
#include "core/core.h"
#include "sets.h"

#define DRAWS CONCEPTDEC_I_DRAWS
#define LANES CONCEPTDEC_I_LANES
#define MOST CONCEPTDEC_I_MOST_DEALT
#define ROWS 40

START_TEST(words_are_those_of_philox)
{
    enum { BLOCKS = 5, N = BLOCKS * 4 * DRAWS };
    const size_t size = N * sizeof(uint32_t);
    FOR_EACH_SET(set)
    for (int times = 0; times < 50; times++) {
        const uint32_t key[2] = {(uint32_t)random_bits(), (uint32_t)random_bits()};
        const uint32_t purpose = (uint32_t)random_bits(), block = (uint32_t)random_bits();
        const uint64_t item = random_bits() / DRAWS * DRAWS;
        const int32_t n_blocks = times % (BLOCKS + 1);
        uint32_t *out = guarded(size, 0), expected[4];
        out[4 * DRAWS * n_blocks % N] = 7;
        set->words(key, purpose, item, block, n_blocks, out);
        for (int32_t i = 0; i < n_blocks; i++)
            for (uint64_t d = 0; d < DRAWS; d++) {
                const uint32_t counter[4] = {block + (uint32_t)i, purpose, (uint32_t)(item + d),
                                             (uint32_t)((item + d) >> 32)};
                conceptdec_i_philox(counter, key, expected);
                for (int j = 0; j < 4; j++)
                    ck_assert_uint_eq(out[(4 * i + j) * DRAWS + (int32_t)d], expected[j]);
            }
        ck_assert(n_blocks == BLOCKS || out[4 * DRAWS * n_blocks] == 7);
        ck_assert(guard_stands(out, size));
        guarded_free(out, 0);
    }
}
END_TEST

typedef struct hand {
    uint32_t words[ROWS * DRAWS], left, bounds[MOST * DRAWS];
    int32_t rows[ROWS], count, n_classes;
    uint8_t classes[MOST], labels[ROWS * LANES];
} hand;

/* Each draw has its own numbers of labels left, some of them none. */
static void
make_hand(hand *h, int32_t n_classes, int32_t count)
{
    memset(h, 0xa5, sizeof *h);
    h->n_classes = n_classes;
    h->count = count;
    h->left = (uint32_t)(count + random_below(random_below(2) ? 100 : 1000000));
    for (int i = 0; i < MOST; i++)
        h->classes[i] = (uint8_t)random_bits();
    for (int d = 0; d < DRAWS; d++)
        for (int32_t c = 0, before = 0; c < n_classes - 1; c++) {
            before += (int32_t)random_below(((int64_t)h->left - before) / (random_below(4) + 1) + 1);
            h->bounds[c * DRAWS + d] = (uint32_t)before;
        }
    for (int32_t i = 0; i < count; i++) {
        const int64_t other = random_below(i + 1);
        h->rows[i] = h->rows[other];
        h->rows[other] = i;
    }
    for (int i = 0; i < ROWS * DRAWS; i++)
        h->words[i] = random_below(1000) ? (uint32_t)random_bits() : (uint32_t)random_below(3);
}

/* As the definition says, one draw after the other. */
static int32_t
deal_by_hand(hand *h)
{
    for (int32_t i = 0; i < h->count; i++) {
        const uint32_t left = h->left - (uint32_t)i;
        for (int d = 0; d < DRAWS; d++)
            if (h->words[i * DRAWS + d] * left < left)
                return i;
        for (int d = 0; d < DRAWS; d++) {
            const uint32_t die = (uint32_t)((uint64_t)h->words[i * DRAWS + d] * left >> 32);
            int32_t place = 0;
            for (int32_t c = 0; c < h->n_classes - 1; c++) {
                uint32_t *bound = &h->bounds[c * DRAWS + d];
                place += *bound <= die;
                *bound -= *bound > die;
            }
            h->labels[h->rows[i] * LANES + d] = h->classes[place];
        }
    }
    return h->count;
}

START_TEST(labels_are_dealt)
{
    static hand given, expected, h;
    int stopped = 0;
    FOR_EACH_SET(set)
    for (int32_t n_classes = 1; n_classes <= MOST; n_classes++)
        for (int times = 0; times < 30; times++) {
            make_hand(&given, n_classes, times == 0 ? 0 : (int32_t)random_below(ROWS + 1));
            h = expected = given;
            const int32_t dealt = deal_by_hand(&expected);
            stopped += dealt < h.count;
            ck_assert_int_eq(set->deal(h.words, h.left, h.rows, h.count, h.bounds, h.n_classes, h.classes, h.labels),
                             dealt);
            ck_assert_mem_eq(&h, &expected, sizeof h);
        }
    ck_assert_int_ge(stopped, 50);
}
END_TEST

static Suite *
make_suite(void)
{
    const TTest *const tests[] = {words_are_those_of_philox, labels_are_dealt, NULL};
    return make_kernel_suite("kernels/deal", tests);
}

CHECK_MAIN(make_suite)
