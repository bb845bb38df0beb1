/* Erasers in files: a record (io/record.h). */
#include <math.h>
#include <string.h>

#include "io/record.h"
#include "vectors/eraser.h"

static const conceptdec_i_record_kind eraser_kind = {.magic = "cdecEra\n", .format = 1, .name = "an eraser"};

/* The header; every field is 8 bytes. */
typedef struct header {
    char magic[8];
    int64_t format;
    int64_t d, rank, kind;
} header;

enum { PARTS = 3 };

/* Of a projection, what is removed is what is read. */
static void
list_parts(const conceptdec_eraser *e, conceptdec_i_record_part *parts)
{
    const int64_t size = sizeof(double), removed = e->kind == CONCEPTDEC_ERASE_LEACE ? e->rank * e->d : 0;
    parts[0] = (conceptdec_i_record_part){.data = e->mean, .count = e->d + e->rank, .size = size};
    parts[1] = (conceptdec_i_record_part){.data = e->read, .count = e->rank * e->d, .size = size};
    parts[2] = (conceptdec_i_record_part){.data = e->removed, .count = removed, .size = size};
}

conceptdec_status
conceptdec_eraser_save(conceptdec_ctx *ctx, const conceptdec_eraser *e, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!e || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", e ? "path" : "eraser");
    header h = {.d = e->d, .rank = e->rank, .kind = e->kind};
    conceptdec_i_record_part parts[PARTS];
    list_parts(e, parts);
    return conceptdec_i_record_save(ctx, path, &eraser_kind, &h, sizeof h, parts, PARTS);
}

/* ---- reading ---- */

static bool
are_finite(const double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

/* Descending and above 0, or, of directions that were given, all unknown. */
static bool
strengths_are_sound(const conceptdec_eraser *e)
{
    const double *s = e->strengths;
    const bool is_unknown = e->kind == CONCEPTDEC_ERASE_PROJECTION && e->rank > 0 && isnan(s[0]);
    for (int64_t k = 0; k < e->rank; k++)
        if (is_unknown ? !isnan(s[k]) : !(s[k] > 0 && isfinite(s[k]) && (k == 0 || s[k] <= s[k - 1])))
            return false;
    return true;
}

/* What is removed for one direction is read by that one alone: then what is left has nothing more to be removed. */
static bool
direction_is_sound(const conceptdec_eraser *e, int64_t i)
{
    for (int64_t k = 0; k < e->rank; k++) {
        double product = 0;
        for (int64_t j = 0; j < e->d; j++)
            product += e->read[i * e->d + j] * e->removed[k * e->d + j];
        if (!(fabs(product - (i == k)) <= 1e-4))
            return false;
    }
    return true;
}

static conceptdec_status
check_directions(conceptdec_i_record *file, const conceptdec_eraser *e)
{
    bool is_sound = strengths_are_sound(e) && are_finite(e->mean, e->d);
    for (int64_t i = 0; i < e->rank && is_sound; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(file->ctx, 0));
        is_sound = are_finite(e->read + i * e->d, e->d) && are_finite(e->removed + i * e->d, e->d) &&
                   direction_is_sound(e, i);
    }
    return is_sound ? CONCEPTDEC_OK : conceptdec_i_record_refuse(file, "a number is impossible");
}

static conceptdec_status
read_arrays(conceptdec_i_record *file, conceptdec_eraser *e)
{
    conceptdec_i_record_part parts[PARTS];
    list_parts(e, parts);
    CONCEPTDEC_I_TRY(conceptdec_i_record_get_parts(file, parts, PARTS));
    CONCEPTDEC_I_TRY(conceptdec_i_record_end(file));
    if (e->kind == CONCEPTDEC_ERASE_PROJECTION)
        memcpy(e->removed, e->read, (size_t)(e->rank * e->d) * sizeof *e->read);
    return check_directions(file, e);
}

/* Before any memory is taken. */
static conceptdec_status
check_header(conceptdec_i_record *file, const header *h)
{
    int64_t count;
    if (h->d < 1 || h->d > INT32_MAX || h->rank < 0 || h->rank > h->d || h->kind < CONCEPTDEC_ERASE_LEACE ||
        h->kind > CONCEPTDEC_ERASE_PROJECTION || !conceptdec_i_mul(h->rank, h->d, &count))
        return conceptdec_i_record_refuse(file, "a number of its header is impossible");
    const conceptdec_i_record_part parts[] = {
        {.count = h->d + h->rank, .size = sizeof(double)},
        {.count = count, .size = (h->kind == CONCEPTDEC_ERASE_LEACE ? 2 : 1) * (int64_t)sizeof(double)}};
    return conceptdec_i_record_fits(file, sizeof *h, parts, 2);
}

static conceptdec_status
read_eraser(conceptdec_i_record *file, const header *h, conceptdec_eraser **eraser)
{
    conceptdec_eraser *e;
    CONCEPTDEC_I_TRY(check_header(file, h));
    CONCEPTDEC_I_TRY(conceptdec_i_eraser_make(file->ctx, h->d, h->rank, h->kind, &e));
    conceptdec_status status = read_arrays(file, e);
    if (status == CONCEPTDEC_OK)
        *eraser = e;
    else
        conceptdec_eraser_free(e);
    return status;
}

conceptdec_status
conceptdec_eraser_load(conceptdec_ctx *ctx, const char *path, conceptdec_eraser **eraser)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !eraser)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", path ? "eraser" : "path");
    header h;
    conceptdec_i_record file;
    CONCEPTDEC_I_TRY(conceptdec_i_record_open(ctx, path, &eraser_kind, &h, sizeof h, &file));
    conceptdec_status status = read_eraser(&file, &h, eraser);
    conceptdec_i_record_close(&file);
    return status;
}
