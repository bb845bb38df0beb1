/* The sub-commands. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "arguments.h"

extern const sub_command info_command, knn_command, probe_command, regression_command, neighbors_command, pca_command,
    umap_command, quality_command, overlap_command, similarity_command, geometry_command, vectors_command,
    erase_command, curve_command;

/* NULL: there is none of that name. */
const sub_command *find_command(const char *name);

/* What the program is, all sub-commands; one sub-command with its options (help.c). */
void add_overview(text *t);
void add_help(text *t, const sub_command *sub);

#endif
