/* Opens activations: which arrays of the file are meant. */
#define _POSIX_C_SOURCE 200809L
#include "views.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void *
take_memory(const command *c, int64_t count, size_t size)
{
    void *memory = calloc(count > 0 ? (size_t)count : 1, size);
    if (!memory)
        complain(c, NO_MEMORY, "memory is exhausted");
    return memory;
}

char *
copy_text(const char *string)
{
    size_t size = strlen(string) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, string, size) : NULL;
}

void
free_texts(char **texts, int64_t count)
{
    for (int64_t i = 0; texts && i < count; i++)
        free(texts[i]);
    free(texts);
}

/* ---- which arrays ---- */

/* Whether a name is like a pattern, with * and ?. */
static bool
is_like(const char *name, const char *pattern, const char *end)
{
    for (; pattern < end && *pattern != '*'; pattern++, name++)
        if (!*name || (*pattern != '?' && *pattern != *name))
            return false;
    if (pattern == end)
        return !*name;
    for (pattern++;; name++) {
        if (is_like(name, pattern, end))
            return true;
        if (!*name)
            return false;
    }
}

static bool
is_named(const char *name, const char *patterns)
{
    for (;; patterns++) {
        const char *end = patterns + strcspn(patterns, ",");
        if (is_like(name, patterns, end))
            return true;
        patterns = end;
        if (!*patterns)
            return false;
    }
}

/* A name without * and ? that the file does not have is an error, and so is a pattern that is like none. */
static int
check_patterns(const command *c, const input *in, const char *patterns)
{
    for (const char *pattern = patterns;; pattern++) {
        const char *end = pattern + strcspn(pattern, ",");
        bool found = false;
        for (int64_t i = 0; i < conceptdec_activations_count(in->activations) && !found; i++) {
            conceptdec_array_info info;
            found = conceptdec_activations_info(context_of(c), in->activations, i, &info) == CONCEPTDEC_OK &&
                    is_like(info.name, pattern, end);
        }
        if (!found)
            return complain(c, BAD_INPUT, "%s: has no array '%.*s' (conceptdec info lists them)", in->path,
                            (int)(end - pattern), pattern);
        if (!*end)
            return DONE;
        pattern = end;
    }
}

static bool
is_floating(const conceptdec_array_info *info)
{
    return info->dtype >= CONCEPTDEC_FLOAT64 && info->dtype <= CONCEPTDEC_BFLOAT16;
}

static int64_t
rows_of(const conceptdec_array_info *info)
{
    return info->ndim < 2 ? info->shape[0] : info->shape[info->ndim - 2];
}

/* Notes an array that does not fit. */
static int
leave_out(const command *c, input *in, const char *name, const char *why)
{
    note(c, "%s: array %s left out: %s", in->path, name, why);
    in->left_out[in->n_left_out] = copy_text(name);
    return in->left_out[in->n_left_out++] ? DONE : complain(c, NO_MEMORY, "memory is exhausted");
}

static bool
may_hold_bfloat16(const conceptdec_array_info *info)
{
    return info->dtype == CONCEPTDEC_INT64 && info->ndim > 1 && strstr(info->type, "int16");
}

static int
pick_arrays(const command *c, input *in, picked *p)
{
    const char *hint = "";
    const char *patterns = text_of(c, in->array);
    int64_t count = conceptdec_activations_count(in->activations);
    p->named = patterns != NULL;
    p->infos = take_memory(c, count, sizeof *p->infos);
    p->indices = take_memory(c, count, sizeof *p->indices);
    in->left_out = take_memory(c, count, sizeof *in->left_out);
    if (!p->infos || !p->indices || !in->left_out)
        return NO_MEMORY;
    if (patterns && check_patterns(c, in, patterns))
        return BAD_INPUT;
    for (int64_t i = 0; i < count; i++) {
        conceptdec_array_info *info = &p->infos[p->count];
        conceptdec_status status = conceptdec_activations_info(context_of(c), in->activations, i, info);
        if (status != CONCEPTDEC_OK)
            return complain_of(c, status, in->path);
        if (p->named ? !is_named(info->name, patterns) || (!is_floating(info) && strpbrk(patterns, "*?"))
                     : !is_floating(info)) {
            hint = may_hold_bfloat16(info) ? "; --bfloat16 if they hold bfloat16" : hint;
            continue;
        }
        if (!is_floating(info))
            return complain(c, BAD_INPUT, "%s: array %s holds %s, no activations%s", in->path, info->name, info->type,
                            may_hold_bfloat16(info) ? "; --bfloat16 if it holds bfloat16" : "");
        if (!p->named && info->ndim < 2 && count > 1) {
            if (leave_out(c, in, info->name, "it has one axis"))
                return NO_MEMORY;
            continue;
        }
        if (info->ndim < 1)
            return complain(c, BAD_INPUT, "%s: array %s is a single number", in->path, info->name);
        p->indices[p->count++] = i;
    }
    return p->count ? DONE
                    : complain(c, BAD_INPUT, "%s: holds no activations (arrays of floating numbers)%s", in->path, hint);
}

static bool
has_grid_of(const conceptdec_array_info *one, const conceptdec_array_info *other)
{
    int axes = one->ndim < 2 ? 0 : one->ndim - 2, others = other->ndim < 2 ? 0 : other->ndim - 2;
    return axes == others && !memcmp(one->shape, other->shape, (size_t)axes * sizeof one->shape[0]);
}

static int
refuse_rows(const command *c, const input *in, const conceptdec_array_info *info, bool several)
{
    char array[300];
    snprintf(array, sizeof array, several ? "array %.250s has" : "the activations have", info->name);
    if (in->labels_path)
        return complain(c, BAD_INPUT, "%s: %s has %" PRId64 " labels, but %s %" PRId64 " samples", in->path,
                        in->labels_path, in->n, array, rows_of(info));
    return complain(c, BAD_INPUT, "%s: array %s has %" PRId64 " samples, the others have %" PRId64, in->path,
                    info->name, rows_of(info), in->n);
}

/* Leaves out arrays that do not fit the labels or the first array, or complains of them. */
static int
fit_arrays(const command *c, input *in, picked *p)
{
    int64_t kept = 0;
    if (in->n < 0)
        in->n = rows_of(&p->infos[0]);
    for (int64_t i = 0; i < p->count; i++) {
        const conceptdec_array_info *info = &p->infos[i];
        bool fits = rows_of(info) == in->n;
        if (fits && (!kept || has_grid_of(info, &p->infos[0]))) {
            p->infos[kept] = *info;
            p->indices[kept++] = p->indices[i];
            continue;
        }
        if (p->named || p->count == 1 || (!kept && i == p->count - 1))
            return fits ? complain(c, BAD_INPUT, "%s: arrays %s and %s have different grids", in->path,
                                   p->infos[0].name, info->name)
                        : refuse_rows(c, in, info, p->count > 1);
        if (leave_out(c, in, info->name, fits ? "its grid is another one" : "its number of samples does not fit"))
            return NO_MEMORY;
    }
    p->count = kept;
    return DONE;
}

/* ---- all of it ---- */

int
open_activations(const command *c, const char *path, conceptdec_activations **file)
{
    return open_file_of(c, path, flag_of(c, "map"), flag_of(c, "bfloat16"), file);
}

int
open_file_of(const command *c, const char *path, bool map, bool bfloat16, conceptdec_activations **file)
{
    conceptdec_activations_options options = {
        .struct_size = sizeof options,
        .flags = map ? CONCEPTDEC_ACTIVATIONS_MAP : 0,
        .dtype = bfloat16 ? CONCEPTDEC_BFLOAT16 : 0,
    };
    conceptdec_status status = conceptdec_activations_open(context_of(c), path, &options, file);
    if (status != CONCEPTDEC_EIO)
        return status == CONCEPTDEC_OK ? DONE : complain_of(c, status, path);
    complain_of(c, status, path);
    return BAD_INPUT; /* a file that is not there is none to be read */
}

static int
open_file(const command *c, int index, input *in)
{
    in->path = file_of(c, index);
    in->n = -1;
    in->array = index ? "other-array" : "array";
    in->cells = index ? "other-views" : "views";
    in->at = index ? "other-at" : "at";
    in->axis_names = index ? "other-axes" : "axes";
    in->axis_values = index ? NULL : "axis-values";
    return open_activations(c, in->path, &in->activations);
}

int
open_input(const command *c, int index, int labels, input *in)
{
    picked p = {0};
    *in = (input){0};
    int code = open_file(c, index, in);
    if (!code)
        code = index ? DONE : read_labels(c, labels, in, &in->n);
    if (!code)
        code = pick_arrays(c, in, &p);
    if (!code)
        code = fit_arrays(c, in, &p);
    if (!code)
        code = make_grid(c, in, &p);
    if (!code)
        code = select_cells(c, in);
    if (!code && !index)
        code = read_groups(c, in);
    free(p.infos);
    free(p.indices);
    return code;
}

void
forget_values(input *in, int64_t axis)
{
    int64_t count = 0;
    while (in->values[axis] && in->values[axis][count])
        count++;
    free_texts(in->values[axis], count);
    in->values[axis] = NULL;
}

void
close_input(input *in)
{
    free_texts(in->names, in->n_views);
    free_texts(in->class_names, in->classes);
    free_texts(in->left_out, in->n_left_out);
    for (int i = 0; i < 8; i++) {
        free(in->axes[i]);
        forget_values(in, i);
    }
    free(in->views);
    free(in->labels);
    free(in->class_values);
    free(in->class_count);
    free(in->groups);
    free(in->own_labels_path);
    conceptdec_activations_free(in->activations);
    *in = (input){0};
}
