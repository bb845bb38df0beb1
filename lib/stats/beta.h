/* Tail of the beta distribution. */
#ifndef CONCEPTDEC_I_BETA_H
#define CONCEPTDEC_I_BETA_H

/* P(X >= x) of the beta distribution with a, b > 0, relatively exact to about 1e-11 down to the smallest double; 1 for x <= 0 and
 * 0 for x >= 1. Some root of max(a, b) steps. */
double conceptdec_i_beta_tail(double a, double b, double x);

#endif
