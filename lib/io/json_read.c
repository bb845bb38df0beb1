/* JSON, read item by item. */
#include "io/json_read.h"

#include <string.h>

#include "io/utf8.h"

#define MOST_DEPTH 32
#define BLOCK ((int64_t)1 << 20) /* between two looks at the cancel flag */

conceptdec_status
conceptdec_i_json_refuse(const conceptdec_i_json_text *text, const char *what)
{
    return conceptdec_i_refuse(text->origin, "byte %lld of the file: %s",
                               (long long)(text->place + (text->at - text->begin)), what);
}

static conceptdec_status
poll(conceptdec_i_json_text *text)
{
    if (text->at - text->begin - text->polled < BLOCK)
        return CONCEPTDEC_OK;
    text->polled = text->at - text->begin;
    return conceptdec_i_poll(text->origin->ctx, 0);
}

static void
skip_space(conceptdec_i_json_text *text)
{
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n' || *text->at == '\t' || *text->at == '\r'))
        text->at++;
}

/* The next character that is not white space; 0 at the end. */
static char
peek(conceptdec_i_json_text *text)
{
    skip_space(text);
    return text->at < text->end ? *text->at : '\0';
}

static conceptdec_status
expect(conceptdec_i_json_text *text, char c)
{
    char what[32] = "' ' is expected";
    what[1] = c;
    if (peek(text) != c)
        return conceptdec_i_json_refuse(text, text->at < text->end ? what : "the header ends too early");
    text->at++;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_json_enter(conceptdec_i_json_text *text, char bracket)
{
    return expect(text, bracket);
}

conceptdec_status
conceptdec_i_json_more(conceptdec_i_json_text *text, char bracket, int64_t *n, bool *more)
{
    CONCEPTDEC_I_TRY(poll(text));
    *more = peek(text) != bracket;
    if (!*more)
        text->at++;
    else if (*n > 0)
        CONCEPTDEC_I_TRY(expect(text, ','));
    ++*n;
    return CONCEPTDEC_OK;
}

/* ---- strings ---- */

/* Four hexadecimal digits; -1: they are not. */
static int32_t
hex4(const conceptdec_i_json_text *text, const char *p)
{
    int32_t value = 0;
    if (text->end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef";
        char lower = p[i] >= 'A' && p[i] <= 'F' ? (char)(p[i] + 32) : p[i];
        const char *found = lower ? strchr(digits, lower) : NULL;
        if (!found)
            return -1;
        value = value * 16 + (int32_t)(found - digits);
    }
    return value;
}

static char *
put_code_point(char *out, uint32_t code)
{
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    int length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(marks[length == 1 ? 0 : length] | code);
    return out + length;
}

/* What stands behind "\u", at text->at. */
static conceptdec_status
decode_unicode(conceptdec_i_json_text *text, char **out)
{
    int32_t code = hex4(text, text->at), low;
    if (code < 0)
        return conceptdec_i_json_refuse(text, "\\u without four hexadecimal digits");
    if (code == 0)
        return conceptdec_i_json_refuse(text, "a string with the character 0 in it");
    if (code >= 0xdc00 && code < 0xe000)
        return conceptdec_i_json_refuse(text, "half of a surrogate pair");
    text->at += 4;
    if (code >= 0xd800 && code < 0xdc00) {
        low = text->end - text->at >= 6 && text->at[0] == '\\' && text->at[1] == 'u' ? hex4(text, text->at + 2) : -1;
        if (low < 0xdc00 || low >= 0xe000)
            return conceptdec_i_json_refuse(text, "half of a surrogate pair");
        text->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *out = put_code_point(*out, (uint32_t)code);
    return CONCEPTDEC_OK;
}

static conceptdec_status
decode_escape(conceptdec_i_json_text *text, char **out)
{
    static const char names[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
    char c = text->end - text->at >= 2 ? text->at[1] : '\0';
    const char *found = c ? strchr(names, c) : NULL;
    if (c != 'u' && !found)
        return conceptdec_i_json_refuse(text, "an escape that does not exist");
    text->at += 2;
    if (c == 'u')
        return decode_unicode(text, out);
    *(*out)++ = characters[found - names];
    return CONCEPTDEC_OK;
}

/* Decoding never needs more room than there was: the end is marked where the last quote stood, or before. */
conceptdec_status
conceptdec_i_json_get_string(conceptdec_i_json_text *text, const char **string)
{
    CONCEPTDEC_I_TRY(expect(text, '"'));
    char *begin = text->at, *out = begin;
    while (text->at < text->end && *text->at != '"') {
        CONCEPTDEC_I_TRY(poll(text));
        if (*text->at == '\\') {
            CONCEPTDEC_I_TRY(decode_escape(text, &out));
            continue;
        }
        int length = conceptdec_i_utf8_length((const unsigned char *)text->at, text->end - text->at);
        if (length == 0 || (unsigned char)*text->at < 0x20)
            return conceptdec_i_json_refuse(text, length == 0 ? "not UTF-8" : "a control character in a string");
        memmove(out, text->at, (size_t)length);
        out += length;
        text->at += length;
    }
    if (text->at == text->end)
        return conceptdec_i_json_refuse(text, "a string does not end");
    text->at++;
    *out = '\0';
    *string = begin;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_json_get_key(conceptdec_i_json_text *text, const char **key)
{
    CONCEPTDEC_I_TRY(conceptdec_i_json_get_string(text, key));
    return expect(text, ':');
}

/* ---- numbers ---- */

static bool
is_digit(const conceptdec_i_json_text *text)
{
    return text->at < text->end && *text->at >= '0' && *text->at <= '9';
}

conceptdec_status
conceptdec_i_json_get_size(conceptdec_i_json_text *text, int64_t *size)
{
    int64_t value = 0;
    (void)peek(text);
    if (!is_digit(text))
        return conceptdec_i_json_refuse(text, "a whole number of 0 or more is expected");
    if (*text->at == '0' && text->end - text->at > 1 && text->at[1] >= '0' && text->at[1] <= '9')
        return conceptdec_i_json_refuse(text, "a number that begins with 0");
    for (; is_digit(text); text->at++)
        if (!conceptdec_i_mul(value, 10, &value) || !conceptdec_i_add(value, *text->at - '0', &value))
            return conceptdec_i_json_refuse(text, "a number above 2^63 - 1");
    if (text->at < text->end && strchr(".eE", *text->at) && *text->at)
        return conceptdec_i_json_refuse(text, "a whole number of 0 or more is expected");
    *size = value;
    return CONCEPTDEC_OK;
}

static bool
skip_digits(conceptdec_i_json_text *text)
{
    bool any = is_digit(text);
    while (is_digit(text))
        text->at++;
    return any;
}

static bool
skip_one_of(conceptdec_i_json_text *text, const char *characters)
{
    if (text->at == text->end || !*text->at || !strchr(characters, *text->at))
        return false;
    text->at++;
    return true;
}

static conceptdec_status
skip_number(conceptdec_i_json_text *text)
{
    (void)skip_one_of(text, "-");
    bool is_good = skip_one_of(text, "0") || skip_digits(text);
    if (is_good && skip_one_of(text, "."))
        is_good = skip_digits(text);
    if (is_good && skip_one_of(text, "eE")) {
        (void)skip_one_of(text, "+-");
        is_good = skip_digits(text);
    }
    return is_good ? CONCEPTDEC_OK : conceptdec_i_json_refuse(text, "a value is expected");
}

/* ---- values that are not looked at ---- */

static conceptdec_status
skip_scalar(conceptdec_i_json_text *text)
{
    static const char *const words[] = {"true", "false", "null"};
    const char *string;
    if (peek(text) == '"')
        return conceptdec_i_json_get_string(text, &string);
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(text->end - text->at) >= length && memcmp(text->at, words[i], length) == 0) {
            text->at += length;
            return CONCEPTDEC_OK;
        }
    }
    return skip_number(text);
}

/* Brackets that are open, and how many items each has had. */
typedef struct nest {
    char close[MOST_DEPTH];
    int64_t n[MOST_DEPTH];
    int depth;
} nest;

/* A value, or the beginning of one. */
static conceptdec_status
skip_into(conceptdec_i_json_text *text, nest *open)
{
    char c = peek(text);
    if (c != '{' && c != '[')
        return skip_scalar(text);
    if (open->depth == MOST_DEPTH)
        return conceptdec_i_json_refuse(text, "more than 32 brackets deep");
    open->close[open->depth] = c == '{' ? '}' : ']';
    open->n[open->depth++] = 0;
    text->at++;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_json_skip(conceptdec_i_json_text *text)
{
    nest open = {.depth = 0};
    CONCEPTDEC_I_TRY(skip_into(text, &open));
    while (open.depth > 0) {
        bool more;
        const char *key;
        char close = open.close[open.depth - 1];
        CONCEPTDEC_I_TRY(conceptdec_i_json_more(text, close, &open.n[open.depth - 1], &more));
        if (!more) {
            open.depth--;
            continue;
        }
        if (close == '}')
            CONCEPTDEC_I_TRY(conceptdec_i_json_get_key(text, &key));
        CONCEPTDEC_I_TRY(skip_into(text, &open));
    }
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_json_finish(conceptdec_i_json_text *text)
{
    skip_space(text);
    return text->at == text->end ? CONCEPTDEC_OK
                                 : conceptdec_i_json_refuse(text, "something stands behind the end of the JSON value");
}
