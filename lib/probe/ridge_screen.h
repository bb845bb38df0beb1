/* Credits of rows left out one at a time, for many label sets and lambdas, where nobody asks for decision values.
 *
 * Rows stand in coordinates along the directions, u, and label sets too, a: f = center + sum of filter * u * a.
 * Multiplied by 1 - h, the value of the row's own class is f - h, of another class f + h: only the largest of the
 * others is compared with its own. Products are made of functions (ridge_blend.h), and of integers: u and a * function
 * are rounded to int16 in steps of each row and of each function, so that sums stay in int32. The a of all classes sum
 * to 0 and so do their integers; those of the last class are never multiplied.
 *
 * What is computed is sum of u' * a', with u' and a' as they were rounded. It differs from f by at most
 * |u - u'| |filter * a| + root of (sum of rest * u'^2) (sum of rest * a^2) + |u'| |what rounding left of a *
 * functions|: rows whose two values are closer than that are looked at again in double. What is written is a sum of
 * credits: no decision value goes to memory. */
#ifndef CONCEPTDEC_I_RIDGE_SCREEN_H
#define CONCEPTDEC_I_RIDGE_SCREEN_H

#include "kernels/kernels.h"
#include "probe/ridge_blend.h"

struct conceptdec_i_ridge_batch;

typedef struct conceptdec_i_ridge_screen {
    const conceptdec_i_ridge_part *part;
    conceptdec_i_ridge_blend blend;
    int64_t classes, most_sets;
    int64_t mr, nr;           /* of the panels */
    int64_t panels;           /* of rows */
    int64_t rows_panels;      /* of a task */
    int64_t abreast;          /* label sets of a tile */
    int64_t tile_panels;      /* of their columns */
    int64_t *first_pair;      /* blocks + 1: directions in pairs, each block's apart */
    int64_t depth;            /* pairs of all functions */
    const float *rows;        /* rows of all panels x directions: u */
    int16_t *whole;           /* panels x pairs x mr x 2: u' / step */
    float *step;              /* rows of all panels */
    float *bounds[CONCEPTDEC_I_CONTEST_BOUNDS]; /* rows of all panels, times lambdas for the last: |u - u'|, |u'|, root
                                                   of the sum of rest * u'^2 */
    float *leverage;          /* lambdas x rows of all panels: 2 h; infinite where the row is not scored */
    double *longest;          /* panels x blocks: largest norm of u' / step; then that of all panels in the place of the
                                 first */
    int64_t *n_scored;        /* lambdas */
    double *along;            /* sets x classes x directions: a */
    float *along_f32;         /* the same as floats, for single rows */
    float *spread;            /* sets x lambdas x CONTEST_BOUNDS: what bounds of rows are multiplied by */
    float *shares;            /* sets x panels of lambdas x functions x nr: times the step of the function */
    int16_t *packed;          /* a times functions, by tile, function and panel, in pairs of directions */
    float *scratch;           /* per lane: products of a panel and a tile, then of a label set as floats, and its
                                 values */
    double *room;             /* per lane: products of a row, values of lambdas and classes; or what rounding takes */
    double *partial;          /* tasks x sets x lambdas: sums of credit */
    double *credit;           /* sets x lambdas */
    bool *is_plain;           /* sets: of those that are not, leaving a row out empties a class, and no credit is
                                 found */
} conceptdec_i_ridge_screen;

static inline int64_t
conceptdec_i_ridge_screen_rows(const conceptdec_i_ridge_screen *screen)
{
    return screen->panels * screen->mr;
}

/* Lambdas rounded up to whole panels. */
static inline int64_t
conceptdec_i_ridge_screen_lambdas(const conceptdec_i_ridge_screen *screen)
{
    return (screen->blend.n_lambdas + screen->nr - 1) / screen->nr * screen->nr;
}

/* Whether credits are all that is asked for, of a kind that a screen finds. */
bool conceptdec_i_ridge_screen_wanted(const conceptdec_i_ridge_part *part);
/* After leverages. *screen stays NULL where decision values are wanted, products are not in float, or memory is
 * short. */
conceptdec_status conceptdec_i_ridge_screen_open(conceptdec_i_arena *arena, conceptdec_i_ridge_part *part,
                                                 int64_t most_sets, conceptdec_i_ridge_screen **screen);
/* credit and is_plain of the label sets in work, and mass and center in the batch. Rows centred along the directions
 * need no targets: class sums of theirs are what targets have along these. */
conceptdec_status conceptdec_i_ridge_screen_run(conceptdec_i_ridge_screen *screen,
                                                const struct conceptdec_i_ridge_batch *batch);

/* ---- rows and label sets as integers (ridge_whole.c) ---- */

/* Rows of one panel: step, whole, bounds and longest. */
void conceptdec_i_ridge_round_rows(const conceptdec_i_ridge_screen *screen, int64_t panel);
/* One of the label sets in work, its a in place: spread, shares and packed. room: conceptdec_i_ridge_round_doubles() of
 * them. */
conceptdec_status conceptdec_i_ridge_round_set(const conceptdec_i_ridge_screen *screen, int64_t set, double *room);
int64_t conceptdec_i_ridge_round_doubles(const conceptdec_i_ridge_screen *screen);

#endif
