/* SHA-256 of the command: the sums of FIPS 180-4, by the processor's instructions and without them. */
#include "../../examples/command/sha256.c"

#include <stdlib.h>

#include "check_main.h"

bool
was_interrupted(void)
{
    return false;
}

static const adding ways[] = {add_blocks, NULL};

static void
expect_digest(adding join, const char *message, uint64_t times, const char *expected)
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    size_t length = strlen(message), all = length * times, whole = all / 64 * 64;
    unsigned char *bytes = calloc(all + 1, 1);
    char digits[65];
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < all; i++)
        bytes[i] = (unsigned char)message[i % length];
    join(state, bytes, whole / 64);
    add_end(join, state, bytes + whole, all - whole, all);
    for (size_t i = 0; i < 8; i++)
        snprintf(digits + 8 * i, 9, "%08x", state[i]);
    ck_assert_str_eq(digits, expected);
    free(bytes);
}

START_TEST(examples_of_the_standard)
{
    const adding join = ways[_i] ? ways[_i] : choose_adding();
    expect_digest(join, "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect_digest(join, "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_digest(join, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect_digest(join, "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("sha256");
    TCase *tests = tcase_create("sha256");
    tcase_add_loop_test(tests, examples_of_the_standard, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
