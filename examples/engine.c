/* Inside an engine that has threads of its own: it lends them, watches the progress and can stop a call (Ctrl-C).
 *   cc engine.c $(pkg-config --cflags --libs conceptdec) -pthread -o engine && ./engine */
#include <conceptdec/conceptdec.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 4000, WIDTH = 512 };
static float activations[SAMPLES][WIDTH];
static conceptdec_ctx *ctx;

struct job {
    void (*body)(void *argument, int64_t lane);
    void *argument;
    int64_t lanes;
    _Atomic int64_t next;
};

static void *
take_lanes(void *memory)
{
    struct job *job = memory;
    for (int64_t lane; (lane = atomic_fetch_add(&job->next, 1)) < job->lanes;)
        job->body(job->argument, lane);
    return NULL;
}

/* Runs body once for every lane, on any threads and in any order, and returns when all are done. */
static void
parallel_for(void *user, int64_t lanes, void (*body)(void *argument, int64_t lane), void *argument)
{
    struct job job = {.body = body, .argument = argument, .lanes = lanes};
    pthread_t helper; /* a real engine would wake its pool here */
    int helped = pthread_create(&helper, NULL, take_lanes, &job) == 0;
    take_lanes(&job);
    if (helped)
        pthread_join(helper, NULL);
    ++*(int64_t *)user;
}

static int32_t
progress(void *user, const conceptdec_progress *now)
{
    (void)user;
    printf("  %s: %lld of %lld\n", now->stage, (long long)now->done, (long long)now->total);
    return 1; /* go on */
}

static void
interrupt(int signal_number)
{
    (void)signal_number;
    conceptdec_ctx_cancel(ctx); /* the one function that a signal handler may call */
}

int
main(void)
{
    int64_t calls = 0;
    conceptdec_ctx_options options = {.struct_size = sizeof options, .parallel_for = parallel_for,
                                      .parallel_user = &calls, .progress = progress, .threads = 2};
    for (int i = 0; i < SAMPLES * WIDTH; i++)
        activations[i / WIDTH][i % WIDTH] = (float)rand() / (float)RAND_MAX;
    conceptdec_matrix x = {activations, SAMPLES, WIDTH, sizeof activations[0], 4, CONCEPTDEC_FLOAT32, 0, 0, {0}};
    conceptdec_neighbors *table = NULL;
    if (conceptdec_ctx_new(&options, &ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    signal(SIGINT, interrupt);
    conceptdec_status status = conceptdec_neighbors_new(ctx, &x, NULL, NULL, &table);
    printf("%s: the engine's threads were asked %lld times\n", conceptdec_status_name(status), (long long)calls);
    conceptdec_neighbors_free(table);

    raise(SIGINT); /* as Ctrl-C would: the call below stops and gives no table */
    conceptdec_status stopped = conceptdec_neighbors_new(ctx, &x, NULL, NULL, &table);
    printf("%s: %s\n", conceptdec_status_name(stopped), conceptdec_ctx_error(ctx));
    conceptdec_ctx_free(ctx);
    return status == CONCEPTDEC_OK && stopped == CONCEPTDEC_ECANCELLED && calls > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
