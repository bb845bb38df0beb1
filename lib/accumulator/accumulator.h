/* Rows that an engine pushes: what an accumulator holds. */
#ifndef CONCEPTDEC_I_ACCUMULATOR_H
#define CONCEPTDEC_I_ACCUMULATOR_H

#include "kernels/kernels.h"
#include "stats/sums.h"
#include "subspace/class_moments.h"

/* Means and sums of squares about them; a class has `pitch` columns, a multiple of 16, those past the last dimension
 * 0. */
typedef struct conceptdec_i_tally {
    int64_t *n;     /* of each class */
    char *pilot;    /* of each class a row, from which its mean is counted; `stride` bytes apart */
    double *mean;   /* mean - pilot */
    double *square;
} conceptdec_i_tally;

/* The same with pilots in float64; square is NULL where it is not kept. */
typedef struct conceptdec_i_settled {
    int64_t *n;
    double *pilot, *mean, *square;
} conceptdec_i_settled;

/* What tells kept rows apart; the least of each class are kept. */
typedef struct conceptdec_i_draw {
    uint64_t priority, producer;
    int64_t arrival;
} conceptdec_i_draw;

/* The sample: rows lie one after the other, in the order in which places were first taken. */
typedef struct conceptdec_i_reservoir {
    int64_t most; /* rows of a class */
    int64_t used; /* places */
    char *rows;
    int64_t row_bytes;
    int64_t *label, *arrival, *producer; /* of each place */
    uint64_t *priority;
    int64_t *heap; /* classes x most: places, that of the last draw first */
    int64_t *held; /* of each class: places in its heap */
} conceptdec_i_reservoir;

enum {
    CONCEPTDEC_I_ACCUMULATED_COUNT,
    CONCEPTDEC_I_ACCUMULATED_MEANS,
    CONCEPTDEC_I_ACCUMULATED_VARIANCES,
    CONCEPTDEC_I_ACCUMULATED_DIFFERENCES,
    CONCEPTDEC_I_ACCUMULATED_ANSWERS
};

typedef struct conceptdec_i_layer {
    int64_t d, pitch, row_bytes;
    /* rows that wait, each class in a list of its own */
    char *buffer; /* a part of the accumulator's */
    int64_t slots, stride; /* rows; bytes from one to the next */
    int64_t free;          /* the first slot that is free; -1: none */
    int64_t *next;         /* of each slot: the next of its list; -1: none */
    int64_t *first, *waiting; /* of each class */
    const char **batch;       /* slots */
    int64_t *arrived, *merged; /* of each class: rows that came here, and those of others */
    conceptdec_i_tally tally;  /* where variances are kept, else NULL */
    conceptdec_i_sums *sums;   /* where scatters are kept */
    conceptdec_i_reservoir reservoir;
    void *answers[CONCEPTDEC_I_ACCUMULATED_ANSWERS]; /* NULL until asked for */
} conceptdec_i_layer;

struct conceptdec_accumulator {
    conceptdec_i_memory *memory;
    conceptdec_accumulator_options options; /* as resolved */
    int64_t classes, n_layers, n_sums, size; /* size: of an element */
    conceptdec_i_layer *layers;
    char *buffers;         /* of all layers */
    uint32_t (*keys)[2];   /* of each class: where its draws come from */
    uint64_t *producers;   /* its own, then those of what was merged */
    int64_t n_producers;
    char *line;            /* a row of the widest layer, gathered from strides */
    conceptdec_i_memory *reserve; /* of products on the thread that pushes; NULL: there are none */
    conceptdec_ctx own;           /* for that thread: kernels, the reserve, the error text */
    int (*gather)(const void *in, void *out, int64_t n);
    void (*join)(const char *const *rows, int64_t count, int64_t before, const char *pilot, double *mean,
                 double *square, int64_t n);
    void (*widen)(const void *in, double *out, int64_t n);
};

/* rows x columns elements of the accumulator's memory. */
conceptdec_status conceptdec_i_accumulator_take(conceptdec_ctx *ctx, const conceptdec_accumulator *a, int64_t rows,
                                                int64_t columns, uint64_t size, void **pointer);

static inline bool
conceptdec_i_keeps_variances(const conceptdec_accumulator *a)
{
    return a->options.moments == CONCEPTDEC_ACCUMULATE_VARIANCES;
}

static inline bool
conceptdec_i_keeps_scatters(const conceptdec_accumulator *a)
{
    return a->options.moments == CONCEPTDEC_ACCUMULATE_POOLED || a->options.moments == CONCEPTDEC_ACCUMULATE_SCATTERS;
}

/* ESIZE for a layer that there is not. */
conceptdec_status conceptdec_i_check_layer(conceptdec_ctx *ctx, const conceptdec_accumulator *a, int64_t layer);

/* Rows of a class that wait join a tally; they go on waiting. batch: room for all of them. */
void conceptdec_i_join_waiting(const conceptdec_accumulator *a, const conceptdec_i_layer *layer, int64_t class,
                               const char **batch, conceptdec_i_tally *tally);

/* The next row of a class that comes to a producer, and what is drawn for it. */
conceptdec_i_draw conceptdec_i_reservoir_draw(const conceptdec_accumulator *a, int64_t class, int64_t arrival);
/* Keeps a row if it is among the least of its class. */
void conceptdec_i_reservoir_offer(conceptdec_i_reservoir *r, int64_t class, const conceptdec_i_draw *draw,
                                  const char *row);
/* All rows of another one; then rows stand by class, producer and arrival, whatever came first. room: as large as the
 * rows of one; order: CONCEPTDEC_I_ORDER numbers for each. */
#define CONCEPTDEC_I_ORDER 5
void conceptdec_i_reservoir_merge(conceptdec_i_reservoir *r, const conceptdec_i_reservoir *other, int64_t classes,
                                  char *room, int64_t *order);

/* Moments of all rows of a layer, also those that wait, in memory of the arena's; the first where variances are
 * kept. */
conceptdec_status conceptdec_i_tally_settle(conceptdec_i_arena *arena, const conceptdec_accumulator *a,
                                            const conceptdec_i_layer *layer, conceptdec_i_tally *tally);
conceptdec_status conceptdec_i_accumulator_settle(conceptdec_i_arena *arena, const conceptdec_accumulator *a,
                                                  const conceptdec_i_layer *layer, conceptdec_i_settled *settled);

#endif
