/* Similarity of representations: what the driver (similarity.c) hands to a kind, and what it does for all of them. */
#ifndef CONCEPTDEC_I_SIMILARITY_H
#define CONCEPTDEC_I_SIMILARITY_H

#include "core/core.h"
#include "stats/groups.h"
#include "stats/permute.h"

typedef struct conceptdec_i_similarity {
    conceptdec_ctx *ctx;
    conceptdec_i_arena *arena;
    conceptdec_similarity_options options; /* with defaults, checked: what the kind does not use was refused */
    const conceptdec_matrix **views; /* opened, finite: the n_a of a, then the n_b of b (is_self: those of a alone) */
    const conceptdec_matrix **given; /* the same as the caller has them, for public functions */
    const char **names;              /* of the views: "a[3]" */
    int64_t n_views, n_a, n_b, n;
    bool is_self;              /* b is a */
    bool is_mirrored;          /* is_self, and the kind is symmetric: pairs i <= j are enough, the driver fills in the
                                  others */
    const int64_t *groups;     /* NULL, or n codes */
    conceptdec_result *result; /* a kind adds its own arrays and options here */
    double *value;             /* A x B; to be filled. NaN: not defined */
    double *null;              /* P x A x B; to be filled; NULL without permutations */
    double *draws; /* B x A x B bootstrap replicates; to be filled; NULL without a bootstrap. The driver makes
                      intervals */
    /* the driver's own: orders and units of the n rows */
    conceptdec_i_permute *plan; /* NULL without permutations, and where labels are given */
    conceptdec_i_groups units;
} conceptdec_i_similarity;

/* A kind: fills value, null and draws. */
typedef conceptdec_status (*conceptdec_i_similarity_kind)(conceptdec_i_similarity *s);

conceptdec_status conceptdec_i_similarity_cka(conceptdec_i_similarity *s);        /* cka*.c */
conceptdec_status conceptdec_i_similarity_cca(conceptdec_i_similarity *s);        /* cca*.c: svcca, pwcca */
conceptdec_status conceptdec_i_similarity_procrustes(conceptdec_i_similarity *s); /* procrustes*.c: also shape */
conceptdec_status conceptdec_i_similarity_rsa(conceptdec_i_similarity *s);        /* rsa*.c */
conceptdec_status conceptdec_i_similarity_mutual(conceptdec_i_similarity *s);     /* mutual*.c */
conceptdec_status conceptdec_i_similarity_imbalance(conceptdec_i_similarity *s);  /* imbalance*.c */

/* The number among the views of the n-th view of b, and that view. */
static inline int64_t
conceptdec_i_similarity_second(const conceptdec_i_similarity *s, int64_t j)
{
    return s->is_self ? j : s->n_a + j;
}

static inline const conceptdec_matrix *
conceptdec_i_similarity_other(const conceptdec_i_similarity *s, int64_t j)
{
    return s->views[conceptdec_i_similarity_second(s, j)];
}

/* Draw number `draw` of the null: item i of the first goes with item order[i] of the second. n items, groups as in
 * options (permute "free": items move freely, whole groups of one size where groups are given; "within": inside each
 * group). Depends on (seed, draw, n, groups) alone. Any number of threads at once. EGROUPS where no item can move. */
conceptdec_status conceptdec_i_similarity_order(const conceptdec_i_similarity *s, int64_t n, const int64_t *groups,
                                                int64_t draw, int32_t *order);
/* Draw number `draw` of the bootstrap: how often each of n items is drawn (whole groups, as many as there are). */
conceptdec_status conceptdec_i_similarity_drawn(const conceptdec_i_similarity *s, int64_t n, const int64_t *groups,
                                                int64_t draw, int32_t *times);

/* ---- parts of the driver ---- */

/* One line for each kind (options.c). */
typedef struct conceptdec_i_similarity_entry {
    const char *name;
    conceptdec_i_similarity_kind run;
    uint64_t takes; /* bits of the options that the kind uses, beside those that all do */
    bool is_distance, is_symmetric;
} conceptdec_i_similarity_entry;

const conceptdec_i_similarity_entry *conceptdec_i_similarity_entry_of(int32_t kind);
/* Defaults and checks of what does not depend on the views. */
conceptdec_status conceptdec_i_similarity_take_options(conceptdec_ctx *ctx, const conceptdec_similarity_options *given,
                                                       conceptdec_similarity_options *options);
conceptdec_status conceptdec_i_similarity_report(const conceptdec_i_similarity *s);
/* Plans the orders and units of the n rows (draws.c), and frees them. */
conceptdec_status conceptdec_i_similarity_plan(conceptdec_i_similarity *s);
void conceptdec_i_similarity_unplan(conceptdec_i_similarity *s);

#endif
