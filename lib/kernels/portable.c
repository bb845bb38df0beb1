/* The reference kernels: C11 without intrinsics, in loops that compilers vectorise for whatever the baseline is. */
#include "kernels/kernels.h"

#include <conceptdec/conceptdec.h>

#include <math.h>
#include <string.h>

#include "core/half.h"

typedef double wide;

#define WIDE 1
#define UNROLL

static inline wide
wide_load_f64(const char *from)
{
    double value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline wide
wide_load_f32(const char *from)
{
    float value;
    memcpy(&value, from, sizeof value);
    return (double)value;
}

static inline wide
wide_load_f16(const char *from)
{
    uint16_t bits;
    memcpy(&bits, from, sizeof bits);
    return conceptdec_i_half_to_double(bits);
}

static inline wide
wide_load_bf16(const char *from)
{
    uint16_t bits;
    memcpy(&bits, from, sizeof bits);
    return conceptdec_i_bfloat_to_double(bits);
}

static inline void
wide_store(double *to, wide x)
{
    *to = x;
}

static inline wide
wide_load_some(const double *from, int count)
{
    return count > 0 ? *from : 0;
}

static inline void
wide_store_some(double *to, wide x, int count)
{
    if (count > 0)
        *to = x;
}

static inline wide
wide_fill(double value)
{
    return value;
}

static inline double
wide_total(const wide *sums)
{
    wide eight[8];
    for (int j = 0; j < 8; j++)
        eight[j] = sums[j] + sums[j + 8];
    for (int j = 0; j < 4; j++)
        eight[j] += eight[j + 4];
    return (eight[0] + eight[2]) + (eight[1] + eight[3]);
}

static inline wide
wide_square(wide sum, wide a, wide b, wide scale)
{
    const double difference = a - b * scale;
    return sum + difference * difference;
}

static inline wide
wide_less(wide a, wide b)
{
    return a - b;
}

static inline wide
wide_plus(wide a, wide b)
{
    return a + b;
}

static inline wide
wide_times(wide a, wide b)
{
    return a * b;
}

static inline wide
wide_add_product(wide sum, wide a, wide b)
{
    return sum + a * b;
}

#include "kernels/rows_template.h"

#define DEFINE_PANEL(type, real, MR, NR)                                                                               \
    enum { mr_##type = MR, nr_##type = NR };                                                                           \
    static void panel_##type(int64_t depth, const real *restrict a, const real *restrict b, real *restrict c,          \
                             int64_t ldc, int accumulate)                                                              \
    {                                                                                                                  \
        real sums[NR][MR] = {{0}};                                                                                     \
        for (int64_t p = 0; p < depth; p++)                                                                            \
            for (int j = 0; j < (NR); j++)                                                                             \
                for (int i = 0; i < (MR); i++)                                                                         \
                    sums[j][i] += a[p * (MR) + i] * b[p * (NR) + j];                                                   \
        for (int j = 0; j < (NR); j++)                                                                                 \
            for (int i = 0; i < (MR); i++)                                                                             \
                c[j * ldc + i] = accumulate ? c[j * ldc + i] + sums[j][i] : sums[j][i];                                \
    }                                                                                                                  \
                                                                                                                       \
    static void panel_across_##type(int64_t depth, const real *restrict a, int64_t width, const real *restrict b,      \
                                    int64_t step, real *restrict c, int64_t ldc, int accumulate)                       \
    {                                                                                                                  \
        real sums[NR][MR] = {{0}};                                                                                     \
        for (int64_t p = 0; p < depth; p++)                                                                            \
            for (int j = 0; j < (NR); j++)                                                                             \
                for (int64_t i = 0; i < width; i++)                                                                    \
                    sums[j][i] += a[p * width + i] * b[p / (MR) * step + j * (MR) + p % (MR)];                         \
        for (int j = 0; j < (NR); j++)                                                                                 \
            for (int64_t i = 0; i < width; i++)                                                                        \
                c[j * ldc + i] = accumulate ? c[j * ldc + i] + sums[j][i] : sums[j][i];                                \
    }

DEFINE_PANEL(f32, float, 8, 4)
DEFINE_PANEL(f64, double, 4, 4)

static void
panel_i16(int64_t depth, const int16_t *restrict a, const int16_t *restrict b, int32_t *restrict c, int64_t ldc,
          int accumulate)
{
    int32_t sums[nr_f32][mr_f32] = {{0}};
    for (int64_t p = 0; p < depth; p++, a += 2 * mr_f32, b += 2 * nr_f32)
        for (int j = 0; j < nr_f32; j++)
            for (int i = 0; i < mr_f32; i++)
                sums[j][i] += a[2 * i] * b[2 * j] + a[2 * i + 1] * b[2 * j + 1];
    for (int j = 0; j < nr_f32; j++)
        for (int i = 0; i < mr_f32; i++)
            c[j * ldc + i] = accumulate ? c[j * ldc + i] + sums[j][i] : sums[j][i];
}

#define DEFINE_INTERLEAVE(type, real)                                                                                  \
    static void interleave_##type(const real *restrict in, int64_t ld, int64_t rows, int64_t depth, int64_t width,     \
                                  real *restrict out)                                                                  \
    {                                                                                                                  \
        for (int64_t p = 0; p < depth; p++)                                                                            \
            for (int64_t r = 0; r < width; r++)                                                                        \
                out[p * width + r] = r < rows ? in[r * ld + p] : 0;                                                    \
    }

DEFINE_INTERLEAVE(f32, float)
DEFINE_INTERLEAVE(f64, double)

#define DEFINE_SPREAD(type, real)                                                                                      \
    static void spread_##type(const real *restrict in, const real *restrict center, int64_t count, int64_t step,       \
                              real *restrict out)                                                                      \
    {                                                                                                                  \
        for (int64_t p = 0; p < count; p += mr_##type, out += step)                                                    \
            for (int64_t i = 0; i < mr_##type; i++)                                                                    \
                out[i] = p + i >= count ? 0 : center ? in[p + i] - center[p + i] : in[p + i];                          \
    }

DEFINE_SPREAD(f32, float)
DEFINE_SPREAD(f64, double)

/* A value that is not a number hits every limit that is one: a screen may let through too much, never too little. */
#define HIT(value, limit) (!((value) > (limit)) & ((limit) == (limit)))

#define DEFINE_SCREEN_WORD(type, real)                                                                                 \
    static void screen_word_##type(const real *dot, const real *norm, real column_norm, const real *row_limit,         \
                                   real column_limit, uint64_t *rows, uint64_t *columns)                               \
    {                                                                                                                  \
        real value[64];                                                                                                \
        int row_any = 0, column_any = 0;                                                                               \
        for (int i = 0; i < 64; i++) {                                                                                 \
            value[i] = norm[i] - 2 * dot[i] + column_norm;                                                             \
            row_any |= HIT(value[i], row_limit[i]);                                                                    \
            column_any |= HIT(value[i], column_limit);                                                                 \
        }                                                                                                              \
        *rows = *columns = 0;                                                                                          \
        for (int i = 0; (row_any | column_any) && i < 64; i++) {                                                       \
            *rows |= (uint64_t)HIT(value[i], row_limit[i]) << i;                                                       \
            *columns |= (uint64_t)HIT(value[i], column_limit) << i;                                                    \
        }                                                                                                              \
    }

DEFINE_SCREEN_WORD(f32, float)
DEFINE_SCREEN_WORD(f64, double)

typedef struct bytes {
    uint8_t lane[CONCEPTDEC_I_LANES];
} bytes;

#define FOR_LANES for (int i = 0; i < CONCEPTDEC_I_LANES; i++)

static inline bytes
bytes_load(const uint8_t *from)
{
    bytes x;
    memcpy(x.lane, from, sizeof x.lane);
    return x;
}

static inline void
bytes_store(uint8_t *to, bytes x)
{
    memcpy(to, x.lane, sizeof x.lane);
}

static inline bytes
bytes_fill(uint8_t value)
{
    bytes x;
    memset(x.lane, value, sizeof x.lane);
    return x;
}

static inline void
bytes_count(bytes *count, const uint8_t *row, const bytes *label)
{
    const bytes other = bytes_load(row); /* which nothing else can point to */
    FOR_LANES count->lane[i] = (uint8_t)(count->lane[i] + (other.lane[i] == label->lane[i]));
}

static inline void
bytes_equal(bytes *count, bytes a, bytes b)
{
    FOR_LANES count->lane[i] = (uint8_t)(count->lane[i] + (a.lane[i] == b.lane[i]));
}

/* The count of the label, which goes up by 1, to rank. */
static inline void
bytes_tick(bytes *count, bytes *rank, bytes row, bytes label)
{
    FOR_LANES
    {
        const uint8_t where = row.lane[i] == label.lane[i] ? 255 : 0;
        count->lane[i] = (uint8_t)(count->lane[i] - where);
        rank->lane[i] |= count->lane[i] & where;
    }
}

static inline bytes
bytes_credit(bytes x)
{
    static const uint8_t credit[] = {0, 60, 30, 20, 15, 12, 10, 0};
    FOR_LANES x.lane[i] = credit[x.lane[i] < 7 ? x.lane[i] : 7];
    return x;
}

static inline void
bytes_add_wide(uint16_t *sums, bytes x)
{
    FOR_LANES sums[i] = (uint16_t)(sums[i] + x.lane[i]);
}

static inline int
bytes_any_above(bytes x, uint8_t limit)
{
    int any = 0;
    FOR_LANES any |= x.lane[i] > limit;
    return any;
}

static inline void
bytes_lead(bytes *best, bytes *sharing, bytes count)
{
    FOR_LANES
    {
        const uint8_t top = count.lane[i] > best->lane[i] ? count.lane[i] : best->lane[i];
        const uint8_t kept = top == best->lane[i] ? sharing->lane[i] : 0;
        sharing->lane[i] = (uint8_t)(kept + (count.lane[i] == top));
        best->lane[i] = top;
    }
}

static inline bytes
bytes_agree(bytes a, bytes b, bytes x)
{
    FOR_LANES x.lane[i] = a.lane[i] == b.lane[i] ? x.lane[i] : 0;
    return x;
}

#include "kernels/deal_portable.h"
#include "kernels/deal_template.h"
#include "kernels/layout_portable.h"
#include "kernels/layout_template.h"
#include "kernels/laplace_template.h"
#include "kernels/screen_template.h"
#define PLACES_BYTES 16
#include "kernels/places_template.h"
#define CONTEST_BYTES 16
#include "kernels/contest_template.h"
#include "kernels/find_template.h"
#include "kernels/gather_template.h"
#include "kernels/select_template.h"

typedef double two_doubles __attribute__((vector_size(16)));

static inline two_doubles
two_roots(two_doubles x)
{
    return (two_doubles){sqrt(x[0]), sqrt(x[1])};
}

#define TURNS_VECTOR two_doubles
#define TURNS_ROOT(x) two_roots(x)
#include "kernels/turns_template.h"
#include "kernels/votes_template.h"

#define TABLE conceptdec_i_kernels_portable
#define TABLE_NAME "portable"
#define TABLE_BIT CONCEPTDEC_KERNEL_PORTABLE
#include "kernels/table_template.h"
