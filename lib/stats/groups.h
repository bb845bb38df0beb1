/* Numbers for groups whose codes are any integers. */
#ifndef CONCEPTDEC_I_GROUPS_H
#define CONCEPTDEC_I_GROUPS_H

#include "core/core.h"

/* The rows of each group: those of group g are rows[start[g] .. start[g + 1]), ascending; groups are numbered in the
 * order of their first rows, so that codes do not matter. All arrays belong to the arena. */
typedef struct conceptdec_i_groups {
    int64_t count;
    int64_t n_rows;  /* rows that belong to a group */
    int32_t *number; /* of each of the n rows given, -1: in no group */
    int64_t *start;
    int32_t *rows;
} conceptdec_i_groups;

/* codes: n, NULL: every row is a group of its own. is_member: NULL, or n; rows with 0 belong to no group.
 * ESIZE: n above INT32_MAX. */
conceptdec_status conceptdec_i_groups_number(conceptdec_i_arena *arena, int64_t n, const int64_t *codes,
                                             const uint8_t *is_member, conceptdec_i_groups *groups);

/* Of n rows with numbers 0..count-1 (-1: in no group): start (count + 1) and rows as above. */
conceptdec_status conceptdec_i_groups_list(conceptdec_i_arena *arena, int64_t n, const int32_t *number, int64_t count,
                                           int64_t **start, int32_t **rows);

/* Group numbers by descending size, then ascending. order: groups->count. */
conceptdec_status conceptdec_i_groups_by_size(conceptdec_i_arena *arena, const conceptdec_i_groups *groups,
                                              int32_t *order);

/* A zeroed array of the arena; `array` is the address of a pointer of any type. */
conceptdec_status conceptdec_i_groups_take(conceptdec_i_arena *arena, const char *what, int64_t count, uint64_t size,
                                           void *array);

#endif
