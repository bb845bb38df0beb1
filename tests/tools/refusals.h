/* The test that bad calls of a function with a result are refused, and that a good one succeeds afterwards. It is
 * included where there are the type `call`, make_call(&c), which makes a good one, run(ctx, &c, &result), and the array
 * `cases` of {spoil, status, text}: text is what the error says, among other things. */
#ifndef CONCEPTDEC_TESTS_REFUSALS_H
#define CONCEPTDEC_TESTS_REFUSALS_H

#define CASES ((int)(sizeof cases / sizeof *cases))

START_TEST(it_is_refused)
{
    torture_allocator allocator = {0};
    conceptdec_ctx_options options = torture_options(&allocator, 1);
    conceptdec_ctx *ctx;
    call c;
    conceptdec_result *result = (conceptdec_result *)&c;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
    int64_t live = allocator.live;
    make_call(&c);
    cases[_i].spoil(&c);
    conceptdec_status status = run(ctx, &c, &result);
    ck_assert_msg(status == cases[_i].status, "case %d (%s): %d: %s", _i, cases[_i].text, status,
                  conceptdec_ctx_error(ctx));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), cases[_i].text) != NULL, "%s", conceptdec_ctx_error(ctx));
    ck_assert_ptr_eq(result, (conceptdec_result *)&c);
    ck_assert_int_eq(allocator.live, live);
    make_call(&c);
    ck_assert_int_eq(run(ctx, &c, &result), CONCEPTDEC_OK);
    conceptdec_result_free(result);
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}
END_TEST

#endif
