/* Distinct rows and their classes. */
#include <string.h>

#include "neighbors/values.h"
#include "stats/equal_rows.h"

/* Numbers the classes by first row and lists their rows. first[row]: the first equal row, -1: left out. */
static void
number_classes(conceptdec_i_distinct *distinct, const int32_t *first, int64_t n)
{
    int32_t *class_of = distinct->class_of_row;
    int64_t *start = distinct->start;
    distinct->n = 0;
    for (int64_t i = 0; i < n; i++) {
        if (first[i] < 0)
            class_of[i] = -1;
        else
            class_of[i] = first[i] == i ? (int32_t)distinct->n++ : class_of[first[i]];
        if (class_of[i] >= 0)
            start[class_of[i] + 1]++;
    }
    for (int64_t c = 0; c < distinct->n; c++)
        start[c + 1] += start[c];
    for (int64_t i = 0; i < n; i++)
        if (class_of[i] >= 0)
            distinct->rows[start[class_of[i]]++] = (int32_t)i;
    memmove(start + 1, start, (size_t)distinct->n * sizeof *start);
    start[0] = 0;
}

conceptdec_status
conceptdec_i_distinct_rows(conceptdec_i_arena *arena, const conceptdec_i_survey *survey, const uint8_t *keep,
                           conceptdec_i_distinct *distinct)
{
    int64_t n = survey->view->rows;
    void *p[4];
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "distinct rows", n + 1, sizeof(int64_t), &p[0]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "distinct rows", n, sizeof(int32_t), &p[1]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "distinct rows", n, sizeof(int32_t), &p[2]));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "row order", n, sizeof(int32_t), &p[3]));
    *distinct = (conceptdec_i_distinct){.start = p[0], .rows = p[1], .class_of_row = p[2]};
    CONCEPTDEC_I_TRY(conceptdec_i_equal_rows(arena, survey->view, survey->hash, keep, p[3]));
    number_classes(distinct, p[3], n);
    return CONCEPTDEC_OK;
}
