/* Moves of a layout: the same bits from every set, and close to what the formulas give. */
#include <math.h>
#include <stdbool.h>

#include "sets.h"

enum { TILE = CONCEPTDEC_I_TILE, OTHERS = 50, ROUNDS = 3, STRANGERS = 5, MOST = 7, PAIRS = 37, MET = 9 };

typedef struct scene {
    float others[OTHERS * MOST], places[TILE * MOST];
    int32_t rounds[TILE], partners[ROUNDS * TILE], strangers[ROUNDS * STRANGERS * TILE];
    conceptdec_i_moves moves;
} scene;

static const conceptdec_i_forces forces = {.a = 1.577f,
                                           .b = 0.895f,
                                           .attraction = -2 * 1.577f * 0.895f,
                                           .repulsion = 2 * 0.895f,
                                           .rate = 0.7f,
                                           .least = 1e-30f,
                                           .most = 1e30f};

static void
make(scene *s, int32_t columns)
{
    for (int i = 0; i < OTHERS * MOST; i++)
        s->others[i] = (float)(5 * random_real());
    for (int i = 0; i < TILE * MOST; i++)
        s->places[i] = (float)(5 * random_real());
    for (int32_t c = 0; c < columns; c++)
        s->places[c * TILE] = s->others[c]; /* the first place is that of row 0 */
    for (int i = 0; i < TILE; i++)
        s->rounds[i] = i % (ROUNDS + 1);
    for (int i = 0; i < ROUNDS * TILE; i++)
        s->partners[i] = (int32_t)random_below(OTHERS);
    for (int i = 0; i < ROUNDS * STRANGERS * TILE; i++)
        s->strangers[i] = (int32_t)random_below(OTHERS);
    s->rounds[0] = 1;
    s->partners[0] = s->strangers[0] = 0;
    s->moves = (conceptdec_i_moves){.forces = forces,
                                    .others = s->others,
                                    .rounds = s->rounds,
                                    .partners = s->partners,
                                    .strangers = s->strangers,
                                    .columns = columns,
                                    .n_strangers = STRANGERS};
}

static double
within(double x)
{
    return fmin(4, fmax(-4, x));
}

/* change[c] += the move that somebody there gives who is here, in double precision. */
static void
add_move(bool is_stranger, int32_t columns, const double *here, const double *there, double *change)
{
    double square = 0;
    for (int c = 0; c < columns; c++)
        square += pow(here[c] - there[c], 2);
    const double power = pow(square, (double)forces.b), fall = 1 + (double)forces.a * power;
    const double force = square == 0   ? 0
                         : is_stranger ? (double)forces.repulsion / ((0.001 + square) * fall)
                                       : (double)forces.attraction * power / (square * fall);
    for (int c = 0; c < columns; c++)
        change[c] += within(force * (here[c] - there[c]));
}

static void
widen(const float *row, int32_t columns, double *wide)
{
    for (int c = 0; c < columns; c++)
        wide[c] = (double)row[c];
}

/* One place at a time. */
static void
expect(const scene *s, int place, double *here)
{
    const conceptdec_i_moves *m = &s->moves;
    for (int r = 0; r < s->rounds[place]; r++) {
        double change[MOST] = {0}, there[MOST];
        for (int o = 0; o <= STRANGERS; o++) {
            const int32_t row =
                o == 0 ? s->partners[r * TILE + place] : s->strangers[(r * STRANGERS + o - 1) * TILE + place];
            widen(s->others + row * m->columns, m->columns, there);
            add_move(o > 0, m->columns, here, there, change);
        }
        for (int c = 0; c < m->columns; c++)
            here[c] += (double)forces.rate * change[c];
    }
}

START_TEST(moves)
{
    static const int32_t columns[] = {1, 2, 3, MOST};
    static scene s;
    make(&s, columns[_i]);
    float first[TILE * MOST], found[TILE * MOST];
    bool is_first = true;
    FOR_EACH_SET(set)
    {
        memcpy(found, s.places, sizeof found);
        set->move(&s.moves, found);
        if (is_first)
            memcpy(first, found, sizeof first);
        is_first = false;
        ck_assert_msg(memcmp(first, found, sizeof found) == 0, "%s: other bits", set->name);
    }
    for (int i = 0; i < TILE; i++) {
        double here[MOST];
        for (int c = 0; c < s.moves.columns; c++)
            here[c] = (double)s.places[c * TILE + i];
        expect(&s, i, here);
        for (int c = 0; c < s.moves.columns; c++)
            ck_assert_double_eq_tol((double)first[c * TILE + i], here[c], 2e-3);
    }
}
END_TEST

/* ---- pairs ---- */

typedef struct company {
    float places[OTHERS * MOST], others[OTHERS * MOST], anchors[OTHERS * MOST];
    int32_t heads[3 * TILE], tails[3 * TILE], strangers[3 * 2 * TILE];
    conceptdec_i_pulls pulls;
} company;

/* Rows are in several pairs of a tile; the last tile is not full; each end has MET strangers, so that tails go on with
 * a second tile of them. */
static void
meet(company *s, int32_t columns, bool is_anchored, int32_t met)
{
    for (int i = 0; i < OTHERS * MOST; i++) {
        s->places[i] = (float)(5 * random_real());
        s->others[i] = (float)(5 * random_real());
        s->anchors[i] = (float)(5 * random_real());
    }
    for (int i = 0; i < 3 * TILE; i++) {
        s->heads[i] = (int32_t)random_below(OTHERS);
        s->tails[i] = (int32_t)random_below(OTHERS);
    }
    for (int i = 0; i < 3 * 2 * TILE; i++)
        s->strangers[i] = (int32_t)random_below(OTHERS);
    s->pulls = (conceptdec_i_pulls){.forces = forces,
                                    .others = s->others,
                                    .anchors = is_anchored ? s->anchors : NULL,
                                    .heads = s->heads,
                                    .tails = s->tails,
                                    .strangers = s->strangers,
                                    .count = PAIRS,
                                    .columns = columns,
                                    .n_strangers = met,
                                    .pull = 0.1f};
    s->pulls.forces.rate = 0.05f; /* errors grow with every pair of a row */
}

/* What pair i makes of one of its ends. */
static void
expect_end(const company *s, int64_t i, int end, const double *places, double *change)
{
    const conceptdec_i_pulls *p = &s->pulls;
    const int64_t columns = p->columns, met = p->n_strangers, each = (2 * met + TILE - 1) / TILE * TILE;
    const double *here = places + (end == 0 ? s->heads : s->tails)[i] * columns;
    double there[MOST];
    add_move(false, p->columns, here, places + (end == 0 ? s->tails : s->heads)[i] * columns, change);
    for (int64_t k = end * met; k < (end + 1) * met; k++) {
        const int32_t row = s->strangers[i / TILE * each + k / TILE * TILE + (i + k) % TILE];
        widen(s->others + row * columns, p->columns, there);
        add_move(true, p->columns, here, there, change);
    }
}

static void
expect_pairs(const company *s, double *places)
{
    const conceptdec_i_pulls *p = &s->pulls;
    for (int64_t tile = 0; tile < p->count; tile += TILE) {
        const int64_t end = tile + TILE < p->count ? tile + TILE : p->count;
        double change[2 * TILE][MOST] = {0};
        for (int64_t i = 2 * tile; i < 2 * end; i++)
            expect_end(s, i / 2, (int)(i % 2), places, change[i - 2 * tile]);
        for (int64_t i = 2 * tile; i < 2 * end; i++) {
            const int32_t row = (i % 2 == 0 ? s->heads : s->tails)[i / 2] * p->columns;
            for (int32_t c = 0; c < p->columns; c++) {
                places[row + c] += (double)p->forces.rate * change[i - 2 * tile][c];
                places[row + c] += p->anchors ? (double)p->pull * ((double)p->anchors[row + c] - places[row + c]) : 0;
            }
        }
    }
}

START_TEST(pulls)
{
    static const int32_t columns[] = {1, 2, 3, MOST}, met[] = {MET, 5, 0};
    static company s;
    meet(&s, columns[_i / 6], _i % 2, met[_i / 2 % 3]);
    static float first[OTHERS * MOST], found[OTHERS * MOST];
    static double expected[OTHERS * MOST];
    bool is_first = true;
    FOR_EACH_SET(set)
    {
        memcpy(found, s.places, sizeof found);
        s.pulls.places = found;
        set->pull(&s.pulls);
        if (is_first)
            memcpy(first, found, sizeof first);
        is_first = false;
        ck_assert_msg(memcmp(first, found, sizeof found) == 0, "%s: other bits", set->name);
    }
    widen(s.places, OTHERS * MOST, expected);
    expect_pairs(&s, expected);
    for (int i = 0; i < OTHERS * MOST; i++)
        ck_assert_double_eq_tol((double)first[i], expected[i], 2e-3);
}
END_TEST

/* ---- edges that are due ---- */

/* Rates of never, always and all between, at any address; what is not due leaves no trace, nothing is written behind
 * n. */
START_TEST(edges_that_are_due)
{
    enum { MOST_EDGES = 1037 };
    static int32_t heads[MOST_EDGES], tails[MOST_EDGES], wanted[2][MOST_EDGES];
    static uint32_t rates[MOST_EDGES];
    const int64_t n = odd_sizes[_i];
    const uint32_t epoch = (uint32_t)(1 + random_below(500));
    const size_t size = (size_t)n * sizeof(int32_t);
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        heads[i] = (int32_t)i;
        tails[i] = (int32_t)random_below(1 << 30);
        rates[i] = random_below(4) == 0 ? 1u << 31 : random_below(5) == 0 ? 0 : (uint32_t)random_below(1u << 31);
        const uint64_t now = (uint64_t)epoch * rates[i] >> 31, before = (uint64_t)(epoch - 1) * rates[i] >> 31;
        wanted[0][count] = heads[i];
        wanted[1][count] = tails[i];
        count += now > before;
    }
    FOR_EACH_SET(set)
    {
        int32_t *due_heads = guarded(size, 4), *due_tails = guarded(size, 12);
        ck_assert_int_eq(set->due(heads, tails, rates, n, epoch, due_heads, due_tails), count);
        ck_assert_mem_eq(due_heads, wanted[0], (size_t)count * sizeof *due_heads);
        ck_assert_mem_eq(due_tails, wanted[1], (size_t)count * sizeof *due_tails);
        ck_assert(guard_stands(due_heads, size) && guard_stands(due_tails, size));
        guarded_free(due_heads, 4);
        guarded_free(due_tails, 12);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("layout");
    TCase *tests = tcase_create("moves");
    tcase_add_loop_test(tests, moves, 0, 4);
    tcase_add_loop_test(tests, pulls, 0, 24);
    tcase_add_loop_test(tests, edges_that_are_due, 0, ODD_SIZES);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
