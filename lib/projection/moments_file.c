/* Streaming moments in files: a record (io/record.h). Of the scatter the upper half is written, row by row. */
#include <math.h>
#include <string.h>

#include "io/record.h"
#include "projection/moments.h"

static const conceptdec_i_record_kind moments_kind = {.magic = "cdecMom\n", .format = 1, .name = "a state of moments"};

/* The header; every field is 8 bytes. */
typedef struct header {
    char magic[8];
    int64_t format;
    int64_t d, chunk, n, waiting;
} header;

enum { OTHERS = 3 }; /* parts beside the rows of the scatter */

static conceptdec_status
list_parts(conceptdec_i_arena *arena, const header *h, const conceptdec_i_sums *sums, conceptdec_i_record_part **parts)
{
    void *p;
    int64_t rows;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "file", h->d + OTHERS, sizeof **parts, &p));
    conceptdec_i_record_part *list = *parts = p;
    if (!conceptdec_i_mul(h->waiting, h->d, &rows))
        rows = INT64_MAX; /* which no file holds */
    list[0] = (conceptdec_i_record_part){.data = sums ? sums->mean : NULL, .count = h->d, .size = sizeof(double)};
    list[1] = (conceptdec_i_record_part){.data = sums ? sums->pilot : NULL, .count = h->d, .size = sizeof(double)};
    list[2] = (conceptdec_i_record_part){.data = sums ? sums->rows : NULL, .count = rows, .size = sizeof(double)};
    for (int64_t i = 0; i < h->d; i++)
        list[OTHERS + i] = (conceptdec_i_record_part){
            .data = sums ? sums->scatter + i * h->d + i : NULL, .count = h->d - i, .size = sizeof(double)};
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_moments_save(conceptdec_ctx *ctx, const conceptdec_moments *m, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!m || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", m ? "path" : "moments");
    header h = {.d = m->d, .chunk = m->chunk, .n = m->sums.n, .waiting = m->sums.waiting};
    conceptdec_i_record_part *parts;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = list_parts(&arena, &h, &m->sums, &parts);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_record_save(ctx, path, &moments_kind, &h, sizeof h, parts, (int)(h.d + OTHERS));
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- reading ---- */

static bool
are_sound(const double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!(fabs(values[i]) < CONCEPTDEC_I_MOMENTS_MOST))
            return false;
    return true;
}

/* Subnormal squares have lost their digits. */
static double
root(double square)
{
    return square < 0x1p-960 ? 0x1p-480 : sqrt(square);
}

/* Sums of squares, and sums of products that fit them, up to rounding. */
static bool
scatter_is_sound(const conceptdec_moments *m)
{
    const conceptdec_i_sums *s = &m->sums;
    for (int64_t i = 0; i < m->d; i++)
        if (!(s->scatter[i * m->d + i] >= 0 && isfinite(s->scatter[i * m->d + i])))
            return false;
    for (int64_t i = 0; i < m->d; i++)
        for (int64_t j = i + 1; j < m->d; j++) {
            double most = root(s->scatter[i * m->d + i]) * root(s->scatter[j * m->d + j]);
            if (!(fabs(s->scatter[i * m->d + j]) <= most * (1 + 1e-6)))
                return false;
        }
    return true;
}

static conceptdec_status
read_arrays(conceptdec_i_record *file, const header *h, conceptdec_i_record_part *parts, conceptdec_moments *m)
{
    for (int64_t i = 0; i < h->d + OTHERS; i++)
        CONCEPTDEC_I_TRY(
            conceptdec_i_record_get(file, parts[i].data, (uint64_t)parts[i].count * (uint64_t)parts[i].size));
    CONCEPTDEC_I_TRY(conceptdec_i_record_end(file));
    m->sums.n = h->n;
    m->sums.waiting = h->waiting;
    if (!are_sound(m->sums.mean, m->d) || !are_sound(m->sums.pilot, m->d) ||
        !are_sound(m->sums.rows, h->waiting * m->d) || !scatter_is_sound(m))
        return conceptdec_i_record_refuse(file, "a mean, a product or a row is impossible");
    return CONCEPTDEC_OK;
}

/* Before any memory is taken. */
static conceptdec_status
check_header(conceptdec_i_record *file, const header *h)
{
    int64_t rows, half;
    if (h->d < 1 || h->d > INT32_MAX - OTHERS || h->chunk != conceptdec_i_moments_chunk(h->d) || h->n < 0 ||
        h->n > INT64_C(1) << 53 || h->n % h->chunk != 0 || h->waiting < 0 || h->waiting >= h->chunk ||
        !conceptdec_i_mul(h->waiting, h->d, &rows) || !conceptdec_i_mul(h->d, (h->d + 1), &half))
        return conceptdec_i_record_refuse(file, "a number of its header is impossible");
    const conceptdec_i_record_part parts[] = {{.count = h->d, .size = 2 * sizeof(double)},
                                              {.count = rows, .size = sizeof(double)},
                                              {.count = half / 2, .size = sizeof(double)}};
    return conceptdec_i_record_fits(file, sizeof *h, parts, 3);
}

static conceptdec_status
read_state(conceptdec_i_arena *arena, conceptdec_i_record *file, const header *h, conceptdec_moments **moments)
{
    conceptdec_i_record_part *parts;
    conceptdec_moments *m;
    CONCEPTDEC_I_TRY(check_header(file, h));
    CONCEPTDEC_I_TRY(conceptdec_i_moments_make(file->ctx, h->d, &m));
    conceptdec_status status = list_parts(arena, h, &m->sums, &parts);
    if (status == CONCEPTDEC_OK)
        status = read_arrays(file, h, parts, m);
    if (status == CONCEPTDEC_OK)
        *moments = m;
    else
        conceptdec_moments_free(m);
    return status;
}

conceptdec_status
conceptdec_moments_load(conceptdec_ctx *ctx, const char *path, conceptdec_moments **moments)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !moments)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", path ? "moments" : "path");
    header h;
    conceptdec_i_record file;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_record_open(ctx, path, &moments_kind, &h, sizeof h, &file));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = read_state(&arena, &file, &h, moments);
    conceptdec_i_arena_close(&arena);
    conceptdec_i_record_close(&file);
    return status;
}
