/* Arrays for -o. */
#include "work.h"

#include <stdlib.h>
#include <string.h>

conceptdec_status
keep_output(const command *c, const input *in, int64_t cell, const conceptdec_array *array, outputs *o)
{
    size_t size = (size_t)length_of(array) * sizeof(double);
    if (!o->views) {
        o->views = take_memory(c, in->n_views, sizeof *o->views);
        o->count = o->views ? in->n_views : 0;
    }
    void *memory = o->views ? malloc(size ? size : 1) : NULL;
    if (!memory)
        return CONCEPTDEC_ENOMEM;
    memcpy(memory, array->data, size);
    int64_t width = array->ndim > 1 ? array->shape[1] : 1;
    o->views[cell] = (conceptdec_matrix){.data = memory, .rows = array->shape[0], .cols = width,
                                         .row_stride = 8 * width,
                                         .col_stride = 8, .dtype = CONCEPTDEC_FLOAT64};
    return CONCEPTDEC_OK;
}

void
forget_outputs(outputs *o)
{
    for (int64_t i = 0; i < o->count; i++)
        free((void *)o->views[i].data);
    free(o->views);
    *o = (outputs){0};
}

/* Tensors of their own keep their names; the cells of one array become one again. */
static int
save_arrays(const command *c, const input *in, const char *name, const outputs *o, conceptdec_named_views *arrays)
{
    const char *path = output_of(c), *dot = strrchr(path, '.');
    bool each = in->of_arrays && !strcmp(dot, ".safetensors");
    int64_t count = each ? o->count : 1;
    for (int64_t i = 0; i < count; i++)
        arrays[i] = (conceptdec_named_views){.name = each ? in->names[i] : name,
                                             .views = &o->views[i],
                                             .shape = each || !in->ndim ? NULL : in->shape,
                                             .ndim = each ? 0 : in->ndim};
    conceptdec_status status = conceptdec_activations_save(context_of(c), path, arrays, count, NULL);
    if (status == CONCEPTDEC_OK)
        return DONE;
    int code = complain_of(c, status, path);
    return code == BAD_INPUT ? FAILED : code;
}

int
save_outputs(const command *c, const input *in, const char *name, const outputs *o)
{
    conceptdec_named_views *arrays = take_memory(c, o->count, sizeof *arrays);
    int code = arrays ? save_arrays(c, in, name, o, arrays) : NO_MEMORY;
    free(arrays);
    return code;
}
