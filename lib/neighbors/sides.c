#include "neighbors/sides.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    conceptdec_i_arena *arena;
    const conceptdec_i_search *search;
    conceptdec_i_sides *sides;
    conceptdec_i_distinct rows;    /* of x */
    conceptdec_i_distinct queries; /* of the queries; self: the same as rows */
} maker;

static bool
is_voter(const conceptdec_i_search *search, int64_t row)
{
    return !search->row_is_voter || search->row_is_voter[row];
}

static bool
is_query(const conceptdec_i_search *search, int64_t row)
{
    return search->queries || !search->row_is_query || search->row_is_query[row];
}

/* Rows that play a part: voters, and with self searches queries. NULL: all of them. */
static conceptdec_status
rows_to_keep(maker *m, const uint8_t **keep)
{
    const conceptdec_i_search *search = m->search;
    bool some_voters = search->row_is_voter != NULL, some_queries = search->row_is_query || search->queries;
    *keep = NULL;
    if (!some_voters || !some_queries)
        return CONCEPTDEC_OK;
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "row marks", search->x->rows, 1, &p));
    uint8_t *marks = p;
    for (int64_t i = 0; i < search->x->rows; i++)
        marks[i] = is_voter(search, i) || (!search->queries && is_query(search, i));
    *keep = marks;
    return CONCEPTDEC_OK;
}

/* Values: classes with a voter, and their voters. */
static conceptdec_status
make_values(maker *m)
{
    const conceptdec_i_distinct *d = &m->rows;
    int64_t n = m->search->x->rows, at = 0;
    void *p[6];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "values", d->n + 1, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "values", n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "values", n, sizeof(int32_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "values", d->n, sizeof(int32_t), &p[3]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "values", d->n, sizeof(int32_t), &p[4]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "values", d->n, sizeof(int64_t), &p[5]));
    int64_t *start = p[0], *count = p[5], v = 0;
    int32_t *rows = p[1], *of_row = p[2], *row = p[3], *class = p[4];
    for (int64_t i = 0; i < n; i++)
        of_row[i] = -1;
    for (int64_t c = 0; c < d->n; c++) {
        start[v] = at;
        for (int64_t i = d->start[c]; i < d->start[c + 1]; i++)
            if (is_voter(m->search, d->rows[i])) {
                of_row[d->rows[i]] = (int32_t)v;
                rows[at++] = d->rows[i];
            }
        count[v] = at - start[v];
        row[v] = d->rows[d->start[c]];
        class[v] = (int32_t)c;
        v += count[v] > 0;
    }
    start[v] = at;
    *m->sides = (conceptdec_i_sides){.n_values = v, .value_row = row, .value_start = start, .value_rows = rows,
                                     .value_of_row = of_row};
    m->sides->codes.count = count;
    m->sides->codes.value_class = class;
    return CONCEPTDEC_OK;
}

/* Lists: classes with a query. */
static conceptdec_status
make_lists(maker *m)
{
    const conceptdec_i_distinct *d = &m->queries;
    const conceptdec_matrix *view = m->search->queries ? m->search->queries : m->search->x;
    void *p[3];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "lists", view->rows, sizeof(int32_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "lists", d->n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "lists", d->n, sizeof(int32_t), &p[2]));
    int32_t *of_query = p[0], *row = p[1], *class = p[2], lists = 0;
    for (int64_t i = 0; i < view->rows; i++)
        of_query[i] = -1;
    for (int64_t c = 0; c < d->n; c++) {
        bool any = false;
        for (int64_t i = d->start[c]; i < d->start[c + 1]; i++)
            if (is_query(m->search, d->rows[i])) {
                of_query[d->rows[i]] = lists;
                any = true;
            }
        row[lists] = d->rows[d->start[c]];
        class[lists] = (int32_t)c;
        lists += any;
    }
    m->sides->n_lists = lists;
    m->sides->list_row = row;
    m->sides->list_of_query = of_query;
    m->sides->codes.list_class = class;
    m->sides->is_symmetric = !m->search->queries && lists == d->n && m->sides->n_values == d->n;
    return CONCEPTDEC_OK;
}

static int64_t
code_of_row(const conceptdec_i_search *search, int64_t row)
{
    return search->group ? search->group[row] : row;
}

static int64_t
code_of_query(const conceptdec_i_search *search, int64_t query)
{
    if (!search->queries)
        return code_of_row(search, query);
    return search->query_group[query];
}

static conceptdec_status
tag_values(maker *m)
{
    conceptdec_i_sides *s = m->sides;
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "value groups", s->n_values, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "value groups", s->n_values, 1, &p[1]));
    int64_t *tag = p[0];
    uint8_t *mixed = p[1];
    for (int64_t v = 0; v < s->n_values; v++) {
        tag[v] = code_of_row(m->search, s->value_rows[s->value_start[v]]);
        for (int64_t i = s->value_start[v] + 1; i < s->value_start[v + 1]; i++)
            mixed[v] |= code_of_row(m->search, s->value_rows[i]) != tag[v];
    }
    s->codes.tag = tag;
    s->codes.mixed = mixed;
    return CONCEPTDEC_OK;
}

static int
by_code(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sorts and drops repetitions; returns what is left. */
static int64_t
sort_codes(int64_t *codes, int64_t n)
{
    int64_t kept = 0;
    if (n > 1)
        qsort(codes, (size_t)n, sizeof *codes, by_code);
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || codes[i] != codes[kept - 1])
            codes[kept++] = codes[i];
    return kept;
}

static conceptdec_status
code_lists(maker *m)
{
    conceptdec_i_sides *s = m->sides;
    const conceptdec_i_distinct *d = &m->queries;
    int64_t rows = d->start[d->n], at = 0;
    void *p[2];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "list groups", s->n_lists + 1, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(m->arena, "list groups", rows, sizeof(int64_t), &p[1]));
    int64_t *start = p[0], *code = p[1];
    for (int64_t l = 0; l < s->n_lists; l++) {
        int32_t c = s->codes.list_class[l];
        int64_t n = 0;
        for (int64_t i = d->start[c]; i < d->start[c + 1]; i++)
            if (is_query(m->search, d->rows[i]))
                code[at + n++] = code_of_query(m->search, d->rows[i]);
        start[l] = at;
        at += sort_codes(code + at, n);
    }
    start[s->n_lists] = at;
    s->codes.code_start = start;
    s->codes.code = code;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_sides_make(conceptdec_i_arena *arena, const conceptdec_i_search *search, const conceptdec_i_survey *of_x,
                        const conceptdec_i_survey *of_queries, conceptdec_i_sides *sides)
{
    maker m = {.arena = arena, .search = search, .sides = sides};
    const uint8_t *keep;
    CONCEPTDEC_I_TRY(rows_to_keep(&m, &keep));
    CONCEPTDEC_I_TRY(conceptdec_i_distinct_rows(arena, of_x, keep, &m.rows));
    m.queries = m.rows;
    if (search->queries)
        CONCEPTDEC_I_TRY(conceptdec_i_distinct_rows(arena, of_queries, NULL, &m.queries));
    CONCEPTDEC_I_TRY(make_values(&m));
    CONCEPTDEC_I_TRY(make_lists(&m));
    bool excludes_self = search->exclude_self && !search->queries;
    sides->codes.any = search->group || excludes_self;
    sides->codes.by_row = excludes_self && !search->group;
    if (!sides->codes.any)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(tag_values(&m));
    return code_lists(&m);
}
