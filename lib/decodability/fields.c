/* Arrays of a k-NN result. */
#include "decodability/knn.h"

#include <math.h>

/* ---- room ---- */

static conceptdec_status
take_axes(const conceptdec_i_shaping *s, const conceptdec_i_knn_settings *settings, int64_t classes)
{
    int64_t *ks, *codes;
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(s->ctx, s->result, CONCEPTDEC_R_K, 1, &settings->options.n_ks, &ks));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(s->ctx, s->result, CONCEPTDEC_R_CLASSES, 1, &classes, &codes));
    for (int64_t i = 0; i < settings->options.n_ks; i++)
        ks[i] = settings->ks[i];
    for (int64_t c = 0; c < classes; c++)
        codes[c] = c;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_reals(const conceptdec_i_shaping *s, const conceptdec_knn_options *o, int64_t classes, conceptdec_i_knn_fields *f)
{
    int64_t n_ks = o->n_ks;
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_DECODABILITY, 1, n_ks, 0, 0, &f->decodability));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_PER_CONCEPT, 2, n_ks, classes, 0, &f->per_concept));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_BALANCED, 1, n_ks, 0, 0, &f->balanced));
    if (!(o->flags & CONCEPTDEC_KNN_NO_CONFUSION))
        CONCEPTDEC_I_TRY(
            conceptdec_i_shaped_float64(s, CONCEPTDEC_R_CONFUSION, 3, n_ks, classes, classes, &f->confusion));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_CHANCE_UNIFORM, 0, 0, 0, 0, &f->chance_uniform));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_CHANCE_MAJORITY, 0, 0, 0, 0, &f->chance_majority));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_CHANCE_NULL, 1, n_ks, 0, 0, &f->chance_null));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_KAPPA, 1, n_ks, 0, 0, &f->kappa));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_LABEL_OVERLAP, 1, n_ks, 0, 0, &f->label_overlap));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_TIE_RATE, 1, n_ks, 0, 0, &f->tie_rate));
    CONCEPTDEC_I_TRY(
        conceptdec_i_shaped_float64(s, CONCEPTDEC_R_BOUNDARY_TIE_RATE, 1, n_ks, 0, 0, &f->boundary_tie_rate));
    if (o->permutations > 0) {
        CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_P_VALUE, 1, n_ks, 0, 0, &f->p_value));
        CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_NULL, 2, o->permutations, n_ks, 0, &f->null));
    }
    if (o->bootstrap > 0) {
        CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_CI_LOW, 1, n_ks, 0, 0, &f->ci_low));
        CONCEPTDEC_I_TRY(conceptdec_i_shaped_float64(s, CONCEPTDEC_R_CI_HIGH, 1, n_ks, 0, 0, &f->ci_high));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_knn_fields_take(conceptdec_ctx *ctx, const conceptdec_i_knn_settings *settings,
                             const conceptdec_i_knn_data *data, conceptdec_result *result, conceptdec_i_knn_fields *f)
{
    conceptdec_i_shaping s = {.ctx = ctx, .result = result, .n_sets = data->n_sets};
    const conceptdec_knn_options *o = &settings->options;
    *f = (conceptdec_i_knn_fields){0};
    CONCEPTDEC_I_TRY(take_axes(&s, settings, data->classes));
    CONCEPTDEC_I_TRY(take_reals(&s, o, data->classes, f));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_int64(&s, CONCEPTDEC_R_N_SCORED, 0, 0, 0, 0, &f->n_scored));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_int64(&s, CONCEPTDEC_R_N_IGNORED, 0, 0, 0, 0, &f->n_ignored));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_int64(&s, CONCEPTDEC_R_N_UNSCORED, 0, 0, 0, 0, &f->n_unscored));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_int64(&s, CONCEPTDEC_R_N_SHORT, 1, o->n_ks, 0, 0, &f->n_short));
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(ctx, result, CONCEPTDEC_R_N_ZERO_ROWS, 0, NULL, &f->n_zero_rows));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_int64(&s, CONCEPTDEC_R_CLASS_COUNT, 1, data->classes, 0, 0, &f->class_count));
    CONCEPTDEC_I_TRY(conceptdec_i_shaped_int64(&s, CONCEPTDEC_R_UNDECODABLE, 1, data->classes, 0, 0, &f->undecodable));
    if (o->protocol == CONCEPTDEC_PROTOCOL_KFOLD)
        CONCEPTDEC_I_TRY(conceptdec_i_shaped_int64(&s, CONCEPTDEC_R_FOLD, 1, data->n, 0, 0, &f->fold));
    return CONCEPTDEC_OK;
}

/* ---- scores ---- */

static conceptdec_i_share
pair(const conceptdec_i_knn_count *pairs, int64_t place)
{
    return (conceptdec_i_share){.units = pairs[2 * place], .parts = pairs[2 * place + 1]};
}

static double
ratio(double sum, int64_t count)
{
    return count > 0 ? sum / (double)count : (double)NAN;
}

/* The mean credit of each class, and the mean of these. sorted: scratch, one for each class. */
static void
write_concepts(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_scores *scores, int64_t rank,
               double *sorted, double *per_concept, double *balanced)
{
    int64_t present = 0;
    for (int64_t c = 0; c < problem->classes; c++) {
        double credit = conceptdec_i_share_value(pair(scores->credit, rank * problem->classes + c));
        per_concept[c] = ratio(credit, scores->class_count[c]);
        if (scores->class_count[c] > 0)
            sorted[present++] = per_concept[c];
    }
    *balanced = conceptdec_i_mean_of_sorted(sorted, present);
}

static void
write_rank(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_scores *scores, int64_t rank, int64_t at,
           double *sorted, conceptdec_i_knn_fields *f)
{
    int64_t classes = problem->classes, n = problem->n_rows, cells = classes * classes;
    f->decodability[at] = ratio(conceptdec_i_share_value(scores->total[rank]), n);
    f->label_overlap[at] = ratio(conceptdec_i_share_value(pair(scores->overlap, rank)), n);
    f->tie_rate[at] = ratio((double)scores->n_tied[rank], n);
    f->boundary_tie_rate[at] = ratio((double)scores->n_crossed[rank], n);
    f->n_short[at] = scores->n_short[rank];
    f->chance_null[at] = f->kappa[at] = (double)NAN;
    write_concepts(problem, scores, rank, sorted, f->per_concept + at * classes, &f->balanced[at]);
    for (int64_t i = 0; f->confusion && i < cells; i++)
        f->confusion[at * cells + i] = conceptdec_i_share_value(pair(scores->confusion, rank * cells + i));
}

/* Where the voters of a class are, one class after the other. */
typedef struct members {
    int64_t count, low, high; /* and the lowest and highest group code among them */
} members;

static void
count_member(const conceptdec_i_knn_problem *problem, int64_t row, members *of)
{
    int64_t code = problem->set->exclusion.group ? problem->set->exclusion.group[row] : 0;
    of->low = of->count == 0 || code < of->low ? code : of->low;
    of->high = of->count == 0 || code > of->high ? code : of->high;
    of->count++;
}

/* No scored row of the class can have an eligible row of the same class. */
static bool
is_undecodable(const conceptdec_i_knn_problem *problem, const members *of)
{
    if (problem->set->exclusion.group)
        return of->count == 0 || of->low == of->high;
    return of->count == 0 || (problem->set->exclusion.self && of->count == 1);
}

static conceptdec_status
write_classes(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_scores *scores, int64_t set,
              conceptdec_i_knn_fields *f)
{
    int64_t first = set * problem->classes;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(problem->ctx, "class members", problem->classes, sizeof(members), &memory));
    members *of = memory;
    for (int64_t i = 0; i < problem->n; i++)
        if (problem->set->is_voter[i])
            count_member(problem, i, &of[problem->set->labels[i]]);
    for (int64_t c = 0; c < problem->classes; c++) {
        f->class_count[first + c] = scores->class_count[c];
        f->undecodable[first + c] = scores->class_count[c] > 0 && is_undecodable(problem, &of[c]);
    }
    conceptdec_i_give(problem->ctx, memory);
    return CONCEPTDEC_OK;
}

static void
write_chances(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_scores *scores, int64_t set,
              conceptdec_i_knn_fields *f)
{
    int64_t present = 0, largest = 0;
    for (int64_t c = 0; c < problem->classes; c++) {
        present += scores->class_count[c] > 0;
        largest = scores->class_count[c] > largest ? scores->class_count[c] : largest;
    }
    f->chance_uniform[set] = ratio(1, present);
    f->chance_majority[set] = ratio((double)largest, problem->n_rows);
}

conceptdec_status
conceptdec_i_knn_fields_scores(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_scores *scores,
                               int64_t set, conceptdec_i_knn_fields *f)
{
    const conceptdec_i_knn_settings *settings = problem->settings;
    int64_t n_ks = settings->options.n_ks;
    void *sorted;
    CONCEPTDEC_I_TRY(conceptdec_i_take(problem->ctx, "class scores", problem->classes, sizeof(double), &sorted));
    for (int64_t i = 0; i < n_ks; i++)
        write_rank(problem, scores, settings->rank_of_k[i], set * n_ks + i, sorted, f);
    conceptdec_i_give(problem->ctx, sorted);
    write_chances(problem, scores, set, f);
    f->n_scored[set] = problem->n_rows;
    f->n_unscored[set] = problem->n_unscored;
    f->n_ignored[set] = problem->n - problem->set->n_labelled;
    for (int64_t i = 0; f->fold && i < problem->n; i++)
        f->fold[set * problem->n + i] = problem->set->fold[i];
    return write_classes(problem, scores, set, f);
}

/* ---- the null ---- */

void
conceptdec_i_knn_fields_null(const conceptdec_i_knn_problem *problem, const conceptdec_i_knn_scores *scores,
                             const conceptdec_i_share *sums, int64_t set, conceptdec_i_knn_fields *f)
{
    const conceptdec_i_knn_settings *settings = problem->settings;
    int64_t n_ks = settings->options.n_ks, draws = settings->draws;
    for (int64_t i = 0; i < n_ks; i++) {
        int64_t rank = settings->rank_of_k[i], at = set * n_ks + i, n_above = 0;
        double sum = 0;
        for (int64_t d = 0; d < draws; d++) {
            conceptdec_i_share draw = sums[d * settings->n_ranks + rank];
            double value = ratio(conceptdec_i_share_value(draw), problem->n_rows);
            sum += value;
            n_above += conceptdec_i_share_at_least(draw, scores->total[rank]);
            if (f->null)
                f->null[(set * draws + d) * n_ks + i] = value;
        }
        f->chance_null[at] = ratio(sum, draws);
        f->kappa[at] = f->chance_null[at] < 1 ? (f->decodability[at] - f->chance_null[at]) / (1 - f->chance_null[at])
                                              : (double)NAN;
        if (f->p_value)
            f->p_value[at] = problem->n_rows > 0 ? (1 + (double)n_above) / (1 + (double)draws) : (double)NAN;
    }
}
