/* conceptdec_embedding_quality(): arguments, both directions, the result. */
#include "projection/quality.h"

#include <string.h>

#define FIELDS 6 /* of conceptdec_quality_options, after `given` */
#define MEMORY 3
#define DEFAULT_K 15
#define DEFAULT_MEMORY (INT64_C(1) << 29)
#define MOST_KS 10000

typedef struct run {
    conceptdec_ctx *ctx;
    conceptdec_i_arena arena;
    const conceptdec_matrix *given[2]; /* x and embedding, as the caller has them */
    conceptdec_quality_options options;
    int64_t *ks;
    conceptdec_i_quality_space spaces[2];
    double *excess[2], *overlap;
    conceptdec_result *result, *decodability[2];
} run;

static const char *const names[] = {"x", "embedding"};

/* ---- arguments ---- */

static conceptdec_status
check_choices(conceptdec_ctx *ctx, const conceptdec_quality_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "metric", o->metric, 2));
    if (o->flags)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "flags: is 0x%x, must be 0", o->flags);
    if (o->memory < 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "memory: %lld bytes, must be above 0", (long long)o->memory);
    if (!o->ks && o->n_ks != 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "ks: is NULL, but n_ks is %lld", (long long)o->n_ks);
    if (o->ks && (o->n_ks < 1 || o->n_ks > MOST_KS))
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "n_ks: %lld is not in 1..%d", (long long)o->n_ks, MOST_KS);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_views(run *r)
{
    for (int i = 0; i < 2; i++) {
        r->spaces[i].view = r->given[i];
        CONCEPTDEC_I_TRY(conceptdec_i_view_open(&r->arena, names[i], &r->spaces[i].view));
    }
    int64_t n = r->given[0]->rows, n_embedded = r->given[1]->rows;
    if (n_embedded != n)
        return conceptdec_i_fail(r->ctx, CONCEPTDEC_ESIZE, "embedding: %lld rows, but x has %lld",
                                 (long long)n_embedded, (long long)n);
    if (n < 2)
        return conceptdec_i_fail(r->ctx, CONCEPTDEC_ETOOFEW, "x: %lld row, at least 2 are needed", (long long)n);
    const conceptdec_matrix *labels = r->options.labels;
    if (!labels)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(r->ctx, "labels", labels, CONCEPTDEC_I_INTS));
    if (labels->rows != n || labels->cols != 1)
        return conceptdec_i_fail(r->ctx, CONCEPTDEC_ESIZE, "labels: %lld x %lld, must be %lld x 1",
                                 (long long)labels->rows, (long long)labels->cols, (long long)n);
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_ks(run *r)
{
    conceptdec_quality_options *o = &r->options;
    int64_t n = r->given[0]->rows, count = o->ks ? o->n_ks : 1;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&r->arena, "ks", count, sizeof(int64_t), &p));
    r->ks = p;
    *r->ks = DEFAULT_K;
    if (o->ks)
        memcpy(r->ks, o->ks, (size_t)count * sizeof(int64_t));
    for (int64_t i = 0; i < count; i++)
        if (r->ks[i] < 1 || r->ks[i] > (n - 1) / 2)
            return conceptdec_i_fail(r->ctx, CONCEPTDEC_EK, "ks: %lld at place %lld is not in 1..%lld (below n / 2)",
                                     (long long)r->ks[i], (long long)i, (long long)(n - 1) / 2);
    o->ks = r->ks;
    o->n_ks = count;
    return CONCEPTDEC_OK;
}

static conceptdec_status
take_arguments(run *r, const conceptdec_quality_options *options)
{
    conceptdec_quality_options *o = &r->options;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(r->ctx, "options", options, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(r->ctx, "options", o->given, FIELDS));
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, DEFAULT_MEMORY);
    CONCEPTDEC_I_TRY(check_choices(r->ctx, o));
    CONCEPTDEC_I_TRY(check_views(r));
    CONCEPTDEC_I_TRY(take_ks(r));
    for (int i = 0; i < 2; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_view_finite(r->ctx, names[i], r->spaces[i].view));
    return CONCEPTDEC_OK;
}

/* ---- result ---- */

static conceptdec_status
score_labels(run *r)
{
    conceptdec_knn_options o = {.struct_size = sizeof o,
                                .given = 1u << 9,
                                .ks = r->ks,
                                .n_ks = r->options.n_ks,
                                .flags = CONCEPTDEC_KNN_NO_CONFUSION};
    for (int i = 0; r->options.labels && i < 2; i++)
        CONCEPTDEC_I_TRY(conceptdec_knn_decodability_neighbors(r->ctx, r->spaces[i].table, r->given[i],
                                                               r->options.labels, &o, &r->decodability[i]));
    return CONCEPTDEC_OK;
}

static conceptdec_status
copy_labels_scores(run *r)
{
    static const char *const fields[] = {CONCEPTDEC_R_DECODABILITY, CONCEPTDEC_R_DECODABILITY_EMBEDDED};
    for (int i = 0; r->options.labels && i < 2; i++) {
        conceptdec_array array;
        double *out;
        CONCEPTDEC_I_TRY(conceptdec_result_get(r->decodability[i], CONCEPTDEC_R_DECODABILITY, &array));
        CONCEPTDEC_I_TRY(conceptdec_i_result_float64(r->ctx, r->result, fields[i], 1, &r->options.n_ks, &out));
        memcpy(out, array.data, (size_t)r->options.n_ks * sizeof *out);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
report(run *r, int64_t n_refined)
{
    const conceptdec_quality_options *o = &r->options;
    static const char *const metrics[] = {"l2", "cosine"};
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_text(r->ctx, r->result, "metric", metrics[o->metric]));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_list(r->ctx, r->result, "ks", r->ks, o->n_ks));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(r->ctx, r->result, "labels", o->labels != NULL));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_number(r->ctx, r->result, "memory", (double)o->memory));
    return conceptdec_i_result_diagnostic(r->ctx, r->result, "n_refined", (double)n_refined);
}

static conceptdec_status
fill_result(run *r)
{
    static const char *const fields[] = {CONCEPTDEC_R_TRUSTWORTHINESS, CONCEPTDEC_R_CONTINUITY,
                                         CONCEPTDEC_R_KNN_PRESERVATION, CONCEPTDEC_R_R_NX};
    int64_t count = r->options.n_ks, *ks;
    double n = (double)r->given[0]->rows, *out[4];
    CONCEPTDEC_I_TRY(conceptdec_i_result_int64(r->ctx, r->result, CONCEPTDEC_R_K, 1, &count, &ks));
    memcpy(ks, r->ks, (size_t)count * sizeof *ks);
    for (int i = 0; i < 4; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_result_float64(r->ctx, r->result, fields[i], 1, &count, &out[i]));
    for (int64_t i = 0; i < count; i++) {
        double k = (double)ks[i], most = n * k * (2 * n - 3 * k - 1); /* of doubled ranks */
        out[0][i] = 1 - r->excess[0][i] / most;
        out[1][i] = 1 - r->excess[1][i] / most;
        out[2][i] = r->overlap[i] / (n * k);
        out[3][i] = ((n - 1) * out[2][i] - k) / (n - 1 - k);
    }
    return copy_labels_scores(r);
}

static conceptdec_status
execute(run *r, const conceptdec_quality_options *options)
{
    void *p;
    int64_t n_refined = 0;
    CONCEPTDEC_I_TRY(take_arguments(r, options));
    int64_t n_ks = r->options.n_ks, k_max = 0;
    for (int64_t i = 0; i < n_ks; i++)
        k_max = r->ks[i] > k_max ? r->ks[i] : k_max;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&r->arena, "scores", 3 * n_ks, sizeof(double), &p));
    r->excess[0] = p;
    r->excess[1] = r->excess[0] + n_ks;
    r->overlap = r->excess[1] + n_ks;
    for (int i = 0; i < 2; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_quality_space_open(
            &r->arena, k_max, i == 0 ? r->options.metric : CONCEPTDEC_METRIC_L2, r->given[i], &r->spaces[i]));
    CONCEPTDEC_I_TRY(score_labels(r));
    for (int i = 0; i < 2; i++)
        CONCEPTDEC_I_TRY(conceptdec_i_quality_direction(r->ctx, &r->spaces[i], &r->spaces[1 - i], r->ks, n_ks,
                                                        r->options.memory, r->excess[i], r->overlap, &n_refined));
    CONCEPTDEC_I_TRY(conceptdec_i_result_new(r->ctx, "embedding_quality", &r->result));
    CONCEPTDEC_I_TRY(fill_result(r));
    return report(r, n_refined);
}

conceptdec_status
conceptdec_embedding_quality(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_matrix *embedding,
                             const conceptdec_quality_options *options, conceptdec_result **result)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!result)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "result: is NULL");
    run r = {.ctx = ctx, .given = {x, embedding}};
    conceptdec_i_arena_open(&r.arena, ctx);
    conceptdec_status status = execute(&r, options);
    for (int i = 0; i < 2; i++) {
        conceptdec_neighbors_free(r.spaces[i].table);
        conceptdec_result_free(r.decodability[i]);
    }
    conceptdec_i_arena_close(&r.arena);
    if (status == CONCEPTDEC_OK)
        *result = r.result;
    else
        conceptdec_result_free(r.result);
    return status;
}
