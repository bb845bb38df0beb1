/* Principal components in files: a record (io/record.h). */
#include <math.h>

#include "io/record.h"
#include "projection/pca.h"

static const conceptdec_i_record_kind pca_kind = {.magic = "cdecPca\n", .format = 1, .name = "principal components"};

/* The header; every field is 8 bytes. */
typedef struct header {
    char magic[8];
    int64_t format;
    int64_t n, d, r, flags, solver, iterations, converged, n_clamped;
    double total, floor;
} header;

enum { PARTS = 6 };

static void
list_parts(const header *h, const conceptdec_pca *p, conceptdec_i_record_part parts[PARTS])
{
    int64_t count, size = sizeof(double);
    if (!conceptdec_i_mul(h->r, h->d, &count))
        count = INT64_MAX; /* which no file holds */
    parts[0] = (conceptdec_i_record_part){.data = p ? p->components : NULL, .count = count, .size = size};
    parts[1] = (conceptdec_i_record_part){.data = p ? p->variance : NULL, .count = h->r, .size = size};
    parts[2] = (conceptdec_i_record_part){.data = p ? p->residual : NULL, .count = h->r, .size = size};
    parts[3] = (conceptdec_i_record_part){.data = p ? p->gap : NULL, .count = h->r, .size = size};
    parts[4] = (conceptdec_i_record_part){.data = p ? p->mean : NULL, .count = h->d, .size = size};
    parts[5] = (conceptdec_i_record_part){.data = p ? p->scale : NULL, .count = h->d, .size = size};
}

conceptdec_status
conceptdec_pca_save(conceptdec_ctx *ctx, const conceptdec_pca *p, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!p || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", p ? "path" : "pca");
    header h = {.n = p->n,
                .d = p->d,
                .r = p->r,
                .flags = p->flags,
                .solver = p->solver,
                .iterations = p->iterations,
                .converged = p->converged,
                .n_clamped = p->n_clamped,
                .total = p->total,
                .floor = p->floor};
    conceptdec_i_record_part parts[PARTS];
    list_parts(&h, p, parts);
    return conceptdec_i_record_save(ctx, path, &pca_kind, &h, sizeof h, parts, PARTS);
}

/* ---- reading ---- */

static bool
is_not_negative(double value)
{
    return value >= 0 && isfinite(value);
}

static bool
header_is_sound(const header *h)
{
    const int64_t known = CONCEPTDEC_PCA_UNCENTERED | CONCEPTDEC_PCA_STANDARDIZE | CONCEPTDEC_PCA_WHITEN;
    return h->n >= 2 && h->n <= INT64_C(1) << 53 && h->d >= 1 && h->d <= INT32_MAX && h->r >= 1 && h->r <= h->n &&
           h->r <= h->d && (h->flags & ~known) == 0 && h->solver >= CONCEPTDEC_PCA_COVARIANCE &&
           h->solver <= CONCEPTDEC_PCA_KRYLOV && h->iterations >= 0 && (h->converged == 0 || h->converged == 1) &&
           h->n_clamped >= 0 && h->n_clamped <= h->r && is_not_negative(h->total) && is_not_negative(h->floor);
}

static bool
has_unit_length(const double *v, int64_t d)
{
    double square = 0;
    for (int64_t j = 0; j < d; j++)
        square += v[j] * v[j];
    return fabs(square - 1) < 1e-6;
}

static bool
component_is_sound(const conceptdec_pca *p, int64_t k)
{
    return is_not_negative(p->variance[k]) && (k == 0 || p->variance[k] <= p->variance[k - 1]) &&
           is_not_negative(p->residual[k]) && is_not_negative(p->gap[k]) &&
           has_unit_length(p->components + k * p->d, p->d);
}

static bool
columns_are_sound(const conceptdec_pca *p)
{
    for (int64_t j = 0; j < p->d; j++)
        if (!isfinite(p->mean[j]) || !(p->scale[j] > 0 && isfinite(p->scale[j])))
            return false;
    return true;
}

static conceptdec_status
check_values(conceptdec_i_record *file, const conceptdec_pca *p)
{
    bool is_sound = columns_are_sound(p);
    for (int64_t k = 0; k < p->r && is_sound; k++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(file->ctx, 0));
        is_sound = component_is_sound(p, k);
    }
    return is_sound ? CONCEPTDEC_OK
                    : conceptdec_i_record_refuse(file, "a component, a variance, a mean or a scale is impossible");
}

static conceptdec_status
read_arrays(conceptdec_i_record *file, const header *h, conceptdec_pca *p)
{
    conceptdec_i_record_part parts[PARTS];
    list_parts(h, p, parts);
    CONCEPTDEC_I_TRY(conceptdec_i_record_get_parts(file, parts, PARTS));
    CONCEPTDEC_I_TRY(conceptdec_i_record_end(file));
    p->flags = h->flags;
    p->solver = h->solver;
    p->iterations = h->iterations;
    p->converged = h->converged;
    p->n_clamped = h->n_clamped;
    p->total = h->total;
    p->floor = h->floor;
    CONCEPTDEC_I_TRY(check_values(file, p));
    conceptdec_i_pca_derive(p);
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_pca(conceptdec_i_record *file, const header *h, conceptdec_pca **pca)
{
    conceptdec_i_record_part parts[PARTS];
    conceptdec_pca *p;
    if (!header_is_sound(h))
        return conceptdec_i_record_refuse(file, "a number of its header is impossible");
    list_parts(h, NULL, parts);
    CONCEPTDEC_I_TRY(conceptdec_i_record_fits(file, sizeof *h, parts, PARTS));
    CONCEPTDEC_I_TRY(conceptdec_i_pca_make(file->ctx, h->n, h->d, h->r, &p));
    conceptdec_status status = read_arrays(file, h, p);
    if (status == CONCEPTDEC_OK)
        *pca = p;
    else
        conceptdec_pca_free(p);
    return status;
}

conceptdec_status
conceptdec_pca_load(conceptdec_ctx *ctx, const char *path, conceptdec_pca **pca)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !pca)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", path ? "pca" : "path");
    header h;
    conceptdec_i_record file;
    CONCEPTDEC_I_TRY(conceptdec_i_record_open(ctx, path, &pca_kind, &h, sizeof h, &file));
    conceptdec_status status = read_pca(&file, &h, pca);
    conceptdec_i_record_close(&file);
    return status;
}
