/* .npy files that are not what they should be. Replays the files below tests/fuzz/npy (made by corpus_files.py) and
 * changes to them; to search with libFuzzer see fuzz_model.c. */
#define _POSIX_C_SOURCE 200809L

#define TARGET "fuzz_npy"
#define FUZZ_PLAIN

#include "fuzz.h"
#include "look.h"

static bool
try_file(conceptdec_ctx *ctx, const char *path, const uint8_t *data, size_t size)
{
    (void)path;
    return look_at_bytes(ctx, data, size);
}
