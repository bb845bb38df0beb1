/* Lists of subspaces in files: a record (io/record.h). */
#include <math.h>

#include "io/record.h"
#include "subspace/subspaces.h"

static const conceptdec_i_record_kind subspaces_kind = {
    .magic = "cdecSub\n", .format = 1, .name = "a list of subspaces"};

/* The header; every field is 8 bytes. Ranks follow it, then all else. */
typedef struct header {
    char magic[8];
    int64_t format;
    int64_t count, d, total;
} header;

enum { PARTS = 10 };
#define ORTHONORMAL 1e-9

static void
list_parts(const header *h, const conceptdec_subspaces *s, conceptdec_i_record_part parts[PARTS])
{
    int64_t numbers;
    if (!conceptdec_i_mul(h->total, h->d, &numbers))
        numbers = INT64_MAX; /* which no file holds */
    const struct {
        void *data;
        int64_t count;
    } all[PARTS] = {
        {s ? s->ranks : NULL, h->count},          {s ? s->bases : NULL, numbers},
        {s ? s->variances : NULL, h->total},      {s ? s->undecided : NULL, h->count},
        {s ? s->n_missing : NULL, h->count},      {s ? s->n_samples : NULL, h->count},
        {s ? s->view : NULL, h->count},           {s ? s->class_of : NULL, h->count},
        {s ? s->total_variance : NULL, h->count}, {s ? s->gap : NULL, h->count},
    };
    for (int i = 0; i < PARTS; i++)
        parts[i] = (conceptdec_i_record_part){.data = all[i].data, .count = all[i].count, .size = sizeof(double)};
}

conceptdec_status
conceptdec_subspaces_save(conceptdec_ctx *ctx, const conceptdec_subspaces *s, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!s || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", s ? "path" : "subspaces");
    header h = {.count = s->count, .d = s->d, .total = s->total};
    conceptdec_i_record_part parts[PARTS];
    list_parts(&h, s, parts);
    return conceptdec_i_record_save(ctx, path, &subspaces_kind, &h, sizeof h, parts, PARTS);
}

/* ---- reading ---- */

static bool
header_is_sound(const header *h)
{
    int64_t most;
    return h->count >= 1 && h->count <= INT64_C(1) << 40 && h->d >= 1 && h->d <= INT32_MAX && h->total >= 0 &&
           conceptdec_i_mul(h->count, h->d, &most) && h->total <= most;
}

static bool
is_not_negative(double value)
{
    return isnan(value) || (value >= 0 && isfinite(value));
}

static bool
counts_are_sound(const conceptdec_subspaces *s, int64_t i)
{
    return (s->undecided[i] == 0 || s->undecided[i] == 1) && s->n_missing[i] >= 0 && s->n_samples[i] >= 0 &&
           s->view[i] >= 0 && s->view[i] < s->count && s->class_of[i] >= -1 && s->class_of[i] <= INT32_MAX &&
           is_not_negative(s->total_variance[i]) && is_not_negative(s->gap[i]);
}

/* Direction k of subspace i beside those before it. */
static bool
direction_is_sound(const conceptdec_subspaces *s, int64_t i, int64_t k)
{
    if (!is_not_negative(s->variances[k]))
        return false;
    for (int64_t b = s->start[i]; b <= k; b++) {
        double product = 0;
        for (int64_t j = 0; j < s->d; j++)
            product += s->bases[k * s->d + j] * s->bases[b * s->d + j];
        if (!(fabs(product - (b == k)) <= ORTHONORMAL))
            return false;
    }
    return true;
}

static conceptdec_status
read_arrays(conceptdec_i_record *file, const conceptdec_i_record_part *parts, const conceptdec_subspaces *s)
{
    CONCEPTDEC_I_TRY(conceptdec_i_record_get_parts(file, parts + 1, PARTS - 1));
    CONCEPTDEC_I_TRY(conceptdec_i_record_end(file));
    for (int64_t i = 0; i < s->count; i++) {
        bool is_sound = counts_are_sound(s, i);
        for (int64_t k = s->start[i]; k < s->start[i + 1] && is_sound; k++) {
            CONCEPTDEC_I_TRY(conceptdec_i_poll(file->ctx, 0));
            is_sound = direction_is_sound(s, i, k);
        }
        if (!is_sound)
            return conceptdec_i_record_refuse(file, "a basis or a number of a subspace is impossible");
    }
    return CONCEPTDEC_OK;
}

/* Ranks say how the rest is cut. */
static conceptdec_status
read_ranks(conceptdec_i_record *file, const header *h, int64_t *ranks)
{
    int64_t left = h->total;
    CONCEPTDEC_I_TRY(conceptdec_i_record_get(file, ranks, (uint64_t)h->count * sizeof *ranks));
    for (int64_t s = 0; s < h->count; s++) {
        if (ranks[s] < 0 || ranks[s] > h->d || ranks[s] > left)
            return conceptdec_i_record_refuse(file, "a rank is impossible");
        left -= ranks[s];
    }
    return left == 0 ? CONCEPTDEC_OK : conceptdec_i_record_refuse(file, "its ranks do not add up");
}

static conceptdec_status
read_subspaces(conceptdec_i_arena *arena, conceptdec_i_record *file, const header *h, conceptdec_subspaces **subspaces)
{
    conceptdec_i_record_part parts[PARTS];
    conceptdec_subspaces *s;
    void *ranks;
    if (!header_is_sound(h))
        return conceptdec_i_record_refuse(file, "a number of its header is impossible");
    list_parts(h, NULL, parts);
    CONCEPTDEC_I_TRY(conceptdec_i_record_fits(file, sizeof *h, parts, PARTS));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "subspaces", h->count, sizeof(int64_t), &ranks));
    CONCEPTDEC_I_TRY(read_ranks(file, h, ranks));
    CONCEPTDEC_I_TRY(conceptdec_i_subspaces_make(file->ctx, h->count, h->d, ranks, &s));
    list_parts(h, s, parts);
    conceptdec_status status = read_arrays(file, parts, s);
    if (status == CONCEPTDEC_OK)
        *subspaces = s;
    else
        conceptdec_subspaces_free(s);
    return status;
}

conceptdec_status
conceptdec_subspaces_load(conceptdec_ctx *ctx, const char *path, conceptdec_subspaces **subspaces)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !subspaces)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", path ? "subspaces" : "path");
    header h;
    conceptdec_i_record file;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_record_open(ctx, path, &subspaces_kind, &h, sizeof h, &file));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = read_subspaces(&arena, &file, &h, subspaces);
    conceptdec_i_arena_close(&arena);
    conceptdec_i_record_close(&file);
    return status;
}
