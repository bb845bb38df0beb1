/* From options of the command line to options of the library. */
#include "work.h"

#include <string.h>

static void
fill_list(const command *c, const field *f, char *options)
{
    int64_t count;
    const void *values = f->kind == TO_INTEGERS ? (const void *)integers_of(c, f->option, &count)
                                                : (const void *)numbers_of(c, f->option, &count);
    memcpy(options + f->offset, &values, sizeof values);
    memcpy(options + f->second, &count, sizeof count);
}

static void
fill_field(const command *c, const field *f, char *options)
{
    int64_t integer = integer_of(c, f->option, 0);
    uint64_t bits = (uint64_t)integer;
    int32_t choice = choice_of(c, f->option, 0);
    double number = number_of(c, f->option, 0);
    uint32_t flags;
    switch (f->kind) {
    case TO_INT64: memcpy(options + f->offset, &integer, sizeof integer); break;
    case TO_UINT64: memcpy(options + f->offset, &bits, sizeof bits); break;
    case TO_INT32: memcpy(options + f->offset, &choice, sizeof choice); break;
    case TO_DOUBLE: memcpy(options + f->offset, &number, sizeof number); break;
    case TO_FLAG:
        memcpy(&flags, options + f->offset, sizeof flags);
        flags |= (uint32_t)f->place;
        memcpy(options + f->offset, &flags, sizeof flags);
        break;
    default: fill_list(c, f, options);
    }
}

void
fill(const command *c, const field *fields, void *options)
{
    uint64_t *given = (uint64_t *)options + 1;
    for (const field *f = fields; f->option; f++) {
        if (!is_given(c, f->option))
            continue;
        fill_field(c, f, options);
        if (f->kind != TO_FLAG)
            *given |= UINT64_C(1) << f->place;
        if (f->kind == TO_INTEGERS || f->kind == TO_NUMBERS)
            *given |= UINT64_C(1) << (f->place + 1);
    }
}

int
read_column_file(const command *c, const char *name, const input *in, column_file *file, const conceptdec_matrix **view)
{
    const char *place = text_of(c, name);
    if (!place)
        return DONE;
    *view = &file->view;
    return read_integers_of(c, name, place, in->n, &file->values, &file->view);
}

int
check_protocol(const command *c)
{
    int protocol = choice_of(c, "protocol", CONCEPTDEC_PROTOCOL_LOO);
    if (protocol == CONCEPTDEC_PROTOCOL_SPLIT && !is_given(c, "train"))
        return complain(c, USAGE, "--protocol split: needs --train FILE");
    if (protocol == CONCEPTDEC_PROTOCOL_GROUP && !is_given(c, "groups"))
        return complain(c, USAGE, "--protocol group: needs --groups FILE");
    return DONE;
}

static bool
has_ending(const char *path, const char *ending)
{
    size_t length = strlen(path), width = strlen(ending);
    return length >= width && !strcmp(path + length - width, ending);
}

bool
saves_arrays(const command *c)
{
    const char *path = output_of(c);
    return path && (has_ending(path, ".npy") || has_ending(path, ".safetensors"));
}
