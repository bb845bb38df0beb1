#include "io/utf8.h"

/* Bytes of the character that a lead byte begins, and the range of the byte after it, which rules out overlong forms,
 * surrogates and what lies beyond U+10FFFF; 0: no lead byte. */
static uint64_t
character(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

bool
conceptdec_i_is_utf8(const char *text, uint64_t bytes)
{
    const unsigned char *p = (const unsigned char *)text;
    for (uint64_t i = 0; i < bytes;) {
        unsigned char low, high;
        uint64_t length = character(p[i], &low, &high);
        if (length == 0 || length > bytes - i)
            return false;
        for (uint64_t j = 1; j < length; j++, low = 0x80, high = 0xbf)
            if (p[i + j] < low || p[i + j] > high)
                return false;
        i += length;
    }
    return true;
}
