/* Pictures of a report against those that lie in tests/unit/pictures, byte by byte. After a change that is meant:
 * WRITE_PICTURES=yes build/release/tests/test_unit_pictures, and look at them. */
#include "../../examples/command/page.h"
#include "check_main.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Nothing here writes files by the command. */
int
complain(const command *c, int code, const char *format, ...)
{
    (void)c, (void)format;
    return code;
}

static const char *const layers[] = {"0", "1", "2", "3"};
static const char *const concepts[] = {"AND", "<b>\"O'R\"&", "a name of more than twenty characters"};

static void
compare(const char *name, text *t)
{
    char path[100], *kept = calloc(1, t->length + 2);
    snprintf(path, sizeof path, "tests/unit/pictures/%s.svg", name);
    FILE *file = fopen(path, getenv("WRITE_PICTURES") ? "w+" : "r");
    ck_assert_ptr_nonnull(file);
    if (getenv("WRITE_PICTURES"))
        ck_assert_uint_eq(fwrite(t->bytes, 1, t->length, file), t->length);
    rewind(file);
    size_t length = fread(kept, 1, t->length + 1, file);
    fclose(file);
    ck_assert(!t->failed);
    ck_assert_uint_eq(length, t->length);
    ck_assert_str_eq(kept, t->bytes);
    free(kept);
    forget(t);
}

START_TEST(a_curve_with_an_interval_a_gap_and_a_band)
{
    const double value[] = {0.2, NAN, 0.7, 0.9}, low[] = {0.1, NAN, 0.65, 0.85}, high[] = {0.3, NAN, 0.75, 0.95},
                 probe[] = {0.25, 0.5, 0.8, 1};
    const double chance_low[] = {0.1, 0.1, 0.1, 0.1}, chance_high[] = {0.2, 0.22, 0.2, 0.21};
    line lines[] = {{"neighbours", value, low, high}, {"probe & <co>", probe, NULL, NULL}};
    curve c = {.title = "A curve", .x_title = "layer", .y_title = "decodability", .count = 4, .places = layers,
               .n_lines = 2, .lines = lines,
               .chance_low = chance_low, .chance_high = chance_high, .marked = 3};
    text t = {0};
    add_curve(&t, &c);
    compare("curve", &t);
}
END_TEST

START_TEST(a_heat_with_numbers_and_one_that_is_not_defined)
{
    const double value[] = {0, 0.25, 0.5, 1, NAN, 0.1, 0.9, 0.33, 0.66, 1, 0, 0.5};
    heat h = {.title = "A heat map", .row_title = "concept", .column_title = "layer", .rows = 3, .columns = 4,
              .row_names = concepts,
              .column_names = layers, .value = value, .least = 0, .most = 1};
    text t = {0};
    add_heat(&t, &h);
    compare("heat", &t);
}
END_TEST

START_TEST(a_heat_of_many_cells_has_no_numbers)
{
    enum { N = 60 };
    double value[N * N];
    char words[N][16];
    const char *names[N];
    for (int i = 0; i < N * N; i++)
        value[i] = (double)(i / N * (i % N)) / ((N - 1) * (N - 1));
    for (int i = 0; i < N; i++) {
        snprintf(words[i], sizeof words[i], "c%d", i);
        names[i] = words[i];
    }
    heat h = {.title = "Many cells", .row_title = "concept", .column_title = "concept", .rows = N, .columns = N,
              .row_names = names,
              .column_names = names, .value = value};
    text t = {0};
    add_heat(&t, &h);
    ck_assert(is_wide(&h));
    ck_assert_ptr_null(strstr(t.bytes, "class=\"n\""));
    forget(&t);
}
END_TEST

START_TEST(a_scatter_of_three_concepts)
{
    const double xy[] = {0, 0, 1, 2, -3, 1, 2, -1, 0.5, 0.5, 4, 4};
    const int64_t concept[] = {0, 1, 2, 0, -1, 1};
    scatter s = {.title = "Points", .x_title = "PC 1", .y_title = "PC 2", .count = 6, .xy = xy, .concept = concept,
                 .concepts = 3, .names = concepts,
                 .step = 1};
    text t = {0};
    add_scatter(&t, &s);
    compare("scatter", &t);
}
END_TEST

START_TEST(names_are_cut_and_escaped)
{
    text t = {0};
    add_cut(&t, "a<b>\x01\xff\xe2\x80\xae\xc3\xa9" "xyz", 8);
    ck_assert_str_eq(t.bytes, "a&lt;b&gt;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xe2\x80\xa6");
    forget(&t);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("pictures");
    TCase *tests = tcase_create("pictures");
    tcase_add_test(tests, a_curve_with_an_interval_a_gap_and_a_band);
    tcase_add_test(tests, a_heat_with_numbers_and_one_that_is_not_defined);
    tcase_add_test(tests, a_heat_of_many_cells_has_no_numbers);
    tcase_add_test(tests, a_scatter_of_three_concepts);
    tcase_add_test(tests, names_are_cut_and_escaped);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
