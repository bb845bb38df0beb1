/* Reliability of concept vectors: how alike the vectors of two random halves of the samples are. */
#include <math.h>
#include <string.h>

#include "linalg/dot.h"
#include "linalg/engine.h"
#include "vectors/concept_vectors.h"

/* Column 2 s is one half of halving s, column 2 s + 1 the other one. */
typedef struct {
    const conceptdec_i_vectors *v;
    double *cosines; /* classes x splits */
    double *scratch; /* vectors of both halves, and d numbers, for each lane */
} halves;

/* Units are shuffled, and the first half of them taken; of an odd number the odd one falls to either half in turn. */
static void
weigh(const conceptdec_i_vectors *v, int64_t column, int32_t *order, int32_t *weights)
{
    conceptdec_i_rng rng;
    const int64_t split = column / 2;
    conceptdec_i_rng_start(&rng, v->options.seed, CONCEPTDEC_I_RNG_HALVES, (uint64_t)split);
    for (int64_t k = 0; k < v->classes; k++) {
        const int64_t c = v->order[k], units = v->units[c], half = (units + split % 2) / 2;
        int32_t *side = order + v->start[c]; /* of each unit, once it is known: no more units than items */
        for (int64_t u = 0; u < units; u++)
            side[u] = u < half ? 1 : 0;
        conceptdec_i_rng_shuffle(&rng, side, units);
        for (int64_t i = v->start[c]; i < v->start[c + 1]; i++)
            weights[i] = units >= 2 && side[v->of[i]] == (column % 2 == 0);
    }
}

static void
consume(void *argument, int64_t split, const double *means, const double *weight, int lane)
{
    const halves *h = argument;
    const conceptdec_i_vectors *v = h->v;
    const int64_t d = v->d, size = v->classes * d;
    double *first = h->scratch + lane * (2 * size + d), *second = first + size, *scratch = second + size;
    conceptdec_i_vectors_contrast(v, means, weight, scratch, first);
    conceptdec_i_vectors_contrast(v, means + size, weight + v->classes, scratch, second);
    for (int64_t c = 0; c < v->classes; c++) {
        const double *a = first + c * d, *b = second + c * d;
        h->cosines[c * v->options.splits + split] =
            conceptdec_i_vectors_cosine(v, dot(a, b, d), sqrt(dot(a, a, d)), sqrt(dot(b, b, d)));
    }
}

static conceptdec_status
run(conceptdec_i_arena *arena, halves *h, double *reliability)
{
    const conceptdec_i_vectors *v = h->v;
    const int64_t splits = v->options.splits, lanes = conceptdec_i_lanes(arena->ctx);
    const double bytes = 8.0 * (double)splits * (double)v->classes;
    void *p[2];
    if (bytes > (double)v->options.memory)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ENOMEM,
                                 "memory: %lld halvings of %lld classes need %lld bytes, %lld are allowed",
                                 (long long)splits, (long long)v->classes,
                                 bytes < 0x1p62 ? (long long)bytes : INT64_MAX, (long long)v->options.memory);
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "halves", splits * v->classes, sizeof(double), &p[0]));
    CONCEPTDEC_I_TRY(
        conceptdec_i_arena_take_raw(arena, "halves", lanes * (2 * v->classes + 1) * v->d, sizeof(double), &p[1]));
    h->cosines = p[0];
    h->scratch = p[1];
    const conceptdec_i_resampling job = {.v = v,
                                         .stage = "halves",
                                         .draws = splits,
                                         .columns = 2,
                                         .bytes = (int64_t)bytes,
                                         .weigh = weigh,
                                         .consume = consume,
                                         .argument = h};
    CONCEPTDEC_I_TRY(conceptdec_i_resample(&job));
    for (int64_t c = 0; c < v->classes; c++) {
        double sum = 0;
        for (int64_t s = 0; s < splits; s++)
            sum += h->cosines[c * splits + s];
        reliability[c] = sum / (double)splits;
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_vectors_halves(const conceptdec_i_vectors *v, double *reliability)
{
    conceptdec_i_arena arena;
    halves h = {.v = v};
    conceptdec_i_arena_open(&arena, v->arena->ctx);
    conceptdec_status status = run(&arena, &h, reliability);
    conceptdec_i_arena_close(&arena);
    return status;
}
