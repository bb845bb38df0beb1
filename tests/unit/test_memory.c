/* Allocation through the caller's hooks, the arena, checked sizes. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "core/core.h"

#include "../torture/harness.h"

static torture_allocator allocator;
static conceptdec_ctx *ctx;

static void
setup(void)
{
    allocator = (torture_allocator){0};
    conceptdec_ctx_options options = torture_options(&allocator, 1);
    ck_assert_int_eq(conceptdec_ctx_new(&options, &ctx), CONCEPTDEC_OK);
}

static void
teardown(void)
{
    conceptdec_ctx_free(ctx);
    ck_assert_int_eq(allocator.live, 0);
}

START_TEST(products)
{
    int64_t value = 5;
    ck_assert(conceptdec_i_mul(1 << 20, 1 << 20, &value) && value == (int64_t)1 << 40);
    ck_assert(conceptdec_i_mul(0, INT64_MAX, &value) && value == 0);
    ck_assert(!conceptdec_i_mul(INT64_MAX, 2, &value));
    ck_assert(!conceptdec_i_mul(-1, 2, &value));
    ck_assert(!conceptdec_i_mul(2, -1, &value));
    ck_assert(conceptdec_i_add(INT64_MAX - 1, 1, &value) && value == INT64_MAX);
    ck_assert(!conceptdec_i_add(INT64_MAX, 1, &value));
    ck_assert(!conceptdec_i_add(-1, 1, &value));
}
END_TEST

START_TEST(aligned)
{
    for (uint64_t size = 0; size < 300; size++) {
        unsigned char *block = conceptdec_i_memory_take(ctx->memory, 1, size);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq((uintptr_t)block % 64, 0);
        memset(block, 1, size);
        conceptdec_i_memory_give(ctx->memory, block);
    }
}
END_TEST

/* An allocator whose blocks start at every offset in turn. */
static void *
allocate_odd(void *user, uint64_t size)
{
    int *offset = user;
    *offset = (*offset + 1) % 64;
    unsigned char *memory = malloc(size + 128);
    memory[*offset] = (unsigned char)*offset;
    return memory + 1 + *offset;
}

static void
release_odd(void *user, void *memory)
{
    (void)user;
    unsigned char *before = (unsigned char *)memory - 1;
    free(before - *before);
}

START_TEST(unaligned_hooks)
{
    int offset = 0;
    conceptdec_ctx_options options = {.allocate = allocate_odd, .release = release_odd, .allocator_user = &offset};
    offset = 6; /* the memory object itself lies at a multiple of 8 */
    conceptdec_i_memory *memory = conceptdec_i_memory_new(&options);
    for (int i = 0; i < 64; i++) {
        unsigned char *block = conceptdec_i_memory_take(memory, 7, 9);
        ck_assert_uint_eq((uintptr_t)block % 64, 0);
        memset(block, 0xaa, 63);
        conceptdec_i_memory_give(memory, block);
    }
    conceptdec_i_memory_drop(memory);
}
END_TEST

START_TEST(impossible_sizes)
{
    ck_assert_ptr_null(conceptdec_i_memory_take(ctx->memory, UINT64_MAX, 2));
    ck_assert_ptr_null(conceptdec_i_memory_take(ctx->memory, UINT64_MAX, 1));
    ck_assert_ptr_null(conceptdec_i_memory_take(ctx->memory, (uint64_t)1 << 32, (uint64_t)1 << 32));
    int64_t calls = allocator.calls;
    void *pointer = &allocator;
    ck_assert_int_eq(conceptdec_i_take(ctx, "lists", INT64_MAX, 8, &pointer), CONCEPTDEC_EOVERFLOW);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "lists: 9223372036854775807 elements of 8 bytes do not fit an address");
    ck_assert_int_eq(conceptdec_i_take(ctx, "lists", -1, 8, &pointer), CONCEPTDEC_EOVERFLOW);
    ck_assert_int_eq(conceptdec_i_take(ctx, "lists", 1, UINT64_MAX, &pointer), CONCEPTDEC_EOVERFLOW);
    ck_assert_int_eq(conceptdec_i_take_zero(ctx, "lists", INT64_MAX, 8, &pointer), CONCEPTDEC_EOVERFLOW);
    ck_assert_ptr_eq(pointer, &allocator);
    ck_assert_int_eq(allocator.calls, calls);
}
END_TEST

START_TEST(refused)
{
    void *pointer = &allocator;
    allocator.fail_at = allocator.calls + 1;
    ck_assert_int_eq(conceptdec_i_take(ctx, "lists", 100, 8, &pointer), CONCEPTDEC_ENOMEM);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "lists: cannot allocate 800 bytes");
    ck_assert_ptr_eq(pointer, &allocator);
    ck_assert_int_eq(conceptdec_i_take(ctx, "lists", 100, 8, &pointer), CONCEPTDEC_OK);
    conceptdec_i_give(ctx, pointer);
    conceptdec_i_give(ctx, NULL);
}
END_TEST

START_TEST(zeroed)
{
    for (int round = 0; round < 4; round++) {
        void *memory;
        ck_assert_int_eq(conceptdec_i_take_zero(ctx, "counts", 1000, 8, &memory), CONCEPTDEC_OK);
        for (int i = 0; i < 1000; i++)
            ck_assert_int_eq(((int64_t *)memory)[i], 0);
        memset(memory, 0xff, 8000);
        conceptdec_i_give(ctx, memory);
    }
}
END_TEST

START_TEST(arena)
{
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, ctx);
    int64_t before = allocator.live;
    for (int64_t i = 0; i < 20; i++) {
        void *memory = NULL;
        ck_assert_int_eq(conceptdec_i_arena_take(&scratch, "scratch", i, 100, &memory), CONCEPTDEC_OK);
        ck_assert_uint_eq((uintptr_t)memory % 64, 0);
        for (int64_t j = 0; j < i * 100; j++)
            ck_assert_int_eq(((char *)memory)[j], 0);
        memset(memory, 1, (size_t)i * 100);
    }
    void *pointer = &allocator;
    ck_assert_int_eq(conceptdec_i_arena_take(&scratch, "scratch", INT64_MAX, 1, &pointer), CONCEPTDEC_EOVERFLOW);
    ck_assert_int_eq(conceptdec_i_arena_take(&scratch, "scratch", INT64_MAX, 16, &pointer), CONCEPTDEC_EOVERFLOW);
    allocator.fail_at = allocator.calls + 1;
    ck_assert_int_eq(conceptdec_i_arena_take(&scratch, "scratch", 1, 16, &pointer), CONCEPTDEC_ENOMEM);
    ck_assert_str_eq(conceptdec_ctx_error(ctx), "scratch: cannot allocate 80 bytes");
    ck_assert_ptr_eq(pointer, &allocator);
    ck_assert_int_eq(allocator.live, before + 20);
    conceptdec_i_arena_close(&scratch);
    ck_assert_int_eq(allocator.live, before);
    conceptdec_i_arena_close(&scratch);
}
END_TEST

START_TEST(owners)
{
    torture_allocator own = {0};
    conceptdec_ctx_options options = torture_options(&own, 1);
    conceptdec_i_memory *memory = conceptdec_i_memory_new(&options);
    ck_assert_int_eq(own.live, 1);
    ck_assert_ptr_eq(conceptdec_i_memory_share(memory), memory);
    conceptdec_i_memory_drop(memory);
    ck_assert_int_eq(own.live, 1);
    conceptdec_i_memory_drop(memory);
    ck_assert_int_eq(own.live, 0);
    conceptdec_i_memory_drop(NULL);
    own.fail_at = own.calls + 1;
    ck_assert_ptr_null(conceptdec_i_memory_new(&options));
}
END_TEST

/* Hooks that notice a second caller. */
static atomic_int inside;
static atomic_int overlaps;

static void *
allocate_alone(void *user, uint64_t size)
{
    (void)user;
    if (atomic_fetch_add(&inside, 1) > 0)
        atomic_fetch_add(&overlaps, 1);
    void *memory = malloc(size);
    for (volatile int i = 0; i < 200; i++)
        ;
    atomic_fetch_sub(&inside, 1);
    return memory;
}

static void
release_alone(void *user, void *memory)
{
    (void)user;
    if (atomic_fetch_add(&inside, 1) > 0)
        atomic_fetch_add(&overlaps, 1);
    for (volatile int i = 0; i < 200; i++)
        ;
    free(memory);
    atomic_fetch_sub(&inside, 1);
}

static void *
take_and_give(void *memory)
{
    for (int i = 0; i < 20000; i++)
        conceptdec_i_memory_give(memory, conceptdec_i_memory_take(memory, 3, 5));
    return NULL;
}

START_TEST(one_caller_at_a_time)
{
    conceptdec_ctx_options options = {.allocate = allocate_alone, .release = release_alone};
    conceptdec_i_memory *memory = conceptdec_i_memory_new(&options);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_give, memory), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    conceptdec_i_memory_drop(memory);
    ck_assert_int_eq(atomic_load(&overlaps), 0);
}
END_TEST

/* The harness sees every allocation fail: 2 for the context and its memory, 3 here. */
static conceptdec_status
three_blocks(conceptdec_ctx *context, void *argument, void **output)
{
    (void)argument;
    conceptdec_i_arena scratch;
    conceptdec_i_arena_open(&scratch, context);
    void *memory;
    conceptdec_status status = CONCEPTDEC_OK;
    for (int i = 0; i < 3 && status == CONCEPTDEC_OK; i++)
        status = conceptdec_i_arena_take(&scratch, "block", 1, 100, &memory);
    conceptdec_i_arena_close(&scratch);
    if (status == CONCEPTDEC_OK)
        *output = NULL;
    return status;
}

START_TEST(every_allocation_fails_in_turn)
{
    ck_assert_int_eq(torture(1, three_blocks, NULL, NULL), 5);
}
END_TEST

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define IS_SANITIZED
#endif
#endif

/* MiB that the process holds; 0 where the system does not tell, or a sanitizer has memory of its own. */
static double
resident(void)
{
    long all, here = 0;
#ifndef IS_SANITIZED
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &all, &here) != 2)
        here = 0;
    if (file)
        fclose(file);
#endif
    return (double)here * (double)sysconf(_SC_PAGESIZE) / 0x1p20;
}

/* malloc keeps blocks of up to 32 MiB below one that is live, once it has seen one come back. */
START_TEST(large_blocks_go_back_to_the_system)
{
    enum { BLOCKS = 8, BYTES = 16 << 20 };
    conceptdec_ctx *own;
    void *blocks[BLOCKS], *small;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &own), CONCEPTDEC_OK);
    conceptdec_i_memory_give(own->memory, conceptdec_i_memory_take(own->memory, 1, BYTES));
    const double before = resident();
    for (int i = 0; i < BLOCKS; i++) {
        ck_assert_ptr_nonnull(blocks[i] = conceptdec_i_memory_take(own->memory, 1, BYTES));
        memset(blocks[i], 1, BYTES);
    }
    ck_assert(resident() == 0 || resident() > before + 100);
    ck_assert_ptr_nonnull(small = conceptdec_i_memory_take(own->memory, 1, 100000));
    for (int i = 0; i < BLOCKS; i++)
        conceptdec_i_memory_give(own->memory, blocks[i]);
    ck_assert_msg(resident() <= before + 8, "%g MiB, then %g", before, resident());
    conceptdec_i_memory_give(own->memory, small);
    conceptdec_ctx_free(own);
}
END_TEST

/* Bytes at both ends of blocks around the size from which they are mapped. */
START_TEST(blocks_of_all_sizes)
{
    conceptdec_ctx *own;
    ck_assert_int_eq(conceptdec_ctx_new(NULL, &own), CONCEPTDEC_OK);
    for (uint64_t size = (uint64_t)1 << 20; size < (uint64_t)40 << 20; size = size * 5 / 4)
        for (uint64_t more = 0; more < 200; more += 7) {
            unsigned char *block = conceptdec_i_memory_take(own->memory, 1, size + more);
            ck_assert_ptr_nonnull(block);
            ck_assert_uint_eq((uintptr_t)block % 64, 0);
            block[0] = block[size + more - 1] = 1;
            conceptdec_i_memory_give(own->memory, block);
        }
    ck_assert_ptr_null(conceptdec_i_memory_take(own->memory, (uint64_t)1 << 20, (uint64_t)1 << 42));
    conceptdec_ctx_free(own);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, products);
    tcase_add_test(tests, aligned);
    tcase_add_test(tests, unaligned_hooks);
    tcase_add_test(tests, impossible_sizes);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, zeroed);
    tcase_add_test(tests, arena);
    tcase_add_test(tests, owners);
    tcase_add_test(tests, large_blocks_go_back_to_the_system);
    tcase_add_test(tests, blocks_of_all_sizes);
    tcase_add_test(tests, one_caller_at_a_time);
    tcase_add_test(tests, every_allocation_fails_in_turn);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
