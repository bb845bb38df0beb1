/* conceptdec info: what a file holds. */
#include "commands.h"
#include "ends.h"
#include "input.h"
#include "show.h"

#include <inttypes.h>
#include <string.h>

static const option options[] = {
    {"bfloat16", FLAG, NULL, 0, 0, "arrays of 16-bit integers hold bfloat16"},
    {0},
};

static void
add_lengths(text *t, const int64_t *lengths, int count, const char *between)
{
    for (int i = 0; i < count; i++)
        add(t, "%s%" PRId64, i ? between : "", lengths[i]);
}

static const char *
use_of(const conceptdec_array_info *info)
{
    if (info->dtype == CONCEPTDEC_INT64)
        return "labels";
    return info->dtype && info->ndim ? "activations" : "-";
}

static void
add_row(table *t, const conceptdec_array_info *info)
{
    text shape = {0}, grid = {0};
    int axes = info->ndim < 2 ? info->ndim : 2, before = info->ndim - axes;
    bool floating = info->dtype && info->dtype != CONCEPTDEC_INT64;
    add_lengths(&shape, info->shape, info->ndim, " x ");
    add_lengths(&grid, info->shape, floating ? before : 0, " x ");
    add_word(t, info->name);
    add_word(t, info->type);
    add_word(t, shape.bytes ? shape.bytes : "");
    add_word(t, use_of(info));
    add_word(t, grid.bytes ? grid.bytes : "");
    add_count(t, info->ndim ? info->shape[floating ? before : 0] : 1);
    add_count(t, floating && axes == 2 ? info->shape[before + 1] : 1);
    t->failed |= shape.failed || grid.failed;
    forget(&shape);
    forget(&grid);
}

static void
add_info(text *t, const conceptdec_array_info *info)
{
    add(t, "{\"name\": ");
    add_json(t, info->name);
    add(t, ", \"type\": ");
    add_json(t, info->type);
    add(t, ", \"shape\": [");
    add_lengths(t, info->shape, info->ndim, ", ");
    add(t, "], \"use\": ");
    add_json(t, strcmp(use_of(info), "-") ? use_of(info) : NULL);
    add(t, "}");
}

static int
list_arrays(const command *c, const conceptdec_activations *file, table *rows, text *json)
{
    add(json, "{\"schema_version\": 1, \"capability\": \"info\", \"path\": ");
    add_json(json, file_of(c, 0));
    add(json, ", \"arrays\": [");
    for (int64_t i = 0; i < conceptdec_activations_count(file); i++) {
        conceptdec_array_info info;
        conceptdec_status status = conceptdec_activations_info(context_of(c), file, i, &info);
        if (status != CONCEPTDEC_OK)
            return complain_of(c, status, file_of(c, 0));
        add_row(rows, &info);
        add(json, i ? ", " : "");
        add_info(json, &info);
    }
    add(json, "]}");
    return DONE;
}

static int
run(command *c)
{
    conceptdec_activations *file = NULL;
    static const column columns[] = {{"array", WORD}, {"type", WORD}, {"shape", WORD}, {"holds", WORD},
                                     {"grid", WORD}, {"samples", COUNT}, {"dimensions", COUNT}};
    table rows = {0};
    text json = {0};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        add_column(&rows, columns[i].title, columns[i].kind);
    int code = open_activations(c, file_of(c, 0), &file);
    if (!code)
        code = list_arrays(c, file, &rows, &json);
    if (!code)
        code = show(c, &rows, &json);
    forget_table(&rows);
    forget(&json);
    conceptdec_activations_free(file);
    return code;
}

const sub_command info_command = {"info", "FILE", "Lists the arrays of a file", 1, 1, options, run};
