/* Moves of a layout: the same bits from every set, and close to what the formulas give. */
#include <math.h>
#include <stdbool.h>

#include "sets.h"

enum { TILE = CONCEPTDEC_I_TILE, OTHERS = 50, ROUNDS = 3, STRANGERS = 5, MOST = 7 };

typedef struct scene {
    float others[OTHERS * MOST], places[TILE * MOST], anchors[TILE * MOST];
    int32_t rounds[TILE], partners[ROUNDS * TILE], strangers[ROUNDS * STRANGERS * TILE];
    conceptdec_i_moves moves;
} scene;

static void
make(scene *s, int32_t columns, int anchored)
{
    for (int i = 0; i < OTHERS * MOST; i++)
        s->others[i] = (float)(5 * random_real());
    for (int i = 0; i < TILE * MOST; i++) {
        s->places[i] = (float)(5 * random_real());
        s->anchors[i] = (float)(5 * random_real());
    }
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
    s->moves = (conceptdec_i_moves){.others = s->others,
                                    .rounds = s->rounds,
                                    .partners = s->partners,
                                    .strangers = s->strangers,
                                    .anchors = anchored ? s->anchors : NULL,
                                    .columns = columns,
                                    .n_strangers = STRANGERS,
                                    .a = 1.577f,
                                    .b = 0.895f,
                                    .attraction = -2 * 1.577f * 0.895f,
                                    .repulsion = 2 * 0.895f,
                                    .rate = 0.7f,
                                    .pull = 0.1f};
}

static double
within(double x)
{
    return fmin(4, fmax(-4, x));
}

/* The same in double precision, one place at a time. */
static void
expect(const scene *s, int place, double *here)
{
    const conceptdec_i_moves *m = &s->moves;
    for (int r = 0; r < s->rounds[place]; r++) {
        double change[MOST] = {0};
        for (int o = 0; o <= STRANGERS; o++) {
            const int32_t row =
                o == 0 ? s->partners[r * TILE + place] : s->strangers[(r * STRANGERS + o - 1) * TILE + place];
            double square = 0;
            for (int c = 0; c < m->columns; c++)
                square += pow(here[c] - (double)s->others[row * m->columns + c], 2);
            const double power = pow(square, (double)m->b), fall = 1 + (double)m->a * power;
            const double force = square == 0 ? 0
                                 : o == 0    ? (double)m->attraction * power / (square * fall)
                                             : (double)m->repulsion / ((0.001 + square) * fall);
            for (int c = 0; c < m->columns; c++)
                change[c] += within(force * (here[c] - (double)s->others[row * m->columns + c]));
        }
        for (int c = 0; c < m->columns; c++) {
            here[c] += (double)m->rate * change[c];
            if (m->anchors)
                here[c] += (double)m->pull * ((double)s->anchors[c * TILE + place] - here[c]);
        }
    }
}

START_TEST(moves)
{
    static const int32_t columns[] = {1, 2, 3, MOST};
    static scene s;
    make(&s, columns[_i / 2], _i % 2);
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

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("layout");
    TCase *tests = tcase_create("moves");
    tcase_add_loop_test(tests, moves, 0, 8);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
