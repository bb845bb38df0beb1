/* Fitted probes in files: a record (io/record.h). */
#include <math.h>

#include "io/record.h"
#include "probe/model.h"

static const conceptdec_i_record_kind model_kind = {.magic = "cdecPrb\n", .format = 1, .name = "a fitted probe"};

/* The header; every field is 8 bytes. */
typedef struct header {
    char magic[8];
    int64_t format;
    int64_t kind, classes, columns, d, converged, iterations;
    double lambda, decrement, objective, sharpness;
} header;

enum { PARTS = 2 };

static void
list_parts(const header *h, const conceptdec_probe_model *m, conceptdec_i_record_part parts[PARTS])
{
    int64_t count;
    if (!conceptdec_i_mul(h->columns, h->d, &count))
        count = INT64_MAX; /* which no file holds */
    parts[0] = (conceptdec_i_record_part){.data = m ? m->weights : NULL, .count = count, .size = sizeof(double)};
    parts[1] = (conceptdec_i_record_part){.data = m ? m->bias : NULL, .count = h->columns, .size = sizeof(double)};
}

conceptdec_status
conceptdec_probe_model_save(conceptdec_ctx *ctx, const conceptdec_probe_model *model, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!model || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", model ? "path" : "model");
    header h = {.kind = model->kind,
                .classes = model->classes,
                .columns = model->columns,
                .d = model->d,
                .converged = model->converged,
                .iterations = model->iterations,
                .lambda = model->lambda,
                .decrement = model->decrement,
                .objective = model->objective,
                .sharpness = model->sharpness};
    conceptdec_i_record_part parts[PARTS];
    list_parts(&h, model, parts);
    return conceptdec_i_record_save(ctx, path, &model_kind, &h, sizeof h, parts, PARTS);
}

/* ---- reading ---- */

/* NaN stands for a number that the kind does not have. */
static bool
is_missing_or(double value, bool condition)
{
    return isnan(value) || (condition && isfinite(value));
}

static bool
header_is_sound(const header *h)
{
    return h->kind >= CONCEPTDEC_PROBE_LOGISTIC && h->kind <= CONCEPTDEC_PROBE_NEAREST_MEAN && h->classes >= 2 &&
           h->classes <= CONCEPTDEC_I_PROBE_MAX_CLASSES && h->columns == (h->classes == 2 ? 1 : h->classes) &&
           h->d >= 1 && (h->converged == 0 || h->converged == 1) && h->iterations >= 0 &&
           is_missing_or(h->lambda, h->lambda >= 0) && is_missing_or(h->decrement, true) &&
           is_missing_or(h->objective, true) && is_missing_or(h->sharpness, h->sharpness > 0);
}

/* Numbers, or the column of an absent class: no weights, and the bias says that it, or (of two classes) the other one,
 * is never right. */
static bool
column_is_sound(const conceptdec_probe_model *m, int64_t k)
{
    bool is_absent = isinf(m->bias[k]) && (m->bias[k] < 0 || m->classes == 2);
    if (!is_absent && !isfinite(m->bias[k]))
        return false;
    for (int64_t j = 0; j < m->d; j++) {
        double weight = m->weights[k * m->d + j];
        if (!isfinite(weight) || (is_absent && (weight < 0 || weight > 0)))
            return false;
    }
    return true;
}

static bool
columns_are_sound(const conceptdec_probe_model *m)
{
    int64_t n_present = 0;
    for (int64_t k = 0; k < m->columns; k++) {
        if (!column_is_sound(m, k))
            return false;
        n_present += isfinite(m->bias[k]) || m->classes == 2;
    }
    return n_present > 0;
}

static conceptdec_status
read_arrays(conceptdec_i_record *file, const header *h, conceptdec_probe_model *m)
{
    conceptdec_i_record_part parts[PARTS];
    list_parts(h, m, parts);
    CONCEPTDEC_I_TRY(conceptdec_i_record_get_parts(file, parts, PARTS));
    CONCEPTDEC_I_TRY(conceptdec_i_record_end(file));
    m->converged = h->converged;
    m->iterations = h->iterations;
    m->lambda = h->lambda;
    m->decrement = h->decrement;
    m->objective = h->objective;
    m->sharpness = h->sharpness;
    return columns_are_sound(m) ? CONCEPTDEC_OK : conceptdec_i_record_refuse(file, "a weight or bias is impossible");
}

static conceptdec_status
read_model(conceptdec_i_record *file, const header *h, conceptdec_probe_model **model)
{
    conceptdec_i_record_part parts[PARTS];
    conceptdec_probe_model *m;
    if (!header_is_sound(h))
        return conceptdec_i_record_refuse(file, "a number of its header is impossible");
    list_parts(h, NULL, parts);
    CONCEPTDEC_I_TRY(conceptdec_i_record_fits(file, sizeof *h, parts, PARTS));
    CONCEPTDEC_I_TRY(conceptdec_i_probe_model_make(file->ctx, h->kind, h->classes, h->d, &m));
    conceptdec_status status = read_arrays(file, h, m);
    if (status == CONCEPTDEC_OK)
        *model = m;
    else
        conceptdec_probe_model_free(m);
    return status;
}

conceptdec_status
conceptdec_probe_model_load(conceptdec_ctx *ctx, const char *path, conceptdec_probe_model **model)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !model)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", path ? "model" : "path");
    header h;
    conceptdec_i_record file;
    CONCEPTDEC_I_TRY(conceptdec_i_record_open(ctx, path, &model_kind, &h, sizeof h, &file));
    conceptdec_status status = read_model(&file, &h, model);
    conceptdec_i_record_close(&file);
    return status;
}
