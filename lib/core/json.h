/* Writes JSON into a growing buffer. Commas come by themselves; what fails for lack of memory fails at the end. */
#ifndef CONCEPTDEC_I_JSON_H
#define CONCEPTDEC_I_JSON_H

#include "core.h"

typedef struct conceptdec_i_json {
    conceptdec_i_memory *memory;
    char *text;
    uint64_t length;
    uint64_t capacity;
    bool has_failed;
} conceptdec_i_json;

void conceptdec_i_json_open(conceptdec_i_json *json, conceptdec_i_memory *memory);
/* The text, which is then the caller's to give back to the memory; NULL: no memory. */
char *conceptdec_i_json_close(conceptdec_i_json *json);

void conceptdec_i_json_begin(conceptdec_i_json *json, char bracket); /* '{' or '[' */
void conceptdec_i_json_end(conceptdec_i_json *json, char bracket);   /* '}' or ']' */
void conceptdec_i_json_key(conceptdec_i_json *json, const char *key);
void conceptdec_i_json_string(conceptdec_i_json *json, const char *text); /* NULL: null */
void conceptdec_i_json_signed(conceptdec_i_json *json, int64_t value);
void conceptdec_i_json_unsigned(conceptdec_i_json *json, uint64_t value);
/* As few digits as give the same number again, in any locale; NaN and infinity: null. Whole numbers have ".0". */
void conceptdec_i_json_double(conceptdec_i_json *json, double value);
/* The same, but whole numbers up to 2^53 as integers. */
void conceptdec_i_json_number(conceptdec_i_json *json, double value);

/* A key and its value. */
void conceptdec_i_json_text_of(conceptdec_i_json *json, const char *key, const char *text);
void conceptdec_i_json_signed_of(conceptdec_i_json *json, const char *key, int64_t value);

#endif
