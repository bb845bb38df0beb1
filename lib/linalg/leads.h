/* Leading directions: a few orthogonal ones that hold as much of the items as one can find cheaply. Products along them
 * are made in float, so that int8 has only the rest to tell apart: its error is a share of what is left. Any directions
 * are right; good ones are fast. */
#ifndef CONCEPTDEC_I_LEADS_H
#define CONCEPTDEC_I_LEADS_H

#include "linalg/tiles.h"

typedef struct conceptdec_i_leads {
    int32_t n;
    float *basis; /* n x conceptdec_i_leads_stride(dims), zero past dims */
    double error; /* what a product may be off by, as a share of the product of two norms */
} conceptdec_i_leads;

static inline int64_t
conceptdec_i_leads_stride(int64_t dims)
{
    return (dims + 31) / 32 * 32;
}

/* From a fixed sample of the items. */
conceptdec_status conceptdec_i_leads_find(conceptdec_i_arena *arena, const conceptdec_i_operand *operand,
                                          conceptdec_i_leads *leads);

#endif
