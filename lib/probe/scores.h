/* What scores.c hands to ranks.c. */
#ifndef CONCEPTDEC_I_PROBE_SCORES_H
#define CONCEPTDEC_I_PROBE_SCORES_H

#include "probe/probe.h"

/* Scored rows, class by class: those of class c are rows[start[c] .. start[c + 1]), ascending. */
typedef struct conceptdec_i_probe_members {
    int64_t *start;
    int32_t *rows;
    int32_t *class; /* n: class of each row, -1 where it is not scored */
} conceptdec_i_probe_members;

/* auroc and average_precision of every class (C each; NULL: not wanted). */
conceptdec_status conceptdec_i_probe_rank(conceptdec_ctx *ctx, const conceptdec_i_probe_scoring *scoring,
                                          const conceptdec_i_probe_members *members, double *auroc,
                                          double *average_precision);

#endif
