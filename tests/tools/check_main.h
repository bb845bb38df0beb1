/* The main function of a Check program: runs one suite, prints Check's summary line, and honours CK_FORK, CK_RUN_CASE
 * and CK_VERBOSITY. Use: CHECK_MAIN(make_suite), where make_suite is a function that returns a Suite *. */
#ifndef CONCEPTDEC_CHECK_MAIN_H
#define CONCEPTDEC_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

/* Check notes the place of every assertion that holds, a system call each, to tell where a test died. Tests that
 * compare hundreds of thousands of numbers would spend most of their time on it. */
#define _mark_point(file, line) ((void)0)

static int
check_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    int ran = srunner_ntests_run(runner);
    srunner_free(runner);
    return failed == 0 && ran > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define CHECK_MAIN(make_suite)                                                                                         \
    int main(void) { return check_run(make_suite()); }

#endif
