/* Means and a scatter matrix of rows that come in batches: what they become depends on the rows and their order alone,
 * not on how they were cut into batches.
 *
 * Rows are gathered into chunks of a fixed length; the rows of one that has begun wait. A whole chunk is centred about
 * the means of its own classes and merged as Chan, Golub and LeVeque (1979) do: the shift of each class's mean joins it
 * as one more row. So no digit is lost to a mean far from 0, or to rows of which the first is far from the others. */
#ifndef CONCEPTDEC_I_SUMS_H
#define CONCEPTDEC_I_SUMS_H

#include "core/core.h"
#include "io/record.h"

/* What sums keep beside counts and means. */
enum { CONCEPTDEC_I_SUMS_NOTHING, CONCEPTDEC_I_SUMS_SCATTER, CONCEPTDEC_I_SUMS_SQUARES };

typedef struct conceptdec_i_sums {
    int64_t d, classes;
    int64_t chunk;   /* rows */
    int64_t waiting; /* rows that wait, fewer than a chunk */
    int64_t *n;      /* of each class: rows in mean and scatter */
    double *pilot;   /* classes x d: the first row, from which means are counted */
    double *mean;    /* classes x d: mean - pilot */
    double *scatter; /* d x d, upper half: sum over rows of (x - mean of its class) (...)'; NULL: not kept */
    double *squares; /* classes x d: sum over the rows of a class of (x - its mean)^2; NULL: not kept */
    double *
        rows; /* (chunk + min(chunk, classes)) x d: those that wait, and places for those that stand for shifts of
                 means */
    int64_t *label; /* chunk: classes of the rows that wait */
} conceptdec_i_sums;

/* Values of this size or more are refused: sums of their squares would not fit. */
#define CONCEPTDEC_I_SUMS_MOST 0x1p480

/* Rows of a chunk whose product outweighs the pass over d x d sums that it is added to. */
int64_t conceptdec_i_sums_chunk(int64_t d);
/* Empty sums with memory of `memory`'s; d, classes and chunk are given, each at least 1. Text and status of a failure
 * go to ctx. */
conceptdec_status conceptdec_i_sums_make(conceptdec_ctx *ctx, conceptdec_i_memory *memory, int keeps,
                                         conceptdec_i_sums *sums);
int conceptdec_i_sums_keeps(const conceptdec_i_sums *sums); /* CONCEPTDEC_I_SUMS_* */
void conceptdec_i_sums_clear(conceptdec_i_sums *sums); /* no rows */
void conceptdec_i_sums_give(conceptdec_i_memory *memory, conceptdec_i_sums *sums);
int64_t conceptdec_i_sums_count(const conceptdec_i_sums *sums); /* rows, also those that wait */

/* The chunk that has begun joins means and scatter; its rows are destroyed. */
conceptdec_status conceptdec_i_sums_flush(conceptdec_ctx *ctx, conceptdec_i_sums *sums);
/* Bytes and blocks that this takes at most. */
int64_t conceptdec_i_sums_flush_bytes(conceptdec_ctx *ctx, const conceptdec_i_sums *sums);
#define CONCEPTDEC_I_SUMS_FLUSH_BLOCKS 8
/* n, pilot and mean of all rows, also those that wait, in memory of the arena's; and their scatter, upper half, in
 * `scatter` (d x d; NULL: not wanted, and of sums of one class its diagonal becomes their squares). */
conceptdec_status conceptdec_i_sums_settle(conceptdec_i_arena *arena, const conceptdec_i_sums *sums, double *scatter,
                                           conceptdec_i_sums *settled);

/* Sums that rows with labels go to: those of row i to class labels[i] of the only sums, or, where there are several, to
 * sums number labels[i], which have one class; -1: to none. */
typedef struct conceptdec_i_sums_list {
    conceptdec_i_memory *memory; /* of their arrays */
    conceptdec_i_sums *sums;
    int64_t count;
} conceptdec_i_sums_list;

/* Adds the rows of x (opened; of d columns): all or, on any error, none of them. labels: NULL: all are 0. */
conceptdec_status conceptdec_i_sums_add(conceptdec_i_arena *arena, const conceptdec_i_sums_list *list,
                                        const conceptdec_matrix *x, const int64_t *labels);
/* Adds what other sums of the same sizes hold; all or nothing. */
conceptdec_status conceptdec_i_sums_merge(conceptdec_i_arena *arena, const conceptdec_i_sums_list *list,
                                          const conceptdec_i_sums *others);

/* The parts of a file that hold the arrays but n, and that waiting rows have; conceptdec_i_sums_parts() of them. */
int64_t conceptdec_i_sums_parts(const conceptdec_i_sums *sums);
void conceptdec_i_sums_list_parts(const conceptdec_i_sums *sums, conceptdec_i_record_part *parts);
/* Bytes of all but waiting rows and their labels, or -1: no file holds them. */
int64_t conceptdec_i_sums_bytes(int64_t d, int64_t classes, int keeps);
/* Whether sums may be what rows make. */
bool conceptdec_i_sums_are_sound(const conceptdec_i_sums *sums);

/* A context of one thread for questions to an object that has none at hand. */
void conceptdec_i_sums_ctx_open(conceptdec_ctx *ctx, conceptdec_i_memory *memory,
                                const struct conceptdec_i_kernels *kernels);
void conceptdec_i_sums_ctx_close(conceptdec_ctx *ctx);

#endif
