/* Embeddings in files: a record (io/record.h). Nothing is believed when reading. */
#include <math.h>
#include <string.h>

#include "io/record.h"
#include "projection/umap.h"

static const conceptdec_i_record_kind umap_kind = {.magic = "cdecUmp\n", .format = 1, .name = "an embedding"};

/* The header; every field is 8 bytes. */
typedef struct header {
    char magic[8];
    int64_t format;
    int64_t n, dims, columns, n_neighbors, self_counted, metric, epochs, n_strangers;
    uint64_t seed;
    double learning_rate, repulsion, local_connectivity, curve[2];
    int64_t n_edges, n_short, converged;
} header;

enum { PARTS = 7 };

static void
list_parts(const header *h, const conceptdec_umap *u, conceptdec_i_record_part parts[PARTS])
{
    int64_t places;
    if (!conceptdec_i_mul(h->n, h->columns, &places))
        places = INT64_MAX; /* which no file holds */
    const conceptdec_i_record_part all[PARTS] = {
        {u->embedding, places, 8}, {u->rows, h->n_edges, 8}, {u->cols, h->n_edges, 8}, {u->weights, h->n_edges, 8},
        {u->rho, h->n, 8},         {u->sigma, h->n, 8},      {u->part, h->n, 8}};
    memcpy(parts, all, sizeof all);
}

conceptdec_status
conceptdec_umap_save(conceptdec_ctx *ctx, const conceptdec_umap *umap, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!umap || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: NULL", umap ? "path" : "umap");
    header h = {.n = umap->n,
                .dims = umap->dims,
                .columns = umap->columns,
                .n_neighbors = umap->n_neighbors,
                .self_counted = umap->self_counted,
                .metric = umap->metric,
                .epochs = umap->epochs,
                .n_strangers = umap->n_strangers,
                .seed = umap->seed,
                .learning_rate = umap->learning_rate,
                .repulsion = umap->repulsion,
                .local_connectivity = umap->local_connectivity,
                .curve = {umap->curve[0], umap->curve[1]},
                .n_edges = umap->n_edges,
                .n_short = umap->n_short,
                .converged = umap->converged};
    conceptdec_i_record_part parts[PARTS];
    list_parts(&h, umap, parts);
    return conceptdec_i_record_save(ctx, path, &umap_kind, &h, sizeof h, parts, PARTS);
}

/* ---- reading ---- */

static bool
within(int64_t value, int64_t low, int64_t high)
{
    return value >= low && value <= high;
}

static bool
lies_in(double value, double low, double high)
{
    return value >= low && value <= high;
}

static bool
header_is_sound(const header *h)
{
    return within(h->n, 2, INT32_MAX) && within(h->dims, 1, INT64_MAX) &&
           within(h->columns, 1, CONCEPTDEC_I_LAYOUT_COLUMNS) && h->n * h->columns <= INT32_MAX &&
           within(h->n_neighbors, 1, h->n - 1) && within(h->self_counted, 0, 1) && within(h->metric, 0, 1) &&
           within(h->epochs, 0, INT32_MAX) && within(h->n_strangers, 0, 1000) && lies_in(h->learning_rate, 0, 1000) &&
           lies_in(h->repulsion, 0, 1e6) && lies_in(h->local_connectivity, 0, INT32_MAX) &&
           lies_in(h->curve[0], 0, 1e9) && lies_in(h->curve[1], 0, 1e9) && within(h->n_edges, 0, INT64_MAX / 64) &&
           within(h->n_short, 0, h->n) && within(h->converged, 0, 1);
}

static bool
edge_is_sound(const conceptdec_umap *u, int64_t e)
{
    if (!within(u->rows[e], 0, u->n - 1) || !within(u->cols[e], 0, u->n - 1) || u->rows[e] == u->cols[e] ||
        !(u->weights[e] > 0 && u->weights[e] <= 1))
        return false;
    return e == 0 || u->rows[e] > u->rows[e - 1] || (u->rows[e] == u->rows[e - 1] && u->cols[e] > u->cols[e - 1]);
}

static bool
sample_is_sound(const conceptdec_umap *u, int64_t i)
{
    for (int64_t c = 0; c < u->columns; c++)
        if (!(fabs(u->embedding[i * u->columns + c]) <= CONCEPTDEC_I_UMAP_REACH))
            return false;
    return u->rho[i] >= 0 && isfinite(u->rho[i]) && u->sigma[i] >= 0 && isfinite(u->sigma[i]) &&
           within(u->part[i], 0, i);
}

static conceptdec_status
check_values(conceptdec_i_record *file, const conceptdec_umap *u)
{
    bool is_sound = true;
    for (int64_t e = 0; e < u->n_edges && is_sound; e++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(file->ctx, e));
        is_sound = edge_is_sound(u, e);
    }
    for (int64_t i = 0; i < u->n && is_sound; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(file->ctx, i));
        is_sound = sample_is_sound(u, i);
    }
    return is_sound ? CONCEPTDEC_OK : conceptdec_i_record_refuse(file, "a value is impossible");
}

static void
take_header(const header *h, conceptdec_umap *u)
{
    u->n = h->n;
    u->dims = h->dims;
    u->columns = h->columns;
    u->n_neighbors = h->n_neighbors;
    u->self_counted = h->self_counted;
    u->metric = h->metric;
    u->epochs = h->epochs;
    u->n_strangers = h->n_strangers;
    u->seed = h->seed;
    u->learning_rate = h->learning_rate;
    u->repulsion = h->repulsion;
    u->local_connectivity = h->local_connectivity;
    u->curve[0] = h->curve[0];
    u->curve[1] = h->curve[1];
    u->n_edges = h->n_edges;
    u->n_short = h->n_short;
    u->converged = h->converged;
}

static conceptdec_status
read_umap(conceptdec_i_record *file, const header *h, conceptdec_umap *u)
{
    conceptdec_i_record_part parts[PARTS];
    if (!header_is_sound(h))
        return conceptdec_i_record_refuse(file, "a size is impossible");
    list_parts(h, u, parts);
    CONCEPTDEC_I_TRY(conceptdec_i_record_fits(file, sizeof *h, parts, PARTS));
    take_header(h, u);
    CONCEPTDEC_I_TRY(conceptdec_i_umap_take(file->ctx, u));
    list_parts(h, u, parts);
    CONCEPTDEC_I_TRY(conceptdec_i_record_get_parts(file, parts, PARTS));
    CONCEPTDEC_I_TRY(conceptdec_i_record_end(file));
    return check_values(file, u);
}

conceptdec_status
conceptdec_umap_load(conceptdec_ctx *ctx, const char *path, conceptdec_umap **umap)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !umap)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: NULL", path ? "umap" : "path");
    header h;
    conceptdec_i_record file;
    conceptdec_umap *u;
    CONCEPTDEC_I_TRY(conceptdec_i_record_open(ctx, path, &umap_kind, &h, sizeof h, &file));
    conceptdec_status status = conceptdec_i_umap_make(ctx, &u);
    if (status == CONCEPTDEC_OK) {
        status = read_umap(&file, &h, u);
        if (status == CONCEPTDEC_OK)
            *umap = u;
        else
            conceptdec_umap_free(u);
    }
    conceptdec_i_record_close(&file);
    return status;
}
