/* Layouts without intrinsics: vectors that every processor has, elements fetched one by one. */
#define LAYOUT_WIDTH 4

typedef float floats __attribute__((vector_size(16)));
typedef int32_t marks __attribute__((vector_size(16)));

static inline floats
floats_least(floats a, floats b)
{
    const marks is_less = a < b;
    return (floats)(((marks)a & is_less) | ((marks)b & ~is_less));
}

static inline floats
floats_most(floats a, floats b)
{
    const marks is_more = a > b;
    return (floats)(((marks)a & is_more) | ((marks)b & ~is_more));
}

static inline void
floats_pairs(const float *from, marks row, floats *x, floats *y)
{
    floats first = {0}, second = {0};
    for (int i = 0; i < LAYOUT_WIDTH; i++) {
        first[i] = from[2 * row[i]];
        second[i] = from[2 * row[i] + 1];
    }
    *x = first;
    *y = second;
}

static inline floats
floats_gather(const float *from, marks offset)
{
    floats x;
    for (int i = 0; i < LAYOUT_WIDTH; i++)
        x[i] = from[offset[i]];
    return x;
}

static inline void
floats_weave(floats x, floats y, float *to)
{
    for (int i = 0; i < LAYOUT_WIDTH; i++) {
        to[2 * i] = x[i];
        to[2 * i + 1] = y[i];
    }
}
