/* Sums of rows in files: of a scatter the upper half is written, row by row. */
#include <math.h>
#include <string.h>

#include "stats/sums.h"

enum { MEAN, PILOT, ROWS, LABELS, SCATTER, SQUARES = SCATTER }; /* SCATTER: the first of d parts */

int64_t
conceptdec_i_sums_parts(const conceptdec_i_sums *s)
{
    return SCATTER + (s->scatter ? s->d : s->squares ? 1 : 0);
}

/* Where there is one class, labels say nothing. */
void
conceptdec_i_sums_list_parts(const conceptdec_i_sums *s, conceptdec_i_record_part *parts)
{
    const int64_t size = sizeof(double);
    parts[MEAN] = (conceptdec_i_record_part){.data = s->mean, .count = s->classes * s->d, .size = size};
    parts[PILOT] = (conceptdec_i_record_part){.data = s->pilot, .count = s->classes * s->d, .size = size};
    parts[ROWS] = (conceptdec_i_record_part){.data = s->rows, .count = s->waiting * s->d, .size = size};
    parts[LABELS] = (conceptdec_i_record_part){
        .data = s->label, .count = s->classes > 1 ? s->waiting : 0, .size = sizeof *s->label};
    if (s->squares)
        parts[SQUARES] = (conceptdec_i_record_part){.data = s->squares, .count = s->classes * s->d, .size = size};
    for (int64_t i = 0; s->scatter && i < s->d; i++)
        parts[SCATTER + i] =
            (conceptdec_i_record_part){.data = s->scatter + i * s->d + i, .count = s->d - i, .size = size};
}

int64_t
conceptdec_i_sums_bytes(int64_t d, int64_t classes, int keeps)
{
    const int64_t arrays = keeps == CONCEPTDEC_I_SUMS_SQUARES ? 3 : 2;
    int64_t half = 0, means, numbers, bytes;
    if ((keeps == CONCEPTDEC_I_SUMS_SCATTER && !conceptdec_i_mul(d, d + 1, &half)) ||
        !conceptdec_i_mul(arrays * d, classes, &means) ||
        !conceptdec_i_add(half / 2, means, &numbers) || !conceptdec_i_mul(numbers, sizeof(double), &bytes))
        return -1;
    return bytes;
}

/* ---- what rows may make ---- */

static bool
are_sound(const double *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!(fabs(values[i]) < CONCEPTDEC_I_SUMS_MOST))
            return false;
    return true;
}

/* Subnormal squares have lost their digits. */
static double
root(double square)
{
    return square < 0x1p-960 ? 0x1p-480 : sqrt(square);
}

/* Sums of squares, and sums of products that fit them, up to rounding. */
static bool
scatter_is_sound(const conceptdec_i_sums *s)
{
    for (int64_t i = 0; i < s->d; i++)
        if (!(s->scatter[i * s->d + i] >= 0 && isfinite(s->scatter[i * s->d + i])))
            return false;
    for (int64_t i = 0; i < s->d; i++)
        for (int64_t j = i + 1; j < s->d; j++) {
            double most = root(s->scatter[i * s->d + i]) * root(s->scatter[j * s->d + j]);
            if (!(fabs(s->scatter[i * s->d + j]) <= most * (1 + 1e-6)))
                return false;
        }
    return true;
}

/* Of a class without rows or of one row (then: 0) too. */
static bool
squares_are_sound(const conceptdec_i_sums *s)
{
    for (int64_t c = 0; c < s->classes; c++)
        for (int64_t j = 0; j < s->d; j++) {
            const double square = s->squares[c * s->d + j];
            if (!(square >= 0 && isfinite(square)) || (s->n[c] < 2 && square != 0))
                return false;
        }
    return true;
}

/* Counts add up to whole chunks, but where rows may have been added elsewhere; a class without rows has no mean. */
static bool
counts_are_sound(const conceptdec_i_sums *s)
{
    int64_t sum = 0;
    for (int64_t c = 0; c < s->classes; c++) {
        if (s->n[c] < 0 || s->n[c] > INT64_C(1) << 53 || !conceptdec_i_add(sum, s->n[c], &sum))
            return false;
        for (int64_t j = 0; s->n[c] == 0 && j < s->d; j++)
            if (s->mean[c * s->d + j] != 0 || s->pilot[c * s->d + j] != 0)
                return false;
    }
    for (int64_t i = 0; i < s->waiting && s->classes > 1; i++)
        if (s->label[i] < 0 || s->label[i] >= s->classes)
            return false;
    return sum <= INT64_C(1) << 53 && (s->squares || sum % s->chunk == 0);
}

bool
conceptdec_i_sums_are_sound(const conceptdec_i_sums *s)
{
    return counts_are_sound(s) && are_sound(s->mean, s->classes * s->d) && are_sound(s->pilot, s->classes * s->d) &&
           are_sound(s->rows, s->waiting * s->d) && (!s->scatter || scatter_is_sound(s)) &&
           (!s->squares || squares_are_sound(s));
}
