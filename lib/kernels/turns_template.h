/* turn_columns: a part of a sweep of one-sided Jacobi rotations, in vectors TURNS_VECTOR of doubles, of which the set
 * has defined also the root TURNS_ROOT(x). */
#include <string.h>

typedef TURNS_VECTOR turns;
typedef int64_t turns_mask __attribute__((vector_size(sizeof(turns))));

enum { TURNS_WIDTH = sizeof(turns) / sizeof(double), TURNS_PARTS = CONCEPTDEC_I_TURNED / TURNS_WIDTH };

static inline turns
turns_load(const double *from)
{
    turns x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline void
turns_store(double *to, turns x)
{
    memcpy(to, &x, sizeof x);
}

static inline turns
turns_where(turns_mask mask, turns x)
{
    turns_mask bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= mask;
    memcpy(&x, &bits, sizeof bits);
    return x;
}

static inline int
turns_any(turns_mask mask)
{
    int64_t words[TURNS_WIDTH], any = 0;
    memcpy(words, &mask, sizeof words);
    for (int i = 0; i < TURNS_WIDTH; i++)
        any |= words[i];
    return any != 0;
}

/* Products of two columns, element by element; where they are of one matrix the sum of all is in every element. */
static inline void
turns_dot(const double *x, const double *y, int64_t n, int is_one, double *dot)
{
    turns even[TURNS_PARTS] = {{0}}, odd[TURNS_PARTS] = {{0}};
    int64_t k = 0;
    for (; k + 1 < n; k += 2, x += 2 * CONCEPTDEC_I_TURNED, y += 2 * CONCEPTDEC_I_TURNED)
        for (int i = 0; i < TURNS_PARTS; i++) {
            even[i] += turns_load(x + i * TURNS_WIDTH) * turns_load(y + i * TURNS_WIDTH);
            odd[i] += turns_load(x + CONCEPTDEC_I_TURNED + i * TURNS_WIDTH) *
                      turns_load(y + CONCEPTDEC_I_TURNED + i * TURNS_WIDTH);
        }
    for (int i = 0; i < TURNS_PARTS; i++) {
        if (k < n)
            even[i] += turns_load(x + i * TURNS_WIDTH) * turns_load(y + i * TURNS_WIDTH);
        turns_store(dot + i * TURNS_WIDTH, even[i] + odd[i]);
    }
    if (!is_one)
        return;
    double sum = 0;
    for (int i = 0; i < CONCEPTDEC_I_TURNED; i++)
        sum += dot[i];
    for (int i = 0; i < CONCEPTDEC_I_TURNED; i++)
        dot[i] = sum;
}

/* The rotation that makes two columns orthogonal, t its tangent; none where they are nearly so. */
static inline int
turns_angle(double *square_x, double *square_y, const double *dot, double tolerance, turns *c, turns *s)
{
    int any = 0;
    for (int i = 0; i < TURNS_PARTS; i++) {
        const turns xx = turns_load(square_x + i * TURNS_WIDTH), yy = turns_load(square_y + i * TURNS_WIDTH);
        const turns xy = turns_load(dot + i * TURNS_WIDTH), apart = yy - xx, zero = {0};
        const turns_mask wanted = xy * xy > tolerance * tolerance * (xx * yy), falls = apart < zero;
        any |= turns_any(wanted);
        const turns distance = apart - 2 * turns_where(falls, apart);
        const turns twice = 2 * xy - 4 * turns_where(falls, xy);
        const turns t = turns_where(wanted, twice / (distance + TURNS_ROOT(apart * apart + 4 * (xy * xy))));
        c[i] = 1 / TURNS_ROOT(1 + t * t);
        s[i] = c[i] * t;
        turns_store(square_x + i * TURNS_WIDTH, xx - turns_where(wanted, t * xy));
        turns_store(square_y + i * TURNS_WIDTH, yy + turns_where(wanted, t * xy));
    }
    return any;
}

static inline void
turns_apply(double *x, double *y, int64_t n, const turns *c, const turns *s)
{
    for (int64_t k = 0; k < n; k++, x += CONCEPTDEC_I_TURNED, y += CONCEPTDEC_I_TURNED)
        for (int i = 0; i < TURNS_PARTS; i++) {
            const turns a = turns_load(x + i * TURNS_WIDTH), b = turns_load(y + i * TURNS_WIDTH);
            turns_store(x + i * TURNS_WIDTH, c[i] * a - s[i] * b);
            turns_store(y + i * TURNS_WIDTH, s[i] * a + c[i] * b);
        }
}

static int
turn_columns(double *columns, int64_t m, int64_t n, int is_one, int64_t first, int64_t end, double tolerance,
             double *squares)
{
    const int64_t step = n * CONCEPTDEC_I_TURNED;
    double dot[CONCEPTDEC_I_TURNED];
    turns c[TURNS_PARTS], s[TURNS_PARTS];
    int any = 0;
    for (int64_t p = 0; p < m && first == 0; p++)
        turns_dot(columns + p * step, columns + p * step, n, is_one, squares + p * CONCEPTDEC_I_TURNED);
    for (int64_t p = first; p < end; p++)
        for (int64_t q = p + 1; q < m; q++) {
            double *x = columns + p * step, *y = columns + q * step;
            turns_dot(x, y, n, is_one, dot);
            if (!turns_angle(squares + p * CONCEPTDEC_I_TURNED, squares + q * CONCEPTDEC_I_TURNED, dot, tolerance, c,
                             s))
                continue;
            turns_apply(x, y, n, c, s);
            any = 1;
        }
    return any;
}
