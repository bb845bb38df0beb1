/* Tables. */
#include "show.h"
#include "ends.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_WIDTH = 40, GAP = 2 };

void
add_column(table *t, const char *title, column_kind kind)
{
    column *more = realloc(t->columns, (size_t)(t->n_columns + 1) * sizeof *more);
    t->failed |= !more;
    if (!more)
        return;
    t->columns = more;
    t->columns[t->n_columns] = (column){copy_text(title), kind};
    t->failed |= !t->columns[t->n_columns++].title;
}

static void
add_cell(table *t, char *word, double number)
{
    if (!t->failed && t->n_cells == t->capacity) {
        int64_t capacity = t->capacity ? 2 * t->capacity : 64;
        table_cell *more = realloc(t->cells, (size_t)capacity * sizeof *more);
        t->failed |= !more;
        if (more)
            t->cells = more, t->capacity = capacity;
    }
    if (t->failed) {
        free(word);
        return;
    }
    t->cells[t->n_cells++] = (table_cell){word, number};
}

void
add_word(table *t, const char *word)
{
    char *copy = copy_text(word);
    t->failed |= !copy;
    add_cell(t, copy, 0);
}

void
add_count(table *t, int64_t count)
{
    add_cell(t, NULL, (double)count);
}

void
add_value(table *t, double value)
{
    add_cell(t, NULL, value);
}

void
forget_table(table *t)
{
    for (int64_t i = 0; i < t->n_cells; i++)
        free(t->cells[i].word);
    for (int64_t i = 0; i < t->n_columns; i++)
        free((char *)t->columns[i].title);
    free(t->cells);
    free(t->columns);
    *t = (table){0};
}

/* ---- aligned ---- */

/* Code points, which is what most words need columns for. */
static size_t
width_of(const char *word)
{
    size_t width = 0;
    for (; *word; word++)
        width += ((unsigned char)*word & 0xC0) != 0x80;
    return width;
}

static const char *
word_of(const table *t, int64_t index, char *space)
{
    const table_cell *one = &t->cells[index];
    if (one->word)
        return *one->word ? one->word : "-";
    column_kind kind = t->columns[index % t->n_columns].kind;
    if (isnan(one->number))
        return "-";
    snprintf(space, NUMBER_WIDTH, kind == COUNT ? "%.0f" : kind == SCORE ? "%.3f" : "%.4g", one->number);
    if (!strcmp(space, "-0.000"))
        return "0.000";
    return space;
}

static void
add_padded(text *t, const char *word, size_t width, column_kind kind, bool last)
{
    size_t filler = width - width_of(word);
    if (kind != WORD)
        add(t, "%*s", (int)filler, "");
    add_visible(t, word);
    if (kind == WORD && !last)
        add(t, "%*s", (int)filler, "");
    if (!last)
        add(t, "%*s", GAP, "");
}

static void
add_aligned(text *out, const table *t, size_t *widths)
{
    char space[NUMBER_WIDTH];
    int64_t columns = t->n_columns;
    for (int64_t i = 0; i < columns; i++)
        widths[i] = width_of(t->columns[i].title);
    for (int64_t i = 0; i < t->n_cells; i++) {
        size_t width = width_of(word_of(t, i, space));
        if (width > widths[i % columns])
            widths[i % columns] = width;
    }
    for (int64_t i = 0; i < columns; i++)
        add_padded(out, t->columns[i].title, widths[i], t->columns[i].kind, i == columns - 1);
    add(out, "\n");
    for (int64_t i = 0; i < t->n_cells; i++) {
        bool last = i % columns == columns - 1;
        add_padded(out, word_of(t, i, space), widths[i % columns], t->columns[i % columns].kind, last);
        add(out, last ? "\n" : "");
    }
}

/* ---- CSV ---- */

static void
add_quoted(text *out, const char *word)
{
    if (!strpbrk(word, ",\"\r\n")) {
        add(out, "%s", word);
        return;
    }
    add(out, "\"");
    for (; *word; word++)
        add(out, "%s%c", *word == '"' ? "\"" : "", *word);
    add(out, "\"");
}

static void
add_csv(text *out, const table *t)
{
    for (int64_t i = 0; i < t->n_columns; i++) {
        add(out, i ? "," : "");
        add_quoted(out, t->columns[i].title);
    }
    add(out, "\n");
    for (int64_t i = 0; i < t->n_cells; i++) {
        bool last = i % t->n_columns == t->n_columns - 1;
        if (t->cells[i].word)
            add_quoted(out, t->cells[i].word);
        else if (!isnan(t->cells[i].number))
            add_json_number(out, t->cells[i].number);
        add(out, last ? "\n" : ",");
    }
}

/* ---- one of them ---- */

static int
show_at(const command *c, const table *t, const text *json, int (*where)(const command *, const text *))
{
    text out = {0};
    size_t *widths = take_memory(c, t->n_columns, sizeof *widths);
    if (!widths)
        return NO_MEMORY;
    if (is_json(c)) {
        add_bytes(&out, json->bytes ? json->bytes : "", json->length);
        add(&out, "\n");
    } else if (flag_of(c, "csv")) {
        add_csv(&out, t);
    } else {
        add_aligned(&out, t, widths);
    }
    out.failed |= t->failed || json->failed;
    int code = where(c, &out);
    forget(&out);
    free(widths);
    return code;
}

int
show(const command *c, const table *t, const text *json)
{
    return show_at(c, t, json, emit);
}

int
show_beside(const command *c, const table *t, const text *json)
{
    return show_at(c, t, json, emit_to_stdout);
}
