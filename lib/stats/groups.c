#include "stats/groups.h"

#include <inttypes.h>
#include <string.h>

/* Open addressing; a slot holds a group's number, its code stands in `code`. */
typedef struct numbering {
    int32_t *slot; /* -1: empty */
    int64_t *code;
    uint64_t mask;
    int64_t count;
} numbering;

static uint64_t
mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static int32_t
number_of_code(numbering *numbers, int64_t code)
{
    for (uint64_t at = mix((uint64_t)code);; at++) {
        int32_t *slot = &numbers->slot[at & numbers->mask];
        if (*slot < 0) {
            numbers->code[numbers->count] = code;
            *slot = (int32_t)numbers->count++;
            return *slot;
        }
        if (numbers->code[*slot] == code)
            return *slot;
    }
}

static conceptdec_status
number_codes(conceptdec_i_arena *arena, int64_t n, const int64_t *codes, const uint8_t *is_member,
             conceptdec_i_groups *groups)
{
    numbering numbers = {.mask = 1};
    while (numbers.mask < 2 * (uint64_t)n)
        numbers.mask *= 2;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "groups", (int64_t)numbers.mask, sizeof *numbers.slot,
                                              &numbers.slot));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "groups", n, sizeof *numbers.code, &numbers.code));
    for (uint64_t i = 0; i < numbers.mask; i++)
        numbers.slot[i] = -1;
    numbers.mask -= 1;
    for (int64_t i = 0; i < n; i++)
        groups->number[i] = is_member == NULL || is_member[i] ? number_of_code(&numbers, codes[i]) : -1;
    groups->count = numbers.count;
    return CONCEPTDEC_OK;
}

static void
number_rows(int64_t n, const uint8_t *is_member, conceptdec_i_groups *groups)
{
    int32_t count = 0;
    for (int64_t i = 0; i < n; i++)
        groups->number[i] = is_member == NULL || is_member[i] ? count++ : -1;
    groups->count = count;
}

/* Counting sort. */
conceptdec_status
conceptdec_i_groups_list(conceptdec_i_arena *arena, int64_t n, const int32_t *number, int64_t count, int64_t **start,
                         int32_t **rows)
{
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "groups", count + 2, sizeof **start, start));
    int64_t *place = *start + 1; /* place[g]: where the next row of g goes; at last, where g + 1 starts */
    for (int64_t i = 0; i < n; i++)
        if (number[i] >= 0)
            place[number[i] + 1]++;
    for (int64_t g = 1; g <= count; g++)
        place[g] += place[g - 1];
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "groups", place[count], sizeof **rows, rows));
    for (int64_t i = 0; i < n; i++)
        if (number[i] >= 0)
            (*rows)[place[number[i]]++] = (int32_t)i;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_groups_number(conceptdec_i_arena *arena, int64_t n, const int64_t *codes, const uint8_t *is_member,
                           conceptdec_i_groups *groups)
{
    if (n > INT32_MAX)
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_ESIZE, "rows: %" PRId64 " are more than %" PRId32, n,
                                 INT32_MAX);
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "groups", n, sizeof *groups->number, &groups->number));
    if (codes == NULL)
        number_rows(n, is_member, groups);
    else
        CONCEPTDEC_I_TRY(number_codes(arena, n, codes, is_member, groups));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_list(arena, n, groups->number, groups->count, &groups->start, &groups->rows));
    groups->n_rows = groups->start[groups->count];
    return CONCEPTDEC_OK;
}

/* Counting sort: sizes sum to the number of rows, so an array over sizes is no larger than the rows. */
conceptdec_status
conceptdec_i_groups_by_size(conceptdec_i_arena *arena, const conceptdec_i_groups *groups, int32_t *order)
{
    const int64_t *start = groups->start;
    int64_t *place, before = 0;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_take(arena, "groups", groups->n_rows + 1, sizeof *place, &place));
    for (int64_t g = 0; g < groups->count; g++)
        place[start[g + 1] - start[g]]++;
    for (int64_t size = groups->n_rows; size >= 0; size--) {
        int64_t here = place[size];
        place[size] = before;
        before += here;
    }
    for (int64_t g = 0; g < groups->count; g++)
        order[place[start[g + 1] - start[g]]++] = (int32_t)g;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_groups_take(conceptdec_i_arena *arena, const char *what, int64_t count, uint64_t size, void *array)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, what, count, size, &memory));
    memcpy(array, &memory, sizeof memory);
    return CONCEPTDEC_OK;
}
