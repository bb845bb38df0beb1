/* The driver of probes: which problems there are, and what is read from their fits. */
#ifndef CONCEPTDEC_I_PROBE_DRIVER_H
#define CONCEPTDEC_I_PROBE_DRIVER_H

#include "probe/probe.h"

/* ---- jobs (jobs.c) ---- */

/* One assignment of labels, fitted for every lambda and every part. */
typedef struct conceptdec_i_probe_job {
    const int32_t *labels;       /* n */
    const uint8_t *is_labelled;  /* n; rows over which "global" standardization goes; compared as a pointer */
    const uint8_t *const *roles; /* n_parts of n each */
    int64_t n_parts;             /* 0: none */
    const uint8_t *whole;        /* a further part, number n_parts: the fit on all rows; NULL: none */
    int leave;                   /* CONCEPTDEC_I_LEAVE_*; others than ROLES are for `whole` alone */
} conceptdec_i_probe_job;

typedef struct conceptdec_i_probe_place {
    int64_t job, lambda, part;
} conceptdec_i_probe_place;

/* Hears every fit once, on any thread, several at once. */
typedef conceptdec_status (*conceptdec_i_probe_listener)(void *argument, const conceptdec_i_probe_place *place,
                                                         const conceptdec_i_space *space, const conceptdec_i_fit *fit);

/* Everything about a call of conceptdec_probe(). */
typedef struct conceptdec_i_probe_driver {
    conceptdec_ctx *ctx;
    const conceptdec_matrix *x;
    conceptdec_i_probe_settings settings;
    conceptdec_i_probe_data data;
    double *replicates;    /* NULL, or of the bootstrap, draws x (L x A) */
    const double *targets; /* T x n: regression in the place of labels; columns is T then */
    int64_t held;          /* bytes beside coordinates and solver */
    /* the coordinates that are at hand, and of what rows they are */
    conceptdec_i_arena space_arena;
    conceptdec_i_space space;
    const uint8_t *space_key;
    bool has_space;
    struct conceptdec_i_ridge_kept *kept; /* of these coordinates */
} conceptdec_i_probe_driver;

/* Counts what the call holds; ENOMEM, with the bytes that are needed, where options->memory is less (budget.c). */
conceptdec_status conceptdec_i_probe_reserve(conceptdec_i_probe_driver *driver);
/* How many of the draws of labels are fitted together. */
int64_t conceptdec_i_probe_draws_at_once(const conceptdec_i_probe_driver *driver, int64_t draws);

/* Fits all jobs; they share one matrix and one number of classes. credits_only: as in conceptdec_i_fitting. */
conceptdec_status conceptdec_i_probe_run(conceptdec_i_probe_driver *driver, int64_t n_jobs,
                                         const conceptdec_i_probe_job *jobs, const char *stage,
                                         bool credits_only, conceptdec_i_probe_listener listener, void *argument);
void conceptdec_i_probe_close_space(conceptdec_i_probe_driver *driver);
/* The job of a label set. */
conceptdec_i_probe_job conceptdec_i_probe_job_of(const conceptdec_i_probe_driver *driver, int64_t set, bool with_whole);

/* ---- outcomes (outcome.c): what the fits of the label sets said ---- */

/* Of one label set, or of all targets; A lambdas, F parts, K columns. */
typedef struct conceptdec_i_probe_outcome {
    double *decision;              /* A x K x n, NaN where not scored */
    double *posterior;             /* A x n x C; NULL: the kind has none */
    double *weights, *bias;        /* A x K x d, A x K; NULL: not wanted */
    int64_t *iterations, *is_done; /* A x (F + 1) */
    double *decrement, *objective, *shrinkage;
    uint8_t *scored;               /* n */
} conceptdec_i_probe_outcome;

bool conceptdec_i_probe_has_posterior(const conceptdec_probe_options *options);
/* Weights (columns x d) and bias with the sum 0 over the classes present, where only differences mean something. */
void conceptdec_i_probe_take_level(int32_t kind, int64_t columns, int64_t d, double *weights, double *bias);
conceptdec_status conceptdec_i_probe_outcome_take(const conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                                                  const conceptdec_i_probe_set *set,
                                                  conceptdec_i_probe_outcome *outcome);
conceptdec_status conceptdec_i_probe_outcomes(conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                                              conceptdec_i_probe_outcome *outcomes);

/* ---- accuracies of other labels (credits.c) ---- */

/* Sum of the credit of each job's scored rows under its own labels: sums[job * A + lambda], and rows that were
 * scored. */
conceptdec_status conceptdec_i_probe_credits(conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                                             int64_t n_jobs, const conceptdec_i_probe_job *jobs, const char *stage,
                                             double *sums, int64_t *counts);

/* ---- what is read beside scores ---- */

/* accuracies: draws x A. */
conceptdec_status conceptdec_i_probe_null(conceptdec_i_probe_driver *driver, int64_t set, double *accuracies);
conceptdec_status conceptdec_i_probe_control(conceptdec_i_probe_driver *driver, int64_t set, double *accuracies);
/* bits: A. */
conceptdec_status conceptdec_i_probe_codelength(conceptdec_i_probe_driver *driver, int64_t set, double *bits);
/* selected: F, the lambda that folds inside each training part prefer. */
conceptdec_status conceptdec_i_probe_nested(conceptdec_i_probe_driver *driver, int64_t set, int64_t *selected);

/* The first row that equals each row; and scored rows that have a copy among their training rows (duplicates.c). */
conceptdec_status conceptdec_i_probe_first_copies(const conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                                                  int32_t **first);
conceptdec_status conceptdec_i_probe_duplicates(const conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                                                const int32_t *first, int64_t set, int64_t *n_duplicates);

/* ---- the result (fields.c) ---- */

conceptdec_status conceptdec_i_probe_result(conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena,
                                            const conceptdec_i_probe_outcome *outcomes, conceptdec_result *result);


/* conceptdec_probe() without its entry. */
conceptdec_status conceptdec_i_probe_cell(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                          const conceptdec_matrix *labels, const conceptdec_probe_options *options,
                                          double *replicates, conceptdec_result **result);

#endif
