/* Allocation failure: runs a piece of work with an allocator that fails at its N-th call, for N = 1, 2, 3, ... until
 * the work succeeds; once with one failure, once with every later call failing too. After each run no block may be
 * alive, the status must be ENOMEM with a text, and the output must be untouched. */
#ifndef CONCEPTDEC_TORTURE_HARNESS_H
#define CONCEPTDEC_TORTURE_HARNESS_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <conceptdec/conceptdec.h>

typedef struct torture_allocator {
    int64_t calls;
    int64_t fail_at; /* 0: never */
    bool for_ever;   /* from fail_at on */
    int64_t failed;
    int64_t live; /* blocks that are not given back */
} torture_allocator;

static inline void *
torture_allocate(void *user, uint64_t size)
{
    torture_allocator *allocator = user;
    int64_t call = ++allocator->calls;
    bool fails =
        allocator->fail_at > 0 && (allocator->for_ever ? call >= allocator->fail_at : call == allocator->fail_at);
    void *memory = fails ? NULL : malloc(size);
    if (memory)
        allocator->live++;
    else
        allocator->failed++;
    return memory;
}

static inline void
torture_release(void *user, void *memory)
{
    torture_allocator *allocator = user;
    ck_assert_ptr_nonnull(memory);
    allocator->live--;
    free(memory);
}

static inline conceptdec_ctx_options
torture_options(torture_allocator *allocator, int32_t threads)
{
    return (conceptdec_ctx_options){
        .struct_size = sizeof(conceptdec_ctx_options),
        .allocate = torture_allocate,
        .release = torture_release,
        .allocator_user = allocator,
        .threads = threads,
    };
}

/* Does the work. What it makes last goes to *output; what it makes on the way it frees. */
typedef conceptdec_status (*torture_work)(conceptdec_ctx *ctx, void *argument, void **output);
/* Uses the output when the context is gone: what it allocates can fail, too. */
typedef conceptdec_status (*torture_use)(void *argument, void *output);
typedef void (*torture_release_output)(void *argument, void *output);
typedef void (*torture_free)(void *output);

typedef struct torture_job {
    int32_t threads;
    torture_work work;
    torture_use use;                /* or NULL */
    torture_release_output release; /* or NULL */
    torture_free free_output;       /* or NULL */
    void *argument;
} torture_job;

/* One run; the status of the context's birth, of the work, or of the output's use. */
static inline conceptdec_status
torture_once(torture_allocator *allocator, const torture_job *job)
{
    static char untouched;
    conceptdec_ctx *ctx = (conceptdec_ctx *)&untouched;
    void *output = &untouched;
    conceptdec_ctx_options options = torture_options(allocator, job->threads);
    conceptdec_status status = conceptdec_ctx_new(&options, &ctx);
    if (status != CONCEPTDEC_OK) {
        ck_assert_ptr_eq(ctx, &untouched);
        return status;
    }
    status = job->work(ctx, job->argument, &output);
    if (status != CONCEPTDEC_OK) {
        ck_assert_ptr_eq(output, &untouched);
        ck_assert_str_ne(conceptdec_ctx_error(ctx), "");
    }
    conceptdec_ctx_free(ctx);
    if (status != CONCEPTDEC_OK)
        return status;
    if (job->use)
        status = job->use(job->argument, output);
    if (job->release)
        job->release(job->argument, output);
    if (job->free_output)
        job->free_output(output);
    return status;
}

static inline int64_t
torture_run(const torture_job *job)
{
    int64_t calls = 0;
    for (int for_ever = 0; for_ever <= 1; for_ever++) {
        conceptdec_status status = CONCEPTDEC_ENOMEM;
        for (int64_t n = 1; status != CONCEPTDEC_OK; n++) {
            torture_allocator allocator = {.fail_at = n, .for_ever = for_ever};
            status = torture_once(&allocator, job);
            ck_assert_msg(allocator.live == 0, "failure at call %lld: %lld blocks are alive", (long long)n,
                          (long long)allocator.live);
            if (allocator.failed > 0)
                ck_assert_msg(status == CONCEPTDEC_ENOMEM, "failure at call %lld: status %d", (long long)n, status);
            else
                ck_assert_msg(status == CONCEPTDEC_OK, "without a failure: status %d", status);
            calls = allocator.calls;
        }
    }
    return calls;
}

/* Number of allocations that the work makes, each of which has failed in turn. */
static inline int64_t
torture(int32_t threads, torture_work work, void *argument, torture_free free_output)
{
    return torture_run(
        &(torture_job){.threads = threads, .work = work, .free_output = free_output, .argument = argument});
}

/* The same with an output that is used, and freed with the argument at hand. */
static inline int64_t
torture_object(int32_t threads, torture_work work, torture_use use, torture_release_output release, void *argument)
{
    return torture_run(
        &(torture_job){.threads = threads, .work = work, .use = use, .release = release, .argument = argument});
}

#endif
