/* Options of geometry: ranges, defaults, and which of them play a part in the call. */
#include <math.h>

#include "core/named.h"
#include "geometry/geometry.h"

enum { WEIGHTS, BIAS, CLASSES, K, HUB_K, REFERENCES, MEMORY, SEED, LAMBDA, DISCARD, TOLERANCE, METRIC, FLAGS, DRAWS,
      MARGIN, FIELDS };

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define USUAL_K 20
#define USUAL_HUB_K 10
#define USUAL_DISCARD 0.1

#define KNOWN_FLAGS                                                                                                    \
    (CONCEPTDEC_GEOMETRY_NO_SPECTRUM | CONCEPTDEC_GEOMETRY_NO_NEIGHBORS | CONCEPTDEC_GEOMETRY_NO_PROBE |               \
     CONCEPTDEC_GEOMETRY_NO_SILHOUETTE | CONCEPTDEC_GEOMETRY_NO_CURVE)

/* ---- options that would change nothing ---- */

/* With defaults filled in: one that is written out changes nothing and may stand. */
static conceptdec_status
check_effects(const conceptdec_i_geometry *g, bool has_tolerance)
{
    const conceptdec_geometry_options *o = &g->options;
    const bool no_labels = g->given_labels == NULL;
    const bool no_probe = conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_PROBE);
    const bool no_table = conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_NEIGHBORS);
    const bool no_silhouette = no_labels || conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_SILHOUETTE);
    const bool has_lambda = o->lambda != 0;
    const char *const labels = "there are no labels", *const table = "neighbours are left out";
    const conceptdec_i_idle idle[] = {
        {"weights", no_labels && o->weights, labels},
        {"bias", o->bias && !o->weights, "there are no weights"},
        {"classes", no_labels && o->classes != 0, labels},
        {"k", no_table && o->k != USUAL_K, table},
        {"hub_k", no_table && o->hub_k != USUAL_HUB_K, table},
        {"references", no_table && o->references != 0, table},
        {"lambda", no_labels && has_lambda, labels},
        {"lambda", o->weights && has_lambda, "weights are, too"},
        {"lambda", no_probe && has_lambda, "the probe is left out"},
        {"discard", no_table && o->discard != USUAL_DISCARD, table},
        {"tolerance", no_labels && has_tolerance, labels},
        {"capacity_draws", no_labels && o->capacity_draws != 0, labels},
        {"capacity_margin", o->capacity_draws == 0 && o->capacity_margin != 0, "capacity_draws is 0"},
        {"metric", no_table && no_silhouette && o->metric != 0, "no distances are measured"},
    };
    return conceptdec_i_refuse_idle(g->ctx, idle, (int32_t)COUNT(idle));
}

/* ---- ranges ---- */

static conceptdec_status
check_neighbors(const conceptdec_i_geometry *g)
{
    const conceptdec_geometry_options *o = &g->options;
    if (o->k < 2 || o->k > g->n - 1)
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_EK, "k: %lld is not in 2..%lld (below the number of rows)",
                                 (long long)o->k, (long long)(g->n - 1));
    if (o->hub_k < 1 || o->hub_k > g->n - 1)
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_EK, "hub_k: %lld is not in 1..%lld (below the number of rows)",
                                 (long long)o->hub_k, (long long)(g->n - 1));
    if (!(o->discard >= 0 && o->discard < 1))
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_EINVAL, "discard: must be at least 0 and below 1");
    return conceptdec_i_check_count(g->ctx, "references", o->references);
}

static conceptdec_status
check_numbers(const conceptdec_i_geometry *g)
{
    const conceptdec_geometry_options *o = &g->options;
    CONCEPTDEC_I_TRY(conceptdec_i_check_choice(g->ctx, "metric", o->metric, 2));
    if (o->memory < 1)
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_EINVAL, "memory: %lld bytes, must be above 0",
                                 (long long)o->memory);
    if (o->classes < 0 || o->classes > INT32_MAX)
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_ESIZE, "classes: %lld is not in 1..%d", (long long)o->classes,
                                 INT32_MAX);
    if (CONCEPTDEC_I_GIVEN(o, CLASSES) && o->classes == 0)
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_ESIZE, "classes: 0 is not in 1..%d", INT32_MAX);
    if (!(o->lambda >= 0 && isfinite(o->lambda)) || (CONCEPTDEC_I_GIVEN(o, LAMBDA) && o->lambda <= 0))
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_EINVAL, "lambda: must be finite and above 0");
    if (!(o->tolerance >= 0 && o->tolerance < 1))
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_EINVAL, "tolerance: must be at least 0 and below 1");
    if (!(o->capacity_margin >= 0 && isfinite(o->capacity_margin)))
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_EINVAL, "capacity_margin: must be finite and at least 0");
    return conceptdec_i_check_count(g->ctx, "capacity_draws", o->capacity_draws);
}

conceptdec_status
conceptdec_i_geometry_options_take(conceptdec_i_geometry *g, const conceptdec_geometry_options *options)
{
    conceptdec_geometry_options *o = &g->options;
    CONCEPTDEC_I_TRY(conceptdec_i_intake(g->ctx, "options", options, o, sizeof *o,
                                        offsetof(conceptdec_geometry_options, capacity_draws)));
    CONCEPTDEC_I_TRY(conceptdec_i_given_known(g->ctx, "options", o->given, FIELDS));
    if (o->flags & ~KNOWN_FLAGS)
        return conceptdec_i_fail(g->ctx, CONCEPTDEC_ERESERVED, "flags: 0x%x has bits that are unknown",
                                 o->flags & ~KNOWN_FLAGS);
    const bool has_tolerance = o->tolerance != 0 || CONCEPTDEC_I_GIVEN(o, TOLERANCE);
    g->has_memory = o->memory != 0;
    conceptdec_i_default_int(o->given, K, &o->k, USUAL_K);
    conceptdec_i_default_int(o->given, HUB_K, &o->hub_k, USUAL_HUB_K);
    conceptdec_i_default_int(o->given, MEMORY, &o->memory, INT64_C(1) << 29);
    conceptdec_i_default_real(o->given, DISCARD, &o->discard, USUAL_DISCARD);
    conceptdec_i_default_real(o->given, TOLERANCE, &o->tolerance, fmin((double)g->d * 0x1p-52, 0.5));
    CONCEPTDEC_I_TRY(check_numbers(g));
    CONCEPTDEC_I_TRY(check_effects(g, has_tolerance));
    return conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_NEIGHBORS) ? CONCEPTDEC_OK : check_neighbors(g);
}

conceptdec_status
conceptdec_i_geometry_allow(const conceptdec_i_geometry *g, const char *part, double bytes)
{
    if (bytes <= (double)g->options.memory)
        return CONCEPTDEC_OK;
    return conceptdec_i_fail(g->ctx, CONCEPTDEC_ENOMEM, "memory: %s needs %lld bytes, %lld are allowed", part,
                             bytes < 0x1p62 ? (long long)bytes : INT64_MAX, (long long)g->options.memory);
}

/* ---- what is told of them ---- */

static conceptdec_status
tell_neighbors(const conceptdec_i_geometry *g)
{
    const conceptdec_geometry_options *o = &g->options;
    const conceptdec_i_option_number numbers[] = {
        {"k", (double)o->k},
        {"hub_k", (double)o->hub_k},
        {"references", (double)o->references},
        {"discard", o->discard},
        {"curve", !conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_CURVE)},
    };
    if (conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_NEIGHBORS))
        return CONCEPTDEC_OK;
    return conceptdec_i_result_option_numbers(g->ctx, g->result, numbers, COUNT(numbers));
}

static conceptdec_status
tell_classes(const conceptdec_i_geometry *g)
{
    const conceptdec_geometry_options *o = &g->options;
    const conceptdec_i_option_number numbers[] = {
        {"classes", (double)g->classes.count},
        {"tolerance", o->tolerance},
        {"weights", o->weights != NULL},
        {"bias", o->bias != NULL},
        {"probe", !o->weights && !conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_PROBE)},
        {"silhouette", !conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_SILHOUETTE)},
    };
    const conceptdec_i_option_number capacity[] = {
        {"capacity_draws", (double)o->capacity_draws},
        {"capacity_margin", o->capacity_margin},
    };
    if (!g->given_labels)
        return CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_numbers(g->ctx, g->result, numbers, COUNT(numbers)));
    return o->capacity_draws > 0
               ? conceptdec_i_result_option_numbers(g->ctx, g->result, capacity, COUNT(capacity))
               : CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_geometry_options_tell(const conceptdec_i_geometry *g)
{
    const conceptdec_geometry_options *o = &g->options;
    static const char *const metrics[] = {"l2", "cosine"};
    const conceptdec_i_option_number numbers[] = {
        {"memory", (double)o->memory},
        {"labels", g->given_labels != NULL},
        {"spectrum", !conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_SPECTRUM)},
        {"neighbors", !conceptdec_i_geometry_has(g, CONCEPTDEC_GEOMETRY_NO_NEIGHBORS)},
    };
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_text(g->ctx, g->result, "metric", metrics[o->metric]));
    CONCEPTDEC_I_TRY(conceptdec_i_result_option_numbers(g->ctx, g->result, numbers, COUNT(numbers)));
    CONCEPTDEC_I_TRY(tell_neighbors(g));
    CONCEPTDEC_I_TRY(tell_classes(g));
    conceptdec_i_result_seed(g->result, o->seed);
    return CONCEPTDEC_OK;
}
