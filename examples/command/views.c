/* Which matrices make which grid. */
#define _POSIX_C_SOURCE 200809L
#include "views.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int
name_axes(const command *c, input *in)
{
    const char *names = text_of(c, in->axis_names);
    for (int64_t i = 0; i < in->ndim; i++) {
        char name[32];
        snprintf(name, sizeof name, in->ndim == 1 || (in->of_arrays && i == 0) ? "layer" : "axis %d", (int)i);
        size_t length = names ? strcspn(names, ",") : 0;
        if (names && (!length || (!names[length] && i < in->ndim - 1)))
            return complain(c, USAGE, "--%s: names %s, but the grid has %d axes", in->axis_names,
                            text_of(c, in->axis_names), (int)in->ndim);
        in->axes[i] = names ? strndup(names, length) : copy_text(name);
        if (!in->axes[i])
            return complain(c, NO_MEMORY, "memory is exhausted");
        if (names)
            names += length + (names[length] == ',');
    }
    if (names && *names)
        return complain(c, USAGE, "--%s: names %s, but the grid has %d axes", in->axis_names,
                        text_of(c, in->axis_names), (int)in->ndim);
    return DONE;
}

/* ---- values of places ---- */

/* "0,100,1000": one for each place of the axis. */
static int
keep_values(const command *c, input *in, int64_t axis, const char *word, const char *end)
{
    int64_t places = in->shape[axis], count = 1;
    for (const char *p = word; p < end; p++)
        count += *p == ',';
    if (count != places)
        return complain(c, USAGE, "--%s: axis %s has %" PRId64 " places, but %" PRId64 " values", in->axis_values,
                        in->axes[axis], places, count);
    in->values[axis] = take_memory(c, places + 1, sizeof **in->values);
    if (!in->values[axis])
        return NO_MEMORY;
    for (int64_t i = 0; i < places; i++) {
        size_t length = strcspn(word, ",;");
        if (!length)
            return complain(c, USAGE, "--%s: axis %s: the value of place %" PRId64 " is empty", in->axis_values,
                            in->axes[axis], i);
        if (!(in->values[axis][i] = strndup(word, length)))
            return complain(c, NO_MEMORY, "memory is exhausted");
        word += length + 1;
    }
    return DONE;
}

/* The axis that "step=0,100" is about; -1: none. */
static int64_t
axis_of(const input *in, const char *word)
{
    for (int64_t i = 0; i < in->ndim; i++) {
        size_t length = strlen(in->axes[i]);
        if (!strncmp(word, in->axes[i], length) && word[length] == '=')
            return i;
    }
    return -1;
}

/* "step=0,100,1000;shots=0,2". */
static int
read_values(const command *c, input *in)
{
    const char *word = in->axis_values ? text_of(c, in->axis_values) : NULL;
    int code = DONE;
    while (word && !code) {
        const char *end = word + strcspn(word, ";");
        int64_t axis = axis_of(in, word);
        if (axis < 0)
            return complain(c, USAGE, "--%s: '%.*s' is not AXIS=VALUE,VALUE,... of an axis of the grid",
                            in->axis_values, (int)(end - word), word);
        if (in->values[axis] || (in->of_arrays && axis == 0))
            return complain(c, USAGE, "--%s: axis %s %s", in->axis_values, in->axes[axis],
                            in->values[axis] ? "stands there twice" : "has the names of its arrays");
        code = keep_values(c, in, axis, word + strlen(in->axes[axis]) + 1, end);
        word = *end ? end + 1 : NULL;
    }
    return code;
}

void
add_place(text *t, const input *in, int64_t axis, int64_t place)
{
    place += in->first[axis];
    if (in->values[axis])
        add(t, "%s", in->values[axis][place]);
    else
        add(t, "%" PRId64, place);
}

/* ---- cells ---- */

/* Of a cell among the last `axes` axes: "step 2, layer 0" or "2, 0". */
static void
add_places(text *t, const input *in, int64_t cell, int64_t first, bool named)
{
    for (int64_t i = first; i < in->ndim; i++) {
        int64_t below = 1;
        for (int64_t j = i + 1; j < in->ndim; j++)
            below *= in->shape[j];
        add(t, "%s%s%s", i > first ? ", " : "", named ? in->axes[i] : "", named ? " " : "");
        add_place(t, in, i, cell / below % in->shape[i]);
    }
}

static char *
name_of_cell(const command *c, const input *in, const conceptdec_array_info *info, int64_t cell)
{
    text t = {0};
    int64_t first = in->of_arrays ? 1 : 0;
    if (in->of_arrays || !in->ndim)
        add(&t, "%s%s", info->name, in->ndim > first ? " [" : "");
    add_places(&t, in, cell, first, is_given(c, in->axis_names));
    if (in->of_arrays && in->ndim > first)
        add(&t, "]");
    if (t.failed)
        forget(&t);
    return t.bytes;
}

static int
open_views(const command *c, input *in, const picked *p)
{
    int64_t cells = in->n_views / p->count;
    in->views = take_memory(c, in->n_views, sizeof *in->views);
    in->names = take_memory(c, in->n_views, sizeof *in->names);
    if (!in->views || !in->names)
        return NO_MEMORY;
    for (int64_t i = 0; i < in->n_views; i++) {
        int64_t array = i / cells;
        conceptdec_status status =
            conceptdec_activations_view(context_of(c), in->activations, p->indices[array], i % cells, &in->views[i]);
        if (status != CONCEPTDEC_OK)
            return complain_of(c, status, in->path);
        if (!(in->names[i] = name_of_cell(c, in, &p->infos[array], i)))
            return complain(c, NO_MEMORY, "memory is exhausted");
    }
    return DONE;
}

int
make_grid(const command *c, input *in, const picked *p)
{
    const conceptdec_array_info *first = &p->infos[0];
    in->of_arrays = p->count > 1;
    in->n_views = 1;
    if (in->of_arrays)
        in->shape[in->ndim++] = p->count;
    for (int i = 0; i < first->ndim - 2; i++)
        in->shape[in->ndim++] = first->shape[i];
    for (int64_t i = 0; i < in->ndim; i++) {
        if (in->shape[i] > INT32_MAX / in->n_views)
            return complain(c, BAD_INPUT, "%s: the grid has too many cells", in->path);
        in->n_views *= in->shape[i];
    }
    if (!in->n_views)
        return complain(c, BAD_INPUT, "%s: the grid has no cells", in->path);
    int code = name_axes(c, in);
    if (!code)
        code = read_values(c, in);
    return code ? code : open_views(c, in, p);
}

/* ---- parts of a grid ---- */

/* What was asked for of an axis. */
typedef struct part {
    int64_t first, last;
    bool single; /* one index: the axis is gone */
} part;

/* Keeps `count` of the cells, in the order given. */
static int
keep_cells(const command *c, input *in, const int64_t *cells, int64_t count)
{
    conceptdec_matrix *views = take_memory(c, count, sizeof *views);
    char **names = take_memory(c, count, sizeof *names);
    bool good = views && names;
    for (int64_t i = 0; i < count && good; i++) {
        views[i] = in->views[cells[i]];
        names[i] = copy_text(in->names[cells[i]]);
        good = names[i] != NULL;
    }
    if (good) {
        free_texts(in->names, in->n_views);
        free(in->views);
        in->views = views, in->names = names, in->n_views = count;
        return DONE;
    }
    free_texts(names, names ? count : 0);
    free(views);
    return complain(c, NO_MEMORY, "memory is exhausted");
}

/* --views: what is left is a grid of one axis, of one cell none. */
static int
select_views(const command *c, input *in)
{
    int64_t count;
    const int64_t *cells = integers_of(c, in->cells, &count);
    for (int64_t i = 0; i < count; i++)
        if (cells[i] < 0 || cells[i] >= in->n_views)
            return complain(c, USAGE, "--%s: cell %" PRId64 " is not among 0..%" PRId64, in->cells, cells[i],
                            in->n_views - 1);
    int code = keep_cells(c, in, cells, count);
    if (code)
        return code;
    for (int64_t i = 0; i < in->ndim; i++) {
        forget_values(in, i); /* the cells have their names */
        if (in->ndim > 1) {
            free(in->axes[i]);
            in->axes[i] = NULL;
        }
    }
    if (!in->axes[0] && !(in->axes[0] = copy_text("cell")))
        return complain(c, NO_MEMORY, "memory is exhausted");
    in->of_arrays = true;
    in->shape[0] = count;
    in->ndim = count > 1 ? 1 : 0;
    return DONE;
}

/* "3", "1..4" or "*"; whether there is such a place is another question. */
static bool
read_part(const char *word, const char *end, int64_t length, part *p)
{
    char *stop;
    *p = (part){0, length - 1, false};
    if (end == word + 1 && *word == '*')
        return true;
    if (*word < '0' || *word > '9')
        return false;
    p->first = p->last = strtoimax(word, &stop, 10);
    p->single = stop == end;
    if (!p->single && (strncmp(stop, "..", 2) || stop[2] < '0' || stop[2] > '9'))
        return false;
    if (!p->single)
        p->last = strtoimax(stop + 2, &stop, 10);
    return stop == end;
}

static int
read_parts(const command *c, const input *in, part *parts)
{
    const char *asked = text_of(c, in->at), *word = asked;
    for (int64_t i = 0; i < in->ndim; i++) {
        const char *end = word + strcspn(word, ",");
        if (!read_part(word, end, in->shape[i], &parts[i]) || (i < in->ndim - 1 && !*end))
            return complain(c, USAGE,
                            "--%s: '%s' is not a number, FIRST..LAST or * for each of the %d axes (axis %d: 0..%" PRId64
                            ")",
                            in->at, asked, (int)in->ndim, (int)i, in->shape[i] - 1);
        if (parts[i].first > parts[i].last || parts[i].last >= in->shape[i])
            return complain(c, USAGE, "--%s: '%.*s' %s 0..%" PRId64 " (axis %d)", in->at, (int)(end - word), word,
                            parts[i].first > parts[i].last ? "runs backwards in" : "is out of range", in->shape[i] - 1,
                            (int)i);
        word = end + (*end == ',');
    }
    return *word || !in->ndim ? complain(c, USAGE, "--%s: '%s', but the grid has %d axes", in->at, asked, (int)in->ndim)
                              : DONE;
}

/* Cells inside all parts; how many. */
static int64_t
list_cells(const input *in, const part *parts, int64_t *cells)
{
    int64_t count = 0;
    for (int64_t i = 0; i < in->n_views; i++) {
        bool inside = true;
        for (int64_t axis = in->ndim - 1, rest = i; axis >= 0; rest /= in->shape[axis], axis--) {
            int64_t place = rest % in->shape[axis];
            inside = inside && place >= parts[axis].first && place <= parts[axis].last;
        }
        cells[count] = i;
        count += inside;
    }
    return count;
}

/* Names by the axes that are left. */
static int
name_again(const command *c, input *in)
{
    for (int64_t i = 0; i < in->n_views; i++) {
        char *name = name_of_cell(c, in, NULL, i);
        if (!name)
            return complain(c, NO_MEMORY, "memory is exhausted");
        free(in->names[i]);
        in->names[i] = name;
    }
    return DONE;
}

/* --at: axes of which one place is left are gone. */
static int
select_parts(const command *c, input *in)
{
    part parts[8];
    int code = read_parts(c, in, parts);
    int64_t *cells = code ? NULL : take_memory(c, in->n_views + 1, sizeof *cells), axes = 0;
    if (!cells)
        return code ? code : NO_MEMORY;
    code = keep_cells(c, in, cells, list_cells(in, parts, cells));
    free(cells);
    for (int64_t i = 0; i < in->ndim && !code; i++) {
        char *name = in->axes[i], **values = in->values[i];
        if (parts[i].single)
            forget_values(in, i);
        in->axes[i] = NULL, in->values[i] = NULL;
        if (parts[i].single) {
            free(name);
            continue;
        }
        in->axes[axes] = name, in->values[axes] = values;
        in->first[axes] = parts[i].first;
        in->shape[axes++] = parts[i].last - parts[i].first + 1;
    }
    if (code)
        return code;
    in->ndim = axes;
    return axes && !in->of_arrays ? name_again(c, in) : DONE;
}

int
select_cells(const command *c, input *in)
{
    if (is_given(c, in->cells) && is_given(c, in->at))
        return complain(c, USAGE, "--%s and --%s exclude each other", in->cells, in->at);
    if (is_given(c, in->cells))
        return select_views(c, in);
    return is_given(c, in->at) ? select_parts(c, in) : DONE;
}
