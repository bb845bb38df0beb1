/* Files of activations: every form reads as the numbers that were written, from a map and by pread. The golden files
 * are those of tests/fuzz (corpus_files.py says what is in them). */
#define _GNU_SOURCE

#include <fcntl.h>
#include <pthread.h>

#include "activation_files.h"
#include "check_main.h"
#include "io/activations.h"
#include "kernels/kernels.h"

enum { ROWS = 300, COLS = 20 };

static const uint32_t both[] = {0, CONCEPTDEC_ACTIVATIONS_MAP};

static int64_t
index_of(conceptdec_ctx *ctx, const conceptdec_activations *a, const char *name)
{
    int64_t index = -1;
    ck_assert_msg(conceptdec_activations_find(ctx, a, name, &index) == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    return index;
}

/* All elements of a view as doubles. */
static double *
elements(conceptdec_ctx *ctx, const conceptdec_activations *a, int64_t index, int64_t cell, conceptdec_matrix *view)
{
    conceptdec_i_arena arena;
    const conceptdec_matrix *opened = view;
    conceptdec_status status = conceptdec_activations_view(ctx, a, index, cell, view);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    double *values = calloc((size_t)(view->rows * view->cols), sizeof *values);
    ck_assert_ptr_nonnull(values);
    conceptdec_i_arena_open(&arena, ctx);
    ck_assert_int_eq(conceptdec_i_view_open(&arena, "x", &opened), CONCEPTDEC_OK);
    for (int64_t i = 0; i < view->rows; i++)
        conceptdec_i_view_widen(ctx->kernels, opened, i, 0, view->cols, values + i * view->cols);
    ck_assert_int_eq(conceptdec_i_take_pending(ctx), CONCEPTDEC_OK);
    conceptdec_i_arena_close(&arena);
    return values;
}

static void
expect_info(conceptdec_ctx *ctx, const conceptdec_activations *a, int64_t index, const char *name, const char *type,
            int32_t dtype)
{
    conceptdec_array_info info;
    ck_assert_int_eq(conceptdec_activations_info(ctx, a, index, &info), CONCEPTDEC_OK);
    ck_assert_str_eq(info.name, name);
    ck_assert_str_eq(info.type, type);
    ck_assert_int_eq(info.dtype, dtype);
}

/* ---- floating numbers ---- */

START_TEST(every_form_of_npy_has_its_numbers)
{
    static const struct {
        const char *name, *type;
        int32_t dtype;
    } cases[] = {
        {"f8-little", "float64", CONCEPTDEC_FLOAT64},  {"f8-big", "float64", CONCEPTDEC_FLOAT64},
        {"f4-little", "float32", CONCEPTDEC_FLOAT32},  {"f4-big", "float32", CONCEPTDEC_FLOAT32},
        {"f2-little", "float16", CONCEPTDEC_FLOAT16},  {"f2-big", "float16", CONCEPTDEC_FLOAT16},
        {"bfloat16", "bfloat16", CONCEPTDEC_BFLOAT16}, {"version-2", "float32", CONCEPTDEC_FLOAT32},
        {"version-3", "float32", CONCEPTDEC_FLOAT32},  {"fortran", "float32", CONCEPTDEC_FLOAT32},
    };
    conceptdec_ctx *ctx = files_ctx(1);
    char path[100];
    (void)snprintf(path, sizeof path, "tests/fuzz/npy/%s.npy", cases[_i / 2].name);
    conceptdec_activations *a = files_open(ctx, path, both[_i % 2], 0);
    conceptdec_matrix view;
    ck_assert_int_eq(conceptdec_activations_count(a), 1);
    expect_info(ctx, a, 0, cases[_i / 2].name, cases[_i / 2].type, cases[_i / 2].dtype);
    double *x = elements(ctx, a, 0, 0, &view);
    ck_assert_int_eq(view.rows, 10);
    ck_assert_int_eq(view.cols, 3);
    ck_assert_int_eq(view.dtype, cases[_i / 2].dtype);
    bool is_swapped = strstr(cases[_i / 2].name, "big") != NULL;
    ck_assert_int_eq(view.flags == 0, _i % 2 == 1 && !is_swapped);
    for (int i = 0; i < 30; i++)
        ck_assert_double_eq(x[i], i % 11 - 3);
    free(x);
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(cells_of_a_grid_are_counted_in_row_major_order)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/npy/fortran-big-grid.npy", both[_i], 0);
    conceptdec_activations *b = files_open(ctx, "tests/fuzz/npy/grid.npy", both[_i], 0);
    conceptdec_matrix view;
    for (int cell = 0; cell < 6; cell++) { /* 2 x 3 of 4 x 2 */
        double *x = elements(ctx, a, 0, cell, &view);
        ck_assert_int_eq(view.rows, 4);
        ck_assert_int_eq(view.cols, 2);
        for (int i = 0; i < 8; i++)
            ck_assert_double_eq(x[i], 8 * cell + i);
        free(x);
    }
    for (int cell = 0; cell < 3; cell++) { /* 3 x 1 of 4 x 2 */
        double *x = elements(ctx, b, 0, cell, &view);
        for (int i = 0; i < 8; i++)
            ck_assert_double_eq(x[i], 8 * cell + i);
        free(x);
    }
    ck_assert_int_eq(conceptdec_activations_view(ctx, b, 0, 3, &view), CONCEPTDEC_ESIZE);
    conceptdec_activations_free(a);
    conceptdec_activations_free(b);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(many_cells_have_readers_of_their_own)
{
    enum { CELLS = 3 * CONCEPTDEC_I_CELLS + 1 };
    static float values[2 * CELLS];
    conceptdec_ctx *ctx = files_ctx(1);
    char header[100];
    for (int i = 0; i < 2 * CELLS; i++)
        values[i] = (float)i;
    (void)snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 2, 1)}", CELLS);
    conceptdec_activations *a = files_open(ctx, files_npy("cells", header, values, sizeof values), 0, 0);
    conceptdec_matrix first, again;
    for (int cell = CELLS - 1; cell >= 0; cell--) {
        double *x = elements(ctx, a, 0, cell, &first);
        ck_assert_double_eq(x[1], 2 * cell + 1);
        ck_assert_int_eq(conceptdec_activations_view(ctx, a, 0, cell, &again), CONCEPTDEC_OK);
        ck_assert_ptr_eq(first.data, again.data);
        free(x);
    }
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(columns_numbers_and_nothing)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_matrix view;
    conceptdec_array_info info;
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/npy/column.npy", both[_i], 0);
    double *x = elements(ctx, a, 0, 0, &view);
    ck_assert_int_eq(view.rows, 10);
    ck_assert_int_eq(view.cols, 1);
    ck_assert_double_eq(x[9], 2);
    free(x);
    conceptdec_activations_free(a);
    a = files_open(ctx, "tests/fuzz/npy/number.npy", both[_i], 0);
    ck_assert_int_eq(conceptdec_activations_info(ctx, a, 0, &info), CONCEPTDEC_OK);
    ck_assert_int_eq(info.ndim, 0);
    ck_assert_int_eq(conceptdec_activations_view(ctx, a, 0, 0, &view), CONCEPTDEC_ESIZE);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "array \"number\": is a single number without axes");
    conceptdec_activations_free(a);
    a = files_open(ctx, "tests/fuzz/npy/empty.npy", both[_i], 0);
    ck_assert_int_eq(conceptdec_activations_view(ctx, a, 0, 0, &view), CONCEPTDEC_ESIZE);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "array \"empty\": has no elements");
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- integers ---- */

static const int64_t *
integers(conceptdec_ctx *ctx, const conceptdec_activations *a, int64_t index, conceptdec_array *array)
{
    conceptdec_status status = conceptdec_activations_integers(ctx, a, index, array);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    ck_assert_int_eq(array->dtype, CONCEPTDEC_INT64);
    return array->data;
}

START_TEST(integers_of_every_width)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_array array;
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/safetensors/types", both[_i], 0);
    for (int k = 3; k < 12; k++) { /* int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool */
        char name[20];
        (void)snprintf(name, sizeof name, "layer.%d", k);
        conceptdec_status status = conceptdec_activations_integers(ctx, a, index_of(ctx, a, name), &array);
        if (k == 10) {
            ck_assert_int_eq(status, CONCEPTDEC_EOVERFLOW);
            ck_assert_str_eq(conceptdec_ctx_error(ctx), "array \"layer.10\": element 0 is above 2^63 - 1");
            continue;
        }
        ck_assert_int_eq(status, CONCEPTDEC_OK);
        const int64_t *v = array.data;
        for (int i = 0; i < 12; i++) {
            int64_t x = i % 7 - 2, wrap = k < 7 || k > 10 ? 0 : k == 7 ? 256 : k == 8 ? 65536 : INT64_C(1) << 32;
            ck_assert_int_eq(v[i], k == 11 ? x != 0 : x < 0 ? x + wrap : x);
        }
        ck_assert_int_eq(array.ndim, 2);
        ck_assert_int_eq(array.shape[0], 4);
        ck_assert_int_eq(array.shape[1], 3);
    }
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(integers_of_npy)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_array array, again;
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/npy/labels-fortran.npy", both[_i], 0);
    const int64_t *v = integers(ctx, a, 0, &array);
    for (int i = 0; i < 12; i++)
        ck_assert_int_eq(v[i], i);
    ck_assert_ptr_eq(integers(ctx, a, 0, &again), v);
    conceptdec_activations_free(a);
    a = files_open(ctx, "tests/fuzz/npy/bool.npy", both[_i], 0);
    v = integers(ctx, a, 0, &array);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(v[i], i % 2 == 0);
    conceptdec_activations_free(a);
    a = files_open(ctx, "tests/fuzz/npy/uint64.npy", both[_i], 0);
    ck_assert_int_eq(conceptdec_activations_integers(ctx, a, 0, &array), CONCEPTDEC_EOVERFLOW);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "array \"uint64\": element 3 is above 2^63 - 1");
    conceptdec_activations_free(a);
    a = files_open(ctx, "tests/fuzz/npy/f4-big.npy", both[_i], 0);
    ck_assert_int_eq(conceptdec_activations_integers(ctx, a, 0, &array), CONCEPTDEC_EDTYPE);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "array \"f4-big\": is of type float32, but integers are needed");
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(more_integers_than_are_read_at_once)
{
    enum { A = 70, B = 90 };
    static int32_t values[A * B];
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_array array;
    for (int i = 0; i < A; i++)
        for (int j = 0; j < B; j++)
            values[i + A * j] = 1000 * i + j - 7;
    const char *path =
        files_npy("many", "{'descr': '<i4', 'fortran_order': True, 'shape': (70, 90)}", values, sizeof values);
    conceptdec_activations *a = files_open(ctx, path, both[_i], 0);
    const int64_t *v = integers(ctx, a, 0, &array);
    for (int i = 0; i < A * B; i++)
        ck_assert_int_eq(v[i], 1000 * (i / B) + i % B - 7);
    conceptdec_activations_free(a);
    path =
        files_npy("none", "{'descr': '<i4', 'fortran_order': True, 'shape': (0, 4611686018427387904, 4)}", values, 0);
    a = files_open(ctx, path, both[_i], 0);
    (void)integers(ctx, a, 0, &array);
    ck_assert_int_eq(array.ndim, 3);
    ck_assert_int_eq(array.shape[0], 0);
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(shorts_are_bfloat16_on_request)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/safetensors/types", 0, CONCEPTDEC_BFLOAT16);
    expect_info(ctx, a, index_of(ctx, a, "layer.4"), "layer.4", "bfloat16", CONCEPTDEC_BFLOAT16); /* int16 */
    expect_info(ctx, a, index_of(ctx, a, "layer.8"), "layer.8", "bfloat16", CONCEPTDEC_BFLOAT16); /* uint16 */
    expect_info(ctx, a, index_of(ctx, a, "layer.2"), "layer.2", "float16", CONCEPTDEC_FLOAT16);
    expect_info(ctx, a, index_of(ctx, a, "layer.3"), "layer.3", "int8", CONCEPTDEC_INT64);
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- names ---- */

START_TEST(names_are_in_natural_order)
{
    static const char *const order[] = {"labels", "layer.0", "layer.1", "layer.2", "layer.10"};
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/safetensors/layers", 0, 0);
    int64_t index = 77;
    ck_assert_int_eq(conceptdec_activations_count(a), 5);
    for (int i = 0; i < 5; i++) {
        conceptdec_array_info info;
        ck_assert_int_eq(conceptdec_activations_info(ctx, a, i, &info), CONCEPTDEC_OK);
        ck_assert_str_eq(info.name, order[i]);
        ck_assert_int_eq(index_of(ctx, a, order[i]), i);
    }
    ck_assert_int_eq(conceptdec_activations_find(ctx, a, "layer.3", &index), CONCEPTDEC_ENAME);
    ck_assert_int_eq(index, 77);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "name: \"layer.3\" is none of the 5 arrays: \"labels\", \"layer.0\", "
                                                "\"layer.1\", \"layer.2\", \"layer.10\"");
    ck_assert_str_eq(conceptdec_activations_metadata(a, "model"), "test");
    ck_assert_str_eq(conceptdec_activations_metadata(a, "step"), "17");
    ck_assert_ptr_null(conceptdec_activations_metadata(a, "mode"));
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(natural_order_is_an_order)
{
    static const char *const names[] = {"",    "0",       "00",  "1",  "01",  "2",
                                        "10",  "10a",     "a",   "a0", "a00", "a1",
                                        "a1b", "a01b",    "a1c", "a2", "a10", "a18446744073709551616",
                                        "b",   "\xc3\xa9"};
    enum { N = sizeof names / sizeof *names };
    ck_assert_int_lt(conceptdec_i_compare_names("layer.2", "layer.10"), 0);
    ck_assert_int_lt(conceptdec_i_compare_names("a01b", "a1c"), 0);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            int ij = conceptdec_i_compare_names(names[i], names[j]),
                ji = conceptdec_i_compare_names(names[j], names[i]);
            ck_assert_int_eq((ij > 0) - (ij < 0), (ji < 0) - (ji > 0));
            ck_assert_int_eq(ij == 0, i == j);
            for (int k = 0; k < N; k++)
                if (ij < 0 && conceptdec_i_compare_names(names[j], names[k]) < 0)
                    ck_assert_int_lt(conceptdec_i_compare_names(names[i], names[k]), 0);
        }
}
END_TEST

static int
by_key(const void *a, const void *b)
{
    return conceptdec_i_compare_names(((const conceptdec_i_pair *)a)->key, ((const conceptdec_i_pair *)b)->key);
}

START_TEST(lists_of_any_length_are_sorted)
{
    static const int64_t lengths[] = {0, 1, 2, 3, 5, 8, 100, 5000};
    static char names[5000][12];
    int64_t n = lengths[_i];
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_i_list list = {.count = 0};
    const void **sorted = NULL;
    memset(names, 0, sizeof names);
    for (int64_t i = 0; i < n; i++) {
        conceptdec_i_pair *pair = conceptdec_i_list_add(ctx->memory, &list, sizeof *pair);
        ck_assert_ptr_nonnull(pair);
        (void)snprintf(names[i], sizeof names[i], "x%d", (int)((i * 3 + 1) * 7919 % n));
        pair->key = names[i];
    }
    ck_assert_int_eq(conceptdec_i_list_sort(ctx, &list, sizeof(conceptdec_i_pair), by_key, &sorted), CONCEPTDEC_OK);
    for (int64_t i = 0; i < n; i++) {
        ck_assert(i == 0 || by_key(sorted[i - 1], sorted[i]) <= 0);
        int64_t place = (const conceptdec_i_pair *)sorted[i] - (const conceptdec_i_pair *)list.items;
        ck_assert(place >= 0 && place < n && names[place][11] == '\0');
        names[place][11] = 'x'; /* each once */
    }
    conceptdec_i_give(ctx, (void *)sorted);
    conceptdec_i_give(ctx, list.items);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* Compares, and cancels at one of the comparisons. */
static struct {
    conceptdec_ctx *ctx;
    int64_t count, cancel_at;
} comparisons;

static int
by_key_until_cancelled(const void *a, const void *b)
{
    if (++comparisons.count == comparisons.cancel_at)
        conceptdec_ctx_cancel(comparisons.ctx);
    return by_key(a, b);
}

/* A list in no order is left soon after the cancel, in whichever pass that comes. */
START_TEST(sorting_of_names_can_be_cancelled)
{
    enum { N = 100000, SOON = 2 * 4096 };
    static char names[N][12];
    static const double shares[] = {0, 0.03, 0.5, 0.95, 0.995, 2}; /* of all comparisons; 2: never */
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_i_list list = {.count = 0};
    const void **sorted = NULL;
    for (int64_t i = 0; i < N; i++) {
        conceptdec_i_pair *pair = conceptdec_i_list_add(ctx->memory, &list, sizeof *pair);
        ck_assert_ptr_nonnull(pair);
        (void)snprintf(names[i], sizeof names[i], "%d", (int)(i * 7919 % N));
        pair->key = names[i];
    }
    comparisons.ctx = ctx;
    comparisons.count = comparisons.cancel_at = 0;
    ck_assert_int_eq(conceptdec_i_list_sort(ctx, &list, sizeof(conceptdec_i_pair), by_key_until_cancelled, &sorted), 0);
    conceptdec_i_give(ctx, (void *)sorted);
    int64_t all = comparisons.count, cancel_at = (int64_t)(shares[_i] * (double)all) + 1;
    sorted = NULL;
    comparisons.count = 0;
    comparisons.cancel_at = cancel_at;
    conceptdec_status status =
        conceptdec_i_list_sort(ctx, &list, sizeof(conceptdec_i_pair), by_key_until_cancelled, &sorted);
    ck_assert_int_eq(status, cancel_at > all ? CONCEPTDEC_OK : CONCEPTDEC_ECANCELLED);
    ck_assert_int_eq(sorted != NULL, cancel_at > all);
    ck_assert_int_le(comparisons.count, cancel_at > all ? all : cancel_at + SOON);
    conceptdec_i_give(ctx, (void *)sorted);
    conceptdec_i_give(ctx, list.items);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(escapes_in_names)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/safetensors/escapes", 0, 0);
    (void)index_of(ctx, a, "\xc3\xa9\xf0\x9f\x98\x80\"\\/\b\n");
    conceptdec_activations_free(a);
    a = files_open(ctx, "tests/fuzz/safetensors/names", 0, 0);
    (void)index_of(ctx, a, "\xf0\x9f\x98\x80");
    (void)index_of(ctx, a, "");
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(types_that_are_not_read_are_listed)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_matrix view;
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/safetensors/unread", 0, 0);
    expect_info(ctx, a, 0, "a", "F8_E4M3", 0);
    expect_info(ctx, a, 1, "b", "F4", 0);
    ck_assert_int_eq(conceptdec_activations_view(ctx, a, 0, 0, &view), CONCEPTDEC_EDTYPE);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "array \"a\": elements of type F8_E4M3 are not read");
    free(elements(ctx, a, 2, 0, &view));
    conceptdec_activations_free(a);
    a = files_open(ctx, "tests/fuzz/npy/complex.npy", 0, 0);
    expect_info(ctx, a, 0, "complex", "complex64", 0);
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(shards_are_one_file)
{
    static const char *const order[] = {"layer.1", "layer.2", "layer.10", "layer.20"};
    static const int numbers[] = {1, 2, 10, 20};
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/shards/model.safetensors.index.json", both[_i], 0);
    ck_assert_int_eq(conceptdec_activations_count(a), 4);
    for (int k = 0; k < 4; k++) {
        conceptdec_matrix view;
        expect_info(ctx, a, k, order[k], "float32", CONCEPTDEC_FLOAT32);
        double *x = elements(ctx, a, k, 0, &view);
        for (int i = 0; i < 12; i++)
            ck_assert_double_eq(x[i], i % 5 - 1 + numbers[k]);
        free(x);
    }
    ck_assert_str_eq(conceptdec_activations_metadata(a, "shard"), "0");
    ck_assert_str_eq(conceptdec_activations_metadata(a, "only1"), "x");
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

/* ---- what is computed ---- */

static uint64_t values[ROWS * COLS], turned[ROWS * COLS];

/* Random float16 or float64 in C order, and the same in Fortran order. */
static void
make_values(bool is_half)
{
    conceptdec_i_rng rng;
    conceptdec_i_rng_start(&rng, 3, CONCEPTDEC_I_RNG_SAMPLE, is_half);
    for (int i = 0; i < ROWS * COLS; i++) {
        double x = conceptdec_i_rng_unit(&rng) + (i / COLS % 3 == i % COLS);
        uint16_t half =
            (uint16_t)(0x3000 + conceptdec_i_rng_u32(&rng) % 0xc00 + (i / COLS % 3 == i % COLS ? 0x400u : 0));
        if (is_half) {
            ((uint16_t *)values)[i] = half;
            ((uint16_t *)turned)[i % COLS * ROWS + i / COLS] = half;
        } else {
            memcpy(&values[i], &x, 8);
            memcpy(&turned[i % COLS * ROWS + i / COLS], &x, 8);
        }
    }
}

static double *
decodability(conceptdec_ctx *ctx, const conceptdec_matrix *x, int64_t *count)
{
    static int64_t labels[ROWS];
    conceptdec_matrix y = {
        .data = labels, .rows = ROWS, .cols = 1, .row_stride = 8, .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    conceptdec_knn_options options = {.struct_size = sizeof options, .k = 5, .permutations = 20};
    conceptdec_result *result = NULL;
    conceptdec_array null;
    for (int i = 0; i < ROWS; i++)
        labels[i] = i % 3;
    conceptdec_status status = conceptdec_knn_decodability(ctx, x, &y, &options, &result);
    ck_assert_msg(status == CONCEPTDEC_OK, "%s", conceptdec_ctx_error(ctx));
    ck_assert_int_eq(conceptdec_result_get(result, CONCEPTDEC_R_NULL, &null), CONCEPTDEC_OK);
    *count = null.shape[0] * null.shape[1] + 1;
    double *all = calloc((size_t)*count, sizeof *all);
    ck_assert_ptr_nonnull(all);
    memcpy(all + 1, null.data, (size_t)(*count - 1) * sizeof *all);
    ck_assert_int_eq(conceptdec_result_scalar(result, CONCEPTDEC_R_DECODABILITY, all), CONCEPTDEC_OK);
    conceptdec_result_free(result);
    return all;
}

START_TEST(decodability_has_the_bits_of_memory)
{
    bool is_half = _i % 2, is_fortran = _i / 2 % 2;
    size_t bytes = ROWS * COLS * (is_half ? 2u : 8u);
    int64_t size = is_half ? 2 : 8, count, again;
    char header[120];
    conceptdec_ctx *ctx = files_ctx(2);
    make_values(is_half);
    conceptdec_matrix x = {.data = values,
                           .rows = ROWS,
                           .cols = COLS,
                           .row_stride = COLS * size,
                           .col_stride = size,
                           .dtype = is_half ? CONCEPTDEC_FLOAT16 : CONCEPTDEC_FLOAT64};
    double *expected = decodability(ctx, &x, &count);
    ck_assert(expected[0] > 0.4 && expected[0] < 1);
    (void)snprintf(header, sizeof header, "{'descr': '<f%d', 'fortran_order': %s, 'shape': (%d, %d), }", (int)size,
                   is_fortran ? "True" : "False", ROWS, COLS);
    const char *path = files_npy("x.npy", header, is_fortran ? turned : values, bytes);
    for (int m = 0; m < 2; m++) {
        conceptdec_activations *a = files_open(ctx, path, both[m], 0);
        conceptdec_matrix view;
        ck_assert_int_eq(conceptdec_activations_view(ctx, a, 0, 0, &view), CONCEPTDEC_OK);
        double *got = decodability(ctx, &view, &again);
        ck_assert_int_eq(count, again);
        ck_assert_mem_eq(got, expected, (size_t)count * sizeof *got);
        free(got);
        conceptdec_activations_free(a);
    }
    free(expected);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(files_that_shrink_are_told)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_matrix view;
    conceptdec_moments *moments = NULL;
    conceptdec_array array;
    make_values(false);
    const char *path =
        files_npy("x", "{'descr': '<f8', 'fortran_order': False, 'shape': (300, 20)}", values, sizeof values);
    conceptdec_activations *a = files_open(ctx, path, 0, 0);
    ck_assert_int_eq(truncate(path, 1000), 0);
    ck_assert_int_eq(conceptdec_activations_view(ctx, a, 0, 0, &view), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_moments_new(ctx, COLS, &moments), CONCEPTDEC_OK);
    ck_assert_int_eq(conceptdec_moments_add(ctx, moments, &view), CONCEPTDEC_EREAD);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "the reader returned -1 for rows"));
    conceptdec_moments_free(moments);
    conceptdec_activations_free(a);
    path = files_npy("y", "{'descr': '<i8', 'fortran_order': False, 'shape': (300, 20)}", values, sizeof values);
    a = files_open(ctx, path, 0, 0);
    ck_assert_int_eq(truncate(path, 1000), 0);
    ck_assert_int_eq(conceptdec_activations_integers(ctx, a, 0, &array), CONCEPTDEC_EIO);
    ck_assert_ptr_nonnull(strstr(conceptdec_ctx_error(ctx), "has become shorter than"));
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(handles_outlive_their_context)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/safetensors/layers", both[_i], 0);
    conceptdec_matrix view;
    conceptdec_array array;
    int flags = fcntl(a->volumes[0].file.descriptor, F_GETFD);
    ck_assert(flags >= 0 && (flags & FD_CLOEXEC));
    conceptdec_ctx_free(ctx);
    ctx = files_ctx(1);
    free(elements(ctx, a, 1, 0, &view));
    (void)integers(ctx, a, 0, &array);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(((const int64_t *)array.data)[3], 3);
    conceptdec_activations_free(a);
    conceptdec_activations_free(NULL);
    ck_assert_int_eq(conceptdec_activations_count(NULL), 0);
    ck_assert_ptr_null(conceptdec_activations_metadata(NULL, "a"));
}
END_TEST

/* ---- threads ---- */

enum { THREADS = 4 };

typedef struct {
    const conceptdec_activations *a;
    conceptdec_matrix views[4];
    conceptdec_array labels;
    double sum;
} worker;

static void *
work(void *argument)
{
    worker *w = argument;
    conceptdec_ctx *ctx = files_ctx(1);
    for (int i = 0; i < 4; i++) {
        double *x = elements(ctx, w->a, i + 1, 0, &w->views[i]);
        for (int k = 0; k < 12; k++)
            w->sum += x[k] * (k + i);
        free(x);
    }
    (void)integers(ctx, w->a, 0, &w->labels);
    conceptdec_ctx_free(ctx);
    return NULL;
}

START_TEST(threads_share_a_file)
{
    worker workers[THREADS] = {{.sum = 0}};
    pthread_t threads[THREADS];
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/safetensors/layers", 0, 0);
    for (int t = 0; t < THREADS; t++) {
        workers[t].a = a;
        ck_assert_int_eq(pthread_create(&threads[t], NULL, work, &workers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        (void)pthread_join(threads[t], NULL);
        ck_assert_double_eq(workers[t].sum, workers[0].sum);
        ck_assert_ptr_eq(workers[t].labels.data, workers[0].labels.data);
        ck_assert_mem_eq(workers[t].views, workers[0].views, sizeof workers[t].views);
    }
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("activations");
    TCase *tcase = tcase_create("activations");
    tcase_add_checked_fixture(tcase, files_begin, files_end);
    tcase_add_loop_test(tcase, every_form_of_npy_has_its_numbers, 0, 20);
    tcase_add_loop_test(tcase, cells_of_a_grid_are_counted_in_row_major_order, 0, 2);
    tcase_add_test(tcase, many_cells_have_readers_of_their_own);
    tcase_add_loop_test(tcase, columns_numbers_and_nothing, 0, 2);
    tcase_add_loop_test(tcase, integers_of_every_width, 0, 2);
    tcase_add_loop_test(tcase, integers_of_npy, 0, 2);
    tcase_add_loop_test(tcase, more_integers_than_are_read_at_once, 0, 2);
    tcase_add_test(tcase, shorts_are_bfloat16_on_request);
    tcase_add_test(tcase, names_are_in_natural_order);
    tcase_add_test(tcase, natural_order_is_an_order);
    tcase_add_loop_test(tcase, lists_of_any_length_are_sorted, 0, 8);
    tcase_add_loop_test(tcase, sorting_of_names_can_be_cancelled, 0, 6);
    tcase_add_test(tcase, escapes_in_names);
    tcase_add_test(tcase, types_that_are_not_read_are_listed);
    tcase_add_loop_test(tcase, shards_are_one_file, 0, 2);
    tcase_add_loop_test(tcase, decodability_has_the_bits_of_memory, 0, 4);
    tcase_add_test(tcase, files_that_shrink_are_told);
    tcase_add_loop_test(tcase, handles_outlive_their_context, 0, 2);
    tcase_add_test(tcase, threads_share_a_file);
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)
