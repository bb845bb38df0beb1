/* Rows pushed by an engine: options, memory, life. */
#include "accumulator/accumulator.h"

#include <inttypes.h>
#include <string.h>

#include "linalg/engine.h"

#define OPTION_FIELDS 5
#define BUFFER_BYTES (1 << 20) /* of rows that wait: more of them save little, and 33 layers of it outgrow a third-level
                                  cache */
enum { LEAST_SLOTS = 16, MOST_SLOTS = 256, SLOTS_A_CLASS = 4, COLUMNS = 16 };

/* ---- options ---- */

static conceptdec_status
read_options(conceptdec_ctx *ctx, const conceptdec_accumulator_options *given, conceptdec_accumulator_options *o)
{
    CONCEPTDEC_I_TRY(conceptdec_i_intake(ctx, "options", given, o, sizeof *o, sizeof *o));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(ctx, "options", o->given, OPTION_FIELDS));
    if (o->dtype == 0 && !CONCEPTDEC_I_GIVEN(o, 3))
        o->dtype = CONCEPTDEC_FLOAT32;
    if (o->reservoir < 0 || o->reservoir > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "reservoir: %" PRId64 " is not in 0..%d", o->reservoir,
                                 INT32_MAX);
    if (o->producer > INT64_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "producer: must be below 2^63");
    if (o->dtype == CONCEPTDEC_INT32 || o->dtype == CONCEPTDEC_INT64 || conceptdec_i_dtype_size(o->dtype) == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EDTYPE, "dtype: %d is not a floating-point type", o->dtype);
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(ctx, "moments", o->moments, CONCEPTDEC_ACCUMULATE_NOTHING + 1));
    if (o->moments == CONCEPTDEC_ACCUMULATE_NOTHING && o->reservoir == 0)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "reservoir: 0, and moments are not kept either");
    return CONCEPTDEC_OK;
}

static conceptdec_status
check_sizes(conceptdec_ctx *ctx, const int64_t *dims, int64_t layers, int64_t classes)
{
    if (layers < 1 || layers > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "layers: %" PRId64 " is not in 1..%d", layers, INT32_MAX);
    if (classes < 1 || classes > INT32_MAX)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "classes: %" PRId64 " is not in 1..%d", classes, INT32_MAX);
    for (int64_t i = 0; i < layers; i++)
        if (dims[i] < 1 || dims[i] > INT32_MAX)
            return conceptdec_i_fail(ctx, CONCEPTDEC_ESIZE, "dims: %" PRId64 " of layer %" PRId64 " is not in 1..%d",
                                     dims[i], i, INT32_MAX);
    return CONCEPTDEC_OK;
}

/* ---- memory ---- */

conceptdec_status
conceptdec_i_accumulator_take(conceptdec_ctx *ctx, const conceptdec_accumulator *a, int64_t rows, int64_t columns,
                              uint64_t size, void **pointer)
{
    int64_t count, bytes;
    if (!conceptdec_i_mul(rows, columns, &count) || !conceptdec_i_mul(count, (int64_t)size, &bytes))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW,
                                 "accumulator: %" PRId64 " x %" PRId64 " numbers do not fit an address", rows, columns);
    void *p = conceptdec_i_memory_take(a->memory, (uint64_t)count, size);
    if (!p)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "accumulator: cannot allocate %" PRId64 " bytes", bytes);
    *pointer = p;
    return CONCEPTDEC_OK;
}

/* The same, zeroed. */
static conceptdec_status
take_zero(conceptdec_ctx *ctx, const conceptdec_accumulator *a, int64_t rows, int64_t columns, uint64_t size,
          void **pointer)
{
    CONCEPTDEC_I_TRY(conceptdec_i_accumulator_take(ctx, a, rows, columns, size, pointer));
    memset(*pointer, 0, (size_t)(rows * columns) * size);
    return CONCEPTDEC_OK;
}

#define TAKE(to, rows, columns)                                                                                        \
    do {                                                                                                               \
        void *taken_;                                                                                                  \
        CONCEPTDEC_I_TRY(take_zero(ctx, a, rows, columns, sizeof *(to), &taken_));                                     \
        (to) = taken_;                                                                                                 \
    } while (0)

/* Where variances are kept a class should have some rows when they join; elsewhere a row waits only to be looked at. */
static int64_t
slots_of(const conceptdec_accumulator *a, const conceptdec_i_layer *l)
{
    if (!conceptdec_i_keeps_variances(a))
        return 1;
    const int64_t slots = max64(LEAST_SLOTS, min64(MOST_SLOTS, BUFFER_BYTES / l->row_bytes));
    return max64(slots, SLOTS_A_CLASS * a->classes);
}

static conceptdec_status
make_slots(conceptdec_ctx *ctx, const conceptdec_accumulator *a, conceptdec_i_layer *l)
{
    l->slots = slots_of(a, l);
    l->stride = (l->pitch * a->size + 63) / 64 * 64 + 64; /* so that rows do not meet in one set of a cache */
    TAKE(l->next, l->slots, 1);
    TAKE(l->batch, l->slots, 1);
    TAKE(l->first, a->classes, 1);
    TAKE(l->waiting, a->classes, 1);
    TAKE(l->arrived, a->classes, 1);
    TAKE(l->merged, a->classes, 1);
    for (int64_t i = 0; i < l->slots; i++)
        l->next[i] = i + 1 < l->slots ? i + 1 : -1;
    for (int64_t c = 0; c < a->classes; c++)
        l->first[c] = -1;
    return CONCEPTDEC_OK;
}

static conceptdec_status
make_sums(conceptdec_ctx *ctx, const conceptdec_accumulator *a, conceptdec_i_layer *l)
{
    const bool are_apart = a->options.moments == CONCEPTDEC_ACCUMULATE_SCATTERS;
    const uint32_t flags = are_apart ? 0 : CONCEPTDEC_CLASS_MOMENTS_POOLED;
    TAKE(l->sums, a->n_sums, 1);
    for (int64_t i = 0; i < a->n_sums; i++) {
        conceptdec_i_sums *s = &l->sums[i];
        s->d = l->d;
        s->classes = are_apart ? 1 : a->classes;
        s->chunk = conceptdec_i_class_moments_chunk(l->d, flags);
        CONCEPTDEC_I_TRY(conceptdec_i_sums_make(ctx, a->memory, CONCEPTDEC_I_SUMS_SCATTER, s));
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
make_reservoir(conceptdec_ctx *ctx, const conceptdec_accumulator *a, conceptdec_i_layer *l)
{
    conceptdec_i_reservoir *r = &l->reservoir;
    r->most = a->options.reservoir;
    r->row_bytes = l->row_bytes;
    if (r->most == 0)
        return CONCEPTDEC_OK;
    const int64_t places = r->most * a->classes; /* both below 2^31 */
    TAKE(r->rows, places, r->row_bytes); /* pages that are touched here need not be fetched while rows are pushed */
    TAKE(r->label, places, 1);
    TAKE(r->arrival, places, 1);
    TAKE(r->producer, places, 1);
    TAKE(r->priority, places, 1);
    TAKE(r->heap, places, 1);
    TAKE(r->held, a->classes, 1);
    return CONCEPTDEC_OK;
}

static conceptdec_status
make_layer(conceptdec_ctx *ctx, const conceptdec_accumulator *a, int64_t d, conceptdec_i_layer *l)
{
    l->d = d;
    l->pitch = (d + COLUMNS - 1) / COLUMNS * COLUMNS;
    l->row_bytes = d * a->size;
    CONCEPTDEC_I_TRY(make_reservoir(ctx, a, l));
    CONCEPTDEC_I_TRY(make_slots(ctx, a, l));
    if (conceptdec_i_keeps_variances(a)) {
        TAKE(l->tally.n, a->classes, 1);
        TAKE(l->tally.pilot, a->classes, l->stride);
        TAKE(l->tally.mean, a->classes, l->pitch);
        TAKE(l->tally.square, a->classes, l->pitch);
    }
    return conceptdec_i_keeps_scatters(a) ? make_sums(ctx, a, l) : CONCEPTDEC_OK;
}

/* In one block, which is then in large pages where there are many layers. */
static conceptdec_status
make_buffers(conceptdec_ctx *ctx, conceptdec_accumulator *a)
{
    int64_t all = 0, bytes;
    for (int64_t i = 0; i < a->n_layers; i++)
        if (!conceptdec_i_mul(a->layers[i].slots, a->layers[i].stride, &bytes) || !conceptdec_i_add(all, bytes, &all))
            return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "accumulator: rows that wait do not fit an address");
    TAKE(a->buffers, all, 1);
    char *at = a->buffers;
    for (int64_t i = 0; i < a->n_layers; i++) {
        a->layers[i].buffer = at;
        at += a->layers[i].slots * a->layers[i].stride;
    }
    return CONCEPTDEC_OK;
}

/* What the largest flush takes. */
static conceptdec_status
make_reserve(conceptdec_ctx *ctx, conceptdec_accumulator *a)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < a->n_layers && conceptdec_i_keeps_scatters(a); i++)
        bytes = max64(bytes, conceptdec_i_sums_flush_bytes(&a->own, &a->layers[i].sums[0]));
    a->reserve = conceptdec_i_memory_reserve(a->memory, bytes, CONCEPTDEC_I_SUMS_FLUSH_BLOCKS);
    if (!a->reserve)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "accumulator: cannot allocate %" PRId64 " bytes", bytes);
    a->own.memory = a->reserve;
    void *all = conceptdec_i_memory_take(a->reserve, (uint64_t)bytes, 1);
    if (all)
        memset(all, 0, (size_t)bytes); /* pages that are touched here need not be fetched later */
    conceptdec_i_memory_give(a->reserve, all);
    return CONCEPTDEC_OK;
}

/* ---- life ---- */

static void
choose_kernels(conceptdec_accumulator *a, const conceptdec_i_kernels *k)
{
    switch (a->options.dtype) {
    case CONCEPTDEC_FLOAT64:
        a->gather = k->gather_f64, a->join = k->join_f64, a->widen = k->widen_f64;
        break;
    case CONCEPTDEC_FLOAT32:
        a->gather = k->gather_f32, a->join = k->join_f32, a->widen = k->widen_f32;
        break;
    case CONCEPTDEC_FLOAT16:
        a->gather = k->gather_f16, a->join = k->join_f16, a->widen = k->widen_f16;
        break;
    default:
        a->gather = k->gather_bf16, a->join = k->join_bf16, a->widen = k->widen_bf16;
    }
}

/* A key of its own for each class of this producer, so that the arrival alone tells its rows apart. */
static void
draw_keys(conceptdec_accumulator *a)
{
    const uint64_t seed = a->options.seed, producer = a->options.producer;
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (int64_t c = 0; c < a->classes; c++) {
        const uint32_t counter[4] = {(uint32_t)c, CONCEPTDEC_I_RNG_RESERVOIR, (uint32_t)producer,
                                     (uint32_t)(producer >> 32)};
        uint32_t words[4];
        conceptdec_i_philox(counter, key, words);
        memcpy(a->keys[c], words, sizeof a->keys[c]);
    }
}

static conceptdec_status
make(conceptdec_ctx *ctx, const int64_t *dims, conceptdec_accumulator *a)
{
    int64_t widest = 0;
    TAKE(a->layers, a->n_layers, 1);
    for (int64_t i = 0; i < a->n_layers; i++) {
        CONCEPTDEC_I_TRY(make_layer(ctx, a, dims[i], &a->layers[i]));
        widest = max64(widest, dims[i]);
    }
    CONCEPTDEC_I_TRY(make_buffers(ctx, a));
    TAKE(a->line, widest, a->size);
    TAKE(a->keys, a->classes, 1);
    TAKE(a->producers, 1, 1);
    a->producers[a->n_producers++] = a->options.producer;
    draw_keys(a);
    return make_reserve(ctx, a);
}

conceptdec_status
conceptdec_accumulator_new(conceptdec_ctx *ctx, const int64_t *dims, int64_t layers, int64_t classes,
                           const conceptdec_accumulator_options *options, conceptdec_accumulator **accumulator)
{
    conceptdec_accumulator_options o;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!dims || !accumulator)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: is NULL", dims ? "accumulator" : "dims");
    CONCEPTDEC_I_TRY(read_options(ctx, options, &o));
    CONCEPTDEC_I_TRY(check_sizes(ctx, dims, layers, classes));
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "accumulator", 1, sizeof(conceptdec_accumulator), &p));
    conceptdec_accumulator *a = p;
    a->memory = conceptdec_i_memory_share(ctx->memory);
    a->options = o;
    a->classes = classes;
    a->n_layers = layers;
    a->n_sums = o.moments == CONCEPTDEC_ACCUMULATE_SCATTERS ? classes : 1;
    a->size = conceptdec_i_dtype_size(o.dtype);
    choose_kernels(a, ctx->kernels);
    conceptdec_i_sums_ctx_open(&a->own, ctx->memory, ctx->kernels);
    conceptdec_status status = make(ctx, dims, a);
    if (status == CONCEPTDEC_OK)
        *accumulator = a;
    else
        conceptdec_accumulator_free(a);
    return status;
}

static void
give_layer(const conceptdec_accumulator *a, conceptdec_i_layer *l)
{
    void *const blocks[] = {
        l->next,             l->first,          l->waiting,        (void *)l->batch,   l->arrived,
        l->merged,           l->tally.n,        l->tally.pilot,    l->tally.mean,      l->tally.square,
        l->reservoir.rows,   l->reservoir.heap, l->reservoir.held, l->reservoir.label, l->reservoir.arrival,
        l->reservoir.producer, l->reservoir.priority,
    };
    for (int64_t i = 0; l->sums && i < a->n_sums; i++)
        conceptdec_i_sums_give(a->memory, &l->sums[i]);
    conceptdec_i_memory_give(a->memory, l->sums);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        conceptdec_i_memory_give(a->memory, blocks[i]);
    for (int i = 0; i < CONCEPTDEC_I_ACCUMULATED_ANSWERS; i++)
        conceptdec_i_memory_give(a->memory, l->answers[i]);
}

void
conceptdec_accumulator_free(conceptdec_accumulator *a)
{
    if (!a)
        return;
    conceptdec_i_memory *memory = a->memory;
    for (int64_t i = 0; a->layers && i < a->n_layers; i++)
        give_layer(a, &a->layers[i]);
    conceptdec_i_sums_ctx_close(&a->own);
    conceptdec_i_memory_give(memory, a->layers);
    conceptdec_i_memory_give(memory, a->buffers);
    conceptdec_i_memory_give(memory, a->keys);
    conceptdec_i_memory_give(memory, a->producers);
    conceptdec_i_memory_give(memory, a->line);
    conceptdec_i_memory_give(memory, a->reserve);
    conceptdec_i_memory_give(memory, a);
    conceptdec_i_memory_drop(memory);
}

const char *
conceptdec_accumulator_error(const conceptdec_accumulator *a)
{
    return a ? a->own.error : "";
}
