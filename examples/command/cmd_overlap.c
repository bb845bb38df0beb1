/* conceptdec overlap: whether concepts share directions. */
#include "work.h"

#include <inttypes.h>

static const option options[] = {
    INPUT_OPTIONS,
    {"basis", CHOICE, "within|uncentered|means|difference|probe", 0, 0,
     "what spans the subspace of a concept: principal directions of its own samples about their mean (default) ..."},
    {"rank", INTEGER, "R", 1, 1e9, "directions of each concept; default 10"},
    {"explained", NUMBER, "SHARE", 0, 1, "instead: as many as explain this share of the variance"},
    {"tolerance", NUMBER, "T", 0, 1, "singular values at or below this share of the largest are rounding"},
    DRAW_OPTIONS,
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory; default 536870912"},
    {"no-angles", FLAG, NULL, 0, 0, "neither cosines nor angles nor distances"},
    {"count-missing", FLAG, NULL, 0, 0, "in distances of unequal ranks each missing dimension is a right angle"},
    {0},
};

#define TO(option, kind, name, place) FIELD(conceptdec_subspaces_options, option, kind, name, place)
static const field subspace_fields[] = {
    TO("rank", TO_INT64, rank, 1),
    TO("memory", TO_INT64, memory, 3),
    TO("explained", TO_DOUBLE, explained, 5),
    TO("tolerance", TO_DOUBLE, tolerance, 6),
    TO("basis", TO_INT32, basis, 7),
    {0},
};
#undef TO
#define TO(option, kind, name, place) FIELD(conceptdec_overlap_options, option, kind, name, place)
static const field fields[] = {
    TO("permutations", TO_INT64, permutations, 2),
    TO("bootstrap", TO_INT64, bootstrap, 3),
    TO("memory", TO_INT64, memory, 4),
    TO("confidence", TO_DOUBLE, confidence, 6),
    TO("permute", TO_INT32, permute, 7),
    FLAG_FIELD(conceptdec_overlap_options, "no-angles", CONCEPTDEC_OVERLAP_NO_ANGLES),
    FLAG_FIELD(conceptdec_overlap_options, "count-missing", CONCEPTDEC_OVERLAP_COUNT_MISSING),
    {0},
};

static const score scores[] = {
    {CONCEPTDEC_R_OVERLAP, "overlap", SCORE, NULL},
    {CONCEPTDEC_R_CI_LOW, "low", SCORE, NULL},
    {CONCEPTDEC_R_CI_HIGH, "high", SCORE, NULL},
    {CONCEPTDEC_R_EXPECTED, "expected", SCORE, NULL},
    {CONCEPTDEC_R_Z, "z", NUMERIC, NULL},
    {CONCEPTDEC_R_P_VALUE, "p", NUMERIC, CONCEPTDEC_R_P_VALUE_LOWER},
    {CONCEPTDEC_R_P_VALUE_LOWER, "p lower", NUMERIC, NULL},
    {CONCEPTDEC_R_SHARED_DIMENSIONS, "shared", NUMERIC, NULL},
    {CONCEPTDEC_R_MAX_ANGLE, "max angle", SCORE, NULL},
    {0},
};

typedef struct overlap {
    conceptdec_overlap_options options;
    conceptdec_subspaces_options subspaces;
    int64_t asked, n_cut, least; /* directions asked for; subspaces that have fewer, and the fewest of these */
} overlap;

static int
prepare(const command *c, const input *in, const concepts *chosen, void *task)
{
    overlap *o = task;
    (void)c;
    o->subspaces.classes = chosen->count;
    o->options.groups = in->groups ? &in->group_view : NULL;
    o->options.subspaces = &o->subspaces;
    return DONE;
}

static void
count_cut(overlap *o, const conceptdec_result *r)
{
    conceptdec_array ranks;
    for (int64_t i = 0; has_array(r, CONCEPTDEC_R_RANKS, &ranks) && i < length_of(&ranks); i++) {
        int64_t rank = ((const int64_t *)ranks.data)[i];
        if (rank >= o->asked)
            continue;
        o->least = !o->n_cut || rank < o->least ? rank : o->least;
        o->n_cut++;
    }
}

static conceptdec_status
work(const command *c, const input *in, int64_t cell, void *user, table *rows, text *json)
{
    const cell_state *state = user;
    overlap *o = state->options;
    conceptdec_result *r = NULL;
    conceptdec_status status =
        conceptdec_subspace_overlap(context_of(c), &in->views[cell], 1, &state->chosen->view, &o->options, &r);
    if (status != CONCEPTDEC_OK)
        return status;
    count_cut(o, r);
    add_labelled_rows(rows, in, cell, state->chosen, r, OF_PAIRS, scores);
    status = add_object(c, json, r);
    conceptdec_result_free(r);
    return status;
}

static int
run(command *c)
{
    static const cell_command cells = {
        .labels = LABELS_NEEDED, .least = 2, .fewest = 2, .work = work, .prepare = prepare};
    overlap o = {.options = {.struct_size = sizeof o.options, .seed = seed_of(c)},
                 .subspaces = {.struct_size = sizeof o.subspaces}};
    if (choice_of(c, "basis", 0) == CONCEPTDEC_BASIS_MEANS)
        return complain(c, USAGE, "--basis means: has one subspace for all concepts: nothing to compare");
    fill(c, fields, &o.options);
    fill(c, subspace_fields, &o.subspaces);
    if (!is_given(c, "explained")) /* the other bases have a rank of their own unless one is asked for */
        o.asked = integer_of(c, "rank", choice_of(c, "basis", 0) <= CONCEPTDEC_BASIS_UNCENTERED ? 10 : 0);
    int code = run_cells(c, &cells, &o);
    if (o.n_cut)
        note(c, "%" PRId64 " subspaces are cut to the directions that there are, %" PRId64 " at the least, of the %"
             PRId64 " asked for", o.n_cut, o.least, o.asked);
    return code;
}

const sub_command overlap_command = {
    "overlap", "ACTIVATIONS", "Whether concepts share directions: principal angles between their subspaces", 1, 1,
    options, run,
};
