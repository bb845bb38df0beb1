/* The cells that a report goes along, and the names of their places. */
#define _POSIX_C_SOURCE 200809L
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int64_t
layer_axis(const input *in)
{
    for (int64_t axis = in->ndim - 1; axis >= 0; axis--)
        if (!strcasecmp(in->axes[axis], "layer") || !strcasecmp(in->axes[axis], "layers"))
            return axis;
    return in->ndim - 1;
}

int64_t
stride_of(const input *in, int64_t axis)
{
    int64_t stride = 1;
    for (int64_t later = axis + 1; later < in->ndim; later++)
        stride *= in->shape[later];
    return stride;
}

int64_t
place_of(const input *in, int64_t cell, int64_t axis)
{
    return cell / stride_of(in, axis) % in->shape[axis];
}

/* How many first characters all names share, up to the last one that is neither letter nor digit. */
static size_t
shared_start(char *const *names, int64_t count)
{
    size_t shared = 0;
    for (size_t i = 0; names[0][i]; i++) {
        for (int64_t v = 1; v < count; v++)
            if (names[v][i] != names[0][i])
                return shared;
        if (strchr("./_-: ", names[0][i]))
            shared = i + 1;
    }
    return shared;
}

static size_t
shared_end(char *const *names, int64_t count, size_t start)
{
    size_t shared = 0, length = strlen(names[0]);
    for (size_t i = 1; i + start < length; i++) {
        char last = names[0][length - i];
        for (int64_t v = 1; v < count; v++) {
            size_t own = strlen(names[v]);
            if (i + start >= own || names[v][own - i] != last)
                return shared;
        }
        if (strchr("./_-: ", last))
            shared = i;
    }
    return shared;
}

/* Names of views without what all of them share: "layers.3.out" is 3. */
static char *
own_part(char *const *names, int64_t count, int64_t view)
{
    size_t start = count > 1 ? shared_start(names, count) : 0;
    size_t end = count > 1 ? shared_end(names, count, start) : 0;
    return strndup(names[view] + start, strlen(names[view]) - start - end);
}

static char *
name_of_place(const input *in, int64_t axis, int64_t place)
{
    text t = {0};
    add_place(&t, in, axis, place);
    if (t.failed)
        forget(&t);
    return t.bytes;
}

char **
axis_names(const input *in, int64_t axis)
{
    int64_t count = axis < 0 ? 1 : in->shape[axis];
    char **names = calloc((size_t)count + 1, sizeof *names);
    for (int64_t i = 0; names && i < count; i++) {
        names[i] = axis >= 0 && (in->ndim > 1 || in->values[axis]) ? name_of_place(in, axis, i)
                                                                   : own_part(in->names, count, i);
        if (names[i])
            continue;
        free_texts(names, count);
        return NULL;
    }
    return names;
}

void
add_cell_name(text *t, const input *in, int64_t cell)
{
    if (in->ndim == 0) {
        add(t, "the matrix");
        return;
    }
    if (in->ndim == 1 && !in->values[0]) {
        char *own = own_part(in->names, in->n_views, cell);
        add(t, "%s %s", in->axes[0], own ? own : "");
        t->failed |= !own;
        free(own);
        return;
    }
    for (int64_t axis = 0; axis < in->ndim; axis++) {
        add(t, "%s%s ", axis ? ", " : "", in->axes[axis]);
        add_place(t, in, axis, place_of(in, cell, axis));
    }
}

int
find_path(report *r)
{
    r->axis = layer_axis(&r->in);
    r->n_path = r->axis < 0 ? 1 : r->in.shape[r->axis];
    r->path = calloc((size_t)r->n_path + 1, sizeof *r->path);
    r->places = (const char **)axis_names(&r->in, r->axis);
    if (!r->path || !r->places)
        return complain(r->c, NO_MEMORY, "memory is exhausted");
    int64_t stride = r->axis < 0 ? 1 : stride_of(&r->in, r->axis);
    r->best_place = r->axis < 0 ? 0 : place_of(&r->in, r->best, r->axis);
    for (int64_t i = 0; i < r->n_path; i++)
        r->path[i] = r->best + (i - r->best_place) * stride;
    return DONE;
}
