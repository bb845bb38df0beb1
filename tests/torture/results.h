/* A measure, which has variants, without memory at every allocation and cancelled at every look at the flag: nothing is
 * leaked or written, and the next call in the same context gives the same answer. */
#ifndef CONCEPTDEC_TORTURE_RESULTS_H
#define CONCEPTDEC_TORTURE_RESULTS_H

#include <string.h>

#include "core/core.h"
#include "harness.h"

typedef conceptdec_status (*torture_measure)(conceptdec_ctx *ctx, int variant, conceptdec_result **result);

/* ---- without memory ---- */

typedef struct torture_measured {
    torture_measure measure;
    int variant;
} torture_measured;

static inline conceptdec_status
torture_measure_once(conceptdec_ctx *ctx, void *argument, void **output)
{
    const torture_measured *m = argument;
    conceptdec_result *result = NULL;
    const conceptdec_status status = m->measure(ctx, m->variant, &result);
    if (status == CONCEPTDEC_OK)
        *output = result;
    else
        ck_assert_ptr_null(result);
    return status;
}

static inline void
torture_free_result(void *result)
{
    conceptdec_result_free(result);
}

/* Number of allocations, as torture(). */
static inline int64_t
torture_result(int32_t threads, torture_measure measure, int variant)
{
    torture_measured m = {measure, variant};
    return torture(threads, torture_measure_once, &m, torture_free_result);
}

/* ---- cancelled ---- */

/* What the progress callback is given: it stops the call at its stop_at-th report, and has every look report. */
typedef struct torture_stopper {
    conceptdec_ctx *ctx;
    int64_t calls, stop_at;
} torture_stopper;

static inline int32_t
torture_report(void *user, const conceptdec_progress *progress)
{
    torture_stopper *s = user;
    ck_assert(progress->done >= 0 && progress->done <= progress->total);
    s->ctx->last_report = INT64_MIN / 2; /* the next poll reports again, however soon it comes */
    return ++s->calls != s->stop_at;
}

static inline void
torture_stop_at(torture_stopper *s, int64_t n)
{
    s->calls = 0;
    s->stop_at = n;
    s->ctx->last_report = INT64_MIN / 2;
}

static inline conceptdec_ctx_options
torture_stopper_options(torture_allocator *allocator, int32_t threads, torture_stopper *stopper)
{
    conceptdec_ctx_options options = torture_options(allocator, threads);
    options.progress = torture_report;
    options.progress_user = stopper;
    return options;
}

static inline void
torture_expect_same(const conceptdec_result *a, const conceptdec_result *b)
{
    ck_assert_int_eq(conceptdec_result_count(a), conceptdec_result_count(b));
    for (int64_t i = 0; i < conceptdec_result_count(a); i++) {
        const char *name = conceptdec_result_name(a, i);
        conceptdec_array x, y;
        size_t count = 1;
        ck_assert_int_eq(conceptdec_result_get(a, name, &x), CONCEPTDEC_OK);
        ck_assert_int_eq(conceptdec_result_get(b, name, &y), CONCEPTDEC_OK);
        ck_assert_int_eq(x.ndim, y.ndim);
        for (int j = 0; j < x.ndim; j++) {
            ck_assert_int_eq(x.shape[j], y.shape[j]);
            count *= (size_t)x.shape[j];
        }
        ck_assert_msg(memcmp(x.data, y.data, 8 * count) == 0, "%s differs", name);
    }
}

/* Stops at every report, beyond the 20th at every stride-th; returns how many there are in a call that is not
 * stopped. */
static inline int64_t
torture_stopped(int32_t threads, torture_measure measure, int variant, int64_t stride)
{
    torture_allocator allocator = {0};
    torture_stopper s = {0};
    const conceptdec_ctx_options options = torture_stopper_options(&allocator, threads, &s);
    conceptdec_result *wanted = NULL, *result = NULL;
    conceptdec_status status = CONCEPTDEC_ECANCELLED;
    ck_assert_int_eq(conceptdec_ctx_new(&options, &s.ctx), CONCEPTDEC_OK);
    torture_stop_at(&s, 0);
    ck_assert_int_eq(measure(s.ctx, variant, &wanted), CONCEPTDEC_OK);
    const int64_t reports = s.calls;
    for (int64_t n = 1; status != CONCEPTDEC_OK; n += n < 20 ? 1 : stride) {
        const int64_t live = allocator.live;
        torture_stop_at(&s, n);
        status = measure(s.ctx, variant, &result);
        if (status == CONCEPTDEC_OK)
            break;
        ck_assert_int_eq(status, CONCEPTDEC_ECANCELLED);
        ck_assert_ptr_null(result);
        ck_assert_int_eq(allocator.live, live);
    }
    torture_expect_same(wanted, result);
    conceptdec_result_free(wanted);
    conceptdec_result_free(result);
    conceptdec_ctx_free(s.ctx);
    ck_assert_int_eq(allocator.live, 0);
    return reports;
}

#endif
