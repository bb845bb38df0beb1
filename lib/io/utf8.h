#ifndef CONCEPTDEC_I_UTF8_H
#define CONCEPTDEC_I_UTF8_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of the UTF-8 sequence at p, of which `left` > 0 are there; 0: none begins, it is longer than it must be, a
 * surrogate, or beyond U+10FFFF. */
int conceptdec_i_utf8_length(const unsigned char *p, int64_t left);
bool conceptdec_i_is_utf8(const char *text);

#endif
