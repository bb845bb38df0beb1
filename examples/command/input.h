/* The activations and labels that a sub-command works on. */
#ifndef INPUT_H
#define INPUT_H

#include "command.h"

typedef struct input {
    const char *path, *labels_path;      /* as given; labels_path NULL: without labels */
    char *own_labels_path;               /* "FILE:labels", where these were not given */
    const char *array, *cells, *at, *axis_names; /* names of the options that hold for this file: "array" or
                                                    "other-array" */
    const char *axis_values;             /* the same; NULL: the second file has none */
    conceptdec_activations *activations; /* open as long as the input */
    int64_t n_views;
    conceptdec_matrix *views; /* row-major in the grid */
    char **names;             /* of the views: "layers.3"; of a cell of an array "step 2, layer 0" with --axes
                                 step,layer, else "2, 0" */
    int64_t shape[8];         /* the grid: of several named arrays one axis */
    int64_t first[8];         /* index of the first place on each axis, where --at cut the grid */
    int64_t ndim;             /* 0: one matrix */
    char *axes[8];            /* names of the axes: --axes, else "layer" for a grid of one axis, else "axis 0" ... */
    char **values[8];         /* names of all places of an axis, then NULL: --axis-values; NULL: places are numbers */
    int64_t n;                /* samples of the views */
    bool of_arrays;           /* the cells have names of their own: those of arrays, or of some cells of a larger
                                 grid */
    int64_t n_left_out;       /* arrays that do not fit, with a note */
    char **left_out;

    int64_t classes;             /* concepts, in the order of their values */
    int64_t *class_values;       /* as the file has them */
    int64_t *labels;             /* n: 0..classes-1, or -1: ignored (--ignore VALUE) */
    conceptdec_matrix label_view; /* of labels */
    char **class_names;          /* --names FILE, one a line by value, else the values */
    int64_t *class_count;
    int64_t n_ignored;
    int64_t *groups; /* NULL: without --groups */
    conceptdec_matrix group_view;
} input;

/* Options of sub-commands that read activations; each takes those that it has a use for. */
#define LABEL_OPTIONS                                                                                                  \
    {"labels", TEXT, "FILE", 0, 0, "labels of the samples: a .npy of integers, or FILE:NAME of a .safetensors"},       \
    {"names", TEXT, "FILE", 0, 0, "names of the concepts, one a line, the first of value 0"},                          \
    {"ignore", INTEGERS, "VALUES", 0, 0, "labels that play no part"}
#define GROUP_OPTIONS                                                                                                  \
    {"groups", TEXT, "FILE", 0, 0, "a number for each sample; those of one group do not vote for each other"}
#define VIEW_OPTIONS                                                                                                   \
    {"array", TEXT, "NAMES", 0, 0, "arrays of a .safetensors file, with * and ?; default: all that fit the labels"},   \
    {"views", INTEGERS, "CELLS", 0, 0, "cells of the grid, counted from 0; default: all"},                             \
    {"at", TEXT, "PLACES", 0, 0, "part of the grid: for each axis a number, FIRST..LAST or *, as in 3,*,2"},           \
    {"axes", TEXT, "NAMES", 0, 0, "names of the grid's axes, as in step,layer"},                                       \
    {"axis-values", TEXT, "VALUES", 0, 0,                                                                              \
     "what the places of axes stand for, as in 'step=0,100,1000;shots=0,2'; default: their numbers"},                  \
    {"bfloat16", FLAG, NULL, 0, 0, "arrays of 16-bit integers hold bfloat16"},                                         \
    {"map", FLAG, NULL, 0, 0, "map the file instead of reading it"}
#define INPUT_OPTIONS LABEL_OPTIONS, GROUP_OPTIONS, VIEW_OPTIONS

/* Of a second file of activations. */
#define OTHER_OPTIONS                                                                                                  \
    {"other-array", TEXT, "NAMES", 0, 0, "arrays of the second file"},                                                 \
    {"other-views", INTEGERS, "CELLS", 0, 0, "cells of the second file's grid"},                                       \
    {"other-at", TEXT, "PLACES", 0, 0, "part of the second file's grid"},                                              \
    {"other-axes", TEXT, "NAMES", 0, 0, "names of the axes of the second file's grid"}

enum { LABELS_NEEDED = 1, LABELS_ALLOWED = 2 };

/* Opens file `index` of the command line with the options above; close it also after an error. An exit code. */
int open_input(const command *c, int index, int labels, input *in);
void close_input(input *in);

/* A place of an axis, counted from the first that --at left: its value, or its number in the file. */
void add_place(text *t, const input *in, int64_t axis, int64_t place);

/* The concepts that are large enough for a metric, numbered anew in their order. */
typedef struct concepts {
    int64_t count;
    int64_t *labels; /* n: 0..count-1, or -1 */
    conceptdec_matrix view;
    const char **names; /* of the input */
    int64_t *members;
    int64_t least;      /* what the metric needs */
    const char *unit;   /* "samples" or "groups" */
    int64_t n_left_out;
    int64_t *left_out, *left_count; /* classes of the input, and how many samples or groups they have */
} concepts;

/* Those with at least `least` samples (or, with `by_groups` and --groups, groups), a note for each of the others. Fewer
 * than `fewest` concepts are an error. Forget them also after an error. An exit code. */
int choose_concepts(const command *c, const input *in, int64_t least, bool by_groups, int64_t fewest, concepts *chosen);
void forget_concepts(concepts *chosen);

/* A file of one integer for each of n samples: .npy, or FILE:NAME of a .safetensors. `what` it is, for messages. */
int read_integers_of(const command *c, const char *what, const char *place, int64_t n, int64_t **values,
                     conceptdec_matrix *view);
/* A file of floating numbers, read into memory, which is freed by free(). */
int read_matrix(const command *c, const char *place, conceptdec_matrix *matrix, void **memory);

/* "input": {...} of the JSON; chosen NULL: all concepts. */
void add_input(text *t, const input *in, const concepts *chosen);

/* ---- what input.c and labels.c share ---- */

int open_activations(const command *c, const char *path, conceptdec_activations **file);
int open_file_of(const command *c, const char *path, bool map, bool bfloat16, conceptdec_activations **file);
/* Opens FILE or FILE:NAME; `name` is behind the colon, or NULL. */
/* Labels, names and groups; n is still unknown, unless an error. */
int read_labels(const command *c, int labels, input *in, int64_t *count);
int read_groups(const command *c, input *in);
void *take_memory(const command *c, int64_t count, size_t size); /* zeros; NULL after a text on stderr */
char *copy_text(const char *string);
void free_texts(char **texts, int64_t count);

#endif
