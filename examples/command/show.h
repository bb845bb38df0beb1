/* How results are shown: as a table for people, as CSV, as JSON. */
#ifndef SHOW_H
#define SHOW_H

#include "input.h"

/* What a column holds: words stand left, the others right. */
typedef enum { WORD, COUNT, SCORE, NUMERIC } column_kind; /* SCORE: 3 decimals; NUMERIC: 4 digits */

typedef struct column {
    const char *title;
    column_kind kind;
} column;

typedef struct table_cell {
    char *word;
    double number; /* NaN: "-", in CSV nothing */
} table_cell;

typedef struct table {
    column *columns; /* the titles are copies */
    int64_t n_columns;
    table_cell *cells; /* row by row */
    int64_t n_cells, capacity;
    bool failed; /* where memory ran out, and then nothing more is added */
} table;

void add_column(table *t, const char *title, column_kind kind);
void add_word(table *t, const char *word); /* cells from left to right, row by row */
void add_count(table *t, int64_t count);
void add_value(table *t, double value);
void forget_table(table *t);

/* Writes the table, or with --json the object, to -o or stdout. An exit code. */
int show(const command *c, const table *t, const text *json);
/* The same, always to stdout: where -o holds something else. */
int show_beside(const command *c, const table *t, const text *json);
#endif
