/* Lines with intervals over layers, or over k. */
#include "page.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 440, PLOT = 210, LEFT = 50, RIGHT = 14, LINE = 18, NAME = 26, MOST_DOTS = 40 };

typedef struct frame {
    const curve *c;
    ticks y;
    double top, bottom, left, right;
    bool is_turned; /* names of places */
    int64_t every;  /* one of so many places has its name */
} frame;

static double
x_of(const frame *f, int64_t place)
{
    return f->c->count < 2 ? (f->left + f->right) / 2
                           : f->left + (f->right - f->left) * (double)place / (double)(f->c->count - 1);
}

static double
y_of(const frame *f, double value)
{
    double inside = fmin(fmax(value, f->y.first), f->y.last); /* what is beyond the axis ends at it */
    return f->bottom - (f->bottom - f->top) * (inside - f->y.first) / (f->y.last - f->y.first);
}

static ticks
y_axis(const curve *c)
{
    double least = INFINITY, most = -INFINITY;
    bool any = false;
    for (int64_t i = 0; i < c->n_lines; i++) {
        any |= extend(c->lines[i].value, c->count, &least, &most);
        extend(c->lines[i].low, c->count, &least, &most);
        extend(c->lines[i].high, c->count, &least, &most);
    }
    extend(c->chance_low, c->count, &least, &most);
    extend(c->chance_high, c->count, &least, &most);
    if (c->least < c->most)
        least = c->least, most = c->most;
    else if (!any)
        least = 0, most = 1;
    else if (most - least < 1e-3)
        least -= 0.05, most += 0.05;
    return ticks_of(least, most, 5);
}

/* ---- the legend ---- */

/* A sample of a line, or of the band where `number` is HUES. */
static void
add_key(text *t, int64_t number, double x, double y, const char *name)
{
    if (number == HUES)
        add(t, "<rect class=\"chance\" x=\"%.1f\" y=\"%.1f\" width=\"22\" height=\"9\"/>", x, y - 8.5);
    else
        add(t, "<path class=\"l%d\" d=\"M%.1f %.1fh22\"/>", (int)(number % HUES), x, y - 4);
    add_label(t, "k", x + 27, y, name, NAME);
}

/* Returns the rows it takes; draws them where `t` is not NULL. */
static int
add_keys(text *t, const curve *c)
{
    double x = LEFT;
    int row = 0;
    for (int64_t i = 0; i <= c->n_lines; i++) {
        bool is_band = i == c->n_lines;
        if (is_band && !c->chance_low)
            break;
        const char *name = is_band ? "chance" : c->lines[i].name;
        double width = 42 + 7 * (double)width_of(name, NAME);
        if (x > LEFT && x + width > WIDTH)
            x = LEFT, row++;
        if (t)
            add_key(t, is_band ? HUES : i, x, 14 + LINE * row, name);
        x += width;
    }
    return row + 1;
}

/* ---- the plot ---- */

/* Places from..to-1 there and back. */
static void
add_band_part(text *t, const frame *f, const double *low, const double *high, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        add(t, "%c%.1f %.1f", i == from ? 'M' : 'L', x_of(f, i), y_of(f, high[i]));
    for (int64_t i = to - 1; i >= from; i--)
        add(t, "L%.1f %.1f", x_of(f, i), y_of(f, low[i]));
    add(t, "z");
}

static void
add_band(text *t, const frame *f, const char *class, int64_t number, const double *low, const double *high)
{
    add(t, number < 0 ? "<path class=\"%s\" d=\"" : "<path class=\"%s%d\" d=\"", class, (int)number);
    for (int64_t from = 0, to; from < f->c->count; from = to + 1) {
        for (to = from; to < f->c->count && !isnan(low[to]) && !isnan(high[to]); to++)
            continue;
        if (to > from + 1 || (to > from && f->c->count == 1))
            add_band_part(t, f, low, high, from, to);
    }
    add(t, "\"/>\n");
}

/* Intervals of so few places are bars. */
static void
add_bars(text *t, const frame *f, int64_t number, const line *l)
{
    add(t, "<path class=\"bar l%d\" d=\"", (int)number);
    for (int64_t i = 0; i < f->c->count; i++)
        if (!isnan(l->low[i]) && !isnan(l->high[i]))
            add(t, "M%.1f %.1fV%.1f", x_of(f, i), y_of(f, l->low[i]), y_of(f, l->high[i]));
    add(t, "\"/>\n");
}

static void
add_line(text *t, const frame *f, int64_t number, const line *l)
{
    bool is_new = true;
    add(t, "<path class=\"l%d\" d=\"", (int)number);
    for (int64_t i = 0; i < f->c->count; i++) {
        if (!isnan(l->value[i]))
            add(t, "%c%.1f %.1f", is_new ? 'M' : 'L', x_of(f, i), y_of(f, l->value[i]));
        is_new = isnan(l->value[i]);
    }
    add(t, f->c->count > MOST_DOTS ? "\"/>\n" : "\"/>\n<path class=\"dot l%d\" d=\"", (int)number);
    if (f->c->count > MOST_DOTS)
        return;
    for (int64_t i = 0; i < f->c->count; i++)
        if (!isnan(l->value[i]))
            add(t, "M%.1f %.1fh0", x_of(f, i), y_of(f, l->value[i]));
    add(t, "\"/>\n");
}

static void
add_y_axis(text *t, const frame *f)
{
    int steps = (int)floor((f->y.last - f->y.first) / f->y.step + 0.5);
    for (int i = 0; i <= steps; i++) {
        double value = f->y.first + i * f->y.step, y = y_of(f, value);
        add(t, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", f->left, y, f->right);
        add(t, "<text class=\"e\" x=\"%.1f\" y=\"%.1f\">%.*f</text>\n", f->left - 7, y + 4, f->y.digits,
            fabs(value) < 1e-12 ? 0 : value);
    }
    add(t, "<text class=\"m a\" transform=\"translate(13 %.1f) rotate(-90)\">", (f->top + f->bottom) / 2);
    add_cut(t, f->c->y_title, 34);
    add(t, "</text>\n");
}

static void
add_x_axis(text *t, const frame *f, double height)
{
    int64_t first = f->every > 1 && !strcmp(f->c->places[0], "1") ? f->every - 1 : 0; /* 1, 5, 10 ... rather than 1, 6,
                                                                                         11 ... */
    if (first)
        add_label(t, "m", x_of(f, 0), f->bottom + 17, "1", 1);
    for (int64_t i = first; i < f->c->count; i += f->every) {
        if (f->is_turned)
            add_turned_label(t, x_of(f, i) + 4, f->bottom + 14, f->c->places[i], 14);
        else
            add_label(t, "m", x_of(f, i), f->bottom + 17, f->c->places[i], 14);
    }
    add_label(t, "m a", (f->left + f->right) / 2, height - 6, f->c->x_title, 60);
}

static frame
frame_of(const curve *c, double *height)
{
    frame f = {
        .c = c, .y = y_axis(c), .top = 10 + LINE * add_keys(NULL, c), .left = LEFT + 8, .right = WIDTH - RIGHT - 8};
    f.bottom = f.top + PLOT;
    int64_t characters = widest(c->places, c->count, 14);
    double room = c->count < 2 ? WIDTH : (f.right - f.left) / (double)(c->count - 1);
    double needed = 7.2 * (double)characters + 8;
    f.is_turned = needed > room && characters > 4;
    f.every = (int64_t)ceil((f.is_turned ? 15 : needed) / room);
    if (!f.is_turned && f.every > 2 && f.every != 5) /* 0, 5, 10 ... are easier to read than 0, 3, 6 ... */
        f.every = f.every < 5 ? 5 : 10 * ((f.every + 9) / 10);
    *height = f.bottom + 44 + (f.is_turned ? 4.7 * (double)characters : 0);
    return f;
}

void
add_curve(text *t, const curve *c)
{
    double height;
    frame f = frame_of(c, &height);
    text description = {0};
    add(&description, "%lld lines over %lld places of %s, from %.*f to %.*f", (long long)c->n_lines,
        (long long)c->count, c->x_title, f.y.digits, f.y.first, f.y.digits, f.y.last);
    open_svg(t, "curve", WIDTH, height, c->title, description.failed ? "" : description.bytes);
    t->failed |= description.failed;
    forget(&description);
    add_keys(t, c);
    add_y_axis(t, &f);
    add_x_axis(t, &f, height);
    if (c->chance_low)
        add_band(t, &f, "chance", -1, c->chance_low, c->chance_high);
    if (c->marked >= 0)
        add(t, "<path class=\"mark\" d=\"M%.1f %.1fV%.1f\"/>\n", x_of(&f, c->marked), f.top, f.bottom);
    for (int64_t i = 0; i < c->n_lines; i++)
        if (c->lines[i].low && c->count > 1)
            add_band(t, &f, "b", i % HUES, c->lines[i].low, c->lines[i].high);
        else if (c->lines[i].low)
            add_bars(t, &f, i % HUES, &c->lines[i]);
    for (int64_t i = 0; i < c->n_lines; i++)
        add_line(t, &f, i % HUES, &c->lines[i]);
    close_svg(t);
}
