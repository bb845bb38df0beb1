/* Moves of 16 places in a layout, in vectors; every operation is rounded by itself, so that all sets give the same bits.
 * The set defines LAYOUT_WIDTH, the types `floats` and `marks` (GNU vectors of that many float and int32_t) and
 *   floats_least, floats_most: of two vectors, element by element;
 *   floats_pairs(from, row, x, y): x and y are columns 0 and 1 of rows of two;
 *   floats_gather(from, offset): elements at offsets. */

/* A layout of more columns than this has no kernel of its own. */
#define MOST_COLUMNS CONCEPTDEC_I_LAYOUT_COLUMNS

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

/* x^exponent for x in [1e-30, 1e30], to about 1e-5 of its value. */
static inline floats
floats_power(floats x, float exponent)
{
    const marks shift = ((marks)x - 0x3f3504f3) >> 23;
    const floats t = (floats)((marks)x - (shift << 23)) - 1.0f;
    floats y = t * -0.206589886f + 0.322154318f;
    y = y * t - 0.367490253f;
    y = y * t + 0.479348064f;
    y = y * t - 0.721131848f;
    y = y * t + 1.44271348f;
    y = y * t + __builtin_convertvector(shift, floats);
    y = floats_within(y * exponent, -120.0f, 120.0f);
    const floats rounding = y + 12582912.0f; /* 1.5 * 2^23: the sum ends in a whole number */
    const floats rest = y - (rounding - 12582912.0f);
    floats z = rest * 0.00957009666f + 0.0559178599f;
    z = z * rest + 0.24024745f;
    z = z * rest + 0.693121815f;
    z = z * rest + 0.999999261f;
    return z * (floats)(((marks)rounding - (0x4b400000 - 127)) << 23);
}

/* away[c] = here[c] - those rows of `others`; returns the squared distance, at least 1e-30. */
static inline __attribute__((always_inline)) floats
floats_away(const conceptdec_i_moves *m, const floats *here, marks row, const int32_t columns, floats *away)
{
    floats square = {0};
    if (columns == 2) {
        floats x, y;
        floats_pairs(m->others, row, &x, &y);
        away[0] = here[0] - x;
        away[1] = here[1] - y;
        square = away[0] * away[0] + away[1] * away[1];
    } else {
        for (int32_t c = 0; c < columns; c++) {
            away[c] = here[c] - floats_gather(m->others + c, row * columns);
            square += away[c] * away[c];
        }
    }
    return floats_within(square, 1e-30f, 1e30f);
}

/* One partner, if `is_on`, and the strangers that come with it; all of them pull from the same place. */
static inline __attribute__((always_inline)) void
move_once(const conceptdec_i_moves *m, marks partner, const int32_t *strangers, marks is_on, const int32_t columns,
          floats *here)
{
    floats away[MOST_COLUMNS], change[MOST_COLUMNS];
    floats square = floats_away(m, here, partner, columns, away);
    floats power = floats_power(square, m->b);
    floats force = power * m->attraction / (square * (power * m->a + 1.0f));
    for (int32_t c = 0; c < columns; c++)
        change[c] = floats_within(force * away[c], -4.0f, 4.0f);
    for (int32_t s = 0; s < m->n_strangers; s++) {
        square = floats_away(m, here, marks_load(strangers + s * CONCEPTDEC_I_TILE), columns, away);
        power = floats_power(square, m->b);
        force = m->repulsion / ((square + 0.001f) * (power * m->a + 1.0f));
        for (int32_t c = 0; c < columns; c++)
            change[c] += floats_within(force * away[c], -4.0f, 4.0f);
    }
    for (int32_t c = 0; c < columns; c++)
        here[c] += (floats)((marks)(change[c] * m->rate) & is_on);
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
        here[c] = floats_load(places + c * CONCEPTDEC_I_TILE + first);
    for (int32_t r = 0; r < most; r++) {
        const marks is_on = rounds > r;
        move_once(m, marks_load(m->partners + r * CONCEPTDEC_I_TILE + first),
                  m->strangers + (int64_t)r * m->n_strangers * CONCEPTDEC_I_TILE + first, is_on, columns, here);
        for (int32_t c = 0; m->anchors && c < columns; c++) {
            const floats pull = (floats_load(m->anchors + c * CONCEPTDEC_I_TILE + first) - here[c]) * m->pull;
            here[c] += (floats)((marks)pull & is_on);
        }
    }
    for (int32_t c = 0; c < columns; c++)
        memcpy(places + c * CONCEPTDEC_I_TILE + first, &here[c], sizeof here[c]);
}

static void
move(const conceptdec_i_moves *m, float *places)
{
    for (int first = 0; first < CONCEPTDEC_I_TILE; first += LAYOUT_WIDTH)
        if (m->columns == 2)
            move_lanes(m, first, 2, places);
        else
            move_lanes(m, first, m->columns, places);
}
