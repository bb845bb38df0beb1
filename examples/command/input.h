/* The activations and labels that a sub-command works on. */
#ifndef INPUT_H
#define INPUT_H

#include "command.h"

typedef struct input {
    const char *path, *labels_path;      /* as given; labels_path NULL: without labels */
    conceptdec_activations *activations; /* open as long as the input */
    int64_t n_views;
    conceptdec_matrix *views; /* row-major in the grid */
    char **names;             /* of the views: "layers.3"; of a cell of an array "step 2, layer 0" with --axes step,layer, else "2, 0" */
    int64_t shape[8];         /* the grid: of several named arrays one axis */
    int64_t ndim;             /* 0: one matrix */
    char *axes[8];            /* names of the axes: --axes, else "layer" for a grid of one axis, else "axis 0" ... */
    int64_t n;                /* samples of the views */

    int64_t classes;             /* concepts, in the order of their values */
    int64_t *labels;             /* n: 0..classes-1, or -1: ignored (--ignore VALUE) */
    conceptdec_matrix label_view; /* of labels */
    char **class_names;          /* --names FILE, one a line by value, else the values */
    int64_t *class_count;
    int64_t *groups; /* NULL: without --groups */
    conceptdec_matrix group_view;
} input;

/* Options of every sub-command that reads activations: array (names or globs, or all of one width), layers (indices on the
 * last grid axis, or cells), labels, names, groups, ignore, axes, bfloat16, map. */
#define INPUT_OPTIONS                                                                                                  \
    {"labels", TEXT, "FILE", 0, 0, "labels of the samples: a .npy of integers, or FILE:NAME of a .safetensors"},       \
    {"names", TEXT, "FILE", 0, 0, "names of the concepts, one a line, the first of value 0"},                          \
    {"groups", TEXT, "FILE", 0, 0, "a number for each sample; those of one group do not vote for each other"},         \
    {"ignore", INTEGERS, "VALUES", 0, 0, "labels that play no part"},                                                  \
    {"array", TEXT, "NAMES", 0, 0, "arrays of a .safetensors file, with * and ?; default: all that fit the labels"},   \
    {"views", INTEGERS, "CELLS", 0, 0, "cells of the grid, counted from 0; default: all"},                             \
    {"axes", TEXT, "NAMES", 0, 0, "names of the grid's axes, as in step,layer"},                                       \
    {"bfloat16", FLAG, NULL, 0, 0, "arrays of 16-bit integers hold bfloat16"},                                         \
    {"map", FLAG, NULL, 0, 0, "map the file instead of reading it"}

enum { LABELS_NEEDED = 1, LABELS_ALLOWED = 2 };

/* Opens file `index` of the command line with the options above; close it also after an error. An exit code. */
int open_input(const command *c, int index, int labels, input *in);
void close_input(input *in);

#endif
