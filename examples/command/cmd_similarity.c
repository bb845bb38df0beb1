/* conceptdec similarity: how alike representations of the same samples are. */
#include "cmd_knn.h"

#include <stdlib.h>

static const option similarity_options[] = {
    INPUT_OPTIONS,
    OTHER_OPTIONS,
    {"kind", CHOICE,
     "cka-debiased|cka-biased|svcca|pwcca|procrustes|shape|rsa|mutual-knn|information-imbalance", 0, 0,
     "default cka-debiased; procrustes, shape and information-imbalance are distances"},
    {"kernel", CHOICE, "linear|rbf", 0, 0, "of cka; default linear"},
    {"bandwidth", NUMBER, "S", 0, 1e9, "of rbf, times the median distance; default 1"},
    {"batch", INTEGER, "ROWS", 4, 1e9, "of cka: mean over batches of consecutive samples; default all at once"},
    {"variance", NUMBER, "SHARE", 0, 1, "of svcca, pwcca: share of the variance that is kept; default 0.99"},
    {"ridge", NUMBER, "R", 0, 1e9, "of svcca, pwcca: added to the variance of each direction; default 0"},
    {"symmetric", FLAG, NULL, 0, 0, "of pwcca: the mean of both directions"},
    {"rdm", CHOICE, "correlation|squared-l2|cosine|crossnobis", 0, 0, "dissimilarity of rsa; default correlation"},
    {"comparison", CHOICE, "spearman|pearson|kendall|cosine", 0, 0, "of rsa; default spearman"},
    {"partitions", TEXT, "FILE", 0, 0, "of crossnobis: a number for each sample; --labels are the conditions"},
    {"k", INTEGER, "K", 1, 1e9, "of mutual-knn and information-imbalance; default 10"},
    METRIC_OPTION,
    {"permutations", INTEGER, "P", 0, 1e9, "draws of the null with permuted samples, for p; default 0"},
    {"permute", CHOICE, "free|within", 0, 0, "which samples are permuted: all (whole groups), within groups"},
    {"bootstrap", INTEGER, "B", 0, 1e9, "draws of the bootstrap over groups or samples, for the interval; default 0"},
    {"confidence", NUMBER, "P", 0, 1, "of the interval; default 0.95"},
    {"memory", INTEGER, "BYTES", 1, 9e15, "working memory; default 536870912"},
    {"pairs", FLAG, NULL, 0, 0, "a row for each pair; else so only with draws"},
    {0},
};

#define TO(option, kind, name, place) FIELD(conceptdec_similarity_options, option, kind, name, place)
static const field fields[] = {
    TO("k", TO_INT64, k, 3),
    TO("batch", TO_INT64, batch, 4),
    TO("permutations", TO_INT64, permutations, 5),
    TO("bootstrap", TO_INT64, bootstrap, 6),
    TO("memory", TO_INT64, memory, 7),
    TO("bandwidth", TO_DOUBLE, bandwidth, 9),
    TO("variance", TO_DOUBLE, variance, 10),
    TO("ridge", TO_DOUBLE, ridge, 11),
    TO("confidence", TO_DOUBLE, confidence, 12),
    TO("kind", TO_INT32, kind, 13),
    TO("kernel", TO_INT32, kernel, 14),
    TO("rdm", TO_INT32, rdm, 15),
    TO("comparison", TO_INT32, comparison, 16),
    TO("metric", TO_INT32, metric, 17),
    TO("permute", TO_INT32, permute, 18),
    FLAG_FIELD(conceptdec_similarity_options, "symmetric", CONCEPTDEC_SIMILARITY_SYMMETRIC),
    {0},
};

static const score scores[] = {
    {CONCEPTDEC_R_VALUE, "value", SCORE, NULL},
    {CONCEPTDEC_R_CI_LOW, "low", SCORE, NULL},
    {CONCEPTDEC_R_CI_HIGH, "high", SCORE, NULL},
    {CONCEPTDEC_R_P_VALUE, "p", NUMERIC, NULL},
    {0},
};

/* A row for each matrix of the first file, a column for each of the second. */
static void
add_square(table *t, const input *a, const input *b, const conceptdec_result *r)
{
    conceptdec_array values;
    if (!has_array(r, CONCEPTDEC_R_VALUE, &values))
        return;
    add_column(t, a->ndim == 1 ? a->axes[0] : "cell", WORD);
    for (int64_t j = 0; j < b->n_views; j++)
        add_column(t, b->names[j], SCORE);
    for (int64_t i = 0; i < a->n_views; i++) {
        add_word(t, a->names[i]);
        for (int64_t j = 0; j < b->n_views; j++)
            add_value(t, element_of(&values, i * b->n_views + j));
    }
}

/* Of one file with itself each pair once, where both directions are the same. */
static void
add_pairs(table *t, const input *a, const input *b, bool once, const conceptdec_result *r)
{
    conceptdec_array array;
    add_column(t, "one", WORD);
    add_column(t, "other", WORD);
    for (const score *s = scores; s->array; s++)
        if (has_array(r, s->array, &array))
            add_column(t, s->title, s->kind);
    for (int64_t i = 0; i < a->n_views; i++) {
        for (int64_t j = once ? i + 1 : 0; j < b->n_views; j++) {
            add_word(t, a->names[i]);
            add_word(t, b->names[j]);
            for (const score *s = scores; s->array; s++)
                if (has_array(r, s->array, &array))
                    add_value(t, element_of(&array, i * b->n_views + j));
        }
    }
}

static int
show_result(const command *c, const input *a, const input *b, const concepts *chosen, conceptdec_result *r)
{
    table rows = {0};
    text json = {0};
    int kind = choice_of(c, "kind", 0);
    bool both = a != b || kind == CONCEPTDEC_SIMILARITY_PWCCA || kind == CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE;
    if (flag_of(c, "pairs") || is_given(c, "permutations") || is_given(c, "bootstrap"))
        add_pairs(&rows, a, b, !both, r);
    else
        add_square(&rows, a, b, r);
    int code = add_result(c, &json, r, a, a->labels ? chosen : NULL);
    if (!code && a != b && is_json(c)) {
        json.bytes[--json.length] = 0;
        add(&json, ", \"other\": {");
        add_input(&json, b, NULL);
        add(&json, "}}");
    }
    if (!code)
        code = show(c, &rows, &json);
    forget_table(&rows);
    forget(&json);
    return code;
}

static int
compare(const command *c, input *a, input *b, conceptdec_similarity_options *o)
{
    concepts chosen = {0};
    column_file partitions = {0};
    conceptdec_result *r = NULL;
    bool two = b != a;
    int code = read_column_file(c, "partitions", a, &partitions, &o->partitions);
    if (!code)
        code = choose_concepts(c, a, 1, false, 2, &chosen);
    o->labels = a->labels ? &chosen.view : NULL;
    o->groups = a->groups ? &a->group_view : NULL;
    if (!code) {
        conceptdec_status status = conceptdec_similarity(context_of(c), a->views, a->n_views, two ? b->views : NULL,
                                                         two ? b->n_views : 0, o, &r);
        code = status == CONCEPTDEC_OK ? show_result(c, a, b, &chosen, r) : complain_of(c, status, a->path);
    }
    conceptdec_result_free(r);
    free(partitions.values);
    forget_concepts(&chosen);
    return code;
}

static int
run(command *c)
{
    input a, b = {0};
    conceptdec_similarity_options o = {.struct_size = sizeof o, .seed = seed_of(c)};
    fill(c, fields, &o);
    /* Labels are the conditions of rsa, where they were given. */
    int code = open_input(c, 0, is_given(c, "labels") ? LABELS_NEEDED : 0, &a);
    if (!code && file_of(c, 1))
        code = open_input(c, 1, 0, &b);
    if (!code)
        code = compare(c, &a, file_of(c, 1) ? &b : &a, &o);
    close_input(&b);
    close_input(&a);
    return code;
}

const sub_command similarity_command = {
    "similarity", "ACTIVATIONS [OTHERS]", "How alike layers, steps or models are: all matrices of one file, or of two", 1, 2,
    similarity_options, run,
};
