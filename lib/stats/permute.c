#include "stats/permute.h"

#include <inttypes.h>
#include <string.h>

#include "stats/deal.h"
#include "stats/groups.h"
#include "stats/stream.h"

/* Labels move between units: rows (FREE, WITHIN) or groups (WHOLE). A segment is a run of units that may exchange. The
 * rows of unit u are row[start[u] .. start[u + 1]); start is NULL where every unit is one row. */
struct conceptdec_i_permute {
    conceptdec_i_arena arena;
    uint64_t seed;
    int64_t n;
    int64_t n_rows; /* labelled */
    int32_t *row;
    int32_t *label; /* of row[i] */
    int64_t *start;
    int64_t n_units;
    /* What a unit hands on: its label, or (blocks) the place of its first row. */
    int32_t *token;
    bool is_blocks;
    int64_t n_segments;
    int64_t *segment; /* n_segments + 1 */
    int64_t n_unlabelled;
    int32_t *unlabelled;
    conceptdec_i_deck deck; /* no classes: labels are shuffled */
};

/* ---- drawing ---- */

static void
shuffle(conceptdec_i_stream *stream, int32_t *items, int64_t n)
{
    for (uint32_t left = (uint32_t)n; left > 1; left--) {
        uint32_t other = conceptdec_i_stream_below(stream, left);
        int32_t item = items[left - 1];
        items[left - 1] = items[other];
        items[other] = item;
    }
}

static void
shuffle_tokens(const conceptdec_i_permute *plan, int64_t draw, int32_t *scratch)
{
    conceptdec_i_stream stream;
    conceptdec_i_stream_start(&stream, plan->seed, CONCEPTDEC_I_RNG_PERMUTATION, (uint64_t)draw);
    memcpy(scratch, plan->token, (size_t)plan->n_units * sizeof *scratch);
    for (int64_t s = 0; s < plan->n_segments; s++)
        shuffle(&stream, scratch + plan->segment[s], plan->segment[s + 1] - plan->segment[s]);
}

static inline int32_t
label_in_unit(const conceptdec_i_permute *plan, int32_t token, int64_t place)
{
    return plan->is_blocks ? plan->label[token + place] : token;
}

/* Whole groups: each unit's rows get the labels of the unit whose token came to it. */
static void
hand_to_units(const conceptdec_i_permute *plan, const int32_t *tokens, int32_t *labels)
{
    for (int64_t u = 0; u < plan->n_units; u++)
        for (int64_t i = plan->start[u]; i < plan->start[u + 1]; i++)
            labels[plan->row[i]] = label_in_unit(plan, tokens[u], i - plan->start[u]);
}

void
conceptdec_i_permute_draw(const conceptdec_i_permute *plan, int64_t draw, int32_t *scratch, int32_t *labels)
{
    uint32_t bounds[CONCEPTDEC_I_MOST_DEALT];
    if (plan->deck.n_classes)
        conceptdec_i_deal(&plan->deck, draw, bounds, labels);
    else
        shuffle_tokens(plan, draw, scratch);
    if (plan->start)
        hand_to_units(plan, scratch, labels);
    else if (!plan->deck.n_classes)
        for (int64_t i = 0; i < plan->n_rows; i++)
            labels[plan->row[i]] = scratch[i];
    for (int64_t i = 0; i < plan->n_unlabelled; i++)
        labels[plan->unlabelled[i]] = -1;
}

/* Scratch of shuffles: tokens and labels of one draw, then the labels of all as bytes. */
int64_t
conceptdec_i_permute_scratch(const conceptdec_i_permute *plan)
{
    return plan->deck.n_classes ? (int64_t)sizeof(conceptdec_i_dealing)
                                : plan->n * (int64_t)(2 * sizeof(int32_t) + CONCEPTDEC_I_DRAWS);
}

/* In blocks of rows that stay in the cache. */
static void
interleave(const uint8_t *columns, int64_t n, uint8_t *labels)
{
    for (int64_t first = 0; first < n; first += CONCEPTDEC_I_LANES) {
        int64_t end = first + CONCEPTDEC_I_LANES < n ? first + CONCEPTDEC_I_LANES : n;
        for (int64_t d = 0; d < CONCEPTDEC_I_DRAWS; d++)
            for (int64_t i = first; i < end; i++)
                labels[i * CONCEPTDEC_I_LANES + d] = columns[d * n + i];
    }
}

static conceptdec_status
shuffle_16(const conceptdec_i_permute *plan, int64_t first, int32_t *scratch, uint8_t *labels)
{
    int32_t *drawn = scratch + plan->n;
    uint8_t *columns = (uint8_t *)(drawn + plan->n);
    for (int64_t d = 0; d < CONCEPTDEC_I_DRAWS; d++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(plan->arena.ctx, 0));
        conceptdec_i_permute_draw(plan, first + d, scratch, drawn);
        for (int64_t i = 0; i < plan->n; i++)
            columns[d * plan->n + i] = (uint8_t)drawn[i];
    }
    interleave(columns, plan->n, labels);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_permute_draw_16(const conceptdec_i_permute *plan, int64_t first, void *scratch, uint8_t *labels)
{
    if (!plan->deck.n_classes)
        return shuffle_16(plan, first, scratch, labels);
    for (int64_t i = 0; i < plan->n_unlabelled; i++)
        memset(labels + (int64_t)plan->unlabelled[i] * CONCEPTDEC_I_LANES, UINT8_MAX, CONCEPTDEC_I_DRAWS);
    return conceptdec_i_deal_16(plan->arena.ctx, &plan->deck, first, scratch, labels);
}

/* ---- planning ---- */

static conceptdec_status
take(conceptdec_i_permute *plan, int64_t count, uint64_t size, void *array)
{
    return conceptdec_i_groups_take(&plan->arena, "permutations", count, size, array);
}

/* Rows in the order of their groups; one group of all labelled rows where codes is NULL. */
static conceptdec_status
list_rows(conceptdec_i_permute *plan, const int64_t *labels, const int64_t *codes, conceptdec_i_groups *groups)
{
    int64_t *one_code = NULL;
    uint8_t *is_labelled;
    CONCEPTDEC_I_TRY(take(plan, plan->n, sizeof *is_labelled, &is_labelled));
    for (int64_t i = 0; i < plan->n; i++)
        is_labelled[i] = labels[i] >= 0;
    if (codes == NULL)
        CONCEPTDEC_I_TRY(take(plan, plan->n, sizeof *one_code, &one_code));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(&plan->arena, plan->n, codes ? codes : one_code, is_labelled, groups));
    plan->row = groups->rows;
    plan->n_rows = groups->n_rows;
    plan->n_unlabelled = plan->n - plan->n_rows;
    CONCEPTDEC_I_TRY(take(plan, plan->n_rows, sizeof *plan->label, &plan->label));
    CONCEPTDEC_I_TRY(take(plan, plan->n_unlabelled, sizeof *plan->unlabelled, &plan->unlabelled));
    for (int64_t i = 0; i < plan->n_rows; i++)
        plan->label[i] = (int32_t)labels[plan->row[i]];
    for (int64_t i = 0, next = 0; i < plan->n; i++)
        if (!is_labelled[i])
            plan->unlabelled[next++] = (int32_t)i;
    return CONCEPTDEC_OK;
}

/* Number of each label in the order of first appearance; false: too many, or one only. */
static bool
number_labels(conceptdec_i_permute *plan, int32_t *place_of)
{
    conceptdec_i_deck *deck = &plan->deck;
    for (int32_t c = 0; c < UINT8_MAX; c++)
        place_of[c] = -1;
    for (int64_t i = 0; i < plan->n_rows; i++) {
        int32_t label = plan->label[i];
        if (label >= UINT8_MAX || (place_of[label] < 0 && deck->n_classes == CONCEPTDEC_I_MOST_DEALT)) {
            deck->n_classes = 0;
            return false;
        }
        if (place_of[label] < 0) {
            deck->classes[deck->n_classes] = (uint8_t)label;
            place_of[label] = deck->n_classes++;
        }
    }
    return deck->n_classes > 0;
}

/* Where there are few classes, counts the labels of each segment. */
static conceptdec_status
plan_deck(conceptdec_i_permute *plan, const conceptdec_i_groups *groups)
{
    conceptdec_i_deck *deck = &plan->deck;
    int32_t place_of[UINT8_MAX];
    if (!number_labels(plan, place_of))
        return CONCEPTDEC_OK;
    int32_t n_bounds = deck->n_classes - 1;
    CONCEPTDEC_I_TRY(take(plan, groups->count, (uint64_t)n_bounds * sizeof *deck->bounds, &deck->bounds));
    for (int64_t g = 0; g < groups->count; g++)
        for (int64_t i = groups->start[g]; i < groups->start[g + 1]; i++)
            for (int32_t c = place_of[plan->label[i]]; c < n_bounds; c++)
                deck->bounds[g * n_bounds + c]++;
    deck->seed = plan->seed;
    deck->n_segments = groups->count;
    deck->segment = groups->start;
    deck->rows = plan->row;
    return CONCEPTDEC_OK;
}

/* FREE, WITHIN: each row is a unit, each group a segment. */
static conceptdec_status
plan_rows(conceptdec_i_permute *plan, const conceptdec_i_groups *groups)
{
    plan->n_units = plan->n_rows;
    plan->token = plan->label;
    plan->n_segments = groups->count;
    plan->segment = groups->start;
    return plan_deck(plan, groups);
}

static bool
is_constant(const int32_t *labels, int64_t n)
{
    for (int64_t i = 1; i < n; i++)
        if (labels[i] != labels[0])
            return false;
    return true;
}

static bool
is_constant_in_groups(const conceptdec_i_permute *plan, const conceptdec_i_groups *groups)
{
    for (int64_t g = 0; g < groups->count; g++)
        if (!is_constant(plan->label + groups->start[g], groups->start[g + 1] - groups->start[g]))
            return false;
    return true;
}

/* WHOLE, one label in each group: all groups are one segment. */
static conceptdec_status
plan_groups(conceptdec_i_permute *plan, const conceptdec_i_groups *groups)
{
    CONCEPTDEC_I_TRY(take(plan, groups->count, sizeof *plan->token, &plan->token));
    CONCEPTDEC_I_TRY(take(plan, 2, sizeof *plan->segment, &plan->segment));
    plan->n_units = groups->count;
    plan->start = groups->start;
    plan->n_segments = 1;
    plan->segment[1] = groups->count;
    for (int64_t g = 0; g < groups->count; g++)
        plan->token[g] = plan->label[groups->start[g]];
    return CONCEPTDEC_OK;
}

/* Puts rows and labels in the order of the units. */
static void
sort_rows(conceptdec_i_permute *plan, const conceptdec_i_groups *groups, const int32_t *order, int32_t *row,
          int32_t *label)
{
    int64_t at = 0;
    for (int64_t u = 0; u < plan->n_units; u++) {
        plan->token[u] = (int32_t)at;
        plan->start[u] = at;
        for (int64_t i = groups->start[order[u]]; i < groups->start[order[u] + 1]; i++) {
            row[at] = plan->row[i];
            label[at++] = plan->label[i];
        }
    }
    plan->start[plan->n_units] = at;
    plan->row = row;
    plan->label = label;
}

/* WHOLE, labels that differ within groups: groups of one size are a segment. */
static conceptdec_status
plan_blocks(conceptdec_i_permute *plan, const conceptdec_i_groups *groups)
{
    int32_t *order, *row, *label;
    CONCEPTDEC_I_TRY(take(plan, groups->count, sizeof *order, &order));
    CONCEPTDEC_I_TRY(take(plan, groups->n_rows, sizeof *row, &row));
    CONCEPTDEC_I_TRY(take(plan, groups->n_rows, sizeof *label, &label));
    CONCEPTDEC_I_TRY(take(plan, groups->count, sizeof *plan->token, &plan->token));
    CONCEPTDEC_I_TRY(take(plan, groups->count + 1, sizeof *plan->start, &plan->start));
    CONCEPTDEC_I_TRY(take(plan, groups->count + 1, sizeof *plan->segment, &plan->segment));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_by_size(&plan->arena, groups, order));
    plan->is_blocks = true;
    plan->n_units = groups->count;
    sort_rows(plan, groups, order, row, label);
    for (int64_t u = 0; u < plan->n_units; u++)
        if (u == 0 || plan->start[u + 1] - plan->start[u] != plan->start[u] - plan->start[u - 1])
            plan->segment[plan->n_segments++] = u;
    plan->segment[plan->n_segments] = plan->n_units;
    return CONCEPTDEC_OK;
}

static bool
are_units_equal(const conceptdec_i_permute *plan, int64_t u, int64_t v)
{
    if (!plan->is_blocks)
        return plan->token[u] == plan->token[v];
    return memcmp(plan->label + plan->start[u], plan->label + plan->start[v],
                  (size_t)(plan->start[u + 1] - plan->start[u]) * sizeof *plan->label) == 0;
}

static bool
can_move(const conceptdec_i_permute *plan)
{
    for (int64_t s = 0; s < plan->n_segments; s++)
        for (int64_t u = plan->segment[s] + 1; u < plan->segment[s + 1]; u++)
            if (!are_units_equal(plan, u, plan->segment[s]))
                return true;
    return false;
}

static conceptdec_status
check_moves(conceptdec_ctx *ctx, const conceptdec_i_permute *plan, int32_t scheme)
{
    if (scheme == CONCEPTDEC_PERMUTE_FREE || can_move(plan))
        return CONCEPTDEC_OK;
    if (scheme == CONCEPTDEC_PERMUTE_WITHIN)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS,
                                 "groups: each has one label only, so permuting within groups "
                                 "changes nothing; permute whole groups");
    if (plan->is_blocks)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS,
                                 "groups: no two of one size have different labels, so "
                                 "permuting whole groups changes nothing");
    return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS,
                             "groups: all have the same label, so permuting whole groups "
                             "changes nothing");
}

static conceptdec_status
make_plan(conceptdec_i_permute *plan, int32_t scheme, const int64_t *labels, const int64_t *codes)
{
    conceptdec_ctx *ctx = plan->arena.ctx;
    conceptdec_i_groups groups;
    if (scheme != CONCEPTDEC_PERMUTE_FREE && codes == NULL)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EGROUPS, "groups: missing, and permuting %s needs them",
                                 scheme == CONCEPTDEC_PERMUTE_WITHIN ? "within groups" : "whole groups");
    CONCEPTDEC_I_TRY(list_rows(plan, labels, scheme == CONCEPTDEC_PERMUTE_FREE ? NULL : codes, &groups));
    if (scheme != CONCEPTDEC_PERMUTE_WHOLE)
        CONCEPTDEC_I_TRY(plan_rows(plan, &groups));
    else if (is_constant_in_groups(plan, &groups))
        CONCEPTDEC_I_TRY(plan_groups(plan, &groups));
    else
        CONCEPTDEC_I_TRY(plan_blocks(plan, &groups));
    return check_moves(ctx, plan, scheme);
}

conceptdec_status
conceptdec_i_permute_new(conceptdec_ctx *ctx, int32_t scheme, int64_t n, const int64_t *labels, const int64_t *groups,
                         uint64_t seed, conceptdec_i_permute **plan)
{
    void *memory;
    if (scheme < CONCEPTDEC_PERMUTE_FREE || scheme > CONCEPTDEC_PERMUTE_WHOLE)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EINVAL, "permute: %" PRId32 " is not a scheme", scheme);
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "permutations", 1, sizeof **plan, &memory));
    conceptdec_i_permute *made = memory;
    made->seed = seed;
    made->n = n;
    conceptdec_i_arena_open(&made->arena, ctx);
    conceptdec_status status = make_plan(made, scheme, labels, groups);
    if (status == CONCEPTDEC_OK)
        *plan = made;
    else
        conceptdec_i_permute_free(ctx, made);
    return status;
}

void
conceptdec_i_permute_free(conceptdec_ctx *ctx, conceptdec_i_permute *plan)
{
    if (plan == NULL)
        return;
    conceptdec_i_arena_close(&plan->arena);
    conceptdec_i_give(ctx, plan);
}
