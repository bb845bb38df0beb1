/* The grid of input.h: made of arrays, and cut to what was asked for. */
#ifndef VIEWS_H
#define VIEWS_H

#include "input.h"

/* Arrays of the file that are looked at. */
typedef struct picked {
    conceptdec_array_info *infos;
    int64_t *indices;
    int64_t count;
    bool named; /* by --array: what does not fit is an error */
} picked;

int make_grid(const command *c, input *in, const picked *p);
void forget_values(input *in, int64_t axis);
int select_cells(const command *c, input *in); /* --views, --at */

#endif
