/* Life of a table, and its rows as the caller sees them: row numbers and distances. */
#include "neighbors/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "neighbors/sides.h"

conceptdec_status
conceptdec_i_table_new(conceptdec_ctx *ctx, conceptdec_neighbors **table)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "neighbour table", 1, sizeof(conceptdec_neighbors), &p));
    conceptdec_neighbors *t = p;
    t->memory = conceptdec_i_memory_share(ctx->memory);
    pthread_mutex_init(&t->lock, NULL);
    *table = t;
    return CONCEPTDEC_OK;
}

void
conceptdec_neighbors_free(conceptdec_neighbors *t)
{
    if (!t)
        return;
    conceptdec_i_memory *memory = t->memory;
    void *owned[] = {t->value_start,   t->rows,   t->value_of_row,  t->value_is_zero,
                     t->list_start,    t->entries, t->list_is_whole, t->list_of_query,
                     t->group,         t->query_group == t->group ? NULL : t->query_group,
                     t->indices,       t->distances, t->count,       t->ties};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        conceptdec_i_memory_give(memory, owned[i]);
    pthread_mutex_destroy(&t->lock);
    conceptdec_i_memory_give(memory, t);
    conceptdec_i_memory_drop(memory);
}

conceptdec_status
conceptdec_i_fingerprint(conceptdec_ctx *ctx, const conceptdec_matrix *x, uint64_t *fingerprint)
{
    enum { SAMPLE = 64 };
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_take_zero(ctx, "row", 2 * x->cols, sizeof(double), &memory));
    double *row = memory, *zeros = row + x->cols;
    uint64_t mixed = (uint64_t)x->rows * 0x9e3779b97f4a7c15u ^ (uint64_t)x->cols;
    int64_t n = x->rows < SAMPLE ? x->rows : SAMPLE;
    for (int64_t i = 0; i < n; i++) {
        conceptdec_i_view_widen(ctx->kernels, x, i * (x->rows - 1) / (n > 1 ? n - 1 : 1), 0, x->cols, row);
        double norm = ctx->kernels->distance_f64(row, zeros, 0.0, x->cols);
        uint64_t bits;
        memcpy(&bits, &norm, sizeof bits);
        mixed = (mixed ^ bits) * 0x9e3779b97f4a7c15u;
        mixed ^= mixed >> 29;
    }
    conceptdec_i_give(ctx, memory);
    CONCEPTDEC_I_TRY(conceptdec_i_take_pending(ctx));
    *fingerprint = mixed ? mixed : 1;
    return CONCEPTDEC_OK;
}

/* ---- one row ---- */

static bool
is_neighbour(const conceptdec_neighbors *t, int64_t query, int64_t row)
{
    if (t->is_self && row == query)
        return false;
    return !t->group || t->group[row] != t->query_group[query];
}

static int
by_row(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Where the neighbours of a row go: the first `capacity` of them, in order of (distance, row). */
typedef struct {
    const conceptdec_neighbors *table;
    int64_t query;
    int64_t capacity;
    int64_t *indices;  /* capacity, or NULL */
    double *distances; /* capacity, or NULL */
    int64_t count;     /* all neighbours seen, listed or not */
} listing;

/* Rows of one value; at most `room` are written, the lowest ones; returns how many there are. */
static int64_t
list_value(const listing *l, int32_t value, int64_t *out, int64_t room)
{
    const conceptdec_neighbors *t = l->table;
    int64_t n = 0, end = t->value_start[value + 1];
    for (int64_t i = t->value_start[value]; i < end; i++) {
        if (n >= room && !t->group) /* the rest counts without a look, but for the row itself */
            return n + (end - i) - (t->is_self && t->value_of_row[l->query] == value && l->query >= t->rows[i]);
        if (!is_neighbour(t, l->query, t->rows[i]))
            continue;
        if (n < room)
            out[n] = t->rows[i];
        n++;
    }
    return n;
}

/* Values at one distance: `scratch` takes up to `capacity` rows of each, the lowest of all are kept. */
static void
list_shell(listing *l, const conceptdec_i_entry *first, const conceptdec_i_entry *end, int64_t *scratch)
{
    int64_t room = l->capacity > l->count ? l->capacity - l->count : 0, held = 0, n = 0;
    for (const conceptdec_i_entry *e = first; e < end; e++) {
        int64_t found = list_value(l, e->value, scratch + held, room);
        n += found;
        held += found < room ? found : room;
        if (e > first && held > room) {
            qsort(scratch, (size_t)held, sizeof *scratch, by_row);
            held = room;
        }
    }
    if (end - first > 1)
        qsort(scratch, (size_t)held, sizeof *scratch, by_row);
    double distance = conceptdec_i_table_distance(l->table, first->d2);
    for (int64_t i = 0; i < held; i++) {
        if (l->indices)
            l->indices[l->count + i] = scratch[i];
        if (l->distances)
            l->distances[l->count + i] = distance;
    }
    l->count += n;
}

/* A value of one row, which is at its distance alone. */
static void
list_single(listing *l, const conceptdec_i_entry *entry)
{
    const conceptdec_neighbors *t = l->table;
    const int32_t row = t->rows[t->value_start[entry->value]];
    if (!is_neighbour(t, l->query, row))
        return;
    if (l->count < l->capacity && l->indices)
        l->indices[l->count] = row;
    if (l->count < l->capacity && l->distances)
        l->distances[l->count] = conceptdec_i_table_distance(t, entry->d2);
    l->count++;
}

/* Walks the whole list of a query. up_to: neighbours after which the shell in hand is the last (0: all). Returns how
 * many neighbours there are up to the end of that shell. scratch: 2 * capacity. */
static int64_t
list_query(listing *l, int64_t up_to, int64_t *scratch)
{
    const conceptdec_neighbors *t = l->table;
    int32_t list = t->list_of_query[l->query];
    if (list < 0)
        return 0;
    const conceptdec_i_entry *e = t->entries + t->list_start[list], *end = t->entries + t->list_start[list + 1];
    while (e < end && (!up_to || l->count < up_to)) {
        const conceptdec_i_entry *next = e + 1;
        while (next < end && next->d2 == e->d2)
            next++;
        if (next == e + 1 && t->value_start[e->value + 1] - t->value_start[e->value] == 1)
            list_single(l, e);
        else
            list_shell(l, e, next, scratch);
        e = next;
    }
    return l->count;
}

conceptdec_status
conceptdec_neighbors_row(const conceptdec_neighbors *t, int64_t row, int64_t capacity, int64_t *indices,
                         double *distances, int64_t *count)
{
    if (!t || !count)
        return CONCEPTDEC_ENULL;
    if (row < 0 || row >= t->n_queries || capacity < 0)
        return CONCEPTDEC_ESIZE;
    if (capacity > t->n_rows)
        capacity = t->n_rows;
    int64_t *scratch = conceptdec_i_memory_take(t->memory, (uint64_t)capacity, 2 * sizeof *scratch);
    if (!scratch)
        return CONCEPTDEC_ENOMEM;
    listing l = {.table = t, .query = row, .capacity = capacity, .indices = indices, .distances = distances};
    *count = list_query(&l, t->k, scratch);
    conceptdec_i_memory_give(t->memory, scratch);
    return CONCEPTDEC_OK;
}

/* ---- all rows, at the first question ---- */

static void
fill_arrays(conceptdec_neighbors *t, int64_t *scratch)
{
    for (int64_t q = 0; q < t->n_queries; q++) {
        listing l = {.table = t, .query = q, .capacity = t->k, .indices = t->indices + q * t->k,
                     .distances = t->distances + q * t->k};
        int64_t found = list_query(&l, t->k, scratch);
        t->count[q] = found < t->k ? found : t->k;
        t->ties[q] = found - t->count[q];
        for (int64_t i = t->count[q]; i < t->k; i++) {
            t->indices[q * t->k + i] = -1;
            t->distances[q * t->k + i] = NAN;
        }
    }
}

static conceptdec_status
make_arrays(conceptdec_neighbors *t)
{
    uint64_t n = (uint64_t)t->n_queries, nk = n * (uint64_t)t->k; /* the entries of n lists of k exist: it fits */
    void *p[5] = {conceptdec_i_memory_take(t->memory, nk, 8), conceptdec_i_memory_take(t->memory, nk, 8),
                  conceptdec_i_memory_take(t->memory, n, 8), conceptdec_i_memory_take(t->memory, n, 8),
                  conceptdec_i_memory_take(t->memory, (uint64_t)t->k, 16)};
    bool complete = p[0] && p[1] && p[2] && p[3] && p[4];
    if (complete) {
        t->indices = p[0];
        t->distances = p[1];
        t->count = p[2];
        t->ties = p[3];
        fill_arrays(t, p[4]);
    }
    for (int i = complete ? 4 : 0; i < 5; i++)
        conceptdec_i_memory_give(t->memory, p[i]);
    return complete ? CONCEPTDEC_OK : CONCEPTDEC_ENOMEM;
}

/* How the table was found; NULL: no such number. */
static const void *
find_number(const conceptdec_neighbors *t, const char *name)
{
    if (strcmp(name, CONCEPTDEC_N_N_REFINED) == 0)
        return &t->n_refined;
    return strcmp(name, CONCEPTDEC_N_SCREENING) == 0 ? &t->screening : NULL;
}

conceptdec_status
conceptdec_neighbors_get(const conceptdec_neighbors *neighbors, const char *name, conceptdec_array *array)
{
    if (!neighbors || !name || !array)
        return CONCEPTDEC_ENULL;
    const void *number = find_number(neighbors, name);
    if (number) {
        *array = (conceptdec_array){.data = number, .dtype = CONCEPTDEC_INT64};
        return CONCEPTDEC_OK;
    }
    static const char *const names[] = {CONCEPTDEC_N_INDICES, CONCEPTDEC_N_DISTANCES, CONCEPTDEC_N_COUNT,
                                        CONCEPTDEC_N_TIES};
    int which = 0;
    while (which < 4 && strcmp(name, names[which]) != 0)
        which++;
    if (which == 4)
        return CONCEPTDEC_ENAME;
    conceptdec_neighbors *t = (conceptdec_neighbors *)(uintptr_t)neighbors; /* what is filled in late, under the lock */
    pthread_mutex_lock(&t->lock);
    conceptdec_status status = t->indices ? CONCEPTDEC_OK : make_arrays(t);
    pthread_mutex_unlock(&t->lock);
    if (status != CONCEPTDEC_OK)
        return status;
    const void *data[] = {t->indices, t->distances, t->count, t->ties};
    *array = (conceptdec_array){.data = data[which], .shape = {t->n_queries, t->k}, .ndim = which < 2 ? 2 : 1,
                                .dtype = which == 1 ? CONCEPTDEC_FLOAT64 : CONCEPTDEC_INT64};
    if (which >= 2)
        array->shape[1] = 0;
    return CONCEPTDEC_OK;
}
