/* A pass: bounds for all pairs in one precision, and the lists of candidates that they leave. */
#ifndef CONCEPTDEC_I_PASS_H
#define CONCEPTDEC_I_PASS_H

#include "neighbors/candidates.h"

/* The narrowest precision whose bound, on a fixed sample of lists, leaves so few candidates that refining them costs
 * less than the next precision's products would (choose.c). Quantises the operands where that is int8. */
conceptdec_status conceptdec_i_choose_precision(conceptdec_i_arena *arena, conceptdec_i_screening *s, int *precision);

conceptdec_status conceptdec_i_pass_open(conceptdec_i_arena *arena, conceptdec_i_screening *s);
/* Empty lists, then all tiles. CONCEPTDEC_I_TOO_LOOSE: another precision must be taken. */
conceptdec_status conceptdec_i_pass_run(conceptdec_i_arena *arena, conceptdec_i_screening *s, int precision);
void conceptdec_i_pass_close(conceptdec_i_screening *s);

/* Norms and bounds of both sides for products of a precision. */
conceptdec_status conceptdec_i_pass_bounds(conceptdec_i_arena *arena, conceptdec_i_screening *s, int precision);

#endif
