#ifndef CONCEPTDEC_I_UTF8_H
#define CONCEPTDEC_I_UTF8_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the bytes are UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
bool conceptdec_i_is_utf8(const char *text, uint64_t bytes);

#endif
