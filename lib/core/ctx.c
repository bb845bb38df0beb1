/* The context: life, cancel flag, progress. */
#define _POSIX_C_SOURCE 200809L

#include "core.h"

#include <string.h>
#include <time.h>

#include "kernels/kernels.h"
#include "kernels/narrow.h"

#define MAX_THREADS 1024
#define OPTION_FIELDS 11
#define REPORT_INTERVAL 50000000 /* nanoseconds: 20 reports a second */
#define ALL_KERNELS (2 * CONCEPTDEC_KERNEL_NEON_DOTPROD - 1)

static conceptdec_status
read_options(const conceptdec_ctx_options *given, conceptdec_ctx_options *options)
{
    CONCEPTDEC_I_TRY(conceptdec_i_intake(NULL, "options", given, options, sizeof *options, sizeof *options));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(NULL, "options", options->given, OPTION_FIELDS));
    if (!options->allocate != !options->release)
        return CONCEPTDEC_EINVAL;
    if (options->threads < 0 || options->threads > MAX_THREADS || (options->kernel_mask & ~ALL_KERNELS) ||
        options->screening > CONCEPTDEC_SCREENING_FLOAT64 || options->reserved)
        return CONCEPTDEC_EINVAL;
    if (options->threads == 0)
        options->threads = conceptdec_i_default_threads();
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_ctx_new(const conceptdec_ctx_options *options, conceptdec_ctx **ctx)
{
    if (!ctx)
        return CONCEPTDEC_ENULL;
    conceptdec_ctx_options read;
    CONCEPTDEC_I_TRY(read_options(options, &read));
    conceptdec_i_memory *memory = conceptdec_i_memory_new(&read);
    if (!memory)
        return CONCEPTDEC_ENOMEM;
    conceptdec_ctx *new = conceptdec_i_memory_take(memory, 1, sizeof *new);
    if (!new) {
        conceptdec_i_memory_drop(memory);
        return CONCEPTDEC_ENOMEM;
    }
    memset(new, 0, sizeof *new);
    new->options = read;
    new->memory = memory;
    new->kernels = conceptdec_i_kernels_choose(read.kernel_mask);
    new->narrow = conceptdec_i_narrow_choose(read.kernel_mask);
    new->stage = "";
    new->last_report = -REPORT_INTERVAL;
    atomic_init(&new->cancel, 0);
    atomic_init(&new->done, 0);
    pthread_mutex_init(&new->error_lock, NULL);
    *ctx = new;
    return CONCEPTDEC_OK;
}

void
conceptdec_ctx_free(conceptdec_ctx *ctx)
{
    if (!ctx)
        return;
    conceptdec_i_memory *memory = ctx->memory;
    conceptdec_i_pool_free(ctx);
    pthread_mutex_destroy(&ctx->error_lock);
    conceptdec_i_memory_give(memory, ctx->build_info);
    conceptdec_i_memory_give(memory, ctx);
    conceptdec_i_memory_drop(memory);
}

const char *
conceptdec_ctx_error(const conceptdec_ctx *ctx)
{
    return ctx ? ctx->error : "";
}

void
conceptdec_ctx_cancel(conceptdec_ctx *ctx)
{
    if (ctx)
        atomic_store(&ctx->cancel, 1);
}

void
conceptdec_ctx_clear_cancel(conceptdec_ctx *ctx)
{
    if (ctx)
        atomic_store(&ctx->cancel, 0);
}

int32_t
conceptdec_ctx_threads(const conceptdec_ctx *ctx)
{
    return ctx ? ctx->options.threads : 0;
}

conceptdec_status
conceptdec_i_cancelled(conceptdec_ctx *ctx)
{
    atomic_store(&ctx->cancel, 0);
    return conceptdec_i_fail(ctx, CONCEPTDEC_ECANCELLED, "cancelled");
}

conceptdec_status
conceptdec_i_enter(conceptdec_ctx *ctx)
{
    if (!ctx)
        return CONCEPTDEC_ENULL;
    ctx->error[0] = '\0';
    ctx->pending = CONCEPTDEC_OK;
    conceptdec_i_memory_forget(ctx->memory);
    conceptdec_i_stage(ctx, "", 0);
    return atomic_load(&ctx->cancel) ? conceptdec_i_cancelled(ctx) : CONCEPTDEC_OK;
}

void
conceptdec_i_stage(conceptdec_ctx *ctx, const char *stage, int64_t total)
{
    ctx->stage = stage;
    ctx->total = total;
    ctx->is_counted = false;
    atomic_store(&ctx->done, 0);
}

void
conceptdec_i_stage_of(conceptdec_ctx *ctx, const char *stage, int64_t total)
{
    conceptdec_i_stage(ctx, stage, total);
    ctx->is_counted = true;
}

void
conceptdec_i_advance(conceptdec_ctx *ctx, int64_t units)
{
    atomic_fetch_add(&ctx->done, units);
}

static int64_t
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

bool
conceptdec_i_report(conceptdec_ctx *ctx)
{
    if (!ctx->options.progress || ctx->total == 0) /* no stage has a name yet */
        return true;
    int64_t time = now();
    if (time - ctx->last_report < REPORT_INTERVAL)
        return true;
    ctx->last_report = time;
    int64_t done = atomic_load(&ctx->done);
    conceptdec_progress progress = {
        .struct_size = sizeof progress,
        .stage = ctx->stage,
        .done = done < ctx->total ? done : ctx->total,
        .total = ctx->total,
    };
    return ctx->options.progress(ctx->options.progress_user, &progress) == 1;
}
