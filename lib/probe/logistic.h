/* Logistic regression: what the files of its solver share.
 *
 * Problems are fitted in flights: those of one flight share a list of rows, and each holds a slot from its start to the
 * moment its listener has heard of it, when the next takes the slot over. A round is one pass over the rows for all
 * slots that wait for the same thing. A column is r weights and, behind them, the bias.
 *
 * Of more than two classes, the columns of what steps are made of sum to 0: passes carry all but one of them.
 *
 * Where the space has a kernel K, weights are sums of rows: the columns are the numbers a of rows, K a the values at
 * the rows, and u' K v the product of the weights of u and v. Beside a column stand its values then, so that products
 * of weights are u' (K v); without a kernel these are the column itself. */
#ifndef CONCEPTDEC_I_LOGISTIC_H
#define CONCEPTDEC_I_LOGISTIC_H

#include "linalg/gram.h"
#include "linalg/passes.h"
#include "linalg/triangle.h"
#include "probe/probe.h"

/* What a slot waits for. */
typedef enum conceptdec_i_logistic_wait {
    CONCEPTDEC_I_LOGISTIC_FREE,
    CONCEPTDEC_I_LOGISTIC_LOSS,    /* loss and gradient at the trial point */
    CONCEPTDEC_I_LOGISTIC_ROUGH,   /* the same from products in float */
    CONCEPTDEC_I_LOGISTIC_PRODUCT, /* the Hessian times its direction */
    CONCEPTDEC_I_LOGISTIC_DECISION /* decision values of what it was not fitted to */
} conceptdec_i_logistic_wait;

typedef struct conceptdec_i_logistic_slot {
    conceptdec_i_logistic_wait wait;
    const conceptdec_i_problem *problem;
    int64_t number;  /* of the problem */
    int64_t scaling; /* which of the preconditioners its steps use now, */
    double factor;   /* and what that is multiplied with */
    /* of rows */
    double *class_weight; /* C: what a row's weight is multiplied with; 0: the class is absent */
    int64_t derived;      /* the column that passes do not carry: less the sum of the others; K: none */
    uint16_t *label;      /* of the listed rows; 0 where they do not train */
    void *weight;         /* float or double: their weights, 0 where they do not train; NULL for K = 1 */
    void *odds;           /* float or double, K x listed rows: posteriors; K = 1: weight * p (1 - p) */
    double *decision;     /* K x n */
    /* columns: K x ld */
    double *w, *residual, *step;
    double *direction; /* of conjugate gradients; the trial point while its loss is waited for */
    double *image;     /* the Hessian times it; the residual times the preconditioner */
    double *direction_values, *image_values; /* with a kernel: the values at the rows; else the same as those */
    /* Newton steps */
    bool is_first;  /* the trial point is the start, or is looked at again */
    bool is_last;   /* the step needs no proof */
    bool is_proven; /* nor can what it leaves of the gradient add more than the tolerance */
    bool is_rough;  /* loss and gradient are */
    double objective, length, decrement;
    double curvature; /* mean of p (1 - p) as l->curvature is of equal posteriors */
    int64_t iterations;
    bool is_converged;
    /* conjugate gradients */
    double first, product; /* residual * M^-1 residual at the start, and now */
    double enough;         /* the product at which a step is good enough */
    double along, share;   /* how far along the direction, and how much of it the next one keeps */
    double energy;         /* step * Hessian * step = -gradient * step */
    double longest;        /* the largest `along` of this step */
    double size;           /* square of the residual as it stands: with a kernel, what rounding is measured by */
    double left;           /* square of the residual, as weights */
    double left_share;     /* with a kernel: what it was of the product when it was last seen, or may be; NaN: no
                              idea */
    int64_t products;
} conceptdec_i_logistic_slot;

/* M = curvature * (mean square of z) + lambda, for each lambda: the Hessian of equal posteriors. Where posteriors have
 * become certain, the curvature is smaller; that matrix is a multiple of one with a larger lambda. */
typedef struct conceptdec_i_logistic_scaling {
    double lambda;
    conceptdec_i_triangle triangle; /* not where coordinates are uncorrelated */
} conceptdec_i_logistic_scaling;

#define CONCEPTDEC_I_LOGISTIC_MOST_RUNGS 4

typedef struct conceptdec_i_logistic {
    conceptdec_ctx *ctx;
    const conceptdec_i_fitting *fitting;
    conceptdec_i_fit_listener listener;
    void *argument;
    int64_t r, ld, columns, classes;
    bool is_wide;
    const void *z;          /* n x stride: coordinates of rows, or the kernel */
    int64_t stride;
    const double *spectrum; /* r: mean squares of the coordinates, where these are uncorrelated; else NULL */
    int64_t memory;         /* bytes that are left */
    bool has_kernel;
    bool is_brisk; /* with a kernel: triangles are float, so that values of directions are right to some digits only */
    bool is_again; /* the problems are those that were deferred */
    double curvature;
    int64_t n_lambdas; /* of the flights */
    int64_t n_scalings, most_scalings;
    conceptdec_i_logistic_scaling *scalings;
    const double *squares;       /* r: mean squares of z; NULL: triangles stand for all of its moments */
    const double *trains;        /* n: 1 for rows that train any problem, else 0 */
    int64_t n_training;          /* of them */
    conceptdec_i_arena *scaling_arena; /* with a kernel: triangles are made when they are wanted, */
    void *kernel_scratch;              /* (r + 2) x r numbers of their precision: of it */
    /* a flight */
    conceptdec_i_rows rows;     /* that train a problem of it */
    bool keeps_rows;            /* these are packed once */
    conceptdec_i_kept kept;
    conceptdec_i_rows left_out; /* that any decision is asked for */
    int64_t ld_rows;
    const int64_t *queue; /* numbers of problems */
    int64_t n_queue, next;
    int64_t n_slots;
    conceptdec_i_logistic_slot *slots;
    /* rounds */
    int64_t most_narrow, most_wide; /* slots of a round in float, in double */
    conceptdec_i_passes passes;
    conceptdec_i_logistic_slot **round; /* slots of it */
    int64_t n_round;
    const double **in; /* columns of the round */
    double **out;
    double *sums;                /* slabs x columns of the round: of what the consumer has left */
    double *losses, *curvatures; /* slabs x slots of the round */
    double *dots, *sizes;        /* columns of the round */
    double *scratch;             /* per lane */
    void *triangle_scratch;
    conceptdec_i_triangle_batch *batches;
} conceptdec_i_logistic;

static inline int64_t
conceptdec_i_logistic_column_of(const conceptdec_i_logistic *l, int64_t column)
{
    return column % l->columns * l->ld;
}

/* Columns of a slot in passes for steps. */
static inline int64_t
conceptdec_i_logistic_carried(const conceptdec_i_logistic *l)
{
    return l->columns - (l->columns > 1 && !l->has_kernel);
}

/* Where column k of a slot, not the derived one, is among them. */
static inline int64_t
conceptdec_i_logistic_place(const conceptdec_i_logistic_slot *s, int64_t k)
{
    return k - (k > s->derived);
}

/* Whether triangles are double. */
static inline bool
conceptdec_i_logistic_is_exact(const conceptdec_i_logistic *l)
{
    return l->has_kernel && !l->is_brisk;
}

/* With a kernel: the largest value that the preconditioner makes of a residual of size 1. */
static inline double
conceptdec_i_logistic_share(const conceptdec_i_logistic *l, const conceptdec_i_logistic_slot *s)
{
    return s->factor * (double)l->n_training / l->curvature;
}

/* What makes a product of weights of a column and another one. */
static inline const double *
conceptdec_i_logistic_values(const conceptdec_i_logistic *l, const double *column, const double *values)
{
    return l->has_kernel ? values : column;
}

/* ---- the loss and its derivatives (logistic_loss.c) ---- */

/* Consumers of passes for the slots of the round. */
conceptdec_status conceptdec_i_logistic_loss(void *logistic, const conceptdec_i_chunk *chunk, int lane);
conceptdec_status conceptdec_i_logistic_product(void *logistic, const conceptdec_i_chunk *chunk, int lane);
conceptdec_status conceptdec_i_logistic_decide(void *logistic, const conceptdec_i_chunk *chunk, int lane);
/* The middle of the product for one slot of the round: values of its columns in the chunk, where the chunk's ld is
 * theirs. */
void conceptdec_i_logistic_multiply(const conceptdec_i_logistic *l, int64_t place, const conceptdec_i_chunk *chunk,
                                    void *values);

/* Doubles of a lane's scratch. */
int64_t conceptdec_i_logistic_scratch(const conceptdec_i_logistic *l);

/* ---- steps (logistic_steps.c) ---- */

/* After a pass for the loss: the trial point is taken or shortened, or the fit ends. */
conceptdec_status conceptdec_i_logistic_judge(conceptdec_i_logistic *l);
/* After a pass for products: a step of conjugate gradients. */
conceptdec_status conceptdec_i_logistic_advance(conceptdec_i_logistic *l);
/* Whether the square of the slot's residual decides if its step is the last. */
bool conceptdec_i_logistic_wants_left(const conceptdec_i_logistic *l, conceptdec_i_logistic_slot *s);

/* ---- with a kernel (logistic_kernel.c) ---- */

/* A consumer of passes over the kernel: loss, values and what they add to the gradient, all at the rows. */
conceptdec_status conceptdec_i_logistic_kernel_loss(void *logistic, const conceptdec_i_chunk *chunk, int lane);
/* What the Hessian makes of the directions of the round: at the rows, without a product. */
conceptdec_status conceptdec_i_logistic_kernel_product(conceptdec_i_logistic *l);
/* The squares of residuals, as weights, of slots of the round whose step may be complete but for them (is_proven). */
conceptdec_status conceptdec_i_logistic_kernel_left(conceptdec_i_logistic *l);

/* One more preconditioner, of the kernel (logistic_kernel_scaling.c). */
conceptdec_status conceptdec_i_logistic_add_triangle(conceptdec_i_logistic *l, double lambda);

/* ---- preconditioners (logistic_scaling.c) ---- */

/* Marks the rows that train any problem: others, ignored ones above all, may be of another size. */
conceptdec_status conceptdec_i_logistic_mark_training(conceptdec_i_arena *arena, conceptdec_i_logistic *l);
/* Coordinates of all rows, as the space has them. */
conceptdec_i_dense conceptdec_i_logistic_rows(const conceptdec_i_logistic *l);
/* Mean products of coordinates (r x r) of the rows that train. */
conceptdec_status conceptdec_i_logistic_moments(const conceptdec_i_logistic *l, double *matrix);
/* Chooses by the curvature at w. */
conceptdec_status conceptdec_i_logistic_choose_scaling(conceptdec_i_logistic *l, conceptdec_i_logistic_slot *s);
/* The derived columns of the images, or residuals, of the slots of the round. */
conceptdec_status conceptdec_i_logistic_derive(conceptdec_i_logistic *l, bool is_residual);
/* image = M^-1 residual for the slots of the round, and dots[column] = residual * image of each column. */
conceptdec_status conceptdec_i_logistic_scale(conceptdec_i_logistic *l);
/* Bytes of that of one lambda. */
int64_t conceptdec_i_logistic_scaling_bytes(const conceptdec_i_logistic *l);
/* For the lambdas (descending) and at most `most_rungs` larger ones: where posteriors are near 0 and 1 the curvature
 * falls, and lambda counts for more. is_diagonal: without the products of different coordinates. */
conceptdec_status conceptdec_i_logistic_scaling_open(conceptdec_i_arena *arena, conceptdec_i_logistic *l,
                                                     bool is_diagonal, int64_t n_lambdas, const double *lambdas,
                                                     int64_t most_rungs);

/* ---- principal axes (logistic_axes.c) ---- */

/* Turns the rows, and takes the spectrum, where that pays and the memory allows it. */
conceptdec_status conceptdec_i_logistic_take_axes(conceptdec_i_arena *arena, conceptdec_i_logistic *l);

/* ---- flights (logistic_flight.c) ---- */

int64_t conceptdec_i_logistic_slot_bytes(const conceptdec_i_logistic *l, int64_t n_rows);
/* Bytes of a flight with so many slots, without these. */
int64_t conceptdec_i_logistic_flight_bytes(const conceptdec_i_logistic *l, int64_t n_slots);
/* Fits what is in the queue. */
conceptdec_status conceptdec_i_logistic_fly(conceptdec_i_logistic *l);

#endif
