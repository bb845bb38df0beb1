/* Goes through the cells of a grid. */
#include "work.h"

#include <inttypes.h>
#include <string.h>

/* What the library says of a cell, with its name where there are several. */
static int
complain_of_cell(const command *c, const input *in, int64_t cell, conceptdec_status status)
{
    text what = {0};
    add(&what, "%s%s%s", in->path, in->n_views > 1 ? ": " : "", in->n_views > 1 ? in->names[cell] : "");
    int code = complain_of(c, status, what.bytes);
    forget(&what);
    return code;
}

static int
do_cell(const command *c, const input *in, int64_t cell, cell_work work, void *user, table *rows, text *json)
{
    text result = {0};
    int code = DONE;
    conceptdec_status status = work(c, in, cell, user, rows, &result);
    if (status != CONCEPTDEC_OK)
        code = complain_of_cell(c, in, cell, status);
    add(json, "%s{\"cell\": ", cell ? ", " : "");
    add_json(json, in->names[cell]);
    add(json, ", \"status\": %d, \"message\": ", (int)status);
    add_json(json, status == CONCEPTDEC_OK ? "" : conceptdec_ctx_error(context_of(c)));
    add(json, ", \"result\": %s}", result.bytes && status == CONCEPTDEC_OK ? result.bytes : "null");
    json->failed |= result.failed;
    forget(&result);
    return code;
}

int
for_each_cell(const command *c, const input *in, const concepts *chosen, cell_work work, void *user, table *rows,
              text *json, int64_t *worked)
{
    int first = DONE;
    *worked = 0;
    add(json, "{\"schema_version\": 1, \"capability\": ");
    add_json(json, c->sub->name);
    add(json, ", \"cells\": [");
    for (int64_t i = 0; i < in->n_views; i++) {
        int code = do_cell(c, in, i, work, user, rows, json);
        if (code == INTERRUPTED || code == NO_MEMORY || code == USAGE) { /* the others would end likewise */
            *worked = 0;
            return code;
        }
        *worked += !code;
        first = first ? first : code;
    }
    add(json, "]");
    add_end(c, json, in, chosen);
    return first;
}

int
run_cells(const command *c, const cell_command *what, void *options)
{
    input in;
    concepts chosen = {0};
    outputs kept = {0};
    cell_state state = {
        .chosen = &chosen, .outputs = what->array && saves_arrays(c) ? &kept : NULL, .options = options};
    table rows = {0};
    text json = {0};
    int64_t worked = 0;
    int code = open_input(c, 0, what->labels, &in), saved = DONE;
    if (!code)
        code = choose_concepts(c, &in, what->least, false, what->fewest, &chosen);
    if (!code && what->prepare)
        code = what->prepare(c, &in, &chosen, options);
    if (!code)
        code = for_each_cell(c, &in, in.labels ? &chosen : NULL, what->work, &state, &rows, &json, &worked);
    if (state.outputs && worked)
        saved = code ? code : save_outputs(c, &in, what->array, &kept); /* all cells or none */
    if (worked && !saved && !what->writes_itself)
        saved = state.outputs ? show_beside(c, &rows, &json) : show(c, &rows, &json);
    forget_table(&rows);
    forget(&json);
    forget_outputs(&kept);
    forget_concepts(&chosen);
    close_input(&in);
    return saved ? saved : code;
}

/* ---- sweeps ---- */

/* Cells that failed: a line on stderr for each. The code of the first. */
static int
report_cells(const command *c, const input *in, const conceptdec_result *r)
{
    conceptdec_array status;
    int code = DONE;
    if (!has_array(r, CONCEPTDEC_R_STATUS, &status))
        return DONE;
    for (int64_t i = 0; i < in->n_views; i++) {
        conceptdec_status one = (conceptdec_status)((const int64_t *)status.data)[i];
        if (one == CONCEPTDEC_OK)
            continue;
        complain(c, FAILED, "%s: %s: %s", in->path, in->names[i], conceptdec_result_message(r, i));
        code = code ? code : code_of(one);
    }
    return code;
}

int
sweep(const command *c, const input *in, const concepts *chosen, const conceptdec_knn_options *knn,
      const conceptdec_probe_options *probe, conceptdec_result **r)
{
    conceptdec_ctx *ctx = context_of(c);
    conceptdec_status status;
    if (in->ndim) {
        bool flat = in->ndim > 4;
        conceptdec_sweep_options o = {.struct_size = sizeof o, .knn = knn, .probe = probe,
                                      .shape = flat ? &in->n_views : in->shape, .ndim = flat ? 1 : in->ndim};
        status = conceptdec_sweep(ctx, in->views, in->n_views, &chosen->view, &o, r);
    } else if (probe) {
        status = conceptdec_probe(ctx, in->views, &chosen->view, probe, r);
    } else {
        status = conceptdec_knn_decodability(ctx, in->views, &chosen->view, knn, r);
    }
    if (status != CONCEPTDEC_OK)
        return complain_of(c, status, in->path);
    return report_cells(c, in, *r);
}
