/* Rows that a probe has seen before it is scored on them: copies of its training rows. */
#include <stdlib.h>

#include "probe/driver.h"
#include "stats/equal_rows.h"

typedef struct member {
    int32_t first; /* the first of the rows that equal this one */
    int64_t part;  /* in which it is scored; -1: it only trains */
} member;

static int
by_part(const void *a, const void *b)
{
    const member *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x->part > y->part) - (x->part < y->part);
}

/* Scored rows among equal ones, of which another one trains: where parts are left out, one outside the row's own
 * part. */
static int64_t
count_in_run(const member *run, int64_t n, bool leaves_parts)
{
    int64_t found = 0;
    if (!leaves_parts)
        return n > 1 ? n : 0;
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && run[end].part == run[i].part; end++)
            ;
        if (run[i].part >= 0 && end - i < n)
            found += end - i;
    }
    return found;
}

static int64_t
count_members(member *members, int64_t n, bool leaves_parts)
{
    int64_t found = 0;
    qsort(members, (size_t)n, sizeof *members, by_part);
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && members[end].first == members[i].first; end++)
            ;
        found += count_in_run(members + i, end - i, leaves_parts);
    }
    return found;
}

conceptdec_status
conceptdec_i_probe_duplicates(const conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena, const int32_t *first,
                              int64_t set, int64_t *n_duplicates)
{
    const conceptdec_i_probe_set *s = &driver->data.sets[set];
    int32_t protocol = driver->settings.options.protocol;
    bool leaves_parts = protocol != CONCEPTDEC_PROTOCOL_LOO && protocol != CONCEPTDEC_PROTOCOL_RESUBSTITUTION;
    int64_t n = 0;
    void *members;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "copies", driver->data.n, sizeof(member), &members));
    for (int64_t i = 0; i < driver->data.n; i++)
        if (s->labels[i] >= 0)
            ((member *)members)[n++] = (member){.first = first[i], .part = s->part[i]};
    *n_duplicates = count_members(members, n, leaves_parts);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_probe_first_copies(const conceptdec_i_probe_driver *driver, conceptdec_i_arena *arena, int32_t **first)
{
    void *hash, *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "copies", driver->data.n, sizeof(double), &hash));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "copies", driver->data.n, sizeof(int32_t), &memory));
    *first = memory;
    CONCEPTDEC_I_TRY(conceptdec_i_row_hashes(driver->ctx, driver->x, hash));
    return conceptdec_i_equal_rows(arena, driver->x, hash, NULL, *first);
}
