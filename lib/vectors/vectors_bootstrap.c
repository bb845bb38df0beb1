/* Bootstrap of concept vectors: units are drawn within each class. */
#include <math.h>
#include <string.h>

#include "linalg/dot.h"
#include "linalg/engine.h"
#include "stats/bootstrap.h"
#include "stats/stream.h"
#include "vectors/concept_vectors.h"

typedef struct {
    const conceptdec_i_vectors *v;
    double *norms;   /* classes x draws */
    double *cosines; /* pairs x draws: (a, b), a < b, at pair_at */
    double *scratch; /* classes x d, d and classes for each lane */
    int64_t *left_out; /* classes */
    conceptdec_i_vectors_intervals *out;
} bootstrap;

static int64_t
pair_at(int64_t a, int64_t b)
{
    return b * (b - 1) / 2 + a;
}

static int64_t
scratch_size(const conceptdec_i_vectors *v)
{
    return v->classes * (v->d + 1) + v->d;
}

/* ---- draws ---- */

/* How often each unit was drawn; classes in the order of their first rows, so that their numbers do not matter. */
static void
weigh(const conceptdec_i_vectors *v, int64_t draw, int32_t *counts, int32_t *weights)
{
    conceptdec_i_stream stream;
    conceptdec_i_stream_start(&stream, v->options.seed, CONCEPTDEC_I_RNG_BOOTSTRAP, (uint64_t)draw);
    for (int64_t k = 0; k < v->classes; k++) {
        const int64_t c = v->order[k], units = v->units[c];
        for (int64_t u = 0; u < units; u++)
            counts[u] = 0;
        for (int64_t u = 0; u < units; u++)
            counts[conceptdec_i_stream_below(&stream, (uint32_t)units)]++;
        for (int64_t i = v->start[c]; i < v->start[c + 1]; i++)
            weights[i] = counts[v->of[i]];
    }
}

static void
consume(void *argument, int64_t draw, const double *means, const double *weight, int lane)
{
    const bootstrap *b = argument;
    const conceptdec_i_vectors *v = b->v;
    const int64_t d = v->d, draws = v->options.bootstrap;
    double *vectors = b->scratch + lane * scratch_size(v), *norm = vectors + v->classes * d;
    conceptdec_i_vectors_contrast(v, means, weight, norm + v->classes, vectors);
    for (int64_t c = 0; c < v->classes; c++) {
        norm[c] = sqrt(dot(vectors + c * d, vectors + c * d, d));
        b->norms[c * draws + draw] = norm[c] * v->unit;
        for (int64_t a = 0; a < c; a++)
            b->cosines[pair_at(a, c) * draws + draw] = conceptdec_i_vectors_cosine(
                v, dot(vectors + a * d, vectors + c * d, d), norm[a], norm[c]);
    }
}

/* ---- intervals ---- */

static conceptdec_status
conclude_task(void *argument, int64_t c, int lane)
{
    const bootstrap *b = argument;
    const conceptdec_i_vectors *v = b->v;
    const int64_t draws = v->options.bootstrap, C = v->classes;
    const double confidence = v->options.confidence;
    const bool varies = v->units[c] >= 2;
    conceptdec_i_vectors_intervals *out = b->out;
    (void)lane;
    int64_t most = conceptdec_i_shifted_interval(b->norms + c * draws, varies ? draws : 0, out->norms[c], confidence,
                                                 &out->norm_bias[c], &out->norm_low[c], &out->norm_high[c]);
    for (int64_t a = 0; a < c; a++) {
        const int64_t here = a * C + c, there = c * C + a;
        const int64_t left_out = conceptdec_i_shifted_interval(
            b->cosines + pair_at(a, c) * draws, varies && v->units[a] >= 2 ? draws : 0, out->cosines[here], confidence,
            &out->cosine_bias[here], &out->cosine_low[here], &out->cosine_high[here]);
        most = max64(most, left_out);
        out->cosine_bias[there] = out->cosine_bias[here];
        out->cosine_low[there] = out->cosine_low[here];
        out->cosine_high[there] = out->cosine_high[here];
    }
    const double own = varies ? out->cosines[c * C + c] : (double)NAN;
    out->cosine_low[c * C + c] = out->cosine_high[c * C + c] = own;
    out->cosine_bias[c * C + c] = 0 * own;
    b->left_out[c] = most;
    return CONCEPTDEC_OK;
}

static conceptdec_status
run(conceptdec_i_arena *arena, bootstrap *b)
{
    const conceptdec_i_vectors *v = b->v;
    const int64_t draws = v->options.bootstrap, pairs = v->classes * (v->classes - 1) / 2;
    const double bytes = 8.0 * (double)draws * (double)(pairs + v->classes);
    void *p[4];
    if (bytes > (double)v->options.memory)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ENOMEM,
                                 "memory: %lld draws of %lld cosines and norms need %lld bytes, %lld are allowed",
                                 (long long)draws, (long long)(pairs + v->classes),
                                 bytes < 0x1p62 ? (long long)bytes : INT64_MAX, (long long)v->options.memory);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "bootstrap", draws * v->classes, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "bootstrap", draws * pairs, sizeof(double), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "bootstrap", conceptdec_i_lanes(arena->ctx) * scratch_size(v),
                                                 sizeof(double), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "bootstrap", v->classes, sizeof *b->left_out, &p[3]));
    b->left_out = p[3];
    b->norms = p[0];
    b->cosines = p[1];
    b->scratch = p[2];
    const conceptdec_i_resampling job = {.v = v,
                                         .stage = "bootstrap",
                                         .draws = draws,
                                         .columns = 1,
                                         .bytes = (int64_t)bytes,
                                         .weigh = weigh,
                                         .consume = consume,
                                         .argument = b};
    CONCEPTDEC_I_TRY(conceptdec_i_resample(&job));
    CONCEPTDEC_I_TRY(conceptdec_i_parallel(arena->ctx, v->classes, conclude_task, b));
    b->out->left_out = 0;
    for (int64_t c = 0; c < v->classes; c++)
        b->out->left_out = max64(b->out->left_out, b->left_out[c]);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_vectors_bootstrap(const conceptdec_i_vectors *v, conceptdec_i_vectors_intervals *out)
{
    conceptdec_i_arena arena;
    bootstrap b = {.v = v, .out = out};
    conceptdec_i_arena_open(&arena, v->arena->ctx);
    conceptdec_status status = run(&arena, &b);
    conceptdec_i_arena_close(&arena);
    return status;
}
