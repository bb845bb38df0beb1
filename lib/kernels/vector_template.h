/* Kernels in intrinsics, for sets with fused operations; included once for float and once for double with
 *   REAL, VECTOR, NAME(x): the type, a vector of it, x with the type's suffix,
 *   COLUMNS: width of a panel product; OP(x): the intrinsic x of that vector type.
 * The set has defined for each type
 *   NAME(gather)(row, p): row[0][p] in lane 0 of 128 bits, row[PER_LANE][p] in lane 1 and so on, each with what
 * follows, NAME(store_some)(to, x, count): the first `count` elements of x, NAME(transpose_lanes)(x): transposes the
 * square of PER_LANE vectors by PER_LANE elements in every lane, NAME(hits)(value, limit): one bit for each element, as
 * in kernels.h. */
#define WIDTH ((int)(sizeof(VECTOR) / sizeof(REAL)))
#define PER_LANE ((int)(16 / sizeof(REAL)))

enum { NAME(mr) = 2 * WIDTH, NAME(nr) = COLUMNS };

/* Two vectors high and COLUMNS wide: all sums stay in registers, which takes loops that are unrolled early. */
static void
NAME(panel)(int64_t depth, const REAL *restrict a, const REAL *restrict b, REAL *restrict c, int64_t ldc,
            int accumulate)
{
    VECTOR low[COLUMNS], high[COLUMNS];
#pragma GCC unroll 12
    for (int j = 0; j < COLUMNS; j++)
        low[j] = high[j] = OP(setzero)();
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

/* One vector of rows by `count` columns; rows that are absent point to zeros. */
static void
NAME(interleave_strip)(const REAL *const *row, int count, int64_t width, int rows, REAL *out)
{
    int p = 0;
    for (; p + PER_LANE <= count; p += PER_LANE) {
        VECTOR column[PER_LANE];
        for (int i = 0; i < PER_LANE; i++)
            column[i] = NAME(gather)(row + i, p);
        NAME(transpose_lanes)(column);
        for (int i = 0; i < PER_LANE; i++, out += width)
            NAME(store_some)(out, column[i], rows);
    }
    for (; p < count; p++, out += width)
        for (int r = 0; r < rows; r++)
            out[r] = row[r][p];
}

static void
NAME(interleave)(const REAL *in, int64_t ld, int64_t rows, int64_t depth, int64_t width, REAL *out)
{
    enum { STRIP = 64 };
    static const REAL nothing[STRIP];
    for (int64_t first = 0; first < width; first += WIDTH)
        for (int64_t p = 0; p < depth; p += STRIP) {
            const REAL *row[WIDTH];
            for (int r = 0; r < WIDTH; r++)
                row[r] = first + r < rows ? in + (first + r) * ld + p : nothing;
            NAME(interleave_strip)
            (row, depth - p < STRIP ? (int)(depth - p) : STRIP, width,
             width - first < WIDTH ? (int)(width - first) : WIDTH, out + p * width + first);
        }
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
#undef PER_LANE
#undef REAL
#undef VECTOR
#undef NAME
#undef COLUMNS
#undef OP
