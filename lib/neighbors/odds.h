/* What limits count on while tiles come, all but certain and seen to be so in the end (docs/screening.md). */
#ifndef CONCEPTDEC_I_ODDS_H
#define CONCEPTDEC_I_ODDS_H

#include <stdint.h>

/* The share of the width of quantised products' bounds, from the lower one on, that distances lie within. */
double conceptdec_i_odds_share(int64_t dims);
/* Of a random sample of n values, the one at this place by distance, from 1 on, is beyond the k-th of all. */
int64_t conceptdec_i_odds_rank(int64_t sampled, int64_t k, int64_t n);

#endif
