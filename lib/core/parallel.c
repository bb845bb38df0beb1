/* The thread pool: workers sleep until a region of tasks is there; the calling thread is lane 0. */
#define _POSIX_C_SOURCE 200809L

#include "core.h"

#include <fenv.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TEXT_SIZE sizeof(((conceptdec_ctx *)0)->error)

/* One call of conceptdec_i_parallel. */
typedef struct region {
    conceptdec_ctx *ctx;
    conceptdec_i_task task;
    void *argument;
    int64_t tasks;
    atomic_llong next;
    atomic_bool is_stopped; /* no new task starts */
    fenv_t environment;     /* of the calling thread: every lane computes in it */
    pthread_t caller;
    bool may_report;     /* the calling thread is the one that made the public call */
    bool is_cancelled;   /* below: under the error lock */
    int64_t failed_task; /* lowest so far; == tasks for none */
    conceptdec_status status;
    char text[TEXT_SIZE];
} region;

/* What runs on this thread: a chain, as a task of one context may call with another. */
typedef struct scope {
    const conceptdec_ctx *ctx;
    int lane;
    bool may_report;
    char *text;
    conceptdec_status pending;
    struct scope *outer;
} scope;

static _Thread_local scope *innermost;

typedef struct worker {
    conceptdec_i_pool *pool;
    pthread_t thread;
    int lane;
} worker;

struct conceptdec_i_pool {
    pid_t process; /* that started the threads; a forked child has none of them */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    region *region; /* NULL: nothing to join */
    uint64_t generation;
    int lanes;
    int running; /* workers inside the region */
    bool is_ending;
    int n_workers;
    worker workers[];
};

static scope *
scope_of(const conceptdec_ctx *ctx)
{
    scope *at = innermost;
    while (at && at->ctx != ctx)
        at = at->outer;
    return at;
}

char *
conceptdec_i_task_text(const conceptdec_ctx *ctx)
{
    const scope *at = scope_of(ctx);
    return at ? at->text : NULL;
}

conceptdec_status *
conceptdec_i_task_pending(const conceptdec_ctx *ctx)
{
    scope *at = scope_of(ctx);
    return at ? &at->pending : NULL;
}

int
conceptdec_i_lane(const conceptdec_ctx *ctx)
{
    const scope *at = scope_of(ctx);
    return at ? at->lane : 0;
}

int
conceptdec_i_lanes(const conceptdec_ctx *ctx)
{
    return ctx->options.threads;
}

conceptdec_status
conceptdec_i_poll(conceptdec_ctx *ctx, int64_t units)
{
    const scope *at = scope_of(ctx);
    CONCEPTDEC_I_TRY(conceptdec_i_take_pending(ctx));
    if (!ctx->is_counted)
        conceptdec_i_advance(ctx, units);
    bool goes_on = atomic_load(&ctx->cancel) == 0 && ((at && !at->may_report) || conceptdec_i_report(ctx));
    if (goes_on)
        return CONCEPTDEC_OK;
    /* Within a task the flag stays up for the other lanes; the region takes it down when it ends. */
    return at ? conceptdec_i_fail(ctx, CONCEPTDEC_ECANCELLED, "cancelled") : conceptdec_i_cancelled(ctx);
}

/* ---- regions ---- */

static void
stop_cancelled(region *r)
{
    pthread_mutex_lock(&r->ctx->error_lock);
    r->is_cancelled = true;
    pthread_mutex_unlock(&r->ctx->error_lock);
    atomic_store(&r->is_stopped, true);
}

/* Whether a failure is told rather than the one that stands. */
static bool
outranks(const region *r, int64_t task, conceptdec_status status)
{
    bool is_error = status < 0, stands_error = r->status < 0;
    if (r->failed_task == r->tasks || is_error == stands_error)
        return task < r->failed_task;
    return is_error;
}

static void
stop_failed(region *r, int64_t task, conceptdec_status status, const char *text)
{
    pthread_mutex_lock(&r->ctx->error_lock);
    if (outranks(r, task, status)) {
        r->failed_task = task;
        r->status = status;
        memcpy(r->text, text, TEXT_SIZE);
    }
    pthread_mutex_unlock(&r->ctx->error_lock);
    atomic_store(&r->is_stopped, true);
}

static conceptdec_status
run_task(region *r, int64_t task, int lane, bool may_report)
{
    char text[TEXT_SIZE] = "";
    const scope *around = scope_of(r->ctx);
    scope here = {.ctx = r->ctx, .lane = around ? around->lane : lane, .may_report = may_report, .text = text,
                  .outer = innermost};
    innermost = &here;
    conceptdec_status status = r->task(r->argument, task, lane);
    innermost = here.outer;
    if (here.pending != CONCEPTDEC_OK)
        status = here.pending;
    if (status != CONCEPTDEC_OK)
        stop_failed(r, task, status, text);
    return status;
}

static void
run_tasks(region *r, int lane, bool may_report)
{
    while (!atomic_load(&r->is_stopped)) {
        if (atomic_load(&r->ctx->cancel) || (may_report && !conceptdec_i_report(r->ctx))) {
            stop_cancelled(r);
            return;
        }
        int64_t task = atomic_fetch_add(&r->next, 1);
        if (task >= r->tasks || run_task(r, task, lane, may_report) != CONCEPTDEC_OK)
            return;
        if (!r->ctx->is_counted)
            conceptdec_i_advance(r->ctx, 1);
    }
}

static void
run_lane(region *r, int lane)
{
    if (pthread_equal(pthread_self(), r->caller)) {
        run_tasks(r, lane, r->may_report);
        return;
    }
    fenv_t own;
    fegetenv(&own);
    fesetenv(&r->environment);
    run_tasks(r, lane, false);
    fesetenv(&own);
}

static void
host_lane(void *argument, int64_t lane)
{
    run_lane(argument, (int)lane);
}

/* ---- workers ---- */

static void *
work(void *argument)
{
    const worker *self = argument;
    conceptdec_i_pool *pool = self->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->is_ending && (!pool->region || pool->generation == seen || self->lane >= pool->lanes))
            pthread_cond_wait(&pool->wake, &pool->lock);
        if (pool->is_ending)
            break;
        seen = pool->generation;
        region *r = pool->region;
        pool->running++;
        pthread_mutex_unlock(&pool->lock);
        run_lane(r, self->lane);
        pthread_mutex_lock(&pool->lock);
        if (--pool->running == 0)
            pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* As many workers as can be had: fewer threads give the same result, later. Signals are for the host's threads. */
static void
start_workers(conceptdec_i_pool *pool, int wanted)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->n_workers < wanted) {
        worker *next = &pool->workers[pool->n_workers];
        *next = (worker){.pool = pool, .lane = pool->n_workers + 1};
        if (pthread_create(&next->thread, NULL, work, next) != 0)
            break;
        pool->n_workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
conceptdec_i_pool_free(conceptdec_ctx *ctx)
{
    conceptdec_i_pool *pool = ctx->pool;
    ctx->pool = NULL;
    if (pool && pool->process == getpid()) {
        pthread_mutex_lock(&pool->lock);
        pool->is_ending = true;
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
        for (int i = 0; i < pool->n_workers; i++)
            pthread_join(pool->workers[i].thread, NULL);
        pthread_cond_destroy(&pool->wake);
        pthread_cond_destroy(&pool->done);
        pthread_mutex_destroy(&pool->lock);
    }
    conceptdec_i_give(ctx, pool);
}

/* After fork the parent's threads, and whatever state its locks were in, are forgotten. */
static conceptdec_status
pool_of(conceptdec_ctx *ctx, int lanes, conceptdec_i_pool **pool)
{
    if (ctx->pool && ctx->pool->process != getpid())
        conceptdec_i_pool_free(ctx);
    if (!ctx->pool) {
        void *memory;
        size_t size = sizeof **pool + (size_t)conceptdec_i_lanes(ctx) * sizeof(worker);
        CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "thread pool", 1, size, &memory));
        ctx->pool = memory;
        ctx->pool->process = getpid();
        pthread_mutex_init(&ctx->pool->lock, NULL);
        pthread_cond_init(&ctx->pool->wake, NULL);
        pthread_cond_init(&ctx->pool->done, NULL);
    }
    start_workers(ctx->pool, lanes - 1);
    *pool = ctx->pool;
    return CONCEPTDEC_OK;
}

static void
run_on_pool(conceptdec_i_pool *pool, region *r, int lanes)
{
    pthread_mutex_lock(&pool->lock);
    pool->region = r;
    pool->lanes = lanes;
    pool->generation++;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    run_lane(r, 0);
    pthread_mutex_lock(&pool->lock);
    pool->region = NULL; /* who has not woken by now need not */
    while (pool->running > 0)
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

static conceptdec_status
run_region(region *r, int lanes)
{
    conceptdec_ctx *ctx = r->ctx;
    if (lanes <= 1) {
        run_lane(r, 0);
    } else if (ctx->options.parallel_for) {
        ctx->options.parallel_for(ctx->options.parallel_user, lanes, host_lane, r);
        run_lane(r, 0); /* whatever a host that left lanes out has not done */
    } else {
        conceptdec_i_pool *pool;
        CONCEPTDEC_I_TRY(pool_of(ctx, lanes, &pool));
        run_on_pool(pool, r, lanes);
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
end_region(region *r, bool is_nested)
{
    if (r->failed_task < r->tasks && r->status != CONCEPTDEC_ECANCELLED)
        return conceptdec_i_fail(r->ctx, r->status, "%s", r->text);
    if (r->failed_task == r->tasks && !r->is_cancelled)
        return CONCEPTDEC_OK;
    return is_nested ? conceptdec_i_fail(r->ctx, CONCEPTDEC_ECANCELLED, "cancelled") : conceptdec_i_cancelled(r->ctx);
}

conceptdec_status
conceptdec_i_parallel(conceptdec_ctx *ctx, int64_t tasks, conceptdec_i_task task, void *argument)
{
    const scope *outer = scope_of(ctx);
    CONCEPTDEC_I_TRY(conceptdec_i_take_pending(ctx));
    region r = {
        .ctx = ctx,
        .task = task,
        .argument = argument,
        .tasks = tasks,
        .caller = pthread_self(),
        .may_report = !outer || outer->may_report,
        .failed_task = tasks,
    };
    atomic_init(&r.next, 0);
    atomic_init(&r.is_stopped, false);
    fegetenv(&r.environment);
    int lanes = outer ? 1 : conceptdec_i_lanes(ctx);
    CONCEPTDEC_I_TRY(run_region(&r, tasks < lanes ? (int)tasks : lanes));
    return end_region(&r, outer != NULL);
}
