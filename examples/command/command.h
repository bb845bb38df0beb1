/* What the parts of the command share: what was asked for, and how it ends. */
#ifndef COMMAND_H
#define COMMAND_H

#include <conceptdec/conceptdec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes. */
enum { DONE = 0, FAILED = 1, USAGE = 2, BAD_INPUT = 3, NO_MEMORY = 4, INTERRUPTED = 130 };

/* One option of a sub-command. Values are checked while the command line is read. */
typedef enum { FLAG, TEXT, INTEGER, NUMBER, INTEGERS, NUMBERS, CHOICE } option_kind;

typedef struct option {
    const char *name;     /* "permutations", given as --permutations */
    option_kind kind;
    const char *argument; /* for the help: "P"; of a CHOICE its values, "l2|cosine" */
    double least, most;   /* of numbers; both 0: any */
    const char *help;
} option;

typedef struct command command;

/* A sub-command: its files, options (up to one without a name) and what does the work. */
typedef struct sub_command {
    const char *name, *files, *summary; /* "report", "ACTIVATIONS", one line */
    int least_files, most_files;
    const option *options;
    int (*run)(command *c); /* an exit code, after a text on stderr where it is not DONE */
} sub_command;

extern const sub_command report_command; /* report.c; the others stand in commands.h */

/* ---- what was asked for (arguments.c) ---- */

const char *file_of(const command *c, int index); /* NULL: not given */
bool is_given(const command *c, const char *option);
bool flag_of(const command *c, const char *option);
const char *text_of(const command *c, const char *option);               /* NULL: not given */
int64_t integer_of(const command *c, const char *option, int64_t if_not_given);
double number_of(const command *c, const char *option, double if_not_given);
int choice_of(const command *c, const char *option, int if_not_given);   /* index among the values */
const int64_t *integers_of(const command *c, const char *option, int64_t *count); /* "1,2,5" and "1..50" */
const double *numbers_of(const command *c, const char *option, int64_t *count);

/* Options that every sub-command has. */
conceptdec_ctx *context_of(const command *c); /* with --threads, progress, Ctrl-C */
uint64_t seed_of(const command *c);
bool is_json(const command *c);
bool is_quiet(const command *c);
const char *output_of(const command *c); /* -o, NULL: stdout */

/* ---- how it ends (ends.c) ---- */

/* "conceptdec report: TEXT" on stderr; returns `code`. */
int complain(const command *c, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same of what a call of the library answered, with the context's text; `what` it was about, or NULL. */
int complain_of(const command *c, conceptdec_status status, const char *what);
/* A line on stderr that is no error: a concept that is left out. Nothing with --quiet. */
void note(const command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- text files (text.c) ---- */

/* Text that grows; `failed` where memory ran out, and then nothing more is added. */
typedef struct text {
    char *bytes; /* ends with 0 */
    size_t length, capacity;
    bool failed;
} text;

void add(text *t, const char *format, ...) __attribute__((format(printf, 2, 3))); /* numbers as in the C locale */
void add_bytes(text *t, const char *bytes, size_t count);
void add_json(text *t, const char *string);     /* quoted and escaped; NULL: null */
void add_json_number(text *t, double value);    /* 17 digits at most; NaN, infinite: null */
/* As a terminal may see it: what is no character or controls the terminal is replaced. */
void add_visible(text *t, const char *string);
/* Bytes of the character at `s`, 0 where it is none: UTF-8 without overlong forms, surrogates and what is beyond. */
int character(const unsigned char *s, uint32_t *code);
/* Controls, what turns the direction of writing beyond the name, and what XML has no place for. */
bool cannot_be_shown(uint32_t code);
void add_escaped(text *t, const char *string);  /* for XML and HTML, in text and between double quotes */
void forget(text *t);                           /* frees */
/* Writes a temporary file beside `path`, which takes its name. An exit code. */
int write_file(const command *c, const char *path, const text *t);

#endif
