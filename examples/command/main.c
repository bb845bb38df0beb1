/* conceptdec, the command: a sub-command for each capability of the library, over files of activations. */
#define _POSIX_C_SOURCE 200809L
#include "commands.h"
#include "ends.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <limits.h>
#include <malloc.h>
#endif

#define SPIN "18" /* OpenBLAS's threads wait 2^18 cycles for their next call, not 2^26, in which they slow down the
                     library's */

/* Debian's OpenBLAS does not know newer processors and takes kernels that are several times slower; it reads its
 * variables before main(), so the program starts once more. The library never does this. */
static void
set_up_blas(char **argv)
{
#ifdef __x86_64__
    const char *core = __builtin_cpu_supports("avx512bw") ? "SkylakeX"
                       : __builtin_cpu_supports("avx2")   ? "Haswell"
                                                          : NULL;
    const bool is_set_up = getenv("OPENBLAS_CORETYPE") && getenv("OPENBLAS_THREAD_TIMEOUT");
    if (!core || is_set_up || getenv("CONCEPTDEC_COMMAND_RESTARTED"))
        return;
    if (!setenv("OPENBLAS_CORETYPE", core, 0) && !setenv("OPENBLAS_THREAD_TIMEOUT", SPIN, 0) &&
        !setenv("CONCEPTDEC_COMMAND_RESTARTED", "1", 1))
        execv("/proc/self/exe", argv);
#else
    (void)argv;
#endif
}

/* What one call of the library gives back the next one takes again, rather than pages that the system fills with
 * zeros. */
static void
keep_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_MAX, 0);
    (void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

static int
print(const command *c, text *t)
{
    int code = emit_to_stdout(c, t);
    forget(t);
    return code;
}

static int
print_version(command *c)
{
    text t = {0};
    const char *json;
    int code = start_context(c);
    if (!code) {
        conceptdec_status status = conceptdec_ctx_build_info(c->ctx, &json);
        if (status == CONCEPTDEC_OK)
            add(&t, "conceptdec %s\n%s\n", conceptdec_version(), json);
        code = status == CONCEPTDEC_OK ? print(c, &t) : complain_of(c, status, NULL);
    }
    end_context(c);
    return code;
}

/* `conceptdec help`, `conceptdec help NAME`. */
static int
print_help(const command *c, const char *name)
{
    text t = {0};
    const sub_command *sub = name ? find_command(name) : NULL;
    if (name && !sub)
        return USAGE;
    if (sub)
        add_help(&t, sub);
    else
        add_overview(&t);
    return print(c, &t);
}

static int
run(command *c, int count, char **words)
{
    int code = read_arguments(c, count, words);
    if (!code && wants_help(c))
        return print_help(c, c->sub->name);
    if (!code)
        code = start_context(c);
    if (!code)
        code = c->sub->run(c);
    end_context(c);
    return code;
}

static bool
is_word(const char *word, const char *one, const char *other)
{
    return !strcmp(word, one) || !strcmp(word, other);
}

int
main(int argc, char **argv)
{
    static command c; /* large */
    c.argc = argc, c.argv = argv;
    if (conceptdec_abi_version() != CONCEPTDEC_ABI_VERSION)
        return complain(NULL, FAILED, "the library is another version than the command was built with");
    if (argc < 2)
        return complain(NULL, USAGE, "which sub-command? (conceptdec help lists them)");
    set_up_blas(argv);
    keep_memory();
    if (is_word(argv[1], "help", "--help") || !strcmp(argv[1], "-h"))
        return print_help(&c, argc > 2 ? argv[2] : NULL);
    if (is_word(argv[1], "version", "--version"))
        return print_version(&c);
    if (argv[1][0] == '-')
        return complain(NULL, USAGE, "the sub-command stands first (conceptdec help lists them)");
    c.sub = find_command(argv[1]);
    int code = c.sub ? run(&c, argc - 2, argv + 2) : USAGE;
    forget_arguments(&c);
    return code;
}
