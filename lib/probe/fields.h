/* The arrays of a probe's result, and who writes what. */
#ifndef CONCEPTDEC_I_PROBE_FIELDS_H
#define CONCEPTDEC_I_PROBE_FIELDS_H

#include "probe/driver.h"

/* Everything that is written, set by set. */
typedef struct conceptdec_i_probe_fields {
    conceptdec_i_probe_driver *driver;
    const conceptdec_i_probe_outcome *outcomes;
    conceptdec_i_shaping shaping;
    int64_t n, lambdas, classes, columns, parts, d;
    double *accuracy, *balanced, *macro_f1, *log_loss, *calibration_error, *tie_rate, *per_fold, *per_concept,
        *confusion;
    double *auroc, *average_precision, *v_information, *chance, *chance_uniform, *chance_majority;
    double *decrement, *objective, *shrinkage, *weights, *bias, *posterior, *decision, *pvi;
    double *chance_null, *kappa, *p_value, *null, *ci_low, *ci_high;
    double *control_accuracy, *selectivity, *codelength, *compression, *nested_accuracy;
    int64_t *n_scored, *n_ignored, *class_count, *converged, *iterations, *predicted, *fold, *missing_train,
        *missing_test;
    int64_t *selected, *n_duplicates;
    const int32_t *first_copy; /* of each row */
    double *credit; /* scratch: lambdas x n */
} conceptdec_i_probe_fields;

/* Scores, samples, fits and counts of one set; then credit holds what each row earned (scoring.c). */
conceptdec_status conceptdec_i_probe_write_scores(conceptdec_i_probe_fields *fields, conceptdec_i_arena *arena,
                                                  int64_t set);
/* V-information (information.c). */
conceptdec_status conceptdec_i_probe_write_information(const conceptdec_i_probe_fields *fields,
                                                       conceptdec_i_arena *arena, int64_t set);
/* What was asked for beside: selection, null, control tasks, code length, interval (extras.c). */
conceptdec_status conceptdec_i_probe_write_extras(const conceptdec_i_probe_fields *fields, conceptdec_i_arena *arena,
                                                  int64_t set);

#endif
