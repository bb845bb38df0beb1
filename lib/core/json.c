#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
conceptdec_i_json_open(conceptdec_i_json *json, conceptdec_i_memory *memory)
{
    *json = (conceptdec_i_json){.memory = memory};
}

/* Room for `extra` more bytes. */
static bool
reserve(conceptdec_i_json *json, uint64_t extra)
{
    if (json->has_failed || json->capacity - json->length >= extra)
        return !json->has_failed;
    uint64_t capacity = json->capacity + extra + (json->capacity > 4096 ? json->capacity : 4096);
    char *text = conceptdec_i_memory_take(json->memory, capacity, 1);
    if (!text) {
        json->has_failed = true;
        return false;
    }
    if (json->text)
        memcpy(text, json->text, json->length);
    conceptdec_i_memory_give(json->memory, json->text);
    json->text = text;
    json->capacity = capacity;
    return true;
}

static void
put(conceptdec_i_json *json, const char *bytes, uint64_t n)
{
    if (!reserve(json, n))
        return;
    memcpy(json->text + json->length, bytes, n);
    json->length += n;
}

/* A comma, unless an object, an array or a value of a key begins here. */
static void
separate(conceptdec_i_json *json)
{
    if (json->length > 0 && !strchr("{[:", json->text[json->length - 1]))
        put(json, ",", 1);
}

static void
put_value(conceptdec_i_json *json, const char *text)
{
    separate(json);
    put(json, text, strlen(text));
}

char *
conceptdec_i_json_close(conceptdec_i_json *json)
{
    put(json, "", 1);
    if (!json->has_failed)
        return json->text;
    conceptdec_i_memory_give(json->memory, json->text);
    return NULL;
}

void
conceptdec_i_json_begin(conceptdec_i_json *json, char bracket)
{
    separate(json);
    put(json, &bracket, 1);
}

void
conceptdec_i_json_end(conceptdec_i_json *json, char bracket)
{
    put(json, &bracket, 1);
}

static void
put_escaped(conceptdec_i_json *json, unsigned char c)
{
    char escape[8];
    if (c == '"' || c == '\\')
        put(json, (const char[]){'\\', (char)c}, 2);
    else if (c < 0x20)
        put(json, escape, (uint64_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c));
    else
        put(json, (const char[]){(char)c}, 1);
}

void
conceptdec_i_json_string(conceptdec_i_json *json, const char *text)
{
    if (!text) {
        put_value(json, "null");
        return;
    }
    separate(json);
    put(json, "\"", 1);
    for (; *text; text++)
        put_escaped(json, (unsigned char)*text);
    put(json, "\"", 1);
}

void
conceptdec_i_json_key(conceptdec_i_json *json, const char *key)
{
    conceptdec_i_json_string(json, key);
    put(json, ":", 1);
}

void
conceptdec_i_json_signed(conceptdec_i_json *json, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put_value(json, text);
}

void
conceptdec_i_json_unsigned(conceptdec_i_json *json, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put_value(json, text);
}

/* Whatever stands between the digits is the locale's decimal point, of one byte or more. */
static void
unlocalise(char *text)
{
    char *point = text + strspn(text, "+-0123456789eE");
    if (!*point)
        return;
    char *rest = point + strcspn(point, "+-0123456789eE");
    *point = '.';
    memmove(point + 1, rest, strlen(rest) + 1);
}

void
conceptdec_i_json_double(conceptdec_i_json *json, double value)
{
    if (!isfinite(value)) {
        put_value(json, "null");
        return;
    }
    char text[64];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    unlocalise(text);
    if (!strpbrk(text, ".e"))
        strcat(text, ".0");
    put_value(json, text);
}

void
conceptdec_i_json_number(conceptdec_i_json *json, double value)
{
    if (fabs(value) <= 0x1p53 && value == floor(value))
        conceptdec_i_json_signed(json, (int64_t)value);
    else
        conceptdec_i_json_double(json, value);
}

void
conceptdec_i_json_text_of(conceptdec_i_json *json, const char *key, const char *text)
{
    conceptdec_i_json_key(json, key);
    conceptdec_i_json_string(json, text);
}

void
conceptdec_i_json_signed_of(conceptdec_i_json *json, const char *key, int64_t value)
{
    conceptdec_i_json_key(json, key);
    conceptdec_i_json_signed(json, value);
}
