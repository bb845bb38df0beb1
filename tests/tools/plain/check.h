/* What the tests use of Check, for machines where Check is not installed, such as the target of a cross build: one
 * suite, whose tests run one after the other in this process; the first failure ends it. */
#ifndef CONCEPTDEC_TESTS_PLAIN_CHECK_H
#define CONCEPTDEC_TESTS_PLAIN_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CK_ENV 0
#define PLAIN_CASES 16
#define PLAIN_TESTS 2048 /* of a case */

typedef struct TTest {
    const char *name;
    void (*run)(int);
} TTest;

typedef void (*SFun)(void);

typedef struct TCase {
    const TTest *tests[PLAIN_TESTS];
    int index[PLAIN_TESTS]; /* `_i` of each */
    int n;
    SFun setup, teardown;
} TCase;

typedef struct Suite {
    const char *name;
    TCase cases[PLAIN_CASES];
    int n;
} Suite;

typedef Suite SRunner;

static inline Suite *
suite_create(const char *name)
{
    static Suite only;
    if (name)
        only.name = name;
    return &only;
}

static inline TCase *
tcase_create(const char *name)
{
    (void)name;
    Suite *suite = suite_create(NULL);
    if (suite->n == PLAIN_CASES)
        abort();
    return &suite->cases[suite->n++];
}

static inline void
tcase_add_checked_fixture(TCase *tcase, SFun setup, SFun teardown)
{
    tcase->setup = setup;
    tcase->teardown = teardown;
}

static inline void
tcase_add_loop_test(TCase *tcase, const TTest *test, int first, int end)
{
    for (int i = first; i < end; i++) {
        if (tcase->n == PLAIN_TESTS)
            abort();
        tcase->index[tcase->n] = i;
        tcase->tests[tcase->n++] = test;
    }
}

static inline void
tcase_add_test(TCase *tcase, const TTest *test)
{
    tcase_add_loop_test(tcase, test, 0, 1);
}

static inline int
srunner_ntests_run(const SRunner *runner)
{
    int n = 0;
    for (int c = 0; c < runner->n; c++)
        n += runner->cases[c].n;
    return n;
}

static inline void
srunner_run_all(SRunner *runner, int mode)
{
    (void)mode;
    for (const TCase *tcase = runner->cases; tcase < runner->cases + runner->n; tcase++)
        for (int i = 0; i < tcase->n; i++) {
            if (tcase->setup)
                tcase->setup();
            tcase->tests[i]->run(tcase->index[i]);
            if (tcase->teardown)
                tcase->teardown();
        }
    printf("%s: %d passed\n", runner->name, srunner_ntests_run(runner));
}

#define tcase_set_timeout(tcase, seconds) ((void)(tcase))
#define suite_add_tcase(suite, tcase) ((void)(tcase))
#define srunner_create(suite) (suite)
#define srunner_free(runner) ((void)(runner))
#define srunner_ntests_failed(runner) 0 /* or the process would have ended */

#define START_TEST(name)                                                                                               \
    static void name##_run(int);                                                                                       \
    static const TTest name##_test = {#name, name##_run};                                                              \
    static const TTest *const name = &name##_test;                                                                     \
    static void name##_run(int _i __attribute__((unused)))
#define END_TEST

#define ck_abort_msg(...)                                                                                              \
    (printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), printf("\n"), fflush(stdout), exit(EXIT_FAILURE))
#define ck_assert_double_eq_tol(x, y, t)                                                                               \
    ck_assert_msg((x) - (y) <= (t) && (y) - (x) <= (t), "%s and %s: %.17g and %.17g", #x, #y, (double)(x), (double)(y))
#define ck_assert_msg(condition, ...) ((condition) ? (void)0 : ck_abort_msg(__VA_ARGS__))
#define ck_assert(condition) ck_assert_msg(condition, "%s", #condition)

#define PLAIN_COMPARE(type, a, op, b) ck_assert_msg((type)(a)op(type)(b), "%s %s %s", #a, #op, #b)
#define ck_assert_int_eq(a, b) PLAIN_COMPARE(intmax_t, a, ==, b)
#define ck_assert_int_ne(a, b) PLAIN_COMPARE(intmax_t, a, !=, b)
#define ck_assert_int_ge(a, b) PLAIN_COMPARE(intmax_t, a, >=, b)
#define ck_assert_int_gt(a, b) PLAIN_COMPARE(intmax_t, a, >, b)
#define ck_assert_int_le(a, b) PLAIN_COMPARE(intmax_t, a, <=, b)
#define ck_assert_int_lt(a, b) PLAIN_COMPARE(intmax_t, a, <, b)
#define ck_assert_uint_eq(a, b) PLAIN_COMPARE(uintmax_t, a, ==, b)
#define ck_assert_double_eq(a, b) PLAIN_COMPARE(double, a, ==, b)
#define ck_assert_double_ge(a, b) PLAIN_COMPARE(double, a, >=, b)
#define ck_assert_double_gt(a, b) PLAIN_COMPARE(double, a, >, b)
#define ck_assert_double_le(a, b) PLAIN_COMPARE(double, a, <=, b)
#define ck_assert_double_lt(a, b) PLAIN_COMPARE(double, a, <, b)
#define ck_assert_ptr_eq(a, b) PLAIN_COMPARE(const void *, a, ==, b)
#define ck_assert_ptr_nonnull(a) ck_assert((a) != NULL)
#define ck_assert_ptr_null(a) ck_assert((a) == NULL)
#define ck_assert_str_eq(a, b) ck_assert(strcmp(a, b) == 0)
#define ck_assert_str_ne(a, b) ck_assert(strcmp(a, b) != 0)
#define ck_assert_mem_eq(a, b, size) ck_assert(memcmp(a, b, size) == 0)

#endif
