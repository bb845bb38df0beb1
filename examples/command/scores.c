/* From results to rows of a table and to JSON. */
#include "work.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

double
element_of(const conceptdec_array *array, int64_t index)
{
    if (index < 0 || index >= length_of(array))
        return NAN;
    return array->dtype == CONCEPTDEC_INT64 ? (double)((const int64_t *)array->data)[index]
                                            : ((const double *)array->data)[index];
}

int64_t
length_of(const conceptdec_array *array)
{
    int64_t length = 1;
    for (int32_t i = 0; i < array->ndim; i++)
        length *= array->shape[i];
    return length;
}

bool
has_array(const conceptdec_result *result, const char *name, conceptdec_array *array)
{
    return conceptdec_result_get(result, name, array) == CONCEPTDEC_OK;
}

/* ---- tables ---- */

void
add_cell_columns(table *t, const input *in)
{
    for (int64_t i = 0; i < in->ndim; i++)
        add_column(t, in->axes[i], in->of_arrays || in->values[i] ? WORD : COUNT);
}

/* Cells of arrays have names: the first column then says it all. */
void
add_cell_words(table *t, const input *in, int64_t cell)
{
    int64_t below = in->n_views;
    for (int64_t i = 0; i < in->ndim; i++) {
        below /= in->shape[i];
        int64_t place = in->first[i] + cell / below % in->shape[i];
        if (in->of_arrays)
            add_word(t, in->names[cell]);
        else if (in->values[i])
            add_word(t, in->values[i][place]);
        else
            add_count(t, place);
    }
}

static bool
is_shown(const conceptdec_result *r, const score *s, conceptdec_array *array)
{
    conceptdec_array other;
    return has_array(r, s->array, array) && (!s->with || has_array(r, s->with, &other));
}

static void
add_score_columns(table *t, const conceptdec_result *r, const score *scores)
{
    conceptdec_array array;
    for (const score *s = scores; s->array; s++)
        if (is_shown(r, s, &array))
            add_column(t, s->title, s->kind);
}

/* What was asked for has no axes of a grid. */
static bool
is_list(const char *name)
{
    return !strcmp(name, CONCEPTDEC_R_K) || !strcmp(name, CONCEPTDEC_R_LAMBDA);
}

/* Number `row` of the `rows` that each cell has; arrays with one number for each cell repeat it. */
static void
add_score_values(table *t, const conceptdec_result *r, const score *scores, int64_t row, int64_t rows, int64_t cell,
                 int64_t cells)
{
    conceptdec_array array;
    for (const score *s = scores; s->array; s++) {
        if (!is_shown(r, s, &array))
            continue;
        if (is_list(s->array))
            add_value(t, element_of(&array, row));
        else
            add_value(t, element_of(&array, length_of(&array) == rows * cells ? cell * rows + row : cell));
    }
}

/* Numbers that each cell has: of k, of lambdas. */
static int64_t
rows_of_cell(const conceptdec_result *r, const char *inner)
{
    conceptdec_array array;
    return has_array(r, inner, &array) ? length_of(&array) : 1;
}

void
add_score_rows(table *t, const input *in, const conceptdec_result *r, const char *inner, const score *scores)
{
    int64_t rows = rows_of_cell(r, inner);
    add_cell_columns(t, in);
    add_score_columns(t, r, scores);
    for (int64_t i = 0; i < in->n_views; i++) {
        for (int64_t j = 0; j < rows; j++) {
            add_cell_words(t, in, i);
            add_score_values(t, r, scores, j, rows, i, in->n_views);
        }
    }
}

void
add_cell_rows(table *t, const input *in, int64_t cell, const conceptdec_result *r, const char *inner,
              const score *scores)
{
    int64_t rows = inner ? rows_of_cell(r, inner) : 1;
    if (!t->n_columns) {
        add_cell_columns(t, in);
        add_score_columns(t, r, scores);
    }
    for (int64_t i = 0; i < rows; i++) {
        add_cell_words(t, in, cell);
        add_score_values(t, r, scores, i, rows, 0, 1);
    }
}

void
add_labelled_rows(table *t, const input *in, int64_t cell, const concepts *chosen, const conceptdec_result *r,
                  row_kind kind, const score *scores)
{
    int64_t classes = chosen->count, rows = kind == OF_PAIRS ? classes * classes : classes;
    if (!t->n_columns) {
        add_cell_columns(t, in);
        add_column(t, "concept", WORD);
        add_column(t, kind == OF_PAIRS ? "other" : "samples", kind == OF_PAIRS ? WORD : COUNT);
        add_score_columns(t, r, scores);
    }
    for (int64_t i = 0; i < rows; i++) {
        int64_t one = kind == OF_PAIRS ? i / classes : i, other = i % classes;
        if (kind == OF_PAIRS && one >= other)
            continue;
        add_cell_words(t, in, cell);
        add_word(t, chosen->names[one]);
        if (kind == OF_PAIRS)
            add_word(t, chosen->names[other]);
        else
            add_count(t, chosen->members[one]);
        add_score_values(t, r, scores, i, rows, 0, 1);
    }
}

void
add_concept_rows(table *t, const input *in, const concepts *chosen, const conceptdec_result *r, const score *inner,
                 const score *scores)
{
    int64_t rows = rows_of_cell(r, inner->array), classes = chosen->count;
    add_cell_columns(t, in);
    add_score_columns(t, r, inner);
    add_column(t, "concept", WORD);
    add_column(t, "samples", COUNT);
    add_score_columns(t, r, scores);
    for (int64_t i = 0; i < in->n_views * rows * classes; i++) {
        int64_t cell = i / (rows * classes), row = i / classes % rows, class = i % classes;
        add_cell_words(t, in, cell);
        add_score_values(t, r, inner, row, rows, cell, in->n_views);
        add_word(t, chosen->names[class]);
        add_count(t, chosen->members[class]);
        add_score_values(t, r, scores, row * classes + class, rows * classes, cell, in->n_views);
    }
}

/* ---- JSON ---- */

static void
add_axis(text *json, const conceptdec_array *array, int32_t axis, int64_t *next)
{
    if (axis == array->ndim) {
        if (array->dtype == CONCEPTDEC_INT64)
            add(json, "%" PRId64, ((const int64_t *)array->data)[(*next)++]);
        else
            add_json_number(json, ((const double *)array->data)[(*next)++]);
        return;
    }
    add(json, "[");
    for (int64_t i = 0; i < array->shape[axis]; i++) {
        add(json, i ? ", " : "");
        add_axis(json, array, axis + 1, next);
    }
    add(json, "]");
}

void
add_array(text *json, const conceptdec_array *array)
{
    int64_t next = 0;
    add_axis(json, array, 0, &next);
}

void
add_end(const command *c, text *json, const input *in, const concepts *chosen)
{
    add(json, ", ");
    add_input(json, in, chosen);
    add(json, ", \"arguments\": [");
    for (int i = 1; i < c->argc; i++) {
        add(json, i > 1 ? ", " : "");
        add_json(json, c->argv[i]);
    }
    add(json, "]}");
}

conceptdec_status
add_object(const command *c, text *json, conceptdec_result *r)
{
    const char *object;
    if (!is_json(c))
        return CONCEPTDEC_OK;
    conceptdec_status status = conceptdec_result_json(r, &object);
    if (status == CONCEPTDEC_OK)
        add_bytes(json, object, strlen(object));
    return status;
}

int
add_result(const command *c, text *json, conceptdec_result *r, const input *in, const concepts *chosen)
{
    conceptdec_status status = add_object(c, json, r);
    if (status != CONCEPTDEC_OK)
        return complain_of(c, status, NULL);
    if (json->length)
        json->bytes[--json->length] = 0; /* the last brace */
    add_end(c, json, in, chosen);
    return DONE;
}

int
show_scores(const command *c, const input *in, const concepts *chosen, conceptdec_result *r, const char *axis,
            const score *scores, const score *inner, const score *of_concepts)
{
    table rows = {0};
    text json = {0};
    if (flag_of(c, "per-concept"))
        add_concept_rows(&rows, in, chosen, r, inner, of_concepts);
    else
        add_score_rows(&rows, in, r, axis, scores);
    int code = add_result(c, &json, r, in, chosen);
    if (!code)
        code = show(c, &rows, &json);
    forget_table(&rows);
    forget(&json);
    return code;
}
