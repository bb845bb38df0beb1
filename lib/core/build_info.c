/* What the library is and runs on, and what is worth a warning. */
#include "json.h"

#include <stdio.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/narrow.h"

#define WARNING_SIZE 400

const char *
conceptdec_i_compiler(void)
{
#if defined(__clang__)
    return __VERSION__; /* names itself: "Clang 14.0.6" */
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

static bool
is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(name, *names) != 0)
        names++;
    return *names != NULL;
}

/* OpenBLAS's names of its kernels. A processor that it does not know gets those of a much older one. */
bool
conceptdec_i_blas_warning(const char *core, uint32_t kernels, char *text, uint64_t size)
{
    static const char *const with_avx512[] = {"SkylakeX", "Cooperlake", "SapphireRapids", "Sapphirerapids", NULL};
    static const char *const without_avx2[] = {"Generic",     "Katmai", "Coppermine", "Northwood",    "Prescott",
                                               "Banias",      "Atom",   "Core2",      "Penryn",       "Nehalem",
                                               "Dunnington",  "Athlon", "Opteron",    "Opteron_SSE3", "Barcelona",
                                               "Nano",        "Bobcat", "Bulldozer",  "Piledriver",   "Steamroller",
                                               "Sandybridge", NULL};
    const char *has = NULL, *better = NULL;
    if ((kernels & CONCEPTDEC_KERNEL_AVX512) && !is_one_of(core, with_avx512)) {
        has = "AVX-512";
        better = "SkylakeX";
    } else if ((kernels & CONCEPTDEC_KERNEL_AVX2) && is_one_of(core, without_avx2)) {
        has = "AVX2";
        better = "Haswell";
    }
    if (has)
        snprintf(text, size,
                 "OpenBLAS runs its %s kernels although the processor has %s; factorisations are slower than they can "
                 "be: set OPENBLAS_CORETYPE=%s in the environment before the program starts",
                 core, has, better);
    return has != NULL;
}

static void
write_kernels(conceptdec_i_json *json, uint32_t available)
{
    conceptdec_i_json_key(json, "kernels");
    conceptdec_i_json_begin(json, '[');
    for (uint32_t bit = CONCEPTDEC_KERNEL_PORTABLE; bit <= CONCEPTDEC_KERNEL_NEON_DOTPROD; bit <<= 1) {
        const conceptdec_i_kernels *set = conceptdec_i_kernels_choose(bit);
        if (available & bit)
            conceptdec_i_json_string(json, set->bit == bit ? set->name : conceptdec_i_narrow_choose(bit)->name);
    }
    conceptdec_i_json_end(json, ']');
}

static void
write_blas(conceptdec_i_json *json, const conceptdec_i_blas_info *blas)
{
    conceptdec_i_json_key(json, "blas");
    conceptdec_i_json_begin(json, '{');
    conceptdec_i_json_text_of(json, "name", blas->name);
    conceptdec_i_json_text_of(json, "config", blas->config);
    conceptdec_i_json_text_of(json, "core", blas->core);
    conceptdec_i_json_signed_of(json, "threads", blas->threads);
    conceptdec_i_json_signed_of(json, "self_test", blas->self_test);
    conceptdec_i_json_end(json, '}');
}

static void
write_warnings(conceptdec_i_json *json, const conceptdec_i_blas_info *blas, uint32_t available)
{
    char text[WARNING_SIZE];
    conceptdec_i_json_key(json, "warnings");
    conceptdec_i_json_begin(json, '[');
    if (blas->self_test >= 0 && conceptdec_i_blas_warning(blas->core, available, text, sizeof text))
        conceptdec_i_json_string(json, text);
    if (blas->self_test == 0)
        conceptdec_i_json_string(json, "BLAS or LAPACK gives wrong results for a 2 x 2 problem: the library that is "
                                       "loaded is not the one that this one was built with (32-bit integers)");
    conceptdec_i_json_end(json, ']');
}

static char *
write_info(const conceptdec_ctx *ctx)
{
    conceptdec_i_blas_info blas;
    conceptdec_i_blas_describe(&blas);
    uint32_t available = conceptdec_i_kernels_available();
    conceptdec_i_json json;
    conceptdec_i_json_open(&json, ctx->memory);
    conceptdec_i_json_begin(&json, '{');
    conceptdec_i_json_text_of(&json, "version", CONCEPTDEC_VERSION_STRING);
    conceptdec_i_json_signed_of(&json, "abi", CONCEPTDEC_ABI_VERSION);
    conceptdec_i_json_text_of(&json, "compiler", conceptdec_i_compiler());
    conceptdec_i_json_text_of(&json, "kernel", ctx->kernels->name);
    write_kernels(&json, available);
    conceptdec_i_json_signed_of(&json, "threads", ctx->options.threads);
    write_blas(&json, &blas);
    write_warnings(&json, &blas, available);
    conceptdec_i_json_end(&json, '}');
    return conceptdec_i_json_close(&json);
}

conceptdec_status
conceptdec_ctx_build_info(conceptdec_ctx *ctx, const char **json)
{
    if (!ctx)
        return CONCEPTDEC_ENULL;
    ctx->error[0] = '\0';
    if (!json)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENULL, "json: is NULL");
    if (!ctx->build_info)
        ctx->build_info = write_info(ctx);
    if (!ctx->build_info)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "build info: cannot allocate its text");
    *json = ctx->build_info;
    return CONCEPTDEC_OK;
}
