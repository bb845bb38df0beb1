/* What the tests of the kernels share: the sets that this processor has, numbers, and memory that shows overruns. */
#ifndef CONCEPTDEC_TESTS_KERNELS_SETS_H
#define CONCEPTDEC_TESTS_KERNELS_SETS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <conceptdec/conceptdec.h>

#include "check_main.h"
#include "kernels/kernels.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)0)
#endif

#define ALL_SETS 3
#define GUARD 64
#define GUARD_BYTE 0xa5

/* The i-th kernel set, or NULL where this processor does not have it. */
static inline const conceptdec_i_kernels *
kernel_set(int i)
{
    const uint32_t bit = 1u << i;
    return conceptdec_i_kernels_available() & bit ? conceptdec_i_kernels_choose(bit) : NULL;
}

#define FOR_EACH_SET(set)                                                                                              \
    for (int set_index = 0; set_index < ALL_SETS; set_index++)                                                         \
        for (const conceptdec_i_kernels *set = kernel_set(set_index); set; set = NULL)

/* Sizes around every multiple that a kernel may care for. */
static const int64_t odd_sizes[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,  15,  16,  17,   18,
                                    19, 23, 24, 25, 30, 31, 32, 33, 34, 35, 39, 40, 41, 47, 48,  49,  50,  55,   56,
                                    57, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 96, 97, 127, 128, 129, 1000, 1037};
#define ODD_SIZES ((int)(sizeof odd_sizes / sizeof odd_sizes[0]))

static inline uint64_t
random_bits(void)
{
    static uint64_t state = 20240607;
    uint64_t x = state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline int64_t
random_below(int64_t n)
{
    return (int64_t)(random_bits() % (uint64_t)n);
}

/* In [-1, 1), with 53 random bits. */
static inline double
random_real(void)
{
    return (double)(random_bits() >> 11) * 0x1p-52 - 1;
}

/* `size` bytes, `shift` bytes past a 64-byte boundary, with a guard behind: writing there is seen by
 * guard_stands(), reading by the address sanitizer. */
static inline void *
guarded(size_t size, size_t shift)
{
    const size_t total = (shift + size + GUARD + 63) / 64 * 64;
    unsigned char *memory = aligned_alloc(64, total);
    ck_assert_ptr_nonnull(memory);
    memset(memory, GUARD_BYTE, total);
    ASAN_POISON_MEMORY_REGION(memory + shift + size, GUARD);
    return memory + shift;
}

static inline int
guard_stands(const void *memory, size_t size)
{
    const unsigned char *after = (const unsigned char *)memory + size;
    ASAN_UNPOISON_MEMORY_REGION(after, GUARD);
    for (int i = 0; i < GUARD; i++)
        if (after[i] != GUARD_BYTE)
            return 0;
    return 1;
}

static inline void
guarded_free(void *memory, size_t shift)
{
    free((unsigned char *)memory - shift);
}

static inline int
same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* A suite of one case; `tests` ends with NULL. */
static inline Suite *
make_kernel_suite(const char *name, const TTest *const *tests)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 120);
    for (; *tests; tests++)
        tcase_add_test(tcase, *tests);
    suite_add_tcase(suite, tcase);
    return suite;
}

#endif
