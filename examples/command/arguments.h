/* A command line that has been read: what stands behind `command`. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "command.h"

/* An option as it was given. */
typedef struct argument {
    const option *option;
    const char *given; /* as written */
    int64_t integer;
    double number;
    int choice;
    int64_t *integers;
    double *numbers;
    int64_t count; /* of integers or numbers */
} argument;

enum { MOST_FILES = 2, MOST_OPTIONS = 64 };

struct command {
    const sub_command *sub; /* NULL: none named yet */
    const char *files[MOST_FILES];
    int n_files;
    argument arguments[MOST_OPTIONS];
    int n_arguments;
    int argc; /* as the program was called */
    char **argv;
    conceptdec_ctx *ctx;
};

extern const option common_options[]; /* of every sub-command; ends with a name of NULL */

/* Reads what stands after the sub-command's name. An exit code. */
int read_arguments(command *c, int count, char **words);
void forget_arguments(command *c);
bool wants_help(const command *c);

/* The one of `count` names that `word` is most likely meant to be; NULL: it is like none. */
const char *nearest_name(const char *word, const char *const *names, int count);

#endif
