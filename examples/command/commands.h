/* The sub-commands. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "arguments.h"

extern const sub_command info_command, knn_command; /* each in cmd_NAME.c */

/* NULL: there is none of that name. */
const sub_command *find_command(const char *name);

/* What the program is, all sub-commands; one sub-command with its options (help.c). */
void add_overview(text *t);
void add_help(text *t, const sub_command *sub);

#endif
