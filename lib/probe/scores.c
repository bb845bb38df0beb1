/* Scores of a probe from its decision values: credit of each row, then sums in whole numbers, which do not depend on
 * the order of rows. */
#include "probe/scores.h"

#include <math.h>

#include "core/whole.h"
#include "stats/share.h"

#define TASK_VALUES (1 << 20) /* decision values of one task: some milliseconds */
#define BINS 15
#define MOST_BITS 2048 /* a loss of a posterior above 0 is below 1075 bits: this many are a share of 1 */

/* ---- one row ---- */

double
conceptdec_i_probe_credit(const double *values, int64_t step, int64_t classes, int32_t label, int32_t *predicted,
                          int32_t *n_tied)
{
    int64_t columns = classes == 2 ? 1 : classes;
    double largest = classes == 2 ? 0 : -INFINITY; /* of two classes, class 0 stands at 0 */
    int32_t first = 0, count = classes == 2;
    bool own = classes == 2 && label == 0;
    for (int64_t k = 0; k < columns; k++) {
        double value = values[k * step];
        int32_t class = (int32_t)(classes - columns + k);
        if (isnan(value)) {
            *predicted = -1;
            *n_tied = 0;
            return (double)NAN;
        }
        bool is_more = value > largest, is_equal = !is_more && value >= largest;
        first = is_more ? class : first;
        count = is_more ? 1 : count + is_equal;
        own = is_more ? class == label : own || (is_equal && class == label);
        largest = is_more ? value : largest;
    }
    *predicted = first;
    *n_tied = count;
    return own ? 1.0 / count : 0.0;
}

/* Infinite scores share what there is, so that no infinity is taken from another. */
static void
share_among_infinite(const double *values, int64_t step, int64_t classes, double *posterior)
{
    int64_t count = 0;
    for (int64_t c = 0; c < classes; c++)
        count += isinf(values[c * step]) && values[c * step] > 0;
    for (int64_t c = 0; c < classes; c++)
        posterior[c] = isinf(values[c * step]) && values[c * step] > 0 ? 1.0 / (double)count : 0.0;
}

void
conceptdec_i_probe_posterior(const double *values, int64_t step, int64_t classes, double sharpness, double *posterior)
{
    double largest = -INFINITY, sum = 0;
    if (classes == 2) { /* each by its own exponential: neither loses digits near 1 */
        posterior[0] = 1 / (1 + exp(sharpness * values[0]));
        posterior[1] = 1 / (1 + exp(-sharpness * values[0]));
        return;
    }
    for (int64_t c = 0; c < classes; c++)
        largest = values[c * step] > largest || isnan(values[c * step]) ? values[c * step] : largest;
    if (isinf(largest) && largest > 0) {
        share_among_infinite(values, step, classes, posterior);
        return;
    }
    for (int64_t c = 0; c < classes; c++)
        sum += posterior[c] = exp(sharpness * (values[c * step] - largest));
    for (int64_t c = 0; c < classes; c++)
        posterior[c] /= sum;
}

/* ---- every row, in parallel ---- */

/* What a row has come to. */
typedef struct mark {
    double loss, confidence;   /* bits; largest posterior */
    int32_t predicted, n_tied; /* 0: not scored */
} mark;

typedef struct marking {
    const conceptdec_i_probe_scoring *scoring;
    conceptdec_i_probe_scores *scores;
    mark *marks;
    int64_t rows_per_task;
} marking;

/* false: it is not a number. */
static bool
mark_posterior(const conceptdec_i_probe_scoring *s, int64_t row, mark *at)
{
    const double *posterior = s->posterior + row * s->classes;
    bool is_number = true;
    at->loss = -log2(posterior[s->labels[row]]);
    for (int64_t c = 0; c < s->classes; c++) {
        is_number = is_number && !isnan(posterior[c]);
        at->confidence = posterior[c] > at->confidence ? posterior[c] : at->confidence;
    }
    return is_number;
}

/* The credit of a row; NaN where it has none, and its mark says so. */
static double
mark_row(const conceptdec_i_probe_scoring *s, int64_t row, mark *at)
{
    *at = (mark){.predicted = -1};
    if (!s->scored[row] || s->labels[row] < 0)
        return (double)NAN;
    double credit =
        conceptdec_i_probe_credit(s->decision + row, s->n, s->classes, s->labels[row], &at->predicted, &at->n_tied);
    if (at->n_tied == 0 || !s->posterior || mark_posterior(s, row, at))
        return credit;
    *at = (mark){.predicted = -1};
    return (double)NAN;
}

static conceptdec_status
mark_rows(void *argument, int64_t task, int lane)
{
    const marking *work = argument;
    const conceptdec_i_probe_scoring *s = work->scoring;
    int64_t end = task_end(task, work->rows_per_task, s->n);
    (void)lane;
    for (int64_t i = task * work->rows_per_task; i < end; i++) {
        double credit = mark_row(s, i, &work->marks[i]);
        if (work->scores->credit)
            work->scores->credit[i] = credit;
        if (work->scores->predicted)
            work->scores->predicted[i] = work->marks[i].predicted;
    }
    return CONCEPTDEC_OK;
}

static conceptdec_status
mark_all(conceptdec_i_arena *arena, const conceptdec_i_probe_scoring *s, conceptdec_i_probe_scores *scores,
         mark **marks)
{
    void *memory;
    int64_t rows = TASK_VALUES / s->classes;
    marking work = {.scoring = s, .scores = scores, .rows_per_task = rows > 0 ? rows : 1};
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "scores", s->n, sizeof(mark), &memory));
    *marks = work.marks = memory;
    return conceptdec_i_parallel(arena->ctx, (s->n - 1) / work.rows_per_task + 1, mark_rows, &work);
}

static conceptdec_status
list_members(conceptdec_i_arena *arena, const conceptdec_i_probe_scoring *s, const mark *marks,
             conceptdec_i_probe_members *members)
{
    void *start, *rows, *class;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", s->classes + 1, sizeof(int64_t), &start));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "scores", s->n, sizeof(int32_t), &rows));
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(arena, "scores", s->n, sizeof(int32_t), &class));
    *members = (conceptdec_i_probe_members){.start = start, .rows = rows, .class = class};
    for (int64_t i = 0; i < s->n; i++) {
        members->class[i] = marks[i].n_tied > 0 ? s->labels[i] : -1;
        if (members->class[i] >= 0)
            members->start[members->class[i] + 1]++;
    }
    for (int64_t c = 0; c < s->classes; c++)
        members->start[c + 1] += members->start[c];
    for (int64_t i = 0; i < s->n; i++) /* start[c] runs on to the end of class c: to start[c + 1] */
        if (members->class[i] >= 0)
            members->rows[members->start[members->class[i]]++] = (int32_t)i;
    for (int64_t c = s->classes; c > 0; c--)
        members->start[c] = members->start[c - 1];
    members->start[0] = 0;
    return CONCEPTDEC_OK;
}

/* ---- sums ---- */

typedef struct sums {
    conceptdec_i_share *own;       /* C: what its rows give to the class itself */
    conceptdec_i_share *predicted; /* C: what all rows give to it */
    conceptdec_i_share *row;       /* C: of one class, what its rows give to each */
    conceptdec_i_share loss;       /* in units of MOST_BITS */
    conceptdec_i_share credit[BINS], confidence[BINS];
    int64_t n_tied, n_infinite;
} sums;

static conceptdec_status
take_sums(conceptdec_i_arena *arena, int64_t classes, sums *total)
{
    conceptdec_i_share **all[] = {&total->own, &total->predicted, &total->row};
    *total = (sums){0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        void *memory;
        CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", classes, sizeof(conceptdec_i_share), &memory));
        *all[i] = memory;
    }
    return CONCEPTDEC_OK;
}

static void
add_prediction(const conceptdec_i_probe_scoring *s, int64_t row, const mark *at, conceptdec_i_share *to)
{
    const double *values = s->decision + row;
    if (at->n_tied == 1) {
        to[at->predicted].units += CONCEPTDEC_I_UNIT;
        return;
    }
    conceptdec_i_share share = conceptdec_i_share_of(1, at->n_tied);
    for (int64_t c = 0; c < s->classes; c++)
        if (s->classes == 2 || values[c * s->n] >= values[at->predicted * s->n])
            conceptdec_i_share_add(&to[c], share);
}

static void
add_posterior(const mark *at, conceptdec_i_share credit, sums *total)
{
    double place = ceil(at->confidence * BINS) - 1; /* bins are open below and closed above */
    int64_t bin = place < 0 ? 0 : place < BINS ? (int64_t)place : BINS - 1;
    conceptdec_i_share_add(&total->credit[bin], credit);
    conceptdec_i_share_add(&total->confidence[bin], conceptdec_i_share_of_real(at->confidence));
    if (isinf(at->loss))
        total->n_infinite++;
    else
        conceptdec_i_share_add(&total->loss, conceptdec_i_share_of_real(at->loss / MOST_BITS));
}

/* total->row is what the rows of class c give to each class. */
static void
add_class(const conceptdec_i_probe_scoring *s, const conceptdec_i_probe_members *members, const mark *marks, int64_t c,
          sums *total)
{
    for (int64_t k = 0; k < s->classes; k++)
        total->row[k] = (conceptdec_i_share){0};
    for (int64_t i = members->start[c]; i < members->start[c + 1]; i++) {
        int64_t row = members->rows[i];
        const mark *at = &marks[row];
        conceptdec_i_share before = total->row[c], credit;
        add_prediction(s, row, at, total->row);
        credit = (conceptdec_i_share){.units = total->row[c].units - before.units,
                                      .parts = total->row[c].parts - before.parts};
        total->n_tied += at->n_tied > 1;
        if (s->posterior)
            add_posterior(at, credit, total);
    }
    total->own[c] = total->row[c];
    for (int64_t k = 0; k < s->classes; k++)
        conceptdec_i_share_add(&total->predicted[k], total->row[k]);
}

static conceptdec_status
add_all(conceptdec_i_arena *arena, const conceptdec_i_probe_scoring *s, const conceptdec_i_probe_members *members,
        const mark *marks, conceptdec_i_probe_scores *scores, sums *total)
{
    CONCEPTDEC_I_TRY(take_sums(arena, s->classes, total));
    for (int64_t c = 0; c < s->classes; c++) {
        add_class(s, members, marks, c, total);
        for (int64_t k = 0; scores->confusion && k < s->classes; k++)
            scores->confusion[c * s->classes + k] = conceptdec_i_share_value(total->row[k]);
        CONCEPTDEC_I_TRY(conceptdec_i_poll(arena->ctx, 0));
    }
    return CONCEPTDEC_OK;
}

/* ---- scores ---- */

static double
ratio(double sum, int64_t count)
{
    return count > 0 ? sum / (double)count : (double)NAN;
}

static conceptdec_status
write_classes(conceptdec_i_arena *arena, int64_t classes, const int64_t *start, const sums *total,
              conceptdec_i_probe_scores *scores)
{
    void *memory;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take(arena, "scores", 2 * classes, sizeof(double), &memory));
    double *recall = memory, *f1 = recall + classes;
    int64_t present = 0;
    for (int64_t c = 0; c < classes; c++) {
        int64_t count = start[c + 1] - start[c];
        double own = conceptdec_i_share_value(total->own[c]), named = conceptdec_i_share_value(total->predicted[c]);
        if (scores->class_count)
            scores->class_count[c] = count;
        if (scores->per_concept)
            scores->per_concept[c] = ratio(own, count);
        if (count == 0)
            continue;
        recall[present] = own / (double)count;
        f1[present++] = 2 * own / ((double)count + named);
    }
    scores->balanced = conceptdec_i_mean_of_sorted(recall, present);
    scores->macro_f1 = conceptdec_i_mean_of_sorted(f1, present);
    return CONCEPTDEC_OK;
}

static void
write_posterior(const sums *total, int64_t n, conceptdec_i_probe_scores *scores)
{
    double error = 0;
    for (int b = 0; b < BINS; b++)
        error += fabs(conceptdec_i_share_value(total->credit[b]) - conceptdec_i_share_value(total->confidence[b]));
    scores->calibration_error = ratio(error, n);
    scores->log_loss =
        total->n_infinite ? (double)INFINITY : ratio(conceptdec_i_share_value(total->loss) * MOST_BITS, n);
}

static conceptdec_status
score_in(conceptdec_i_arena *arena, const conceptdec_i_probe_scoring *s, conceptdec_i_probe_scores *scores)
{
    mark *marks;
    conceptdec_i_probe_members members;
    sums total;
    conceptdec_i_share credit = {0};
    CONCEPTDEC_I_TRY(mark_all(arena, s, scores, &marks));
    CONCEPTDEC_I_TRY(list_members(arena, s, marks, &members));
    CONCEPTDEC_I_TRY(add_all(arena, s, &members, marks, scores, &total));
    for (int64_t c = 0; c < s->classes; c++)
        conceptdec_i_share_add(&credit, total.own[c]);
    scores->n_scored = members.start[s->classes];
    scores->accuracy = ratio(conceptdec_i_share_value(credit), scores->n_scored);
    scores->tie_rate = ratio((double)total.n_tied, scores->n_scored);
    scores->log_loss = scores->calibration_error = (double)NAN;
    if (s->posterior)
        write_posterior(&total, scores->n_scored, scores);
    CONCEPTDEC_I_TRY(write_classes(arena, s->classes, members.start, &total, scores));
    return conceptdec_i_probe_rank(arena->ctx, s, &members, scores->auroc, scores->average_precision);
}

conceptdec_status
conceptdec_i_probe_score(conceptdec_ctx *ctx, const conceptdec_i_probe_scoring *scoring,
                         conceptdec_i_probe_scores *scores)
{
    conceptdec_i_arena arena;
    conceptdec_i_arena_open(&arena, ctx);
    conceptdec_status status = score_in(&arena, scoring, scores);
    conceptdec_i_arena_close(&arena);
    return status;
}
