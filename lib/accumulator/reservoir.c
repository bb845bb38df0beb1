/* The sample: of each class the rows with the least draws (bottom-k sampling), in a heap. */
#include <stdlib.h>
#include <string.h>

#include "accumulator/accumulator.h"

conceptdec_i_draw
conceptdec_i_reservoir_draw(const conceptdec_accumulator *a, int64_t class, int64_t arrival)
{
    const uint32_t counter[4] = {0, CONCEPTDEC_I_RNG_RESERVOIR, (uint32_t)arrival, (uint32_t)((uint64_t)arrival >> 32)};
    uint32_t words[4];
    conceptdec_i_philox(counter, a->keys[class], words);
    return (conceptdec_i_draw){
        .priority = words[0] | (uint64_t)words[1] << 32, .producer = a->options.producer, .arrival = arrival};
}

static bool
is_before(const conceptdec_i_draw *a, const conceptdec_i_draw *b)
{
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return a->producer != b->producer ? a->producer < b->producer : a->arrival < b->arrival;
}

static conceptdec_i_draw
draw_of(const conceptdec_i_reservoir *r, int64_t place)
{
    return (conceptdec_i_draw){
        .priority = r->priority[place], .producer = (uint64_t)r->producer[place], .arrival = r->arrival[place]};
}

static bool
place_is_before(const conceptdec_i_reservoir *r, int64_t a, int64_t b)
{
    const conceptdec_i_draw first = draw_of(r, a), second = draw_of(r, b);
    return is_before(&first, &second);
}

/* The last one of the heap goes up to where it belongs. */
static void
rise(const conceptdec_i_reservoir *r, int64_t *heap, int64_t at)
{
    for (const int64_t place = heap[at]; at > 0 && place_is_before(r, heap[(at - 1) / 2], place); at = (at - 1) / 2) {
        heap[at] = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = place;
    }
}

static void
sink(const conceptdec_i_reservoir *r, int64_t *heap, int64_t count)
{
    for (int64_t at = 0, child = 1; child < count; at = child, child = 2 * at + 1) {
        if (child + 1 < count && place_is_before(r, heap[child], heap[child + 1]))
            child++;
        if (!place_is_before(r, heap[at], heap[child]))
            return;
        const int64_t place = heap[at];
        heap[at] = heap[child];
        heap[child] = place;
    }
}

static void
put(conceptdec_i_reservoir *r, int64_t place, int64_t class, const conceptdec_i_draw *draw, const char *row)
{
    memcpy(r->rows + place * r->row_bytes, row, (size_t)r->row_bytes);
    r->label[place] = class;
    r->arrival[place] = draw->arrival;
    r->producer[place] = (int64_t)draw->producer;
    r->priority[place] = draw->priority;
}

void
conceptdec_i_reservoir_offer(conceptdec_i_reservoir *r, int64_t class, const conceptdec_i_draw *draw, const char *row)
{
    int64_t *heap = r->heap + class * r->most;
    if (r->held[class] < r->most) {
        put(r, r->used, class, draw, row);
        heap[r->held[class]] = r->used++;
        rise(r, heap, r->held[class]++);
        return;
    }
    const conceptdec_i_draw last = draw_of(r, heap[0]);
    if (!is_before(draw, &last))
        return;
    put(r, heap[0], class, draw, row);
    sink(r, heap, r->most);
}

/* ---- two of them ---- */

enum { LABEL, PRODUCER, ARRIVAL, PLACE, FIELDS };

static int
compare(const void *a, const void *b)
{
    const int64_t *first = a, *second = b;
    for (int field = LABEL; field < PLACE; field++) {
        uint64_t x = (uint64_t)first[field], y = (uint64_t)second[field];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

/* order: where each place goes, behind the places in their new order. */
static void
arrange(conceptdec_i_reservoir *r, int64_t classes, char *room, int64_t *order)
{
    for (int64_t i = 0; i < r->used; i++) {
        const int64_t fields[FIELDS] = {r->label[i], r->producer[i], r->arrival[i], i};
        memcpy(order + FIELDS * i, fields, sizeof fields);
    }
    qsort(order, (size_t)r->used, FIELDS * sizeof *order, compare);
    memcpy(room, r->rows, (size_t)(r->used * r->row_bytes));
    uint64_t *priority = (uint64_t *)(void *)(order + FIELDS * r->used);
    memcpy(priority, r->priority, (size_t)r->used * sizeof *priority);
    for (int64_t i = 0; i < r->used; i++) {
        const int64_t *fields = order + FIELDS * i;
        const conceptdec_i_draw draw = {priority[fields[PLACE]], (uint64_t)fields[PRODUCER], fields[ARRIVAL]};
        put(r, i, fields[LABEL], &draw, room + fields[PLACE] * r->row_bytes);
    }
    int64_t *moved = order + FIELDS * r->used;
    for (int64_t i = 0; i < r->used; i++)
        moved[order[FIELDS * i + PLACE]] = i;
    for (int64_t c = 0; c < classes; c++)
        for (int64_t i = 0; i < r->held[c]; i++)
            r->heap[c * r->most + i] = moved[r->heap[c * r->most + i]];
}

void
conceptdec_i_reservoir_merge(conceptdec_i_reservoir *r, const conceptdec_i_reservoir *other, int64_t classes,
                             char *room, int64_t *order)
{
    for (int64_t i = 0; i < other->used; i++) {
        const conceptdec_i_draw draw = draw_of(other, i);
        conceptdec_i_reservoir_offer(r, other->label[i], &draw, other->rows + i * other->row_bytes);
    }
    arrange(r, classes, room, order);
}
