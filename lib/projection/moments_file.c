/* Streaming moments in files: a record (io/record.h). */
#include "projection/moments.h"

static const conceptdec_i_record_kind moments_kind = {.magic = "cdecMom\n", .format = 1, .name = "a state of moments"};

/* The header; every field is 8 bytes. */
typedef struct header {
    char magic[8];
    int64_t format;
    int64_t d, chunk, n, waiting;
} header;

static conceptdec_status
list_parts(conceptdec_i_arena *arena, const conceptdec_i_sums *sums, conceptdec_i_record_part **parts)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "file", conceptdec_i_sums_parts(sums), sizeof **parts, &p));
    conceptdec_i_sums_list_parts(sums, *parts = p);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_moments_save(conceptdec_ctx *ctx, const conceptdec_moments *m, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!m || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", m ? "path" : "moments");
    header h = {.d = m->d, .chunk = m->sums.chunk, .n = m->sums.n[0], .waiting = m->sums.waiting};
    conceptdec_i_record_part *parts;
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = list_parts(&arena, &m->sums, &parts);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_record_save(ctx, path, &moments_kind, &h, sizeof h, parts,
                                          (int)conceptdec_i_sums_parts(&m->sums));
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- reading ---- */

static conceptdec_status
read_arrays(conceptdec_i_record *file, const header *h, conceptdec_i_arena *arena, conceptdec_moments *m)
{
    conceptdec_i_record_part *parts;
    m->sums.n[0] = h->n;
    m->sums.waiting = h->waiting;
    CONCEPTDEC_I_TRY(list_parts(arena, &m->sums, &parts));
    CONCEPTDEC_I_TRY(conceptdec_i_record_get_parts(file, parts, (int)conceptdec_i_sums_parts(&m->sums)));
    CONCEPTDEC_I_TRY(conceptdec_i_record_end(file));
    if (!conceptdec_i_sums_are_sound(&m->sums))
        return conceptdec_i_record_refuse(file, "a mean, a product or a row is impossible");
    return CONCEPTDEC_OK;
}

/* Before any memory is taken. */
static conceptdec_status
check_header(conceptdec_i_record *file, const header *h)
{
    int64_t rows;
    if (h->d < 1 || h->d > INT32_MAX || h->chunk != conceptdec_i_sums_chunk(h->d) || h->n < 0 ||
        h->n > INT64_C(1) << 53 || h->n % h->chunk != 0 || h->waiting < 0 || h->waiting >= h->chunk ||
        !conceptdec_i_mul(h->waiting, h->d, &rows) || conceptdec_i_sums_bytes(h->d, 1, CONCEPTDEC_I_SUMS_SCATTER) < 0)
        return conceptdec_i_record_refuse(file, "a number of its header is impossible");
    const conceptdec_i_record_part parts[] = {
        {.count = conceptdec_i_sums_bytes(h->d, 1, CONCEPTDEC_I_SUMS_SCATTER), .size = 1},
        {.count = rows, .size = sizeof(double)}};
    return conceptdec_i_record_fits(file, sizeof *h, parts, 2);
}

static conceptdec_status
read_state(conceptdec_i_arena *arena, conceptdec_i_record *file, const header *h, conceptdec_moments **moments)
{
    conceptdec_moments *m;
    CONCEPTDEC_I_TRY(check_header(file, h));
    CONCEPTDEC_I_TRY(conceptdec_i_moments_make(file->ctx, h->d, &m));
    conceptdec_status status = read_arrays(file, h, arena, m);
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
