/* The page of a report: one HTML file with its pictures in it. */
#ifndef PAGE_H
#define PAGE_H

#include "command.h"

/* ---- pictures: SVG that stands in the page (picture_*.c) ---- */

/* A line with an interval about it; NaN leaves a gap. */
typedef struct line {
    const char *name;
    const double *value, *low, *high; /* count; low and high NULL: none */
} line;

/* Lines over a common axis of `count` places, with a band of chance. */
typedef struct curve {
    const char *title, *x_title, *y_title; /* the title is also what a screen reader says */
    int64_t count;
    const char *const *places; /* names on the x axis */
    int64_t n_lines;
    const line *lines;
    const double *chance_low, *chance_high; /* count; NULL: none */
    double least, most;                     /* of y; equal: from the values */
} curve;
void add_curve(text *t, const curve *c);

/* A matrix of colours, with its numbers in the cells where there is room. */
typedef struct heat {
    const char *title, *row_title, *column_title;
    int64_t rows, columns;
    const char *const *row_names, *const *column_names;
    const double *value; /* rows x columns; NaN: hatched, "not defined" */
    double least, most;  /* ends of the scale; equal: from the values */
} heat;
void add_heat(text *t, const heat *h);

/* Points of concepts in a plane; colour and shape tell concepts apart. */
typedef struct scatter {
    const char *title;
    const char *x_title, *y_title;
    int64_t count;
    const double *xy; /* count x 2 */
    const int64_t *concept; /* count; -1: grey */
    int64_t concepts;
    const char *const *names;
} scatter;
void add_scatter(text *t, const scatter *s);

#endif
