/* Core: context, errors, memory, threads, random numbers, views, results. Everything else stands on this. */
#ifndef CONCEPTDEC_I_CORE_H
#define CONCEPTDEC_I_CORE_H

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <conceptdec/conceptdec.h>

/* Leaves the function with the status of an expression that failed. */
#define CONCEPTDEC_I_TRY(expression)                                                                                   \
    do {                                                                                                               \
        conceptdec_status status_ = (expression);                                                                      \
        if (status_ != CONCEPTDEC_OK)                                                                                  \
            return status_;                                                                                            \
    } while (0)

/* ---- memory (memory.c) ---- */

/* The allocator of a context; shared (counted) by the context and whatever outlives it. */
typedef struct conceptdec_i_memory conceptdec_i_memory;

conceptdec_i_memory *conceptdec_i_memory_new(const conceptdec_ctx_options *options); /* NULL: no memory */
conceptdec_i_memory *conceptdec_i_memory_share(conceptdec_i_memory *memory);         /* one more owner */
void conceptdec_i_memory_drop(conceptdec_i_memory *memory);                          /* one less; NULL is fine */
/* 64-byte aligned and uninitialised, NULL on failure; count * size is checked; a size of 0 gives a valid pointer. Any
 * thread may call (hooks are called under a lock). */
void *conceptdec_i_memory_take(conceptdec_i_memory *memory, uint64_t count, uint64_t size);
void conceptdec_i_memory_give(conceptdec_i_memory *memory, void *pointer);
/* Whether a block was refused since the last conceptdec_i_memory_forget(): ENOMEM without that is a stated limit. */
bool conceptdec_i_memory_failed(conceptdec_i_memory *memory);
void conceptdec_i_memory_forget(conceptdec_i_memory *memory);

/* Memory for one thread, without a lock or a call of an allocator: `blocks` blocks of `bytes` bytes in all lie one
 * after the other, and once all have gone back it begins anew. It is itself one block of `from`, to which it is given
 * back; NULL: no memory. */
conceptdec_i_memory *conceptdec_i_memory_reserve(conceptdec_i_memory *from, int64_t bytes, int64_t blocks);

bool conceptdec_i_mul(int64_t a, int64_t b, int64_t *product); /* false: does not fit (or negative) */
bool conceptdec_i_add(int64_t a, int64_t b, int64_t *sum);

/* The same for a context: the error text says what the memory was for ("neighbour lists: cannot allocate 123 bytes").
 * A product that does not fit is EOVERFLOW. */
conceptdec_status conceptdec_i_take(conceptdec_ctx *ctx, const char *what, int64_t count, uint64_t size,
                                    void **pointer);
conceptdec_status conceptdec_i_take_zero(conceptdec_ctx *ctx, const char *what, int64_t count, uint64_t size,
                                         void **pointer);
void conceptdec_i_give(conceptdec_ctx *ctx, void *pointer); /* NULL is fine */

/* Scratch of one call: everything taken from an arena goes back with it. Zero-initialise, one thread at a time. */
typedef struct conceptdec_i_arena {
    conceptdec_ctx *ctx;
    void *last;         /* chain of blocks, newest first */
    int64_t kept_bytes; /* of rows that readers delivered */
} conceptdec_i_arena;

void conceptdec_i_arena_open(conceptdec_i_arena *arena, conceptdec_ctx *ctx);
conceptdec_status conceptdec_i_arena_take(conceptdec_i_arena *arena, const char *what, int64_t count, uint64_t size,
                                          void **pointer); /* zeroed */
conceptdec_status conceptdec_i_arena_take_raw(conceptdec_i_arena *arena, const char *what, int64_t count, uint64_t size,
                                              void **pointer); /* not zeroed: for large buffers that are filled first */
/* Writes to each page of a block of the arena's that is not zeroed: where what is filled first lies all over it, the
 * system would make all pages at once, for as long as it takes. Looks at the cancel flag. */
conceptdec_status conceptdec_i_arena_touch(conceptdec_i_arena *arena, void *block, int64_t bytes);
void conceptdec_i_arena_close(conceptdec_i_arena *arena);
/* What was taken from `from`, which is empty then, goes back with `arena`. */
void conceptdec_i_arena_move(conceptdec_i_arena *arena, conceptdec_i_arena *from);

/* ---- context and errors (ctx.c, status.c) ---- */

typedef struct conceptdec_i_pool conceptdec_i_pool;
struct conceptdec_i_kernels;
struct conceptdec_i_narrow_kernels;

struct conceptdec_ctx {
    conceptdec_ctx_options options; /* as given, threads resolved */
    conceptdec_i_memory *memory;
    conceptdec_i_pool *pool; /* NULL until first needed */
    const struct conceptdec_i_kernels *kernels;
    const struct conceptdec_i_narrow_kernels *narrow;
    char *build_info; /* made at the first question */
    atomic_int cancel;
    pthread_mutex_t error_lock; /* which task of a parallel call failed first */
    char error[512];
    conceptdec_status pending; /* of code that could not return it; outside of tasks */
    /* progress of the stage that runs */
    const char *stage;
    atomic_llong done;
    int64_t total;
    bool is_counted;     /* done is told by conceptdec_i_advance() alone */
    int64_t last_report; /* monotonic nanoseconds */
};

/* First line of every public function that takes a context: NULL check, clears the error text, what is pending and the
 * stage; ECANCELLED where the cancel flag is set, which it clears. */
conceptdec_status conceptdec_i_enter(conceptdec_ctx *ctx);
/* Sets the text and returns the status: `return conceptdec_i_fail(ctx, CONCEPTDEC_EK, "k: %lld ...", (long long)k)`.
 * ctx may be NULL. Integers and strings only, so that the process's locale does not matter. */
conceptdec_status conceptdec_i_fail(conceptdec_ctx *ctx, conceptdec_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* For code that cannot return a status and goes on with made-up numbers: the failure is pending. The task that runs on
 * this thread fails with it when it ends; outside of tasks the next conceptdec_i_poll, conceptdec_i_parallel or
 * conceptdec_i_take_pending returns it. Until then it stands, whatever else fails. */
void conceptdec_i_fail_later(conceptdec_ctx *ctx, conceptdec_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
conceptdec_status conceptdec_i_pending(const conceptdec_ctx *ctx);
conceptdec_status conceptdec_i_take_pending(conceptdec_ctx *ctx); /* outside of tasks it is pending no more */

/* Size-first structs (intake.c): copies a caller's struct of any size into ours. size_v1: size of the first released
 * version. NULL source: all zero with struct_size = size. */
conceptdec_status conceptdec_i_intake(conceptdec_ctx *ctx, const char *name, const void *source, void *copy,
                                      uint64_t size, uint64_t size_v1);
/* ESTRUCT_TAIL where `given` (as copied) has bits for fields at or beyond `fields`: a caller that is too new. */
conceptdec_status conceptdec_i_given_known(conceptdec_ctx *ctx, const char *name, uint64_t given, int fields);
/* Whether field `bit` is meant though its value is zero. */
#define CONCEPTDEC_I_GIVEN(options, bit) (((options)->given >> (bit)) & 1u)
/* EINVAL where `value` is none of 0..count-1, and ESIZE where it is none of 0..INT32_MAX. */
conceptdec_status conceptdec_i_check_choice(conceptdec_ctx *ctx, const char *name, int32_t value, int32_t count);
conceptdec_status conceptdec_i_check_count(conceptdec_ctx *ctx, const char *name, int64_t value);
/* An option that the caller gave, and why it would change nothing beside the others. */
typedef struct conceptdec_i_idle {
    const char *name;
    bool is_idle;
    const char *reason;
} conceptdec_i_idle;
/* EINVAL for the first that is idle: it was meant otherwise. */
conceptdec_status conceptdec_i_refuse_idle(conceptdec_ctx *ctx, const conceptdec_i_idle *options, int32_t count);
/* A field that is 0 without being meant gets its default. */
void conceptdec_i_default_int(uint64_t given, int bit, int64_t *field, int64_t value);
void conceptdec_i_default_real(uint64_t given, int bit, double *field, double value);

/* ---- threads (parallel.c) ---- */

/* A piece of work: `task` counts from 0, `lane` (0..lanes-1) names scratch that no other running task uses. */
typedef conceptdec_status (*conceptdec_i_task)(void *argument, int64_t task, int lane);

int conceptdec_i_lanes(const conceptdec_ctx *ctx);
/* The lane of the task of this context that runs on this thread, the outermost one; 0 outside of tasks. */
int conceptdec_i_lane(const conceptdec_ctx *ctx);
/* Names the stage that the progress callback reports and how many tasks it has over all its parallel calls. */
void conceptdec_i_stage(conceptdec_ctx *ctx, const char *stage, int64_t total);
/* The same where tasks say nothing of how far a stage is: what is done is told by conceptdec_i_advance(). */
void conceptdec_i_stage_of(conceptdec_ctx *ctx, const char *stage, int64_t total);
void conceptdec_i_advance(conceptdec_ctx *ctx, int64_t units);
/* Runs tasks 0..tasks-1, handed out in this order to any lane; returns after all ended. The failure of the lowest task
 * is returned with the text that it set (the same for any number of threads), and no new task starts after one; an
 * error outranks a positive status, with which a task asks its caller for something.
 * Between tasks the cancel flag is looked at, and on the calling thread progress is reported. Tasks should take 1 to
 * 20 ms. From within a task of the same context it runs the tasks one after another, as lane 0. */
conceptdec_status conceptdec_i_parallel(conceptdec_ctx *ctx, int64_t tasks, conceptdec_i_task task, void *argument);
/* For serial loops, and with units = 0 for long tasks: cancel flag and progress; adds `units` to what is done. */
conceptdec_status conceptdec_i_poll(conceptdec_ctx *ctx, int64_t units);
/* For walks over very many small things that no task is made of: looks at the cancel flag at some of them. */
static inline conceptdec_status
conceptdec_i_poll_at(conceptdec_ctx *ctx, int64_t thing)
{
    return thing % 256 ? CONCEPTDEC_OK : conceptdec_i_poll(ctx, 0);
}
/* Where the error text of the task of this context that runs on this thread goes, and what is pending in it; NULL
 * outside of tasks. */
char *conceptdec_i_task_text(const conceptdec_ctx *ctx);
conceptdec_status *conceptdec_i_task_pending(const conceptdec_ctx *ctx);
void conceptdec_i_pool_free(conceptdec_ctx *ctx);
/* Tells the progress callback how far the stage is, if its last call is long enough ago; false: it asks to stop. On the
 * calling thread only. */
bool conceptdec_i_report(conceptdec_ctx *ctx);
/* Clears the cancel flag, sets the text and returns ECANCELLED. */
conceptdec_status conceptdec_i_cancelled(conceptdec_ctx *ctx);
int conceptdec_i_default_threads(void); /* affinity and control group (cpus.c) */
/* `threads` or less, as the control groups allow: quota divided by period, rounded up. */
int conceptdec_i_quota_threads(const char *mount, const char *membership, int threads);

/* ---- random numbers (rng.c): Philox4x32-10, keyed by (seed, purpose, item) ---- */

enum {
    CONCEPTDEC_I_RNG_FOLDS = 1,
    CONCEPTDEC_I_RNG_PERMUTATION = 2,
    CONCEPTDEC_I_RNG_BOOTSTRAP = 3,
    CONCEPTDEC_I_RNG_SAMPLE = 4,
    CONCEPTDEC_I_RNG_CONTROL = 5,
    CONCEPTDEC_I_RNG_CODE = 6,
    CONCEPTDEC_I_RNG_START = 7,
    CONCEPTDEC_I_RNG_RESERVOIR = 8,
    CONCEPTDEC_I_RNG_KRYLOV = 10,
    CONCEPTDEC_I_RNG_NOISE = 20,
    CONCEPTDEC_I_RNG_LAYOUT = 21,
    CONCEPTDEC_I_RNG_PLACE = 22,
    CONCEPTDEC_I_RNG_ORDER = 30,
    CONCEPTDEC_I_RNG_HALVES = 31,
    CONCEPTDEC_I_RNG_REFERENCE = 32,
    CONCEPTDEC_I_RNG_DECIMATION = 33,
    CONCEPTDEC_I_RNG_CAPACITY = 34
};

typedef struct conceptdec_i_rng {
    uint32_t key[2];
    uint32_t counter[4]; /* block number, purpose, item (two words) */
    uint32_t block[4];
    uint32_t used;
} conceptdec_i_rng;

void conceptdec_i_rng_start(conceptdec_i_rng *rng, uint64_t seed, uint32_t purpose, uint64_t item);
uint32_t conceptdec_i_rng_u32(conceptdec_i_rng *rng);
uint64_t conceptdec_i_rng_u64(conceptdec_i_rng *rng);
uint64_t conceptdec_i_rng_below(conceptdec_i_rng *rng, uint64_t n); /* uniform in 0..n-1, without bias; n >= 1 */
double conceptdec_i_rng_unit(conceptdec_i_rng *rng);                /* uniform in [0, 1), 53 bits */
void conceptdec_i_rng_normal(conceptdec_i_rng *rng, double pair[2]); /* two independent ones */
/* Fisher-Yates over item order. */
void conceptdec_i_rng_shuffle(conceptdec_i_rng *rng, int32_t *items, int64_t n);
/* The part of it that settles items end..n-1; one of n = end goes on from there. */
void conceptdec_i_rng_shuffle_tail(conceptdec_i_rng *rng, int32_t *items, int64_t n, int64_t end);
void conceptdec_i_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* ---- views (view.c) ---- */

#define CONCEPTDEC_I_FLOATS 1 /* dtypes that an argument may have */
#define CONCEPTDEC_I_INTS 2
#define CONCEPTDEC_I_READERS 4 /* its rows may come from a reader */

/* Everything about a view but its values: NULL, device, flags, reserved, dtype, sizes >= 1, extent fits an address. */
conceptdec_status conceptdec_i_view_check(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view,
                                          int kinds);
int64_t conceptdec_i_dtype_size(int32_t dtype);                      /* 0: unknown */
const char *conceptdec_i_dtype_name(int32_t dtype);                  /* for texts */
bool conceptdec_i_view_is_dense_rows(const conceptdec_matrix *view); /* in memory, and col_stride == element size */
bool conceptdec_i_view_is_read(const conceptdec_matrix *view);       /* its rows come from a reader */

/* Not for rows that come from a reader. */
static inline const char *
conceptdec_i_at(const conceptdec_matrix *view, int64_t row, int64_t col)
{
    return (const char *)view->data + row * view->row_stride + col * view->col_stride;
}

/* Row `row`, columns col..col+count-1 as doubles (exact for all dtypes); any strides and alignment. Where a reader
 * fails they are zeros, and the failure is pending. */
void conceptdec_i_view_widen(const struct conceptdec_i_kernels *kernels, const conceptdec_matrix *view, int64_t row,
                             int64_t col, int64_t count, double *out);
/* The same elements as they are, of any dtype and without a look at their values. */
void conceptdec_i_view_copy(const conceptdec_matrix *view, int64_t row, int64_t col, int64_t count, void *out);
/* Column `col` of an integer view. */
void conceptdec_i_view_ints(const conceptdec_matrix *view, int64_t col, int64_t *out);
int64_t conceptdec_i_first_non_finite(const double *values, int64_t n); /* -1: none */
/* ENONFINITE with the first place in row order: "x: non-finite value at row 17, column 302". Parallel; a stage of its
 * own ("input"). */
conceptdec_status conceptdec_i_view_finite(conceptdec_ctx *ctx, const char *name, const conceptdec_matrix *view);

/* ---- readers (source.c) ---- */

/* The reader of one argument of one call; `data` of a view that conceptdec_i_view_open has opened. */
typedef struct conceptdec_i_source conceptdec_i_source;

/* Checks an argument of activations. Where its rows come from a reader, *view becomes a view of the arena's; rows that
 * are few enough are kept until the arena closes, unless the view is read once only. */
conceptdec_status conceptdec_i_view_open(conceptdec_i_arena *arena, const char *name, const conceptdec_matrix **view);
conceptdec_status conceptdec_i_view_open_once(conceptdec_i_arena *arena, const char *name,
                                              const conceptdec_matrix **view);
/* An opened view as a public function takes it. */
conceptdec_matrix conceptdec_i_view_given(const conceptdec_matrix *opened);
/* A row as the reader wrote it, until the lane asks for another one; NULL where the reader has failed. */
const char *conceptdec_i_source_row(conceptdec_i_source *source, int64_t row);
/* A row that stays until the arena closes; NULL where it is not kept. */
const char *conceptdec_i_source_kept_row(conceptdec_i_source *source, int64_t row);

/* ---- results (result.c, result_json.c) ---- */

conceptdec_status conceptdec_i_result_new(conceptdec_ctx *ctx, const char *capability, conceptdec_result **result);
/* A new named array, zeroed, C order; `name` is static. Shape of ndim 0 is a scalar. */
conceptdec_status conceptdec_i_result_float64(conceptdec_ctx *ctx, conceptdec_result *result, const char *name,
                                              int ndim, const int64_t *shape, double **data);
conceptdec_status conceptdec_i_result_int64(conceptdec_ctx *ctx, conceptdec_result *result, const char *name, int ndim,
                                            const int64_t *shape, int64_t **data);
/* Arrays that have the label sets as their first axis where there is more than one set (shaped.c); n_axes of a, b, c
 * are the others. */
typedef struct conceptdec_i_shaping {
    conceptdec_ctx *ctx;
    conceptdec_result *result;
    int64_t n_sets;
} conceptdec_i_shaping;

conceptdec_status conceptdec_i_shaped_float64(const conceptdec_i_shaping *shaping, const char *name, int n_axes,
                                              int64_t a, int64_t b, int64_t c, double **data);
conceptdec_status conceptdec_i_shaped_int64(const conceptdec_i_shaping *shaping, const char *name, int n_axes,
                                            int64_t a, int64_t b, int64_t c, int64_t **data);
/* Entries of the JSON objects "options" and "diagnostics"; keys and texts are static strings. */
conceptdec_status conceptdec_i_result_option_text(conceptdec_ctx *ctx, conceptdec_result *result, const char *key,
                                                  const char *text);
conceptdec_status conceptdec_i_result_option_number(conceptdec_ctx *ctx, conceptdec_result *result, const char *key,
                                                    double number); /* integers print as integers */
conceptdec_status conceptdec_i_result_option_list(conceptdec_ctx *ctx, conceptdec_result *result, const char *key,
                                                  const int64_t *list, int64_t n);
conceptdec_status conceptdec_i_result_diagnostic(conceptdec_ctx *ctx, conceptdec_result *result, const char *key,
                                                 double number);
/* The seed, for "provenance" (a double would round it). */
void conceptdec_i_result_seed(conceptdec_result *result, uint64_t seed);
/* Error text of one cell of a sweep; copied. */
conceptdec_status conceptdec_i_result_set_message(conceptdec_ctx *ctx, conceptdec_result *result, int64_t cell,
                                                  const char *text);

/* ---- BLAS (linalg/blas.c) ---- */

typedef struct conceptdec_i_blas_info {
    const char *name;   /* "openblas", "none" */
    const char *config; /* what it says of itself, "" where it says nothing */
    const char *core;   /* kernels that it chose */
    int threads;
    int self_test; /* 1: a small known product and factorisation came out right, 0: they did not, -1: not tried */
} conceptdec_i_blas_info;

void conceptdec_i_blas_describe(conceptdec_i_blas_info *info); /* with the self-test */
void conceptdec_i_blas_names(conceptdec_i_blas_info *info);    /* without: self_test is -1 */

/* ---- what the library is (build_info.c) ---- */

const char *conceptdec_i_compiler(void);
/* A text for a BLAS whose kernels (OpenBLAS's core name) are below those that the processor could run, given as
 * CONCEPTDEC_KERNEL_*; false: there is nothing to say. */
bool conceptdec_i_blas_warning(const char *core, uint32_t kernels, char *text, uint64_t size);

#endif
