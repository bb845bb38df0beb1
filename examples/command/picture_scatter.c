/* Points of concepts in a plane. */
#include "page.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 440, SMALL = 200, LEFT = 26, EDGE = 8, LINE = 18, NAME = 16, TOLD_APART = HUES * SHAPES };

typedef struct plane {
    const scatter *s;
    int64_t *mark; /* of each concept: 0..TOLD_APART-1, -1: grey */
    double left, top, side, height, scale, x0, y0;
} plane;

static bool
is_drawn(const scatter *s, int64_t point)
{
    return s->concept[point] >= 0 && !isnan(s->xy[2 * point]) && !isnan(s->xy[2 * point + 1]);
}

/* The largest concepts have colours and shapes; NULL where memory ran out. */
static int64_t *
marks_of(const scatter *s)
{
    int64_t *mark = malloc((size_t)(s->concepts + 1) * sizeof *mark),
            *count = calloc((size_t)s->concepts + 1, sizeof *count);
    for (int64_t i = 0; mark && count && i < s->count; i++)
        if (is_drawn(s, i))
            count[s->concept[i]]++;
    for (int64_t c = 0; mark && count && c < s->concepts; c++) {
        int64_t larger = 0;
        for (int64_t other = 0; other < s->concepts; other++)
            larger += count[other] > count[c] || (count[other] == count[c] && other < c);
        mark[c] = larger < TOLD_APART ? 0 : -1;
    }
    int64_t next = 0;
    for (int64_t c = 0; mark && count && c < s->concepts; c++)
        if (mark[c] == 0)
            mark[c] = next++;
    free(count);
    return mark;
}

/* Both axes on one scale, that distances are what they are; the frame is as low as the points allow. */
static void
fit(plane *p)
{
    double least[2] = {INFINITY, INFINITY}, most[2] = {-INFINITY, -INFINITY};
    for (int64_t i = 0; i < p->s->count; i++)
        for (int side = 0; side < 2 && is_drawn(p->s, i); side++)
            extend(p->s->xy + 2 * i + side, 1, &least[side], &most[side]);
    double width = most[0] - least[0], height = most[1] - least[1], larger = fmax(width, height);
    p->scale = larger > 0 ? (p->side - 2 * EDGE) / larger : 0;
    p->height = p->s->is_small ? p->side : fmin(p->side, fmax(p->side * 0.6, p->scale * height + 2 * EDGE));
    p->x0 = p->left + p->side / 2 - p->scale * (least[0] + width / 2);
    p->y0 = p->top + p->height / 2 + p->scale * (least[1] + height / 2);
    if (!(larger >= 0))
        p->scale = p->x0 = p->y0 = 0;
}

/* A point of shape 0 (round) or 1 (square) is a line of no length with such ends; 2 is a triangle. */
static void
add_mark(text *t, int64_t shape, double x, double y, double size)
{
    if (shape < 2)
        add(t, "M%.1f %.1fh0", x, y);
    else
        add(t, "M%.1f %.1fl%.1f %.1fh-%.1fz", x, y - size, size, 1.8 * size, 2 * size);
}

/* Class of all points of a mark. */
static void
open_marks(text *t, int64_t mark)
{
    if (mark < 0)
        add(t, "<path class=\"s0 other\" d=\"");
    else
        add(t, "<path class=\"s%d c%d\" d=\"", (int)(mark / HUES), (int)(mark % HUES));
}

/* Points of one concept among those of a round; concepts take turns, that none lies on all others. */
static void
add_points(text *t, const plane *p, int64_t concept, int64_t from, int64_t to)
{
    const scatter *s = p->s;
    bool any = false;
    for (int64_t i = from; i < to; i += s->step) {
        if (s->concept[i] != concept || !is_drawn(s, i))
            continue;
        if (!any)
            open_marks(t, p->mark[concept]);
        any = true;
        add_mark(t, p->mark[concept] / HUES, p->x0 + p->scale * s->xy[2 * i], p->y0 - p->scale * s->xy[2 * i + 1],
                 s->is_small ? 1.8 : 2.8);
    }
    add(t, any ? "\"/>\n" : "");
}

static void
add_all_points(text *t, const plane *p)
{
    enum { ROUNDS = 4 };
    const scatter *s = p->s;
    int64_t steps = (s->count + s->step - 1) / s->step;
    for (int is_told = 0; is_told < 2; is_told++) /* grey ones lie below */
        for (int64_t round = 0; round < ROUNDS; round++)
            for (int64_t c = 0; c < s->concepts; c++)
                if ((p->mark[c] >= 0) == is_told)
                    add_points(t, p, c, s->step * (steps * round / ROUNDS), s->step * (steps * (round + 1) / ROUNDS));
}

/* Returns the rows that the names take; draws them where `t` is not NULL. */
static int
add_names(text *t, const plane *p)
{
    double x = LEFT + 4;
    int row = 0;
    int64_t others = 0;
    for (int64_t c = 0; c <= p->s->concepts; c++) {
        bool is_rest = c == p->s->concepts;
        others += !is_rest && p->mark[c] < 0;
        if (is_rest ? others == 0 : p->mark[c] < 0)
            continue;
        char rest[40];
        snprintf(rest, sizeof rest, "%lld others", (long long)others);
        const char *name = is_rest ? rest : p->s->names[c];
        double width = 30 + 7.2 * (double)width_of(name, NAME);
        if (x > LEFT + 4 && x + width > WIDTH)
            x = LEFT + 4, row++;
        if (t) {
            open_marks(t, is_rest ? -1 : p->mark[c]);
            add_mark(t, is_rest ? 0 : p->mark[c] / HUES, x + 4, 10 + LINE * row, 4);
            add(t, "\"/>");
            add_label(t, "k", x + 13, 14 + LINE * row, name, NAME);
        }
        x += width;
    }
    return row + 1;
}

static void
add_frame(text *t, const plane *p)
{
    const scatter *s = p->s;
    add(t, "<rect class=\"frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"/>\n", p->left, p->top,
        p->side, p->height);
    if (s->is_small)
        return;
    add_label(t, "m a", p->left + p->side / 2, p->top + p->height + 18, s->x_title, 60);
    add(t, "<text class=\"m a\" transform=\"translate(14 %.1f) rotate(-90)\">", p->top + p->height / 2);
    add_cut(t, s->y_title, 60);
    add(t, "</text>\n");
}

void
add_scatter(text *t, const scatter *s)
{
    plane p = {.s = s, .mark = marks_of(s), .left = s->is_small ? 1 : LEFT,
               .side = s->is_small ? SMALL - 2 : WIDTH - LEFT - 1};
    if (!p.mark) {
        t->failed = true;
        return;
    }
    p.top = s->is_small ? 1 : 8 + LINE * add_names(NULL, &p);
    fit(&p);
    char description[160];
    snprintf(description, sizeof description, "%lld points of %lld concepts",
             (long long)((s->count + s->step - 1) / s->step), (long long)s->concepts);
    open_svg(t, s->is_small ? "scatter small" : "scatter", s->is_small ? SMALL : WIDTH,
             p.top + p.height + (s->is_small ? 1 : 26), s->title, description);
    add_frame(t, &p);
    if (!s->is_small)
        add_names(t, &p);
    add(t, "<g class=\"points\">\n");
    add_all_points(t, &p);
    add(t, "</g>\n");
    close_svg(t);
    free(p.mark);
}
