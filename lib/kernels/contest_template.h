/* close_columns() and contest(): in vectors of CONTEST_BYTES bytes, of which a panel of rows (mr_f32) is two high. */
#include <math.h>
#include <string.h>

typedef float contest_reals __attribute__((vector_size(CONTEST_BYTES)));
typedef int32_t contest_ints __attribute__((vector_size(CONTEST_BYTES)));
typedef uint32_t contest_words __attribute__((vector_size(CONTEST_BYTES)));

enum { CONTEST_WIDTH = CONTEST_BYTES / 4, CONTEST_PARTS = mr_f32 / CONTEST_WIDTH };

static inline contest_reals
contest_load(const float *from)
{
    contest_reals x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline contest_reals
contest_choose(contest_ints mask, contest_reals yes, contest_reals no)
{
    return (contest_reals)((mask & (contest_ints)yes) | (~mask & (contest_ints)no));
}

static inline void
contest_store(contest_ints x, float *to)
{
    const contest_reals value = __builtin_convertvector(x, contest_reals);
    memcpy(to, &value, sizeof value);
}

/* Sums wrap around, which signed integers of C may not. */
static void
close_columns(const int32_t *restrict in, int64_t columns, int64_t step, int64_t n, float *restrict out)
{
    for (int64_t first = 0; first < n; first += mr_f32) {
        contest_words sums[CONTEST_PARTS] = {{0}};
        for (int64_t c = 0; c < columns; c++)
            for (int k = 0; k < CONTEST_PARTS; k++) {
                contest_words value;
                memcpy(&value, in + c * step + first + k * CONTEST_WIDTH, sizeof value);
                contest_store((contest_ints)value, out + c * step + first + k * CONTEST_WIDTH);
                sums[k] -= value;
            }
        for (int k = 0; k < CONTEST_PARTS; k++)
            contest_store((contest_ints)sums[k], out + columns * step + first + k * CONTEST_WIDTH);
    }
}

/* The value of each row's own class, and the largest of the others. */
static inline void
contest_rivals(const conceptdec_i_contest *t, int32_t first, contest_reals *own, contest_reals *other)
{
    const contest_reals lowest = (contest_reals){0} - INFINITY, scale = contest_load(t->scale + first);
    contest_ints label;
    memcpy(&label, t->label + first, sizeof label);
    *own = *other = lowest;
    for (int32_t c = 0; c < t->classes; c++) {
        const contest_reals value = contest_load(t->values + c * t->step + first) * scale + t->center[c];
        const contest_ints is_own = label == c;
        const contest_reals rival = contest_choose(is_own, lowest, value);
        *own = contest_choose(is_own, value, *own);
        *other = contest_choose(rival > *other, rival, *other);
    }
}

static int32_t
contest(const conceptdec_i_contest *t, uint64_t *open)
{
    contest_ints n_ahead = {0};
    int32_t is_open[mr_f32], any = 0, sum = 0;
    for (int32_t first = 0; first < mr_f32; first += CONTEST_WIDTH) {
        contest_reals own, other, slack = (contest_reals){0} + t->least;
        contest_rivals(t, first, &own, &other);
        for (int k = 0; k < CONCEPTDEC_I_CONTEST_BOUNDS; k++)
            slack += contest_load(t->reach[k] + first) * t->spread[k];
        const contest_reals handicap = contest_load(t->handicap + first), ahead = own - other - handicap;
        const contest_ints is_ahead = ahead > slack;
        const contest_ints rest = ~is_ahead & ~(ahead < -slack) & (handicap < INFINITY);
        n_ahead -= is_ahead;
        memcpy(is_open + first, &rest, sizeof rest);
    }
    for (int i = 0; i < CONTEST_WIDTH; i++)
        sum += n_ahead[i];
    *open = 0;
    for (int i = 0; i < mr_f32; i++)
        any |= is_open[i];
    for (int i = 0; i < mr_f32 && any; i++)
        *open |= (uint64_t)(is_open[i] & 1) << i;
    return sum;
}
