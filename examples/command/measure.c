/* What a report is about: decodability, probes, subspaces and principal components of every layer. */
#define _POSIX_C_SOURCE 200809L
#include "ends.h"
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const double *
values_of(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    return result && conceptdec_result_get(result, name, &array) == CONCEPTDEC_OK ? array.data : NULL;
}

const int64_t *
counts_of(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    return result && conceptdec_result_get(result, name, &array) == CONCEPTDEC_OK ? array.data : NULL;
}

bool
keep_note(report *r, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *own = length < 0 ? NULL : malloc((size_t)length + 1);
    char **more = realloc(r->notes, (size_t)(r->n_notes + 1) * sizeof *more);
    if (more)
        r->notes = more;
    if (own)
        vsnprintf(own, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    if (!own || !more) {
        free(own);
        return false;
    }
    r->notes[r->n_notes++] = own;
    return true;
}

/* A note on the page and on stderr. */
static bool tell(report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool
tell(report *r, const char *format, ...)
{
    char words[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    note(r->c, "%s", words);
    return keep_note(r, "%s", words);
}

static double
now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ends a stage, and begins the next one. */
static void
end_stage(report *r, const char *name, double since[2])
{
    double time[2] = {now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID)};
    if (name && r->n_stages < MOST_STAGES) {
        r->stages[r->n_stages].name = name;
        r->stages[r->n_stages].seconds = time[0] - since[0];
        r->stages[r->n_stages++].cpu_seconds = time[1] - since[1];
    }
    since[0] = time[0], since[1] = time[1];
}

static int
no_memory(const report *r)
{
    return complain(r->c, NO_MEMORY, "memory is exhausted");
}

/* What stops a report rather than leaving a part of it out. */
static bool
is_fatal(conceptdec_status status)
{
    return status == CONCEPTDEC_ECANCELLED || status == CONCEPTDEC_ENOMEM || status == CONCEPTDEC_EREAD ||
           status == CONCEPTDEC_EIO;
}

/* The concepts that are large enough, and a note of those that are not: the first of them by name. */
static int
choose(report *r, concepts *of, int64_t least, int64_t fewest, const char *what)
{
    enum { NAMED = 8 };
    text t = {0};
    int code = choose_concepts(r->c, &r->in, least, of != &r->overlap_of, fewest, of);
    for (int64_t i = 0; i < of->n_left_out && i < NAMED; i++)
        add(&t, "%s%s (%lld)", i ? ", " : "", r->in.class_names[of->left_out[i]], (long long)of->left_count[i]);
    if (of->n_left_out > NAMED)
        add(&t, " and %lld more", (long long)(of->n_left_out - NAMED));
    if (code == DONE && of->n_left_out &&
        (t.failed || !keep_note(r, "%s: concepts of fewer than %lld %s are left out: %s", what, (long long)least,
                                of->unit, t.bytes)))
        code = no_memory(r);
    forget(&t);
    return code;
}

/* ---- decodability ---- */

/* k: 1 ... the largest asked for, as far as there are neighbours. */
static int
list_ks(report *r)
{
    int64_t scored = 0;
    for (int64_t c = 0; c < r->knn_of.count; c++)
        scored += r->knn_of.members[c];
    int64_t k = integer_of(r->c, "k", 10), most = integer_of(r->c, "most-k", 50);
    if (k > scored - 1) {
        if (is_given(r->c, "k"))
            return complain(r->c, BAD_INPUT, "k is %lld, but a sample has %lld others", (long long)k,
                            (long long)(scored - 1));
        k = scored - 1;
    }
    most = most < k ? k : most;
    r->n_ks = most < scored - 1 ? most : scored - 1;
    if (r->n_ks < most && is_given(r->c, "most-k") &&
        !tell(r, "decodability: --most-k %lld is cut to the %lld other samples that there are", (long long)most,
              (long long)r->n_ks))
        return no_memory(r);
    r->ks = calloc((size_t)r->n_ks + 1, sizeof *r->ks);
    if (!r->ks)
        return no_memory(r);
    for (int64_t i = 0; i < r->n_ks; i++)
        r->ks[i] = i + 1;
    r->at = k - 1;
    return DONE;
}

static conceptdec_knn_options
knn_options(const report *r)
{
    conceptdec_knn_options o = {.struct_size = sizeof o, .ks = r->ks, .n_ks = r->n_ks, .classes = r->knn_of.count,
                                .permutations = r->permutations, .bootstrap = r->bootstrap, .seed = seed_of(r->c),
                                .metric = choice_of(r->c, "metric", CONCEPTDEC_METRIC_L2)};
    if (r->in.groups) {
        o.groups = &r->in.group_view;
        o.protocol = CONCEPTDEC_PROTOCOL_GROUP;
        o.permute = choice_of(r->c, "permute", CONCEPTDEC_PERMUTE_FREE);
    }
    return o;
}

static bool
has_decodability(const report *r, int64_t cell)
{
    const int64_t *status = counts_of(r->knn, CONCEPTDEC_R_STATUS);
    return status && status[cell] == CONCEPTDEC_OK;
}

/* A cell that failed does not lose the others: it has a note, its reason on stderr, and the report its code. One
 * without a decodability has told its reason then. */
static bool
note_failure(report *r, int64_t cell, const char *what, conceptdec_status status, const char *reason)
{
    if (!strcmp(what, "decodability") || has_decodability(r, cell))
        complain(r->c, FAILED, "%s: %s: %s: %s", r->in.path, r->in.names[cell], what, reason);
    r->code = r->code ? r->code : code_of(status);
    return keep_note(r, "%s of %s: %s", what, r->in.names[cell], reason);
}

static bool
note_failures(report *r, const conceptdec_result *result, const char *what)
{
    const int64_t *status = counts_of(result, CONCEPTDEC_R_STATUS);
    for (int64_t cell = 0; status && cell < r->in.n_views; cell++)
        if (status[cell] != CONCEPTDEC_OK &&
            !note_failure(r, cell, what, (conceptdec_status)status[cell], conceptdec_result_message(result, cell)))
            return false;
    return true;
}

static conceptdec_status
sweep(const report *r, const concepts *of, conceptdec_sweep_options *o, conceptdec_result **result)
{
    o->struct_size = sizeof *o;
    if (r->in.ndim >= 1 && r->in.ndim <= 4)
        o->shape = r->in.shape, o->ndim = r->in.ndim;
    return conceptdec_sweep(r->ctx, r->in.views, r->in.n_views, &of->view, o, result);
}

static int
measure_decodability(report *r)
{
    int code = choose(r, &r->knn_of, 2, 2, "decodability");
    if (code != DONE)
        return code;
    code = list_ks(r);
    if (code != DONE)
        return code;
    conceptdec_knn_options knn = knn_options(r);
    knn.flags = CONCEPTDEC_KNN_NO_CONFUSION;
    conceptdec_sweep_options o = {.knn = &knn};
    conceptdec_status status = sweep(r, &r->knn_of, &o, &r->knn);
    if (status != CONCEPTDEC_OK)
        return complain_of(r->c, status, "decodability");
    if (!note_failures(r, r->knn, "decodability"))
        return no_memory(r);
    for (int64_t cell = 0; cell < r->in.n_views; cell++)
        r->n_computed += has_decodability(r, cell);
    return DONE;
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted values, between neighbours by their distance. */
static double
quantile(const double *sorted, int64_t count, double share)
{
    double place = share * (double)(count - 1);
    int64_t low = (int64_t)place, high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (place - (double)low) * (sorted[high] - sorted[low]);
}

static int
find_chance(report *r)
{
    size_t count = (size_t)(r->in.n_views * r->n_ks);
    const double *null = values_of(r->knn, CONCEPTDEC_R_NULL);
    double *draws = malloc(sizeof *draws * (size_t)r->permutations);
    r->chance_low = malloc(count * sizeof *r->chance_low);
    r->chance_high = malloc(count * sizeof *r->chance_high);
    bool good = draws && r->chance_low && r->chance_high && null;
    for (size_t i = 0; good && i < count; i++) {
        size_t cell = i / (size_t)r->n_ks, k = i % (size_t)r->n_ks;
        for (size_t p = 0; p < (size_t)r->permutations; p++)
            draws[p] = null[(cell * (size_t)r->permutations + p) * (size_t)r->n_ks + k];
        qsort(draws, (size_t)r->permutations, sizeof *draws, by_value);
        r->chance_low[i] = quantile(draws, r->permutations, 0.025);
        r->chance_high[i] = quantile(draws, r->permutations, 0.975);
    }
    free(draws);
    return good ? DONE : no_memory(r);
}

/* The best cell, and how often the best of all cells is as good when labels are permuted. */
static void
find_best(report *r)
{
    const double *value = values_of(r->knn, CONCEPTDEC_R_DECODABILITY), *null = values_of(r->knn, CONCEPTDEC_R_NULL);
    double most = -1;
    for (int64_t cell = 0; cell < r->in.n_views; cell++)
        if (value[cell * r->n_ks + r->at] > most) {
            most = value[cell * r->n_ks + r->at];
            r->best = cell;
        }
    int64_t as_good = 0;
    for (int64_t p = 0; p < r->permutations; p++) {
        bool is_as_good = false;
        for (int64_t cell = 0; cell < r->in.n_views; cell++)
            is_as_good |= null[(cell * r->permutations + p) * r->n_ks + r->at] >= most;
        as_good += is_as_good;
    }
    r->p_best = (double)(1 + as_good) / (double)(1 + r->permutations);
}

/* The best cell once more, at one k: a sweep with a confusion matrix for each k could not be held. */
static int
measure_confusion(report *r)
{
    conceptdec_knn_options o = knn_options(r);
    o.ks = NULL, o.n_ks = 0, o.k = r->ks[r->at];
    o.permutations = o.bootstrap = 0;
    o.permute = 0;
    o.given = (uint64_t)1 << 9; /* chance_draws: none */
    conceptdec_status status =
        conceptdec_knn_decodability(r->ctx, &r->in.views[r->best], &r->knn_of.view, &o, &r->confusion);
    return status == CONCEPTDEC_OK ? DONE : complain_of(r->c, status, "confusion");
}

/* ---- probes ---- */

static int
measure_probe(report *r)
{
    int code = choose(r, &r->probe_of, r->folds, 0, "logistic probe");
    if (code != DONE)
        return code;
    conceptdec_probe_options probe = {.struct_size = sizeof probe, .classes = r->probe_of.count, .folds = r->folds,
                                      .bootstrap = r->bootstrap, .seed = seed_of(r->c),
                                      .flags = CONCEPTDEC_PROBE_NO_SAMPLES};
    if (r->lambda > 0)
        probe.lambdas = &r->lambda, probe.n_lambdas = 1;
    if (r->in.groups) {
        probe.groups = &r->in.group_view;
        probe.flags |= CONCEPTDEC_PROBE_SKIP_MISSING;
    }
    conceptdec_sweep_options o = {.probe = &probe};
    conceptdec_status status = r->probe_of.count < 2 ? CONCEPTDEC_ESINGLECLASS : sweep(r, &r->probe_of, &o, &r->probe);
    if (is_fatal(status))
        return complain_of(r->c, status, "logistic probe");
    const char *why = r->probe_of.count < 2 ? "fewer than two concepts are left" : conceptdec_ctx_error(r->ctx);
    bool good = status == CONCEPTDEC_OK ? note_failures(r, r->probe, "logistic probe")
                                        : keep_note(r, "logistic probe: left out: %s", why);
    return good ? DONE : no_memory(r);
}

static bool
note_not_converged(report *r)
{
    const int64_t *converged = counts_of(r->probe, CONCEPTDEC_R_CONVERGED),
                  *status = counts_of(r->probe, CONCEPTDEC_R_STATUS);
    int64_t count = 0;
    for (int64_t cell = 0; converged && cell < r->in.n_views; cell++)
        count += status[cell] == CONCEPTDEC_OK && converged[cell] != 1;
    return !count ||
           keep_note(r, "logistic probe: not converged in %lld of %lld cells; their numbers are those of the last step",
                     (long long)count, (long long)r->in.n_views);
}

/* ---- subspaces ---- */

/* Mean over pairs of different concepts that have a number. */
static double
mean_of_pairs(const double *value, int64_t classes)
{
    double sum = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < classes * classes; i++)
        if (value && i / classes != i % classes && !isnan(value[i])) {
            sum += value[i];
            count++;
        }
    return count ? sum / (double)count : NAN;
}

static int
measure_overlap_at(report *r, int64_t place)
{
    conceptdec_subspaces_options of = {
        .struct_size = sizeof of, .rank = r->rank, .classes = r->overlap_of.count, .seed = seed_of(r->c)};
    conceptdec_overlap_options o = {.struct_size = sizeof o, .subspaces = &of, .flags = CONCEPTDEC_OVERLAP_NO_ANGLES};
    conceptdec_status status = conceptdec_subspace_overlap(r->ctx, &r->in.views[r->path[place]], 1, &r->overlap_of.view,
                                                           &o, &r->overlap[place]);
    if (is_fatal(status))
        return complain_of(r->c, status, "overlap");
    if (status != CONCEPTDEC_OK && !note_failure(r, r->path[place], "overlap", status, conceptdec_ctx_error(r->ctx)))
        return no_memory(r);
    r->mean_overlap[place] = mean_of_pairs(values_of(r->overlap[place], CONCEPTDEC_R_OVERLAP), r->overlap_of.count);
    r->expected_overlap[place] =
        mean_of_pairs(values_of(r->overlap[place], CONCEPTDEC_R_EXPECTED), r->overlap_of.count);
    return DONE;
}

static int64_t
count_small_ranks(const report *r, int64_t place)
{
    const int64_t *ranks = counts_of(r->overlap[place], CONCEPTDEC_R_RANKS);
    int64_t smaller = 0;
    for (int64_t c = 0; ranks && c < r->overlap_of.count; c++)
        smaller += ranks[c] < r->rank;
    return smaller;
}

/* Samples need not span as many directions as were asked for; the first of the cells by name. */
static bool
note_small_ranks(report *r)
{
    enum { NAMED = 4 };
    int64_t cells = 0;
    text t = {0};
    for (int64_t place = 0; place < r->n_path; place++) {
        int64_t smaller = count_small_ranks(r, place);
        if (smaller && cells++ < NAMED) {
            add(&t, cells > 1 ? "; " : "");
            add_cell_name(&t, &r->in, r->path[place]);
            add(&t, " (%lld)", (long long)smaller);
        }
    }
    if (cells > NAMED)
        add(&t, " and %lld more", (long long)(cells - NAMED));
    bool done = !t.failed && (!cells || tell(r, "overlap of subspaces: concepts with fewer than %lld directions in %s",
                                             (long long)r->rank, t.bytes));
    forget(&t);
    return done;
}

static int
measure_overlap(report *r)
{
    int64_t width = r->in.views[r->best].cols, asked = integer_of(r->c, "rank", 10);
    r->rank = asked > width ? width : asked;
    if (r->rank < asked && !tell(r, "overlap of subspaces: rank %lld is cut to the %lld dimensions that there are",
                                 (long long)asked, (long long)width))
        return no_memory(r);
    int code = choose(r, &r->overlap_of, r->rank + 1, 0, "overlap of subspaces");
    r->overlap = calloc((size_t)r->n_path, sizeof *r->overlap);
    r->mean_overlap = calloc((size_t)r->n_path, sizeof *r->mean_overlap);
    r->expected_overlap = calloc((size_t)r->n_path, sizeof *r->expected_overlap);
    if (code == DONE && (!r->overlap || !r->mean_overlap || !r->expected_overlap))
        return no_memory(r);
    if (code == DONE && r->overlap_of.count < 2)
        return keep_note(r, "overlap of subspaces: left out: fewer than two concepts are left") ? DONE : no_memory(r);
    for (int64_t place = 0; code == DONE && place < r->n_path; place++)
        code = measure_overlap_at(r, place);
    return code == DONE && !note_small_ranks(r) ? no_memory(r) : code;
}

/* ---- principal components ---- */

static int
project(report *r, int64_t cell)
{
    projection *p = &r->projections[r->n_projections];
    const conceptdec_matrix *x = &r->in.views[cell];
    conceptdec_pca_options o = {.struct_size = sizeof o, .n_components = x->cols < 2 ? 1 : 2, .seed = seed_of(r->c)};
    conceptdec_pca *pca = NULL;
    conceptdec_array share;
    conceptdec_status status = conceptdec_pca_new(r->ctx, x, &o, &pca);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_pca_transform(r->ctx, pca, x, &p->points);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_pca_get(pca, CONCEPTDEC_P_EXPLAINED_VARIANCE_RATIO, &share);
    for (int i = 0; status == CONCEPTDEC_OK && i < (x->cols < 2 ? 1 : 2); i++)
        p->share[i] = ((const double *)share.data)[i];
    conceptdec_pca_free(pca);
    if (is_fatal(status))
        return complain_of(r->c, status, "principal components");
    if (status != CONCEPTDEC_OK)
        return note_failure(r, cell, "principal components", status, conceptdec_ctx_error(r->ctx)) ? DONE
                                                                                                   : no_memory(r);
    p->cell = cell;
    r->n_projections++;
    return DONE;
}

/* The best cell, and others evenly along the axis. */
static int
measure_projections(report *r)
{
    int64_t others = r->n_path < MOST_PROJECTIONS - 1 ? r->n_path : MOST_PROJECTIONS - 1;
    int code = project(r, r->best);
    for (int64_t i = 0; code == DONE && i < others && r->n_path > 1; i++) {
        int64_t place = others > 1 ? i * (r->n_path - 1) / (others - 1) : 0;
        code = project(r, r->path[place]);
    }
    return code;
}

/* ---- all of it ---- */

/* A place FILE:NAME has no checksum: its file is another one. */
static int
hash_files(report *r)
{
    const char *paths[3] = {r->in.path, r->in.labels_path, text_of(r->c, "groups")};
    for (int i = 0; i < 3; i++)
        if (paths[i] && !sha256_of_file(paths[i], r->sha256[i], &r->n_bytes[i]))
            r->sha256[i][0] = 0;
    return was_interrupted() ? complain(r->c, INTERRUPTED, "interrupted") : DONE;
}

int
measure(report *r)
{
    static const struct {
        const char *name;
        int (*run)(report *r);
    } steps[] = {{"decodability", measure_decodability}, {"chance", find_chance}, {"confusion", measure_confusion},
                 {"probe", measure_probe}, {"overlap", measure_overlap}, {"projection", measure_projections},
                 {"checksums", hash_files}};
    double since[2];
    int code = DONE;
    r->permutations = integer_of(r->c, "permutations", 200);
    r->bootstrap = integer_of(r->c, "bootstrap", 500);
    r->folds = integer_of(r->c, "folds", 5);
    r->lambda = number_of(r->c, "lambda", 0);
    end_stage(r, NULL, since);
    for (size_t i = 0; code == DONE && i < sizeof steps / sizeof *steps; i++) {
        code = steps[i].run(r);
        if (code == DONE && steps[i].run == find_chance) {
            find_best(r);
            code = find_path(r);
        }
        end_stage(r, steps[i].name, since);
    }
    return code == DONE && !note_not_converged(r) ? no_memory(r) : code;
}

void
forget_report(report *r)
{
    conceptdec_result_free(r->knn);
    conceptdec_result_free(r->confusion);
    conceptdec_result_free(r->probe);
    for (int64_t i = 0; r->overlap && i < r->n_path; i++)
        conceptdec_result_free(r->overlap[i]);
    for (int i = 0; i < MOST_PROJECTIONS; i++)
        conceptdec_result_free(r->projections[i].points);
    forget_concepts(&r->knn_of);
    forget_concepts(&r->probe_of);
    forget_concepts(&r->overlap_of);
    free(r->overlap);
    free(r->mean_overlap);
    free(r->expected_overlap);
    free(r->chance_low);
    free(r->chance_high);
    free(r->ks);
    free(r->path);
    free_texts((char **)r->places, r->n_path);
    free_texts(r->notes, r->n_notes);
}
