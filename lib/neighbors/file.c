/* Tables in files: a record (io/record.h). Nothing is believed when reading: sizes are held against the length of the
 * file before memory is taken, and every index is checked. */
#include <math.h>
#include <string.h>

#include "io/record.h"
#include "neighbors/sides.h"

static const conceptdec_i_record_kind table_kind = {.magic = "cdecNbr\n", .format = 1, .name = "a neighbour table"};

/* The header; every field is 8 bytes. */
typedef struct {
    char magic[8];
    int64_t format;
    int64_t n_rows, n_queries, dims, k, metric, is_self;
    double scale;
    int64_t n_values, n_voters, n_zero_rows, n_lists, n_entries;
    int64_t has_zero, has_group;
    uint64_t fingerprint;
} header;

static header
describe(const conceptdec_neighbors *t)
{
    return (header){.n_rows = t->n_rows,
                    .n_queries = t->n_queries,
                    .dims = t->dims,
                    .k = t->k,
                    .metric = t->metric,
                    .is_self = t->is_self,
                    .scale = t->scale,
                    .n_values = t->n_values,
                    .n_voters = t->value_start[t->n_values],
                    .n_zero_rows = t->n_zero_rows,
                    .n_lists = t->n_lists,
                    .n_entries = t->list_start[t->n_lists],
                    .has_zero = t->value_is_zero != NULL,
                    .has_group = t->group != NULL,
                    .fingerprint = t->fingerprint};
}

/* The arrays in the order of the file. */
enum { PARTS = 10 };

static void
list_parts(const header *h, const conceptdec_neighbors *t, conceptdec_i_record_part parts[PARTS])
{
    conceptdec_i_record_part all[PARTS] = {{t->value_start, h->n_values + 1, 8},
                                           {t->rows, h->n_voters, 4},
                                           {t->value_of_row, h->n_rows, 4},
                                           {t->value_is_zero, h->has_zero ? h->n_values : 0, 1},
                                           {t->list_start, h->n_lists + 1, 8},
                                           {t->entries, h->n_entries, sizeof(conceptdec_i_entry)},
                                           {t->list_is_whole, h->n_lists, 1},
                                           {t->list_of_query, h->n_queries, 4},
                                           {t->group, h->has_group ? h->n_rows : 0, 8},
                                           {t->query_group, h->has_group && !h->is_self ? h->n_queries : 0, 8}};
    memcpy(parts, all, sizeof all);
}

conceptdec_status
conceptdec_neighbors_save(conceptdec_ctx *ctx, const conceptdec_neighbors *neighbors, const char *path)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!neighbors || !path)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: NULL", neighbors ? "path" : "neighbors");
    header h = describe(neighbors);
    conceptdec_i_record_part parts[PARTS];
    list_parts(&h, neighbors, parts);
    return conceptdec_i_record_save(ctx, path, &table_kind, &h, sizeof h, parts, PARTS);
}

/* ---- reading ---- */

static bool
within(int64_t value, int64_t low, int64_t high)
{
    return value >= low && value <= high;
}

static bool
is_flag(int64_t value)
{
    return value == 0 || value == 1;
}

static bool
header_is_sound(const header *h)
{
    return within(h->n_rows, 1, INT32_MAX) && within(h->n_queries, 1, INT32_MAX) && within(h->dims, 1, INT64_MAX) &&
           within(h->k, 1, h->n_rows) && within(h->metric, 0, 1) && is_flag(h->is_self) && is_flag(h->has_zero) &&
           is_flag(h->has_group) && (!h->is_self || h->n_queries == h->n_rows) && h->scale > 0 && isfinite(h->scale) &&
           within(h->n_values, 0, h->n_rows) && within(h->n_voters, h->n_values, h->n_rows) &&
           within(h->n_zero_rows, 0, h->n_rows) && within(h->n_lists, 1, h->n_queries) &&
           within(h->n_entries, 0, INT64_MAX / 64) && h->has_zero == (h->metric == CONCEPTDEC_METRIC_COSINE);
}

static conceptdec_status
read_arrays(conceptdec_i_record *file, const conceptdec_i_record_part parts[PARTS], void *data[PARTS])
{
    for (int i = 0; i < PARTS; i++) {
        if (parts[i].count == 0 && (i == 3 || i >= 8)) /* what a table need not have */
            continue;
        CONCEPTDEC_I_TRY(
            conceptdec_i_take(file->ctx, "neighbour table", parts[i].count, (uint64_t)parts[i].size, &data[i]));
        CONCEPTDEC_I_TRY(conceptdec_i_record_get(file, data[i], (uint64_t)parts[i].count * (uint64_t)parts[i].size));
    }
    return conceptdec_i_record_end(file);
}

/* The table owns whatever was read, also where reading failed half-way. */
static conceptdec_status
read_parts(conceptdec_i_record *file, const header *h, conceptdec_neighbors *t)
{
    conceptdec_i_record_part parts[PARTS];
    void *data[PARTS] = {NULL};
    list_parts(h, t, parts);
    conceptdec_status status = read_arrays(file, parts, data);
    t->value_start = data[0];
    t->rows = data[1];
    t->value_of_row = data[2];
    t->value_is_zero = data[3];
    t->list_start = data[4];
    t->entries = data[5];
    t->list_is_whole = data[6];
    t->list_of_query = data[7];
    t->group = data[8];
    t->query_group = h->is_self ? data[8] : data[9];
    return status;
}

static bool
starts_are_sound(const int64_t *start, int64_t n, int64_t end)
{
    if (start[0] != 0 || start[n] != end)
        return false;
    for (int64_t i = 0; i < n; i++)
        if (start[i] > start[i + 1])
            return false;
    return true;
}

static bool
values_are_sound(const conceptdec_neighbors *t, const header *h)
{
    if (!starts_are_sound(t->value_start, t->n_values, h->n_voters))
        return false;
    int64_t voters = 0;
    for (int64_t i = 0; i < t->n_rows; i++) {
        if (!within(t->value_of_row[i], -1, t->n_values - 1))
            return false;
        voters += t->value_of_row[i] >= 0;
    }
    for (int64_t v = 0; v < t->n_values; v++)
        for (int64_t i = t->value_start[v]; i < t->value_start[v + 1]; i++)
            if (!within(t->rows[i], i > t->value_start[v] ? t->rows[i - 1] + 1 : 0, t->n_rows - 1) ||
                t->value_of_row[t->rows[i]] != v)
                return false;
    return voters == h->n_voters;
}

static bool
lists_are_sound(const conceptdec_neighbors *t, const header *h)
{
    if (!starts_are_sound(t->list_start, t->n_lists, h->n_entries))
        return false;
    for (int64_t q = 0; q < t->n_queries; q++)
        if (!within(t->list_of_query[q], -1, t->n_lists - 1))
            return false;
    for (int64_t l = 0; l < t->n_lists; l++)
        for (int64_t i = t->list_start[l]; i < t->list_start[l + 1]; i++) {
            const conceptdec_i_entry *e = &t->entries[i];
            bool first = i == t->list_start[l];
            if (!(e->d2 >= 0) || !isfinite(e->d2) || !within(e->value, 0, t->n_values - 1) ||
                (!first && (e[-1].d2 > e->d2 || (e[-1].d2 >= e->d2 && e[-1].value >= e->value))))
                return false;
        }
    return true;
}

static void
take_header(const header *h, conceptdec_neighbors *t)
{
    t->n_rows = h->n_rows;
    t->n_queries = h->n_queries;
    t->dims = h->dims;
    t->k = h->k;
    t->metric = (int32_t)h->metric;
    t->is_self = h->is_self != 0;
    t->scale = h->scale;
    t->n_values = h->n_values;
    t->n_zero_rows = h->n_zero_rows;
    t->n_lists = h->n_lists;
    t->fingerprint = h->fingerprint;
}

static conceptdec_status
read_table(conceptdec_i_record *file, const header *h, conceptdec_neighbors *t)
{
    conceptdec_i_record_part parts[PARTS];
    if (!header_is_sound(h))
        return conceptdec_i_record_refuse(file, "a size is impossible");
    list_parts(h, t, parts);
    CONCEPTDEC_I_TRY(conceptdec_i_record_fits(file, sizeof *h, parts, PARTS));
    CONCEPTDEC_I_TRY(read_parts(file, h, t));
    take_header(h, t);
    return values_are_sound(t, h) && lists_are_sound(t, h) ? CONCEPTDEC_OK
                                                           : conceptdec_i_record_refuse(file, "an index is impossible");
}

conceptdec_status
conceptdec_neighbors_load(conceptdec_ctx *ctx, const char *path, conceptdec_neighbors **neighbors)
{
    CONCEPTDEC_I_TRY(conceptdec_i_enter(ctx));
    if (!path || !neighbors)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "%s: NULL", path ? "neighbors" : "path");
    header h;
    conceptdec_i_record file;
    conceptdec_neighbors *t;
    CONCEPTDEC_I_TRY(conceptdec_i_record_open(ctx, path, &table_kind, &h, sizeof h, &file));
    conceptdec_status status = conceptdec_i_table_new(ctx, &t);
    if (status == CONCEPTDEC_OK) {
        status = read_table(&file, &h, t);
        if (status == CONCEPTDEC_OK)
            *neighbors = t;
        else
            conceptdec_neighbors_free(t);
    }
    conceptdec_i_record_close(&file);
    return status;
}
