/* What files of activations and questions about them are refused with: a status, a text that names the place, and
 * outputs untouched. */
#define _GNU_SOURCE

#include <stdbool.h>

#include "activation_files.h"
#include "check_main.h"

static char untouched;

/* Opens what must be refused. */
static void
expect_refusal(const char *path, const conceptdec_activations_options *options, conceptdec_status expected,
               const char *text)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = (conceptdec_activations *)&untouched;
    conceptdec_status status = conceptdec_activations_open(ctx, path, options, &a);
    ck_assert_msg(status == expected, "%s: status %d, %s", text, status, conceptdec_ctx_error(ctx));
    ck_assert_msg(strstr(conceptdec_ctx_error(ctx), text) != NULL, "\"%s\" is not in \"%s\"", text,
                  conceptdec_ctx_error(ctx));
    ck_assert_ptr_eq(a, &untouched);
    conceptdec_ctx_free(ctx);
}

/* ---- headers ---- */

typedef struct {
    const char *header;
    size_t bytes; /* of data behind it */
    const char *text;
} hostile;

#define NPY(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape "}"

static const hostile npy_cases[] = {
    {NPY("'<f4'", "False", "(2, 3)"), 23, "file.npy: it is 1 bytes too short for its shape"},
    {NPY("'<f4'", "False", "(2, 3)"), 32,
     "8 bytes follow its elements: it holds more than one array, or its header is damaged"},
    {NPY("'|O'", "False", "(1,)"), 8, "descr '|O': Python objects (pickled) are not read, only numbers"},
    {NPY("'<U2'", "False", "(1,)"), 8, "descr '<U2': strings are not read, only numbers"},
    {NPY("'|S2'", "False", "(1,)"), 2, "descr '|S2': strings are not read"},
    {NPY("'<M8[ns]'", "False", "(1,)"), 8, "descr '<M8[ns]': dates or times are not read"},
    {NPY("'|V8'", "False", "(1,)"), 8, "descr '|V8': raw bytes (but V2, bfloat16) are not read"},
    {NPY("'<f3'", "False", "(1,)"), 3, "descr '<f3' is unknown"},
    {NPY("''", "False", "(1,)"), 4, "descr '' is unknown"},
    {NPY("[('a', '<f4')]", "False", "(1,)"), 4, "descr: records and arrays of arrays are not read, only numbers"},
    {NPY("('<f4', (2,))", "False", "(1,)"), 8, "descr: records and arrays of arrays are not read, only numbers"},
    {NPY("'<f4\\x00'", "False", "(1,)"), 4, "byte 14 of the header: a string with other than plain characters"},
    {NPY("'<f44444444444444444444444444444444'", "False", "(1,)"), 4, "a string that is too long"},
    {NPY("<f4", "False", "(1,)"), 4, "byte 10 of the header: a string is expected"},
    {NPY("'<f4'", "false", "(1,)"), 4, "fortran_order: True or False is expected"},
    {NPY("'<f4'", "False", "(1)"), 4, "shape: a number, not a tuple"},
    {NPY("'<f4'", "False", "(-1,)"), 4, "shape: a length of 0 or more is expected"},
    {NPY("'<f4'", "False", "(01,)"), 4, "shape: a length of 0 or more is expected"},
    {NPY("'<f4'", "False", "(1.0,)"), 4, "shape: ',' or ')' is expected"},
    {NPY("'<f4'", "False", "(9223372036854775808,)"), 4, "shape: a length above 2^63 - 1"},
    {NPY("'<f4'", "False", "(4294967296, 4294967296)"), 4, "shape: the number of bytes does not fit 2^63 - 1 bits"},
    {NPY("'<f8'", "False", "(1152921504606846976,)"), 0, "shape: the number of bytes does not fit 2^63 - 1 bits"},
    {NPY("'<f4'", "False", "(1,1,1,1,1,1,1,1,1)"), 4, "shape: more than 8 axes"},
    {NPY("'<f4'", "False", "[1]"), 4, "'(' is expected"},
    {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4, "key 'descr' stands there twice"},
    {"{'descr': '<f4', 'shape': (1,)}", 4, "key 'fortran_order' is missing"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", 4,
     "key 'more' is none of descr, fortran_order and shape"},
    {NPY("'<f4'", "False", "(1,)") " x", 4, "something stands behind the dictionary"},
    {"{'descr': '<f4' 'shape': (1,)}", 4, "byte 16 of the header: ',' or '}' is expected"},
    {"{'descr': '<f4'", 0, "',' or '}' is expected"},
    {"[]", 0, "byte 0 of the header: '{' is expected"},
    {"", 0, "byte 0 of the header: '{' is expected"},
};

START_TEST(headers_of_npy)
{
    static const char zeros[64];
    const hostile *c = &npy_cases[_i];
    expect_refusal(files_npy("file.npy", c->header, zeros, c->bytes), NULL, CONCEPTDEC_EFORMAT, c->text);
}
END_TEST

#define TENSOR(dtype, shape, offsets) "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static const hostile safetensors_cases[] = {
    {TENSOR("\"F32\"", "[2]", "[0,8]"), 7, "file: it is 1 bytes too short for its tensors"},
    {TENSOR("\"F32\"", "[2]", "[0,8]"), 9, "1 bytes at its end belong to no tensor"},
    {TENSOR("\"F32\"", "[2]", "[4,12]"), 12, "tensor \"a\" begins at byte 4 of the data, the one before ends at 0"},
    {TENSOR("\"F32\"", "[2]", "[0,4]"), 4, "tensor \"a\": data_offsets give it 4 bytes, but its shape needs 8"},
    {TENSOR("\"F32\"", "[2]", "[8,0]"), 8, "tensor \"a\": data_offsets: the end lies before the beginning"},
    {TENSOR("\"F32\"", "[2]", "[0]"), 8, "tensor \"a\": data_offsets must be two numbers"},
    {TENSOR("\"F32\"", "[2]", "[0,8,8]"), 8, "data_offsets: more than two numbers"},
    {TENSOR("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, "shape: more than 8 axes"},
    {TENSOR("\"F32\"", "[4294967296,4294967296]", "[0,4]"), 4,
     "tensor \"a\": shape: its elements do not fit 2^63 - 1 bits"},
    {TENSOR("\"F4\"", "[1]", "[0,1]"), 1, "or are no whole bytes"},
    {TENSOR("\"F33\"", "[1]", "[0,4]"), 4, "tensor \"a\": dtype \"F33\" is unknown"},
    {TENSOR("\"\"", "[1]", "[0,4]"), 4, "tensor \"a\": dtype \"\" is unknown"},
    {TENSOR("\"F32\"", "[-1]", "[0,4]"), 4, "byte 37 of the file: a whole number of 0 or more is expected"},
    {TENSOR("\"F32\"", "[1.0]", "[0,4]"), 4, "a whole number of 0 or more is expected"},
    {TENSOR("\"F32\"", "[1e0]", "[0,4]"), 4, "a whole number of 0 or more is expected"},
    {TENSOR("\"F32\"", "[01]", "[0,4]"), 4, "a number that begins with 0"},
    {TENSOR("\"F32\"", "[9223372036854775808]", "[0,4]"), 4, "a number above 2^63 - 1"},
    {TENSOR("\"F32\"", "[1,]", "[0,4]"), 4, "a whole number of 0 or more is expected"},
    {TENSOR("\"F32\"", "[1 1]", "[0,4]"), 4, "',' is expected"},
    {TENSOR("7", "[1]", "[0,4]"), 4, "'\"' is expected"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "tensor \"a\": key \"data_offsets\" is missing"},
    {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "tensor \"a\": key \"dtype\" is missing"},
    {"{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, "tensor \"a\": key \"shape\" is missing"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 1, "tensor \"a\": key \"dtype\" stands there twice"},
    {"{\"a\":{\"dtype\":\"U8\",\"strides\":[1]}}", 1, "tensor \"a\": key \"strides\" is unknown"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_"
     "offsets\":[1,2]}}",
     2, "tensor \"a\": there are two of that name"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_"
     "offsets\":[1,3]}}",
     3, "tensor \"b\" begins at byte 1 of the data, the one before ends at 2"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ stands there twice"},
    {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "__metadata__: key \"k\" stands there twice"},
    {"{\"__metadata__\":{\"k\":1}}", 0, "'\"' is expected"},
    {"{\"__metadata__\":{\"k\":\"\xff\"}}", 0, "byte 30 of the file: not UTF-8"},
    {"{\"__metadata__\":{\"k\":\"\xed\xa0\x80\"}}", 0, "not UTF-8"},
    {"{\"__metadata__\":{\"k\":\"\xc0\x80\"}}", 0, "not UTF-8"},
    {"{\"__metadata__\":{\"k\":\"\n\"}}", 0, "a control character in a string"},
    {"{\"__metadata__\":{\"k\":\"\\u0000\"}}", 0, "a string with the character 0 in it"},
    {"{\"__metadata__\":{\"k\":\"\\ud800\"}}", 0, "half of a surrogate pair"},
    {"{\"__metadata__\":{\"k\":\"\\udc00\"}}", 0, "half of a surrogate pair"},
    {"{\"__metadata__\":{\"k\":\"\\ud800\\u0041\"}}", 0, "half of a surrogate pair"},
    {"{\"__metadata__\":{\"k\":\"\\u12g4\"}}", 0, "\\u without four hexadecimal digits"},
    {"{\"__metadata__\":{\"k\":\"\\x\"}}", 0, "an escape that does not exist"},
    {"{\"__metadata__\":{\"k\":\"", 0, "a string does not end"},
    {"{\"a\":[]}", 0, "'{' is expected"},
    {"{} x", 0, "byte 11 of the file: something stands behind the end of the JSON value"},
    {"{", 0, "the header ends too early"},
    {"{,}", 0, "byte 9 of the file: '\"' is expected"},
};

START_TEST(headers_of_safetensors)
{
    static const char zeros[64];
    const hostile *c = &safetensors_cases[_i];
    expect_refusal(files_safetensors("file", c->header, zeros, c->bytes), NULL, CONCEPTDEC_EFORMAT, c->text);
}
END_TEST

#define DEEP8 "[[[[[[[["
#define CLOSE8 "]]]]]]]]"

static const hostile index_cases[] = {
    {"{}", 0, "a JSON file without \"weight_map\" is no index of .safetensors files"},
    {"{\"weight_map\":{},\"weight_map\":{}}", 0, "weight_map stands there twice"},
    {"{\"weight_map\":{\"a\":\"x\",\"a\":\"y\"}}", 0, "weight_map: tensor \"a\" stands there twice"},
    {"{\"weight_map\":{\"a\":\"../x\"}}", 0,
     "tensor \"a\": \"../x\" is not the name of a file in the index' own folder"},
    {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", 0, "is not the name of a file in the index' own folder"},
    {"{\"weight_map\":{\"a\":\"..\"}}", 0, "is not the name of a file in the index' own folder"},
    {"{\"weight_map\":{\"a\":\".\"}}", 0, "is not the name of a file in the index' own folder"},
    {"{\"weight_map\":{\"a\":\"\"}}", 0, "is not the name of a file in the index' own folder"},
    {"{\"weight_map\":{\"a\":1}}", 0, "'\"' is expected"},
    {"{\"weight_map\":[]}", 0, "byte 14 of the file: '{' is expected"},
    {"{\"weight_map\":{\"b\":\"shard\"}}", 0, "shard: the index says that tensor \"b\" is in it, but it is not"},
    {"{\"weight_map\":{\"a\":\"index.json\"}}", 0, "index.json: an index names it, but it is not a .safetensors file"},
    {"{\"weight_map\":{\"a\":\"bad\"}}", 0, "bad: 1 bytes at its end belong to no tensor"},
    {"{\"metadata\":" DEEP8 DEEP8 DEEP8 DEEP8 "[" CLOSE8 CLOSE8 CLOSE8 CLOSE8 "]}", 0, "more than 32 brackets deep"},
    {"{\"metadata\":nil}", 0, "a value is expected"},
    {"{\"metadata\":-}", 0, "a value is expected"},
    {"{\"metadata\":[1,2}", 0, "',' is expected"},
};

START_TEST(indices)
{
    const hostile *c = &index_cases[_i];
    (void)files_safetensors("shard", TENSOR("\"U8\"", "[1]", "[0,1]"), "", 1);
    (void)files_safetensors("bad", TENSOR("\"U8\"", "[1]", "[0,1]"), "\0", 2);
    expect_refusal(files_text("index.json", c->header), NULL, CONCEPTDEC_EFORMAT, c->text);
}
END_TEST

START_TEST(lengths_of_headers)
{
    static const struct {
        const char *bytes;
        size_t count;
        const char *text;
    } cases[] = {
        {"", 0, "it is empty"},
        {"\x93NUMPZ\x01\x00\x02\x00{}", 12, "its first bytes are neither those of a .npy file"},
        {"hello, world", 12, "its first bytes are neither those of a .npy file"},
        {"\x93NUMPY\x01\x00\x02", 9, "a .npy file of 9 bytes ends before its header"},
        {"\x93NUMPY\x02\x00\x02\x00\x00", 11, "a .npy file of 11 bytes ends before its header"},
        {"\x93NUMPY\x04\x00\x02\x00{}", 12, ".npy version 4.0 is unknown (1.0, 2.0 and 3.0 are read)"},
        {"\x93NUMPY\x01\x01\x02\x00{}", 12, ".npy version 1.1 is unknown"},
        {"\x93NUMPY\x01\x00\x03\x00{}", 12, "the header is 3 bytes long, but only 2 are left"},
        {"\x93NUMPY\x02\x00\x01\x00\x01\x00{}", 14, "a header of 65537 bytes is longer than 65536"},
        {"\x03\x00\x00\x00\x00\x00\x00\x00{}", 10, "the header is 3 bytes long, but only 2 are left"},
        {"\x01\xe1\xf5\x05\x00\x00\x00\x00{}", 10, "a header of 100000001 bytes is longer than 100000000"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, "a header of 18446744073709551615 bytes is longer"},
        {"\x00\x00\x00\x00\x00\x00\x00\x00{}", 10, "byte 8 of the file: the header must begin with '{'"},
        {"\x02\x00\x00\x00\x00\x00\x00\x00", 8, "its first bytes are neither"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(files_put("short", cases[i].bytes, cases[i].count, "", 0, "", 0), NULL, CONCEPTDEC_EFORMAT,
                       cases[i].text);
}
END_TEST

/* ---- files ---- */

START_TEST(what_is_no_file)
{
    static const uint32_t flags[] = {0, CONCEPTDEC_ACTIVATIONS_MAP};
    conceptdec_activations_options options = {.struct_size = sizeof options, .flags = flags[_i]};
    expect_refusal(files_path("nothing"), &options, CONCEPTDEC_EIO, "nothing: No such file or directory");
    expect_refusal(files_folder, &options, CONCEPTDEC_EIO, ": Is a directory");
    ck_assert_int_eq(mkfifo(files_path("pipe"), 0600), 0);
    expect_refusal(files_path("pipe"), &options, CONCEPTDEC_EIO, "pipe: it is not a regular file");
    expect_refusal("/dev/zero", &options, CONCEPTDEC_EIO, "/dev/zero: it is not a regular file");
    expect_refusal(files_text("empty", ""), &options, CONCEPTDEC_EFORMAT, "it is empty");
    expect_refusal(files_text("index.json", "{\"weight_map\":{\"a\":\"absent\"}}"), &options, CONCEPTDEC_EIO,
                   "absent: No such file or directory");
}
END_TEST

START_TEST(links_are_followed)
{
    char target[600];
    conceptdec_ctx *ctx = files_ctx(1);
    strcpy(target, files_safetensors("file", TENSOR("\"U8\"", "[1]", "[0,1]"), "", 1));
    ck_assert_int_eq(symlink(target, files_path("link")), 0);
    conceptdec_activations_free(files_open(ctx, files_path("link"), 0, 0));
    conceptdec_ctx_free(ctx);
}
END_TEST

START_TEST(long_names_are_clipped)
{
    char path[3000] = "/tmp";
    while (strlen(path) < 2900)
        strcat(path, "/../tmp");
    expect_refusal(path, NULL, CONCEPTDEC_EIO, "path: cannot open ...");
    char header[3000];
    (void)snprintf(header, sizeof header, "{\"%s\":{\"dtype\":1}}", path);
    expect_refusal(files_safetensors("file", header, "", 0), NULL, CONCEPTDEC_EFORMAT, "'\"' is expected");
    (void)snprintf(header, sizeof header, "{\"%s\":{\"type\":1}}", path);
    expect_refusal(files_safetensors("file", header, "", 0), NULL, CONCEPTDEC_EFORMAT,
                   "...\": key \"type\" is unknown");
}
END_TEST

/* ---- arguments ---- */

START_TEST(options_of_opening)
{
    const char *path = files_safetensors("file", TENSOR("\"U8\"", "[1]", "[0,1]"), "", 1);
    conceptdec_activations_options o = {.struct_size = sizeof o, .flags = 2};
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = (conceptdec_activations *)&untouched;
    expect_refusal(path, &o, CONCEPTDEC_ERESERVED, "options.flags: 2 has bits that do not exist");
    o = (conceptdec_activations_options){.struct_size = sizeof o, .dtype = CONCEPTDEC_FLOAT16};
    expect_refusal(path, &o, CONCEPTDEC_EINVAL, "options.dtype: 3 is neither 0 nor CONCEPTDEC_BFLOAT16 (4)");
    o = (conceptdec_activations_options){.struct_size = 8};
    expect_refusal(path, &o, CONCEPTDEC_ESTRUCT_SIZE, "options.struct_size: 8 is smaller than 24");
    o = (conceptdec_activations_options){.struct_size = sizeof o, .given = 4};
    expect_refusal(path, &o, CONCEPTDEC_ESTRUCT_TAIL, "options.given");
    expect_refusal(NULL, NULL, CONCEPTDEC_ENULL, "path: is NULL");
    ck_assert_int_eq(conceptdec_activations_open(NULL, path, NULL, &a), CONCEPTDEC_ENULL);
    ck_assert_ptr_eq(a, &untouched);
    ck_assert_int_eq(conceptdec_activations_open(ctx, path, NULL, NULL), CONCEPTDEC_ENULL);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "activations: is NULL");
    conceptdec_ctx_cancel(ctx);
    ck_assert_int_eq(conceptdec_activations_open(ctx, path, NULL, &a), CONCEPTDEC_ECANCELLED);
    ck_assert_ptr_eq(a, &untouched);
    conceptdec_ctx_free(ctx);
}
END_TEST

static void
expect(conceptdec_ctx *ctx, conceptdec_status status, conceptdec_status expected, const char *text)
{
    ck_assert_msg(status == expected, "%s: status %d, %s", text, status, conceptdec_ctx_error(ctx));
    ck_assert_str_eq(conceptdec_ctx_error(ctx), text);
}

START_TEST(questions)
{
    conceptdec_ctx *ctx = files_ctx(1);
    conceptdec_activations *a = files_open(ctx, "tests/fuzz/safetensors/layers", 0, 0);
    conceptdec_array_info info, no_info;
    conceptdec_matrix view, no_view;
    conceptdec_array array, no_array;
    int64_t index = 99;
    memset(&info, 7, sizeof info);
    memset(&view, 7, sizeof view);
    memset(&array, 7, sizeof array);
    no_info = info, no_view = view, no_array = array;
    const char *no_such[] = {"index: -1 is not one of the 5 arrays", "index: 5 is not one of the 5 arrays"};
    for (int i = 0; i < 2; i++) {
        expect(ctx, conceptdec_activations_info(ctx, a, i ? 5 : -1, &info), CONCEPTDEC_ESIZE, no_such[i]);
        expect(ctx, conceptdec_activations_view(ctx, a, i ? 5 : -1, 0, &view), CONCEPTDEC_ESIZE, no_such[i]);
        expect(ctx, conceptdec_activations_integers(ctx, a, i ? 5 : -1, &array), CONCEPTDEC_ESIZE, no_such[i]);
    }
    expect(ctx, conceptdec_activations_view(ctx, a, 1, -1, &view), CONCEPTDEC_ESIZE,
           "cell: -1 is not one of the 1 of the grid");
    expect(ctx, conceptdec_activations_view(ctx, a, 1, 1, &view), CONCEPTDEC_ESIZE,
           "cell: 1 is not one of the 1 of the grid");
    expect(ctx, conceptdec_activations_view(ctx, a, 0, 0, &view), CONCEPTDEC_EDTYPE,
           "array \"labels\": holds integers (int64), but a floating-point type is needed");
    expect(ctx, conceptdec_activations_integers(ctx, a, 1, &array), CONCEPTDEC_EDTYPE,
           "array \"layer.0\": is of type float16, but integers are needed");
    expect(ctx, conceptdec_activations_find(ctx, a, NULL, &index), CONCEPTDEC_ENULL, "name: is NULL");
    expect(ctx, conceptdec_activations_find(ctx, a, "labels", NULL), CONCEPTDEC_ENULL, "index: is NULL");
    expect(ctx, conceptdec_activations_find(ctx, NULL, "labels", &index), CONCEPTDEC_ENULL, "activations: is NULL");
    expect(ctx, conceptdec_activations_info(ctx, NULL, 0, &info), CONCEPTDEC_ENULL, "activations: is NULL");
    expect(ctx, conceptdec_activations_view(ctx, NULL, 0, 0, &view), CONCEPTDEC_ENULL, "activations: is NULL");
    expect(ctx, conceptdec_activations_integers(ctx, NULL, 0, &array), CONCEPTDEC_ENULL, "activations: is NULL");
    expect(ctx, conceptdec_activations_info(ctx, a, 0, NULL), CONCEPTDEC_ENULL, "info: is NULL");
    expect(ctx, conceptdec_activations_view(ctx, a, 1, 0, NULL), CONCEPTDEC_ENULL, "view: is NULL");
    expect(ctx, conceptdec_activations_integers(ctx, a, 0, NULL), CONCEPTDEC_ENULL, "array: is NULL");
    ck_assert_int_eq(conceptdec_activations_info(NULL, a, 0, &info), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_activations_find(NULL, a, "labels", &index), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_activations_view(NULL, a, 1, 0, &view), CONCEPTDEC_ENULL);
    ck_assert_int_eq(conceptdec_activations_integers(NULL, a, 0, &array), CONCEPTDEC_ENULL);
    ck_assert_ptr_null(conceptdec_activations_metadata(a, NULL));
    ck_assert_int_eq(index, 99);
    ck_assert_mem_eq(&info, &no_info, sizeof info);
    ck_assert_mem_eq(&view, &no_view, sizeof view);
    ck_assert_mem_eq(&array, &no_array, sizeof array);
    conceptdec_activations_free(a);
    conceptdec_ctx_free(ctx);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("bad_activations");
    TCase *tcase = tcase_create("bad_activations");
    tcase_add_checked_fixture(tcase, files_begin, files_end);
    tcase_add_loop_test(tcase, headers_of_npy, 0, (int)(sizeof npy_cases / sizeof *npy_cases));
    tcase_add_loop_test(tcase, headers_of_safetensors, 0, (int)(sizeof safetensors_cases / sizeof *safetensors_cases));
    tcase_add_loop_test(tcase, indices, 0, (int)(sizeof index_cases / sizeof *index_cases));
    tcase_add_test(tcase, lengths_of_headers);
    tcase_add_loop_test(tcase, what_is_no_file, 0, 2);
    tcase_add_test(tcase, links_are_followed);
    tcase_add_test(tcase, long_names_are_clipped);
    tcase_add_test(tcase, options_of_opening);
    tcase_add_test(tcase, questions);
    suite_add_tcase(suite, tcase);
    return suite;
}

CHECK_MAIN(make_suite)
