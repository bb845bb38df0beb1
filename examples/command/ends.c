/* Messages, progress on a terminal, Ctrl-C. */
#define _POSIX_C_SOURCE 200809L
#include "ends.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A handler has no argument: these are the program's, and it has one context. */
static conceptdec_ctx *volatile running;
static volatile sig_atomic_t interrupted;

/* ---- messages ---- */

static void
say(const command *c, const char *kind, const char *format, va_list arguments)
{
    char raw[2048];
    text shown = {0};
    clear_progress();
    vsnprintf(raw, sizeof raw, format, arguments);
    add_visible(&shown, raw);
    fprintf(stderr, "conceptdec%s%s: %s%s\n", c && c->sub ? " " : "", c && c->sub ? c->sub->name : "", kind,
            shown.failed ? "memory is exhausted" : shown.bytes ? shown.bytes : "");
    forget(&shown);
}

int
complain(const command *c, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(c, "", format, arguments);
    va_end(arguments);
    return code;
}

void
note(const command *c, const char *format, ...)
{
    if (is_quiet(c))
        return;
    va_list arguments;
    va_start(arguments, format);
    say(c, "note: ", format, arguments);
    va_end(arguments);
}

int
code_of(conceptdec_status status)
{
    switch (status) {
    case CONCEPTDEC_OK: return DONE;
    case CONCEPTDEC_EINVAL:
    case CONCEPTDEC_EK:
    case CONCEPTDEC_EFOLDS: return USAGE;
    case CONCEPTDEC_ENOMEM: return NO_MEMORY;
    case CONCEPTDEC_ECANCELLED: return INTERRUPTED;
    case CONCEPTDEC_EREAD:
    case CONCEPTDEC_EUNSUPPORTED: return FAILED;
    default: return status <= CONCEPTDEC_ESTRUCT_SIZE ? FAILED : BAD_INPUT;
    }
}

int
complain_of(const command *c, conceptdec_status status, const char *what)
{
    if (status == CONCEPTDEC_ECANCELLED)
        return complain(c, INTERRUPTED, "interrupted");
    const char *reason = c->ctx ? conceptdec_ctx_error(c->ctx) : "";
    if (!*reason)
        reason = conceptdec_status_name(status);
    static const char of_path[] = "path: "; /* the library's argument: its text has the file's name, which `what` is,
                                               too */
    if (what && !strncmp(reason, of_path, sizeof of_path - 1) && strstr(reason, what))
        what = NULL, reason += sizeof of_path - 1;
    if (code_of(status) == USAGE) /* it was the options, whatever they are about */
        what = NULL;
    return complain(c, code_of(status), "%s%s%s", what ? what : "", what ? ": " : "", reason);
}

/* ---- progress ---- */

enum { BAR = 30, REDRAW_NS = 50000000, SHOWN = 80 };

static int64_t drawn_at;
static int drawn; /* characters of the bar that stand on the terminal */

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void
clear_progress(void)
{
    if (drawn)
        fprintf(stderr, "\r%*s\r", drawn, "");
    drawn = 0;
}

static int32_t
show_progress(void *user, const conceptdec_progress *p)
{
    (void)user;
    int64_t now = now_ns();
    if (now - drawn_at < REDRAW_NS || p->total <= 0)
        return 1;
    drawn_at = now;
    double share = (double)p->done / (double)p->total;
    int full = (int)(share * BAR);
    char line[SHOWN], bar[BAR + 1];
    for (int i = 0; i < BAR; i++)
        bar[i] = i < full ? '=' : ' ';
    bar[BAR] = 0;
    int length = snprintf(line, sizeof line, "%-16.30s [%s] %3d %%", p->stage, bar, (int)(share * 100));
    length = length < SHOWN ? length : SHOWN - 1;
    fprintf(stderr, "\r%-*s", drawn > length ? drawn : length, line);
    fflush(stderr);
    drawn = length;
    return 1;
}

static bool
has_progress(const command *c)
{
    return isatty(2) && !is_quiet(c) && !(is_json(c) && !output_of(c) && isatty(1));
}

/* ---- Ctrl-C, and a polite end from outside ---- */

static void
interrupt(int number)
{
    (void)number;
    interrupted = 1;
    if (running)
        conceptdec_ctx_cancel(running);
}

static void
catch_interrupt(void)
{
    struct sigaction before, action;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    action.sa_flags = (int)SA_RESETHAND; /* the second one kills */
    static const int numbers[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!sigaction(numbers[i], NULL, &before) && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
}

bool
was_interrupted(void)
{
    return interrupted;
}

int
start_context(command *c)
{
    conceptdec_ctx_options options = {
        .struct_size = sizeof options,
        .threads = (int32_t)integer_of(c, "threads", 0),
        .progress = has_progress(c) ? show_progress : NULL,
    };
    conceptdec_status status = conceptdec_ctx_new(&options, &c->ctx);
    if (status != CONCEPTDEC_OK)
        return complain_of(c, status, "context");
    running = c->ctx;
    catch_interrupt();
    return DONE;
}

void
end_context(command *c)
{
    clear_progress();
    running = NULL;
    conceptdec_ctx_free(c->ctx);
    c->ctx = NULL;
}

/* ---- output ---- */

int
emit_to_stdout(const command *c, const text *t)
{
    if (t->failed)
        return complain(c, NO_MEMORY, "memory is exhausted");
    if (was_interrupted())
        return complain(c, INTERRUPTED, "interrupted");
    clear_progress();
    if (t->length)
        fwrite(t->bytes, 1, t->length, stdout);
    if (!fflush(stdout) && !ferror(stdout))
        return DONE;
    if (was_interrupted())
        return complain(c, INTERRUPTED, "interrupted");
    if (errno == EPIPE) /* the reader has seen enough */
        return FAILED;
    return complain(c, FAILED, "stdout: cannot be written: %s", strerror(errno));
}

int
emit(const command *c, const text *t)
{
    if (!output_of(c))
        return emit_to_stdout(c, t);
    if (was_interrupted())
        return complain(c, INTERRUPTED, "interrupted");
    return write_file(c, output_of(c), t);
}
