/* Embeddings by UMAP: arguments, life, and what can be asked of them. */
#include <inttypes.h>

#include "core/named.h"
#include "neighbors/table.h"
#include "projection/umap.h"

conceptdec_status
conceptdec_i_umap_make(conceptdec_ctx *ctx, conceptdec_umap **umap)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "embedding", 1, sizeof **umap, &p));
    *umap = p;
    (*umap)->memory = conceptdec_i_memory_share(ctx->memory);
    return CONCEPTDEC_OK;
}

void
conceptdec_umap_free(conceptdec_umap *u)
{
    if (!u)
        return;
    conceptdec_i_memory *memory = u->memory;
    void *owned[] = {u->embedding, u->rows, u->cols, u->weights, u->rho, u->sigma, u->part, u};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        conceptdec_i_memory_give(memory, owned[i]);
    conceptdec_i_memory_drop(memory);
}

/* ---- fits ---- */

static conceptdec_status
fit_new(conceptdec_i_arena *arena, const conceptdec_umap_options *o, const conceptdec_matrix *x,
        const conceptdec_neighbors *table, const int64_t *labels, conceptdec_umap **umap)
{
    conceptdec_umap *u;
    CONCEPTDEC_I_TRY(conceptdec_i_umap_make(arena->ctx, &u));
    const conceptdec_status status = conceptdec_i_umap_fit(arena, o, x, table, labels, u);
    if (status == CONCEPTDEC_OK)
        *umap = u;
    else
        conceptdec_umap_free(u);
    return status;
}

static conceptdec_status
check_rows(conceptdec_ctx *ctx, const conceptdec_matrix *x)
{
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, "x", x, CONCEPTDEC_I_FLOATS | CONCEPTDEC_I_READERS));
    if (x->rows < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ETOOFEW, "x: %" PRId64 " row, at least 2 are needed", x->rows);
    if (x->rows > INT32_MAX - 1024)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "x: %" PRId64 " rows, at most 2147482623", x->rows);
    return CONCEPTDEC_OK;
}

static conceptdec_status
fit_rows(conceptdec_i_arena *arena, const conceptdec_matrix *x, const conceptdec_umap_options *given,
         conceptdec_umap **umap)
{
    conceptdec_umap_options o;
    const int64_t *labels;
    conceptdec_neighbors *table;
    CONCEPTDEC_I_TRY(conceptdec_i_umap_options(arena->ctx, given, false, &o));
    CONCEPTDEC_I_TRY(check_rows(arena->ctx, x));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_check_rows(arena, &o, x->rows, &labels));
    const int64_t k = conceptdec_i_umap_others(&o, x->rows);
    CONCEPTDEC_I_TRY(conceptdec_i_umap_check_memory(arena->ctx, &o, x->rows, k, 1));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_neighbors(arena->ctx, x, NULL, k, o.metric, &table));
    const conceptdec_status status = fit_new(arena, &o, x, table, labels, umap);
    conceptdec_neighbors_free(table);
    return status;
}

conceptdec_status
conceptdec_umap_new(conceptdec_ctx *ctx, const conceptdec_matrix *x, const conceptdec_umap_options *options,
                    conceptdec_umap **umap)
{
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!umap)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "umap: NULL, must point to where the embedding goes");
    conceptdec_i_arena_open(&arena, ctx);
    const conceptdec_status status = fit_rows(&arena, x, options, umap);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- fits from a table ---- */

static conceptdec_status
check_matrix(conceptdec_i_arena *arena, const conceptdec_neighbors *table, const conceptdec_umap_options *o,
             const conceptdec_matrix *x)
{
    uint64_t fingerprint;
    if (!x && o->init == CONCEPTDEC_UMAP_PCA)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ENULL, "x: missing, but init \"pca\" needs the rows");
    if (!x)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_view_open_once(arena, "x", &x));
    if (x->rows != table->n_rows || x->cols != table->dims)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ESIZE,
                                 "x: %" PRId64 " x %" PRId64 ", but the table is of %" PRId64 " x %" PRId64, x->rows,
                                 x->cols, table->n_rows, table->dims);
    CONCEPTDEC_I_TRY(conceptdec_i_fingerprint(arena->ctx, x, &fingerprint));
    if (table->fingerprint != 0 && fingerprint != table->fingerprint)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EINVAL, "x: is not the matrix that the table was made of");
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_table(conceptdec_i_arena *arena, const conceptdec_neighbors *table, const conceptdec_umap_options *o,
            const conceptdec_matrix *x)
{
    const int64_t k = conceptdec_i_umap_others(o, table->n_rows);
    if (!table->is_self)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EINVAL,
                                 "neighbors: has queries; a table of x itself is needed");
    if (table->n_rows < 2)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ETOOFEW, "neighbors: is of 1 row, at least 2 are needed");
    if (table->k < k)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ESHALLOW,
                                 "neighbors: has %" PRId64 " for each row, %" PRId64 " are needed", table->k, k);
    CONCEPTDEC_I_TRY(check_matrix(arena, table, o, x));
    return conceptdec_i_umap_check_memory(arena->ctx, o, table->n_rows, k, 1);
}

static conceptdec_status
fit_table(conceptdec_i_arena *arena, const conceptdec_neighbors *table, const conceptdec_matrix *x,
          const conceptdec_umap_options *given, conceptdec_umap **umap)
{
    conceptdec_umap_options o;
    const int64_t *labels;
    CONCEPTDEC_I_TRY(conceptdec_i_umap_options(arena->ctx, given, false, &o));
    CONCEPTDEC_I_TRY(check_table(arena, table, &o, x));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_take_metric(arena->ctx, table->metric, &o));
    CONCEPTDEC_I_TRY(conceptdec_i_umap_check_rows(arena, &o, table->n_rows, &labels));
    return fit_new(arena, &o, x, table, labels, umap);
}

conceptdec_status
conceptdec_umap_from_neighbors(conceptdec_ctx *ctx, const conceptdec_neighbors *neighbors, const conceptdec_matrix *x,
                               const conceptdec_umap_options *options, conceptdec_umap **umap)
{
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!neighbors || !umap)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: NULL", neighbors ? "umap" : "neighbors");
    conceptdec_i_arena_open(&arena, ctx);
    const conceptdec_status status = fit_table(&arena, neighbors, x, options, umap);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- what can be asked ---- */

conceptdec_status
conceptdec_umap_get(const conceptdec_umap *u, const char *name, conceptdec_array *array)
{
    if (!u || !name || !array)
        return CONCEPTDEC_ENULL;
    const int32_t real = CONCEPTDEC_FLOAT64, whole = CONCEPTDEC_INT64;
    const conceptdec_i_named all[] = {
        {CONCEPTDEC_U_EMBEDDING, {u->embedding, {u->n, u->columns}, 2, real}},
        {CONCEPTDEC_U_GRAPH_ROWS, {u->rows, {u->n_edges}, 1, whole}},
        {CONCEPTDEC_U_GRAPH_COLUMNS, {u->cols, {u->n_edges}, 1, whole}},
        {CONCEPTDEC_U_GRAPH_WEIGHTS, {u->weights, {u->n_edges}, 1, real}},
        {CONCEPTDEC_U_RHO, {u->rho, {u->n}, 1, real}},
        {CONCEPTDEC_U_SIGMA, {u->sigma, {u->n}, 1, real}},
        {CONCEPTDEC_U_CURVE, {u->curve, {2}, 1, real}},
        {CONCEPTDEC_U_PART, {u->part, {u->n}, 1, whole}},
        {CONCEPTDEC_U_N_SHORT, {&u->n_short, {0}, 0, whole}},
        {CONCEPTDEC_U_CONVERGED, {&u->converged, {0}, 0, whole}},
    };
    return conceptdec_i_named_get(all, sizeof all / sizeof *all, name, array);
}
