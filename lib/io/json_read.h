/* Reads JSON (RFC 8259) from memory, item by item, and takes no memory: strings are decoded where they stand. What is
 * not JSON is refused with the byte where it is not. */
#ifndef CONCEPTDEC_I_JSON_READ_H
#define CONCEPTDEC_I_JSON_READ_H

#include "io/format.h"

typedef struct conceptdec_i_json_text {
    const conceptdec_i_origin *origin;
    char *begin, *at, *end;
    int64_t place;  /* of `begin` in the file */
    int64_t polled; /* bytes read when the cancel flag was last looked at */
} conceptdec_i_json_text;

/* EFORMAT at the place that the reader has come to. */
conceptdec_status conceptdec_i_json_refuse(const conceptdec_i_json_text *text, const char *what);
conceptdec_status conceptdec_i_json_enter(conceptdec_i_json_text *text, char bracket); /* '{' or '[' */
/* Whether another item comes before the closing bracket, which is passed; *n counts the items and begins at 0. */
conceptdec_status conceptdec_i_json_more(conceptdec_i_json_text *text, char bracket, int64_t *n, bool *more);
conceptdec_status conceptdec_i_json_get_key(conceptdec_i_json_text *text, const char **key);
/* Without NUL in it, and UTF-8. */
conceptdec_status conceptdec_i_json_get_string(conceptdec_i_json_text *text, const char **string);
conceptdec_status conceptdec_i_json_get_size(conceptdec_i_json_text *text, int64_t *size); /* 0 ... 2^63 - 1 */
conceptdec_status conceptdec_i_json_skip(conceptdec_i_json_text *text);   /* any value, 32 brackets deep at most */
conceptdec_status conceptdec_i_json_finish(conceptdec_i_json_text *text); /* nothing but white space is left */

#endif
