/* Life of principal components, and questions to them. */
#include "projection/pca.h"

#include <math.h>

#include "core/named.h"

conceptdec_status
conceptdec_i_pca_make(conceptdec_ctx *ctx, int64_t n, int64_t d, int64_t r, conceptdec_pca **pca)
{
    int64_t count;
    void *p;
    if (!conceptdec_i_mul(r, d + 5, &count) || !conceptdec_i_add(count, 2 * d, &count))
        count = INT64_MAX;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "principal components", 1, sizeof **pca, &p));
    conceptdec_pca *made = p;
    conceptdec_status status = conceptdec_i_take_zero(ctx, "principal components", count, sizeof(double), &p);
    if (status != CONCEPTDEC_OK) {
        conceptdec_i_give(ctx, made);
        return status;
    }
    double *at = p;
    *made = (conceptdec_pca){
        .memory = conceptdec_i_memory_share(ctx->memory), .n = n, .d = d, .r = r, .components = at, .converged = 1};
    double **vectors[] = {&made->variance, &made->ratio, &made->singular, &made->residual, &made->gap};
    at += r * d;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++, at += r)
        *vectors[i] = at;
    made->mean = at;
    made->scale = at + d;
    *pca = made;
    return CONCEPTDEC_OK;
}

void
conceptdec_i_pca_derive(conceptdec_pca *p)
{
    for (int64_t k = 0; k < p->r; k++) {
        p->ratio[k] = p->total > 0 ? p->variance[k] / p->total : (double)NAN;
        p->singular[k] = sqrt(p->variance[k]) * sqrt((double)(p->n - 1));
    }
}

void
conceptdec_pca_free(conceptdec_pca *p)
{
    if (!p)
        return;
    conceptdec_i_memory *memory = p->memory;
    conceptdec_i_memory_give(memory, p->components);
    conceptdec_i_memory_give(memory, p);
    conceptdec_i_memory_drop(memory);
}

conceptdec_status
conceptdec_pca_get(const conceptdec_pca *p, const char *name, conceptdec_array *array)
{
    if (!p || !name || !array)
        return CONCEPTDEC_ENULL;
    const int32_t real = CONCEPTDEC_FLOAT64, whole = CONCEPTDEC_INT64;
    const conceptdec_i_named all[] = {
        {CONCEPTDEC_P_COMPONENTS, {.data = p->components, .shape = {p->r, p->d}, .ndim = 2, .dtype = real}},
        {CONCEPTDEC_P_EXPLAINED_VARIANCE, {.data = p->variance, .shape = {p->r}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_P_EXPLAINED_VARIANCE_RATIO, {.data = p->ratio, .shape = {p->r}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_P_SINGULAR_VALUES, {.data = p->singular, .shape = {p->r}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_P_MEAN, {.data = p->mean, .shape = {p->d}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_P_SCALE, {.data = p->scale, .shape = {p->d}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_P_RESIDUAL, {.data = p->residual, .shape = {p->r}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_P_EIGEN_GAP, {.data = p->gap, .shape = {p->r}, .ndim = 1, .dtype = real}},
        {CONCEPTDEC_P_TOTAL_VARIANCE, {.data = &p->total, .dtype = real}},
        {CONCEPTDEC_P_N_SAMPLES, {.data = &p->n, .dtype = whole}},
        {CONCEPTDEC_P_N_CLAMPED, {.data = &p->n_clamped, .dtype = whole}},
        {CONCEPTDEC_P_SOLVER, {.data = &p->solver, .dtype = whole}},
        {CONCEPTDEC_P_ITERATIONS, {.data = &p->iterations, .dtype = whole}},
        {CONCEPTDEC_P_CONVERGED, {.data = &p->converged, .dtype = whole}},
    };
    return conceptdec_i_named_get(all, sizeof all / sizeof *all, name, array);
}
