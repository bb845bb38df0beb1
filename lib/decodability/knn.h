/* k-NN decodability: from options and labels over a neighbour table to votes, scores, null and result.
 *
 * Order of the work: settings (options.c), sets (labels.c), tables (protocol.c), then for every set the votes of each
 * row (ballot.c, votes.c), their sums (scores.c), the same under permuted labels (null.c), the arrays (fields.c). */
#ifndef CONCEPTDEC_I_KNN_H
#define CONCEPTDEC_I_KNN_H

#include "core/core.h"
#include "neighbors/table.h"
#include "stats/share.h"

#define CONCEPTDEC_I_KNN_MAX_CLASSES 65536

/* ---- options (options.c) ---- */

typedef struct conceptdec_i_knn_settings {
    conceptdec_knn_options options; /* resolved: every field holds what is meant */
    int64_t n;                      /* rows */
    int64_t *ks;                    /* as asked, options.n_ks of them */
    int32_t *ranks;                 /* the different ones, ascending */
    int32_t n_ranks;
    int32_t *rank_of_k; /* place of ks[i] in ranks */
    int64_t k_max;
    int64_t draws; /* of the null: permutations, or chance_draws without them */
    bool metric_is_given;
} conceptdec_i_knn_settings;

/* Checks all that needs neither labels nor the matrix's values. */
conceptdec_status conceptdec_i_knn_settings_take(conceptdec_i_arena *arena, const conceptdec_knn_options *options,
                                                 int64_t n, conceptdec_i_knn_settings *settings);
conceptdec_status conceptdec_i_knn_settings_report(conceptdec_ctx *ctx, const conceptdec_i_knn_settings *settings,
                                                   conceptdec_result *result);

/* ---- labels (labels.c) ---- */

/* One label set under the protocol. */
typedef struct conceptdec_i_knn_set {
    int64_t *labels; /* n; -1: ignored */
    int32_t *narrow; /* the same */
    int64_t n_labelled;
    uint8_t *is_voter;
    uint8_t *is_query; /* rows that are to be scored */
    int64_t *fold;     /* k-fold only */
    conceptdec_i_exclusion exclusion;
} conceptdec_i_knn_set;

typedef struct conceptdec_i_knn_data {
    int64_t n, n_sets, classes;
    int64_t *groups; /* NULL: none */
    uint8_t *train;  /* NULL: none */
    conceptdec_i_knn_set *sets;
} conceptdec_i_knn_data;

conceptdec_status conceptdec_i_knn_data_take(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings,
                                             const conceptdec_matrix *labels, conceptdec_i_knn_data *data);

/* ---- tables (protocol.c) ---- */

/* The tables from which one set is read: `tables[which[row]]`. */
typedef struct conceptdec_i_knn_source {
    const conceptdec_neighbors *tables[2]; /* the second: rows for which the first is too shallow; or NULL */
    conceptdec_i_exclusion exclusions[2];  /* the set's, with the census of each table */
    conceptdec_i_census censuses[2];
    uint8_t *which;
    int64_t n_deepened;
    conceptdec_neighbors *deep; /* owned */
} conceptdec_i_knn_source;

/* One table for sets first..first+count-1. */
conceptdec_status conceptdec_i_knn_search(conceptdec_ctx *ctx, const conceptdec_i_knn_settings *settings,
                                          const conceptdec_i_knn_data *data, int64_t first, int64_t count,
                                          const conceptdec_matrix *x, conceptdec_neighbors **table);
/* x may be NULL (ESHALLOW where it would be needed). Whatever is returned, free it with _source_close. */
conceptdec_status conceptdec_i_knn_source_open(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings,
                                               const conceptdec_i_knn_set *set, const conceptdec_neighbors *table,
                                               const conceptdec_matrix *x, conceptdec_i_knn_source *source);
void conceptdec_i_knn_source_close(conceptdec_i_knn_source *source);

/* ---- ballots (ballot.c) ---- */

/* Neighbours at one distance, `size` of them: rows[first_row .. + n_listed), and the voters of values[first_value .. +
 * n_values) but for the n_left_out rows that follow the listed ones. */
typedef struct conceptdec_i_ballot_shell {
    double d2;
    double weight; /* of one vote */
    int64_t size, n_closer;
    int64_t first_row, n_listed, n_left_out;
    int64_t first_value, n_values;
} conceptdec_i_ballot_shell;

/* Who votes for one row, up to rank k_max. */
typedef struct conceptdec_i_ballot {
    conceptdec_i_ballot_shell *shells; /* k_max */
    int32_t *rows;                     /* n */
    int32_t *values;                   /* numbers of large values, see below */
    uint8_t *is_crossed;               /* n_ranks: more rows at the k-th distance than places left */
    int64_t n_shells, n_rows, n_values;
    int64_t n_eligible; /* all of them where fewer than k_max, else at least k_max */
} conceptdec_i_ballot;

/* Values with so many voters that their labels are counted once for all rows that see them. */
typedef struct conceptdec_i_knn_large {
    int64_t count;
    int32_t *number[2]; /* of each value of each table; -1: small */
    int32_t *value;     /* of each number */
    uint8_t *table;     /* of each number */
} conceptdec_i_knn_large;

/* All that votes are read from. */
typedef struct conceptdec_i_knn_problem {
    conceptdec_ctx *ctx;
    const conceptdec_i_knn_settings *settings;
    const conceptdec_i_knn_set *set;
    const conceptdec_i_knn_source *source;
    int64_t n, classes;
    conceptdec_i_knn_large large;
    int32_t *rows; /* scored rows, ascending */
    int64_t n_rows;
    int64_t n_unscored;
} conceptdec_i_knn_problem;

conceptdec_status conceptdec_i_knn_problem_open(conceptdec_i_arena *arena, const conceptdec_i_knn_settings *settings,
                                                const conceptdec_i_knn_data *data, int64_t set,
                                                const conceptdec_i_knn_source *source,
                                                conceptdec_i_knn_problem *problem);
conceptdec_status conceptdec_i_ballot_take(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem,
                                           conceptdec_i_ballot *ballot);
void conceptdec_i_ballot_fill(const conceptdec_i_knn_problem *problem, int64_t row, conceptdec_i_ballot *ballot);
/* Whether the ballot is plain: k_max rows, each with one vote, that can be listed in any order within a shell. */
bool conceptdec_i_ballot_is_plain(const conceptdec_i_knn_problem *problem, const conceptdec_i_ballot *ballot);

/* ---- votes (votes.c) ---- */

/* Labels under which votes are cast, one assignment to a lane: bytes[row * 64 + lane], or wide[lane * n + row]. */
typedef struct conceptdec_i_knn_labels {
    const uint8_t *bytes;
    const int32_t *wide;
    int64_t n, classes;
    int lanes;
    int32_t *large;    /* labels of the voters of large values: [number][lane][class] */
    double *per_voter; /* balanced: 1 / voters of the class, [lane][class]; else NULL */
} conceptdec_i_knn_labels;

static inline int32_t
conceptdec_i_knn_label(const conceptdec_i_knn_labels *labels, int64_t row, int lane)
{
    return labels->bytes ? labels->bytes[row * 64 + lane] : labels->wide[lane * labels->n + row];
}

/* Room for the counts of `lanes` assignments, and the counting (parallel). */
conceptdec_status conceptdec_i_knn_labels_take(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem,
                                               int lanes, conceptdec_i_knn_labels *labels);
conceptdec_status conceptdec_i_knn_labels_count(const conceptdec_i_knn_problem *problem,
                                                conceptdec_i_knn_labels *labels);

int64_t conceptdec_i_knn_labels_tasks(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_labels *labels);

/* How one row voted at one rank. */
typedef struct conceptdec_i_knn_outcome {
    int32_t rank;      /* place in settings->ranks */
    int32_t n_tied;    /* classes with the most votes */
    int32_t n_winners; /* those of them that the rule for ties leaves */
    bool own_wins;
    const int32_t *winners;
    int64_t n_own, n_all; /* of n_all neighbours n_own have the row's own label; both times the shell's size */
} conceptdec_i_knn_outcome;

typedef void (*conceptdec_i_knn_listener)(void *argument, const conceptdec_i_knn_outcome *outcome);

/* Counters of one running task. */
typedef struct conceptdec_i_knn_booth {
    double *closed;  /* weighted votes of the shells before this one, by class */
    double *part;    /* voters of this shell, by class */
    double *nearest; /* squared distance of the nearest member */
    double *votes;   /* of seen[i] */
    int32_t *seen;   /* classes with a vote; closed[c] may still be 0 */
    int32_t *fresh;  /* classes with a voter in this shell */
    int32_t *winners;
    uint8_t *is_seen;
    int64_t n_seen, n_fresh;
} conceptdec_i_knn_booth;

conceptdec_status conceptdec_i_knn_booth_take(conceptdec_i_arena *arena, int64_t classes,
                                              conceptdec_i_knn_booth *booth);
/* Casts one ballot under one assignment; the listener hears each rank in ascending order. */
void conceptdec_i_knn_cast(const conceptdec_i_knn_problem *problem, const conceptdec_i_ballot *ballot,
                           const conceptdec_i_knn_labels *labels, int lane, int32_t own, conceptdec_i_knn_booth *booth,
                           conceptdec_i_knn_listener listener, void *argument);

/* Nanoseconds for one ballot cast in so many lanes, roughly; and rows that take some milliseconds. */
int64_t conceptdec_i_knn_cost(const conceptdec_i_knn_problem *problem, int lanes);
int64_t conceptdec_i_knn_rows_per_task(const conceptdec_i_knn_problem *problem, int lanes);

/* ---- scores (scores.c) ---- */

typedef _Atomic int64_t conceptdec_i_knn_count;

/* Sums over the scored rows; pairs are (units, parts) of a share. */
typedef struct conceptdec_i_knn_scores {
    int64_t *class_count;              /* classes */
    conceptdec_i_knn_count *credit;    /* ranks x classes x 2 */
    conceptdec_i_knn_count *confusion; /* ranks x classes x classes x 2; NULL: left out */
    conceptdec_i_knn_count *overlap;   /* ranks x 2 */
    conceptdec_i_knn_count *n_tied;    /* ranks */
    conceptdec_i_knn_count *n_crossed; /* ranks */
    conceptdec_i_knn_count *n_short;   /* ranks */
    conceptdec_i_share *total;         /* ranks: credit of all classes */
    double *row_credit;                /* n x n_ks, NaN where not scored; NULL: not wanted */
    int32_t *plan;                     /* n_rows x k_max: neighbours of rows with a plain ballot; NULL: not wanted */
    uint8_t *is_plain;
} conceptdec_i_knn_scores;

conceptdec_status conceptdec_i_knn_score(conceptdec_i_arena *arena, const conceptdec_i_knn_problem *problem,
                                         conceptdec_i_knn_scores *scores);

/* ---- the null (null.c) ---- */

/* Lanes of one block: 64 where labels fit a byte. */
int conceptdec_i_knn_null_lanes(const conceptdec_i_knn_problem *problem);
/* Credit of every lane under `labels` (counted already): sums[rank * 64 + lane]. */
conceptdec_status conceptdec_i_knn_null_block(const conceptdec_i_knn_problem *problem,
                                              const conceptdec_i_knn_scores *scores,
                                              const conceptdec_i_knn_labels *labels, conceptdec_i_share *sums);
/* sums: draws x ranks. */
conceptdec_status conceptdec_i_knn_null(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_data *data,
                                        const conceptdec_i_knn_scores *scores, conceptdec_i_share *sums);

/* ---- the result (fields.c) ---- */

/* All arrays of the result; a set writes at its place on the first axis. */
typedef struct conceptdec_i_knn_fields {
    double *decodability, *per_concept, *balanced, *confusion, *chance_uniform, *chance_majority, *chance_null, *kappa;
    double *label_overlap, *tie_rate, *boundary_tie_rate, *p_value, *null, *ci_low, *ci_high;
    int64_t *n_scored, *n_ignored, *n_unscored, *n_short, *n_zero_rows, *class_count, *undecodable, *fold;
} conceptdec_i_knn_fields;

conceptdec_status conceptdec_i_knn_fields_take(conceptdec_ctx *ctx, const conceptdec_i_knn_settings *settings,
                                               const conceptdec_i_knn_data *data, conceptdec_result *result,
                                               conceptdec_i_knn_fields *fields);
conceptdec_status conceptdec_i_knn_fields_scores(const conceptdec_i_knn_problem *problem,
                                                 const conceptdec_i_knn_scores *scores, int64_t set,
                                                 conceptdec_i_knn_fields *fields);
/* sums: draws x ranks. */
void conceptdec_i_knn_fields_null(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_scores *scores,
                                  const conceptdec_i_share *sums, int64_t set, conceptdec_i_knn_fields *fields);

/* ---- one matrix (knn.c) ---- */

/* conceptdec_knn_decodability() without its entry; replicates: NULL, or bootstrap draws x (L x K). */
conceptdec_status conceptdec_i_knn_cell(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                        const conceptdec_matrix *labels, const conceptdec_knn_options *options,
                                        double *replicates, conceptdec_result **result);

#endif
