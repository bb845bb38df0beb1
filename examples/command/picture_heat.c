/* Matrices of colours. */
#include "page.h"

#include <math.h>
#include <stdlib.h>

enum { NARROW = 440, WIDE = 940, TOP = 40, NAME = 18 };

typedef struct sheet {
    const heat *h;
    double width, height, left, top, cell_width, cell_height, gap;
    double least, most;
    bool is_turned, has_numbers;
    int64_t every_row, every_column; /* one of so many has its name */
} sheet;

bool
is_wide(const heat *h)
{
    return h->columns > 24;
}

static double
clamp(double value, double least, double most)
{
    return fmin(fmax(value, least), most);
}

static double
row_height(const heat *h, double cell_width)
{
    if (h->rows == h->columns) /* square where it can be */
        return clamp(cell_width, 4, 40);
    return h->rows <= 12 ? clamp(cell_width, 22,
                                 30) : h->rows <= 30 ? 18 : h->rows <= 60 ? 13 : clamp(900.0 / (double)h->rows, 5, 13);
}

static sheet
sheet_of(const heat *h)
{
    sheet s = {.h = h, .width = is_wide(h) ? WIDE : NARROW, .top = TOP, .least = INFINITY, .most = -INFINITY};
    s.left = 30 + 8.2 * (double)widest(h->row_names, h->rows, NAME);
    s.cell_width = fmin((s.width - s.left - 8) / (double)h->columns, 96);
    s.left += (s.width - s.left - 8 - s.cell_width * (double)h->columns) / 2;
    s.cell_height = row_height(h, s.cell_width);
    s.gap = fmin(s.cell_width, s.cell_height) >= 10 ? 1 : 0;
    s.has_numbers = s.cell_width >= 29 && s.cell_height >= 15;
    int64_t characters = widest(h->column_names, h->columns, NAME);
    double needed = 7.2 * (double)characters + 6;
    s.is_turned = needed > s.cell_width && characters > 4;
    s.every_row = (int64_t)ceil(12.5 / s.cell_height);
    s.every_column = (int64_t)ceil((s.is_turned ? 13.5 : needed) / s.cell_width);
    s.height = s.top + s.cell_height * (double)h->rows + 42 + (s.is_turned ? 4.7 * (double)characters : 0);
    if (!extend(h->value, h->rows * h->columns, &s.least, &s.most))
        s.least = 0, s.most = 1;
    if (h->least < h->most)
        s.least = h->least, s.most = h->most;
    if (s.most <= s.least)
        s.most = s.least + 1;
    return s;
}

static int
level_of(const sheet *s, double value)
{
    return (int)clamp(floor(LEVELS * (value - s->least) / (s->most - s->least)), 0, LEVELS - 1);
}

/* Least, colours, greatest. */
static void
add_scale(text *t, const sheet *s)
{
    double x = s->left + 32, width = 4;
    add(t, "<text class=\"e\" x=\"%.1f\" y=\"19\">%.2f</text>\n", x - 5, s->least);
    for (int level = 0; level < LEVELS; level++)
        add(t, "<rect class=\"q%d\" x=\"%.1f\" y=\"10\" width=\"%.1f\" height=\"10\"/>", level, x + width * level,
            width + (level < LEVELS - 1) * 0.5);
    add(t, "\n<text x=\"%.1f\" y=\"19\">%.2f</text>\n", x + width * LEVELS + 5, s->most);
}

/* Cells of one level from `column` on in a row, which are drawn as one where there are no gaps. */
static int64_t
run_of(const sheet *s, const double *row, int64_t column, int level)
{
    int64_t run = 1;
    while (s->gap == 0 && column + run < s->h->columns && !isnan(row[column + run]) &&
           level_of(s, row[column + run]) == level)
        run++;
    return run;
}

static void
add_cells(text *t, const sheet *s, int level)
{
    bool any = false;
    for (int64_t i = 0; i < s->h->rows; i++)
        for (int64_t j = 0, run; j < s->h->columns; j += run) {
            const double *row = s->h->value + i * s->h->columns;
            run = 1;
            if (isnan(row[j]) || level_of(s, row[j]) != level)
                continue;
            run = run_of(s, row, j, level);
            if (!any)
                add(t, "<path class=\"q%d\" d=\"", level);
            any = true;
            double width = s->cell_width * (double)run - s->gap;
            add(t, "M%.1f %.1fh%.1fv%.1fh-%.1fz", s->left + s->cell_width * (double)j,
                s->top + s->cell_height * (double)i, width, s->cell_height - s->gap, width);
        }
    if (any)
        add(t, "\"/>\n");
}

static void
add_undefined(text *t, const sheet *s)
{
    bool any = false;
    for (int64_t i = 0; i < s->h->rows * s->h->columns; i++) {
        if (!isnan(s->h->value[i]))
            continue;
        if (!any)
            add(t, "<path class=\"none\" d=\"");
        any = true;
        double x = s->left + s->cell_width * (double)(i % s->h->columns),
               y = s->top + s->cell_height * (double)(i / s->h->columns);
        double width = s->cell_width - s->gap, height = s->cell_height - s->gap;
        add(t, "M%.1f %.1fl%.1f %.1fm0 -%.1fl-%.1f %.1f", x, y, width, height, height, width, height);
    }
    if (any)
        add(t, "\"/>\n");
}

static void
add_numbers(text *t, const sheet *s)
{
    add(t, "<g class=\"n\">");
    for (int64_t i = 0; i < s->h->rows * s->h->columns; i++) {
        double value = s->h->value[i];
        if (isnan(value))
            continue;
        add(t, "<text class=\"i%d\" x=\"%.1f\" y=\"%.1f\">%.2f</text>\n", level_of(s, value),
            s->left + s->cell_width * ((double)(i % s->h->columns) + 0.5) - s->gap / 2,
            s->top + s->cell_height * ((double)(i / s->h->columns) + 0.5) + 3.5, fabs(value) < 0.005 ? 0 : value);
    }
    add(t, "</g>\n");
}

static void
add_names(text *t, const sheet *s)
{
    const heat *h = s->h;
    double bottom = s->top + s->cell_height * (double)h->rows;
    for (int64_t i = 0; i < h->rows; i += s->every_row)
        add_label(t, "e", s->left - 6, s->top + s->cell_height * ((double)i + 0.5) + 3.5, h->row_names[i], NAME);
    for (int64_t j = 0; j < h->columns; j += s->every_column) {
        double x = s->left + s->cell_width * ((double)j + 0.5);
        if (s->is_turned)
            add_turned_label(t, x + 4, bottom + 12, h->column_names[j], NAME);
        else
            add_label(t, "m", x, bottom + 15, h->column_names[j], NAME);
    }
    add_label(t, "m a", s->left + s->cell_width * (double)h->columns / 2, s->height - 6, h->column_title, 60);
    add(t, "<text class=\"m a\" transform=\"translate(%.1f %.1f) rotate(-90)\">",
        s->left - 15 - 8.2 * (double)widest(h->row_names, h->rows, NAME), (s->top + bottom) / 2);
    add_cut(t, h->row_title, 40);
    add(t, "</text>\n");
}

void
add_heat(text *t, const heat *h)
{
    sheet s = sheet_of(h);
    char description[160];
    snprintf(description, sizeof description, "%lld rows by %lld columns, from %.3f to %.3f", (long long)h->rows,
             (long long)h->columns, s.least, s.most);
    open_svg(t, is_wide(h) ? "heat wide" : "heat", s.width, s.height, h->title, description);
    add_scale(t, &s);
    for (int level = 0; level < LEVELS; level++)
        add_cells(t, &s, level);
    add_undefined(t, &s);
    if (s.has_numbers)
        add_numbers(t, &s);
    add_names(t, &s);
    close_svg(t);
}
