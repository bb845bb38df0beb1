/* What `conceptdec help` says: made of the same tables that command lines are read with. */
#include "commands.h"

#include <string.h>

static const sub_command *const commands[] = {
    &info_command,     &knn_command,     &probe_command,      &regression_command, &neighbors_command,
    &pca_command,      &umap_command,    &quality_command,    &overlap_command,    &similarity_command,
    &geometry_command, &vectors_command, &erase_command,      &curve_command,
    &report_command,
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0], WIDTH = 100, INDENT = 26 };

const sub_command *
find_command(const char *name)
{
    const char *names[N_COMMANDS];
    for (int i = 0; i < N_COMMANDS; i++) {
        names[i] = commands[i]->name;
        if (!strcmp(names[i], name))
            return commands[i];
    }
    const char *nearest = nearest_name(name, names, N_COMMANDS);
    if (nearest)
        complain(NULL, USAGE, "there is no sub-command '%s'; is it %s?", name, nearest);
    else
        complain(NULL, USAGE, "there is no sub-command '%s' (conceptdec help lists them)", name);
    return NULL;
}

/* Words in lines of WIDTH at most, the later ones indented; the cursor stands at `column`. */
static void
add_wrapped(text *t, const char *words, size_t column)
{
    while (*words) {
        size_t length = strcspn(words, " ");
        if (column > INDENT && column + 1 + length > WIDTH) {
            add(t, "\n%*s", INDENT, "");
            column = INDENT;
        } else if (column > INDENT) {
            add(t, " ");
            column++;
        }
        add_bytes(t, words, length);
        column += length;
        words += length + (words[length] == ' ');
    }
    add(t, "\n");
}

static void
add_option(text *t, const option *o)
{
    size_t before = t->length;
    add(t, "  --%s", o->name);
    if (o->kind == CHOICE)
        add(t, " %s", "WORD");
    else if (o->argument)
        add(t, " %s", o->argument);
    size_t column = t->length - before;
    if (column >= INDENT) {
        add(t, "\n");
        column = 0;
    }
    add(t, "%*s", (int)(INDENT - column), "");
    if (o->kind == CHOICE) {
        text both = {0};
        for (const char *byte = o->argument; *byte; byte++)
            add(&both, "%.*s%s", *byte != '|', byte, *byte == '|' ? ", " : "");
        add(&both, ": %s", o->help);
        add_wrapped(t, both.bytes ? both.bytes : "", INDENT);
        t->failed |= both.failed;
        forget(&both);
    } else {
        add_wrapped(t, o->help, INDENT);
    }
}

static bool
has_own(const sub_command *sub, const char *name)
{
    for (const option *o = sub->options; o && o->name; o++)
        if (!strcmp(o->name, name))
            return true;
    return false;
}

void
add_help(text *t, const sub_command *sub)
{
    add(t, "usage: conceptdec %s %s%s[OPTION]...\n\n%s.\n\noptions:\n", sub->name, sub->files, *sub->files ? " " : "",
        sub->summary);
    for (const option *o = sub->options; o && o->name; o++)
        add_option(t, o);
    add(t, "\noptions of every sub-command:\n");
    for (const option *o = common_options; o->name; o++)
        if (!has_own(sub, o->name))
            add_option(t, o);
}

void
add_overview(text *t)
{
    add(t, "usage: conceptdec SUB-COMMAND FILE [OPTION]...\n\n"
           "How well concepts can be read from a neural network's activations, and what these look like.\n\n"
           "sub-commands:\n");
    for (int i = 0; i < N_COMMANDS; i++) {
        add(t, "  %-*s", INDENT - 2, commands[i]->name);
        add_wrapped(t, commands[i]->summary, INDENT);
    }
    add(t, "\nActivations are a .npy or .safetensors file, or the index of sharded ones: samples x dimensions are the "
           "last\n"
           "two axes, those before them a grid (layers; steps, layers). Labels are integers, one for each sample.\n\n"
           "  conceptdec help SUB-COMMAND   its options\n"
           "  conceptdec --version          version, processor kernels, BLAS\n\n"
           "exit codes: 0 done, 1 failed, 2 bad command line, 3 bad input, 4 out of memory, 130 interrupted\n");
}
