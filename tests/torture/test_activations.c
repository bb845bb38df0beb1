/* Files of activations without memory, at every allocation, and cancelled at every one: nothing is leaked, no
 * descriptor stays open, and the next call succeeds. */
#define _GNU_SOURCE

#include <dirent.h>

#include "activation_files.h"
#include "check_main.h"
#include "harness.h"

static const char *const paths[] = {"tests/fuzz/npy/grid.npy", "tests/fuzz/npy/labels-fortran.npy",
                                    "tests/fuzz/safetensors/layers", "tests/fuzz/safetensors/metadata-only",
                                    "tests/fuzz/shards/model.safetensors.index.json"};
enum { PATHS = sizeof paths / sizeof *paths };

static int
open_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count;
}

/* All views of an array, or its integers. */
static conceptdec_status
ask(conceptdec_ctx *ctx, const conceptdec_activations *a, int64_t index)
{
    conceptdec_array_info info;
    conceptdec_matrix view, untouched;
    conceptdec_array array;
    conceptdec_status status = conceptdec_activations_info(ctx, a, index, &info);
    if (status != CONCEPTDEC_OK || info.dtype == CONCEPTDEC_INT64)
        return status == CONCEPTDEC_OK ? conceptdec_activations_integers(ctx, a, index, &array) : status;
    memset(&view, 7, sizeof view);
    untouched = view;
    status = conceptdec_activations_view(ctx, a, index, info.ndim > 2 ? info.shape[0] - 1 : 0, &view);
    if (status != CONCEPTDEC_OK)
        ck_assert_mem_eq(&view, &untouched, sizeof view);
    return status;
}

static conceptdec_status
work(conceptdec_ctx *ctx, void *argument, void **output)
{
    conceptdec_activations *a = NULL;
    conceptdec_status status = conceptdec_activations_open(ctx, argument, NULL, &a);
    if (status != CONCEPTDEC_OK)
        ck_assert_ptr_null(a);
    for (int64_t i = 0; status == CONCEPTDEC_OK && i < conceptdec_activations_count(a); i++)
        status = ask(ctx, a, i);
    if (status == CONCEPTDEC_OK)
        *output = a;
    else
        conceptdec_activations_free(a);
    return status;
}

static void
end(void *output)
{
    conceptdec_activations_free(output);
}

START_TEST(every_allocation_fails_once)
{
    int before = open_descriptors();
    char path[100];
    strcpy(path, paths[_i]);
    ck_assert_int_ge(torture(1, work, path, end), 8);
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

/* ---- an allocator that cancels ---- */

typedef struct {
    torture_allocator allocator;
    conceptdec_ctx *ctx;
    int64_t cancel_at;
} canceller;

static void *
allocate_and_cancel(void *user, uint64_t size)
{
    canceller *c = user;
    if (c->allocator.calls + 1 == c->cancel_at)
        conceptdec_ctx_cancel(c->ctx);
    return torture_allocate(&c->allocator, size);
}

static void
release(void *user, void *memory)
{
    torture_release(&((canceller *)user)->allocator, memory);
}

/* The status of the work where it is cancelled at one of its allocations; 0: at none, and `calls` is their number. */
static conceptdec_status
cancelled_once(torture_work what, int64_t cancel_at, const char *path, int64_t *calls)
{
    canceller c = {.cancel_at = 0};
    conceptdec_ctx_options options = {.struct_size = sizeof options,
                                      .allocate = allocate_and_cancel,
                                      .release = release,
                                      .allocator_user = &c,
                                      .threads = 1};
    void *a = NULL;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &c.ctx), CONCEPTDEC_OK);
    int64_t before = c.allocator.calls;
    c.cancel_at = cancel_at > 0 ? before + cancel_at : 0;
    conceptdec_status status = what(c.ctx, (void *)(uintptr_t)path, &a);
    *calls = c.allocator.calls - before;
    conceptdec_activations_free(a);
    a = NULL;
    c.cancel_at = 0;
    conceptdec_ctx_clear_cancel(c.ctx);
    ck_assert_int_eq(what(c.ctx, (void *)(uintptr_t)path, &a), CONCEPTDEC_OK);
    conceptdec_activations_free(a);
    conceptdec_ctx_free(c.ctx);
    ck_assert_int_eq(c.allocator.live, 0);
    return status;
}

START_TEST(cancelled_at_every_allocation)
{
    int64_t cancelled = 0, calls;
    for (int64_t n = 1; n <= 30; n++) {
        conceptdec_status status = cancelled_once(work, n, paths[_i], &calls);
        ck_assert_msg(status == CONCEPTDEC_OK || status == CONCEPTDEC_ECANCELLED, "status %d", status);
        cancelled += status == CONCEPTDEC_ECANCELLED;
    }
    ck_assert_int_ge(cancelled, 2);
}
END_TEST

/* ---- many names, whose order takes a while ---- */

enum { MANY = 9000 };

/* A header, or an index with a shard, of many tensors in no order. Returns the path of the file to open. */
static const char *
put_many(bool has_index)
{
    static char tensors[MANY * 80], index[MANY * 40];
    size_t end = 0, index_end = (size_t)sprintf(index, "{\"weight_map\":{");
    for (int i = 0; i < MANY; i++) {
        int name = (int)((int64_t)i * 7919 % MANY);
        end += (size_t)sprintf(tensors + end, "%s\"x%d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}",
                               i ? "," : "{", name, name, name + 1);
        index_end += (size_t)sprintf(index + index_end, "%s\"x%d\":\"many.safetensors\"", i ? "," : "", name);
    }
    strcpy(tensors + end, "}");
    strcpy(index + index_end, "}}");
    static const char data[MANY];
    const char *path = files_safetensors("many.safetensors", tensors, data, MANY);
    return has_index ? files_text("many.json", index) : path;
}

static conceptdec_status
open_alone(conceptdec_ctx *ctx, void *argument, void **output)
{
    conceptdec_activations *a = NULL;
    conceptdec_status status = conceptdec_activations_open(ctx, argument, NULL, &a);
    if (status == CONCEPTDEC_OK)
        *output = a;
    return status;
}

/* Wherever it comes, the lists of names that are put in order last included: after them comes one block alone. */
START_TEST(cancelled_while_names_are_sorted)
{
    char path[100];
    int64_t calls, all;
    files_begin();
    strcpy(path, put_many(_i == 1));
    ck_assert_int_eq(cancelled_once(open_alone, 0, path, &all), CONCEPTDEC_OK);
    ck_assert_int_ge(all, 15);
    for (int64_t n = 1; n < all; n++)
        ck_assert_msg(cancelled_once(open_alone, n, path, &calls) == CONCEPTDEC_ECANCELLED, "allocation %d of %d",
                      (int)n, (int)all);
    files_end();
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("activations");
    TCase *tcase = tcase_create("activations");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_allocation_fails_once, 0, PATHS);
    tcase_add_loop_test(tcase, cancelled_at_every_allocation, 0, PATHS);
    tcase_add_loop_test(tcase, cancelled_while_names_are_sorted, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)
