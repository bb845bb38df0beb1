#include "stats/folds.h"

#include <inttypes.h>

#include "stats/groups.h"

typedef struct folding {
    conceptdec_i_arena arena;
    int64_t n;
    int64_t folds;
    uint8_t *is_labelled;
    int64_t n_labelled;
    int64_t *class_of_row; /* of labelled rows; all 0 where folds are not stratified */
    int64_t classes;
    bool may_lack; /* a fold may be without a class */
} folding;

static conceptdec_status
take(folding *f, int64_t count, uint64_t size, void *array)
{
    return conceptdec_i_groups_take(&f->arena, "folds", count, size, array);
}

static conceptdec_status
check_sizes(conceptdec_ctx *ctx, const folding *f)
{
    if (f->folds < 2)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EFOLDS, "folds: %" PRId64 " are fewer than 2", f->folds);
    if (f->folds > f->n_labelled)
        return conceptdec_i_fail(ctx, CONCEPTDEC_EFOLDS, "folds: %" PRId64 " are more than the %" PRId64
                                 " labelled samples", f->folds, f->n_labelled);
    return CONCEPTDEC_OK;
}

static conceptdec_status
read_labels(folding *f, const int64_t *labels, int64_t classes, bool stratified)
{
    CONCEPTDEC_I_TRY(take(f, f->n, sizeof *f->is_labelled, &f->is_labelled));
    CONCEPTDEC_I_TRY(take(f, f->n, sizeof *f->class_of_row, &f->class_of_row));
    f->classes = stratified ? classes : 1;
    for (int64_t i = 0; i < f->n; i++) {
        f->is_labelled[i] = labels[i] >= 0;
        f->n_labelled += labels[i] >= 0;
        f->class_of_row[i] = stratified ? labels[i] : 0;
    }
    return CONCEPTDEC_OK;
}

/* Classes are numbered as groups are: in the order of their first rows. */
static conceptdec_status
deal_rows(folding *f, uint64_t seed, int64_t *fold)
{
    conceptdec_i_groups members;
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(&f->arena, f->n, f->class_of_row, f->is_labelled, &members));
    for (int64_t c = 0; c < members.count && !f->may_lack; c++) {
        int64_t size = members.start[c + 1] - members.start[c];
        if (size < f->folds)
            return conceptdec_i_fail(f->arena.ctx, CONCEPTDEC_EFOLDS, "folds: %" PRId64 " are more folds than members"
                                     " of class %" PRId64 ", which has %" PRId64
                                     "; use fewer folds, or unstratified ones", f->folds,
                                     f->class_of_row[members.rows[members.start[c]]], size);
    }
    for (int64_t c = 0; c < members.count; c++) {
        conceptdec_i_rng rng;
        conceptdec_i_rng_start(&rng, seed, CONCEPTDEC_I_RNG_FOLDS, (uint64_t)c);
        conceptdec_i_rng_shuffle(&rng, members.rows + members.start[c], members.start[c + 1] - members.start[c]);
    }
    for (int64_t i = 0; i < f->n; i++)
        fold[i] = -1;
    for (int64_t place = 0; place < members.n_rows; place++)
        fold[members.rows[place]] = place % f->folds;
    return CONCEPTDEC_OK;
}

/* ---- whole groups ---- */

typedef struct filling {
    conceptdec_i_groups groups;
    int32_t *order;        /* groups by descending size, then by first row */
    int32_t *class_count;  /* members of each class in the group at hand; 0 between groups */
    int32_t *present;      /* classes of the group at hand */
    int64_t n_present;
    int32_t *fold_class;   /* folds x classes: members so far */
    int64_t *fold_size;
    int32_t *fold_of_group;
} filling;

static int64_t
group_size(const conceptdec_i_groups *groups, int64_t g)
{
    return groups->start[g + 1] - groups->start[g];
}

static conceptdec_status
take_filling(folding *f, filling *fill)
{
    int64_t cells;
    if (!conceptdec_i_mul(f->folds, f->classes, &cells))
        return conceptdec_i_fail(f->arena.ctx, CONCEPTDEC_EOVERFLOW, "folds: %" PRId64 " times %" PRId64
                                 " classes is too large", f->folds, f->classes);
    CONCEPTDEC_I_TRY(take(f, fill->groups.count, sizeof *fill->order, &fill->order));
    CONCEPTDEC_I_TRY(take(f, fill->groups.count, sizeof *fill->fold_of_group, &fill->fold_of_group));
    CONCEPTDEC_I_TRY(take(f, f->classes, sizeof *fill->class_count, &fill->class_count));
    CONCEPTDEC_I_TRY(take(f, f->classes, sizeof *fill->present, &fill->present));
    CONCEPTDEC_I_TRY(take(f, cells, sizeof *fill->fold_class, &fill->fold_class));
    return take(f, f->folds, sizeof *fill->fold_size, &fill->fold_size);
}

static void
count_classes(const folding *f, filling *fill, int64_t g)
{
    fill->n_present = 0;
    for (int64_t i = fill->groups.start[g]; i < fill->groups.start[g + 1]; i++) {
        int64_t c = f->class_of_row[fill->groups.rows[i]];
        if (fill->class_count[c]++ == 0)
            fill->present[fill->n_present++] = (int32_t)c;
    }
}

/* With the group in fold b the imbalance grows by 2 folds^2 sum_c count(b, c) m_c and a term that is the same for every
 * fold, m_c being the group's members of class c. */
static int64_t
growth(const folding *f, const filling *fill, int64_t b)
{
    const int32_t *members = fill->fold_class + b * f->classes;
    int64_t sum = 0;
    for (int64_t i = 0; i < fill->n_present; i++)
        sum += (int64_t)members[fill->present[i]] * fill->class_count[fill->present[i]];
    return sum;
}

static int64_t
best_fold(const folding *f, const filling *fill)
{
    int64_t best = 0, least = growth(f, fill, 0);
    for (int64_t b = 1; b < f->folds; b++) {
        int64_t sum = growth(f, fill, b);
        if (sum < least || (sum == least && fill->fold_size[b] < fill->fold_size[best])) {
            best = b;
            least = sum;
        }
    }
    return best;
}

static void
put_group(const folding *f, filling *fill, int64_t g, int64_t b)
{
    for (int64_t i = 0; i < fill->n_present; i++) {
        int32_t c = fill->present[i];
        fill->fold_class[b * f->classes + c] += fill->class_count[c];
        fill->class_count[c] = 0;
    }
    fill->fold_size[b] += group_size(&fill->groups, g);
    fill->fold_of_group[g] = (int32_t)b;
}

/* An empty fold has the least growth (0) and size: the first groups fill the folds one by one, and none stays empty. */
static conceptdec_status
fill_folds(folding *f, filling *fill)
{
    int64_t work = 0;
    for (int64_t i = 0; i < fill->groups.count; i++) {
        int64_t g = fill->order[i];
        count_classes(f, fill, g);
        put_group(f, fill, g, i < f->folds ? i : best_fold(f, fill));
        work += f->folds * fill->n_present;
        if (work > 1000000) {
            CONCEPTDEC_I_TRY(conceptdec_i_poll(f->arena.ctx, 0));
            work = 0;
        }
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
deal_groups(folding *f, const int64_t *codes, int64_t *fold)
{
    filling fill = {0};
    CONCEPTDEC_I_TRY(conceptdec_i_groups_number(&f->arena, f->n, codes, f->is_labelled, &fill.groups));
    if (f->folds > fill.groups.count)
        return conceptdec_i_fail(f->arena.ctx, CONCEPTDEC_EFOLDS, "folds: %" PRId64 " are more than the %" PRId64
                                 " groups with labelled samples", f->folds, fill.groups.count);
    CONCEPTDEC_I_TRY(take_filling(f, &fill));
    CONCEPTDEC_I_TRY(conceptdec_i_groups_by_size(&f->arena, &fill.groups, fill.order));
    CONCEPTDEC_I_TRY(fill_folds(f, &fill));
    for (int64_t i = 0; i < f->n; i++)
        fold[i] = fill.groups.number[i] < 0 ? -1 : fill.fold_of_group[fill.groups.number[i]];
    return CONCEPTDEC_OK;
}

conceptdec_status
conceptdec_i_folds_assign(conceptdec_ctx *ctx, int64_t n, const int64_t *labels, int64_t classes, const int64_t *groups,
                          int64_t folds, bool stratified, bool may_lack, uint64_t seed, int64_t *fold)
{
    folding f = {.n = n, .folds = folds, .may_lack = may_lack};
    conceptdec_i_arena_open(&f.arena, ctx);
    conceptdec_status status = read_labels(&f, labels, classes, stratified);
    if (status == CONCEPTDEC_OK)
        status = check_sizes(ctx, &f);
    if (status == CONCEPTDEC_OK)
        status = groups == NULL ? deal_rows(&f, seed, fold) : deal_groups(&f, groups, fold);
    conceptdec_i_arena_close(&f.arena);
    return status;
}
