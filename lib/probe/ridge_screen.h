/* Credits of rows left out one at a time, for many label sets and lambdas, where nobody asks for decision values.
 *
 * Rows stand in coordinates along the directions, u, and label sets too, a: f = center + sum of filter * u * a. Multiplied by
 * 1 - h, the value of the row's own class is f - h, of another class f + h: only the largest of the others is compared with its
 * own. Products are made of functions (ridge_blend.h), which leaves those rows in doubt whose two values are closer than the
 * rest may be; these are looked at again in double. What is written is a sum of credits: no decision value goes to memory. */
#ifndef CONCEPTDEC_I_RIDGE_SCREEN_H
#define CONCEPTDEC_I_RIDGE_SCREEN_H

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
    float *turned;            /* panels x directions x mr: u */
    float *reach;             /* lambdas x rows of all panels: root of the sum of rest * u^2 */
    float *leverage;          /* the same: 2 h; infinite where the row is not scored */
    float *shares;            /* panels of lambdas x functions x nr */
    int64_t *n_scored;        /* lambdas */
    double *along;            /* sets x classes x directions: a */
    double *spread;           /* sets x lambdas: twice the largest root of the sum of rest * a^2 */
    float *packed;            /* a times functions, tile by tile, panel by panel */
    float *scratch;           /* per lane: products of a tile, values of a panel of rows under one label set */
    double *row;              /* per lane: a row, values of the classes */
    double *partial;          /* tasks x sets x lambdas: sums of credit */
    double *credit;           /* sets x lambdas */
    bool *is_plain;           /* sets: of those that are not, leaving a row out empties a class, and no credit is found */
} conceptdec_i_ridge_screen;

/* *screen stays NULL where decision values are wanted, products are not in float, or memory is short. */
conceptdec_status conceptdec_i_ridge_screen_open(conceptdec_i_arena *arena, conceptdec_i_ridge_part *part, int64_t most_sets,
                                                 conceptdec_i_ridge_screen **screen);
/* After leverages: *screen becomes NULL where these ask for products in double. */
conceptdec_status conceptdec_i_ridge_screen_ready(conceptdec_i_ridge_screen **screen);
/* credit and is_plain of the label sets in work. */
conceptdec_status conceptdec_i_ridge_screen_run(conceptdec_i_ridge_screen *screen,
                                                const struct conceptdec_i_ridge_batch *batch);

/* Coordinates of `count` rows from number `first` on become u: rotated[k * ld + i], k ascending by eigenvalue. */
void conceptdec_i_ridge_screen_store(const conceptdec_i_ridge_screen *screen, const double *rotated, int64_t ld,
                                     int64_t first, int64_t count);

#endif
