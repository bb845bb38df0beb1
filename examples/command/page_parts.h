/* What the parts of the page share. */
#ifndef PAGE_PARTS_H
#define PAGE_PARTS_H

#include "report.h"

enum { SHOWN_NAME = 60, MOST_NUMBERS = 40000 }; /* characters of a name in text; numbers of a table in the page */

/* Numbers under a picture, with the names of rows and columns. */
typedef struct number_table {
    const char *summary;
    const char *corner; /* what the rows are */
    int64_t rows, columns;
    const char *const *row_names, *const *column_names;
    const double *value; /* rows x columns */
    int digits;
    int64_t marked; /* a row in bold; -1: none */
} number_table;

void add_number_table(text *t, const number_table *n); /* <table> alone */
void add_numbers_below(text *t, const number_table *n); /* folded */

void add_name(text *t, const char *name); /* escaped, cut, set apart from the direction of what is around it */
/* "0.886", of undefined ones a dash. */
void add_score(text *t, double value);
void add_interval(text *t, double low, double high);

/* Value of a sweep at a cell and a place of what it has of each cell. */
double value_at(const conceptdec_result *sweep, const char *name, int64_t cell, int64_t each, int64_t place);

void add_definitions(text *t, const report *r); /* page_words.c */
void add_provenance(text *t, report *r);
void add_facts(text *t, const report *r);

#endif
