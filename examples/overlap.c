/* Do concepts share directions, and do layers say the same? The operators' subspaces in a layer of a small transformer,
 * and its layers beside each other, at four steps of training. Prints how far the operators overlap against chance and
 * against the same samples under exchanged labels; draws both as heat maps where a second argument names a file. Run it
 * where examples/data is, or name the folder:
 *   cc overlap.c $(pkg-config --cflags --libs conceptdec) -o overlap && ./overlap examples/data overlap.svg */
#include <conceptdec/conceptdec.h>
#include <stdio.h>
#include <stdlib.h>

/* The axes of examples/data/activations.npy (README.md there), and what is asked of it. */
enum { STEPS = 4, LAYERS = 5, SHOTS = 3, WIDTH = 64, CONCEPTS = 6, LAYER = 3 };
enum { RANK = 10, DRAWS = 199 };

static const int steps[STEPS] = {0, 250, 1000, 4000};
static const char *const concepts[CONCEPTS] = {"AND", "OR", "XOR", "NAND", "NOR", "XNOR"};
static const char *const layers[LAYERS] = {"0", "1", "2", "3", "4"};

/* Everything that the program holds. */
struct study {
    conceptdec_ctx *ctx;
    conceptdec_activations *acts, *concept; /* files */
    conceptdec_matrix layers[STEPS][LAYERS], y;
    conceptdec_result *overlap[STEPS], *cka[STEPS];
};

/* One square of the picture. */
struct map {
    const char *const *names; /* of rows and columns */
    const double *values;     /* count x count */
    int count;
    double left, top, side;
};

/* A file of the folder; the program ends where there is none. */
static conceptdec_activations *
open_file(const struct study *s, const char *folder, const char *name)
{
    char path[4096];
    conceptdec_activations *file = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (conceptdec_activations_open(s->ctx, path, NULL, &file) == CONCEPTDEC_OK)
        return file;
    fprintf(stderr, "%s\n", conceptdec_ctx_error(s->ctx));
    exit(EXIT_FAILURE);
}

/* Every layer at each step, after seven examples: the last of the shots. */
static conceptdec_status
open_study(struct study *s, const char *folder)
{
    conceptdec_array labels;
    s->acts = open_file(s, folder, "activations.npy");
    s->concept = open_file(s, folder, "labels.npy");
    conceptdec_status status = conceptdec_activations_integers(s->ctx, s->concept, 0, &labels);
    for (int cell = 0; cell < STEPS * LAYERS && status == CONCEPTDEC_OK; cell++)
        status = conceptdec_activations_view(s->ctx, s->acts, 0, cell * SHOTS + SHOTS - 1,
                                             &s->layers[cell / LAYERS][cell % LAYERS]);
    if (status == CONCEPTDEC_OK)
        s->y = (conceptdec_matrix){.data = labels.data, .rows = labels.shape[0], .cols = 1, .row_stride = 8,
                                   .col_stride = 8, .dtype = CONCEPTDEC_INT64};
    return status;
}

static const double *
numbers(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    return conceptdec_result_get(result, name, &array) == CONCEPTDEC_OK ? array.data : NULL;
}

static conceptdec_status
compare(struct study *s)
{
    conceptdec_subspaces_options ten = {.struct_size = sizeof ten, .rank = RANK};
    conceptdec_overlap_options drawn = {.struct_size = sizeof drawn, .subspaces = &ten, .permutations = DRAWS};
    conceptdec_status status = CONCEPTDEC_OK;
    for (int step = 0; step < STEPS && status == CONCEPTDEC_OK; step++) {
        status = conceptdec_subspace_overlap(s->ctx, &s->layers[step][LAYER], 1, &s->y, &drawn, &s->overlap[step]);
        if (status == CONCEPTDEC_OK)
            status = conceptdec_similarity(s->ctx, s->layers[step], LAYERS, NULL, 0, NULL, &s->cka[step]);
    }
    return status;
}

/* Mean over the pairs of different concepts. */
static double
mean_of_pairs(const double *values)
{
    double sum = 0;
    for (int a = 0; a < CONCEPTS; a++)
        for (int b = 0; b < a; b++)
            sum += values[a * CONCEPTS + b];
    return sum / (CONCEPTS * (CONCEPTS - 1) / 2);
}

static void
print_step(const struct study *s, int step)
{
    const double *null = numbers(s->overlap[step], CONCEPTDEC_R_NULL);
    const double *cka = numbers(s->cka[step], CONCEPTDEC_R_VALUE);
    double observed = mean_of_pairs(numbers(s->overlap[step], CONCEPTDEC_R_OVERLAP)), exchanged = 0;
    int as_low = 1;
    for (int draw = 0; draw < DRAWS; draw++) {
        double value = mean_of_pairs(null + draw * CONCEPTS * CONCEPTS);
        exchanged += value / DRAWS;
        as_low += value <= observed;
    }
    printf("%4d %9.3f %11.3f %17.3f %9.3f %16.3f %10.3f\n", steps[step], observed,
           mean_of_pairs(numbers(s->overlap[step], CONCEPTDEC_R_EXPECTED)), exchanged, (double)as_low / (DRAWS + 1),
           cka[1 * LAYERS + 4], cka[3 * LAYERS + 4]);
}

/* Least and greatest are dark blue and yellow, as light as they are large, and told apart by any eye (cividis). */
static void
colour(double value, int rgb[3])
{
    static const int stops[5][3] = {{0, 34, 78}, {67, 78, 108}, {125, 124, 120}, {188, 174, 108}, {254, 232, 56}};
    double place = 4 * (value > 0 ? value < 1 ? value : 1 : 0);
    int low = place < 3 ? (int)place : 3;
    for (int i = 0; i < 3; i++)
        rgb[i] = (int)(stops[low][i] + (place - low) * (stops[low + 1][i] - stops[low][i]) + 0.5);
}

static void
draw_cell(FILE *svg, double value, double x, double y, double side)
{
    int rgb[3];
    colour(value, rgb);
    fprintf(svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#%02x%02x%02x\"/>"
                 "<text x=\"%.1f\" y=\"%.1f\" style=\"fill:%s\">%.2f</text>\n", x, y, side, side, rgb[0], rgb[1],
            rgb[2], x + side / 2, y + side / 2 + 3, value < 0.6 ? "#ffffff" : "#000000", value);
}

/* Rows are named in the first map of a row alone. */
static void
draw_map(FILE *svg, const struct map *m, int first)
{
    double side = m->side / m->count;
    for (int a = 0; a < m->count; a++) {
        fprintf(svg, "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", m->left + (a + 0.5) * side, m->top - 5, m->names[a]);
        if (first)
            fprintf(svg, "<text x=\"%.1f\" y=\"%.1f\" style=\"text-anchor:end\">%s</text>\n", m->left - 5,
                    m->top + (a + 0.5) * side + 3, m->names[a]);
        for (int b = 0; b < m->count; b++)
            draw_cell(svg, m->values[a * m->count + b], m->left + b * side, m->top + a * side, side - 1);
    }
}

static void
draw_scale(FILE *svg, double left, double top)
{
    fprintf(svg, "<g font-size=\"12\"><text x=\"%g\" y=\"%g\">0</text><text x=\"%g\" y=\"%g\">1</text>\n"
                 "<text class=\"title\" x=\"%g\" y=\"%g\">Overlap: mean squared cosine of the principal angles of two "
                 "subspaces</text>\n<text class=\"title\" x=\"%g\" y=\"%g\">of %d of %d dimensions. CKA: linear, "
                 "debiased.</text></g>\n", left - 10, top + 11, left + 210, top + 11, left + 235, top + 3, left + 235,
            top + 19, RANK, WIDTH);
    for (int i = 0; i < 40; i++) {
        int rgb[3];
        colour((i + 0.5) / 40, rgb);
        fprintf(svg, "<rect x=\"%g\" y=\"%g\" width=\"5\" height=\"14\" fill=\"#%02x%02x%02x\"/>\n", left + 5 * i, top,
                rgb[0], rgb[1], rgb[2]);
    }
}

static int
draw_all(const struct study *s, const char *path)
{
    FILE *svg = fopen(path, "w");
    if (!svg)
        return 0;
    fprintf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 560\" width=\"800\" height=\"560\" "
                 "font-family=\"sans-serif\" role=\"img\">\n<title>Overlap of concepts, CKA of layers</title>\n<style>"
                 ".page{fill:#fff}text{fill:#222;text-anchor:middle}.title{text-anchor:start}\n"
                 "@media (prefers-color-scheme:dark){.page{fill:#14171c}text{fill:#ddd}}</style>\n"
                 "<rect class=\"page\" width=\"800\" height=\"560\"/>\n<g font-size=\"14\">\n"
                 "<text class=\"title\" x=\"55\" y=\"24\">Overlap of the operators' subspaces in layer %d "
                 "(independent ones: %.2f)</text>\n"
                 "<text class=\"title\" x=\"55\" y=\"276\">CKA of layers 0 to 4 with each other</text>\n</g>\n"
                 "<g font-size=\"9.5\">\n", LAYER, mean_of_pairs(numbers(s->overlap[0], CONCEPTDEC_R_EXPECTED)));
    for (int step = 0; step < STEPS; step++) {
        double left = 55 + 186 * step;
        struct map pairs = {concepts, numbers(s->overlap[step], CONCEPTDEC_R_OVERLAP), CONCEPTS, left, 68, 174};
        struct map cka = {layers, numbers(s->cka[step], CONCEPTDEC_R_VALUE), LAYERS, left, 320, 174};
        fprintf(svg, "<text class=\"title\" font-size=\"12\" x=\"%g\" y=\"48\">step %d</text>\n"
                     "<text class=\"title\" font-size=\"12\" x=\"%g\" y=\"300\">step %d</text>\n", left, steps[step],
                left, steps[step]);
        draw_map(svg, &pairs, step == 0);
        draw_map(svg, &cka, step == 0);
    }
    fprintf(svg, "</g>\n");
    draw_scale(svg, 70, 522);
    fprintf(svg, "</svg>\n");
    return fclose(svg) == 0;
}

int
main(int argc, char **argv)
{
    struct study s = {0};
    if (conceptdec_ctx_new(NULL, &s.ctx) != CONCEPTDEC_OK)
        return EXIT_FAILURE;
    conceptdec_status status = open_study(&s, argc > 1 ? argv[1] : "examples/data");
    if (status == CONCEPTDEC_OK)
        status = compare(&s);
    if (status != CONCEPTDEC_OK)
        fprintf(stderr, "%s: %s\n", conceptdec_status_name(status), conceptdec_ctx_error(s.ctx));
    if (status == CONCEPTDEC_OK)
        printf("step   overlap   by chance   labels exchanged         p   CKA of 1 and 4    3 and 4\n");
    for (int step = 0; step < STEPS && status == CONCEPTDEC_OK; step++)
        print_step(&s, step);
    int drawn = status == CONCEPTDEC_OK && (argc < 3 || draw_all(&s, argv[2]));
    if (status == CONCEPTDEC_OK && !drawn)
        fprintf(stderr, "%s cannot be written\n", argv[2]);
    for (int step = 0; step < STEPS; step++) {
        conceptdec_result_free(s.overlap[step]);
        conceptdec_result_free(s.cka[step]);
    }
    conceptdec_activations_free(s.concept);
    conceptdec_activations_free(s.acts);
    conceptdec_ctx_free(s.ctx);
    return drawn ? EXIT_SUCCESS : EXIT_FAILURE;
}
