/* The pictures of the page, each with its numbers. */
#include "page_parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

enum { MOST_HEATS = 6, MOST_LINES = 5 };

static void open_figure(text *t, bool wide, const char *title, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A caption: its title and what is to be seen. */
static void
open_figure(text *t, bool wide, const char *title, const char *format, ...)
{
    char words[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    add(t, wide ? "<figure class=\"wide\"><figcaption><h3>" : "<figure><figcaption><h3>");
    add_cut(t, title, 200);
    add(t, "</h3><p>");
    add_cut(t, words, 600);
    add(t, "</p></figcaption>\n<div class=\"picture\">");
}

static void
close_figure(text *t, const number_table *n)
{
    add(t, "</div>\n");
    if (n)
        add_numbers_below(t, n);
    add(t, "</figure>\n");
}

static double *
take_numbers(text *t, int64_t count)
{
    double *numbers = malloc(sizeof *numbers * (size_t)(count > 0 ? count : 1));
    t->failed |= !numbers;
    return numbers;
}

static const char *
axis_title(const report *r)
{
    return r->axis < 0 ? "" : r->in.axes[r->axis];
}

/* "at the best layer", "at step 3, layer 2": where the other pictures are. */
static void
name_best(const report *r, char *where, size_t size)
{
    text t = {0};
    add_cell_name(&t, &r->in, r->best);
    snprintf(where, size, "%s", t.bytes ? t.bytes : "");
    forget(&t);
}

/* ---- along the layers ---- */

enum { VALUE, LOW, HIGH, CHANCE_LOW, CHANCE_HIGH, PROBE, PROBE_LOW, PROBE_HIGH, BALANCED, KAPPA, P_VALUE, CHANGE,
      COLUMNS };
static const char *const column_names[COLUMNS] = {"decodability", "from",  "to",   "chance from",
                                                  "chance to",    "probe", "from", "to",
                                                  "balanced",     "kappa", "p",    "change"};

/* One row of COLUMNS for each cell of the path; a change is that from the row above. */
static void
fill_layers(const report *r, double *rows)
{
    static const char *const of_knn[COLUMNS] = {
        [VALUE] = CONCEPTDEC_R_DECODABILITY, [LOW] = CONCEPTDEC_R_CI_LOW,  [HIGH] = CONCEPTDEC_R_CI_HIGH,
        [BALANCED] = CONCEPTDEC_R_BALANCED,  [KAPPA] = CONCEPTDEC_R_KAPPA, [P_VALUE] = CONCEPTDEC_R_P_VALUE};
    static const char *const of_probe[COLUMNS] = {
        [PROBE] = CONCEPTDEC_R_ACCURACY, [PROBE_LOW] = CONCEPTDEC_R_CI_LOW, [PROBE_HIGH] = CONCEPTDEC_R_CI_HIGH};
    for (int64_t i = 0; i < r->n_path; i++)
        for (int j = 0; j < CHANGE; j++) {
            double *to = &rows[i * COLUMNS + j];
            int64_t at = r->path[i] * r->n_ks + r->at;
            if (j == CHANCE_LOW || j == CHANCE_HIGH)
                *to = (j == CHANCE_LOW ? r->chance_low : r->chance_high)[at];
            else
                *to = of_knn[j] ? value_at(r->knn, of_knn[j], r->path[i], r->n_ks, r->at)
                                : value_at(r->probe, of_probe[j], r->path[i], 1, 0);
        }
    for (int64_t i = 0; i < r->n_path; i++)
        rows[i * COLUMNS + CHANGE] = i ? rows[i * COLUMNS + VALUE] - rows[(i - 1) * COLUMNS + VALUE] : NAN;
}

/* One column after the other, as lines want them. */
static void
turn(const double *rows, int64_t count, int64_t columns, double *turned)
{
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < columns; j++)
            turned[j * count + i] = rows[i * columns + j];
}

static void
draw_layers(text *t, const report *r, const double *column, const double *rows)
{
    int64_t n = r->n_path;
    line lines[] = {{"neighbours", column + VALUE * n, column + LOW * n, column + HIGH * n},
                    {"logistic probe", column + PROBE * n, column + PROBE_LOW * n, column + PROBE_HIGH * n}};
    curve c = {.title = "Decodability along the layers", .x_title = axis_title(r), .y_title = "decodability, accuracy",
               .count = n, .places = r->places,
               .n_lines = r->probe ? 2 : 1, .lines = lines, .chance_low = column + CHANCE_LOW * n,
               .chance_high = column + CHANCE_HIGH * n,
               .marked = r->best_place};
    number_table table = {.summary = "Numbers", .corner = axis_title(r), .rows = n, .columns = COLUMNS,
                          .row_names = r->places,
                          .column_names = column_names, .value = rows, .digits = 4, .marked = r->best_place};
    open_figure(
        t, false, "Where the concept can be read",
        "Decodability at k = %lld and accuracy of a logistic probe, with intervals of 95\xc2\xa0%%. In the grey "
        "band lie 95\xc2\xa0%% of the values that permuted labels give neighbours; it says nothing of the probe.",
        (long long)r->ks[r->at]);
    add_curve(t, &c);
    close_figure(t, &table);
}

static void
add_layers(text *t, const report *r)
{
    double *rows = take_numbers(t, r->n_path * COLUMNS), *columns = take_numbers(t, r->n_path * COLUMNS);
    if (rows && columns) {
        fill_layers(r, rows);
        turn(rows, r->n_path, COLUMNS, columns);
        draw_layers(t, r, columns, rows);
    }
    free(rows);
    free(columns);
}

/* ---- over k ---- */

static void
add_k_figure(text *t, const report *r, const char *const *names, const double *rows, const double *columns)
{
    static const char *const titles[] = {"decodability", "from", "to", "chance from", "chance to", "balanced"};
    char where[200];
    int64_t n = r->n_ks;
    line one = {"neighbours", columns, columns + n, columns + 2 * n};
    curve c = {.title = "Decodability over the number of neighbours", .x_title = "k", .y_title = "decodability",
               .count = n, .places = names, .n_lines = 1,
               .lines = &one, .chance_low = columns + 3 * n, .chance_high = columns + 4 * n, .marked = r->at};
    number_table table = {.summary = "Numbers", .corner = "k", .rows = n, .columns = 6, .row_names = names,
                          .column_names = titles, .value = rows,
                          .digits = 4, .marked = r->at};
    name_best(r, where, sizeof where);
    open_figure(t, false, "How many neighbours",
                "Decodability at %s for k = 1 to %lld. Where few neighbours are best, the concept lies in small "
                "clusters; a flat line says that k matters little.",
                where, (long long)n);
    add_curve(t, &c);
    close_figure(t, &table);
}

static void
add_ks(text *t, const report *r)
{
    static const char *const of[] = {CONCEPTDEC_R_DECODABILITY, CONCEPTDEC_R_CI_LOW, CONCEPTDEC_R_CI_HIGH, NULL, NULL,
                                     CONCEPTDEC_R_BALANCED};
    double *rows = take_numbers(t, 6 * r->n_ks), *columns = take_numbers(t, 6 * r->n_ks);
    const char **names = calloc((size_t)r->n_ks, sizeof *names);
    char(*digits)[24] = calloc((size_t)r->n_ks, sizeof *digits);
    t->failed |= !names || !digits;
    for (int64_t k = 0; !t->failed && k < r->n_ks; k++) {
        snprintf(digits[k], sizeof digits[k], "%lld", (long long)r->ks[k]);
        names[k] = digits[k];
        for (int j = 0; j < 6; j++)
            rows[6 * k + j] = of[j] ? value_at(r->knn, of[j], r->best, r->n_ks, k)
                                    : (j == 3 ? r->chance_low : r->chance_high)[r->best * r->n_ks + k];
    }
    if (!t->failed) {
        turn(rows, r->n_ks, 6, columns);
        add_k_figure(t, r, names, rows, columns);
    }
    free(rows);
    free(columns);
    free(names);
    free(digits);
}

/* ---- the grid ---- */

/* `most` of `count` places, evenly, with the first and the last; returns how many. */
static int64_t
choose_places(int64_t count, int64_t most, int64_t *chosen)
{
    int64_t n = count < most ? count : most;
    for (int64_t i = 0; i < n; i++)
        chosen[i] = n > 1 ? i * (count - 1) / (n - 1) : 0;
    return n;
}

static void
draw_axis_lines(text *t, const report *r, int64_t other, char **names, double *values)
{
    int64_t chosen[MOST_LINES], n = choose_places(r->in.shape[other], MOST_LINES, chosen),
                                stride = stride_of(&r->in, other);
    int64_t own = place_of(&r->in, r->best, other);
    char words[MOST_LINES][64], title[160], where[200];
    const char *row_names[MOST_LINES];
    line lines[MOST_LINES];
    for (int64_t i = 0; i < n; i++) {
        snprintf(words[i], sizeof words[i], "%.40s %.20s", r->in.axes[other], names[chosen[i]]);
        lines[i] = (line){.name = words[i], .value = values + i * r->n_path};
        row_names[i] = words[i];
        for (int64_t j = 0; j < r->n_path; j++)
            values[i * r->n_path + j] =
                value_at(r->knn, CONCEPTDEC_R_DECODABILITY, r->path[j] + (chosen[i] - own) * stride, r->n_ks, r->at);
    }
    curve c = {.title = title, .x_title = axis_title(r), .y_title = "decodability", .count = r->n_path,
               .places = r->places, .n_lines = n, .lines = lines,
               .marked = -1};
    number_table table = {.summary = "Numbers", .corner = axis_title(r), .rows = n, .columns = r->n_path,
                          .row_names = row_names,
                          .column_names = r->places, .value = values, .digits = 4, .marked = -1};
    name_best(r, where, sizeof where);
    snprintf(title, sizeof title, "By %.60s", r->in.axes[other]);
    open_figure(t, false, title, "Decodability at k = %lld; all else as at %s.%s", (long long)r->ks[r->at], where,
                n < r->in.shape[other] ? " Some of the lines; the others are in report.json." : "");
    add_curve(t, &c);
    close_figure(t, &table);
}

static void
add_axis_lines(text *t, const report *r)
{
    for (int64_t other = 0; other < r->in.ndim; other++) {
        if (other == r->axis || r->in.shape[other] < 2)
            continue;
        char **names = axis_names(&r->in, other);
        double *values = take_numbers(t, MOST_LINES * r->n_path);
        t->failed |= !names;
        if (names && values)
            draw_axis_lines(t, r, other, names, values);
        free_texts(names, r->in.shape[other]);
        free(values);
    }
}

/* The last two axes, at one place of all others. */
static void
draw_grid(text *t, const report *r, int64_t slab, char **row_names, char **names, double *values, const double *scale)
{
    const input *in = &r->in;
    int64_t rows = in->shape[in->ndim - 2], columns = in->shape[in->ndim - 1];
    char title[240];
    text where = {0};
    add_cell_name(&where, in, slab * rows * columns); /* its last two numbers are cut off below */
    for (int64_t i = 0; i < rows * columns; i++)
        values[i] = value_at(r->knn, CONCEPTDEC_R_DECODABILITY, slab * rows * columns + i, r->n_ks, r->at);
    for (int cut = 0, i = (int)where.length - 1; where.bytes && i >= 0 && cut < 2; i--)
        if (where.bytes[i] == ',') {
            where.bytes[i] = 0;
            cut++;
        }
    snprintf(title, sizeof title, in->ndim > 2 && where.bytes ? "The grid at %.200s" : "The grid",
             where.bytes ? where.bytes : "");
    heat h = {.title = title, .row_title = in->axes[in->ndim - 2], .column_title = in->axes[in->ndim - 1], .rows = rows,
              .columns = columns,
              .row_names = (const char *const *)row_names, .column_names = (const char *const *)names, .value = values,
              .least = scale[0], .most = scale[1]};
    number_table table = {.summary = "Numbers", .corner = in->axes[in->ndim - 2], .rows = rows, .columns = columns,
                          .row_names = h.row_names, .column_names = h.column_names, .value = values, .digits = 4,
                          .marked = -1};
    open_figure(t, is_wide(&h), title, "Decodability at k = %lld; one scale in all pictures of the grid.",
                (long long)r->ks[r->at]);
    add_heat(t, &h);
    close_figure(t, &table);
    t->failed |= where.failed;
    forget(&where);
}

static void
find_scale(const report *r, double scale[2])
{
    const double *values = values_of(r->knn, CONCEPTDEC_R_DECODABILITY);
    scale[0] = INFINITY, scale[1] = -INFINITY;
    for (int64_t cell = 0; cell < r->in.n_views; cell++)
        extend(values + cell * r->n_ks + r->at, 1, &scale[0], &scale[1]);
}

/* Evenly chosen ones of the leading axes' places, and the one with the best cell. */
static void
add_grids(text *t, const report *r)
{
    const input *in = &r->in;
    int64_t plane = in->shape[in->ndim - 2] * in->shape[in->ndim - 1], slabs = in->n_views / plane;
    int64_t chosen[MOST_HEATS], n = choose_places(slabs, MOST_HEATS, chosen), best = r->best / plane, nearest = 0;
    double *values = take_numbers(t, plane), scale[2];
    char **rows = axis_names(in, in->ndim - 2), **columns = axis_names(in, in->ndim - 1);
    for (int64_t i = 1; i < n; i++)
        if (llabs(chosen[i] - best) < llabs(chosen[nearest] - best))
            nearest = i;
    chosen[nearest] = best;
    find_scale(r, scale);
    t->failed |= !rows || !columns;
    for (int64_t i = 0; !t->failed && i < n; i++)
        draw_grid(t, r, chosen[i], rows, columns, values, scale);
    if (slabs > n)
        add(t, "<p class=\"quiet\">%lld more such picture%s not drawn; the numbers are in report.json.</p>\n",
            (long long)(slabs - n), slabs - n == 1 ? " is" : "s are");
    free_texts(rows, in->shape[in->ndim - 2]);
    free_texts(columns, in->shape[in->ndim - 1]);
    free(values);
}

/* ---- concepts ---- */

static void
add_per_concept(text *t, const report *r)
{
    bool over_k = r->n_path < 2;
    int64_t c = r->knn_of.count, columns = over_k ? 0 : r->n_path, at[8];
    char digits[8][24];
    const char *ks[8];
    static const int64_t some[] = {1, 2, 5, 10, 20, 30, 40, 50};
    for (int i = 0; over_k && i < 8 && some[i] <= r->n_ks; i++, columns++) {
        at[i] = some[i] - 1;
        snprintf(digits[i], sizeof digits[i], "%lld", (long long)some[i]);
        ks[i] = digits[i];
    }
    double *values = take_numbers(t, c * columns);
    for (int64_t i = 0; values && i < c * columns; i++)
        values[i] = value_at(r->knn, CONCEPTDEC_R_PER_CONCEPT, over_k ? r->best : r->path[i % columns], r->n_ks * c,
                             (over_k ? at[i % columns] : r->at) * c + i / columns);
    heat h = {.title = "Decodability of each concept", .row_title = "concept",
              .column_title = over_k ? "k" : axis_title(r), .rows = c,
              .columns = columns, .row_names = r->knn_of.names, .column_names = over_k ? ks : r->places,
              .value = values, .least = 0, .most = 1};
    number_table table = {.summary = "Numbers", .corner = "concept", .rows = c, .columns = columns,
                          .row_names = h.row_names,
                          .column_names = h.column_names, .value = values, .digits = 4, .marked = -1};
    if (values) {
        open_figure(t, is_wide(&h), "Each concept", over_k ? "Decodability among the samples of each concept, over k." :
                    "Decodability among the samples of each concept, at k = %lld.", (long long)r->ks[r->at]);
        add_heat(t, &h);
        close_figure(t, &table);
    }
    free(values);
}

static void
add_confusion(text *t, const report *r)
{
    int64_t c = r->knn_of.count;
    const double *counts = values_of(r->confusion, CONCEPTDEC_R_CONFUSION);
    double *shares = take_numbers(t, c * c);
    char where[200];
    for (int64_t i = 0; shares && i < c; i++) {
        double sum = 0;
        for (int64_t j = 0; j < c; j++)
            sum += counts[i * c + j];
        for (int64_t j = 0; j < c; j++)
            shares[i * c + j] = sum > 0 ? counts[i * c + j] / sum : NAN;
    }
    heat h = {.title = "Confusion of concepts", .row_title = "concept", .column_title = "taken for", .rows = c,
              .columns = c,
              .row_names = r->knn_of.names, .column_names = r->knn_of.names, .value = shares, .least = 0, .most = 1};
    number_table table = {.summary = "Numbers", .corner = "concept", .rows = c, .columns = c,
                          .row_names = r->knn_of.names,
                          .column_names = r->knn_of.names, .value = shares, .digits = 4, .marked = -1};
    name_best(r, where, sizeof where);
    if (shares) {
        open_figure(t, is_wide(&h), "What is taken for what",
                    "Share of each concept's samples (rows) that their neighbours name so (columns), at %s, "
                    "k = %lld.",
                    where, (long long)r->ks[r->at]);
        add_heat(t, &h);
        close_figure(t, &table);
    }
    free(shares);
}

/* ---- points ---- */

/* Mean place of each concept. */
static void
find_centres(const report *r, const double *xy, double *centre)
{
    int64_t classes = r->in.classes;
    for (int64_t i = 0; i < 2 * classes; i++)
        centre[i] = 0;
    for (int64_t i = 0; i < r->in.n; i++)
        for (int side = 0; side < 2 && r->in.labels[i] >= 0; side++)
            centre[2 * r->in.labels[i] + side] += xy[2 * i + side] / (double)r->in.class_count[r->in.labels[i]];
}

/* x and y of each sample; the second one of a matrix of one column is 0. */
static double *
places_of(text *t, const report *r, const projection *p)
{
    conceptdec_array array;
    double *xy = take_numbers(t, 2 * r->in.n);
    if (!xy || conceptdec_result_get(p->points, CONCEPTDEC_R_TRANSFORMED, &array) != CONCEPTDEC_OK)
        return xy;
    for (int64_t i = 0; i < r->in.n; i++)
        for (int64_t side = 0; side < 2; side++)
            xy[2 * i + side] = side < array.shape[1] ? ((const double *)array.data)[i * array.shape[1] + side] : 0;
    return xy;
}

static scatter
scatter_of(const report *r, const double *xy, bool is_small)
{
    int64_t most = is_small ? 1200 : 5000;
    return (scatter){.title = "Principal components", .count = r->in.n, .xy = xy, .concept = r->in.labels,
                     .concepts = r->in.classes,
                     .names = (const char *const *)r->in.class_names, .step = (r->in.n + most - 1) / most,
                     .is_small = is_small};
}

static void
add_large_scatter(text *t, const report *r)
{
    static const char *const titles[] = {"PC 1", "PC 2"};
    const projection *p = &r->projections[0];
    double *xy = places_of(t, r, p), *centre = take_numbers(t, 2 * r->in.classes);
    char x_title[80], y_title[80], where[200], drawn[80] = "";
    if (xy && centre) {
        scatter s = scatter_of(r, xy, false);
        find_centres(r, xy, centre);
        snprintf(x_title, sizeof x_title, "PC 1, %.1f %% of the variance", 100 * p->share[0]);
        snprintf(y_title, sizeof y_title, "PC 2, %.1f %%", 100 * p->share[1]);
        s.x_title = x_title, s.y_title = y_title;
        name_best(r, where, sizeof where);
        if (s.step > 1)
            snprintf(drawn, sizeof drawn, " One of %lld samples is drawn.", (long long)s.step);
        number_table table = {.summary = "Mean of each concept; the points are in report.json", .corner = "concept",
                              .rows = r->in.classes, .columns = 2,
                              .row_names = s.names, .column_names = titles, .value = centre, .digits = 4, .marked = -1};
        open_figure(t, false, "What it looks like",
                    "Samples at %s along the two directions of largest variance: they need not be those that hold the "
                    "concept.%s",
                    where, drawn);
        add_scatter(t, &s);
        close_figure(t, &table);
    }
    free(xy);
    free(centre);
}

static void
add_small_scatter(text *t, const report *r, const projection *p)
{
    double *xy = places_of(t, r, p);
    text title = {0};
    add(&title, "%s %s", axis_title(r), r->places[place_of(&r->in, p->cell, r->axis)]);
    if (xy && title.bytes) {
        scatter s = scatter_of(r, xy, true);
        s.title = title.bytes;
        add(t, "<div><p>");
        add_cut(t, title.bytes, SHOWN_NAME);
        add(t, " <span class=\"quiet\">%.0f&nbsp;%%</span></p>\n", 100 * (p->share[0] + p->share[1]));
        add_scatter(t, &s);
        add(t, "</div>\n");
    }
    t->failed |= title.failed;
    forget(&title);
    free(xy);
}

static void
add_small_scatters(text *t, const report *r)
{
    if (r->n_projections < 2)
        return;
    open_figure(
        t, false, "Along the layers",
        "The same at others, each along its own two components, with the share of the variance that these hold.");
    add(t, "<div class=\"small\">\n");
    for (int64_t i = 1; i < r->n_projections; i++)
        add_small_scatter(t, r, &r->projections[i]);
    add(t, "</div>");
    close_figure(t, NULL);
}

/* ---- subspaces ---- */

static void
add_overlap(text *t, const report *r)
{
    int64_t c = r->overlap_of.count;
    char where[200];
    heat h = {.title = "Overlap of the concepts' subspaces", .row_title = "concept", .column_title = "concept",
              .rows = c, .columns = c,
              .row_names = r->overlap_of.names, .column_names = r->overlap_of.names,
              .value = values_of(r->overlap[r->best_place], CONCEPTDEC_R_OVERLAP), .least = 0, .most = 1};
    number_table table = {.summary = "Numbers", .corner = "concept", .rows = c, .columns = c, .row_names = h.row_names,
                          .column_names = h.row_names,
                          .value = h.value, .digits = 4, .marked = -1};
    if (!h.value)
        return;
    name_best(r, where, sizeof where);
    open_figure(t, is_wide(&h), "Do concepts share directions",
                "Mean squared cosine between the %lld leading directions of the samples of two concepts, "
                "at %s; independent subspaces have %.3f.",
                (long long)r->rank, where, r->expected_overlap[r->best_place]);
    add_heat(t, &h);
    close_figure(t, &table);
}

static void
add_mean_overlap(text *t, const report *r)
{
    static const char *const titles[] = {"mean overlap", "independent"};
    int64_t n = r->n_path;
    line lines[] = {{"mean of all pairs", r->mean_overlap, NULL, NULL},
                    {"independent subspaces", r->expected_overlap, NULL, NULL}};
    curve c = {.title = "Mean overlap along the layers", .x_title = axis_title(r), .y_title = "overlap", .count = n,
               .places = r->places, .n_lines = 2,
               .lines = lines, .least = 0, .most = 1, .marked = r->best_place};
    double *rows = take_numbers(t, 2 * n);
    for (int64_t i = 0; rows && i < n; i++)
        rows[2 * i] = r->mean_overlap[i], rows[2 * i + 1] = r->expected_overlap[i];
    number_table table = {.summary = "Numbers", .corner = axis_title(r), .rows = n, .columns = 2,
                          .row_names = r->places, .column_names = titles,
                          .value = rows, .digits = 4, .marked = r->best_place};
    if (rows) {
        open_figure(t, false, "Where concepts part",
                    "Mean overlap of the subspaces of different concepts: 1 where all concepts vary along the same "
                    "directions.");
        add_curve(t, &c);
        close_figure(t, &table);
    }
    free(rows);
}

/* ---- probes ---- */

static void
add_probe_table(text *t, const report *r)
{
    static const char *const titles[] = {"accuracy",         "from", "to", "balanced", "macro F1", "log loss, bits",
                                         "calibration error"};
    static const char *const of[] = {CONCEPTDEC_R_ACCURACY,         CONCEPTDEC_R_CI_LOW,   CONCEPTDEC_R_CI_HIGH,
                                     CONCEPTDEC_R_BALANCED,         CONCEPTDEC_R_MACRO_F1, CONCEPTDEC_R_LOG_LOSS,
                                     CONCEPTDEC_R_CALIBRATION_ERROR};
    enum { N = sizeof titles / sizeof *titles };
    double *rows = take_numbers(t, N * r->n_path);
    for (int64_t i = 0; rows && i < N * r->n_path; i++)
        rows[i] = value_at(r->probe, of[i % N], r->path[i / N], 1, 0);
    number_table table = {.summary = "Logistic probe", .corner = r->axis < 0 ? "" : axis_title(r), .rows = r->n_path,
                          .columns = N,
                          .row_names = r->places, .column_names = titles, .value = rows, .digits = 3,
                          .marked = r->best_place};
    add(t, "<h2>Logistic probe</h2>\n<div class=\"card\">\n");
    if (rows && r->probe)
        add_number_table(t, &table);
    else
        add(t, "<p class=\"quiet\">Left out: see the notes.</p>\n");
    add(t, "</div>\n");
    free(rows);
}

void
add_pictures(text *t, report *r)
{
    add(t, "<h2>Decodability</h2>\n<div class=\"pictures\">\n");
    if (r->n_path > 1)
        add_layers(t, r);
    add_ks(t, r);
    if (r->in.ndim > 1) {
        add_axis_lines(t, r);
        add_grids(t, r);
    }
    add(t, "</div>\n<h2>Concepts</h2>\n<div class=\"pictures\">\n");
    add_per_concept(t, r);
    add_confusion(t, r);
    if (r->n_projections)
        add_large_scatter(t, r);
    add_small_scatters(t, r);
    add_overlap(t, r);
    if (r->n_path > 1 && r->overlap_of.count > 1)
        add_mean_overlap(t, r);
    add(t, "</div>\n");
    add_probe_table(t, r);
}
