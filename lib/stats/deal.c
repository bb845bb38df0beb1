#include "stats/deal.h"

#include <string.h>

#define DRAWS CONCEPTDEC_I_DRAWS
#define LANES CONCEPTDEC_I_LANES
#define TILE CONCEPTDEC_I_DEAL_TILE
#define ROWS_PER_POLL (INT64_C(1) << 20)

/* ---- one label ---- */

static uint32_t
word_of(const conceptdec_i_deck *deck, int64_t draw, int64_t place, uint32_t attempt)
{
    const uint32_t key[2] = {(uint32_t)deck->seed, (uint32_t)(deck->seed >> 32)};
    const uint32_t counter[4] = {(uint32_t)(place / 4), CONCEPTDEC_I_RNG_PERMUTATION + (attempt << 16), (uint32_t)draw,
                                 (uint32_t)(draw >> 32)};
    uint32_t words[4];
    conceptdec_i_philox(counter, key, words);
    return words[place % 4];
}

/* Uniform in 0..left-1 (Lemire, arXiv 1805.10941). */
static uint32_t
throw_die(const conceptdec_i_deck *deck, int64_t draw, int64_t place, uint32_t left)
{
    for (uint32_t attempt = 0;; attempt++) {
        const uint64_t product = (uint64_t)word_of(deck, draw, place, attempt) * left;
        if ((uint32_t)product >= left || (uint32_t)product >= (0u - left) % left)
            return (uint32_t)(product >> 32);
    }
}

/* Bounds `stride` apart. */
static uint8_t
take_label(const conceptdec_i_deck *deck, uint32_t die, uint32_t *bounds, int64_t stride)
{
    int32_t place = deck->n_classes - 1;
    for (int32_t c = 0; c < deck->n_classes - 1; c++)
        if (die < bounds[c * stride]) {
            bounds[c * stride]--;
            place--;
        }
    return deck->classes[place];
}

void
conceptdec_i_deal(const conceptdec_i_deck *deck, int64_t draw, uint32_t *bounds, int32_t *labels)
{
    const int64_t n_bounds = deck->n_classes - 1;
    for (int64_t s = 0; s < deck->n_segments; s++) {
        memcpy(bounds, deck->bounds + s * n_bounds, (size_t)n_bounds * sizeof *bounds);
        for (int64_t i = deck->segment[s], end = deck->segment[s + 1]; i < end; i++)
            labels[deck->rows[i]] = take_label(deck, throw_die(deck, draw, i, (uint32_t)(end - i)), bounds, 1);
    }
}

/* ---- sixteen draws ---- */

static void
start_segment(const conceptdec_i_deck *deck, int64_t segment, uint32_t *bounds)
{
    const int32_t n_bounds = deck->n_classes - 1;
    for (int32_t c = 0; c < n_bounds; c++)
        for (int d = 0; d < DRAWS; d++)
            bounds[c * DRAWS + d] = deck->bounds[segment * n_bounds + c];
}

static void
deal_row(const conceptdec_i_deck *deck, int64_t first, int64_t place, int64_t left, uint32_t *bounds, uint8_t *labels)
{
    for (int d = 0; d < DRAWS; d++)
        labels[(int64_t)deck->rows[place] * LANES + d] =
            take_label(deck, throw_die(deck, first + d, place, (uint32_t)left), bounds + d, DRAWS);
}

/* Places place..end-1 of one tile and one segment, which ends at segment_end. */
static void
deal_places(const conceptdec_ctx *ctx, const conceptdec_i_deck *deck, int64_t first, int64_t place, int64_t end,
            int64_t segment_end, conceptdec_i_dealing *dealing, uint8_t *labels)
{
    while (place < end) {
        place += ctx->kernels->deal(dealing->words + place % TILE * DRAWS, (uint32_t)(segment_end - place),
                                    deck->rows + place, (int32_t)(end - place), dealing->bounds, deck->n_classes,
                                    deck->classes, labels);
        if (place == end)
            break;
        deal_row(deck, first, place, segment_end - place, dealing->bounds, labels);
        place++;
    }
}

conceptdec_status
conceptdec_i_deal_16(conceptdec_ctx *ctx, const conceptdec_i_deck *deck, int64_t first, conceptdec_i_dealing *dealing,
                     uint8_t *labels)
{
    const uint32_t key[2] = {(uint32_t)deck->seed, (uint32_t)(deck->seed >> 32)};
    for (int64_t s = 0, place = 0; s < deck->n_segments; s++) {
        const int64_t segment_end = deck->segment[s + 1];
        start_segment(deck, s, dealing->bounds);
        while (place < segment_end) {
            const int64_t tile_end = place - place % TILE + TILE, end = tile_end < segment_end ? tile_end : segment_end;
            if (place % TILE == 0)
                ctx->kernels->words(key, CONCEPTDEC_I_RNG_PERMUTATION, (uint64_t)first, (uint32_t)(place / 4), TILE / 4,
                                    dealing->words);
            if (place % ROWS_PER_POLL == 0 && place > 0)
                CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
            deal_places(ctx, deck, first, place, end, segment_end, dealing, labels);
            place = end;
        }
    }
    return CONCEPTDEC_OK;
}
