/* Representational similarity analysis: what the items are, and what the result says of their pairs. */
#include "similarity/rsa.h"

#include <inttypes.h>
#include <string.h>

#include "stats/groups.h"
#include "stats/order.h"
#include "stats/samples.h"

/* ---- conditions ---- */

static conceptdec_status
take_codes(conceptdec_i_similarity *s, const char *name, const conceptdec_matrix *view, int64_t **codes)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(s->ctx, name, view, CONCEPTDEC_I_INTS));
    if (view->rows != s->n)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ESIZE, "%s: %" PRId64 " rows, but a[0] has %" PRId64, name,
                                 view->rows, s->n);
    return conceptdec_i_samples_column(s->arena, name, view, s->n, codes);
}

static conceptdec_status
find_members(conceptdec_i_similarity *s, const int64_t *labels, uint8_t *is_member)
{
    for (int64_t i = 0; i < s->n; i++) {
        if (labels[i] < -1)
            return conceptdec_i_fail(s->ctx, CONCEPTDEC_ELABEL, "labels: %" PRId64 " at row %" PRId64 " is below -1",
                                     labels[i], i);
        is_member[i] = labels[i] >= 0;
    }
    return CONCEPTDEC_OK;
}

/* Every condition in every partition. */
static conceptdec_status
check_places(const conceptdec_i_rsa *rsa, const conceptdec_i_groups *conditions, const conceptdec_i_groups *partitions,
             const int64_t *labels, const int64_t *codes)
{
    conceptdec_i_similarity *s = rsa->s;
    const int64_t n_partitions = partitions->count;
    uint8_t *is_there;
    CONCEPTDEC_I_TRY(
        conceptdec_i_groups_take(s->arena, "conditions", conditions->count, (uint64_t)n_partitions, &is_there));
    for (int64_t i = 0; i < s->n; i++)
        if (rsa->place[i] >= 0)
            is_there[rsa->place[i]] = 1;
    for (int64_t place = 0; place < conditions->count * n_partitions; place++)
        if (!is_there[place])
            return conceptdec_i_fail(s->ctx, CONCEPTDEC_ELABEL,
                                     "partitions: condition %" PRId64 " has no sample in partition %" PRId64,
                                     labels[conditions->rows[conditions->start[place / n_partitions]]],
                                     codes[partitions->rows[partitions->start[place % n_partitions]]]);
    return CONCEPTDEC_OK;
}

static conceptdec_status
place_rows(conceptdec_i_rsa *rsa, const conceptdec_i_groups *conditions, const conceptdec_i_groups *partitions)
{
    conceptdec_i_similarity *s = rsa->s;
    int64_t places;
    if (partitions->count > 0)
        rsa->n_partitions = partitions->count;
    if (!conceptdec_i_mul(conditions->count, rsa->n_partitions, &places) || places > INT32_MAX)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW, "partitions: too many, with so many conditions");
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(s->arena, "conditions", s->n, sizeof *rsa->place, &rsa->place));
    for (int64_t i = 0; i < s->n; i++) {
        int64_t part = partitions->count > 0 ? partitions->number[i] : 0;
        rsa->place[i] = (int32_t)(conditions->number[i] < 0 ? -1 : conditions->number[i] * rsa->n_partitions + part);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_conditions(conceptdec_i_rsa *rsa)
{
    conceptdec_i_similarity *s = rsa->s;
    const conceptdec_similarity_options *o = &s->options;
    conceptdec_i_groups conditions, partitions = {0};
    int64_t *labels, *codes = NULL;
    uint8_t *is_member;
    if (o->groups)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EINVAL, "groups: are given, but with labels conditions are drawn");
    CONCEPTDEC_I_TRY(take_codes(s, "labels", o->labels, &labels));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(s->arena, "conditions", s->n, 1, &is_member));
    CONCEPTDEC_I_TRY(find_members(s, labels, is_member));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(s->arena, s->n, labels, is_member, &conditions));
    if (conditions.count < 2)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ETOOFEW, "labels: %" PRId64 " conditions, at least 2 are needed",
                                 conditions.count);
    rsa->items = conditions.count;
    if (!o->partitions)
        return place_rows(rsa, &conditions, &partitions);
    CONCEPTDEC_I_TRY(take_codes(s, "partitions", o->partitions, &codes));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(s->arena, s->n, codes, is_member, &partitions));
    if (partitions.count < 2)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_ETOOFEW, "partitions: %" PRId64 ", at least 2 are needed",
                                 partitions.count);
    CONCEPTDEC_I_TRY(place_rows(rsa, &conditions, &partitions));
    return check_places(rsa, &conditions, &partitions, labels, codes);
}

/* ---- the call ---- */

static conceptdec_status
lay_out(conceptdec_i_rsa *rsa)
{
    conceptdec_i_similarity *s = rsa->s;
    const int64_t n = rsa->items, shape[] = {s->n_a, s->n_b};
    rsa->pairs = n * (n - 1) / 2;
    if (rsa->pairs > INT32_MAX)
        return conceptdec_i_fail(s->ctx, CONCEPTDEC_EOVERFLOW, "%" PRId64 " items have more than %d pairs", n,
                                 INT32_MAX);
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(s->arena, "items", n, sizeof *rsa->start, &rsa->start));
    for (int64_t i = 0; i < n; i++)
        rsa->start[i] = i * (2 * n - i - 1) / 2 - i - 1;
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(s->ctx, s->result, CONCEPTDEC_R_N_PAIRS, 2, shape, &rsa->n_pairs));
    return conceptdec_i_result_option_number(s->ctx, s->result, "items", (double)n);
}

static void
plan_memory(const conceptdec_i_rsa *rsa, conceptdec_i_pairs *pairs)
{
    const conceptdec_i_similarity *s = rsa->s;
    bool is_ranked = s->options.comparison == CONCEPTDEC_COMPARE_SPEARMAN;
    for (int64_t v = 0; v < s->n_views; v++) {
        int64_t made = conceptdec_i_rsa_made_bytes(rsa, s->views[v]->cols);
        pairs->made_bytes = made > pairs->made_bytes ? made : pairs->made_bytes;
    }
    pairs->kept_bytes = 8 * rsa->pairs;
    pairs->pair_bytes = 8 * rsa->items;
    if (s->options.comparison == CONCEPTDEC_COMPARE_KENDALL || s->options.bootstrap > 0)
        pairs->pair_bytes = conceptdec_i_rsa_gathered_bytes(rsa);
    else if (is_ranked && pairs->made_bytes < CONCEPTDEC_I_ORDER_BYTES * rsa->pairs)
        pairs->made_bytes = CONCEPTDEC_I_ORDER_BYTES * rsa->pairs;
}

conceptdec_status
conceptdec_i_similarity_rsa(conceptdec_i_similarity *s)
{
    conceptdec_i_rsa rsa = {.s = s, .items = s->n, .n_partitions = 1};
    conceptdec_i_pairs pairs = {.s = s,
                                .argument = &rsa,
                                .reduce = conceptdec_i_rsa_reduce,
                                .share = conceptdec_i_rsa_share,
                                .measure = conceptdec_i_rsa_measure,
                                .bytes = conceptdec_i_rsa_bytes};
    if (s->options.labels)
        CONCEPTDEC_I_TRY(take_conditions(&rsa));
    CONCEPTDEC_I_TRY(lay_out(&rsa));
    pairs.items = rsa.items;
    pairs.groups = s->groups;
    pairs.is_serial = true;
    plan_memory(&rsa, &pairs);
    CONCEPTDEC_I_TRY(conceptdec_i_pairs_run(&pairs));
    for (int64_t i = 0; i < s->n_a && s->is_mirrored; i++)
        for (int64_t j = 0; j < i; j++)
            rsa.n_pairs[i * s->n_b + j] = rsa.n_pairs[j * s->n_b + i];
    return CONCEPTDEC_OK;
}
