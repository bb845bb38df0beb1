/* Kernels in intrinsics, for sets with fused operations; included once for float and once for double with
 *   REAL, VECTOR, NAME(x): the type, a vector of it, x with the type's suffix,
 *   COLUMNS: width of a panel product; OP(x): the intrinsic x of that vector type.
 * The set has defined for each type
 *   NAME(transpose)(from, ld, rows, x): x[0..WIDTH-1] are columns of WIDTH rows, those past `rows` zero;
 *   NAME(store_some)(to, x, count): stores the first `count` elements of x;
 *   NAME(hits)(value, limit): a bit for each element, set as kernels.h says. */
#define WIDTH ((int)(sizeof(VECTOR) / sizeof(REAL)))

enum { NAME(mr) = 2 * WIDTH, NAME(nr) = COLUMNS };

/* Two vectors high and COLUMNS wide: all sums stay in registers, which takes loops that are unrolled early. */
static void
NAME(panel)(int64_t depth, const REAL *restrict a, const REAL *restrict b, REAL *restrict c, int64_t ldc,
            int accumulate)
{
    VECTOR low[COLUMNS], high[COLUMNS];
#pragma GCC unroll 12
    for (int j = 0; j < COLUMNS; j++) {
        __builtin_prefetch(c + j * ldc, 1);
        low[j] = high[j] = OP(setzero)();
    }
#if !defined(__clang__) /* which then runs out of registers */
#pragma GCC unroll 4
#endif
    for (int64_t p = 0; p < depth; p++) {
        const VECTOR a_low = OP(load)(a), a_high = OP(load)(a + WIDTH);
#pragma GCC unroll 12
        for (int j = 0; j < COLUMNS; j++) {
            VECTOR factor = OP(set1)(b[j]);
            /* Or the compiler would load it again for each product, and loads would set the pace. */
            __asm__("" : "+v"(factor));
            low[j] = OP(fmadd)(a_low, factor, low[j]);
            high[j] = OP(fmadd)(a_high, factor, high[j]);
        }
        a += 2 * WIDTH;
        b += COLUMNS;
    }
#pragma GCC unroll 12
    for (int j = 0; j < COLUMNS; j++) {
        REAL *column = c + j * ldc;
        if (accumulate) {
            low[j] = OP(add)(OP(load)(column), low[j]);
            high[j] = OP(add)(OP(load)(column + WIDTH), high[j]);
        }
        OP(store)(column, low[j]);
        OP(store)(column + WIDTH, high[j]);
    }
}

/* One or two vectors high, a number that the compiler knows. */
static inline __attribute__((always_inline)) void
NAME(across)(const int vectors, int64_t depth, const REAL *restrict a, const REAL *restrict b, int64_t step,
             REAL *restrict c, int64_t ldc, int accumulate)
{
    VECTOR low[COLUMNS], high[COLUMNS];
#pragma GCC unroll 12
    for (int j = 0; j < COLUMNS; j++) {
        __builtin_prefetch(c + j * ldc, 1);
        low[j] = high[j] = OP(setzero)();
    }
    for (; depth > 0; depth -= 2 * WIDTH, b += step) {
        const int64_t count = depth < 2 * WIDTH ? depth : 2 * WIDTH;
#if !defined(__clang__)
#pragma GCC unroll 4
#endif
        for (int64_t p = 0; p < count; p++, a += vectors * WIDTH) {
            const VECTOR a_low = OP(load)(a), a_high = OP(load)(a + (vectors - 1) * WIDTH);
#pragma GCC unroll 12
            for (int j = 0; j < COLUMNS; j++) {
                VECTOR factor = OP(set1)(b[j * 2 * WIDTH + p]);
                __asm__("" : "+v"(factor));
                low[j] = OP(fmadd)(a_low, factor, low[j]);
                if (vectors > 1)
                    high[j] = OP(fmadd)(a_high, factor, high[j]);
            }
        }
    }
#pragma GCC unroll 12
    for (int j = 0; j < COLUMNS; j++) {
        REAL *column = c + j * ldc;
        OP(store)(column, accumulate ? OP(add)(OP(load)(column), low[j]) : low[j]);
        if (vectors > 1)
            OP(store)(column + WIDTH, accumulate ? OP(add)(OP(load)(column + WIDTH), high[j]) : high[j]);
    }
}

static void
NAME(panel_across)(int64_t depth, const REAL *restrict a, int64_t width, const REAL *restrict b, int64_t step,
                   REAL *restrict c, int64_t ldc, int accumulate)
{
    if (width == 2 * WIDTH)
        NAME(across)(2, depth, a, b, step, c, ldc, accumulate);
    else
        NAME(across)(1, depth, a, b, step, c, ldc, accumulate);
}

/* Rows of one square become `count` columns, `wanted` elements of each stored; numbers that the compiler knows where
 * the caller knows them. */
static inline __attribute__((always_inline)) void
NAME(turn)(const REAL *from, int64_t ld, int rows, int count, int wanted, int64_t width, REAL *to)
{
    VECTOR column[WIDTH];
    NAME(transpose)(from, ld, rows, column);
#pragma GCC unroll 16
    for (int i = 0; i < WIDTH; i++, to += width)
        if (i < count)
            NAME(store_some)(to, column[i], wanted);
}

/* By squares of WIDTH rows and columns, full ones and those of the narrow panel apart; what is left of a row is copied
 * out first. */
static void
NAME(interleave)(const REAL *in, int64_t ld, int64_t rows, int64_t depth, int64_t width, REAL *out)
{
    enum { NARROW = COLUMNS % WIDTH };
    for (int64_t first = 0; first < width; first += WIDTH) {
        const int wanted = width - first < WIDTH ? (int)(width - first) : WIDTH;
        const int present = rows - first < WIDTH ? (int)(rows - first) : WIDTH;
        const REAL *from = in + first * ld;
        REAL *to = out + first, rest[WIDTH * WIDTH];
        int64_t left = depth;
        for (; left >= WIDTH; left -= WIDTH, from += WIDTH, to += WIDTH * width)
            if (present == WIDTH)
                NAME(turn)(from, ld, WIDTH, WIDTH, WIDTH, width, to);
            else if (present == NARROW && wanted == NARROW)
                NAME(turn)(from, ld, NARROW, WIDTH, NARROW, width, to);
            else
                NAME(turn)(from, ld, present, WIDTH, wanted, width, to);
        if (left > 0) {
            for (int r = 0; r < present; r++)
                memcpy(rest + r * WIDTH, from + r * ld, (size_t)left * sizeof(REAL));
            NAME(turn)(rest, WIDTH, present, (int)left, wanted, width, to);
        }
    }
}

static void
NAME(spread)(const REAL *in, const REAL *center, int64_t count, int64_t step, REAL *out)
{
    enum { HEIGHT = 2 * WIDTH };
    int64_t p = 0;
    for (; p + HEIGHT <= count; p += HEIGHT, out += step) {
        VECTOR low = OP(loadu)(in + p), high = OP(loadu)(in + p + WIDTH);
        if (center) {
            low = OP(sub)(low, OP(loadu)(center + p));
            high = OP(sub)(high, OP(loadu)(center + p + WIDTH));
        }
        OP(storeu)(out, low);
        OP(storeu)(out + WIDTH, high);
    }
    for (int64_t i = 0; p < count && i < HEIGHT; i++)
        out[i] = p + i >= count ? 0 : center ? in[p + i] - center[p + i] : in[p + i];
}

static inline void
NAME(screen_word)(const REAL *dot, const REAL *norm, REAL column_norm, const REAL *row_limit, REAL column_limit,
                  uint64_t *rows, uint64_t *columns)
{
    const VECTOR shift = OP(set1)(column_norm), limit = OP(set1)(column_limit), two = OP(set1)(2);
    uint64_t row_word = 0, column_word = 0;
    for (int i = 0; i < 64; i += WIDTH) {
        const VECTOR value = OP(add)(OP(fnmadd)(two, OP(load)(dot + i), OP(load)(norm + i)), shift);
        row_word |= NAME(hits)(value, OP(load)(row_limit + i)) << i;
        column_word |= NAME(hits)(value, limit) << i;
    }
    *rows = row_word;
    *columns = column_word;
}

#undef WIDTH
#undef REAL
#undef VECTOR
#undef NAME
#undef COLUMNS
#undef OP
