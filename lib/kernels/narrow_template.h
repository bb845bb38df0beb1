/* Int8 kernels that go through arrays: every set includes this file once, so that each gets them in its own
 * instructions, and with it the table of the set. The set has defined LANES, at most 16, `many` and `whole` as vectors
 * of as many floats and int32_t, with the operators of C, and
 *   many_load(from), many_store(to, x): at any address; many_fill(value): every lane one value;
 *   many_from(from): integers at `from`, as floats; many_of(q): the same of a vector;
 *   many_less(x, a, b), many_more(x, a, b): x - a * b and x + a * b, fused or not; many_absolute(x), many_larger(a, b),
 *   many_smaller(a, b);
 *   many_hits(value, limit): a bit for each lane, set where not value > limit;
 *   `above`, which says whether every lane so far was above its limit: all_above() to begin with, still_above(all,
 *   value, limit) of more lanes, is_above(all);
 *   many_mixed(x): the Hadamard transform of the lanes; RUN: vectors that stay in registers while they are mixed;
 *   whole_near(x): x rounded to the nearest integers; whole_store_bytes(to, q): the low byte of each lane;
 *   UNROLL: a pragma where loops over vectors have to be unrolled early, else nothing;
 *   RUN_GROUPS, RUN_MOST and RUN_STEP(x, n), the step that they ask for, or none of them;
 *   BIAS, MOST; panel(), columns(), mr and nr; TABLE, TABLE_NAME, TABLE_BIT, GAIN, REFINING, DEPTH,
 *   COLS and LEADS. */
#include <string.h>

#if !defined(RUN_GROUPS) /* products are added up in 32 bits from the start */
#define RUN_GROUPS 0
#define RUN_MOST 0
#define RUN_STEP(x, n) 0
#endif
#define CHUNK 32
#define VECTORS (CHUNK / LANES)
#define BLOCK (RUN * LANES)
#define ABREAST (LANES >= 16 ? 4 : LANES >= 8 ? 2 : 1) /* rows that are split at once */
#define PIECE ((int64_t)1 << 20) /* whose squares add up within int32_t in each of CHUNK sums */

static inline many
screen_value(const float *dot, const conceptdec_i_narrow_rows *rows, const conceptdec_i_narrow_column *column,
             int64_t i)
{
    many value = many_load(rows->bound + i) + many_fill(column->bound);
    value = many_less(value, many_load(dot + i), many_fill(2));
    value = many_less(value, many_load(rows->spread + i), many_fill(column->reach));
    return many_less(value, many_load(rows->reach + i), many_fill(column->spread));
}

typedef struct hits {
    uint64_t row, column;
} hits;

/* 64 products. Most words have no hit: at first only whether any value is not above both limits. */
static inline __attribute__((always_inline)) hits
screen_word(const float *dot, const conceptdec_i_narrow_rows *rows, const conceptdec_i_narrow_column *column)
{
    const many column_limit = many_fill(column->limit);
    many value[64 / LANES];
    above all = all_above();
    hits found = {0, 0};
    UNROLL
    for (int i = 0; i < 64; i += LANES) {
        value[i / LANES] = screen_value(dot, rows, column, i);
        all = still_above(all, value[i / LANES], many_larger(many_load(rows->limit + i), column_limit));
    }
    if (is_above(all))
        return found;
    UNROLL
    for (int i = 0; i < 64; i += LANES) {
        found.row |= many_hits(value[i / LANES], many_load(rows->limit + i)) << i;
        found.column |= many_hits(value[i / LANES], column_limit) << i;
    }
    return found;
}

/* The last word, of n products from `first` on: what may be read of each array ends with them. */
static __attribute__((noinline)) hits
screen_rest(const float *dot, const conceptdec_i_narrow_rows *rows, const conceptdec_i_narrow_column *column,
            int64_t first, int64_t n)
{
    float rest[5][64] = {{0}};
    const float *from[5] = {rows->bound, rows->reach, rows->spread, rows->limit, dot};
    const conceptdec_i_narrow_rows padded = {rest[0], rest[1], rest[2], rest[3]};
    for (int i = 0; i < 5; i++)
        memcpy(rest[i], from[i] + first, (size_t)n * sizeof *from[i]);
    const hits found = screen_word(rest[4], &padded, column);
    return (hits){found.row & ~(uint64_t)0 >> (64 - n), found.column & ~(uint64_t)0 >> (64 - n)};
}

/* To the next word. As five pointers: were it one index into five arrays, every load would be two operations. */
static inline void
screen_on(const float **dot, conceptdec_i_narrow_rows *rows)
{
    *dot += 64;
    rows->bound += 64;
    rows->reach += 64;
    rows->spread += 64;
    rows->limit += 64;
    __asm__("" : "+r"(*dot), "+r"(rows->bound));
    __asm__("" : "+r"(rows->reach), "+r"(rows->spread), "+r"(rows->limit));
}

static int
screen(const float *dot, const conceptdec_i_narrow_rows *rows, const conceptdec_i_narrow_column *column, int64_t n,
       uint64_t *row_hits, uint64_t *column_hits)
{
    const float *next = dot;
    conceptdec_i_narrow_rows row = *rows;
    const conceptdec_i_narrow_column other = *column;
    const int64_t words = n / 64, rest = n % 64;
    uint64_t any = 0;
    for (int64_t w = 0; w < words; w++) {
        const hits found = screen_word(next, &row, &other);
        row_hits[w] = found.row;
        column_hits[w] = found.column;
        any |= found.row | found.column;
        screen_on(&next, &row);
    }
    if (rest > 0) {
        const hits found = screen_rest(dot, rows, column, words * 64, rest);
        row_hits[words] = found.row;
        column_hits[words] = found.column;
        any |= found.row | found.column;
    }
    return any != 0;
}

/* LANES products of each of `count` columns: `dots` and the next columns, `ld` bytes apart; `leads` of these rows, and
 * of the columns. Each vector is loaded before floats take its place. */
static inline __attribute__((always_inline)) void
complete_lanes(char *dots, int64_t ld, many steps, const float *leads, const float *column_steps,
               const float *const *column_leads, int64_t m, int count)
{
    many sums[CONCEPTDEC_I_COMPLETED];
    UNROLL
    for (int c = 0; c < count; c++)
        sums[c] = many_from((const int32_t *)(const void *)(dots + c * ld)) * (steps * many_fill(column_steps[c]));
    for (int64_t k = 0; k < m * CONCEPTDEC_I_PANEL; k += CONCEPTDEC_I_PANEL) {
        const many lead = many_load(leads + k);
        UNROLL
        for (int c = 0; c < count; c++)
            sums[c] = many_more(sums[c], lead, many_fill(column_leads[c][k]));
    }
    UNROLL
    for (int c = 0; c < count; c++)
        memcpy(dots + c * ld, &sums[c], sizeof sums[c]);
}

static inline __attribute__((always_inline)) void
complete_columns(char *dots, int64_t ld, int64_t n, const conceptdec_i_narrow_items *rows,
                 const conceptdec_i_narrow_items *columns, int64_t first, int count)
{
    const float *leads[CONCEPTDEC_I_COMPLETED];
    const int64_t m = rows->n_leads;
    for (int c = 0; c < count; c++) {
        const int64_t item = first + c;
        leads[c] = columns->leads + item / CONCEPTDEC_I_PANEL * m * CONCEPTDEC_I_PANEL + item % CONCEPTDEC_I_PANEL;
    }
    for (int64_t i = 0; i < n; i += LANES) {
        const float *row_leads = rows->leads + i / CONCEPTDEC_I_PANEL * m * CONCEPTDEC_I_PANEL + i % CONCEPTDEC_I_PANEL;
        complete_lanes(dots + i * (int64_t)sizeof(float), ld, many_load(rows->steps + i), row_leads,
                       columns->steps + first, leads, m, count);
    }
}

static void
complete(void *dots, int64_t ld, int64_t n, const conceptdec_i_narrow_items *rows,
         const conceptdec_i_narrow_items *columns, int64_t first, int64_t count)
{
    char *at = dots;
    ld *= (int64_t)sizeof(float);
    for (; count >= CONCEPTDEC_I_COMPLETED; count -= CONCEPTDEC_I_COMPLETED) {
        complete_columns(at, ld, n, rows, columns, first, CONCEPTDEC_I_COMPLETED);
        first += CONCEPTDEC_I_COMPLETED;
        at += CONCEPTDEC_I_COMPLETED * ld;
    }
    for (; count > 0; count--, first++, at += ld)
        complete_columns(at, ld, n, rows, columns, first, 1);
}

/* Sums of products of `items` rows with one basis vector, taken up where `parts` has them and left there, negated: the
 * rows share what is loaded of the basis. */
static inline __attribute__((always_inline)) void
along(const float *basis, const float *x, int64_t stride, int64_t n, int items, float (*parts)[CHUNK])
{
    many sums[ABREAST][VECTORS];
    UNROLL
    for (int r = 0; r < items; r++) {
        UNROLL
        for (int v = 0; v < VECTORS; v++)
            sums[r][v] = many_load(parts[r] + v * LANES);
    }
    for (int64_t i = 0; i < n; i += CHUNK) {
        UNROLL
        for (int v = 0; v < VECTORS; v++) {
            const many factor = many_load(basis + i + v * LANES);
            UNROLL
            for (int r = 0; r < items; r++)
                sums[r][v] = many_less(sums[r][v], factor, many_load(x + r * stride + i + v * LANES));
        }
    }
    UNROLL
    for (int r = 0; r < items; r++) {
        UNROLL
        for (int v = 0; v < VECTORS; v++)
            many_store(parts[r] + v * LANES, sums[r][v]);
    }
}

static inline float
total(float *parts)
{
    for (int width = CHUNK / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            parts[i] += parts[i + width];
    return parts[0];
}

/* A chunk of each row less its share of each basis vector, one after the other. */
static inline __attribute__((always_inline)) void
take_off(const float *basis, int64_t m, float *x, int64_t n, int items, const float *shares)
{
    many left[ABREAST][VECTORS];
    UNROLL
    for (int r = 0; r < items; r++) {
        UNROLL
        for (int v = 0; v < VECTORS; v++)
            left[r][v] = many_load(x + r * n + v * LANES);
    }
    for (int64_t k = 0; k < m; k++) {
        UNROLL
        for (int v = 0; v < VECTORS; v++) {
            const many factor = many_load(basis + k * n + v * LANES);
            UNROLL
            for (int r = 0; r < items; r++)
                left[r][v] = many_less(left[r][v], factor, many_fill(shares[r * m + k]));
        }
    }
    UNROLL
    for (int r = 0; r < items; r++) {
        UNROLL
        for (int v = 0; v < VECTORS; v++)
            many_store(x + r * n + v * LANES, left[r][v]);
    }
}

/* Directions at a time, whose sums wait while the rows pass in pieces that stay in the first-level cache. */
#define DIRECTIONS 16
#define PASSING 1024

static inline __attribute__((always_inline)) void
split_rows(const float *basis, int64_t m, float *x, int64_t n, int items, float *out)
{
    _Alignas(64) float parts[DIRECTIONS][ABREAST][CHUNK];
    for (int64_t first = 0; first < m; first += DIRECTIONS) {
        const int64_t end = first + DIRECTIONS < m ? first + DIRECTIONS : m;
        memset(parts, 0, sizeof parts);
        for (int64_t i = 0; i < n; i += PASSING)
            for (int64_t k = first; k < end; k++)
                along(basis + k * n + i, x + i, n, n - i < PASSING ? n - i : PASSING, items, parts[k - first]);
        for (int64_t k = first; k < end; k++)
            for (int r = 0; r < items; r++)
                out[r * m + k] = -total(parts[k - first][r]);
    }
    for (int64_t i = 0; i < n; i += CHUNK)
        take_off(basis + i, m, x + i, n, items, out);
}

static void
split(const float *basis, int64_t m, float *x, int64_t n, int64_t count, float *out)
{
    for (; count >= ABREAST; count -= ABREAST, x += ABREAST * n, out += ABREAST * m)
        split_rows(basis, m, x, n, ABREAST, out);
    for (; count > 0; count--, x += n, out += m)
        split_rows(basis, m, x, n, 1, out);
}

static void
mix_few(float *x, int64_t n)
{
    for (int64_t half = 1; half < n; half *= 2)
        for (int64_t i = 0; i < n; i += 2 * half)
            for (int64_t j = i; j < i + half; j++) {
                const float a = x[j], b = x[j + half];
                x[j] = a + b;
                x[j + half] = a - b;
            }
}

static inline void
mix_pair(many *a, many *b)
{
    const many sum = *a + *b;
    *b = *a - *b;
    *a = sum;
}

/* BLOCK elements: within vectors, then between them. */
static void
mix_block(float *x)
{
    many v[RUN];
    UNROLL
    for (int i = 0; i < RUN; i++)
        v[i] = many_mixed(many_load(x + i * LANES));
    UNROLL
    for (int half = 1; half < RUN; half *= 2) {
        UNROLL
        for (int i = 0; i < RUN; i++)
            if (!(i & half))
                mix_pair(&v[i], &v[i + half]);
    }
    UNROLL
    for (int i = 0; i < RUN; i++)
        many_store(x + i * LANES, v[i]);
}

/* One level between two halves. */
static void
mix_halves(float *x, int64_t part)
{
    for (int64_t i = 0; i < part; i += LANES) {
        many a = many_load(x + i), b = many_load(x + part + i);
        mix_pair(&a, &b);
        many_store(x + i, a);
        many_store(x + part + i, b);
    }
}

/* Two levels between four quarters. */
static void
mix_quarters(float *x, int64_t part)
{
    for (int64_t i = 0; i < part; i += LANES) {
        many a = many_load(x + i), b = many_load(x + part + i);
        many c = many_load(x + 2 * part + i), d = many_load(x + 3 * part + i);
        mix_pair(&a, &b);
        mix_pair(&c, &d);
        mix_pair(&a, &c);
        mix_pair(&b, &d);
        many_store(x + i, a);
        many_store(x + part + i, b);
        many_store(x + 2 * part + i, c);
        many_store(x + 3 * part + i, d);
    }
}

/* Parts first, each as a whole: what does not fit into a cache is read once for every two levels. */
static void
mix(float *x, int64_t n)
{
    const int64_t least = n < BLOCK ? LANES : BLOCK;
    if (n < LANES) {
        mix_few(x, n);
    } else if (n == BLOCK) {
        mix_block(x);
    } else if (n == LANES) {
        many_store(x, many_mixed(many_load(x)));
    } else {
        const int64_t parts = n == 2 * least ? 2 : 4, part = n / parts;
        for (int64_t i = 0; i < n; i += part)
            mix(x + i, part);
        if (parts == 2)
            mix_halves(x, part);
        else
            mix_quarters(x, part);
    }
}

static inline void
peak_chunk(const float *x, many *tops)
{
    UNROLL
    for (int v = 0; v < VECTORS; v++)
        tops[v] = many_larger(many_absolute(many_load(x + v * LANES)), tops[v]);
}

static float
peak(const float *x, int64_t n)
{
    float rest[CHUNK] = {0}, largest = 0;
    many tops[VECTORS];
    UNROLL
    for (int v = 0; v < VECTORS; v++)
        tops[v] = many_fill(0);
    for (; n >= CHUNK; n -= CHUNK, x += CHUNK)
        peak_chunk(x, tops);
    memcpy(rest, x, (size_t)n * sizeof *x);
    peak_chunk(rest, tops);
    UNROLL
    for (int v = 0; v < VECTORS; v++)
        many_store(rest + v * LANES, tops[v]);
    for (int i = 0; i < CHUNK; i++)
        largest = rest[i] > largest ? rest[i] : largest;
    return largest;
}

static float
least_step(const float *x, int64_t n)
{
    const float least = peak(x, n) / MOST, other = RUN_STEP(x, n);
    return least > other ? least : other;
}

typedef struct tally {
    whole sum[VECTORS], squares[VECTORS];
    many rest[VECTORS];
} tally;

static inline void
quantize_chunk(const float *x, float inverse, float step, uint8_t *out, tally *all)
{
    UNROLL
    for (int v = 0; v < VECTORS; v++) {
        const many value = many_load(x + v * LANES);
        const many clipped = many_smaller(many_larger(value * many_fill(inverse), many_fill(-MOST)), many_fill(MOST));
        const whole q = whole_near(clipped);
        const many rest = many_less(value, many_of(q), many_fill(step));
        whole_store_bytes(out + v * LANES, q + BIAS);
        all->sum[v] += q;
        all->squares[v] += q * q;
        all->rest[v] += rest * rest;
    }
}

/* Adds the sums to `sums`; what is left after the last whole chunk is padded with zeros, which add nothing. */
static float
quantize_piece(const float *x, float inverse, float step, uint8_t *out, int64_t n, int64_t *sums)
{
    float rest[CHUNK] = {0};
    int32_t parts[2][CHUNK];
    uint8_t bytes[CHUNK];
    tally all = {0};
    for (; n >= CHUNK; n -= CHUNK, x += CHUNK, out += CHUNK)
        quantize_chunk(x, inverse, step, out, &all);
    memcpy(rest, x, (size_t)n * sizeof *x);
    quantize_chunk(rest, inverse, step, bytes, &all);
    memcpy(out, bytes, (size_t)n);
    memcpy(parts[0], all.sum, sizeof parts[0]);
    memcpy(parts[1], all.squares, sizeof parts[1]);
    memcpy(rest, all.rest, sizeof rest);
    for (int i = 0; i < CHUNK; i++) {
        sums[0] += parts[0][i];
        sums[1] += parts[1][i];
    }
    for (int width = CHUNK / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            rest[i] += rest[i + width];
    return rest[0];
}

static float
quantize(const float *x, float inverse, float step, uint8_t *out, int64_t n, int64_t *sums)
{
    float rest = 0;
    sums[0] = sums[1] = 0;
    for (int64_t i = 0; i < n; i += PIECE)
        rest += quantize_piece(x + i, inverse, step, out + i, n - i < PIECE ? n - i : PIECE, sums);
    return rest;
}

const conceptdec_i_narrow_kernels TABLE = {
    .name = TABLE_NAME,
    .bit = TABLE_BIT,
    .bias = BIAS,
    .most = MOST,
    .gain = GAIN,
    .refining = REFINING,
    .depth = DEPTH,
    .cols = COLS,
    .leads = LEADS,
    .mr = mr,
    .nr = nr,
    .columns = columns,
    .panel = panel,
    .complete = complete,
    .screen = screen,
    .split = split,
    .mix = mix,
    .step = least_step,
    .run = RUN_GROUPS,
    .run_most = RUN_MOST,
    .quantize = quantize,
};
