/* What the tests of the kernels use of Check, for machines where Check is not installed, such as the target of a cross
 * build: one suite, whose tests run one after the other in this process; the first failure ends it. */
#ifndef CONCEPTDEC_TESTS_PLAIN_CHECK_H
#define CONCEPTDEC_TESTS_PLAIN_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CK_ENV 0
#define PLAIN_TESTS 64

typedef struct TTest {
    const char *name;
    void (*run)(int);
} TTest;

typedef struct Suite {
    const char *name;
    const TTest *tests[PLAIN_TESTS];
    int index[PLAIN_TESTS]; /* `_i` of each */
    int n;
} Suite;

typedef Suite TCase;
typedef Suite SRunner;

static inline Suite *
suite_create(const char *name)
{
    static Suite only;
    only.name = name;
    return &only;
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

static inline void
srunner_run_all(SRunner *runner, int mode)
{
    (void)mode;
    for (int i = 0; i < runner->n; i++)
        runner->tests[i]->run(runner->index[i]);
    printf("%s: %d passed\n", runner->name, runner->n);
}

#define tcase_create(name) suite_create(name)
#define tcase_set_timeout(tcase, seconds) ((void)(tcase))
#define suite_add_tcase(suite, tcase) ((void)(tcase))
#define srunner_create(suite) (suite)
#define srunner_free(runner) ((void)(runner))
#define srunner_ntests_failed(runner) 0 /* or the process would have ended */
#define srunner_ntests_run(runner) ((runner)->n)

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
#define ck_assert_uint_eq(a, b) PLAIN_COMPARE(uintmax_t, a, ==, b)
#define ck_assert_double_le(a, b) PLAIN_COMPARE(double, a, <=, b)
#define ck_assert_ptr_eq(a, b) PLAIN_COMPARE(const void *, a, ==, b)
#define ck_assert_ptr_nonnull(a) ck_assert((a) != NULL)
#define ck_assert_str_eq(a, b) ck_assert(strcmp(a, b) == 0)
#define ck_assert_mem_eq(a, b, size) ck_assert(memcmp(a, b, size) == 0)

#endif
