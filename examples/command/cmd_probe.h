/* Options of probes that other sub-commands have, too. */
#ifndef CMD_PROBE_H
#define CMD_PROBE_H

#include "work.h"

#define LAMBDAS_OPTION                                                                                                 \
    {"lambdas", NUMBERS, "L", 0, 1e300, "penalties of logistic and ridge, as in 0.1,0.01; default 1 / samples"}
#define FOLD_GROUP_OPTIONS                                                                                             \
    {"groups", TEXT, "FILE", 0, 0, "a number for each sample; samples of one group stay in one fold"}
#define TRAIN_OPTION                                                                                                   \
    {"train", TEXT, "FILE", 0, 0, "of split: 1 for each sample of the fit, 0 for each that is scored"}
#define FOLDS_OPTION {"folds", INTEGER, "F", 2, 1e9, "folds; default 5"}
#define STANDARDIZE_OPTION                                                                                             \
    {"standardize", CHOICE, "none|global|fold", 0, 0,                                                                  \
     "dimensions with mean 0 and variance 1: over all samples, or over those of each fit; default none"}

/* What a probe is and how it is fitted. */
#define PROBE_OPTIONS                                                                                                  \
    LAMBDAS_OPTION, FOLDS_OPTION, STANDARDIZE_OPTION,                                                                  \
    {"covariance", CHOICE, "ledoit-wolf|pooled|fixed", 0, 0, "of lda; default ledoit-wolf"},                           \
    {"shrinkage", NUMBER, "S", 0, 1, "of covariance fixed"},                                                           \
    {"balanced", FLAG, NULL, 0, 0, "samples weigh as if all concepts were of one size"},                               \
    {"max-iterations", INTEGER, "N", 1, 1e9, "Newton steps of a logistic fit; default 100"},                           \
    {"tolerance", NUMBER, "T", 0, 1e300, "logistic: half the squared Newton decrement at which it ends; default 1e-12"}, \
    {"skip-missing", FLAG, NULL, 0, 0, "a fit may lack concepts, which are counted"},                                  \
    {"unstratified", FLAG, NULL, 0, 0, "folds without regard to the labels"}

#define PROBE_KINDS "logistic|ridge|lda|mean-difference|nearest-mean"
#define PROTOCOLS "loo|group|kfold|split|resubstitution"

extern const field probe_fields[];

/* Samples of a concept without which the folds of a probe cannot be made. */
int64_t least_of_folds(const command *c);

#endif
