/* What the formats of files of activations share: types of elements, arrays as they are stored, refusals. The parsers
 * work on memory alone. */
#ifndef CONCEPTDEC_I_FORMAT_H
#define CONCEPTDEC_I_FORMAT_H

#include "io/file.h"

#define CONCEPTDEC_I_MOST_AXES 8
#define CONCEPTDEC_I_MOST_ARRAYS ((int64_t)1 << 20)
#define CONCEPTDEC_I_MOST_HEADER ((int64_t)100000000) /* bytes of JSON */

/* A type of elements, and what the formats call it. */
typedef struct conceptdec_i_type {
    const char *name; /* for conceptdec_array_info */
    const char *safetensors;
    const char *npy;
    int32_t dtype; /* of views; CONCEPTDEC_INT64: an integer of any width; 0: not read */
    int32_t bits;
    bool is_signed;
} conceptdec_i_type;

const conceptdec_i_type *conceptdec_i_type_of_safetensors(const char *word); /* NULL: unknown */
const conceptdec_i_type *conceptdec_i_type_of_npy(const char *word);         /* without the byte order; NULL: unknown */
const conceptdec_i_type *conceptdec_i_type_of_matrix(int32_t dtype);         /* as its elements lie in memory */
/* With dtype CONCEPTDEC_BFLOAT16 bfloat16 for 16-bit integers, else the type itself. */
const conceptdec_i_type *conceptdec_i_type_as(const conceptdec_i_type *type, int32_t dtype);

/* An array as it lies in a file. */
typedef struct conceptdec_i_stored {
    const char *name;
    const conceptdec_i_type *type;
    const conceptdec_i_file *file;
    int64_t shape[CONCEPTDEC_I_MOST_AXES];
    int32_t ndim;
    bool is_fortran, is_swapped;
    int64_t offset, bytes; /* of the first element from the beginning of the file; of all elements */
} conceptdec_i_stored;

/* Number of elements; false: it does not fit. */
bool conceptdec_i_count_elements(const int64_t *shape, int32_t ndim, int64_t *count);
/* Bytes of all elements; false: they do not fit, or are no whole bytes. */
bool conceptdec_i_count_bytes(const conceptdec_i_stored *array, int64_t *bytes);

/* A text that is looked at: where it is from, and how errors are told. */
typedef struct conceptdec_i_origin {
    conceptdec_ctx *ctx;
    const char *path;
} conceptdec_i_origin;

/* EFORMAT: "path: <path>: <what is wrong>". */
conceptdec_status conceptdec_i_refuse(const conceptdec_i_origin *origin, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define CONCEPTDEC_I_CLIPPED 64
#define CONCEPTDEC_I_CLIPPED_PATH 160
/* The beginning of a name, the end of a path, as much as a text of errors has room for; returns `clipped`. */
const char *conceptdec_i_clip(char clipped[CONCEPTDEC_I_CLIPPED], const char *name);
const char *conceptdec_i_clip_path(char clipped[CONCEPTDEC_I_CLIPPED_PATH], const char *path);

/* Names in natural order: "layer.2" before "layer.10"; 0 for equal names alone. */
int conceptdec_i_compare_names(const char *a, const char *b);

/* Pairs of texts: metadata, and files of tensors. */
typedef struct conceptdec_i_pair {
    const char *key, *text;
} conceptdec_i_pair;

/* A list that grows; items of one size. Zeroed: empty. */
typedef struct conceptdec_i_list {
    void *items;
    int64_t count, room;
} conceptdec_i_list;

/* Room for one more item, zeroed; NULL: no memory. */
void *conceptdec_i_list_add(conceptdec_i_memory *memory, conceptdec_i_list *list, uint64_t size);

/* Pointers to the items of a list in the order that `compare` gives, to be given back; n log n steps at worst. */
conceptdec_status conceptdec_i_list_sort(conceptdec_ctx *ctx, const conceptdec_i_list *list, uint64_t size,
                                         int (*compare)(const void *a, const void *b), const void ***sorted);

/* EFORMAT where a key of a list of pairs stands there twice; `what` it is the key of: "weight_map: tensor". */
conceptdec_status conceptdec_i_check_keys(const conceptdec_i_origin *origin, const conceptdec_i_list *pairs,
                                          const char *what);

/* What is in one file; names and texts lie in its header. */
typedef struct conceptdec_i_contents {
    conceptdec_i_list arrays;   /* conceptdec_i_stored */
    conceptdec_i_list metadata; /* conceptdec_i_pair */
    const void **by_name;       /* the arrays in the natural order of their names */
} conceptdec_i_contents;

void conceptdec_i_contents_drop(conceptdec_i_memory *memory, conceptdec_i_contents *contents);

enum { CONCEPTDEC_I_NPY = 1, CONCEPTDEC_I_SAFETENSORS, CONCEPTDEC_I_INDEX };

#define CONCEPTDEC_I_HEAD 12 /* bytes that tell the kind and the length of the header */
/* The kind of a file by its first bytes, CONCEPTDEC_I_HEAD or as many as it has; 0: none of them. */
int conceptdec_i_kind_of(const unsigned char *head, int64_t count);

/* ---- .npy (npy.c) ---- */

/* Where the header begins and how long it is. */
conceptdec_status conceptdec_i_npy_extent(const conceptdec_i_origin *origin, const unsigned char *head, int64_t length,
                                          int64_t *begin, int64_t *header);
/* Reads a header; `data` is the place of the first element, `length` the file's. */
conceptdec_status conceptdec_i_npy_parse(const conceptdec_i_origin *origin, const char *header, int64_t count,
                                         int64_t data, int64_t length, conceptdec_i_stored *array);

/* ---- .safetensors (safetensors.c) ---- */

conceptdec_status conceptdec_i_safetensors_extent(const conceptdec_i_origin *origin, const unsigned char *head,
                                                  int64_t length, int64_t *header);
/* Reads a header, which it changes: names and texts are made of it where it stands. After a failure drop the contents,
 * too. */
conceptdec_status conceptdec_i_safetensors_parse(const conceptdec_i_origin *origin, char *header, int64_t count,
                                                 int64_t length, conceptdec_i_contents *contents);

/* ---- index of shards (shards.c) ---- */

/* The tensors of an index and their files; the pairs lie in the text, which is changed. */
typedef struct conceptdec_i_index {
    conceptdec_i_list pairs; /* conceptdec_i_pair: tensor, file */
    const void **by_file;    /* in the natural order of files */
    int64_t n_files;
} conceptdec_i_index;

/* After a failure drop it, too. */
conceptdec_status conceptdec_i_index_parse(const conceptdec_i_origin *origin, char *text, int64_t count,
                                           conceptdec_i_index *index);
void conceptdec_i_index_drop(conceptdec_i_memory *memory, conceptdec_i_index *index);

#endif
