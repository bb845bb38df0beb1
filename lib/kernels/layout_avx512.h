/* Layouts for AVX-512. */
#define LAYOUT_WIDTH 16

typedef float floats __attribute__((vector_size(64)));
typedef int32_t marks __attribute__((vector_size(64)));

static inline floats
floats_least(floats a, floats b)
{
    return _mm512_min_ps(a, b);
}

static inline floats
floats_most(floats a, floats b)
{
    return _mm512_max_ps(a, b);
}

/* Without optimisation it is a macro of gcc's, which converts signs. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static inline floats
floats_gather(const float *from, marks offset)
{
    return _mm512_i32gather_ps((__m512i)offset, from, 4);
}
#pragma GCC diagnostic pop

static inline void
floats_pairs(const float *from, marks row, floats *x, floats *y)
{
    *x = floats_gather(from, row * 2);
    *y = floats_gather(from + 1, row * 2);
}
