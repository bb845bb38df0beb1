/* What sub-commands have in common: options of the command line become those of the library, cells of the grid are gone
 * through one by one, and results become tables and JSON. */
#ifndef WORK_H
#define WORK_H

#include "commands.h"
#include "ends.h"
#include "input.h"
#include "show.h"

#include <stddef.h>

/* ---- options (fields.c) ---- */

/* An option of the command line, and the field of an options struct that it sets. */
typedef struct field {
    const char *option;
    enum { TO_INT64, TO_INT32, TO_UINT64, TO_DOUBLE, TO_FLAG, TO_INTEGERS, TO_NUMBERS } kind;
    size_t offset;
    int place;     /* of the field's bit in `given`; TO_FLAG: the flag */
    size_t second; /* lists: where their length goes, which has the next bit */
} field;

/* Of a null of permuted labels, and of intervals. */
#define DRAW_OPTIONS                                                                                                   \
    {"permutations", INTEGER, "P", 0, 1e9, "draws of the null with exchanged labels, for p; default 0"},               \
    {"permute", CHOICE, "free|within|whole", 0, 0,                                                                     \
     "which labels are exchanged: all, within groups, those of whole groups"},                                         \
    {"bootstrap", INTEGER, "B", 0, 1e9,                                                                                \
     "draws of the bootstrap over groups or samples, for the interval; default 0"},                                    \
    {"confidence", NUMBER, "P", 0, 1, "of the interval; default 0.95"}

/* Sets what was given. `options` begins with struct_size and given. */
void fill(const command *c, const field *fields, void *options);

/* A field of a struct whose names are alike. */
#define FIELD(type, option, kind, name, place) {option, kind, offsetof(type, name), place, 0}
#define LIST(type, option, kind, name, length, place)                                                                  \
    {option, kind, offsetof(type, name), place, offsetof(type, length)}
#define FLAG_FIELD(type, option, bit) {option, TO_FLAG, offsetof(type, flags), (int)(bit), 0}

/* ---- results (scores.c) ---- */

/* A column of a table of scores: an array of the result with a number for each cell and for each k (or lambda). */
typedef struct score {
    const char *array, *title;
    column_kind kind;
    const char *with; /* only beside this array; NULL: always where there is one */
} score;

double element_of(const conceptdec_array *array, int64_t index); /* int64 too; NaN outside */
bool has_array(const conceptdec_result *result, const char *name, conceptdec_array *array);
int64_t length_of(const conceptdec_array *array); /* number of elements */

/* Columns that tell cells apart: none without a grid. */
void add_cell_columns(table *t, const input *in);
void add_cell_words(table *t, const input *in, int64_t cell);

/* A row for each cell and each number of the array `inner` (k, lambdas). */
void add_score_rows(table *t, const input *in, const conceptdec_result *r, const char *inner, const score *scores);
/* A row for each cell, each number of the array `inner` and each concept. */
void add_concept_rows(table *t, const input *in, const concepts *chosen, const conceptdec_result *r, const score *inner,
                      const score *scores);

/* Of a result that is of one cell alone; the first rows bring the columns. `inner` NULL: one row. */
void add_cell_rows(table *t, const input *in, int64_t cell, const conceptdec_result *r, const char *inner,
                   const score *scores);

/* The same with a row for each concept, or for each pair of two. */
typedef enum { OF_CONCEPTS, OF_PAIRS } row_kind;
void add_labelled_rows(table *t, const input *in, int64_t cell, const concepts *chosen, const conceptdec_result *r,
                       row_kind kind, const score *scores);

/* ---- JSON ---- */

/* The library's object with "input" and "arguments" at its end. An exit code. */
int add_result(const command *c, text *json, conceptdec_result *r, const input *in, const concepts *chosen);
/* All of a result as asked for: a row for each entry of `axis`, or with --per-concept for each concept. */
int show_scores(const command *c, const input *in, const concepts *chosen, conceptdec_result *r, const char *axis,
                const score *scores, const score *inner, const score *of_concepts);
conceptdec_status add_object(const command *c, text *json, conceptdec_result *r); /* the library's object alone */
void add_array(text *json, const conceptdec_array *array);      /* nested lists */
void add_end(const command *c, text *json, const input *in, const concepts *chosen); /* , "input": ..., "arguments":
                                                                                        ...} */

/* ---- cells (cells.c) ---- */

/* Does the work of one cell: rows for the table, an object for "result". */
typedef conceptdec_status (*cell_work)(const command *c, const input *in, int64_t cell, void *user, table *rows,
                                       text *json);

/* All cells; one that fails has a note and does not lose the rest. JSON: {"cells": [{"cell", "status", "message",
 * "result"}]}. Returns the code of the first cell that failed; `worked` cells did not. */
int for_each_cell(const command *c, const input *in, const concepts *chosen, cell_work work, void *user, table *rows,
                  text *json, int64_t *worked);

/* The sweep, or the one call where there is no grid. An exit code; `r` is NULL where it did not come to a result. */
int sweep(const command *c, const input *in, const concepts *chosen, const conceptdec_knn_options *knn,
          const conceptdec_probe_options *probe, conceptdec_result **r);

/* Whether what --protocol needs is given. An exit code. */
int check_protocol(const command *c);

/* An optional file of one integer for each sample, for an options struct. */
typedef struct column_file {
    int64_t *values;
    conceptdec_matrix view;
} column_file;
int read_column_file(const command *c, const char *name, const input *in, column_file *file,
                     const conceptdec_matrix **view);

/* Whether -o is to have arrays: ".npy" or ".safetensors". */
bool saves_arrays(const command *c);

/* A matrix of each cell for -o; the memory is its own. */
typedef struct outputs {
    conceptdec_matrix *views;
    int64_t count;
} outputs;
conceptdec_status keep_output(const command *c, const input *in, int64_t cell, const conceptdec_array *array,
                              outputs *o);
int save_outputs(const command *c, const input *in, const char *name, const outputs *o); /* an exit code */
void forget_outputs(outputs *o);

/* A sub-command that goes through the cells: input, concepts, table, JSON, arrays. */
typedef struct cell_command {
    int labels;              /* LABELS_NEEDED, LABELS_ALLOWED or 0 */
    int64_t least, fewest;   /* samples of a concept, and concepts */
    const char *array;       /* name of what -o saves; NULL: -o has the table */
    bool writes_itself;      /* the work has written -o, and there is nothing to show */
    cell_work work;
    int (*prepare)(const command *c, const input *in, const concepts *chosen, void *options); /* NULL: nothing to do */
} cell_command;

typedef struct cell_state {
    const concepts *chosen;
    outputs *outputs;
    void *options;
} cell_state;

/* `user` of the work is a cell_state. */
int run_cells(const command *c, const cell_command *what, void *options);

#endif
