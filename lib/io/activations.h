/* An open file of activations. */
#ifndef CONCEPTDEC_I_ACTIVATIONS_H
#define CONCEPTDEC_I_ACTIVATIONS_H

#include "io/format.h"

/* One file, and what is in it. */
typedef struct conceptdec_i_volume {
    conceptdec_i_file file;
    char *path;
    char *text; /* names and metadata lie in it */
    conceptdec_i_contents contents;
} conceptdec_i_volume;

/* How the matrix of a cell lies in its file. */
typedef struct conceptdec_i_layout {
    int64_t rows, cols, cells;
    int64_t size; /* of an element */
    int64_t offset, row_stride, col_stride;
} conceptdec_i_layout;

/* A matrix that is read. */
typedef struct conceptdec_i_cell {
    conceptdec_reader reader;
    const conceptdec_i_stored *array;
    conceptdec_i_layout layout;
} conceptdec_i_cell;

#define CONCEPTDEC_I_CELLS 64 /* of a block */

/* What has been made of an array when it was first asked for. */
typedef struct conceptdec_i_made {
    conceptdec_i_cell **blocks;
    int64_t n_blocks;
    int64_t *integers;
} conceptdec_i_made;

typedef struct conceptdec_i_kept {
    pthread_mutex_t lock;
    conceptdec_i_made *made; /* of each array */
} conceptdec_i_kept;

struct conceptdec_activations {
    conceptdec_i_memory *memory;
    conceptdec_i_volume *volumes;
    int64_t n_volumes;
    const void **arrays; /* conceptdec_i_stored, in the natural order of their names */
    int64_t count;
    conceptdec_i_kept *kept;
    bool is_mapped;
};

static inline const conceptdec_i_stored *
conceptdec_i_activations_at(const conceptdec_activations *activations, int64_t index)
{
    return activations->arrays[index];
}

/* What `index` names; ESIZE where there is none. Errors name the argument. */
conceptdec_status conceptdec_i_activations_array(conceptdec_ctx *ctx, const conceptdec_activations *activations,
                                                 int64_t index, const conceptdec_i_stored **array);
/* The place of a name among arrays in natural order; -1: it is not there. */
int64_t conceptdec_i_find_stored(const void *const *arrays, int64_t count, const char *name);
/* The same file from memory, which must stay; no index. */
conceptdec_status conceptdec_i_activations_open_bytes(conceptdec_ctx *ctx, const char *name, const void *bytes,
                                                      int64_t length, const conceptdec_activations_options *options,
                                                      conceptdec_activations **activations);

#endif
