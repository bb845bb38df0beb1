/* Kernels that walk one row: every set includes this file once, so that each gets them in its own instructions; all
 * functions are static. Sums run in 16 partial sums, folded in one order: the same bits from every set, since no
 * operation is fused. The set has defined WIDE, and `wide` as a vector of as many doubles, with
 *   wide_load_<type>(from): that many elements of a type, widened; at any address;
 *   wide_store(to, x), wide_fill(value): to any address; every lane one value;
 *   wide_load_some(from, count), wide_store_some(to, x, count): `count` elements, 0 .. WIDE, the others 0 and
 *   untouched; wide_total(sums): CHUNK of them, CHUNK / WIDE vectors, folded as fold() does it;
 *   wide_square(sum, a, b, scale): sum + (a - b * scale)^2, every operation rounded by itself;
 *   UNROLL: a pragma where loops over a chunk have to be unrolled early, else nothing. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define CHUNK 16
#define AHEAD 256 /* elements: so far before it is needed a row is asked for */

static inline double
fold(double *sums)
{
    for (int width = CHUNK / 2; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            sums[j] += sums[j + width];
    return sums[0];
}

/* Starts to load what is needed soon: rows lie anywhere, and memory takes longer than the arithmetic. */
static inline void
ask_for(const char *from, int64_t size)
{
    UNROLL
    for (int64_t i = 0; i < size; i += 64)
        __builtin_prefetch(from + i);
}

/* widen_<type>() and distance_<type>() for elements of `size` bytes. What is left after the last whole chunk is copied
 * out and padded with zeros, which add +0 to their sums. */
#define DEFINE_SOURCE_TYPE(type, size)                                                                                 \
    static inline void widen_chunk_##type(const char *from, double *out)                                               \
    {                                                                                                                  \
        UNROLL                                                                                                         \
        for (int j = 0; j < CHUNK; j += WIDE)                                                                          \
            wide_store(out + j, wide_load_##type(from + j * (size)));                                                  \
    }                                                                                                                  \
                                                                                                                       \
    static void widen_##type(const void *in, double *restrict out, int64_t n)                                          \
    {                                                                                                                  \
        const char *from = in;                                                                                         \
        for (; n >= CHUNK; n -= CHUNK, from += CHUNK * (size), out += CHUNK)                                           \
            widen_chunk_##type(from, out);                                                                             \
        if (n > 0) {                                                                                                   \
            char rest[CHUNK * (size)] = {0};                                                                           \
            double wider[CHUNK];                                                                                       \
            memcpy(rest, from, (size_t)n *(size));                                                                     \
            widen_chunk_##type(rest, wider);                                                                           \
            memcpy(out, wider, (size_t)n * sizeof *out);                                                               \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static inline void add_squares_##type(const double *a, const char *from, wide scale, wide *sums)                   \
    {                                                                                                                  \
        UNROLL                                                                                                         \
        for (int j = 0; j < CHUNK / WIDE; j++)                                                                         \
            sums[j] = wide_square(sums[j], wide_load_f64((const char *)(a + j * WIDE)),                                \
                                  wide_load_##type(from + j * WIDE * (size)), scale);                                  \
    }                                                                                                                  \
                                                                                                                       \
    static double distance_##type(const double *a, const void *b, double scale, int64_t n)                             \
    {                                                                                                                  \
        const char *from = b;                                                                                          \
        const wide factor = wide_fill(scale);                                                                          \
        wide sums[CHUNK / WIDE];                                                                                       \
        double partial[CHUNK];                                                                                         \
        UNROLL                                                                                                         \
        for (int j = 0; j < CHUNK / WIDE; j++)                                                                         \
            sums[j] = wide_fill(0);                                                                                    \
        for (; n >= CHUNK; n -= CHUNK, from += CHUNK * (size), a += CHUNK)                                             \
            add_squares_##type(a, from, factor, sums);                                                                 \
        if (n > 0) {                                                                                                   \
            char rest[CHUNK * (size)] = {0};                                                                           \
            double rest_a[CHUNK] = {0};                                                                                \
            memcpy(rest, from, (size_t)n *(size));                                                                     \
            memcpy(rest_a, a, (size_t)n * sizeof *a);                                                                  \
            add_squares_##type(rest_a, rest, factor, sums);                                                            \
        }                                                                                                              \
        UNROLL                                                                                                         \
        for (int j = 0; j < CHUNK / WIDE; j++)                                                                         \
            wide_store(partial + j * WIDE, sums[j]);                                                                   \
        return fold(partial);                                                                                          \
    }                                                                                                                  \
                                                                                                                       \
    static void distances_##type(const double *a, const void *const *b, const double *scale, int64_t n, double *out)   \
    {                                                                                                                  \
        const int64_t whole = n / CHUNK * CHUNK, turn = whole > AHEAD ? whole - AHEAD : 0;                             \
        wide sums[CONCEPTDEC_I_ABREAST][CHUNK / WIDE], factor[CONCEPTDEC_I_ABREAST];                                   \
        UNROLL                                                                                                         \
        for (int r = 0; r < CONCEPTDEC_I_ABREAST; r++) {                                                               \
            factor[r] = wide_fill(scale[r]);                                                                           \
            UNROLL                                                                                                     \
            for (int j = 0; j < CHUNK / WIDE; j++)                                                                     \
                sums[r][j] = wide_fill(0);                                                                             \
        }                                                                                                              \
        for (int64_t i = 0; i < whole; i += CHUNK) {                                                                   \
            UNROLL                                                                                                     \
            for (int r = 0; r < CONCEPTDEC_I_ABREAST; r++) {                                                           \
                const int64_t at = i < turn ? i + AHEAD : i - turn;                                                    \
                ask_for((const char *)b[i < turn ? r : r + CONCEPTDEC_I_ABREAST] + at * (size), CHUNK * (size));       \
                add_squares_##type(a + i, (const char *)b[r] + i * (size), factor[r], sums[r]);                        \
            }                                                                                                          \
        }                                                                                                              \
        for (int r = 0; r < CONCEPTDEC_I_ABREAST; r++) {                                                               \
            double partial[CHUNK];                                                                                     \
            if (n > whole) {                                                                                           \
                char rest[CHUNK * (size)] = {0};                                                                       \
                double rest_a[CHUNK] = {0};                                                                            \
                memcpy(rest, (const char *)b[r] + whole * (size), (size_t)(n - whole) * (size));                       \
                memcpy(rest_a, a + whole, (size_t)(n - whole) * sizeof *a);                                            \
                add_squares_##type(rest_a, rest, factor[r], sums[r]);                                                  \
            }                                                                                                          \
            UNROLL                                                                                                     \
            for (int j = 0; j < CHUNK / WIDE; j++)                                                                     \
                wide_store(partial + j * WIDE, sums[r][j]);                                                            \
            out[r] = fold(partial);                                                                                    \
        }                                                                                                              \
    }

#define MEETING (WIDE >= 8 ? 4 : 2) /* rows whose sums stay in registers */

/* meet_<type>(): an element is widened and scaled once for all rows. */
#define DEFINE_MEETING(type, size)                                                                                     \
    static inline __attribute__((always_inline)) void meet_chunk_##type(                                               \
        const char *from, wide scale, const double *const *a, int64_t at, wide (*sums)[CHUNK / WIDE], const int count) \
    {                                                                                                                  \
        UNROLL                                                                                                         \
        for (int j = 0; j < CHUNK / WIDE; j++) {                                                                       \
            const wide x = wide_times(wide_load_##type(from + j * WIDE * (size)), scale);                              \
            UNROLL                                                                                                     \
            for (int r = 0; r < count; r++) {                                                                          \
                const wide less = wide_less(wide_load_f64((const char *)(a[r] + at + j * WIDE)), x);                   \
                sums[r][j] = wide_plus(sums[r][j], wide_times(less, less));                                            \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static inline __attribute__((always_inline)) void meet_some_##type(                                                \
        const char *b, wide scale, const double *const *a, const char *next, int64_t n, double *out, const int count)  \
    {                                                                                                                  \
        const int64_t whole = n / CHUNK * CHUNK;                                                                       \
        wide sums[MEETING][CHUNK / WIDE];                                                                              \
        UNROLL                                                                                                         \
        for (int r = 0; r < count; r++) {                                                                              \
            UNROLL                                                                                                     \
            for (int j = 0; j < CHUNK / WIDE; j++)                                                                     \
                sums[r][j] = wide_fill(0);                                                                             \
        }                                                                                                              \
        for (int64_t i = 0; i < whole; i += CHUNK) {                                                                   \
            ask_for(next + i * (size), CHUNK * (size));                                                                \
            meet_chunk_##type(b + i * (size), scale, a, i, sums, count);                                               \
        }                                                                                                              \
        if (n > whole) {                                                                                               \
            char rest[CHUNK * (size)] = {0};                                                                           \
            double rest_a[MEETING][CHUNK] = {{0}};                                                                     \
            const double *rests[MEETING];                                                                              \
            memcpy(rest, b + whole * (size), (size_t)(n - whole) * (size));                                            \
            for (int r = 0; r < count; r++)                                                                            \
                rests[r] = memcpy(rest_a[r], a[r] + whole, (size_t)(n - whole) * sizeof(double));                      \
            meet_chunk_##type(rest, scale, rests, 0, sums, count);                                                     \
        }                                                                                                              \
        UNROLL                                                                                                         \
        for (int r = 0; r < count; r++)                                                                                \
            out[r] = wide_total(sums[r]);                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void meet_##type(const void *b, double scale, const double *const *a, int64_t count, const void *next,      \
                            int64_t n, double *out)                                                                    \
    {                                                                                                                  \
        const wide factor = wide_fill(scale);                                                                          \
        for (; count >= MEETING; count -= MEETING, a += MEETING, out += MEETING, next = b)                             \
            meet_some_##type(b, factor, a, next, n, out, MEETING);                                                     \
        if (MEETING > 2 && count == 3)                                                                                 \
            meet_some_##type(b, factor, a, next, n, out, MEETING > 2 ? 3 : 1);                                         \
        else if (MEETING > 2 && count == 2)                                                                            \
            meet_some_##type(b, factor, a, next, n, out, 2);                                                           \
        else if (count == 1)                                                                                           \
            meet_some_##type(b, factor, a, next, n, out, 1);                                                           \
    }

#define DEFINE_ROWS(type, size)                                                                                        \
    DEFINE_SOURCE_TYPE(type, size)                                                                                     \
    DEFINE_MEETING(type, size)

DEFINE_ROWS(f64, 8)
DEFINE_ROWS(f32, 4)
DEFINE_ROWS(f16, 2)
DEFINE_ROWS(bf16, 2)

static void
widen_panel(const float *in, int64_t step, int64_t width, int64_t depth, double *restrict out)
{
    for (int64_t p = 0; p < depth; p++, in += step, out += width)
        for (int64_t i = 0; i < width; i += WIDE)
            wide_store(out + i, wide_load_f32((const char *)(in + i)));
}

/* center_<type>(): the sum is over what was stored, that is after rounding to `real`. */
#define DEFINE_CENTER(type, real)                                                                                      \
    static double center_##type(const double *restrict x, const double *restrict mean, double scale,                   \
                                real *restrict out, int64_t n)                                                         \
    {                                                                                                                  \
        double sums[CHUNK] = {0};                                                                                      \
        int64_t i = 0;                                                                                                 \
        for (; i + CHUNK <= n; i += CHUNK)                                                                             \
            for (int j = 0; j < CHUNK; j++) {                                                                          \
                real value = (real)((x[i + j] - mean[i + j]) * scale);                                                 \
                out[i + j] = value;                                                                                    \
                sums[j] += (double)value * (double)value;                                                              \
            }                                                                                                          \
        for (int j = 0; i + j < n; j++) {                                                                              \
            real value = (real)((x[i + j] - mean[i + j]) * scale);                                                     \
            out[i + j] = value;                                                                                        \
            sums[j] += (double)value * (double)value;                                                                  \
        }                                                                                                              \
        return fold(sums);                                                                                             \
    }

DEFINE_CENTER(f32, float)
DEFINE_CENTER(f64, double)

/* Sums are fetched and stored once for all rows, whose number is known to the compiler where this is inlined. */
static inline __attribute__((always_inline)) void
survey_rows(const int rows, const double *restrict x, int64_t step, const double *restrict shift, double *restrict sums,
            double *restrict least, double *restrict largest, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        double sum = sums[j], low = least[j], high = largest[j];
        for (int i = 0; i < rows; i++) {
            const double value = x[i * step + j];
            sum += value - shift[j];
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
        sums[j] = sum;
        least[j] = low;
        largest[j] = high;
    }
}

static inline __attribute__((always_inline)) void
square_rows(const int rows, const double *restrict x, int64_t step, const double *restrict shift,
            const double *restrict factor, double *restrict sums, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        double sum = sums[j];
        for (int i = 0; i < rows; i++) {
            const double off = factor ? (x[i * step + j] - shift[j]) * factor[j] : x[i * step + j] - shift[j];
            sum += off * off;
        }
        sums[j] = sum;
    }
}

static void
add_squares(const double *x, int64_t step, int64_t rows, const double *shift, const double *factor, double *sums,
            int64_t n)
{
    for (; rows >= 4; rows -= 4, x += 4 * step)
        square_rows(4, x, step, shift, factor, sums, n);
    for (; rows > 0; rows--, x += step)
        square_rows(1, x, step, shift, factor, sums, n);
}

static void
survey(const double *x, int64_t step, int64_t rows, const double *shift, double *sums, double *least, double *largest,
       double *squares, int64_t n)
{
    if (squares)
        add_squares(x, step, rows, shift, NULL, squares, n);
    for (; rows >= 4; rows -= 4, x += 4 * step)
        survey_rows(4, x, step, shift, sums, least, largest, n);
    for (; rows > 0; rows--, x += step)
        survey_rows(1, x, step, shift, sums, least, largest, n);
}

static void
settle_f32(const double *restrict x, const double *restrict shift, const double *restrict factor, float *restrict out,
           int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = (float)((x[i] - shift[i]) * factor[i]);
}

static void
settle_f64(const double *x, const double *restrict shift, const double *restrict factor, double *out, int64_t n)
{
    int64_t i = 0;
    for (; i + CHUNK <= n; i += CHUNK)
        UNROLL
        for (int j = 0; j < CHUNK; j += WIDE) {
            const int64_t at = i + j;
            const wide value = wide_load_f64((const char *)(x + at)), less = wide_load_f64((const char *)(shift + at));
            wide_store(out + at, wide_times(wide_less(value, less), wide_load_f64((const char *)(factor + at))));
        }
    for (; i < n; i++)
        out[i] = (x[i] - shift[i]) * factor[i];
}

static void
to_floats(const double *restrict in, float *restrict out, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = (float)in[i];
}

static void
add_floats(const float *restrict x, double *restrict sums, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        sums[i] += (double)x[i];
}

static double
scan(const double *restrict x, const double *restrict w, double *restrict sums, double *restrict largest, int64_t n)
{
    double dots[CHUNK] = {0}, tops[CHUNK] = {0};
    int64_t i = 0;
    for (; i + CHUNK <= n; i += CHUNK)
        for (int j = 0; j < CHUNK; j++) {
            double value = x[i + j], size = fabs(value);
            dots[j] += value * w[i + j];
            sums[i + j] += value;
            tops[j] = size > tops[j] ? size : tops[j];
        }
    for (int j = 0; i + j < n; j++) {
        double value = x[i + j], size = fabs(value);
        dots[j] += value * w[i + j];
        sums[i + j] += value;
        tops[j] = size > tops[j] ? size : tops[j];
    }
    double top = *largest;
    for (int j = 0; j < CHUNK; j++)
        top = tops[j] > top ? tops[j] : top;
    *largest = top;
    return fold(dots);
}

static void
add_eight(const float *const *rows, double *restrict sums, int64_t n)
{
    const float *restrict a = rows[0], *restrict b = rows[1], *restrict c = rows[2], *restrict d = rows[3];
    const float *restrict e = rows[4], *restrict f = rows[5], *restrict g = rows[6], *restrict h = rows[7];
    for (int64_t i = 0; i < n; i++)
        sums[i] += (double)(((a[i] + b[i]) + (c[i] + d[i])) + ((e[i] + f[i]) + (g[i] + h[i])));
}

static void
scale_difference(const float *restrict a, const float *restrict b, const float *restrict row, double *restrict out,
                 int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = ((double)a[i] - (double)b[i]) * (double)row[i];
}

/* ---- dots, and rows that change by multiples of others ----
 * A chunk of `left` elements or, where there are more, of CHUNK. */

static inline int
count_in(int64_t left, int j)
{
    const int64_t count = left - j * WIDE;
    return count < 0 ? 0 : count < WIDE ? (int)count : WIDE;
}

static inline wide
take_some(const double *from, int count)
{
    return count == WIDE ? wide_load_f64((const char *)from) : wide_load_some(from, count);
}

static inline void
put_some(double *to, wide x, int count)
{
    if (count == WIDE)
        wide_store(to, x);
    else
        wide_store_some(to, x, count);
}

static inline __attribute__((always_inline)) void
dot_chunk(const double *a, const double *b, int64_t left, wide *sums)
{
    UNROLL
    for (int j = 0; j < CHUNK / WIDE; j++) {
        const int count = count_in(left, j);
        const wide x = take_some(a + j * WIDE, count), y = take_some(b + j * WIDE, count);
        sums[j] = wide_plus(sums[j], wide_times(x, y));
    }
}

static double
dot(const double *a, const double *b, int64_t n)
{
    const int64_t whole = n / CHUNK * CHUNK;
    wide sums[CHUNK / WIDE];
    UNROLL
    for (int j = 0; j < CHUNK / WIDE; j++)
        sums[j] = wide_fill(0);
    for (int64_t i = 0; i < whole; i += CHUNK)
        dot_chunk(a + i, b + i, CHUNK, sums);
    if (n > whole)
        dot_chunk(a + whole, b + whole, n - whole, sums);
    return wide_total(sums);
}

static inline __attribute__((always_inline)) void
add_chunk(wide factor, const double *from, double *to, const double *next, int64_t left, wide *sums)
{
    UNROLL
    for (int j = 0; j < CHUNK / WIDE; j++) {
        const int at = j * WIDE, count = count_in(left, j);
        const wide more = wide_times(factor, take_some(from + at, count));
        const wide x = wide_plus(take_some(to + at, count), more);
        put_some(to + at, x, count);
        sums[j] = wide_plus(sums[j], wide_times(x, take_some(next + at, count)));
    }
}

static double
add_multiple(double factor, const double *from, double *to, const double *next, int64_t n)
{
    const int64_t whole = n / CHUNK * CHUNK;
    const wide multiple = wide_fill(factor);
    wide sums[CHUNK / WIDE];
    UNROLL
    for (int j = 0; j < CHUNK / WIDE; j++)
        sums[j] = wide_fill(0);
    for (int64_t i = 0; i < whole; i += CHUNK)
        add_chunk(multiple, from + i, to + i, next + i, CHUNK, sums);
    if (n > whole)
        add_chunk(multiple, from + whole, to + whole, next + whole, n - whole, sums);
    return wide_total(sums);
}

/* Of rows that are read beside each other, `abreast` of them; a number that the compiler knows. */
static inline __attribute__((always_inline)) void
take_chunk(int abreast, const wide (*factors)[2], const double *const *from, double *row, int64_t ld,
           const double *next, int64_t left, wide (*sums)[CHUNK / WIDE])
{
    UNROLL
    for (int j = 0; j < CHUNK / WIDE; j++) {
        const int at = j * WIDE, count = count_in(left, j);
        const wide one = take_some(from[0] + at, count), other = take_some(from[1] + at, count);
        UNROLL
        for (int r = 0; r < abreast; r++) {
            const wide product = wide_plus(wide_times(factors[r][0], one), wide_times(factors[r][1], other));
            const wide x = wide_less(take_some(row + r * ld + at, count), product);
            put_some(row + r * ld + at, x, count);
            sums[r][j] = wide_plus(sums[r][j], wide_times(x, take_some(next + at, count)));
        }
    }
}

static inline __attribute__((always_inline)) void
take_rows(int abreast, double *row, int64_t ld, const double *const *left, const double *const *right, int64_t k,
          const double *next, int64_t n, double *out)
{
    const int64_t whole = n / CHUNK * CHUNK;
    wide factors[CONCEPTDEC_I_ABREAST][2], sums[CONCEPTDEC_I_ABREAST][CHUNK / WIDE];
    UNROLL
    for (int r = 0; r < abreast; r++) {
        factors[r][0] = wide_fill(left[0][k + r]);
        factors[r][1] = wide_fill(left[1][k + r]);
        UNROLL
        for (int j = 0; j < CHUNK / WIDE; j++)
            sums[r][j] = wide_fill(0);
    }
    for (int64_t i = 0; i < n; i += CHUNK) {
        const double *const from[] = {right[0] + i, right[1] + i};
        if (i < whole)
            take_chunk(abreast, factors, from, row + i, ld, next + i, CHUNK, sums);
        else
            take_chunk(abreast, factors, from, row + i, ld, next + i, n - whole, sums);
    }
    UNROLL
    for (int r = 0; r < abreast; r++)
        out[k + r] = wide_total(sums[r]);
}

static void
take_products(double *rows, int64_t ld, int64_t count, const double *const *left, const double *const *right,
              const double *next, int64_t n, double *out)
{
    const double *const columns[] = {left[0], left[1]}, *const from[] = {right[0], right[1]};
    int64_t k = 0;
    for (; k + CONCEPTDEC_I_ABREAST <= count; k += CONCEPTDEC_I_ABREAST)
        take_rows(CONCEPTDEC_I_ABREAST, rows + k * ld, ld, columns, from, k, next, n, out);
    for (; k < count; k++)
        take_rows(1, rows + k * ld, ld, columns, from, k, next, n, out);
}
