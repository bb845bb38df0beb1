/* Headers of .npy files (NEP 1, numpy.lib.format): a magic word, a version, a length, and a dictionary in Python's
 * notation. */
#include "io/format.h"

#include <string.h>

#define MOST_NPY_HEADER 65536
#define MOST_WORD 32

typedef struct literal {
    const conceptdec_i_origin *origin;
    const char *begin, *at, *end;
} literal;

conceptdec_status
conceptdec_i_npy_extent(const conceptdec_i_origin *origin, const unsigned char *head, int64_t length, int64_t *begin,
                        int64_t *header)
{
    if (length < 10)
        return conceptdec_i_refuse(origin, "a .npy file of %lld bytes ends before its header", (long long)length);
    int major = head[6], minor = head[7];
    if (major < 1 || major > 3 || minor != 0)
        return conceptdec_i_refuse(origin, ".npy version %d.%d is unknown (1.0, 2.0 and 3.0 are read)", major, minor);
    *begin = major == 1 ? 10 : 12;
    if (length < *begin)
        return conceptdec_i_refuse(origin, "a .npy file of %lld bytes ends before its header", (long long)length);
    *header = head[8] | head[9] << 8;
    if (major > 1)
        *header |= (int64_t)head[10] << 16 | (int64_t)head[11] << 24;
    if (*header > MOST_NPY_HEADER)
        return conceptdec_i_refuse(origin, "a header of %lld bytes is longer than %d", (long long)*header,
                                   MOST_NPY_HEADER);
    if (*header > length - *begin)
        return conceptdec_i_refuse(origin, "the header is %lld bytes long, but only %lld are left", (long long)*header,
                                   (long long)(length - *begin));
    return CONCEPTDEC_OK;
}

/* ---- the literal ---- */

static conceptdec_status
refuse_at(const literal *l, const char *what)
{
    return conceptdec_i_refuse(l->origin, "byte %lld of the header: %s", (long long)(l->at - l->begin), what);
}

static char
peek(literal *l)
{
    while (l->at < l->end && *l->at && strchr(" \t\r\n", *l->at))
        l->at++;
    return l->at < l->end ? *l->at : '\0';
}

static bool
take(literal *l, char c)
{
    if (peek(l) != c)
        return false;
    l->at++;
    return true;
}

static conceptdec_status
expect(literal *l, char c)
{
    char what[32] = "' ' is expected";
    what[1] = c;
    return take(l, c) ? CONCEPTDEC_OK : refuse_at(l, what);
}

/* Text in quotes of either kind, printable ASCII without escapes. */
static conceptdec_status
read_word(literal *l, char word[MOST_WORD])
{
    char quote = peek(l);
    size_t length = 0;
    if (quote != '\'' && quote != '"')
        return refuse_at(l, "a string is expected");
    for (l->at++; l->at < l->end && *l->at != quote; l->at++) {
        if (*l->at < 0x20 || *l->at > 0x7e || *l->at == '\\')
            return refuse_at(l, "a string with other than plain characters");
        if (length == MOST_WORD - 1)
            return refuse_at(l, "a string that is too long");
        word[length++] = *l->at;
    }
    word[length] = '\0';
    return expect(l, quote);
}

/* Python 2 wrote its long integers with an L. */
static conceptdec_status
read_length(literal *l, int64_t *length)
{
    int64_t value = 0;
    (void)peek(l);
    const char *begin = l->at;
    for (; l->at < l->end && *l->at >= '0' && *l->at <= '9'; l->at++)
        if (!conceptdec_i_mul(value, 10, &value) || !conceptdec_i_add(value, *l->at - '0', &value))
            return refuse_at(l, "shape: a length above 2^63 - 1");
    if (l->at == begin || (*begin == '0' && l->at - begin > 1))
        return refuse_at(l, "shape: a length of 0 or more is expected");
    if (l->at < l->end && *l->at == 'L')
        l->at++;
    *length = value;
    return CONCEPTDEC_OK;
}

/* A tuple; in one of a single length the comma must stand. */
static conceptdec_status
read_shape(literal *l, conceptdec_i_stored *array)
{
    bool has_comma = true;
    CONCEPTDEC_I_TRY(expect(l, '('));
    while (!take(l, ')')) {
        if (!has_comma)
            return refuse_at(l, "shape: ',' or ')' is expected");
        if (array->ndim == CONCEPTDEC_I_MOST_AXES)
            return refuse_at(l, "shape: more than 8 axes");
        CONCEPTDEC_I_TRY(read_length(l, &array->shape[array->ndim++]));
        has_comma = take(l, ',');
    }
    if (array->ndim == 1 && !has_comma)
        return refuse_at(l, "shape: a number, not a tuple");
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_order(literal *l, conceptdec_i_stored *array)
{
    static const char *const words[] = {"False", "True"};
    (void)peek(l);
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(l->end - l->at) < length || memcmp(l->at, words[i], length) != 0)
            continue;
        l->at += length;
        array->is_fortran = i == 1;
        return CONCEPTDEC_OK;
    }
    return refuse_at(l, "fortran_order: True or False is expected");
}

static conceptdec_status
refuse_type(const literal *l, const char *descr)
{
    char kind = descr[strspn(descr, "<>=|")];
    const char *what = kind == 'O'                                 ? "Python objects (pickled)"
                       : kind == 'S' || kind == 'U' || kind == 'a' ? "strings"
                       : kind == 'M' || kind == 'm'                ? "dates or times"
                       : kind == 'V'                               ? "raw bytes (but V2, bfloat16)"
                                                                   : NULL;
    if (what)
        return conceptdec_i_refuse(l->origin, "descr '%s': %s are not read, only numbers", descr, what);
    return conceptdec_i_refuse(l->origin, "descr '%s' is unknown", descr);
}

static conceptdec_status
read_type(literal *l, conceptdec_i_stored *array)
{
    char descr[MOST_WORD];
    if (peek(l) == '[' || peek(l) == '(')
        return conceptdec_i_refuse(l->origin, "descr: records and arrays of arrays are not read, only numbers");
    CONCEPTDEC_I_TRY(read_word(l, descr));
    const char *word = descr + (*descr && strchr("<>=|", *descr) ? 1 : 0);
    array->type = conceptdec_i_type_of_npy(word);
    if (!array->type)
        return refuse_type(l, descr);
    array->is_swapped = *descr == '>' && array->type->bits > 8;
    return CONCEPTDEC_OK;
}

/* ---- the dictionary ---- */

enum { DESCR, FORTRAN_ORDER, SHAPE, KEYS };
static const char *const keys[KEYS] = {"descr", "fortran_order", "shape"};

static conceptdec_status
read_entry(literal *l, bool seen[KEYS], conceptdec_i_stored *array)
{
    char key[MOST_WORD];
    int which = 0;
    CONCEPTDEC_I_TRY(read_word(l, key));
    while (which < KEYS && strcmp(keys[which], key) != 0)
        which++;
    if (which == KEYS)
        return conceptdec_i_refuse(l->origin, "key '%s' is none of descr, fortran_order and shape", key);
    if (seen[which])
        return conceptdec_i_refuse(l->origin, "key '%s' stands there twice", key);
    seen[which] = true;
    CONCEPTDEC_I_TRY(expect(l, ':'));
    return which == DESCR ? read_type(l, array) : which == SHAPE ? read_shape(l, array) : read_order(l, array);
}

static conceptdec_status
read_dictionary(literal *l, conceptdec_i_stored *array)
{
    bool seen[KEYS] = {false}, has_comma = true;
    CONCEPTDEC_I_TRY(expect(l, '{'));
    while (!take(l, '}')) {
        if (!has_comma)
            return refuse_at(l, "',' or '}' is expected");
        CONCEPTDEC_I_TRY(read_entry(l, seen, array));
        has_comma = take(l, ',');
    }
    for (int i = 0; i < KEYS; i++)
        if (!seen[i])
            return conceptdec_i_refuse(l->origin, "key '%s' is missing", keys[i]);
    (void)peek(l);
    return l->at == l->end ? CONCEPTDEC_OK : refuse_at(l, "something stands behind the dictionary");
}

conceptdec_status
conceptdec_i_npy_parse(const conceptdec_i_origin *origin, const char *header, int64_t count, int64_t data,
                       int64_t length, conceptdec_i_stored *array)
{
    literal l = {.origin = origin, .begin = header, .at = header, .end = header + count};
    conceptdec_i_stored read = {.offset = data};
    CONCEPTDEC_I_TRY(read_dictionary(&l, &read));
    if (!conceptdec_i_count_bytes(&read, &read.bytes))
        return conceptdec_i_refuse(origin, "shape: the number of bytes does not fit 2^63 - 1 bits");
    if (read.bytes > length - data)
        return conceptdec_i_refuse(origin, "it is %lld bytes too short for its shape",
                                   (long long)(read.bytes - (length - data)));
    if (read.bytes < length - data)
        return conceptdec_i_refuse(
            origin, "%lld bytes follow its elements: it holds more than one array, or its header is damaged",
            (long long)(length - data - read.bytes));
    *array = read;
    return CONCEPTDEC_OK;
}
