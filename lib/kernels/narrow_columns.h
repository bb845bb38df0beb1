/* columns() word by word, for sets without bias; the set has defined nr. */
#include <string.h>

static void
columns(int64_t groups, const uint8_t *panels, int64_t panel_bytes, int64_t first, int64_t count, int8_t *out)
{
    const uint8_t *from[nr];
    for (int64_t j = 0; j < count; j++) {
        const int64_t item = first + j;
        from[j] = panels + item / CONCEPTDEC_I_PANEL * panel_bytes + item % CONCEPTDEC_I_PANEL * 4;
    }
    if (count < nr)
        memset(out, 0, (size_t)groups * nr * 4);
    for (int64_t g = 0; g < groups; g++)
        for (int64_t j = 0; j < count; j++)
            memcpy(out + (g * nr + j) * 4, from[j] + g * 4 * CONCEPTDEC_I_PANEL, 4);
}
