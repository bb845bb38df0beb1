/* Which concepts are large enough for a metric. */
#include "report.h"

#include <stdlib.h>

void
forget_selection(selection *s)
{
    free(s->concept);
    free(s->labels);
    free(s->names);
    *s = (selection){0};
}

static int
make_selection(const report *r, selection *s)
{
    size_t classes = (size_t)r->in.classes, n = (size_t)r->in.n;
    s->concept = calloc(classes + 1, sizeof *s->concept);
    s->labels = calloc(n + 1, sizeof *s->labels);
    s->names = calloc(classes + 1, sizeof *s->names);
    if (s->concept && s->labels && s->names)
        return DONE;
    return complain(r->c, NO_MEMORY, "memory is exhausted");
}

/* Names the first of them, counts the rest. */
static bool
note_left_out(report *r, const selection *s, int64_t least, const char *what, const char *why)
{
    enum { NAMED = 8 };
    text t = {0};
    int64_t left = 0;
    for (int64_t c = 0, kept = 0; c < r->in.classes; c++) {
        if (kept < s->classes && s->concept[kept] == c) {
            kept++;
            continue;
        }
        if (left++ < NAMED)
            add(&t, "%s%s (%lld)", left > 1 ? ", " : "", r->in.class_names[c], (long long)r->in.class_count[c]);
    }
    if (left > NAMED)
        add(&t, " and %lld more", (long long)(left - NAMED));
    bool good = !t.failed;
    if (good && left)
        good = keep_note(r, "%s: left out, with fewer than %lld samples: %s. %s", what, (long long)least, t.bytes, why);
    forget(&t);
    return good;
}

int
select_concepts(report *r, selection *s, int64_t least, const char *what, const char *why)
{
    int code = make_selection(r, s);
    if (code != DONE)
        return code;
    for (int64_t c = 0; c < r->in.classes; c++) {
        if (r->in.class_count[c] < least)
            continue;
        s->names[s->classes] = r->in.class_names[c];
        s->concept[s->classes++] = c;
    }
    for (int64_t i = 0; i < r->in.n; i++) {
        int64_t place = 0;
        while (place < s->classes && s->concept[place] != r->in.labels[i])
            place++;
        s->labels[i] = place < s->classes ? place : -1;
    }
    s->view = (conceptdec_matrix){.data = s->labels, .rows = r->in.n, .cols = 1, .row_stride = sizeof *s->labels,
                                  .col_stride = sizeof *s->labels, .dtype = CONCEPTDEC_INT64};
    return note_left_out(r, s, least, what, why) ? DONE : complain(r->c, NO_MEMORY, "memory is exhausted");
}
