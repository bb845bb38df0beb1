/* What the samples are: labels and groups from their files, names of concepts, and which concepts a metric can take. */
#define _POSIX_C_SOURCE 200809L
#include "input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- files ---- */

/* Of --map and --bfloat16 the activations' own, the first is no use here, and the second is for numbers that are no
 * labels. */
static int
open_place(const command *c, const char *place, bool holds_floats, conceptdec_activations **file, char **path,
           const char **name)
{
    *path = copy_text(place);
    *name = NULL;
    if (!*path)
        return complain(c, NO_MEMORY, "memory is exhausted");
    char *colon = strrchr(*path, ':');
    if (colon && access(*path, F_OK)) {
        *colon = 0;
        *name = colon + 1;
    }
    return open_file_of(c, *path, false, holds_floats && flag_of(c, "bfloat16"), file);
}

/* The array of that name, or the file's only one, or the one called `usual`. */
static int
find_array(const command *c, const conceptdec_activations *file, const char *path, const char *name, const char *usual,
           int64_t *index)
{
    *index = 0;
    if (!name && conceptdec_activations_count(file) == 1)
        return DONE;
    conceptdec_status status = conceptdec_activations_find(context_of(c), file, name ? name : usual, index);
    if (status == CONCEPTDEC_OK)
        return DONE;
    if (name)
        return complain_of(c, status, path);
    return complain(c, BAD_INPUT, "%s: has several arrays, none of them called %s: name one, as in %s:NAME", path,
                    usual, path);
}

static int
copy_integers(const command *c, const conceptdec_activations *file, int64_t index, const char *place, int64_t **values,
              int64_t *count)
{
    conceptdec_array array;
    conceptdec_array_info info;
    conceptdec_status status = conceptdec_activations_info(context_of(c), file, index, &info);
    if (status == CONCEPTDEC_OK && (info.ndim < 1 || info.ndim > 2 || (info.ndim == 2 && info.shape[1] != 1)))
        return complain(c, BAD_INPUT, "%s: needs one number for each sample, but has %d axes%s", place, (int)info.ndim,
                        info.ndim == 2 ? " and several columns" : "");
    if (status == CONCEPTDEC_OK)
        status = conceptdec_activations_integers(context_of(c), file, index, &array);
    if (status != CONCEPTDEC_OK)
        return complain_of(c, status, place);
    *count = array.shape[0];
    *values = take_memory(c, *count, sizeof **values);
    if (!*values)
        return NO_MEMORY;
    if (*count)
        memcpy(*values, array.data, (size_t)*count * sizeof **values);
    return DONE;
}

static conceptdec_matrix
column_of(const int64_t *values, int64_t n)
{
    return (conceptdec_matrix){.data = values, .rows = n, .cols = 1, .row_stride = 8, .col_stride = 8,
                               .dtype = CONCEPTDEC_INT64};
}

static int
read_column(const command *c, const char *usual, const char *place, int64_t **values, int64_t *count)
{
    conceptdec_activations *file = NULL;
    char *path = NULL;
    const char *name = NULL;
    int64_t index = 0;
    int code = open_place(c, place, false, &file, &path, &name);
    if (!code)
        code = find_array(c, file, path, name, usual, &index);
    if (!code)
        code = copy_integers(c, file, index, place, values, count);
    conceptdec_activations_free(file);
    free(path);
    return code;
}

int
read_integers_of(const command *c, const char *what, const char *place, int64_t n, int64_t **values,
                 conceptdec_matrix *view)
{
    int64_t count = 0;
    int code = read_column(c, what, place, values, &count);
    if (!code && count != n)
        code = complain(c, BAD_INPUT, "%s: has %" PRId64 " %s, but the activations have %" PRId64 " samples", place,
                        count, what, n);
    if (!code)
        *view = column_of(*values, n);
    return code;
}

static int64_t
size_of(int32_t dtype)
{
    return dtype == CONCEPTDEC_FLOAT64 ? 8 : dtype == CONCEPTDEC_FLOAT32 ? 4 : 2;
}

static int
copy_rows(const command *c, const char *place, const conceptdec_matrix *view, conceptdec_matrix *matrix, void **memory)
{
    int64_t size = size_of(view->dtype);
    const conceptdec_reader *reader = view->data;
    if (!(view->flags & CONCEPTDEC_MATRIX_READER))
        return complain(c, FAILED, "%s: is not read by a reader", place);
    *memory = take_memory(c, view->rows, (size_t)(view->cols * size));
    if (!*memory)
        return NO_MEMORY;
    if (view->rows && reader->read(reader->user, 0, view->rows, *memory))
        return complain(c, BAD_INPUT, "%s: cannot be read", place);
    *matrix = (conceptdec_matrix){.data = *memory, .rows = view->rows, .cols = view->cols, .dtype = view->dtype,
                                  .row_stride = view->cols * size, .col_stride = size};
    return DONE;
}

int
read_matrix(const command *c, const char *place, conceptdec_matrix *matrix, void **memory)
{
    conceptdec_activations *file = NULL;
    conceptdec_matrix view;
    char *path = NULL;
    const char *name = NULL;
    int64_t index = 0;
    int code = open_place(c, place, true, &file, &path, &name);
    if (!code)
        code = find_array(c, file, path, name, "targets", &index);
    if (!code) {
        conceptdec_status status = conceptdec_activations_view(context_of(c), file, index, 0, &view);
        code = status == CONCEPTDEC_OK ? copy_rows(c, place, &view, matrix, memory) : complain_of(c, status, place);
    }
    conceptdec_activations_free(file);
    free(path);
    return code;
}

/* ---- labels ---- */

static int
compare(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

/* Sorts and drops what is there twice; how many are left. */
static int64_t
distinct(int64_t *values, int64_t count)
{
    int64_t kept = 0;
    if (count)
        qsort(values, (size_t)count, sizeof *values, compare);
    for (int64_t i = 0; i < count; i++)
        if (!i || values[i] != values[i - 1])
            values[kept++] = values[i];
    return kept;
}

static bool
is_ignored(const command *c, int64_t value)
{
    int64_t count;
    const int64_t *ignored = integers_of(c, "ignore", &count);
    for (int64_t i = 0; i < count; i++)
        if (ignored[i] == value)
            return true;
    return false;
}

/* Numbers labels from 0 on in the order of their values. */
static int
number_labels(const command *c, input *in, int64_t n)
{
    int64_t labelled = 0;
    in->class_values = take_memory(c, n, sizeof *in->class_values);
    if (!in->class_values)
        return NO_MEMORY;
    memcpy(in->class_values, in->labels, (size_t)n * sizeof *in->labels);
    int64_t values = distinct(in->class_values, n);
    for (int64_t i = 0; i < values; i++)
        if (!is_ignored(c, in->class_values[i]))
            in->class_values[in->classes++] = in->class_values[i];
    in->class_count = take_memory(c, in->classes, sizeof *in->class_count);
    if (!in->class_count)
        return NO_MEMORY;
    for (int64_t i = 0; i < n; i++) {
        const int64_t *found = bsearch(&in->labels[i], in->class_values, (size_t)in->classes, sizeof *found, compare);
        in->labels[i] = found ? found - in->class_values : -1;
        if (found)
            in->class_count[in->labels[i]]++, labelled++;
    }
    in->n_ignored = n - labelled;
    in->label_view = column_of(in->labels, n);
    return labelled ? DONE : complain(c, BAD_INPUT, "%s: no sample has a label that plays a part", in->labels_path);
}

/* ---- names ---- */

static int
read_lines(const command *c, const char *path, text *t)
{
    char block[4096];
    size_t count;
    FILE *file = fopen(path, "rb");
    if (!file)
        return complain(c, BAD_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    while ((count = fread(block, 1, sizeof block, file)) > 0)
        add_bytes(t, block, count);
    bool bad = ferror(file) != 0;
    fclose(file);
    if (bad)
        return complain(c, BAD_INPUT, "%s: cannot be read", path);
    if (t->failed)
        return complain(c, NO_MEMORY, "memory is exhausted");
    if (t->length && memchr(t->bytes, 0, t->length))
        return complain(c, BAD_INPUT, "%s: is no text: names stand one a line", path);
    return DONE;
}

/* Line `value` of the text, counted from 0; NULL: it has no such line, or an empty one. */
static char *
line_of(const text *t, int64_t value)
{
    const char *line = t->bytes;
    for (int64_t i = 0; line && i < value; i++) {
        line = strchr(line, '\n');
        line += line != NULL;
    }
    if (!line || value < 0)
        return NULL;
    size_t length = strcspn(line, "\r\n");
    return length ? strndup(line, length) : NULL;
}

static int
name_classes(const command *c, input *in)
{
    text t = {0};
    const char *path = text_of(c, "names");
    int code = path ? read_lines(c, path, &t) : DONE;
    in->class_names = take_memory(c, in->classes, sizeof *in->class_names);
    if (!in->class_names)
        code = NO_MEMORY;
    for (int64_t i = 0; i < in->classes && !code; i++) {
        char value[24];
        snprintf(value, sizeof value, "%" PRId64, in->class_values[i]);
        in->class_names[i] = line_of(&t, in->class_values[i]);
        if (!in->class_names[i] && path)
            note(c, "%s: has no name for label %s", path, value);
        if (!in->class_names[i] && !(in->class_names[i] = copy_text(value)))
            code = complain(c, NO_MEMORY, "memory is exhausted");
    }
    forget(&t);
    return code;
}

/* ---- what the options ask for ---- */

/* The labels of a .safetensors that has an array of that name. */
static int
own_labels(const command *c, int labels, input *in)
{
    int64_t index;
    if (conceptdec_activations_count(in->activations) > 1 &&
        conceptdec_activations_find(context_of(c), in->activations, "labels", &index) == CONCEPTDEC_OK) {
        size_t size = strlen(in->path) + sizeof ":labels";
        in->own_labels_path = take_memory(c, (int64_t)size, 1);
        if (!in->own_labels_path)
            return NO_MEMORY;
        snprintf(in->own_labels_path, size, "%s:labels", in->path);
        in->labels_path = in->own_labels_path;
        return copy_integers(c, in->activations, index, in->labels_path, &in->labels, &in->n);
    }
    if (labels & LABELS_NEEDED)
        return complain(c, USAGE, "needs --labels FILE (%s has no array \"labels\" of its own)", in->path);
    return DONE;
}

int
read_labels(const command *c, int labels, input *in, int64_t *count)
{
    int code = DONE;
    if (!labels)
        return DONE;
    if (text_of(c, "labels")) {
        in->labels_path = text_of(c, "labels");
        code = read_column(c, "labels", in->labels_path, &in->labels, count);
    } else {
        code = own_labels(c, labels, in);
    }
    if (!code && !in->labels && (is_given(c, "names") || is_given(c, "ignore")))
        code = complain(c, USAGE, "--names and --ignore are about labels: needs --labels FILE, too");
    if (code || !in->labels)
        return code;
    code = number_labels(c, in, *count);
    return code ? code : name_classes(c, in);
}

int
read_groups(const command *c, input *in)
{
    const char *place = text_of(c, "groups");
    return place ? read_integers_of(c, "groups", place, in->n, &in->groups, &in->group_view) : DONE;
}

/* ---- concepts that are large enough ---- */

/* Samples of each class, or groups with one of its samples. */
static int
count_members(const command *c, const input *in, bool by_groups, int64_t *counts)
{
    if (!by_groups || !in->groups) {
        memcpy(counts, in->class_count, (size_t)in->classes * sizeof *counts);
        return DONE;
    }
    int64_t *groups = take_memory(c, in->n, sizeof *groups);
    if (!groups)
        return NO_MEMORY;
    for (int64_t i = 0; i < in->classes; i++) {
        int64_t found = 0;
        for (int64_t j = 0; j < in->n; j++)
            if (in->labels[j] == i)
                groups[found++] = in->groups[j];
        counts[i] = distinct(groups, found);
    }
    free(groups);
    return DONE;
}

static int
take_concepts(const command *c, concepts *chosen, int64_t classes, int64_t n)
{
    chosen->labels = take_memory(c, n, sizeof *chosen->labels);
    chosen->names = take_memory(c, classes, sizeof *chosen->names);
    chosen->members = take_memory(c, classes, sizeof *chosen->members);
    chosen->left_out = take_memory(c, classes, sizeof *chosen->left_out);
    chosen->left_count = take_memory(c, classes, sizeof *chosen->left_count);
    return chosen->labels && chosen->names && chosen->members && chosen->left_out && chosen->left_count ? DONE
                                                                                                        : NO_MEMORY;
}

/* `counts` become the new numbers of the classes. */
static void
number_concepts(const command *c, const input *in, int64_t *counts, concepts *chosen)
{
    for (int64_t i = 0; i < in->classes; i++) {
        int64_t count = counts[i];
        counts[i] = count < chosen->least ? -1 : chosen->count;
        if (counts[i] >= 0) {
            chosen->names[chosen->count] = in->class_names[i];
            chosen->members[chosen->count++] = in->class_count[i];
            continue;
        }
        note(c, "concept %s left out: it has %" PRId64 " of the %" PRId64 " %s that are needed", in->class_names[i],
             count, chosen->least, chosen->unit);
        chosen->left_count[chosen->n_left_out] = count;
        chosen->left_out[chosen->n_left_out++] = i;
    }
}

int
choose_concepts(const command *c, const input *in, int64_t least, bool by_groups, int64_t fewest, concepts *chosen)
{
    *chosen = (concepts){.least = least, .unit = by_groups && in->groups ? "groups" : "samples"};
    if (!in->labels)
        return DONE;
    int64_t *numbers = take_memory(c, in->classes, sizeof *numbers);
    int code = numbers ? take_concepts(c, chosen, in->classes, in->n) : NO_MEMORY;
    if (!code)
        code = count_members(c, in, by_groups, numbers);
    if (!code)
        number_concepts(c, in, numbers, chosen);
    for (int64_t i = 0; i < in->n && !code; i++)
        chosen->labels[i] = in->labels[i] < 0 ? -1 : numbers[in->labels[i]];
    free(numbers);
    if (!code)
        chosen->view = column_of(chosen->labels, in->n);
    if (!code && chosen->count < fewest)
        code =
            complain(c, BAD_INPUT,
                     "%s: %" PRId64 " of %" PRId64 " concepts have %" PRId64 " %s or more, and %" PRId64 " are needed",
                     in->labels_path, chosen->count, in->classes, least, chosen->unit, fewest);
    return code;
}

void
forget_concepts(concepts *chosen)
{
    free(chosen->labels);
    free(chosen->names);
    free(chosen->members);
    free(chosen->left_out);
    free(chosen->left_count);
    *chosen = (concepts){0};
}

/* ---- JSON ---- */

static void
add_texts(text *t, const char *key, const char *const *texts, int64_t count)
{
    add(t, ", \"%s\": [", key);
    for (int64_t i = 0; i < count; i++) {
        add(t, i ? ", " : "");
        add_json(t, texts[i]);
    }
    add(t, "]");
}

static void
add_integers(text *t, const char *key, const int64_t *values, int64_t count)
{
    add(t, ", \"%s\": [", key);
    for (int64_t i = 0; i < count; i++)
        add(t, "%s%" PRId64, i ? ", " : "", values[i]);
    add(t, "]");
}

static void
add_left_out(text *t, const input *in, const concepts *chosen)
{
    add(t, ", \"left_out\": [");
    for (int64_t i = 0; chosen && i < chosen->n_left_out; i++) {
        add(t, "%s{\"concept\": ", i ? ", " : "");
        add_json(t, in->class_names[chosen->left_out[i]]);
        add(t, ", \"label\": %" PRId64 ", \"%s\": %" PRId64 ", \"needed\": %" PRId64 "}",
            in->class_values[chosen->left_out[i]], chosen->unit, chosen->left_count[i], chosen->least);
    }
    add(t, "]");
}

/* Values of the labels that are chosen. */
static void
add_values(text *t, const input *in, const concepts *chosen)
{
    add(t, ", \"class_labels\": [");
    for (int64_t i = 0, left = 0, kept = 0; i < in->classes; i++) {
        if (chosen && left < chosen->n_left_out && chosen->left_out[left] == i) {
            left++;
            continue;
        }
        add(t, "%s%" PRId64, kept++ ? ", " : "", in->class_values[i]);
    }
    add(t, "]");
}

/* A list for each axis of the grid, null where places are numbers; nothing without --axis-values. */
static void
add_axis_values(text *t, const input *in)
{
    bool has_values = false;
    for (int64_t axis = 0; axis < in->ndim; axis++)
        has_values |= in->values[axis] != NULL;
    for (int64_t axis = 0; has_values && axis < in->ndim; axis++) {
        add(t, axis ? ", " : ", \"axis_values\": [");
        for (int64_t i = 0; in->values[axis] && i < in->shape[axis]; i++) {
            add(t, i ? ", " : "[");
            add_json(t, in->values[axis][in->first[axis] + i]);
        }
        add(t, in->values[axis] ? "]" : "null");
    }
    add(t, has_values ? "]" : "");
}

void
add_input(text *t, const input *in, const concepts *chosen)
{
    add(t, "\"input\": {\"path\": ");
    add_json(t, in->path);
    add(t, ", \"samples\": %" PRId64 ", \"dimensions\": %" PRId64, in->n, in->views[0].cols);
    add_integers(t, "shape", in->shape, in->ndim);
    add_texts(t, "axes", (const char *const *)in->axes, in->ndim);
    add_axis_values(t, in);
    add_texts(t, "cells", (const char *const *)in->names, in->n_views);
    add_texts(t, "arrays_left_out", (const char *const *)in->left_out, in->n_left_out);
    add(t, ", \"labels\": ");
    add_json(t, in->labels_path);
    if (in->labels) {
        add_values(t, in, chosen);
        add_texts(t, "class_names", chosen ? chosen->names : (const char *const *)in->class_names,
                  chosen ? chosen->count : in->classes);
        add_integers(t, "class_count", chosen ? chosen->members : in->class_count,
                     chosen ? chosen->count : in->classes);
        add(t, ", \"ignored\": %" PRId64, in->n_ignored);
        add_left_out(t, in, chosen);
    }
    add(t, "}");
}
