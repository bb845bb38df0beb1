/* conceptdec report: a page with pictures, and all its numbers. */
#define _POSIX_C_SOURCE 200809L
#include "commands.h"
#include "page_parts.h"
#include "show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const option options[] = {
    INPUT_OPTIONS,
    {"k", INTEGER, "K", 1, 1e6, "neighbours that vote in the curves over layers; default 10"},
    {"most-k", INTEGER, "K", 1, 1000, "end of the curve over k; default 50"},
    {"metric", CHOICE, "l2|cosine", 0, 0, "distance of neighbours"},
    {"permutations", INTEGER, "P", 20, 1e5, "draws of the null; default 200"},
    {"permute", CHOICE, "free|within|whole", 0, 0, "with --groups: among all samples, within groups, or whole groups"},
    {"bootstrap", INTEGER, "B", 20, 1e5, "draws of the intervals; default 500"},
    {"folds", INTEGER, "F", 2, 1000, "of the logistic probe; default 5"},
    {"lambda", NUMBER, "L", 1e-12, 1e12, "penalty of the logistic probe; default 1/n, scikit-learn's C = 1"},
    {"rank", INTEGER, "R", 1, 1000, "directions of a concept's subspace; default 10"},
    {"output", TEXT, "FOLDER", 0, 0,
     "also -o: the folder of index.html and report.json, which is made; default report"},
    {0},
};

/* ---- stdout ---- */

static void
add_line(table *t, const report *r, int64_t place)
{
    int64_t at = r->path[place];
    text name = {0};
    add_cell_name(&name, &r->in, at);
    add_word(t, name.bytes ? name.bytes : "");
    add_value(t, value_at(r->knn, CONCEPTDEC_R_DECODABILITY, at, r->n_ks, r->at));
    add_value(t, value_at(r->knn, CONCEPTDEC_R_CI_LOW, at, r->n_ks, r->at));
    add_value(t, value_at(r->knn, CONCEPTDEC_R_CI_HIGH, at, r->n_ks, r->at));
    add_value(t, r->chance_low[at * r->n_ks + r->at]);
    add_value(t, r->chance_high[at * r->n_ks + r->at]);
    add_value(t, value_at(r->probe, CONCEPTDEC_R_ACCURACY, at, 1, 0));
    add_value(t, r->mean_overlap[place]);
    t->failed |= name.failed;
    forget(&name);
}

static int
show_report(const report *r, const text *json)
{
    static const char *const titles[] = {"decodability", "low",   "high",   "chance low",
                                         "chance high",  "probe", "overlap"};
    table t = {0};
    add_column(&t, r->axis < 0 ? "matrix" : "cell", WORD);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        add_column(&t, titles[i], SCORE);
    for (int64_t place = 0; place < r->n_path; place++)
        add_line(&t, r, place);
    int code = show_beside(r->c, &t, json);
    forget_table(&t);
    return code;
}

/* ---- files ---- */

static char *
in_folder(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static int
write_in(const report *r, const char *folder, const char *name, const text *t)
{
    char *path = in_folder(folder, name);
    int code = path ? write_file(r->c, path, t) : complain(r->c, NO_MEMORY, "memory is exhausted");
    free(path);
    return code;
}

/* The numbers first: a page is there only beside its numbers. */
static int
write_report(report *r, const char *folder)
{
    text json = {0}, page = {0};
    add_report_json(&json, r);
    add_page(&page, r);
    int code = json.failed || page.failed ? complain(r->c, NO_MEMORY, "memory is exhausted") : DONE;
    if (code == DONE)
        code = write_in(r, folder, "report.json", &json);
    if (code == DONE)
        code = write_in(r, folder, "index.html", &page);
    if (code == DONE)
        code = show_report(r, &json);
    forget(&json);
    forget(&page);
    return code;
}

/* Makes the folder before anything is computed: one that cannot be made is found out at once. */
static int
make_folder(const command *c, const char *folder, bool *is_new)
{
    struct stat there;
    *is_new = !mkdir(folder, 0777);
    if (*is_new)
        return DONE;
    if (errno != EEXIST)
        return complain(c, FAILED, "%s: the folder cannot be made: %s", folder, strerror(errno));
    if (stat(folder, &there) || !S_ISDIR(there.st_mode))
        return complain(c, FAILED, "%s: is there and is no folder", folder);
    return access(folder, W_OK) ? complain(c, FAILED, "%s: cannot be written to", folder) : DONE;
}

static int
run(command *c)
{
    report r = {.c = c, .ctx = context_of(c)};
    const char *folder = output_of(c) ? output_of(c) : "report";
    bool is_new = false;
    int code = open_input(c, 0, LABELS_NEEDED, &r.in);
    if (code == DONE)
        code = make_folder(c, folder, &is_new);
    if (code == DONE)
        code = measure(&r);
    if (code == DONE)
        code = write_report(&r, folder);
    if (code != DONE && is_new)
        rmdir(folder); /* stays where something is in it */
    forget_report(&r);
    close_input(&r.in);
    return code ? code : r.code;
}

const sub_command report_command = {
    "report", "ACTIVATIONS", "A page with pictures of where a concept can be read, and its numbers", 1, 1, options, run,
};
