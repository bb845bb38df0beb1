/* report.json: every number of a report. */
#include "page_parts.h"

#include <math.h>
#include <string.h>

/* Numbers as nested lists, row-major. */
static int64_t
add_nested(text *t, const double *values, const int64_t *shape, int ndim, int64_t at)
{
    if (!ndim) {
        add_json_number(t, values[at]);
        return 1;
    }
    int64_t written = 0;
    add(t, "[");
    for (int64_t i = 0; i < shape[0]; i++) {
        add(t, i ? ", " : "");
        written += add_nested(t, values, shape + 1, ndim - 1, at + written);
    }
    add(t, "]");
    return written;
}

static void
add_key(text *t, const char *key)
{
    add(t, ",\n\"%s\": ", key);
}

/* The library's own form of a result, without the draws of the null, which are many and stand in "chance" as
 * quantiles. */
static void
add_result(text *t, const char *key, conceptdec_result *result)
{
    static const char draws[] = "\"null\":";
    const char *json = "null";
    if (result && conceptdec_result_json(result, &json) != CONCEPTDEC_OK)
        t->failed = true;
    add_key(t, key);
    const char *from = strstr(json, draws);
    if (!from) {
        add(t, "%s", json);
        return;
    }
    const char *to = from + sizeof draws - 1;
    int depth = 0;
    do {
        depth += (*to == '[') - (*to == ']');
        to++;
    } while (depth && *to);
    to += *to == ',';
    add_bytes(t, json, (size_t)(from - json));
    add(t, "%s", to);
}

static void
add_files(text *t, const report *r)
{
    static const char *const names[] = {"activations", "labels", "groups"};
    const char *paths[] = {r->in.path, r->in.labels_path, text_of(r->c, "groups")};
    add_key(t, "files");
    add(t, "{");
    for (int i = 0; i < 3; i++) {
        add(t, "%s\"%s\": {\"path\": ", i ? ", " : "", names[i]);
        add_json(t, paths[i]);
        add(t, ", \"bytes\": %llu, \"sha256\": ", (unsigned long long)r->n_bytes[i]);
        add_json(t, *r->sha256[i] ? r->sha256[i] : NULL);
        add(t, "}");
    }
    add(t, "}");
}

static void
add_number(text *t, const char *key, double value)
{
    add(t, ", \"%s\": ", key);
    add_json_number(t, value);
}

static void
add_best(text *t, const report *r)
{
    text name = {0};
    int64_t at = r->best * r->n_ks + r->at;
    add_cell_name(&name, &r->in, r->best);
    add_key(t, "best");
    add(t, "{\"cell\": %lld, \"name\": ", (long long)r->best);
    add_json(t, name.bytes);
    add(t, ", \"k\": %lld", (long long)r->ks[r->at]);
    add_number(t, "decodability", values_of(r->knn, CONCEPTDEC_R_DECODABILITY)[at]);
    add_number(t, "ci_low", values_of(r->knn, CONCEPTDEC_R_CI_LOW)[at]);
    add_number(t, "ci_high", values_of(r->knn, CONCEPTDEC_R_CI_HIGH)[at]);
    add_number(t, "chance_low", r->chance_low[at]);
    add_number(t, "chance_high", r->chance_high[at]);
    add_number(t, "p_value_best_of_all", r->p_best);
    add_number(t, "probe_accuracy", value_at(r->probe, CONCEPTDEC_R_ACCURACY, r->best, 1, 0));
    add_number(t, "mean_overlap", r->mean_overlap[r->best_place]);
    add(t, "}");
    t->failed |= name.failed;
    forget(&name);
}

static void
add_chance(text *t, const report *r)
{
    int64_t shape[9];
    int ndim = (int)r->in.ndim;
    memcpy(shape, r->in.shape, sizeof *shape * (size_t)ndim);
    shape[ndim] = r->n_ks;
    if (!ndim)
        shape[0] = 1, shape[++ndim] = r->n_ks; /* as a sweep of one cell has it */
    add_key(t, "chance");
    add(t, "{\"low\": ");
    add_nested(t, r->chance_low, shape, ndim + 1, 0);
    add(t, ", \"high\": ");
    add_nested(t, r->chance_high, shape, ndim + 1, 0);
    add(t, "}");
}

static void
add_names(text *t, const char *key, const concepts *of)
{
    add(t, "%s\"%s\": [", strcmp(key, "knn") ? ", " : "", key);
    for (int64_t i = 0; i < of->count; i++) {
        add(t, i ? ", " : "");
        add_json(t, of->names[i]);
    }
    add(t, "]");
}

static void
add_overlaps(text *t, const report *r)
{
    int64_t shape[] = {r->n_path};
    add_key(t, "overlap_mean");
    add_nested(t, r->mean_overlap, shape, 1, 0);
    add_key(t, "overlap_independent");
    add_nested(t, r->expected_overlap, shape, 1, 0);
    add_key(t, "overlap");
    add(t, "[");
    for (int64_t i = 0; i < r->n_path; i++) {
        add(t, "%s{\"cell\": %lld", i ? ",\n" : "", (long long)r->path[i]);
        add_result(t, "result", r->overlap[i]);
        add(t, "}");
    }
    add(t, "]");
}

static void
add_projections(text *t, const report *r)
{
    add_key(t, "projections");
    add(t, "[");
    for (int64_t i = 0; i < r->n_projections; i++) {
        const projection *p = &r->projections[i];
        conceptdec_array array;
        add(t, "%s{\"cell\": %lld, \"explained_variance_ratio\": ", i ? ",\n" : "", (long long)p->cell);
        add_nested(t, p->share, (const int64_t[]){2}, 1, 0);
        add(t, ", \"points\": ");
        if (conceptdec_result_get(p->points, CONCEPTDEC_R_TRANSFORMED, &array) == CONCEPTDEC_OK)
            add_nested(t, array.data, array.shape, 2, 0);
        add(t, "}");
    }
    add(t, "]");
}

static void
add_diagnostics(text *t, const report *r)
{
    add_key(t, "diagnostics");
    add(t, "{");
    for (int64_t i = 0; i < r->n_stages; i++)
        add(t, "%s\"%s\": {\"seconds\": %.3f, \"cpu_seconds\": %.3f}", i ? ", " : "", r->stages[i].name,
            r->stages[i].seconds, r->stages[i].cpu_seconds);
    add(t, "}");
}

void
add_report_json(text *t, report *r)
{
    add(t, "{\"schema_version\": 1, \"command\": \"report\",\n");
    add_input(t, &r->in, NULL);
    add_files(t, r);
    add_key(t, "concepts");
    add(t, "{");
    add_names(t, "knn", &r->knn_of);
    add_names(t, "probe", &r->probe_of);
    add_names(t, "overlap", &r->overlap_of);
    add(t, "}");
    add_key(t, "path");
    add(t, "[");
    for (int64_t i = 0; i < r->n_path; i++)
        add(t, "%s%lld", i ? ", " : "", (long long)r->path[i]);
    add(t, "]");
    add_best(t, r);
    add_chance(t, r);
    add_result(t, "knn", r->knn);
    add_result(t, "confusion", r->confusion);
    add_result(t, "probe", r->probe);
    add_overlaps(t, r);
    add_projections(t, r);
    add_key(t, "notes");
    add(t, "[");
    for (int64_t i = 0; i < r->n_notes; i++) {
        add(t, i ? ", " : "");
        add_json(t, r->notes[i]);
    }
    add(t, "]");
    add_diagnostics(t, r);
    add(t, "}\n");
}
