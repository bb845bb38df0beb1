/* A fitted probe as an object: what predicts and is saved. */
#ifndef CONCEPTDEC_I_PROBE_MODEL_H
#define CONCEPTDEC_I_PROBE_MODEL_H

#include "probe/probe.h"

struct conceptdec_probe_model {
    conceptdec_i_memory *memory;
    int64_t kind, classes, columns, d;
    int64_t converged, iterations;
    double lambda, decrement, objective; /* NaN where there is none */
    double sharpness;                    /* as in conceptdec_i_fit */
    double *weights, *bias;              /* columns x d, along the input itself; columns; absent classes as in a
                                            fitting */
    int64_t *codes;                      /* 0..classes - 1 */
};

/* A model whose numbers are still to be written: all 0, those that need not be there NaN, and converged. */
conceptdec_status conceptdec_i_probe_model_make(conceptdec_ctx *ctx, int64_t kind, int64_t classes, int64_t d,
                                                conceptdec_probe_model **model);

/* The work of conceptdec_probe_model_new(), by the driver of probes: the arguments are as the caller gave them, but for
 * `model`, which is not NULL. */
conceptdec_status conceptdec_i_probe_fit_model(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                               const conceptdec_matrix *labels, const conceptdec_probe_options *options,
                                               conceptdec_probe_model **model);

#endif
