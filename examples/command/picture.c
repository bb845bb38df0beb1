/* What pictures share: axes, names and the frame. */
#include "page.h"

#include <math.h>
#include <string.h>

ticks
ticks_of(double least, double most, int steps)
{
    double rough = (most - least) / steps, power = pow(10, floor(log10(rough)));
    static const double nice[] = {1, 2, 5, 10};
    int i = 0;
    while (i < 3 && nice[i] * power < rough * (1 - 1e-9))
        i++;
    ticks a = {.step = nice[i] * power};
    a.first = a.step * floor(least / a.step + 1e-9);
    a.last = a.step * ceil(most / a.step - 1e-9);
    a.digits = (int)fmax(0, -floor(log10(a.step) + 1e-9));
    return a;
}

void
open_svg(text *t, const char *kind, double width, double height, const char *title, const char *description)
{
    add(t,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"%s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
        kind, width, height);
    add_cut(t, title, 300);
    add(t, ". ");
    add_cut(t, description, 500);
    add(t, "\">\n<title>");
    add_cut(t, title, 300);
    add(t, "</title>\n<desc>");
    add_cut(t, description, 500);
    add(t, "</desc>\n");
}

void
close_svg(text *t)
{
    add(t, "</svg>\n");
}

void
add_label(text *t, const char *class, double x, double y, const char *name, int64_t most)
{
    add(t, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    add_ends(t, name, most);
    add(t, "</text>\n");
}

/* Ends at its place, from below on the left. */
void
add_turned_label(text *t, double x, double y, const char *name, int64_t most)
{
    add(t, "<text class=\"e\" transform=\"translate(%.1f %.1f) rotate(-45)\">", x, y);
    add_ends(t, name, most);
    add(t, "</text>\n");
}

int64_t
width_of(const char *name, int64_t most)
{
    int64_t width = 0;
    for (; *name && width < most; width++) {
        uint32_t code;
        int bytes = character((const unsigned char *)name, &code);
        name += bytes ? bytes : 1;
    }
    return width;
}

int64_t
widest(const char *const *names, int64_t count, int64_t most)
{
    int64_t width = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t own = width_of(names[i], most);
        width = own > width ? own : width;
    }
    return width;
}

/* Characters `from` to before `to`, counted from 0. */
static void
add_characters(text *t, const char *name, int64_t from, int64_t to)
{
    for (int64_t i = 0; *name && i < to; i++) {
        uint32_t code;
        int bytes = character((const unsigned char *)name, &code);
        char one[5] = {0};
        memcpy(one, name, (size_t)(bytes ? bytes : 1));
        if (i >= from)
            add_escaped(t, bytes == 0 || cannot_be_shown(code) ? "\xef\xbf\xbd" : one);
        name += bytes ? bytes : 1;
    }
}

void
add_cut(text *t, const char *name, int64_t most)
{
    bool is_long = width_of(name, most + 1) > most;
    add_characters(t, name, 0, most - is_long);
    add(t, is_long ? "\xe2\x80\xa6" : "");
}

void
add_ends(text *t, const char *name, int64_t most)
{
    int64_t width = width_of(name, INT64_MAX);
    if (width <= most) {
        add_characters(t, name, 0, width);
        return;
    }
    add_characters(t, name, 0, most / 2);
    add(t, "\xe2\x80\xa6");
    add_characters(t, name, width - (most - 1 - most / 2), width);
}

bool
extend(const double *values, int64_t count, double *least, double *most)
{
    bool found = false;
    for (int64_t i = 0; values && i < count; i++) {
        if (isnan(values[i]))
            continue;
        found = true;
        *least = fmin(*least, values[i]);
        *most = fmax(*most, values[i]);
    }
    return found;
}
