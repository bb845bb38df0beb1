/* The page: one HTML file with its pictures in it. */
#include "page_parts.h"

#include <math.h>
#include <string.h>

void
add_name(text *t, const char *name)
{
    add(t, "<bdi>");
    add_cut(t, name, SHOWN_NAME);
    add(t, "</bdi>");
}

void
add_score(text *t, double value)
{
    if (isnan(value))
        add(t, "\xe2\x80\x93");
    else
        add(t, "%.3f", value);
}

void
add_interval(text *t, double low, double high)
{
    add(t, "<span class=\"whole\">");
    add_score(t, low);
    add(t, "\xe2\x80\x93");
    add_score(t, high);
    add(t, "</span>");
}

double
value_at(const conceptdec_result *sweep, const char *name, int64_t cell, int64_t each, int64_t place)
{
    const double *values = values_of(sweep, name);
    return values ? values[cell * each + place] : NAN;
}

static void
add_row(text *t, const number_table *n, int64_t row)
{
    add(t, row == n->marked ? "<tr class=\"best\"><th scope=\"row\">" : "<tr><th scope=\"row\">");
    add_name(t, n->row_names[row]);
    add(t, "</th>");
    for (int64_t j = 0; j < n->columns; j++) {
        double value = n->value[row * n->columns + j];
        if (isnan(value))
            add(t, "<td>\xe2\x80\x93</td>");
        else
            add(t, "<td>%.*f</td>", n->digits, value);
    }
    add(t, "</tr>\n");
}

void
add_number_table(text *t, const number_table *n)
{
    add(t, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    add_cut(t, n->summary, SHOWN_NAME);
    add(t, "\"><table><thead><tr><th scope=\"col\">");
    add_name(t, n->corner);
    add(t, "</th>");
    for (int64_t j = 0; j < n->columns; j++) {
        add(t, "<th scope=\"col\">");
        add_name(t, n->column_names[j]);
        add(t, "</th>");
    }
    add(t, "</tr></thead><tbody>\n");
    for (int64_t i = 0; i < n->rows; i++)
        add_row(t, n, i);
    add(t, "</tbody></table></div>\n");
}

void
add_numbers_below(text *t, const number_table *n)
{
    if (n->rows * n->columns > MOST_NUMBERS) {
        add(t, "<p class=\"quiet\">Its %lld numbers are in report.json.</p>\n", (long long)(n->rows * n->columns));
        return;
    }
    add(t, "<details><summary>");
    add_cut(t, n->summary, SHOWN_NAME);
    add(t, "</summary>");
    add_number_table(t, n);
    add(t, "</details>\n");
}

/* ---- the first screen ---- */

static const char *
file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void
add_headline(text *t, const report *r)
{
    int64_t at = r->best * r->n_ks + r->at;
    text where = {0};
    add_cell_name(&where, &r->in, r->best);
    add(t, "<p class=\"headline\">%s", r->in.ndim ? "The concept is read best at <b>" : "From <b>");
    add_cut(t, where.bytes ? where.bytes : "", 120);
    add(t,
        r->in.ndim
            ? "</b>: there the %lld nearest neighbours of a sample name its concept, one of %lld, with a decodability "
              "of <b>"
            : "</b> the %lld nearest neighbours of a sample name its concept, one of %lld, with a decodability of <b>",
        (long long)r->ks[r->at], (long long)r->knn_of.count);
    add_score(t, values_of(r->knn, CONCEPTDEC_R_DECODABILITY)[at]);
    add(t, "</b> (95&nbsp;%% interval ");
    add_interval(t, values_of(r->knn, CONCEPTDEC_R_CI_LOW)[at], values_of(r->knn, CONCEPTDEC_R_CI_HIGH)[at]);
    add(t, "). Permuted labels give ");
    add_interval(t, r->chance_low[at], r->chance_high[at]);
    add(t, "; p = %.2g", r->p_best);
    if (r->p_best <= 1 / (double)(1 + r->permutations))
        add(t, ", the smallest possible with %lld permutations", (long long)r->permutations);
    if (r->n_computed > 1)
        add(t, ", allowing for the choice among %lld cells", (long long)r->n_computed);
    add(t, ".</p>\n");
    t->failed |= where.failed;
    forget(&where);
}

static void
add_tile(text *t, double value, const char *what)
{
    add(t, "<div class=\"tile\"><b>");
    add_score(t, value);
    add(t, "</b><span>%s</span>", what);
}

static void
add_tiles(text *t, const report *r)
{
    int64_t at = r->best * r->n_ks + r->at;
    add(t, "<div class=\"tiles\">\n");
    add_tile(t, values_of(r->knn, CONCEPTDEC_R_DECODABILITY)[at], "decodability by neighbours");
    add(t, "<span>k = %lld; ", (long long)r->ks[r->at]);
    add_interval(t, values_of(r->knn, CONCEPTDEC_R_CI_LOW)[at], values_of(r->knn, CONCEPTDEC_R_CI_HIGH)[at]);
    add(t, "</span></div>\n");
    add_tile(t, value_at(r->knn, CONCEPTDEC_R_CHANCE_NULL, r->best, r->n_ks, r->at), "chance: labels permuted");
    add(t, "<span>largest concept ");
    add_score(t, value_at(r->knn, CONCEPTDEC_R_CHANCE_MAJORITY, r->best, 1, 0));
    add(t, "</span></div>\n");
    add_tile(t, value_at(r->probe, CONCEPTDEC_R_ACCURACY, r->best, 1, 0), "accuracy of a logistic probe");
    add(t, "<span>%lld folds; ", (long long)r->folds);
    add_interval(t, value_at(r->probe, CONCEPTDEC_R_CI_LOW, r->best, 1, 0),
                 value_at(r->probe, CONCEPTDEC_R_CI_HIGH, r->best, 1, 0));
    add(t, "</span></div>\n");
    add_tile(t, r->mean_overlap[r->best_place], "mean overlap of subspaces");
    add(t, "<span>independent ones ");
    add_score(t, r->expected_overlap[r->best_place]);
    add(t, "</span></div>\n</div>\n");
}

static void
add_notes(text *t, const report *r)
{
    add(t, "<h2>Notes</h2>\n<div class=\"card\"><ul>\n");
    for (int64_t i = 0; i < r->n_notes; i++) {
        add(t, "<li>");
        add_cut(t, r->notes[i], 2000);
        add(t, "</li>\n");
    }
    add(t, r->n_notes ? "" : "<li>Nothing was left out.</li>\n");
    add(t, "</ul></div>\n");
}

void
add_page(text *t, report *r)
{
    add(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"generator\" content=\"conceptdec %s\">\n<title>Concepts in ",
        conceptdec_version());
    add_cut(t, file_name(r->in.path), SHOWN_NAME);
    add(t, "</title>\n");
    add_style(t);
    add(t, "</head>\n<body>\n<main>\n<header><h1>Concepts in ");
    add_name(t, file_name(r->in.path));
    add(t, "</h1></header>\n");
    add_headline(t, r);
    add_tiles(t, r);
    add_facts(t, r);
    add_pictures(t, r);
    add_notes(t, r);
    add_definitions(t, r);
    add_provenance(t, r);
    add(t,
        "<footer>Made by conceptdec %s. All numbers are in report.json beside this "
        "page.</footer>\n</main>\n</body>\n</html>\n",
        conceptdec_version());
}
