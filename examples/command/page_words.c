/* What was read, what the numbers mean, and where they come from. */
#define _POSIX_C_SOURCE 200809L
#include "arguments.h"
#include "page_parts.h"

#include <string.h>

static const char *
type_of(int32_t dtype)
{
    return dtype == CONCEPTDEC_FLOAT64 ? "float64" : dtype == CONCEPTDEC_FLOAT32 ? "float32" : dtype == CONCEPTDEC_FLOAT16 ? "float16" : "bfloat16";
}

static void
add_concepts(text *t, const input *in)
{
    enum { NAMED = 40 };
    for (int64_t c = 0; c < in->classes && c < NAMED; c++) {
        add(t, c ? ", " : "");
        add_name(t, in->class_names[c]);
        add(t, "&nbsp;<span class=\"quiet\">%lld</span>", (long long)in->class_count[c]);
    }
    if (in->classes > NAMED)
        add(t, " and %lld more", (long long)(in->classes - NAMED));
}

/* Which axes have positions for their places. */
static void
add_counted_axes(text *t, const input *in)
{
    int64_t counted = 0, named = 0;
    for (int64_t i = 0; i < in->ndim; i++)
        counted += !in->values[i] && !in->of_arrays;
    if (counted == 0)
        return;
    add(t, "; places on %s", counted == in->ndim ? "an axis" : "");
    for (int64_t i = 0; i < in->ndim && counted < in->ndim; i++)
        if (!in->values[i]) {
            add(t, named++ ? ", " : "");
            add_name(t, in->axes[i]);
        }
    add(t, " count from 0");
}

static void
add_grid(text *t, const input *in)
{
    if (in->ndim == 0)
        add(t, "one matrix");
    for (int64_t i = 0; i < in->ndim; i++)
        add(t, "%s%lld", i ? " \xc3\x97 " : "", (long long)in->shape[i]);
    for (int64_t i = 0; i < in->ndim; i++) {
        add(t, i ? " \xc3\x97 " : " (");
        add_name(t, in->axes[i]);
    }
    if (in->ndim) {
        add(t, "), %lld cells", (long long)in->n_views);
        add_counted_axes(t, in);
    }
}

void
add_facts(text *t, const report *r)
{
    const input *in = &r->in;
    int64_t least = in->views[0].cols, most = least;
    for (int64_t i = 1; i < in->n_views; i++) {
        least = in->views[i].cols < least ? in->views[i].cols : least;
        most = in->views[i].cols > most ? in->views[i].cols : most;
    }
    add(t, "<section class=\"card\" aria-label=\"What was read\"><dl>\n<dt>Activations</dt><dd>");
    add_name(t, in->path);
    add(t, "</dd>\n<dt>Samples</dt><dd>%lld%s</dd>\n<dt>Dimensions</dt><dd>%lld", (long long)in->n,
        in->groups ? ", in groups" : "", (long long)least);
    if (most > least)
        add(t, " to %lld", (long long)most);
    add(t, ", %s</dd>\n<dt>Grid</dt><dd>", type_of(in->views[0].dtype));
    add_grid(t, in);
    add(t, "</dd>\n<dt>Concepts</dt><dd>%lld: ", (long long)in->classes);
    add_concepts(t, in);
    add(t, "</dd>\n</dl></section>\n");
}

/* ---- definitions ---- */

static void
open_definition(text *t, const char *word)
{
    add(t, "<dt>%s</dt><dd>", word);
}

static void
add_options(text *t, const report *r)
{
    open_definition(t, "Decodability");
    add(t,
        "share of samples whose concept most of their k nearest other rows %shave (exact %s; tied votes and rows at the k-th distance are "
           "shared). Curves over layers are at k = %lld.</dd>\n",
        r->in.groups ? "of other groups " : "", choice_of(r->c, "metric",
                                                          0) ? "cosine distances" : "Euclidean distances",
                                                          (long long)r->ks[r->at]);
    open_definition(t, "Interval");
    add(t,
        "2.5 and 97.5 %% of %lld bootstrap draws of %s with their credits; that the best layer was chosen by its value "
        "is not in it.</dd>\n",
        (long long)r->bootstrap, r->in.groups ? "groups" : "samples");
    open_definition(t, "Chance");
    add(t,
        "the same with labels permuted %lld times, the same permutations at all layers; the band is 2.5 to 97.5 %% of "
        "them. The probe has no such null.</dd>\n",
        (long long)r->permutations);
    open_definition(t, "Best of all");
    add(t, "p = (1 + permutations whose best cell is as good) / (1 + permutations): it allows for the choice among "
           "cells.</dd>\n");
    open_definition(t, "Logistic probe");
    add(t,
        "accuracy out of fold (%lld %sfolds, stratified) of multinomial logistic regression, dimensions as they are; "
        "penalty \xce\xbb/2 |W|\xc2\xb2 with \xce\xbb = ",
        (long long)r->folds, r->in.groups ? "grouped " : "");
    if (r->lambda > 0)
        add(t, "%g", r->lambda);
    else
        add(t, "1/n, which is scikit-learn's C = 1");
    add(t, ".</dd>\n");
}

void
add_definitions(text *t, const report *r)
{
    add(t, "<h2>What the numbers mean</h2>\n<div class=\"card\"><dl class=\"words\">\n");
    add_options(t, r);
    open_definition(t, "Per concept");
    add(t, "decodability among the samples of one concept; balanced is the mean over concepts.</dd>\n");
    open_definition(t, "Confusion");
    add(t, "of the samples of a row's concept the share that is taken for the column's.</dd>\n");
    open_definition(t, "Log loss, macro F1");
    add(t, "mean of \xe2\x88\x92log\xe2\x82\x82 of the probe's posterior of the true concept, in bits; mean over "
           "concepts of 2 TP / (2 TP + FP + FN).</dd>\n");
    open_definition(t, "Principal components");
    add(t, "directions of largest variance of all samples; axes have one scale, and the share of the variance beside "
           "them.</dd>\n");
    open_definition(t, "Overlap");
    add(t,
        "mean squared cosine of the principal angles of two concepts' subspaces, each the %lld leading directions of "
        "its samples about "
        "their mean; 0 for orthogonal ones, 1 for equal ones; beside it what independent subspaces have on "
        "average.</dd>\n",
        (long long)r->rank);
    add(t, "</dl></div>\n");
}

/* ---- provenance ---- */

static void
add_file(text *t, const char *what, const char *path, const char *sha256, uint64_t n_bytes)
{
    if (!path)
        return;
    add(t, "<dt>%s</dt><dd><code>", what);
    add_cut(t, path, 300);
    if (*sha256)
        add(t, "</code>, %llu bytes, SHA-256 <code>%s</code></dd>\n", (unsigned long long)n_bytes, sha256);
    else
        add(t, "</code></dd>\n");
}

static void
add_word(text *t, const char *word)
{
    bool is_plain = *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%") ==
                                 strlen(word);
    if (is_plain) {
        add_cut(t, word, 300);
        return;
    }
    add(t, "&#39;");
    for (size_t length; *word; word += length) { /* a quote ends the quoted part, and stands alone before the next */
        char part[256];
        length = strcspn(word, "'");
        length = length < sizeof part - 1 ? length : sizeof part - 1;
        while (length > 1 && ((unsigned char)word[length] & 0xc0) == 0x80) /* inside a character */
            length--;
        length += length == 0;
        memcpy(part, word, length);
        part[length] = 0;
        if (*part == '\'')
            add(t, "&#39;\\&#39;&#39;");
        else
            add_cut(t, part, 300);
    }
    add(t, "&#39;");
}

static void
add_command_line(text *t, const command *c)
{
    add(t, "<dt>Command</dt><dd><code>conceptdec");
    for (int i = 1; i < c->argc; i++) {
        add(t, " ");
        add_word(t, c->argv[i]);
    }
    add(t, "</code></dd>\n");
}

static void
add_library(text *t, report *r)
{
    const char *json = "";
    t->failed |= conceptdec_ctx_build_info(r->ctx, &json) != CONCEPTDEC_OK;
    add(t, "<dt>Library</dt><dd>conceptdec %s</dd>\n<dt>Built and run with</dt><dd><code>", conceptdec_version());
    add_escaped(t, json);
    add(t, "</code></dd>\n<dt>Seed</dt><dd>%llu</dd>\n", (unsigned long long)seed_of(r->c));
}

void
add_provenance(text *t, report *r)
{
    double sum = 0;
    add(t, "<h2>Where they come from</h2>\n<div class=\"card\"><dl class=\"words\">\n");
    add_command_line(t, r->c);
    add_file(t, "Activations", r->in.path, r->sha256[0], r->n_bytes[0]);
    add_file(t, "Labels", r->in.labels_path, r->sha256[1], r->n_bytes[1]);
    add_file(t, "Groups", text_of(r->c, "groups"), r->sha256[2], r->n_bytes[2]);
    add_library(t, r);
    add(t, "<dt>Time</dt><dd>");
    for (int64_t i = 0; i < r->n_stages; i++) {
        sum += r->stages[i].seconds;
        add(t, "%s %.1f s, ", r->stages[i].name, r->stages[i].seconds);
    }
    add(t, "together %.1f s</dd>\n</dl></div>\n", sum);
}
