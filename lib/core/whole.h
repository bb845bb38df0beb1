/* Whole numbers. */
#ifndef CONCEPTDEC_I_WHOLE_H
#define CONCEPTDEC_I_WHOLE_H

#include <stdint.h>

static inline int64_t
min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t
max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t
ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* The end of a task's items, of n in all: each task has `size`, the last one what is left. */
static inline int64_t
task_end(int64_t task, int64_t size, int64_t n)
{
    return min64(n, (task + 1) * size);
}

#endif
