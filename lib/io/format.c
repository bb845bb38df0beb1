/* What the formats of files of activations share. */
#define _POSIX_C_SOURCE 200809L

#include "io/format.h"

#include <stdio.h>
#include <string.h>

/* ---- types ---- */

#define FLOAT(name, safetensors, npy, dtype, bits)                                                                     \
    {                                                                                                                  \
        name, safetensors, npy, dtype, bits, true                                                                      \
    }
#define INTEGER(name, safetensors, npy, bits, is_signed)                                                               \
    {                                                                                                                  \
        name, safetensors, npy, CONCEPTDEC_INT64, bits, is_signed                                                      \
    }
#define UNREAD(name, safetensors, npy, bits)                                                                           \
    {                                                                                                                  \
        name, safetensors, npy, 0, bits, true                                                                          \
    }

static const conceptdec_i_type types[] = {
    FLOAT("bfloat16", "BF16", "V2", CONCEPTDEC_BFLOAT16, 16),
    FLOAT("float16", "F16", "f2", CONCEPTDEC_FLOAT16, 16),
    FLOAT("float32", "F32", "f4", CONCEPTDEC_FLOAT32, 32),
    FLOAT("float64", "F64", "f8", CONCEPTDEC_FLOAT64, 64),
    INTEGER("bool", "BOOL", "b1", 8, false),
    INTEGER("int8", "I8", "i1", 8, true),
    INTEGER("int16", "I16", "i2", 16, true),
    INTEGER("int32", "I32", "i4", 32, true),
    INTEGER("int64", "I64", "i8", 64, true),
    INTEGER("uint8", "U8", "u1", 8, false),
    INTEGER("uint16", "U16", "u2", 16, false),
    INTEGER("uint32", "U32", "u4", 32, false),
    INTEGER("uint64", "U64", "u8", 64, false),
    UNREAD("F4", "F4", "", 4),
    UNREAD("F6_E2M3", "F6_E2M3", "", 6),
    UNREAD("F6_E3M2", "F6_E3M2", "", 6),
    UNREAD("F8_E4M3", "F8_E4M3", "", 8),
    UNREAD("F8_E5M2", "F8_E5M2", "", 8),
    UNREAD("F8_E8M0", "F8_E8M0", "", 8),
    UNREAD("F8_E4M3FNUZ", "F8_E4M3FNUZ", "", 8),
    UNREAD("F8_E5M2FNUZ", "F8_E5M2FNUZ", "", 8),
    UNREAD("C64", "C64", "", 64),
    UNREAD("complex64", "", "c8", 64),
    UNREAD("complex128", "", "c16", 128),
    UNREAD("complex192", "", "c24", 192),
    UNREAD("complex256", "", "c32", 256),
    UNREAD("float96", "", "f12", 96),
    UNREAD("float128", "", "f16", 128),
};

static const conceptdec_i_type *
type_of(const char *word, bool is_npy)
{
    for (size_t i = 0; *word && i < sizeof types / sizeof *types; i++)
        if (strcmp(is_npy ? types[i].npy : types[i].safetensors, word) == 0)
            return &types[i];
    return NULL;
}

const conceptdec_i_type *
conceptdec_i_type_of_safetensors(const char *word)
{
    return type_of(word, false);
}

const conceptdec_i_type *
conceptdec_i_type_of_npy(const char *word)
{
    return type_of(word, true);
}

const conceptdec_i_type *
conceptdec_i_type_of_matrix(int32_t dtype)
{
    int32_t bits = 8 * (int32_t)conceptdec_i_dtype_size(dtype);
    int32_t read_as = dtype == CONCEPTDEC_INT32 ? CONCEPTDEC_INT64 : dtype;
    const conceptdec_i_type *type = types;
    while (type->dtype != read_as || type->bits != bits || !type->is_signed)
        type++;
    return type;
}

const conceptdec_i_type *
conceptdec_i_type_as(const conceptdec_i_type *type, int32_t dtype)
{
    bool is_short = type->dtype == CONCEPTDEC_INT64 && type->bits == 16;
    return dtype == CONCEPTDEC_BFLOAT16 && is_short ? type_of("BF16", false) : type;
}

bool
conceptdec_i_count_elements(const int64_t *shape, int32_t ndim, int64_t *count)
{
    int64_t product = 1;
    for (int32_t i = 0; i < ndim; i++)
        if (!conceptdec_i_mul(product, shape[i], &product))
            return false;
    *count = product;
    return true;
}

bool
conceptdec_i_count_bytes(const conceptdec_i_stored *array, int64_t *bytes)
{
    int64_t bits;
    if (!conceptdec_i_count_elements(array->shape, array->ndim, &bits) ||
        !conceptdec_i_mul(bits, array->type->bits, &bits) || bits % 8 != 0)
        return false;
    *bytes = bits / 8;
    return true;
}

/* ---- refusals ---- */

conceptdec_status
conceptdec_i_refuse(const conceptdec_i_origin *origin, const char *format, ...)
{
    char what[320], path[CONCEPTDEC_I_CLIPPED_PATH];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return conceptdec_i_fail(origin->ctx, CONCEPTDEC_EFORMAT, "path: %s: %s",
                             conceptdec_i_clip_path(path, origin->path), what);
}

static bool
is_inside(char c) /* of a UTF-8 sequence */
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

const char *
conceptdec_i_clip(char clipped[CONCEPTDEC_I_CLIPPED], const char *name)
{
    size_t length = strlen(name), most = CONCEPTDEC_I_CLIPPED - 4;
    bool is_cut = length > most;
    if (is_cut)
        for (length = most; length > most - 3 && is_inside(name[length]); length--)
            ;
    memcpy(clipped, name, length);
    strcpy(clipped + length, is_cut ? "..." : "");
    return clipped;
}

const char *
conceptdec_i_clip_path(char clipped[CONCEPTDEC_I_CLIPPED_PATH], const char *path)
{
    size_t length = strlen(path), most = CONCEPTDEC_I_CLIPPED_PATH - 4;
    const char *from = length > most ? path + (length - most) : path;
    while (from > path && is_inside(*from))
        from++;
    (void)snprintf(clipped, CONCEPTDEC_I_CLIPPED_PATH, "%s%s", from > path ? "..." : "", from);
    return clipped;
}

/* ---- names ---- */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Two numbers, whose digits are passed: leading zeros do not count. */
static int
compare_numbers(const char **a, const char **b)
{
    const char *p = *a, *q = *b;
    int order = 0;
    while (*p == '0')
        p++;
    while (*q == '0')
        q++;
    for (; is_digit(*p) && is_digit(*q); p++, q++)
        if (order == 0)
            order = *p - *q;
    if (is_digit(*p) || is_digit(*q))
        order = is_digit(*p) ? 1 : -1; /* the longer one */
    *a = p;
    *b = q;
    return order;
}

int
conceptdec_i_compare_names(const char *a, const char *b)
{
    const char *p = a, *q = b;
    while (*p && *q) {
        int order = is_digit(*p) && is_digit(*q) ? compare_numbers(&p, &q) : (unsigned char)*p++ - (unsigned char)*q++;
        if (order != 0)
            return order;
    }
    return *p || *q ? (unsigned char)*p - (unsigned char)*q : strcmp(a, b);
}

/* ---- lists ---- */

#define POLLED 4096 /* items between two looks at the cancel flag */

void *
conceptdec_i_list_add(conceptdec_i_memory *memory, conceptdec_i_list *list, uint64_t size)
{
    if (list->count == list->room) {
        int64_t room = list->room ? 2 * list->room : 16;
        void *items = conceptdec_i_memory_take(memory, (uint64_t)room, size);
        if (!items)
            return NULL;
        if (list->count > 0)
            memcpy(items, list->items, (size_t)list->count * size);
        conceptdec_i_memory_give(memory, list->items);
        list->items = items;
        list->room = room;
    }
    return memset((char *)list->items + (uint64_t)list->count++ * size, 0, size);
}

typedef int (*comparison)(const void *a, const void *b);

/* Two sorted runs that lie one behind the other into one. */
static conceptdec_status
merge(conceptdec_ctx *ctx, const void *const *left, int64_t n_left, int64_t n_right, const void **out,
      comparison compare)
{
    const void *const *right = left + n_left, *const *left_end = right, *const *right_end = right + n_right;
    if (n_right == 0 || compare(right[-1], right[0]) <= 0) {
        memcpy(out, left, (size_t)(n_left + n_right) * sizeof *out);
        return CONCEPTDEC_OK;
    }
    for (int64_t n = 1; left < left_end && right < right_end; n++) {
        *out++ = compare(*left, *right) <= 0 ? *left++ : *right++;
        if (n % POLLED == 0)
            CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    }
    memcpy(out, left, (size_t)(left_end - left) * sizeof *out);
    memcpy(out + (left_end - left), right, (size_t)(right_end - right) * sizeof *out);
    return CONCEPTDEC_OK;
}

/* Runs of twice the length with each pass; what is in order already costs no more than copies. */
static conceptdec_status
sort(conceptdec_ctx *ctx, const void **items, const void **spare, int64_t n, comparison compare)
{
    const void **from = items, **to = spare;
    int64_t merged = 0;
    for (int64_t length = 1; length < n; length *= 2) {
        for (int64_t at = 0; at < n; at += 2 * length) {
            int64_t left = n - at < length ? n - at : length, rest = n - at - left;
            CONCEPTDEC_I_TRY(merge(ctx, from + at, left, rest < length ? rest : length, to + at, compare));
            if ((merged += 2 * length) >= POLLED) {
                merged = 0;
                CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
            }
        }
        const void **swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, (size_t)n * sizeof *items);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_list_sort(conceptdec_ctx *ctx, const conceptdec_i_list *list, uint64_t size, comparison compare,
                       const void ***sorted)
{
    void *p, *spare;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, "names", list->count, sizeof(void *), &p));
    const void **items = p;
    for (int64_t i = 0; i < list->count; i++)
        items[i] = (const char *)list->items + (uint64_t)i * size;
    conceptdec_status status = conceptdec_i_take(ctx, "names", list->count, sizeof(void *), &spare);
    if (status == CONCEPTDEC_OK) {
        status = sort(ctx, items, spare, list->count, compare);
        conceptdec_i_give(ctx, spare);
    }
    if (status == CONCEPTDEC_OK)
        *sorted = items;
    else
        conceptdec_i_give(ctx, p);
    return status;
}

static int
by_key(const void *a, const void *b)
{
    return strcmp(((const conceptdec_i_pair *)a)->key, ((const conceptdec_i_pair *)b)->key);
}

conceptdec_status
conceptdec_i_check_keys(const conceptdec_i_origin *origin, const conceptdec_i_list *pairs, const char *what)
{
    const void **sorted;
    conceptdec_status status = CONCEPTDEC_OK;
    CONCEPTDEC_I_TRY(conceptdec_i_list_sort(origin->ctx, pairs, sizeof(conceptdec_i_pair), by_key, &sorted));
    for (int64_t i = 1; i < pairs->count && status == CONCEPTDEC_OK; i++) {
        char key[CONCEPTDEC_I_CLIPPED];
        if (by_key(sorted[i - 1], sorted[i]) == 0)
            status = conceptdec_i_refuse(origin, "%s \"%s\" stands there twice", what,
                                         conceptdec_i_clip(key, ((const conceptdec_i_pair *)sorted[i])->key));
    }
    conceptdec_i_give(origin->ctx, (void *)sorted);
    return status;
}

void
conceptdec_i_contents_drop(conceptdec_i_memory *memory, conceptdec_i_contents *contents)
{
    conceptdec_i_memory_give(memory, contents->arrays.items);
    conceptdec_i_memory_give(memory, contents->metadata.items);
    conceptdec_i_memory_give(memory, (void *)contents->by_name);
    *contents = (conceptdec_i_contents){.by_name = NULL};
}

/* ---- kinds ---- */

int
conceptdec_i_kind_of(const unsigned char *head, int64_t count)
{
    if (count >= 6 && memcmp(head, "\x93NUMPY", 6) == 0)
        return CONCEPTDEC_I_NPY;
    int64_t first = 0, text = count < 8 ? count : 8;
    while (first < text && head[first] && strchr(" \n\t\r", head[first]))
        first++;
    /* text has no character 0, the length of a header has some */
    if (first < count && head[first] == '{' && !memchr(head, 0, (size_t)text))
        return CONCEPTDEC_I_INDEX;
    return count > 8 && head[8] == '{' ? CONCEPTDEC_I_SAFETENSORS : 0;
}
