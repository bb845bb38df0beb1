/* Where UMAP starts: the eigenvectors of its graph's Laplacian. */
#ifndef CONCEPTDEC_I_PROJECTION_SPECTRAL_H
#define CONCEPTDEC_I_PROJECTION_SPECTRAL_H

#include "projection/graph.h"

/* start (n x n_components, up to 64): of every connected part by itself the eigenvectors 1..n_components of
 * I - D^-1/2 W D^-1/2, the element of the largest magnitude (the first of them) above 0, all times one factor. Edges of
 * weight 0 join nothing. Parts that have not enough vertices get random places. Parts lie in squares apart from each
 * other, the side as the square root of their vertices; the largest magnitude of all is 1, with one part and with many.
 * Eigenvectors have |L x - theta x| <= theta / 100 + 1e-4; *converged is false where this was given up at the cap of
 * products, and the start is then as smooth as it had become. */
conceptdec_status conceptdec_i_spectral(conceptdec_i_arena *arena, const conceptdec_i_graph *graph,
                                        int64_t n_components, uint64_t seed, double *start, bool *converged);

#endif
