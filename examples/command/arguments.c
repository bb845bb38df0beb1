/* Reads the command line and answers what it holds. */
#include "arguments.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NUMBERS = 100000, LONGEST_NAME = 64 };

const option common_options[] = {
    {"output", TEXT, "FILE", 0, 0, "also -o: write to FILE instead of stdout"},
    {"json", FLAG, NULL, 0, 0, "JSON: every number, options as resolved, where the data came from"},
    {"csv", FLAG, NULL, 0, 0, "the table with commas, numbers in full"},
    {"threads", INTEGER, "N", 1, 1024, "threads to use; default: as many as the process may run on"},
    {"seed", INTEGER, "S", 0, 9007199254740992, "seed of all that is drawn; default 0"},
    {"quiet", FLAG, NULL, 0, 0, "neither notes nor progress on stderr"},
    {"help", FLAG, NULL, 0, 0, "also -h: what this sub-command does, and its options"},
    {0},
};

/* ---- names that are nearly right ---- */

/* Letters to change, add or drop (or neighbours to swap) to make one word of the other. */
static int
distance_of(const char *one, const char *other)
{
    int rows[3][LONGEST_NAME + 1];
    size_t width = strlen(other);
    if (width > LONGEST_NAME || strlen(one) > LONGEST_NAME)
        return LONGEST_NAME;
    for (size_t j = 0; j <= width; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; one[i - 1]; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= width; j++) {
            int least = above[j - 1] + (one[i - 1] != other[j - 1]);
            least = above[j] + 1 < least ? above[j] + 1 : least;
            least = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] && before[j - 2] + 1 < least)
                least = before[j - 2] + 1;
            row[j] = least;
        }
    }
    return rows[strlen(one) % 3][width];
}

const char *
nearest_name(const char *word, const char *const *names, int count)
{
    const char *nearest = NULL;
    int least = (int)strlen(word) / 3 + 2;
    for (int i = 0; i < count; i++) {
        int distance = distance_of(word, names[i]);
        if (distance < least || (distance == least && !nearest && distance < (int)strlen(word)))
            least = distance, nearest = names[i];
    }
    return nearest;
}

/* ---- values ---- */

static bool
to_integer(const char *word, const char *end, int64_t *value)
{
    char *stop;
    errno = 0;
    intmax_t number = strtoimax(word, &stop, 10);
    bool good = stop == end && stop > word && word[0] != ' ' && word[0] != '+' && !errno;
    if (good)
        *value = number;
    return good;
}

static bool
to_number(const char *word, const char *end, double *value)
{
    char *stop;
    errno = 0;
    double number = strtod(word, &stop);
    bool good = stop == end && stop > word && word[0] != ' ' && !(errno && fabs(number) > 1) && isfinite(number);
    if (good)
        *value = number;
    return good;
}

static bool
in_range(const option *o, double value)
{
    return (o->least == 0 && o->most == 0) || (value >= o->least && value <= o->most);
}

/* The text of a range, for messages. */
static int
refuse(const command *c, const option *o, const char *word, const char *wanted)
{
    if (o->least != 0 || o->most != 0)
        return complain(c, USAGE, "--%s: '%s' is not %s from %.15g to %.15g", o->name, word, wanted, o->least, o->most);
    return complain(c, USAGE, "--%s: '%s' is not %s", o->name, word, wanted);
}

static bool
push(argument *a, int64_t integer, double number)
{
    if (a->option->kind == INTEGERS) {
        int64_t *more = realloc(a->integers, (size_t)(a->count + 1) * sizeof *more);
        if (!more)
            return false;
        a->integers = more;
        a->integers[a->count++] = integer;
    } else {
        double *more = realloc(a->numbers, (size_t)(a->count + 1) * sizeof *more);
        if (!more)
            return false;
        a->numbers = more;
        a->numbers[a->count++] = number;
    }
    return true;
}

/* One piece between commas: "5" or "1..50". */
static int
read_integers(const command *c, argument *a, const char *word, const char *end)
{
    int64_t first, last;
    const char *dots = strstr(word, "..");
    bool range = dots && dots < end;
    if (!to_integer(word, range ? dots : end, &first) || (range && !to_integer(dots + 2, end, &last)))
        return refuse(c, a->option, a->given, "a list of integers such as 1,2,5 or 1..50");
    if (!range)
        last = first;
    if (last < first || (uint64_t)last - (uint64_t)first >= (uint64_t)(MOST_NUMBERS - a->count))
        return complain(c, USAGE, "--%s: '%s' runs backwards or is too long", a->option->name, a->given);
    for (int64_t i = first; i <= last; i++) {
        if (!in_range(a->option, (double)i))
            return refuse(c, a->option, a->given, "a list of integers");
        if (!push(a, i, 0))
            return complain(c, NO_MEMORY, "memory is exhausted");
    }
    return DONE;
}

static int
read_list(const command *c, argument *a)
{
    for (const char *word = a->given;; word++) {
        const char *end = word + strcspn(word, ",");
        double number = 0;
        int code = DONE;
        if (a->option->kind == INTEGERS)
            code = read_integers(c, a, word, end);
        else if (!to_number(word, end, &number) || !in_range(a->option, number))
            code = refuse(c, a->option, a->given, "a list of numbers");
        else if (a->count >= MOST_NUMBERS || !push(a, 0, number))
            code = complain(c, NO_MEMORY, "--%s: too many numbers", a->option->name);
        if (code || !*end)
            return code;
        word = end;
    }
}

static int
read_choice(const command *c, argument *a)
{
    size_t length = strlen(a->given);
    const char *value = a->option->argument;
    for (int i = 0;; i++, value++) {
        size_t width = strcspn(value, "|");
        if (width == length && !strncmp(value, a->given, width)) {
            a->choice = i;
            return DONE;
        }
        value += width;
        if (!*value)
            return complain(c, USAGE, "--%s: '%s' is none of %s", a->option->name, a->given, a->option->argument);
    }
}

static int
read_value(const command *c, argument *a)
{
    const char *end = a->given + strlen(a->given);
    switch (a->option->kind) {
    case INTEGER:
        if (!to_integer(a->given, end, &a->integer) || !in_range(a->option, (double)a->integer))
            return refuse(c, a->option, a->given, "an integer");
        return DONE;
    case NUMBER:
        if (!to_number(a->given, end, &a->number) || !in_range(a->option, a->number))
            return refuse(c, a->option, a->given, "a number");
        return DONE;
    case INTEGERS:
    case NUMBERS:
        return read_list(c, a);
    case CHOICE:
        return read_choice(c, a);
    default:
        return *a->given || a->option->kind == FLAG ? DONE : complain(c, USAGE, "--%s: needs a text", a->option->name);
    }
}

/* ---- words ---- */

static const option *
find_option(const command *c, const char *name, size_t length)
{
    const option *lists[] = {c->sub->options, common_options};
    for (int i = 0; i < 2; i++)
        for (const option *o = lists[i]; o && o->name; o++)
            if (strlen(o->name) == length && !strncmp(o->name, name, length))
                return o;
    return NULL;
}

static int
refuse_name(const command *c, const char *word, size_t length)
{
    const char *names[2 * MOST_OPTIONS], *nearest = NULL;
    char name[LONGEST_NAME + 1];
    int count = 0;
    const option *lists[] = {c->sub->options, common_options};
    for (int i = 0; i < 2; i++)
        for (const option *o = lists[i]; o && o->name && count < 2 * MOST_OPTIONS; o++)
            names[count++] = o->name;
    if (length <= LONGEST_NAME) {
        memcpy(name, word, length);
        name[length] = 0;
        nearest = nearest_name(name, names, count);
    }
    if (nearest)
        return complain(c, USAGE, "there is no option --%.*s; is it --%s?", (int)length, word, nearest);
    return complain(c, USAGE, "there is no option --%.*s (conceptdec help %s lists them)", (int)length, word,
                    c->sub->name);
}

static argument *
find_argument(const command *c, const char *name)
{
    for (int i = 0; i < c->n_arguments; i++)
        if (!strcmp(c->arguments[i].option->name, name))
            return (argument *)&c->arguments[i];
    return NULL;
}

static int
take(command *c, const option *o, const char *value)
{
    if (is_given(c, o->name))
        return complain(c, USAGE, "--%s: is given twice", o->name);
    if (c->n_arguments == MOST_OPTIONS)
        return complain(c, USAGE, "too many options");
    argument *a = &c->arguments[c->n_arguments++];
    *a = (argument){.option = o, .given = value};
    return read_value(c, a);
}

/* "--name value", "--name=value" or "-o value"; `used` words. */
static int
read_option(command *c, char **words, int count, int *used)
{
    const char *word = words[0] + 2;
    size_t length = strcspn(word, "=");
    if (words[0][1] != '-') {
        if (strcmp(words[0], "-o") && strcmp(words[0], "-h"))
            return complain(c, USAGE, "there is no option %s (conceptdec help %s lists them)", words[0], c->sub->name);
        word = words[0][1] == 'o' ? "output" : "help";
        length = strlen(word);
    }
    const option *o = find_option(c, word, length);
    if (!o)
        return refuse_name(c, word, length);
    *used = 1;
    if (o->kind == FLAG)
        return word[length] ? complain(c, USAGE, "--%s takes no value", o->name) : take(c, o, "");
    if (word[length])
        return take(c, o, word + length + 1);
    if (count < 2 || !strncmp(words[1], "--", 2))
        return complain(c, USAGE, "--%s needs %s", o->name, o->kind == CHOICE ? "one of its values" : o->argument);
    *used = 2;
    return take(c, o, words[1]);
}

int
read_arguments(command *c, int count, char **words)
{
    bool files_only = false;
    for (int i = 0; i < count;) {
        int used = 1, code = DONE;
        if (!files_only && !strcmp(words[i], "--"))
            files_only = true;
        else if (!files_only && words[i][0] == '-' && words[i][1])
            code = read_option(c, words + i, count - i, &used);
        else if (c->n_files == c->sub->most_files)
            code = complain(c, USAGE, "'%s' is one file too many: %s", words[i], c->sub->files);
        else
            c->files[c->n_files++] = words[i];
        if (code)
            return code;
        i += used;
    }
    if (!wants_help(c) && c->n_files < c->sub->least_files)
        return complain(c, USAGE, "needs %s (conceptdec help %s)", c->sub->files, c->sub->name);
    if (is_given(c, "json") && is_given(c, "csv"))
        return complain(c, USAGE, "--json and --csv exclude each other");
    return DONE;
}

void
forget_arguments(command *c)
{
    for (int i = 0; i < c->n_arguments; i++) {
        free(c->arguments[i].integers);
        free(c->arguments[i].numbers);
    }
}

/* ---- answers ---- */

const char *
file_of(const command *c, int index)
{
    return index < c->n_files ? c->files[index] : NULL;
}

bool
is_given(const command *c, const char *name)
{
    return find_argument(c, name) != NULL;
}

bool
flag_of(const command *c, const char *name)
{
    return is_given(c, name);
}

const char *
text_of(const command *c, const char *name)
{
    const argument *a = find_argument(c, name);
    return a ? a->given : NULL;
}

int64_t
integer_of(const command *c, const char *name, int64_t if_not_given)
{
    const argument *a = find_argument(c, name);
    return a ? a->integer : if_not_given;
}

double
number_of(const command *c, const char *name, double if_not_given)
{
    const argument *a = find_argument(c, name);
    return a ? a->number : if_not_given;
}

int
choice_of(const command *c, const char *name, int if_not_given)
{
    const argument *a = find_argument(c, name);
    return a ? a->choice : if_not_given;
}

const int64_t *
integers_of(const command *c, const char *name, int64_t *count)
{
    const argument *a = find_argument(c, name);
    *count = a ? a->count : 0;
    return a ? a->integers : NULL;
}

const double *
numbers_of(const command *c, const char *name, int64_t *count)
{
    const argument *a = find_argument(c, name);
    *count = a ? a->count : 0;
    return a ? a->numbers : NULL;
}

bool
wants_help(const command *c)
{
    return is_given(c, "help");
}

conceptdec_ctx *
context_of(const command *c)
{
    return c->ctx;
}

uint64_t
seed_of(const command *c)
{
    return (uint64_t)integer_of(c, "seed", 0);
}

bool
is_json(const command *c)
{
    return is_given(c, "json");
}

bool
is_quiet(const command *c)
{
    return is_given(c, "quiet");
}

const char *
output_of(const command *c)
{
    return text_of(c, "output");
}
