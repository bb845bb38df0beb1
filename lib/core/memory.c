/* Memory through the caller's hooks, 64-byte aligned; the arena that a call takes its scratch from. */
#define _DEFAULT_SOURCE

#include "core.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT 64u
#define LARGE ((uint64_t)2 << 20)
#define LARGE_PAGE ((uint64_t)2 << 20)
#define LARGEST_PAGE ((uint64_t)64 << 10) /* of common systems */
#define PAGE 4096 /* the least */
#define PIECE ((uint64_t)1 << 20) /* bytes that are zeroed between two looks at the cancel flag */

#if defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED true /* every block is malloc's: who reads beyond one is told */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED true
#endif
#endif
#ifndef IS_WATCHED
#define IS_WATCHED false
#endif

struct conceptdec_i_memory {
    void *(*allocate)(void *user, uint64_t size);
    void (*release)(void *user, void *memory);
    void *user;
    bool is_hooked; /* the hooks are the caller's: one call at a time */
    pthread_mutex_t lock;
    atomic_int owners;
    atomic_bool has_failed;
};

/* ---- memory of the process, where the caller has no hooks ---- */

/* Stands before each block. */
typedef union {
    uint64_t mapped; /* bytes; 0: malloc's */
    max_align_t alignment;
} origin;

static void
unmap(char *from, const char *to)
{
    if (to > from)
        (void)munmap(from, (size_t)(to - from));
}

/* Large blocks go back to the system when they are released. malloc would keep those of up to 32 MiB once some have
 * been released, for every thread its own: up to 90 MiB that nothing uses. They begin at a large page and are asked for
 * in these: filling a block then costs a fault for every 2 MiB, not 4 KiB. */
static void *
map(uint64_t size)
{
    const size_t longer = (size_t)(size + LARGE_PAGE);
    char *all = mmap(NULL, longer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    char *memory = all + (LARGE_PAGE - (uintptr_t)all % LARGE_PAGE) % LARGE_PAGE;
    unmap(all, memory);
    unmap(memory + size, all + longer);
    (void)madvise(memory, (size_t)size, MADV_HUGEPAGE);
    return memory;
}

static void *
default_allocate(void *user, uint64_t size)
{
    const bool is_mapped = size >= LARGE && !IS_WATCHED;
    (void)user;
    if (size > PTRDIFF_MAX - LARGE_PAGE - LARGEST_PAGE)
        return NULL;
    const uint64_t bytes = size + sizeof(origin);
    const uint64_t all = is_mapped ? (bytes + LARGEST_PAGE - 1) / LARGEST_PAGE * LARGEST_PAGE : bytes;
    origin *memory = is_mapped ? map(all) : malloc((size_t)all);
    if (!memory)
        return NULL;
    memory->mapped = is_mapped ? all : 0;
    return memory + 1;
}

static void
default_release(void *user, void *memory)
{
    origin *block = (origin *)memory - 1;
    (void)user;
    if (block->mapped > 0)
        (void)munmap(block, (size_t)block->mapped);
    else
        free(block);
}

/* ---- either ---- */

conceptdec_i_memory *
conceptdec_i_memory_new(const conceptdec_ctx_options *options)
{
    bool is_hooked = options && options->allocate;
    void *user = is_hooked ? options->allocator_user : NULL;
    void *(*allocate)(void *, uint64_t) = is_hooked ? options->allocate : default_allocate;
    conceptdec_i_memory *memory = allocate(user, sizeof *memory);
    if (!memory)
        return NULL;
    memory->allocate = allocate;
    memory->release = is_hooked ? options->release : default_release;
    memory->user = user;
    memory->is_hooked = is_hooked;
    pthread_mutex_init(&memory->lock, NULL);
    atomic_init(&memory->owners, 1);
    atomic_init(&memory->has_failed, false);
    return memory;
}

conceptdec_i_memory *
conceptdec_i_memory_share(conceptdec_i_memory *memory)
{
    atomic_fetch_add(&memory->owners, 1);
    return memory;
}

void
conceptdec_i_memory_drop(conceptdec_i_memory *memory)
{
    if (!memory || atomic_fetch_sub(&memory->owners, 1) > 1)
        return;
    pthread_mutex_destroy(&memory->lock);
    memory->release(memory->user, memory);
}

static void *
allocate_raw(conceptdec_i_memory *memory, uint64_t size)
{
    if (!memory->is_hooked)
        return memory->allocate(memory->user, size);
    pthread_mutex_lock(&memory->lock);
    void *raw = memory->allocate(memory->user, size);
    pthread_mutex_unlock(&memory->lock);
    return raw;
}

/* The hook's pointer stands right before the aligned block. */
static void *
take_aligned(conceptdec_i_memory *memory, uint64_t count, uint64_t size)
{
    uint64_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - ALIGNMENT - sizeof(void *))
        return NULL;
    char *raw = allocate_raw(memory, bytes + ALIGNMENT + sizeof(void *));
    if (!raw)
        return NULL;
    uintptr_t past = (uintptr_t)raw + sizeof(void *);
    char *block = raw + sizeof(void *) + (ALIGNMENT - past % ALIGNMENT) % ALIGNMENT;
    memcpy(block - sizeof raw, &raw, sizeof raw);
    return block;
}

void *
conceptdec_i_memory_take(conceptdec_i_memory *memory, uint64_t count, uint64_t size)
{
    void *block = take_aligned(memory, count, size);
    if (!block)
        atomic_store(&memory->has_failed, true);
    return block;
}

bool
conceptdec_i_memory_failed(conceptdec_i_memory *memory)
{
    return atomic_load(&memory->has_failed);
}

void
conceptdec_i_memory_forget(conceptdec_i_memory *memory)
{
    atomic_store(&memory->has_failed, false);
}

void
conceptdec_i_memory_give(conceptdec_i_memory *memory, void *pointer)
{
    if (!pointer)
        return;
    char *raw;
    memcpy(&raw, (char *)pointer - sizeof raw, sizeof raw);
    if (memory->is_hooked)
        pthread_mutex_lock(&memory->lock);
    memory->release(memory->user, raw);
    if (memory->is_hooked)
        pthread_mutex_unlock(&memory->lock);
}

/* ---- a reserve: blocks after one another in a single one ---- */

typedef struct reserve {
    struct conceptdec_i_memory memory;
    uint64_t bytes, used;
    int64_t live; /* blocks that have not gone back */
} reserve;

enum { BLOCK_BYTES = ALIGNMENT + 64 }; /* what a block takes beyond its own bytes, at most */

static void *
reserve_allocate(void *user, uint64_t size)
{
    reserve *r = user;
    const uint64_t rounded = (size + 15) / 16 * 16;
    if (rounded > r->bytes - r->used)
        return NULL;
    char *block = (char *)(r + 1) + r->used;
    r->used += rounded;
    r->live++;
    return block;
}

static void
reserve_release(void *user, void *memory)
{
    reserve *r = user;
    (void)memory;
    if (--r->live == 0)
        r->used = 0;
}

conceptdec_i_memory *
conceptdec_i_memory_reserve(conceptdec_i_memory *from, int64_t bytes, int64_t blocks)
{
    int64_t all;
    if (!conceptdec_i_mul(blocks, 2 * BLOCK_BYTES, &all) || !conceptdec_i_add(all, bytes, &all))
        return NULL;
    reserve *r = conceptdec_i_memory_take(from, 1, sizeof *r + (uint64_t)all);
    if (!r)
        return NULL;
    *r = (reserve){.memory = {.allocate = reserve_allocate, .release = reserve_release, .user = r},
                   .bytes = (uint64_t)all};
    atomic_init(&r->memory.owners, 1);
    atomic_init(&r->memory.has_failed, false);
    return &r->memory;
}

bool
conceptdec_i_mul(int64_t a, int64_t b, int64_t *product)
{
    return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, product);
}

bool
conceptdec_i_add(int64_t a, int64_t b, int64_t *sum)
{
    return a >= 0 && b >= 0 && !__builtin_add_overflow(a, b, sum);
}

conceptdec_status
conceptdec_i_take(conceptdec_ctx *ctx, const char *what, int64_t count, uint64_t size, void **pointer)
{
    int64_t bytes;
    if (size > INT64_MAX || !conceptdec_i_mul(count, (int64_t)size, &bytes))
        return conceptdec_i_fail(ctx, CONCEPTDEC_EOVERFLOW, "%s: %lld elements of %llu bytes do not fit an address",
                                 what, (long long)count, (unsigned long long)size);
    void *block = conceptdec_i_memory_take(ctx->memory, (uint64_t)count, size);
    if (!block)
        return conceptdec_i_fail(ctx, CONCEPTDEC_ENOMEM, "%s: cannot allocate %lld bytes", what, (long long)bytes);
    *pointer = block;
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_take_zero(conceptdec_ctx *ctx, const char *what, int64_t count, uint64_t size, void **pointer)
{
    void *block = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_take(ctx, what, count, size, &block));
    memset(block, 0, (size_t)count * size);
    *pointer = block;
    return CONCEPTDEC_OK;
}

void
conceptdec_i_give(conceptdec_ctx *ctx, void *pointer)
{
    conceptdec_i_memory_give(ctx->memory, pointer);
}

/* ---- arena: a block is a link to the one before it, padded to the alignment, then what the caller sees ---- */

void
conceptdec_i_arena_open(conceptdec_i_arena *arena, conceptdec_ctx *ctx)
{
    *arena = (conceptdec_i_arena){.ctx = ctx};
}

conceptdec_status
conceptdec_i_arena_take_raw(conceptdec_i_arena *arena, const char *what, int64_t count, uint64_t size, void **pointer)
{
    int64_t bytes;
    if (size > INT64_MAX || !conceptdec_i_mul(count, (int64_t)size, &bytes) ||
        !conceptdec_i_add(bytes, ALIGNMENT, &bytes))
        return conceptdec_i_fail(arena->ctx, CONCEPTDEC_EOVERFLOW,
                                 "%s: %lld elements of %llu bytes do not fit an address", what, (long long)count,
                                 (unsigned long long)size);
    void *block = NULL;
    CONCEPTDEC_I_TRY(conceptdec_i_take(arena->ctx, what, bytes, 1, &block));
    memcpy(block, &arena->last, sizeof arena->last);
    arena->last = block;
    *pointer = (char *)block + ALIGNMENT;
    return CONCEPTDEC_OK;
}

/* The system may have to make each page. */
static conceptdec_status
zero(conceptdec_ctx *ctx, char *block, uint64_t bytes)
{
    for (; bytes > PIECE; block += PIECE, bytes -= PIECE) {
        memset(block, 0, PIECE);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(ctx, 0));
    }
    memset(block, 0, bytes);
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_arena_take(conceptdec_i_arena *arena, const char *what, int64_t count, uint64_t size, void **pointer)
{
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, what, count, size, pointer));
    return zero(arena->ctx, *pointer, (uint64_t)count * size);
}

conceptdec_status
conceptdec_i_arena_touch(conceptdec_i_arena *arena, void *block, int64_t bytes)
{
    for (int64_t at = 0; at < bytes; at += PAGE) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(arena->ctx, at / PAGE));
        ((volatile char *)block)[at] = 0;
    }
    return CONCEPTDEC_OK;
}

void
conceptdec_i_arena_close(conceptdec_i_arena *arena)
{
    while (arena->last) {
        void *block = arena->last;
        memcpy(&arena->last, block, sizeof arena->last);
        conceptdec_i_give(arena->ctx, block);
    }
}

void
conceptdec_i_arena_move(conceptdec_i_arena *arena, conceptdec_i_arena *from)
{
    while (from->last) {
        void *block = from->last;
        memcpy(&from->last, block, sizeof from->last);
        memcpy(block, &arena->last, sizeof arena->last);
        arena->last = block;
    }
}
