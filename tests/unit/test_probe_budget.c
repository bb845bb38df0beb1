/* Probes keep to `memory`: the most bytes that are alive at once, less those of the result, and what is refused. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"

enum { N = 2000, D = 12, CLASSES = 4, FEW = 120, WIDE = N * D / FEW, SOME = 400, WIDER = 1600, TALL = 600, MANY = 400 };

typedef struct counter {
    uint64_t live, peak;
} counter;

static counter counted;

static void *
count_allocate(void *user, uint64_t size)
{
    counter *c = user;
    uint64_t *block = malloc(size + 16);
    if (!block)
        return NULL;
    *block = size;
    c->live += size;
    c->peak = c->live > c->peak ? c->live : c->peak;
    return block + 2;
}

static void
count_release(void *user, void *memory)
{
    counter *c = user;
    uint64_t *block = (uint64_t *)memory - 2;
    c->live -= *block;
    free(block);
}

static double values[N * D], hidden[N * D], wider[SOME * WIDER];
static float narrow[N * D], many[TALL * MANY];
static int64_t labels[N * 3], groups[N], types[N];
static double lambdas[64];

static const conceptdec_matrix x = {values, N, D, D * 8, 8, CONCEPTDEC_FLOAT64, 0, 0, {0}};
static const conceptdec_matrix few = {values, FEW, WIDE, WIDE * 8, 8, CONCEPTDEC_FLOAT64, 0, 0, {0}};
/* One row hides the others: they are fitted in all their dimensions. */
static const conceptdec_matrix few_hidden = {hidden, FEW, WIDE, WIDE * 8, 8, CONCEPTDEC_FLOAT64, 0, 0, {0}};
static const conceptdec_matrix some_hidden = {wider, SOME, WIDER, WIDER * 8, 8, CONCEPTDEC_FLOAT64, 0, 0, {0}};
static const conceptdec_matrix of_some = {labels, SOME, 1, 24, 8, CONCEPTDEC_INT64, 0, 0, {0}};
static const conceptdec_matrix of_few = {labels, FEW, 1, 24, 8, CONCEPTDEC_INT64, 0, 0, {0}};
/* As many dimensions that moments take more than anything else. */
static const conceptdec_matrix tall = {many, TALL, MANY, MANY * 4, 4, CONCEPTDEC_FLOAT32, 0, 0, {0}};
static const conceptdec_matrix of_tall = {labels, TALL, 1, 24, 8, CONCEPTDEC_INT64, 0, 0, {0}};
static const conceptdec_matrix small = {values, 200, 120, 120 * 8, 8, CONCEPTDEC_FLOAT64, 0, 0, {0}};
static const conceptdec_matrix of_small = {labels, 200, 1, 24, 8, CONCEPTDEC_INT64, 0, 0, {0}};
static const conceptdec_matrix x_narrow = {narrow, N, D, D * 4, 4, CONCEPTDEC_FLOAT32, 0, 0, {0}};
/* So few rows that sums of more than 16 label sets, which take buffers of threads, are within little memory. */
static const conceptdec_matrix brief = {narrow, 200, D, D * 4, 4, CONCEPTDEC_FLOAT32, 0, 0, {0}};
static const conceptdec_matrix y = {labels, N, 1, 24, 8, CONCEPTDEC_INT64, 0, 0, {0}};
static const conceptdec_matrix three = {labels, N, 3, 24, 8, CONCEPTDEC_INT64, 0, 0, {0}};
static const conceptdec_matrix of_groups = {groups, N, 1, 8, 8, CONCEPTDEC_INT64, 0, 0, {0}};
static const conceptdec_matrix of_types = {types, N, 1, 8, 8, CONCEPTDEC_INT64, 0, 0, {0}};

static void
make_problem(void)
{
    uint64_t state = 1;
    for (int64_t i = 0; i < N; i++) {
        groups[i] = i / 20;
        types[i] = i % 37;
        for (int64_t j = 0; j < D; j++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            values[i * D + j] = (double)(state >> 40) / 0x1p23 - 1 + (j == i % CLASSES ? 0.5 : 0);
            narrow[i * D + j] = (float)values[i * D + j];
            hidden[i * D + j] = (i * D + j) / WIDE == 7 ? 1e7 * values[i * D + j] : values[i * D + j];
        }
        for (int64_t s = 0; s < 3; s++)
            labels[i * 3 + s] = (i + s * (i % 7)) % CLASSES;
    }
    for (int64_t i = 0; i < SOME * WIDER; i++)
        wider[i] = i % WIDER == 0 ? 1e9 * values[i % (N * D)] : values[i % (N * D)];
    for (int64_t i = 0; i < TALL * MANY; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        many[i] = (float)(state >> 40) / 0x1p23f - 1;
    }
    for (int a = 0; a < 64; a++)
        lambdas[a] = pow(2, -a / 4.0);
}

/* Draws that together would take 16 MB of labels; parts, selections and values that take several. */
static const struct scene {
    const char *name;
    const conceptdec_matrix *labels;
    int64_t memory;
    conceptdec_probe_options options;
    const conceptdec_matrix *rows; /* NULL: x, or `few` */
} scenes[] = {
    {"null", &y, 6 << 20, {.kind = CONCEPTDEC_PROBE_RIDGE, .permutations = 2000}, NULL},
    {"null without one row",
     &y,
     6 << 20,
     {.kind = CONCEPTDEC_PROBE_RIDGE, .given = (uint64_t)1 << 18 /* protocol 0 */, .lambdas = lambdas, .n_lambdas = 8,
      .permutations = 2000},
     &x_narrow},
    {"null of means", &y, 6 << 20, {.kind = CONCEPTDEC_PROBE_NEAREST_MEAN, .permutations = 2000, .groups = &of_groups},
     NULL},
    {"control", &y, 6 << 20, {.kind = CONCEPTDEC_PROBE_RIDGE, .control = 2000, .types = &of_types}, NULL},
    {"lambdas", &y, 20 << 20, {.kind = CONCEPTDEC_PROBE_RIDGE, .lambdas = lambdas, .n_lambdas = 64}, NULL},
    {"nested",
     &y,
     12 << 20,
     {.kind = CONCEPTDEC_PROBE_RIDGE, .lambdas = lambdas, .n_lambdas = 8, .flags = CONCEPTDEC_PROBE_NESTED}, NULL},
    {"groups", &three, 12 << 20, {.protocol = CONCEPTDEC_PROTOCOL_GROUP, .groups = &of_groups}, NULL},
    {"code", &three, 12 << 20, {.lambdas = lambdas, .n_lambdas = 4, .flags = CONCEPTDEC_PROBE_MDL}, NULL},
    {"interval", &y, 6 << 20, {.kind = CONCEPTDEC_PROBE_LDA, .bootstrap = 1000}, NULL},
    {"null of fits", &y, 6 << 20, {.permutations = 40}, NULL},
    {"few rows", &of_few, 4 << 20, {.lambdas = lambdas, .n_lambdas = 8}, NULL},
    {"few rows, little", &of_few, 2400000, {.lambdas = lambdas, .n_lambdas = 64}, NULL},
    {"few rows, hidden", &of_few, 1800000, {.lambdas = lambdas, .n_lambdas = 8, .max_iterations = 2}, &few_hidden},
    {"null of few rows", &of_few, 4 << 20, {.permutations = 20, .folds = 3}, NULL},
};

enum { N_SCENES = sizeof scenes / sizeof *scenes };

static conceptdec_status
run_threads(const struct scene *scene, int32_t threads, int64_t memory, uint64_t *peak, char *text)
{
    const conceptdec_ctx_options hooks = {.struct_size = sizeof hooks,
                                          .allocate = count_allocate,
                                          .release = count_release,
                                          .allocator_user = &counted,
                                          .threads = threads};
    conceptdec_probe_options options = scene->options;
    conceptdec_ctx *ctx = NULL;
    conceptdec_result *result = NULL;
    options.struct_size = sizeof options;
    options.memory = memory;
    ck_assert_int_eq(conceptdec_ctx_new(&hooks, &ctx), CONCEPTDEC_OK);
    uint64_t before = counted.live;
    counted.peak = before;
    const conceptdec_matrix *rows = scene->rows ? scene->rows : scene->labels == &of_few ? &few : &x;
    conceptdec_status status = conceptdec_probe(ctx, rows, scene->labels, &options, &result);
    *peak = counted.peak - counted.live; /* what stays is the result */
    strcpy(text, conceptdec_ctx_error(ctx));
    if (status != CONCEPTDEC_OK && threads == 1) /* more have a pool, which stays */
        ck_assert_uint_eq(counted.live, before);
    conceptdec_result_free(result);
    conceptdec_ctx_free(ctx);
    ck_assert_uint_eq(counted.live, 0);
    return status;
}

static conceptdec_status
run(const struct scene *scene, int64_t memory, uint64_t *peak, char *text)
{
    return run_threads(scene, 1, memory, peak, text);
}

START_TEST(no_more_than_memory_is_alive)
{
    const struct scene *scene = &scenes[_i];
    uint64_t peak;
    char text[512];
    make_problem();
    ck_assert_msg(run(scene, scene->memory, &peak, text) == CONCEPTDEC_OK, "%s: %s", scene->name, text);
    if (getenv("PROBE_PEAKS"))
        printf("%s: %.2f of %.2f MB\n", scene->name, (double)peak / 1e6, (double)scene->memory / 1e6);
    ck_assert_msg(peak <= (uint64_t)scene->memory, "%s: %llu bytes", scene->name, (unsigned long long)peak);
}
END_TEST

/* Refused with the number that is needed, before more than that is taken. */
START_TEST(too_little_is_refused_at_once)
{
    const struct scene *scene = &scenes[_i];
    const int64_t memory = 300000;
    uint64_t peak;
    char text[512];
    make_problem();
    ck_assert_int_eq(run(scene, memory, &peak, text), CONCEPTDEC_ENOMEM);
    ck_assert_msg(strstr(text, "memory: 300000 bytes are too few") == text, "%s: %s", scene->name, text);
    const char *needed = strstr(text, " take ");
    ck_assert_msg(needed && strtoll(needed + 6, NULL, 10) > 0, "%s: %s", scene->name, text);
    ck_assert_msg(peak <= 1 << 20, "%s: %llu bytes", scene->name, (unsigned long long)peak);
}
END_TEST

/* From some memory on, up to `most`, a scene is fitted, and never takes more. */
static void
hold_to_memory(const struct scene *scene, int64_t least, int64_t most, int64_t step)
{
    uint64_t peak;
    char text[512];
    int fitted = 0;
    for (int64_t memory = least; memory < most; memory += step) {
        conceptdec_status status = run(scene, memory, &peak, text);
        fitted += status == CONCEPTDEC_OK;
        ck_assert_msg(status == (fitted ? CONCEPTDEC_OK : CONCEPTDEC_ENOMEM), "%lld: %s", (long long)memory, text);
        ck_assert_msg(!fitted || peak <= (uint64_t)memory, "%lld: %llu bytes", (long long)memory,
                      (unsigned long long)peak);
    }
    ck_assert_int_gt(fitted, 0);
}

/* What sums, products and rows of a part take beside weights and values is counted with these. */
START_TEST(buffers_of_closed_forms_count)
{
    static const int32_t kinds[] = {CONCEPTDEC_PROBE_NEAREST_MEAN, CONCEPTDEC_PROBE_MEAN_DIFFERENCE,
                                    CONCEPTDEC_PROBE_RIDGE};
    const struct scene scene = {"sums", &y, 0, {.kind = kinds[_i], .permutations = 200}, &x_narrow};
    make_problem();
    hold_to_memory(&scene, 500000, 1000000, 20000);
}
END_TEST

/* The least memory, in steps, that is not refused is kept to. */
static int64_t
find_least(const struct scene *scene, int64_t from, int64_t step)
{
    uint64_t peak;
    char text[512];
    make_problem();
    while (run(scene, from, &peak, text) != CONCEPTDEC_OK)
        from += step;
    ck_assert_msg(peak <= (uint64_t)from, "%llu bytes of %lld", (unsigned long long)peak, (long long)from);
    return from;
}

/* Products that moments are made by count. */
START_TEST(moments_count)
{
    const struct scene scene = {
        "moments", &of_small, 0, {.kind = CONCEPTDEC_PROBE_RIDGE, .permutations = 200}, &small};
    find_least(&scene, 900000, 20000);
}
END_TEST

/* Where there is no room for the batches that shares of memory would hold, there is for smaller ones. */
START_TEST(batches_make_room)
{
    const struct scene scene = {
        "batches", &of_tall, 0, {.kind = CONCEPTDEC_PROBE_RIDGE, .permutations = 200}, &tall};
    const int64_t least = find_least(&scene, 4000000, 200000);
    if (getenv("PROBE_PEAKS"))
        printf("batches: %.2f MB\n", (double)least / 1e6);
    ck_assert_int_le(least, 7000000);
}
END_TEST

/* Enough for the products of few rows, and not for a preconditioner of theirs: fitted along a basis, with the same
 * answer. */
START_TEST(a_kernel_gives_way)
{
    const struct scene scene = {"few rows", &of_few, 0, {.lambdas = lambdas, .n_lambdas = 1}, NULL};
    uint64_t peak;
    char text[512];
    make_problem();
    for (int64_t memory = 1000000; memory < 4000000; memory += 50000) {
        conceptdec_status status = run(&scene, memory, &peak, text);
        ck_assert_msg(status == CONCEPTDEC_OK || (memory < 1500000 && status == CONCEPTDEC_ENOMEM), "%lld: %s",
                      (long long)memory, text);
        ck_assert_msg(status != CONCEPTDEC_OK || peak <= (uint64_t)memory, "%lld: %llu bytes", (long long)memory,
                      (unsigned long long)peak);
    }
}
END_TEST

/* Where a single fit does not fit, the text has what it takes: that much is enough, and is not exceeded. */
START_TEST(what_is_named_is_enough)
{
    const struct scene scene = {"few rows, hidden", &of_few, 0, {.n_lambdas = 1, .lambdas = lambdas}, &few_hidden};
    uint64_t peak;
    char text[512];
    long long given, fit, rest, columns, wide;
    make_problem();
    ck_assert_int_eq(run(&scene, 1050000, &peak, text), CONCEPTDEC_ENOMEM);
    ck_assert_msg(sscanf(text,
                         "memory: %lld bytes are too few; one fit of %lld x %lld weights takes %lld beside %lld that "
                         "rows, parts and values take",
                         &given, &columns, &wide, &fit, &rest) == 5,
                  "%s", text);
    ck_assert(given == 1050000 && columns == CLASSES && wide == WIDE && fit + rest > given);
    ck_assert_int_eq(run(&scene, fit + rest - 1, &peak, text), CONCEPTDEC_ENOMEM);
    ck_assert_msg(run(&scene, fit + rest, &peak, text) == CONCEPTDEC_OK, "%s", text);
    ck_assert_msg(peak <= (uint64_t)(fit + rest), "%llu bytes", (unsigned long long)peak);
}
END_TEST

/* The products of rows of many dimensions are made of packed copies, which count, too. */
START_TEST(what_makes_products_counts)
{
    const struct scene scene = {"some rows, hidden", &of_some, 0, {.lambdas = lambdas, .n_lambdas = 1}, &some_hidden};
    make_problem();
    hold_to_memory(&scene, 6000000, 30000000, 3000000);
}
END_TEST

/* ---- the least memory that is not refused ---- */

#define LOO .given = (uint64_t)1 << 18 /* protocol 0 */
#define GROUPED .protocol = CONCEPTDEC_PROTOCOL_GROUP, .groups = &of_groups
#define EIGHT .lambdas = lambdas, .n_lambdas = 8

static const struct {
    int32_t threads;
    struct scene scene;
} tight[] = {
    {1, {"ridge, groups", &y, 0, {.kind = CONCEPTDEC_PROBE_RIDGE, GROUPED, EIGHT, .permutations = 50}, NULL}},
    {1, {"ridge, few groups", &y, 0,
         {.kind = CONCEPTDEC_PROBE_RIDGE, .protocol = CONCEPTDEC_PROTOCOL_GROUP, .groups = &of_types, EIGHT,
          .permutations = 20}, NULL}},
    {1, {"ridge, leverages", &y, 0,
         {.kind = CONCEPTDEC_PROBE_RIDGE, LOO, .lambdas = lambdas, .n_lambdas = 64, .permutations = 2}, NULL}},
    {1, {"ridge, screened", &y, 0, {.kind = CONCEPTDEC_PROBE_RIDGE, LOO, EIGHT, .permutations = 500}, &x_narrow}},
    {16, {"ridge, screened by many", &y, 0,
         {.kind = CONCEPTDEC_PROBE_RIDGE, LOO, .lambdas = lambdas, .n_lambdas = 40, .permutations = 100}, &x_narrow}},
    {16, {"ridge, refined", &of_tall, 0, {.kind = CONCEPTDEC_PROBE_RIDGE, .flags = CONCEPTDEC_PROBE_NO_FIT}, &tall}},
    {16, {"ridge, few rows", &of_few, 0, {.kind = CONCEPTDEC_PROBE_RIDGE, EIGHT}, NULL}},
    {1, {"lda", &of_tall, 0, {.kind = CONCEPTDEC_PROBE_LDA}, &tall}},
    {16, {"lda, many threads", &of_small, 0, {.kind = CONCEPTDEC_PROBE_LDA, .permutations = 4}, &small}},
    {4, {"lda, few rows", &of_few, 0, {.kind = CONCEPTDEC_PROBE_LDA}, NULL}},
    {2, {"means, groups", &y, 0, {.kind = CONCEPTDEC_PROBE_MEAN_DIFFERENCE, GROUPED, .permutations = 50}, NULL}},
    {1, {"means, one row", &y, 0, {.kind = CONCEPTDEC_PROBE_NEAREST_MEAN, LOO, .permutations = 50}, &x_narrow}},
    {1, {"means", &three, 0, {.kind = CONCEPTDEC_PROBE_NEAREST_MEAN, .permutations = 50}, &x_narrow}},
    {4, {"means, many sets", &of_small, 0, {.kind = CONCEPTDEC_PROBE_NEAREST_MEAN, .permutations = 300}, &brief}},
    {4, {"ridge, many sets", &of_small, 0, {.kind = CONCEPTDEC_PROBE_RIDGE, .permutations = 300}, &brief}},
    {4, {"control", &y, 0, {.kind = CONCEPTDEC_PROBE_NEAREST_MEAN, .control = 20, .types = &of_types}, NULL}},
    {16, {"interval", &y, 0,
         {.kind = CONCEPTDEC_PROBE_NEAREST_MEAN, .protocol = CONCEPTDEC_PROTOCOL_RESUBSTITUTION, .bootstrap = 100},
         NULL}},
    {4, {"code", &y, 0, {.max_iterations = 2, .flags = CONCEPTDEC_PROBE_MDL}, NULL}},
    {16, {"logistic, many threads", &of_tall, 0, {.max_iterations = 2}, &tall}},
    {1, {"logistic", &three, 0, {.max_iterations = 2, .folds = 20}, &x_narrow}},
};

START_TEST(the_least_is_kept_to)
{
    const struct scene *scene = &tight[_i].scene;
    int64_t least = 1 << 26, refused = 1 << 18;
    uint64_t peak;
    char text[512];
    make_problem();
    while (least - refused > refused / 64) {
        const int64_t memory = refused + (least - refused) / 2;
        const conceptdec_status status = run_threads(scene, tight[_i].threads, memory, &peak, text);
        ck_assert_msg(status == CONCEPTDEC_OK || status == CONCEPTDEC_ENOMEM, "%s: %s", scene->name, text);
        if (status == CONCEPTDEC_OK)
            least = memory;
        else
            refused = memory;
    }
    for (int64_t memory = least; memory < 3 * least; memory += memory / 4) {
        const conceptdec_status status = run_threads(scene, tight[_i].threads, memory, &peak, text);
        ck_assert_msg(status == CONCEPTDEC_OK || (memory > least && status == CONCEPTDEC_ENOMEM), "%s: %s",
                      scene->name, text);
        if (getenv("PROBE_PEAKS"))
            printf("%s: %.3f of %.3f MB\n", scene->name, (double)peak / 1e6, (double)memory / 1e6);
        ck_assert_msg(status != CONCEPTDEC_OK || peak <= (uint64_t)memory, "%s: %llu bytes of %lld", scene->name,
                      (unsigned long long)peak, (long long)memory);
    }
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("probe budget");
    TCase *tests = tcase_create("probe budget");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, no_more_than_memory_is_alive, 0, N_SCENES);
    tcase_add_loop_test(tests, buffers_of_closed_forms_count, 0, 3);
    tcase_add_test(tests, moments_count);
    tcase_add_test(tests, batches_make_room);
    tcase_add_test(tests, a_kernel_gives_way);
    tcase_add_test(tests, what_is_named_is_enough);
    tcase_add_test(tests, what_makes_products_counts);
    tcase_add_loop_test(tests, too_little_is_refused_at_once, 0, N_SCENES);
    suite_add_tcase(suite, tests);
    TCase *least = tcase_create("least");
    tcase_set_timeout(least, 120);
    tcase_add_loop_test(least, the_least_is_kept_to, 0, (int)(sizeof tight / sizeof *tight));
    suite_add_tcase(suite, least);
    return suite;
}

CHECK_MAIN(make_suite)
