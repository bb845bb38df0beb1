/* Status names, version numbers, error texts. */
#include <string.h>

#include "check_main.h"
#include "core/core.h"

static const conceptdec_status all[] = {
    CONCEPTDEC_OK,           CONCEPTDEC_EINVAL,       CONCEPTDEC_ENULL,        CONCEPTDEC_ESIZE,
    CONCEPTDEC_EDTYPE,       CONCEPTDEC_ENONFINITE,   CONCEPTDEC_ETOOFEW,      CONCEPTDEC_EK,
    CONCEPTDEC_ELABEL,       CONCEPTDEC_ESINGLECLASS, CONCEPTDEC_EFOLDS,       CONCEPTDEC_EGROUPS,
    CONCEPTDEC_ENAME,        CONCEPTDEC_ESHALLOW,     CONCEPTDEC_EFEWELIGIBLE, CONCEPTDEC_ENOMEM,
    CONCEPTDEC_EOVERFLOW,    CONCEPTDEC_EIO,          CONCEPTDEC_EFORMAT,      CONCEPTDEC_ESTRUCT_SIZE,
    CONCEPTDEC_ESTRUCT_TAIL, CONCEPTDEC_ERESERVED,    CONCEPTDEC_ECANCELLED,   CONCEPTDEC_EUNSUPPORTED,
    CONCEPTDEC_EREAD,        CONCEPTDEC_ECLASSMISSING,
};
enum { N_STATUSES = sizeof all / sizeof *all };

START_TEST(names)
{
    ck_assert_str_eq(conceptdec_status_name(CONCEPTDEC_OK), "CONCEPTDEC_OK");
    ck_assert_str_eq(conceptdec_status_name(CONCEPTDEC_EFEWELIGIBLE), "CONCEPTDEC_EFEWELIGIBLE");
    for (int i = 0; i < N_STATUSES; i++) {
        ck_assert_int_eq(strncmp(conceptdec_status_name(all[i]), "CONCEPTDEC_", 11), 0);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(conceptdec_status_name(all[i]), conceptdec_status_name(all[j]));
    }
}
END_TEST

START_TEST(other_numbers)
{
    int named = 0;
    for (conceptdec_status status = -300; status <= 300; status++)
        named += strcmp(conceptdec_status_name(status), "unknown status") != 0;
    ck_assert_int_eq(named, N_STATUSES);
    ck_assert_str_eq(conceptdec_status_name(INT32_MIN), "unknown status");
}
END_TEST

START_TEST(version)
{
    ck_assert_str_eq(conceptdec_version(), CONCEPTDEC_VERSION_STRING);
    ck_assert_int_eq(conceptdec_abi_version(), CONCEPTDEC_ABI_VERSION);
}
END_TEST

START_TEST(text)
{
    conceptdec_ctx *ctx;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &ctx), CONCEPTDEC_OK);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "");
    ck_assert_int_eq(conceptdec_i_fail(ctx, CONCEPTDEC_EK, "k: %d of %s", 12, "x"), CONCEPTDEC_EK);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "k: 12 of x");
    char big[4000];
    memset(big, 'a', sizeof big);
    big[sizeof big - 1] = '\0';
    conceptdec_i_fail(ctx, CONCEPTDEC_EK, "%s", big);
    ck_assert_uint_eq(strlen(conceptdec_ctx_error(ctx)), sizeof ctx->error - 1);
    ck_assert_int_eq(conceptdec_i_enter(ctx), CONCEPTDEC_OK);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "");
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(conceptdec_i_fail(NULL, CONCEPTDEC_EIO, "nowhere"), CONCEPTDEC_EIO);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("status");
    TCase *tests = tcase_create("status");
    tcase_add_test(tests, names);
    tcase_add_test(tests, other_numbers);
    tcase_add_test(tests, version);
    tcase_add_test(tests, text);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
