/* What alignment refuses: each with a status of its own, a text that names argument and place, and the output
 * untouched. */
#define _GNU_SOURCE

#include <math.h>
#include <string.h>

#include "../torture/harness.h"
#include "check_main.h"
#include "views.h"

enum { N = 6, R = 2 };

typedef struct {
    double values[2][N * R];
    conceptdec_matrix views[2];
    const conceptdec_matrix *given[2];
    uint32_t flags;
    bool no_output, is_cancelled;
} call;

static void
make_call(call *c)
{
    memset(c, 0, sizeof *c);
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < N * R; i++)
            c->values[s][i] = sin((double)(i * (s + 2)));
        c->views[s] = dense(c->values[s], N, R);
        c->given[s] = &c->views[s];
    }
}

static void
no_z(call *c)
{
    c->given[0] = NULL;
}
static void
no_reference(call *c)
{
    c->given[1] = NULL;
}
static void
no_data(call *c)
{
    c->views[1].data = NULL;
}
static void
no_result(call *c)
{
    c->no_output = true;
}
static void
fewer_rows(call *c)
{
    c->views[1].rows--;
}
static void
fewer_columns(call *c)
{
    c->views[0].cols--;
}
static void
no_rows(call *c)
{
    c->views[0].rows = 0;
}
static void
no_columns(call *c)
{
    c->views[1].cols = 0;
}
static void
integers(call *c)
{
    c->views[0].dtype = CONCEPTDEC_INT64;
}
static void
unknown_type(call *c)
{
    c->views[1].dtype = 99;
}
static void
far_strides(call *c)
{
    c->views[0].row_stride = INT64_MAX / 2;
}
static void
not_a_number(call *c)
{
    c->values[0][R * 4 + 1] = (double)NAN;
}
static void
infinite(call *c)
{
    c->values[1][R * 2] = -(double)INFINITY;
}
static void
unknown_flag(call *c)
{
    c->flags = 2;
}
static void
reserved_field(call *c)
{
    c->views[0].reserved[1] = 1;
}
static void
other_device(call *c)
{
    c->views[1].device = 1;
}
static void
failing_reader(call *c)
{
    c->views[0] = unreadable(N, R);
}
static void
too_far_apart(call *c)
{
    c->values[1][0] = -1.7e308;
    c->values[1][R] = 1.7e308;
}
static void
cancelled(call *c)
{
    c->is_cancelled = true;
}

static const struct {
    void (*spoil)(call *c);
    conceptdec_status status;
    const char *text;
} cases[] = {
    {no_z, CONCEPTDEC_ENULL, "z: is NULL"},
    {no_reference, CONCEPTDEC_ENULL, "reference: is NULL"},
    {no_data, CONCEPTDEC_ENULL, "reference: data is NULL"},
    {no_result, CONCEPTDEC_ENULL, "result: is NULL"},
    {fewer_rows, CONCEPTDEC_ESIZE, "reference: 5 x 2, but z is 6 x 2"},
    {fewer_columns, CONCEPTDEC_ESIZE, "reference: 6 x 2, but z is 6 x 1"},
    {no_rows, CONCEPTDEC_ESIZE, "z: rows is 0"},
    {no_columns, CONCEPTDEC_ESIZE, "reference: cols is 0"},
    {integers, CONCEPTDEC_EDTYPE, "z: dtype"},
    {unknown_type, CONCEPTDEC_EDTYPE, "reference: dtype 99"},
    {far_strides, CONCEPTDEC_EOVERFLOW, "z: row_stride"},
    {not_a_number, CONCEPTDEC_ENONFINITE, "z: non-finite value at row 4, column 1"},
    {infinite, CONCEPTDEC_ENONFINITE, "reference: non-finite value at row 2, column 0"},
    {unknown_flag, CONCEPTDEC_ERESERVED, "flags"},
    {reserved_field, CONCEPTDEC_ERESERVED, "z: unknown flags"},
    {other_device, CONCEPTDEC_EUNSUPPORTED, "reference: device 1"},
    {failing_reader, CONCEPTDEC_EREAD, "z: the reader returned 3"},
    {too_far_apart, CONCEPTDEC_EOVERFLOW, "reference"},
    {cancelled, CONCEPTDEC_ECANCELLED, ""},
};
static conceptdec_status
run(conceptdec_ctx *ctx, const call *c, conceptdec_result **result)
{
    if (c->is_cancelled)
        conceptdec_ctx_cancel(ctx);
    return conceptdec_align(ctx, c->given[0], c->given[1], c->flags, c->no_output ? NULL : result);
}

#include "refusals.h"

START_TEST(it_needs_a_context)
{
    call c;
    conceptdec_result *result = NULL;
    make_call(&c);
    ck_assert_int_eq(conceptdec_align(NULL, c.given[0], c.given[1], 0, &result), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(result);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_align");
    TCase *tests = tcase_create("bad align");
    tcase_add_loop_test(tests, it_is_refused, 0, CASES);
    tcase_add_test(tests, it_needs_a_context);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
