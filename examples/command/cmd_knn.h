/* Options of neighbours that other sub-commands have, too. */
#ifndef CMD_KNN_H
#define CMD_KNN_H

#include "work.h"

#define METRIC_OPTION {"metric", CHOICE, "l2|cosine", 0, 0, "distance; default l2"}

#define KNN_OPTIONS                                                                                                    \
    {"k", INTEGERS, "K", 1, 1e9, "neighbours that vote, as in 10 or 1,5,10 or 1..50; default 10"},                     \
    METRIC_OPTION,                                                                                                     \
    {"weights", CHOICE, "uniform|distance|softmax|balanced", 0, 0, "what a vote weighs; default uniform"},             \
    {"temperature", NUMBER, "T", 0, 1e9, "of softmax; default 0.07"},                                                  \
    {"ties", CHOICE, "fractional|smallest|nearest", 0, 0, "where concepts have as many votes; default fractional"},    \
    {"boundary", CHOICE, "share|index", 0, 0, "where rows tie at the k-th distance; default share"}

extern const field knn_fields[];

#endif
