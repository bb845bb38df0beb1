/* Pictures of a report: SVG that stands in its page. Widths are in units of which a page shows one as about a pixel;
 * colours are classes, which the page's style gives values in light and dark. */
#ifndef PAGE_H
#define PAGE_H

#include "command.h"

/* A line with an interval about it; NaN leaves a gap. */
typedef struct line {
    const char *name;
    const double *value, *low, *high; /* count; low and high NULL: none */
} line;

/* Lines over a common axis of `count` places, with a band of chance. */
typedef struct curve {
    const char *title, *x_title, *y_title; /* the title is what a screen reader says */
    int64_t count;
    const char *const *places; /* names on the x axis */
    int64_t n_lines;
    const line *lines;
    const double *chance_low, *chance_high; /* count; NULL: none */
    double least, most;                     /* of y; equal: from the values */
    int64_t marked;                         /* a place with a line through it; -1: none */
} curve;
void add_curve(text *t, const curve *c);

/* A matrix of colours, with its numbers in the cells where there is room. */
typedef struct heat {
    const char *title, *row_title, *column_title;
    int64_t rows, columns;
    const char *const *row_names, *const *column_names;
    const double *value; /* rows x columns; NaN: crossed out, not defined */
    double least, most;  /* ends of the scale; equal: from the values */
} heat;
void add_heat(text *t, const heat *h);
bool is_wide(const heat *h); /* drawn twice as wide as other pictures */

/* Points of concepts in a plane; colour and shape tell concepts apart. */
typedef struct scatter {
    const char *title;
    const char *x_title, *y_title;
    int64_t count;
    const double *xy;       /* count x 2 */
    const int64_t *concept; /* count; -1: not drawn */
    int64_t concepts;
    const char *const *names;
    int64_t step;  /* one of `step` points is drawn; at least 1 */
    bool is_small; /* without names */
} scatter;
void add_scatter(text *t, const scatter *s);

/* ---- what pictures share (picture.c) ---- */

enum { LEVELS = 32, HUES = 8, SHAPES = 3 }; /* classes q0..q31 of a scale, c0..c7 of concepts */

/* Places of numbers on an axis, at 1, 2 or 5 times a power of ten. */
typedef struct ticks {
    double first, last, step;
    int digits; /* after the point */
} ticks;
ticks ticks_of(double least, double most, int steps);

/* Begins a picture, with what a screen reader says of it. */
void open_svg(text *t, const char *kind, double width, double height, const char *title, const char *description);
void close_svg(text *t);
/* Text of `most` characters at most, cut in the middle, escaped. */
void add_label(text *t, const char *class, double x, double y, const char *name, int64_t most);
void add_turned_label(text *t, double x, double y, const char *name, int64_t most);
/* A name for people, escaped: what cannot be shown is replaced, and what is beyond `most` characters is cut. */
void add_cut(text *t, const char *name, int64_t most);
/* The same, cut in the middle: long names often share a beginning. */
void add_ends(text *t, const char *name, int64_t most);
int64_t width_of(const char *name, int64_t most); /* in characters, when cut */
int64_t widest(const char *const *names, int64_t count, int64_t most);
/* Least and greatest of numbers that are not NaN; false where there are none. Goes on from what *least and *most
 * are. */
bool extend(const double *values, int64_t count, double *least, double *most);


void add_style(text *t); /* of the page and its pictures (page_style.c) */

#endif
