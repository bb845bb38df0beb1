/* Moves of 16 places or pairs in a layout, in vectors; every operation is rounded by itself, so that all sets give the
 * same bits. The set defines LAYOUT_WIDTH, the types `floats` and `marks` (GNU vectors of that many float and int32_t)
 * and
 *   floats_least, floats_most: of two vectors, element by element;
 *   floats_pairs(from, row, x, y): x and y are columns 0 and 1 of rows of two;
 *   floats_weave(x, y, to): the reverse, to rows that follow each other;
 *   floats_gather(from, offset): elements at offsets;
 *   LAYOUT_DUE_TILE(heads, tails, rates, epoch, due_heads, due_tails), where that is faster than one by one: due() of
 *   16 edges. */

/* A layout of more columns than this has no kernel of its own. */
#define MOST_COLUMNS CONCEPTDEC_I_LAYOUT_COLUMNS
#define TILE CONCEPTDEC_I_TILE

static inline floats
floats_load(const float *from)
{
    floats x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline marks
marks_load(const int32_t *from)
{
    marks x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline floats
floats_within(floats x, float low, float high)
{
    const floats zero = {0};
    return floats_most(floats_least(x, zero + high), zero + low);
}

/* x^exponent for x in [1e-30, 1e30], to about (1 + exponent) 1e-4 of its value; where it is between 2^-120 and
 * 2^120. */
static inline floats
floats_power(floats x, float exponent)
{
    const marks shift = ((marks)x - 0x3f3504f3) >> 23;
    const floats t = (floats)((marks)x - (shift << 23)) - 1.0f;
    floats y = t * (exponent * -0.329629838f) + exponent * 0.517509460f;
    y = y * t - exponent * 0.724904180f;
    y = y * t + exponent * 1.44176066f;
    y = y * t + __builtin_convertvector(shift, floats) * exponent;
    const floats rounding = y + 12582912.0f; /* 1.5 * 2^23: the sum ends in a whole number */
    const floats rest = y - (rounding - 12582912.0f);
    floats z = rest * 0.0551716685f + 0.242611125f;
    z = z * rest + 0.693260968f;
    z = z * rest + 0.999928057f;
    return (floats)((marks)z + ((marks)rounding << 23));
}

/* Columns of rows of `from`. */
static inline __attribute__((always_inline)) void
floats_rows(const float *from, marks row, const int32_t columns, floats *x)
{
    if (columns == 2)
        floats_pairs(from, row, &x[0], &x[1]);
    else
        for (int32_t c = 0; c < columns; c++)
            x[c] = floats_gather(from + c, row * columns);
}

/* away[c] = here[c] - there[c]; returns the squared distance, within the limits. */
static inline __attribute__((always_inline)) floats
floats_away(const conceptdec_i_forces *f, const floats *here, const floats *there, const int32_t columns, floats *away)
{
    floats square = {0};
    for (int32_t c = 0; c < columns; c++) {
        away[c] = here[c] - there[c];
        square = c == 0 ? away[c] * away[c] : square + away[c] * away[c];
    }
    return floats_within(square, f->least, f->most);
}

/* change[c] += what a partner there moves who is here. */
static inline __attribute__((always_inline)) void
attract(const conceptdec_i_forces *f, const floats *here, const floats *there, const int32_t columns, floats *change)
{
    floats away[MOST_COLUMNS];
    const floats square = floats_away(f, here, there, columns, away), power = floats_power(square, f->b);
    const floats force = power * f->attraction / (square * (power * f->a + 1.0f));
    for (int32_t c = 0; c < columns; c++)
        change[c] += floats_within(force * away[c], -4.0f, 4.0f);
}

/* The same of a stranger. */
static inline __attribute__((always_inline)) void
repel(const conceptdec_i_forces *f, const floats *here, const floats *there, const int32_t columns, floats *change)
{
    floats away[MOST_COLUMNS];
    const floats square = floats_away(f, here, there, columns, away), power = floats_power(square, f->b);
    const floats force = f->repulsion / ((square + 0.001f) * (power * f->a + 1.0f));
    for (int32_t c = 0; c < columns; c++)
        change[c] += floats_within(force * away[c], -4.0f, 4.0f);
}

/* ---- places that move alone ---- */

/* One partner, if `is_on`, and the strangers that come with it; all of them pull from the same place. */
static inline __attribute__((always_inline)) void
move_once(const conceptdec_i_moves *m, marks partner, const int32_t *strangers, marks is_on, const int32_t columns,
          floats *here)
{
    floats there[MOST_COLUMNS], change[MOST_COLUMNS];
    for (int32_t c = 0; c < columns; c++)
        change[c] = (floats){0};
    floats_rows(m->others, partner, columns, there);
    attract(&m->forces, here, there, columns, change);
    for (int32_t s = 0; s < m->n_strangers; s++) {
        floats_rows(m->others, marks_load(strangers + s * TILE), columns, there);
        repel(&m->forces, here, there, columns, change);
    }
    for (int32_t c = 0; c < columns; c++)
        here[c] += (floats)((marks)(change[c] * m->forces.rate) & is_on);
}

static inline __attribute__((always_inline)) void
move_lanes(const conceptdec_i_moves *m, int first, const int32_t columns, float *places)
{
    floats here[MOST_COLUMNS];
    const marks rounds = marks_load(m->rounds + first);
    int32_t most = 0;
    for (int i = 0; i < LAYOUT_WIDTH; i++)
        most = m->rounds[first + i] > most ? m->rounds[first + i] : most;
    for (int32_t c = 0; c < columns; c++)
        here[c] = floats_load(places + c * TILE + first);
    for (int32_t r = 0; r < most; r++)
        move_once(m, marks_load(m->partners + r * TILE + first),
                  m->strangers + (int64_t)r * m->n_strangers * TILE + first, rounds > r, columns, here);
    for (int32_t c = 0; c < columns; c++)
        memcpy(places + c * TILE + first, &here[c], sizeof here[c]);
}

static void
move(const conceptdec_i_moves *m, float *places)
{
    for (int first = 0; first < TILE; first += LAYOUT_WIDTH)
        if (m->columns == 2)
            move_lanes(m, first, 2, places);
        else
            move_lanes(m, first, m->columns, places);
}

/* ---- edges that are due ---- */

/* One by one: what is not due is written over. */
static inline int64_t
due_each(const int32_t *heads, const int32_t *tails, const uint32_t *rates, int64_t n, uint32_t epoch,
         int32_t *due_heads, int32_t *due_tails)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        due_heads[count] = heads[i];
        due_tails[count] = tails[i];
        count += conceptdec_i_is_due(rates[i], epoch);
    }
    return count;
}

static int64_t
due(const int32_t *heads, const int32_t *tails, const uint32_t *rates, int64_t n, uint32_t epoch, int32_t *due_heads,
    int32_t *due_tails)
{
    int64_t count = 0, i = 0;
#ifdef LAYOUT_DUE_TILE
    for (; i + TILE <= n; i += TILE)
        count += LAYOUT_DUE_TILE(heads + i, tails + i, rates + i, epoch, due_heads + count, due_tails + count);
#endif
    return count + due_each(heads + i, tails + i, rates + i, n - i, epoch, due_heads + count, due_tails + count);
}

/* ---- pairs ---- */

/* Of 16 pairs; heads and tails. */
typedef struct pairs {
    float here[2][MOST_COLUMNS][TILE], move[2][MOST_COLUMNS][TILE];
    /* Strangers twice over, so that each pair can begin at its own; the next ones are written long before they are
     * read. */
    float met[2][MOST_COLUMNS][2 * TILE];
} pairs;

static inline void
floats_store(float *to, floats x)
{
    memcpy(to, &x, sizeof x);
}

/* The tile of strangers of this number. */
static inline __attribute__((always_inline)) void
meet(const conceptdec_i_pulls *p, int64_t number, const int32_t columns, pairs *of)
{
    floats there[MOST_COLUMNS];
    for (int first = 0; first < TILE; first += LAYOUT_WIDTH) {
        floats_rows(p->others, marks_load(p->strangers + number * TILE + first), columns, there);
        for (int32_t c = 0; c < columns; c++) {
            floats_store(of->met[number % 2][c] + first, there[c]);
            floats_store(of->met[number % 2][c] + TILE + first, there[c]);
        }
    }
}

/* Both ends pull. */
static inline __attribute__((always_inline)) void
draw(const conceptdec_i_pulls *p, int64_t at, const int32_t columns, pairs *of)
{
    floats here[MOST_COLUMNS], there[MOST_COLUMNS], change[MOST_COLUMNS];
    for (int first = 0; first < TILE; first += LAYOUT_WIDTH) {
        floats_rows(p->places, marks_load(p->heads + at + first), columns, here);
        floats_rows(p->places, marks_load(p->tails + at + first), columns, there);
        for (int32_t c = 0; c < columns; c++)
            change[c] = (floats){0};
        attract(&p->forces, here, there, columns, change);
        for (int32_t c = 0; c < columns; c++) {
            floats_store(of->here[0][c] + first, here[c]);
            floats_store(of->here[1][c] + first, there[c]);
            floats_store(of->move[0][c] + first, change[c]);
            floats_store(of->move[1][c] + first, -change[c]);
        }
    }
}

/* What is met at `from` ... `to` - 1 pushes this end. */
static inline __attribute__((always_inline)) void
push(const conceptdec_i_pulls *p, int end, float met[][2 * TILE], int64_t from, int64_t to, const int32_t columns,
     pairs *of)
{
    floats here[MOST_COLUMNS], there[MOST_COLUMNS], change[MOST_COLUMNS];
    for (int first = 0; first < TILE; first += LAYOUT_WIDTH) {
        for (int32_t c = 0; c < columns; c++) {
            here[c] = floats_load(of->here[end][c] + first);
            change[c] = floats_load(of->move[end][c] + first);
        }
        for (int64_t s = from; s < to; s++) {
            for (int32_t c = 0; c < columns; c++)
                there[c] = floats_load(met[c] + first + s);
            repel(&p->forces, here, there, columns, change);
        }
        for (int32_t c = 0; c < columns; c++)
            floats_store(of->move[end][c] + first, change[c]);
    }
}

/* step: column c at c * TILE, or rows of two. */
static inline __attribute__((always_inline)) void
shift_row(const conceptdec_i_pulls *p, int32_t row, const float *step, const int32_t columns)
{
    float *place = p->places + row * columns;
    if (columns == 2) {
        typedef float duo __attribute__((vector_size(8)));
        duo both, by;
        memcpy(&both, place, sizeof both);
        memcpy(&by, step, sizeof by);
        both += by;
        memcpy(place, &both, sizeof both);
    } else {
        for (int32_t c = 0; c < columns; c++)
            place[c] += step[c * TILE];
    }
    for (int32_t c = 0; p->anchors && c < columns; c++)
        place[c] += (p->anchors[row * columns + c] - place[c]) * p->pull;
}

static inline __attribute__((always_inline)) void
settle(const conceptdec_i_pulls *p, int64_t at, const int32_t columns, const pairs *of)
{
    const int64_t left = p->count - at, count = left < TILE ? left : TILE, next = columns == 2 ? 2 : 1;
    float steps[2][MOST_COLUMNS * TILE];
    floats by[MOST_COLUMNS];
    for (int end = 0; end < 2; end++)
        for (int first = 0; first < TILE; first += LAYOUT_WIDTH) {
            for (int32_t c = 0; c < columns; c++)
                by[c] = floats_load(of->move[end][c] + first) * p->forces.rate;
            if (columns == 2)
                floats_weave(by[0], by[1], steps[end] + 2 * first);
            for (int32_t c = 0; columns != 2 && c < columns; c++)
                floats_store(steps[end] + c * TILE + first, by[c]);
        }
    for (int64_t i = 0; i < count; i++) {
        shift_row(p, p->heads[at + i], steps[0] + i * next, columns);
        shift_row(p, p->tails[at + i], steps[1] + i * next, columns);
    }
}

static inline int64_t
within_tile(int64_t x)
{
    return x < 0 ? 0 : x < TILE ? x : TILE;
}

static inline __attribute__((always_inline)) void
pull_columns(const conceptdec_i_pulls *pulls, const int32_t columns)
{
    const conceptdec_i_pulls p = *pulls; /* which no place can be part of */
    const int64_t each = p.n_strangers, company = (2 * each + TILE - 1) / TILE;
    const int64_t all = (p.count + TILE - 1) / TILE * company;
    int64_t number = 0;
    pairs of;
    if (all > 0)
        meet(&p, 0, columns, &of);
    for (int64_t at = 0; at < p.count; at += TILE) {
        draw(&p, at, columns, &of);
        for (int64_t met = 0; met < 2 * each; met += TILE, number++) {
            if (number + 1 < all)
                meet(&p, number + 1, columns, &of);
            push(&p, 0, of.met[number % 2], 0, within_tile(each - met), columns, &of);
            push(&p, 1, of.met[number % 2], within_tile(each - met), within_tile(2 * each - met), columns, &of);
        }
        settle(&p, at, columns, &of);
    }
}

static void
pull(const conceptdec_i_pulls *p)
{
    if (p->columns == 2)
        pull_columns(p, 2);
    else
        pull_columns(p, p->columns);
}

#undef TILE
