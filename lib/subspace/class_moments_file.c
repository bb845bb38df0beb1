/* Moments per class in files: a record (io/record.h). */
#include <limits.h>

#include "subspace/class_moments.h"

static const conceptdec_i_record_kind class_kind = {
    .magic = "cdecCls\n", .format = 1, .name = "a state of moments per class"};

/* The header; every field is 8 bytes. Behind it: rows of each class in the sums, rows that wait for each of the sums,
 * and the arrays of the sums. */
typedef struct header {
    char magic[8];
    int64_t format;
    int64_t d, classes, flags;
    int64_t waiting; /* of all sums */
} header;

enum { COUNTS, WAITING, OTHERS };

/* The parts of a state, as it is now. */
static conceptdec_status
list_parts(conceptdec_i_arena *arena, const conceptdec_class_moments *m, conceptdec_i_record_part **parts, int *n_parts)
{
    int64_t count;
    void *p;
    if (!conceptdec_i_mul(m->n_sums, conceptdec_i_sums_parts(&m->sums[0]), &count) || count > INT_MAX)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW,
                                 "moments: too many classes and dimensions for a file");
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "file", count, sizeof **parts, &p));
    *parts = p;
    *n_parts = 0;
    for (int64_t i = 0; i < m->n_sums; i++) {
        conceptdec_i_sums_list_parts(&m->sums[i], *parts + *n_parts);
        *n_parts += (int)conceptdec_i_sums_parts(&m->sums[i]);
    }
    return CONCEPTDEC_OK;
}

/* Numbers of rows, which stand before all that depends on them: in the sums, and those that wait. */
static conceptdec_status
take_counts(conceptdec_i_arena *arena, int64_t classes, int64_t n_sums, conceptdec_i_record_part *parts)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "file", classes, sizeof(int64_t), &p));
    parts[COUNTS] = (conceptdec_i_record_part){.data = p, .count = classes, .size = sizeof(int64_t)};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "file", n_sums, sizeof(int64_t), &p));
    parts[WAITING] = (conceptdec_i_record_part){.data = p, .count = n_sums, .size = sizeof(int64_t)};
    return CONCEPTDEC_OK;
}

/* ---- writing ---- */

static conceptdec_status
write_state(conceptdec_i_arena *arena, const conceptdec_class_moments *m, const char *path)
{
    header h = {.d = m->d, .classes = m->classes, .flags = m->flags};
    conceptdec_i_record_part *parts, *all;
    int n_parts;
    void *p;
    CONCEPTDEC_I_TRY(list_parts(arena, m, &parts, &n_parts));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "file", (int64_t)n_parts + OTHERS, sizeof *all, &p));
    all = p;
    CONCEPTDEC_I_TRY(take_counts(arena, m->classes, m->n_sums, all));
    for (int i = 0; i < n_parts; i++)
        all[OTHERS + i] = parts[i];
    int64_t *count = all[COUNTS].data, *waiting = all[WAITING].data;
    for (int64_t i = 0; i < m->n_sums; i++) {
        for (int64_t c = 0; c < m->sums[i].classes; c++)
            count[i + c] = m->sums[i].n[c];
        waiting[i] = m->sums[i].waiting;
        h.waiting += waiting[i];
    }
    return conceptdec_i_record_save(arena->ctx, path, &class_kind, &h, sizeof h, all, n_parts + OTHERS);
}

conceptdec_status
conceptdec_class_moments_save(conceptdec_ctx *ctx, const conceptdec_class_moments *m, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!m || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", m ? "path" : "moments");
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = write_state(&arena, m, path);
    conceptdec_i_arena_close(&arena);
    return status;
}

/* ---- reading ---- */

static int64_t
n_sums_of(const header *h)
{
    return conceptdec_i_class_moments_are_apart((uint32_t)h->flags) ? h->classes : 1;
}

static bool
are_possible(const header *h)
{
    int64_t most, numbers;
    return h->d >= 1 && h->d <= INT32_MAX && h->classes >= 1 && h->classes <= INT32_MAX && h->flags >= 0 &&
           h->flags <= CONCEPTDEC_CLASS_MOMENTS_VARIANCES && !(h->flags & (h->flags - 1)) && h->waiting >= 0 &&
           h->waiting <= INT64_C(1) << 53 &&
           conceptdec_i_mul(n_sums_of(h), conceptdec_i_class_moments_chunk(h->d, (uint32_t)h->flags) - 1, &most) &&
           h->waiting <= most && conceptdec_i_mul(h->waiting, h->d, &numbers);
}

/* Before any memory is taken that depends on it. */
static conceptdec_status
check_header(conceptdec_i_record *file, const header *h)
{
    if (!are_possible(h))
        return conceptdec_i_record_refuse(file, "a number of its header is impossible");
    const int64_t n_sums = n_sums_of(h), classes = h->classes / n_sums;
    const int64_t bytes = conceptdec_i_sums_bytes(h->d, classes, conceptdec_i_class_moments_keeps((uint32_t)h->flags));
    if (bytes < 0)
        return conceptdec_i_record_refuse(file, "a size is impossible");
    const conceptdec_i_record_part parts[] = {
        {.count = h->classes, .size = sizeof(int64_t)},
        {.count = n_sums, .size = sizeof(int64_t)},
        {.count = n_sums, .size = bytes},
        {.count = h->waiting * h->d, .size = sizeof(double)},
        {.count = classes > 1 ? h->waiting : 0, .size = sizeof(int64_t)},
    };
    return conceptdec_i_record_fits(file, sizeof *h, parts, sizeof parts / sizeof *parts);
}

/* The sums of `waiting` are those of the header, so that their arrays fill the file. */
static conceptdec_status
read_counts(conceptdec_i_arena *arena, conceptdec_i_record *file, const header *h, conceptdec_i_record_part *parts)
{
    const int64_t n_sums = n_sums_of(h), chunk = conceptdec_i_class_moments_chunk(h->d, (uint32_t)h->flags);
    int64_t sum = 0;
    CONCEPTDEC_I_TRY(take_counts(arena, h->classes, n_sums, parts));
    CONCEPTDEC_I_TRY(conceptdec_i_record_get_parts(file, parts, OTHERS));
    const int64_t *waiting = parts[WAITING].data;
    for (int64_t i = 0; i < n_sums; i++) {
        if (waiting[i] < 0 || waiting[i] >= chunk)
            return conceptdec_i_record_refuse(file, "a number of rows is impossible");
        sum += waiting[i];
    }
    return sum == h->waiting ? CONCEPTDEC_OK : conceptdec_i_record_refuse(file, "numbers of rows do not add up");
}

static conceptdec_status
read_arrays(conceptdec_i_arena *arena, conceptdec_i_record *file, const conceptdec_i_record_part *counts,
            conceptdec_class_moments *m)
{
    const int64_t *count = counts[COUNTS].data, *waiting = counts[WAITING].data;
    conceptdec_i_record_part *parts;
    int n_parts;
    for (int64_t i = 0; i < m->n_sums; i++) {
        for (int64_t c = 0; c < m->sums[i].classes; c++)
            m->sums[i].n[c] = count[i + c];
        m->sums[i].waiting = waiting[i];
    }
    CONCEPTDEC_I_TRY(list_parts(arena, m, &parts, &n_parts));
    CONCEPTDEC_I_TRY(conceptdec_i_record_get_parts(file, parts, n_parts));
    CONCEPTDEC_I_TRY(conceptdec_i_record_end(file));
    int64_t n = 0;
    for (int64_t i = 0; i < m->n_sums; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(file->ctx, 0));
        if (!conceptdec_i_sums_are_sound(&m->sums[i]))
            return conceptdec_i_record_refuse(file, "a mean, a product or a row is impossible");
        n += conceptdec_i_sums_count(&m->sums[i]);
        if (n > INT64_C(1) << 53)
            return conceptdec_i_record_refuse(file, "it has too many rows");
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_state(conceptdec_i_arena *arena, conceptdec_i_record *file, const header *h, conceptdec_class_moments **moments)
{
    conceptdec_i_record_part counts[OTHERS];
    conceptdec_class_moments *m;
    CONCEPTDEC_I_TRY(check_header(file, h));
    CONCEPTDEC_I_TRY(read_counts(arena, file, h, counts));
    CONCEPTDEC_I_TRY(conceptdec_i_class_moments_make(file->ctx, h->d, h->classes, (uint32_t)h->flags, &m));
    conceptdec_status status = read_arrays(arena, file, counts, m);
    if (status == CONCEPTDEC_OK)
        *moments = m;
    else
        conceptdec_class_moments_free(m);
    return status;
}

conceptdec_status
conceptdec_class_moments_load(conceptdec_ctx *ctx, const char *path, conceptdec_class_moments **moments)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !moments)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", path ? "moments" : "path");
    header h;
    conceptdec_i_record file;
    conceptdec_i_arena arena;
    CONCEPTDEC_I_TRY(conceptdec_i_record_open(ctx, path, &class_kind, &h, sizeof h, &file));
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = read_state(&arena, &file, &h, moments);
    conceptdec_i_arena_close(&arena);
    conceptdec_i_record_close(&file);
    return status;
}
