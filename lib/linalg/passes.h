/* Rows times columns, there and back: for columns w of a few hundred at a time f = Z w, chunk of rows by chunk; what
 * becomes of f is up to a consumer, which writes r over it; then g = Z' r. Neither f nor r ever exists whole. */
#ifndef CONCEPTDEC_I_PASSES_H
#define CONCEPTDEC_I_PASSES_H

#include "core/core.h"

/* Rows packed once for many passes. */
typedef struct conceptdec_i_kept {
    int precision;                   /* of their elements */
    int64_t slab_bytes, panel_bytes; /* from one slab, and from one panel of its items, to the next */
    char *panels;
} conceptdec_i_kept;

/* Rows of a dense matrix, or of any view: all of them, or those of a list. */
typedef struct conceptdec_i_rows {
    const void *data;
    bool is_wide; /* double, else float */
    int64_t dims;
    int64_t stride; /* elements from a row to the next */
    int64_t n;
    const int32_t *row; /* NULL: item i is row i */
    const conceptdec_matrix
        *view;          /* NULL: data; else these rows, opened, widened a slice at a time as they are packed */
    const void *center; /* what is subtracted from each row: dims numbers, float or double as the products are;
                                      NULL: 0 */
    const conceptdec_i_kept *kept; /* NULL, or these rows: passes need no packing */
} conceptdec_i_rows;

/* What a consumer sees: values of items first..first+count-1. */
typedef struct conceptdec_i_chunk {
    int64_t slab; /* chunks of one slab come in order of items, on one lane at a time; slabs in any order */
    int64_t first, count;
    int64_t columns;
    void *values; /* float or double: item first + i, column j at values[j * ld + i]; 64-byte aligned columns */
    int64_t ld;   /* at least count, a multiple of 16 */
} conceptdec_i_chunk;

typedef conceptdec_status (*conceptdec_i_chunk_consumer)(void *argument, const conceptdec_i_chunk *chunk, int lane);

/* Buffers that successive passes share. */
typedef struct conceptdec_i_passes {
    conceptdec_ctx *ctx;
    int64_t dims;
    int64_t most_slabs;
    int64_t least_slab; /* items of one, at least; may be set once passes are open */
    int64_t lane_bytes, packed_bytes;
    bool may_keep; /* rows */
    char *packed, *lanes, *partial;
} conceptdec_i_passes;

#define CONCEPTDEC_I_PASSES_MOST_SLABS 16

/* All rows of a view, where they lie if that is possible. */
conceptdec_i_rows conceptdec_i_rows_of(const conceptdec_matrix *view);
/* Bytes that conceptdec_i_passes_open() takes. */
int64_t conceptdec_i_passes_bytes(conceptdec_ctx *ctx, int64_t dims, int64_t columns_f32, int64_t columns_f64);
/* Of these what is not a buffer of one lane. */
int64_t conceptdec_i_passes_shared_bytes(const conceptdec_ctx *ctx, int64_t dims, int64_t columns_f32,
                                         int64_t columns_f64);
/* For passes over rows of `dims` numbers with at most so many columns in each precision (0: it is not used). */
conceptdec_status conceptdec_i_passes_open(conceptdec_i_arena *arena, int64_t dims, int64_t columns_f32,
                                           int64_t columns_f64, conceptdec_i_passes *passes);
/* The same where rows may come from a reader, which is asked for each of them once a pass, but for a few at the
 * borders of what two lanes read. */
conceptdec_status conceptdec_i_passes_open_reading(conceptdec_i_arena *arena, int64_t dims, int64_t columns_f32,
                                                   int64_t columns_f64, conceptdec_i_passes *passes);
/* The same where rows may be kept: passes cut them in one way, kept or not. */
conceptdec_status conceptdec_i_passes_open_keeping(conceptdec_i_arena *arena, int64_t dims, int64_t columns_f32,
                                                   int64_t columns_f64, conceptdec_i_passes *passes);
/* Slabs of a pass over n rows: numbers chunk.slab are below. */
int64_t conceptdec_i_passes_slabs(const conceptdec_i_passes *passes, int64_t n);
/* Bytes of conceptdec_i_passes_keep(), at most. */
int64_t conceptdec_i_passes_kept_bytes(const conceptdec_ctx *ctx, int64_t n, int64_t dims, int precision);
/* Packs rows, which are not a reader's, for passes with these buffers (opened for it), which take rows->kept where it
 * is what this fills in, and give the same bits as without. precision: that of the passes, or F32 for rows that are
 * not double and passes in both. */
conceptdec_status conceptdec_i_passes_keep(conceptdec_i_arena *arena, const conceptdec_i_passes *passes,
                                           const conceptdec_i_rows *rows, int precision, conceptdec_i_kept *kept);
/* precision: CONCEPTDEC_I_TILE_F64, or _F32 for rows that are not double: w rounded to float, sums of a slab in float.
 * w[j], g[j]: `dims` numbers of column j, which may be the same. g NULL: there alone; w NULL: back alone, with what
 * the consumer writes. The same bits for any number of threads. */
conceptdec_status conceptdec_i_passes_run(conceptdec_i_passes *passes, const conceptdec_i_rows *rows, int precision,
                                          int64_t columns, const double *const *w, double *const *g,
                                          conceptdec_i_chunk_consumer consumer, void *argument);

#endif
