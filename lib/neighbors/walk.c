/* Walking the neighbours of one row, shell by shell: rows at one distance together, less those that are left out. */
#include "neighbors/table.h"

#include <math.h>
#include <stdlib.h>

bool
conceptdec_i_is_eligible(const conceptdec_i_exclusion *exclusion, int64_t row, int64_t other)
{
    if (exclusion->self && other == row)
        return false;
    if (exclusion->group && exclusion->group[other] == exclusion->group[row])
        return false;
    return !exclusion->row_is_voter || exclusion->row_is_voter[other];
}

double
conceptdec_i_table_distance(const conceptdec_neighbors *table, double d2)
{
    return table->metric == CONCEPTDEC_METRIC_COSINE ? d2 : sqrt(d2) / table->scale;
}

/* ---- counting ---- */

static int64_t
n_eligible_one_by_one(const conceptdec_i_walk *walk, int64_t value)
{
    const conceptdec_neighbors *table = walk->table;
    int64_t count = 0;
    for (int64_t i = table->value_start[value]; i < table->value_start[value + 1]; i++)
        count += conceptdec_i_is_eligible(walk->exclusion, walk->row, table->rows[i]);
    return count;
}

static int64_t
n_eligible(const conceptdec_i_walk *walk, int64_t value)
{
    const conceptdec_i_exclusion *exclusion = walk->exclusion;
    const conceptdec_i_census *census = exclusion->census;
    if (!census)
        return n_eligible_one_by_one(walk, value);
    int64_t count = census->start[value + 1] - census->start[value];
    int64_t left_out = 0;
    if (exclusion->group && count > 0)
        conceptdec_i_census_group(census, exclusion, walk->row, value, &left_out);
    else if (exclusion->self && walk->table->value_of_row[walk->row] == value)
        left_out = !exclusion->row_is_voter || exclusion->row_is_voter[walk->row];
    return count - left_out;
}

/* ---- the walk ---- */

static bool
before(const conceptdec_i_entry *a, double d2, int64_t value)
{
    return a->d2 < d2 || (a->d2 <= d2 && a->value < value);
}

static bool
list_holds(const conceptdec_i_walk *walk, const conceptdec_i_entry *wanted)
{
    const conceptdec_i_entry *low = walk->at, *high = walk->end;
    while (low < high) {
        const conceptdec_i_entry *middle = low + (high - low) / 2;
        if (before(middle, wanted->d2, wanted->value))
            low = middle + 1;
        else
            high = middle;
    }
    return low < walk->end && low->value == wanted->value && low->d2 <= wanted->d2;
}

/* A row that is its own neighbour (resubstitution) and alone has its value is in no list of a table made without it. */
static void
find_own(conceptdec_i_walk *walk)
{
    const conceptdec_neighbors *table = walk->table;
    int32_t value = table->value_of_row[walk->row];
    walk->own_state = 0;
    if (!table->is_self || value < 0 || !conceptdec_i_is_eligible(walk->exclusion, walk->row, walk->row))
        return;
    walk->own.value = value;
    walk->own.d2 = table->value_is_zero && table->value_is_zero[value] ? 1.0 : 0.0;
    walk->own_state = !list_holds(walk, &walk->own);
}

void
conceptdec_i_walk_start(conceptdec_i_walk *walk, const conceptdec_neighbors *table,
                        const conceptdec_i_exclusion *exclusion, int64_t row)
{
    int64_t list = table->list_of_query[row];
    *walk = (conceptdec_i_walk){.table = table, .exclusion = exclusion, .row = row};
    if (list < 0)
        return;
    walk->at = table->entries + table->list_start[list];
    walk->end = table->entries + table->list_start[list + 1];
    if (!exclusion->self && !exclusion->group)
        find_own(walk);
}

static void
take_shell(conceptdec_i_walk *walk, conceptdec_i_shell *shell)
{
    const conceptdec_i_entry *first = walk->at;
    if (walk->own_state == 1 && (first == walk->end || walk->own.d2 < first->d2)) {
        walk->own_state = 0;
        shell->entries = &walk->own;
        shell->n_entries = 1;
    } else {
        while (walk->at < walk->end && walk->at->d2 <= first->d2)
            walk->at++;
        shell->entries = first;
        shell->n_entries = walk->at - first;
    }
    shell->d2 = shell->entries->d2;
}

bool
conceptdec_i_walk_next(conceptdec_i_walk *walk, conceptdec_i_shell *shell)
{
    while (walk->at < walk->end || walk->own_state == 1) {
        take_shell(walk, shell);
        shell->n_closer = walk->n_closer;
        shell->n_eligible = 0;
        for (int64_t i = 0; i < shell->n_entries; i++)
            shell->n_eligible += n_eligible(walk, shell->entries[i].value);
        walk->n_closer += shell->n_eligible;
        if (shell->n_eligible > 0)
            return true;
    }
    return false;
}

/* Its own value cannot share a shell with entries of the list, which are not stored beside it. */
static bool
own_ties_with_list(const conceptdec_i_walk *walk)
{
    for (const conceptdec_i_entry *entry = walk->at; entry < walk->end && entry->d2 <= walk->own.d2; entry++)
        if (entry->d2 >= walk->own.d2)
            return true;
    return false;
}

bool
conceptdec_i_table_is_deep_enough(const conceptdec_neighbors *table, const conceptdec_i_exclusion *exclusion,
                                  int64_t row, int64_t k)
{
    conceptdec_i_walk walk;
    conceptdec_i_shell shell;
    conceptdec_i_walk_start(&walk, table, exclusion, row);
    if (table->list_of_query[row] < 0 || (walk.own_state == 1 && own_ties_with_list(&walk)))
        return false;
    if (table->list_is_whole[table->list_of_query[row]])
        return true;
    while (walk.n_closer < k && conceptdec_i_walk_next(&walk, &shell))
        continue;
    return walk.n_closer >= k;
}

/* ---- census ---- */

typedef struct member {
    int64_t code;
    int32_t row;
} member;

static int
compare_members(const void *a, const void *b)
{
    const member *x = a, *y = b;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int64_t
census_value(const conceptdec_neighbors *table, const conceptdec_i_exclusion *exclusion, int64_t value, member *members,
             int32_t *rows)
{
    int64_t count = 0;
    for (int64_t i = table->value_start[value]; i < table->value_start[value + 1]; i++) {
        int32_t row = table->rows[i];
        if (!exclusion->row_is_voter || exclusion->row_is_voter[row])
            members[count++] = (member){.code = exclusion->group ? exclusion->group[row] : 0, .row = row};
    }
    if (exclusion->group && count > 1)
        qsort(members, (size_t)count, sizeof *members, compare_members);
    for (int64_t i = 0; i < count; i++)
        rows[i] = members[i].row;
    return count;
}

conceptdec_status
conceptdec_i_census_take(conceptdec_i_arena *arena, const conceptdec_neighbors *table,
                         const conceptdec_i_exclusion *exclusion, conceptdec_i_census *census)
{
    int64_t n_values = table->n_values, total = table->value_start[n_values], largest = 0;
    for (int64_t v = 0; v < n_values; v++) {
        int64_t size = table->value_start[v + 1] - table->value_start[v];
        largest = size > largest ? size : largest;
    }
    void *start, *rows;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "voters", n_values + 1, sizeof *census->start, &start));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "voters", total, sizeof *census->rows, &rows));
    conceptdec_i_arena scratch;
    void *members;
    conceptdec_i_arena_open(&scratch, arena->ctx);
    conceptdec_status status = conceptdec_i_arena_take(&scratch, "voters", largest, sizeof(member), &members);
    if (status == CONCEPTDEC_OK) {
        census->start = start;
        census->rows = rows;
        for (int64_t v = 0; v < n_values; v++)
            census->start[v + 1] =
                census->start[v] + census_value(table, exclusion, v, members, census->rows + census->start[v]);
    }
    conceptdec_i_arena_close(&scratch);
    return status;
}

/* First place in rows[0..n) whose code is at least (or, with `after`, above) `code`. */
static int64_t
code_bound(const int32_t *rows, int64_t n, const int64_t *group, int64_t code, bool after)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int64_t here = group[rows[middle]];
        if (here < code || (after && here == code))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const int32_t *
conceptdec_i_census_group(const conceptdec_i_census *census, const conceptdec_i_exclusion *exclusion, int64_t row,
                          int64_t value, int64_t *count)
{
    const int32_t *rows = census->rows + census->start[value];
    int64_t n = census->start[value + 1] - census->start[value], code = exclusion->group[row];
    int64_t first = code_bound(rows, n, exclusion->group, code, false);
    *count = code_bound(rows + first, n - first, exclusion->group, code, true);
    return rows + first;
}

/* ---- a table's own groups ---- */

/* members: the rows of one table group. */
static void
cover_group(const conceptdec_i_exclusion *exclusion, const member *members, int64_t n, uint8_t *covered)
{
    int64_t n_voters = 0, low = INT64_MAX, high = INT64_MIN, voter = -1;
    for (int64_t i = 0; i < n; i++) {
        int32_t row = members[i].row;
        if (exclusion->row_is_voter && !exclusion->row_is_voter[row])
            continue;
        int64_t code = exclusion->group ? exclusion->group[row] : 0;
        low = code < low ? code : low;
        high = code > high ? code : high;
        voter = row;
        n_voters++;
    }
    for (int64_t i = 0; i < n; i++) {
        int32_t row = members[i].row;
        bool none = n_voters == 0 || (n_voters == 1 && voter == row);
        covered[row] = none || (exclusion->group && low == high && exclusion->group[row] == low);
    }
}

static void
codes_cover(const conceptdec_i_exclusion *exclusion, const member *members, int64_t n, uint8_t *covered)
{
    for (int64_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && members[end].code == members[first].code;)
            end++;
        cover_group(exclusion, members + first, end - first, covered);
    }
}

conceptdec_status
conceptdec_i_table_covers(conceptdec_ctx *ctx, const conceptdec_neighbors *table,
                          const conceptdec_i_exclusion *exclusion, uint8_t *covered)
{
    int64_t n = table->n_rows;
    for (int64_t i = 0; i < n; i++)
        covered[i] = 1;
    if (!table->group)
        return CONCEPTDEC_OK;
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "groups of the table", n, sizeof(member), &memory));
    member *members = memory;
    for (int64_t i = 0; i < n; i++)
        members[i] = (member){.code = table->group[i], .row = (int32_t)i};
    qsort(members, (size_t)n, sizeof *members, compare_members);
    codes_cover(exclusion, members, n, covered);
    conceptdec_i_give(ctx, memory);
    return CONCEPTDEC_OK;
}
