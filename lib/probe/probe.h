/* Linear probes: from options, labels and a matrix to fits, scores, nulls and models.
 *
 * Order of the work: settings (options.c), label sets and parts (sets.c), coordinates (space.c), then problems - who
 * trains on what and who is left out - which a solver of the kind fits many at once (logistic.c, ridge.c, lda.c,
 * means.c) and hands over one by one; of these scores (scores.c), and of problems with other labels nulls, control
 * tasks and code lengths (null.c, control.c, codelength.c), and the arrays (fields.c). */
#ifndef CONCEPTDEC_I_PROBE_H
#define CONCEPTDEC_I_PROBE_H

#include "core/core.h"

#define CONCEPTDEC_I_PROBE_MAX_CLASSES 4096

/* ---- options (options.c) ---- */

typedef struct conceptdec_i_probe_settings {
    conceptdec_probe_options options; /* resolved: every field holds what is meant */
    double *lambdas;                  /* options.lambdas, options.n_lambdas of them; NaN for kinds without */
    bool lambda_is_default;           /* it waits for the number of labelled rows */
    int64_t n, d;
} conceptdec_i_probe_settings;

conceptdec_status conceptdec_i_probe_settings_take(conceptdec_i_arena *arena, const conceptdec_probe_options *options,
                                                   int64_t n, int64_t d, conceptdec_i_probe_settings *settings);
conceptdec_status conceptdec_i_probe_settings_report(conceptdec_ctx *ctx, const conceptdec_i_probe_settings *settings,
                                                     conceptdec_result *result);

/* ---- label sets and parts (sets.c) ---- */

/* One label set under the protocol. A part is a set of rows that are scored together by one fit that has not seen
 * them. */
typedef struct conceptdec_i_probe_set {
    int32_t *labels;       /* n; -1: plays no part */
    int64_t *wide;         /* the same */
    int64_t n_labelled;
    uint8_t *is_labelled;  /* n */
    int64_t n_parts;
    int64_t *part;         /* n: the part in which a row is scored; -1: none */
    const uint8_t **roles; /* n_parts of n each; NULL where parts are left out by formula (`leave`) */
    uint8_t *whole;        /* n: TRAIN for the rows of the fit on all rows */
    int64_t *missing_train, *missing_test; /* n_parts: classes of the set without a row there */
} conceptdec_i_probe_set;

typedef struct conceptdec_i_probe_data {
    int64_t n, n_sets, classes, columns;
    int64_t n_parts;     /* the same for all sets */
    int leave;           /* CONCEPTDEC_I_LEAVE_* */
    int64_t *groups;     /* NULL: none */
    int32_t *group;      /* numbers of these */
    int64_t n_groups;
    uint8_t *train;      /* NULL: none */
    double *weight;      /* NULL: 1 */
    int64_t *types;      /* NULL: none */
    uint8_t *used;       /* n: rows that play a part in any set */
    conceptdec_i_probe_set *sets;
} conceptdec_i_probe_data;

conceptdec_status conceptdec_i_probe_data_take(conceptdec_i_arena *arena, conceptdec_i_probe_settings *settings,
                                               const conceptdec_matrix *labels, conceptdec_i_probe_data *data);
/* The same without labels, for a regression: one set, every row of class 0, folds not stratified. */
conceptdec_status conceptdec_i_probe_samples_take(conceptdec_i_arena *arena, conceptdec_i_probe_settings *settings,
                                                  int64_t columns, conceptdec_i_probe_data *data);
/* Folds of the rows that have a label (n, -1: none), as options say. */
conceptdec_status conceptdec_i_probe_folds(conceptdec_ctx *ctx, const conceptdec_probe_options *options,
                                           const conceptdec_i_probe_data *data, const int64_t *labels, int64_t *fold);
/* ENOMEM where the rows' labels and roles in all parts are beyond options->memory (budget.c). */
conceptdec_status conceptdec_i_probe_check_parts(conceptdec_ctx *ctx, const conceptdec_probe_options *options,
                                                 const conceptdec_i_probe_data *data);
/* Roles of k-fold parts: part p is tested, the other labelled rows train. `part`: n, -1: plays no part. */
conceptdec_status conceptdec_i_probe_roles(conceptdec_i_arena *arena, int64_t n, const int64_t *part, int64_t n_parts,
                                           const uint8_t ***roles);

/* ---- coordinates (space.c) ---- */

/* Rows as probes are fitted to them: z = (x - shift) / scale, in float (narrow input) or double. Where n < d, the
 * weights of an L2 penalty lie in what the centred rows span: either z is along an orthonormal basis of that, or
 * weights are sums of rows, and the products of all pairs of rows (the kernel) tell all about them. */
typedef struct conceptdec_i_space {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *x;
    int64_t n, d;
    int64_t r;        /* coordinates of a row, min(n, d) or fewer; n, if there is a kernel */
    int64_t stride;   /* elements from a row to the next, of z or of the kernel, a multiple of 16; those beyond r are
                         0 */
    bool is_wide;     /* z is double, else float */
    void *z;          /* n x stride, 64-byte aligned; NULL, if there is a kernel */
    double *kernel;   /* n x stride; NULL: none. Weights are then n numbers a: along x, sum over i of a_i z_i */
    double widest;    /* no eigenvalue of kernel / n over the n rows that count is above it */
    double *shift;    /* d */
    double *scale;    /* d; NULL: 1 */
    double *spectrum; /* r: mean square of each coordinate, where these are uncorrelated (n < d); else NULL */
    double *map;      /* n x r, row-major: weights along x = sum over rows i of ((x_i - shift) / scale) * (map w)_i;
                         NULL: w is that itself, or there is a kernel */
} conceptdec_i_space;

/* counted: n, rows with 0 take no part in shift and scale (they get coordinates all the same); NULL: all. used: n, rows
 * with 0 are nobody's: theirs are 0, so that they hide nothing of the others. `standardize`: scale by the population
 * standard deviation, 1 for constant columns. least: the least penalty, as far as n < d; a kernel is wanted if
 * kernel / n + least I is far from singular; 0: a basis. room: bytes that may be taken; rows of floats beyond what
 * squares of floats hold become doubles. */
conceptdec_status conceptdec_i_space_open(conceptdec_i_arena *arena, const conceptdec_matrix *x, const uint8_t *counted,
                                          const uint8_t *used, bool standardize, double least, int64_t room,
                                          conceptdec_i_space *space);
/* Bytes that a space takes at most, while it is made; INT64_MAX where that is beyond all numbers. */
int64_t conceptdec_i_space_bytes(const conceptdec_ctx *ctx, const conceptdec_matrix *x, bool is_wide);
/* Bytes that it goes on to take. */
int64_t conceptdec_i_space_held(const conceptdec_i_space *space);
/* Weights of `count` columns (w: count x r, bias: count) as they apply to x itself: out (count x d), and bias changed
 * in place. Takes conceptdec_i_space_unfold_bytes() meanwhile, at most. */
conceptdec_status conceptdec_i_space_unfold(const conceptdec_i_space *space, int64_t count, const double *w,
                                            double *out, double *bias);
int64_t conceptdec_i_space_unfold_bytes(const conceptdec_ctx *ctx, const conceptdec_matrix *x, int64_t count);

/* ---- fits ---- */

/* What a row is to a problem. */
#define CONCEPTDEC_I_ROLE_NONE 0
#define CONCEPTDEC_I_ROLE_TRAIN 1
#define CONCEPTDEC_I_ROLE_TEST 2

/* Whether a row is TEST (sets.c). */
bool conceptdec_i_has_test_rows(const uint8_t *role, int64_t n);

/* How rows are left out where not by their roles. */
#define CONCEPTDEC_I_LEAVE_ROLES 0 /* train on TRAIN rows; decision values of TEST rows, or of all TRAIN rows where none
                                      is TEST */
#define CONCEPTDEC_I_LEAVE_ONE 1   /* every TRAIN row has the value of the fit without it; w is of the fit on all TRAIN
                                      rows */
#define CONCEPTDEC_I_LEAVE_GROUP 2 /* the same without its group */

/* One fit: labels of the rows that train, their roles, and the penalty. */
typedef struct conceptdec_i_problem {
    const int32_t *labels; /* n, 0..C-1, or -1: its role is NONE */
    const uint8_t *role;   /* n; shared by many problems (compared as a pointer) */
    double lambda;
} conceptdec_i_problem;

/* Problems over the same rows. K = columns: C, or 1 for two classes. A class without a training row is absent: its
 * column is 0 and its bias -infinity (two classes: the bias is -infinity or +infinity). */
typedef struct conceptdec_i_fitting {
    conceptdec_ctx *ctx;
    const conceptdec_i_space *space;
    const double *weight;      /* n: weights of rows, >= 0; NULL: 1 */
    const int32_t *group;      /* n: numbers 0.. of groups (LEAVE_GROUP) */
    int64_t n_groups;
    const conceptdec_probe_options *options; /* resolved: flags (BALANCED), tolerance, max_iterations, memory (what is
                                                left), covariance, shrinkage */
    int64_t held; /* bytes of the caller's memory that are taken already */
    int64_t classes, columns;
    int leave; /* CONCEPTDEC_I_LEAVE_* */
    bool credits_only; /* the listener wants nothing but the sum of credits: a solver that has it may hand over no more,
                          and weights may be along other axes than the space's */
    int64_t n_problems;
    const conceptdec_i_problem *problems;
    struct conceptdec_i_ridge_kept **kept; /* what ridge probes keep for the next call; NULL: nothing */
    uint8_t *deferred; /* n_problems, all 0, where the space has a kernel: 1 becomes what rounding in it hides from the
                          solver; that problem wants coordinates, and is not heard of */
} conceptdec_i_fitting;

/* What became of a problem. Pointers are good during the call only. */
typedef struct conceptdec_i_fit {
    const double *w;        /* K x r: column k's weights in the coordinates of the space */
    const double *bias;     /* K */
    const double *decision; /* K x n: value of column k for row i at decision[k * n + i]; only rows that are left out */
    double credit;          /* where decision is NULL: the sum of credit of the rows that are left out, */
    int64_t n_scored;       /* and how many of them have a value */
    double sharpness;       /* posterior = softmax of sharpness * decision (K = 1: logistic function); NaN: it has
                               none */
    bool converged;
    int64_t iterations;
    double decrement, objective, shrinkage; /* NaN where there is none */
} conceptdec_i_fit;

/* Hears every problem once, on any thread, several at once, in any order. */
typedef conceptdec_status (*conceptdec_i_fit_listener)(void *argument, int64_t problem, const conceptdec_i_fit *fit,
                                                       int lane);

/* Gives back what ridge probes have kept (ridge_kept.c). */
void conceptdec_i_ridge_forget(conceptdec_ctx *ctx, struct conceptdec_i_ridge_kept **kept);

/* Solvers. Problems that share role and lambda are fitted together. The same bits for any number of threads. */
typedef conceptdec_status (*conceptdec_i_solver)(const conceptdec_i_fitting *fitting,
                                                 conceptdec_i_fit_listener listener, void *argument);

/* Of the loss at equal posteriors, along one column. */
double conceptdec_i_logistic_curvature(int64_t columns);
conceptdec_status conceptdec_i_logistic_fit(const conceptdec_i_fitting *fitting, conceptdec_i_fit_listener listener,
                                            void *argument); /* LEAVE_ROLES only */
conceptdec_status conceptdec_i_ridge_fit(const conceptdec_i_fitting *fitting, conceptdec_i_fit_listener listener,
                                         void *argument);
conceptdec_status conceptdec_i_lda_fit(const conceptdec_i_fitting *fitting, conceptdec_i_fit_listener listener,
                                       void *argument);
conceptdec_status conceptdec_i_means_fit(const conceptdec_i_fitting *fitting, conceptdec_i_fit_listener listener,
                                         void *argument); /* mean difference and nearest mean: options->kind */

/* Ridge regression of continuous targets: the same with targets (T x n: those of one target one after the other) in the
 * place of labels; columns = T. */
conceptdec_status conceptdec_i_ridge_regress(const conceptdec_i_fitting *fitting, const double *targets,
                                             conceptdec_i_fit_listener listener, void *argument);

/* ---- scores (scores.c) ---- */

/* Scores of one label set under one penalty. Arrays belong to the caller; NULL: not wanted. Rows are scored where
 * scored[i] is not 0. decision: K x n; posterior: n x C row-major, or NULL where the kind has none. */
typedef struct conceptdec_i_probe_scoring {
    int64_t n, classes, columns;
    const int32_t *labels;
    const uint8_t *scored;
    const double *decision;
    const double *posterior;
} conceptdec_i_probe_scoring;

typedef struct conceptdec_i_probe_scores {
    double accuracy, balanced, macro_f1, log_loss, calibration_error, tie_rate; /* NaN where not defined */
    int64_t n_scored;
    double *per_concept;       /* C */
    double *confusion;         /* C x C: true x predicted; a prediction tied between t classes adds 1/t to each */
    double *auroc;             /* C; ranks by the posterior, or by the decision value where there is none */
    double *average_precision; /* C */
    int64_t *class_count;      /* C: scored rows of each class */
    double *credit;            /* n: 1, 1/t or 0; NaN where not scored */
    int64_t *predicted;        /* n; -1 where not scored */
} conceptdec_i_probe_scores;

conceptdec_status conceptdec_i_probe_score(conceptdec_ctx *ctx, const conceptdec_i_probe_scoring *scoring,
                                           conceptdec_i_probe_scores *scores);
/* The credit of one row: 1/t where t columns tie for the largest value and its own is among them. values: K numbers,
 * `step` doubles apart. predicted: the first of the largest. */
double conceptdec_i_probe_credit(const double *values, int64_t step, int64_t classes, int32_t label, int32_t *predicted,
                                 int32_t *n_tied);
/* Posterior of one row (C numbers) from its decision values. */
void conceptdec_i_probe_posterior(const double *values, int64_t step, int64_t classes, double sharpness,
                                  double *posterior);

#endif
