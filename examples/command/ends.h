/* What stands between the library and the terminal: signals, progress, the end. */
#ifndef ENDS_H
#define ENDS_H

#include "arguments.h"

/* Makes the context, whose calls Ctrl-C stops: the first one asks, the second one kills. An exit code. */
int start_context(command *c);
void end_context(command *c);
bool was_interrupted(void);
int code_of(conceptdec_status status); /* the exit code of what the library answered */
void clear_progress(void); /* before anything else is written to the terminal */

/* Writes a text to -o or to stdout; nothing after Ctrl-C. An exit code. */
int emit(const command *c, const text *t);
int emit_to_stdout(const command *c, const text *t);

#endif
