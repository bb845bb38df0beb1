/* Arrays into files: everything is checked first, then written a block at a time. */
#include "io/save.h"

#include <stdio.h>
#include <string.h>

#include "io/file_out.h"
#include "io/utf8.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "elements are written as they lie in memory: add byte swaps for this machine"
#endif

#define BLOCK ((int64_t)1 << 18)               /* bytes that are packed and written at once */
#define TILE 64                                /* columns that are packed together where they lie apart */
#define MOST_AXES (CONCEPTDEC_I_MOST_AXES - 2) /* before samples x dimensions */
#define OPTION_FIELDS 2

typedef struct save {
    conceptdec_i_arena arena;
    const char *path;
    bool is_npy;
    const conceptdec_named_views *arrays;
    conceptdec_i_saved *checked;
    int64_t count;
    conceptdec_save_options options;
    char *block;
    conceptdec_i_file_out out;
} save;

/* ---- texts: names and metadata ---- */

typedef struct entry {
    const char *text;
    int64_t index;
} entry;

static int
by_text(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static conceptdec_status
check_utf8(conceptdec_ctx *ctx, const char *list, int64_t index, const char *field, const char *text)
{
    if (!text)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s[%lld]%s: is NULL", list, (long long)index, field);
    if (!conceptdec_i_is_utf8(text))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s[%lld]%s: is not UTF-8", list, (long long)index, field);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_unique(conceptdec_ctx *ctx, const char *list, const char *field, entry *entries, int64_t count)
{
    const conceptdec_i_list all = {.items = entries, .count = count};
    conceptdec_status status = CONCEPTDEC_OK;
    const void **sorted;
    CONCEPTDEC_I_TRY(conceptdec_i_list_sort(ctx, &all, sizeof *entries, by_text, &sorted));
    for (int64_t i = 1; i < count && status == CONCEPTDEC_OK; i++) {
        const entry *before = sorted[i - 1], *same = sorted[i];
        if (strcmp(before->text, same->text) == 0)
            status = conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "%s[%lld]%s: is that of %s[%lld], too", list,
                                       (long long)same->index, field, list, (long long)before->index);
    }
    conceptdec_i_give(ctx, (void *)sorted);
    return status;
}

static conceptdec_status
check_names(save *s)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&s->arena, "names", s->count, sizeof(entry), &p));
    entry *entries = p;
    for (int64_t i = 0; i < s->count; i++) {
        const char *name = s->arrays[i].name;
        if (!name || !*name)
            return conceptdec_i_fail(s->arena.ctx, CONCEPTDEC_EINVAL, "arrays[%lld].name: a tensor must have one",
                                     (long long)i);
        CONCEPTDEC_I_TRY(check_utf8(s->arena.ctx, "arrays", i, ".name", name));
        if (strcmp(name, "__metadata__") == 0)
            return conceptdec_i_fail(s->arena.ctx, CONCEPTDEC_EINVAL, "arrays[%lld].name: %s is no tensor's",
                                     (long long)i, name);
        entries[i] = (entry){name, i};
    }
    return check_unique(s->arena.ctx, "arrays", ".name", entries, s->count);
}

static conceptdec_status
check_metadata(save *s)
{
    conceptdec_ctx *ctx = s->arena.ctx;
    int64_t n = s->options.n_metadata;
    const char *const *texts = s->options.metadata;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_check_count(ctx, "options.n_metadata", n));
    if (n > 0 && !texts)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "options.metadata: is NULL, but n_metadata is not 0");
    if (n > 0 && s->is_npy)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "options.metadata: a .npy file holds none");
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&s->arena, "names", n, sizeof(entry), &p));
    entry *entries = p;
    for (int64_t i = 0; i < 2 * n; i++) {
        CONCEPTDEC_I_TRY(check_utf8(ctx, "options.metadata", i, "", texts[i]));
        entries[i / 2] = (entry){texts[i / 2 * 2], i / 2 * 2};
    }
    return check_unique(ctx, "options.metadata", "", entries, n);
}

/* ---- arrays ---- */

static conceptdec_status
check_view(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view, const conceptdec_matrix *first)
{
    bool is_integer = view->dtype == CONCEPTDEC_INT32 || view->dtype == CONCEPTDEC_INT64;
    int kinds = is_integer ? CONCEPTDEC_I_INTS : CONCEPTDEC_I_FLOATS | CONCEPTDEC_I_READERS;
    CONCEPTDEC_I_TRY(conceptdec_i_view_check(ctx, name, view, kinds));
    if (view->rows != first->rows || view->cols != first->cols)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s: is %lld x %lld, but the first view is %lld x %lld", name,
                                 (long long)view->rows, (long long)view->cols, (long long)first->rows,
                                 (long long)first->cols);
    if (view->dtype != first->dtype)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EDTYPE, "%s: has dtype %s, but the first view has %s", name,
                                 conceptdec_i_dtype_name(view->dtype), conceptdec_i_dtype_name(first->dtype));
    return CONCEPTDEC_OK;
}

/* The axes before samples x dimensions, and how many views they make. */
static conceptdec_status
check_grid(conceptdec_ctx *ctx, const char *name, conceptdec_i_saved *a)
{
    const conceptdec_named_views *asked = a->asked;
    if (asked->ndim < 0 || asked->ndim > MOST_AXES)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s.ndim: %lld is not in 0..%d", name, (long long)asked->ndim,
                                 MOST_AXES);
    if (asked->ndim > 0 && !asked->shape)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s.shape: is NULL, but ndim is not 0", name);
    a->n_views = 1;
    for (int64_t i = 0; i < asked->ndim; i++) {
        if (asked->shape[i] < 1)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s.shape[%lld]: is %lld, must be at least 1", name,
                                     (long long)i, (long long)asked->shape[i]);
        if (!conceptdec_i_mul(a->n_views, asked->shape[i], &a->n_views))
            return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s.shape: the number of views does not fit", name);
        a->shape[a->ndim++] = asked->shape[i];
    }
    return CONCEPTDEC_OK;
}

/* The axes of samples and dimensions, and the bytes of all. */
static conceptdec_status
measure(conceptdec_ctx *ctx, const char *name, conceptdec_i_saved *a)
{
    const conceptdec_matrix *first = a->asked->views;
    bool is_vector = (a->asked->flags & CONCEPTDEC_VIEWS_VECTOR) != 0;
    if (is_vector && first->cols != 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "%s.views: cols is %lld, and of vectors it must be 1", name,
                                 (long long)first->cols);
    a->type = conceptdec_i_type_of_matrix(first->dtype);
    a->shape[a->ndim++] = first->rows;
    if (!is_vector)
        a->shape[a->ndim++] = first->cols;
    a->bytes = conceptdec_i_dtype_size(first->dtype);
    for (int i = 0; i < a->ndim; i++)
        if (!conceptdec_i_mul(a->bytes, a->shape[i], &a->bytes))
            return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: its bytes do not fit a file", name);
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_array(save *s, int64_t index, conceptdec_i_saved *a)
{
    conceptdec_ctx *ctx = s->arena.ctx;
    char name[32], view_name[80];
    (void)snprintf(name, sizeof name, "arrays[%lld]", (long long)index);
    a->asked = &s->arrays[index];
    if (a->asked->flags & ~(uint64_t)CONCEPTDEC_VIEWS_VECTOR)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ERESERVED, "%s.flags: unknown flags must be 0", name);
    CONCEPTDEC_I_TRY(check_grid(ctx, name, a));
    if (!a->asked->views)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s.views: is NULL", name);
    for (int64_t i = 0; i < a->n_views; i++) {
        (void)snprintf(view_name, sizeof view_name, "%s.views[%lld]", name, (long long)i);
        CONCEPTDEC_I_TRY(check_view(ctx, view_name, &a->asked->views[i], a->asked->views));
    }
    return measure(ctx, name, a);
}

/* Every array, and the bytes of all of them. */
static conceptdec_status
check_arrays(save *s, int64_t *bytes)
{
    conceptdec_ctx *ctx = s->arena.ctx;
    void *p;
    if (!s->arrays)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "arrays: is NULL");
    if (s->count < 1 || s->count > CONCEPTDEC_I_MOST_ARRAYS)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "count: %lld is not in 1..%lld", (long long)s->count,
                                 (long long)CONCEPTDEC_I_MOST_ARRAYS);
    if (s->is_npy && s->count > 1)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "count: a .npy file holds one array, not %lld",
                                 (long long)s->count);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(&s->arena, "arrays", s->count, sizeof *s->checked, &p));
    s->checked = p;
    *bytes = 0;
    for (int64_t i = 0; i < s->count; i++) {
        CONCEPTDEC_I_TRY(check_array(s, i, &s->checked[i]));
        if (!conceptdec_i_add(*bytes, s->checked[i].bytes, bytes))
            return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "arrays: their bytes do not fit a file");
    }
    return CONCEPTDEC_OK;
}

static bool
ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), wanted = strlen(ending);
    return length >= wanted && strcmp(text + length - wanted, ending) == 0;
}

static conceptdec_status
check_path(save *s)
{
    char clipped[CONCEPTDEC_I_CLIPPED_PATH];
    if (!s->path)
        return conceptdec_i_fail(s->arena.ctx, CONCEPTDEC_ENULL, "path: is NULL");
    s->is_npy = ends_with(s->path, ".npy");
    if (!s->is_npy && !ends_with(s->path, ".safetensors"))
        return conceptdec_i_fail(s->arena.ctx, CONCEPTDEC_EINVAL, "path: %s ends neither in .npy nor in .safetensors",
                                 conceptdec_i_clip_path(clipped, s->path));
    return CONCEPTDEC_OK;
}

/* ---- writing ---- */

/* A part of a matrix, packed; columns that lie apart by tiles, so that lines of memory are used while they are near. */
static void
pack(const conceptdec_matrix *view, int64_t row, int64_t rows, int64_t col, int64_t cols, char *out)
{
    int64_t size = conceptdec_i_dtype_size(view->dtype);
    bool lie_apart = !conceptdec_i_view_is_read(view) && !conceptdec_i_view_is_dense_rows(view);
    int64_t tile = lie_apart ? TILE : cols;
    for (int64_t j = 0; j < cols; j += tile)
        for (int64_t i = 0; i < rows; i++)
            conceptdec_i_view_copy(view, row + i, col + j, cols - j < tile ? cols - j : tile,
                                   out + (i * cols + j) * size);
}

/* Some rows, or where they are long a part of one. */
static conceptdec_status
put_view(save *s, const conceptdec_matrix *view)
{
    int64_t size = conceptdec_i_dtype_size(view->dtype);
    int64_t most_cols = view->cols < BLOCK / size ? view->cols : BLOCK / size;
    int64_t most_rows = BLOCK / (most_cols * size);
    for (int64_t row = 0; row < view->rows; row += most_rows)
        for (int64_t col = 0; col < view->cols; col += most_cols) {
            int64_t rows = view->rows - row < most_rows ? view->rows - row : most_rows;
            int64_t cols = view->cols - col < most_cols ? view->cols - col : most_cols;
            pack(view, row, rows, col, cols, s->block);
            CONCEPTDEC_I_TRY(conceptdec_i_poll(s->arena.ctx, rows * cols * size));
            CONCEPTDEC_I_TRY(conceptdec_i_file_out_put(&s->out, s->block, (uint64_t)(rows * cols * size)));
        }
    return CONCEPTDEC_OK;
}

static conceptdec_status
put_opened(save *s, conceptdec_i_arena *arena, const char *name, const conceptdec_matrix *view)
{
    if (conceptdec_i_view_is_read(view))
        CONCEPTDEC_I_TRY(conceptdec_i_view_open_once(arena, name, &view));
    return put_view(s, view);
}

static conceptdec_status
put_views(save *s, int64_t index)
{
    const conceptdec_i_saved *a = &s->checked[index];
    for (int64_t i = 0; i < a->n_views; i++) {
        conceptdec_i_arena arena; /* a reader's rows go before the next reader's come */
        char name[80];
        (void)snprintf(name, sizeof name, "arrays[%lld].views[%lld]", (long long)index, (long long)i);
        conceptdec_i_arena_open(&arena, s->arena.ctx);
        conceptdec_status status = put_opened(s, &arena, name, &a->asked->views[i]);
        conceptdec_i_arena_close(&arena);
        CONCEPTDEC_I_TRY(status);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
put_content(save *s, const conceptdec_i_saved_header *header)
{
    CONCEPTDEC_I_TRY(conceptdec_i_file_out_put(&s->out, header->bytes, header->length));
    for (int64_t i = 0; i < s->count; i++)
        CONCEPTDEC_I_TRY(put_views(s, i));
    return CONCEPTDEC_OK;
}

static conceptdec_status
put_file(save *s)
{
    conceptdec_ctx *ctx = s->arena.ctx;
    conceptdec_i_saved_header header;
    conceptdec_status status = s->is_npy
                                   ? conceptdec_i_npy_header(ctx, s->checked, &header)
                                   : conceptdec_i_safetensors_header(ctx, s->checked, s->count, s->options.metadata,
                                                                     s->options.n_metadata, &header);
    CONCEPTDEC_I_TRY(status);
    status = conceptdec_i_file_out_begin(ctx, s->path, &s->out);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_i_file_out_end(&s->out, put_content(s, &header));
    conceptdec_i_give(ctx, header.bytes);
    return status;
}

static conceptdec_status
save_all(save *s, const conceptdec_save_options *options)
{
    conceptdec_ctx *ctx = s->arena.ctx;
    int64_t bytes;
    void *p;
    CONCEPTDEC_I_TRY(check_path(s));
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", options, &s->options, sizeof s->options, sizeof s->options));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", s->options.given, OPTION_FIELDS));
    CONCEPTDEC_I_TRY(check_metadata(s));
    CONCEPTDEC_I_TRY(check_arrays(s, &bytes));
    if (!s->is_npy)
        CONCEPTDEC_I_TRY(check_names(s));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(&s->arena, "block", BLOCK, 1, &p));
    s->block = p;
    conceptdec_i_stage(ctx, "save", bytes);
    return put_file(s);
}

conceptdec_status
conceptdec_activations_save(conceptdec_ctx *ctx, const char *path, const conceptdec_named_views *arrays, int64_t count,
                            const conceptdec_save_options *options)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    save s = {.path = path, .arrays = arrays, .count = count};
    conceptdec_i_arena_open(&s.arena, ctx);
    conceptdec_status status = save_all(&s, options);
    conceptdec_i_arena_close(&s.arena);
    return status;
}
