/* What does a concept look like in a network? A layer of a small transformer as a picture: by principal components, by
 * UMAP, and by UMAP at four steps of training, which lie on one another. Prints how far each can be trusted; draws the
 * pictures where a second argument names a file. Run it where examples/data is, or name the folder:
 *   cc projection.c $(pkg-config --cflags --libs conceptdec) -o projection && ./projection examples/data picture.svg */
#include <conceptdec/conceptdec.h>
#include <stdio.h>
#include <stdlib.h>

/* The axes of examples/data/activations.npy (README.md there), and what is asked of it. */
enum { STEPS = 4, LAYERS = 5, SHOTS = 3, SAMPLES = 600, CONCEPTS = 6, LAYER = 3, K = 10 };

static const int steps[STEPS] = {0, 250, 1000, 4000};
static const char *const concepts[CONCEPTS] = {"AND", "OR", "XOR", "NAND", "NOR", "XNOR"};
static const char *const colours[CONCEPTS] = {"#e69f00", "#56b4e9", "#009e73", "#d55e00", "#0072b2", "#cc79a7"};

/* Everything that the program holds. */
struct study {
    conceptdec_ctx *ctx;
    conceptdec_activations *acts, *concept; /* files */
    const int64_t *labels;
    conceptdec_matrix steps[STEPS], y;
    conceptdec_pca *pca;
    conceptdec_umap *umap;
    conceptdec_result *components, *aligned; /* places of the samples */
};

/* One square of the picture. */
struct panel {
    const char *title;
    const double *points; /* two numbers for each sample */
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

/* The layer at each step, after seven examples: the last of the shots. */
static conceptdec_status
open_study(struct study *s, const char *folder)
{
    conceptdec_array labels;
    s->acts = open_file(s, folder, "activations.npy");
    s->concept = open_file(s, folder, "labels.npy");
    conceptdec_status status = conceptdec_activations_integers(s->ctx, s->concept, 0, &labels);
    for (int step = 0; step < STEPS && status == CONCEPTDEC_OK; step++)
        status = conceptdec_activations_view(s->ctx, s->acts, 0, (step * LAYERS + LAYER) * SHOTS + SHOTS - 1,
                                             &s->steps[step]);
    if (status != CONCEPTDEC_OK)
        return status;
    if (labels.shape[0] != SAMPLES || s->steps[0].rows != SAMPLES)
        return CONCEPTDEC_ESIZE;
    s->labels = labels.data;
    s->y = (conceptdec_matrix){.data = labels.data, .rows = SAMPLES, .cols = 1, .row_stride = 8, .col_stride = 8,
                               .dtype = CONCEPTDEC_INT64};
    return CONCEPTDEC_OK;
}

static const double *
numbers(const conceptdec_result *result, const char *name)
{
    conceptdec_array array;
    return conceptdec_result_get(result, name, &array) == CONCEPTDEC_OK ? array.data : NULL;
}

static const double *
umap_points(const struct study *s)
{
    conceptdec_array array;
    return conceptdec_umap_get(s->umap, CONCEPTDEC_U_EMBEDDING, &array) == CONCEPTDEC_OK ? array.data : NULL;
}

static conceptdec_status
project(struct study *s)
{
    const conceptdec_matrix *trained = &s->steps[STEPS - 1];
    conceptdec_pca_options two = {.struct_size = sizeof two, .n_components = 2};
    conceptdec_status status = conceptdec_pca_new(s->ctx, trained, &two, &s->pca);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_pca_transform(s->ctx, s->pca, trained, &s->components);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_umap_new(s->ctx, trained, NULL, &s->umap);
    if (status == CONCEPTDEC_OK)
        status = conceptdec_umap_aligned(s->ctx, s->steps, STEPS, NULL, &s->aligned);
    return status;
}

/* How far can a picture of the layer be trusted, and how much of the concept is in it? */
static conceptdec_status
judge(const struct study *s, const char *name, int step, const double *points)
{
    conceptdec_matrix picture = {.data = points, .rows = SAMPLES, .cols = 2, .row_stride = 2 * sizeof *points,
                                 .col_stride = sizeof *points, .dtype = CONCEPTDEC_FLOAT64};
    conceptdec_quality_options options = {.struct_size = sizeof options, .ks = (const int64_t[]){K}, .n_ks = 1,
                                          .labels = &s->y};
    conceptdec_result *result = NULL;
    conceptdec_status status = conceptdec_embedding_quality(s->ctx, &s->steps[step], &picture, &options, &result);
    if (status == CONCEPTDEC_OK)
        printf("%-14s %4d %16.3f %11.3f %9.3f %13.3f %15.3f\n", name, steps[step],
               *numbers(result, CONCEPTDEC_R_TRUSTWORTHINESS), *numbers(result, CONCEPTDEC_R_CONTINUITY),
               *numbers(result, CONCEPTDEC_R_KNN_PRESERVATION), *numbers(result, CONCEPTDEC_R_DECODABILITY),
               *numbers(result, CONCEPTDEC_R_DECODABILITY_EMBEDDED));
    conceptdec_result_free(result);
    return status;
}

static conceptdec_status
judge_all(const struct study *s)
{
    const double *aligned = numbers(s->aligned, CONCEPTDEC_R_EMBEDDING);
    printf("layer %d        step  trustworthiness  continuity      kept  decodability  in the picture\n", LAYER);
    conceptdec_status status = judge(s, "PCA", STEPS - 1, numbers(s->components, CONCEPTDEC_R_TRANSFORMED));
    if (status == CONCEPTDEC_OK)
        status = judge(s, "UMAP", STEPS - 1, umap_points(s));
    for (int step = 0; step < STEPS && status == CONCEPTDEC_OK; step++)
        status = judge(s, "UMAP, aligned", step, aligned + 2 * SAMPLES * step);
    return status;
}

/* Least and largest number on one axis. */
static void
range(const double *points, int count, int axis, double *low, double *high)
{
    *low = *high = points[axis];
    for (int i = 1; i < count; i++) {
        double value = points[2 * i + axis];
        *low = value < *low ? value : *low;
        *high = value > *high ? value : *high;
    }
}

/* A frame, a title, and the points, each a dot of its concept's colour; both axes on one scale, that of `all`. */
static void
draw(FILE *svg, const struct panel *p, const int64_t *labels, const double *all, int count)
{
    double low[2], high[2];
    for (int axis = 0; axis < 2; axis++)
        range(all, count, axis, &low[axis], &high[axis]);
    double width = high[0] - low[0], height = high[1] - low[1];
    double scale = (p->side - 16) / (width > height ? width : height);
    double x0 = p->left + (p->side - scale * width) / 2, y0 = p->top + (p->side - scale * height) / 2;
    fprintf(svg, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"none\" stroke=\"#bbbbbb\" "
                 "stroke-width=\"1\"/>\n", p->left, p->top, p->side, p->side);
    fprintf(svg, "<text x=\"%g\" y=\"%g\">%s</text>\n", p->left, p->top - 6, p->title);
    for (int c = 0; c < CONCEPTS; c++) {
        fprintf(svg, "<path stroke=\"%s\" d=\"", colours[c]);
        for (int i = 0; i < SAMPLES; i++)
            if (labels[i] == c)
                fprintf(svg, "M%.1f %.1fh0", x0 + scale * (p->points[2 * i] - low[0]),
                        y0 + scale * (high[1] - p->points[2 * i + 1]));
        fprintf(svg, "\"/>\n");
    }
}

static void
draw_legend(FILE *svg, double left, double top)
{
    for (int c = 0; c < CONCEPTS; c++, left += 70)
        fprintf(svg, "<path stroke=\"%s\" stroke-width=\"10\" d=\"M%g %gh0\"/><text x=\"%g\" y=\"%g\">%s</text>\n",
                colours[c], left, top, left + 10, top + 4, concepts[c]);
}

static int
draw_all(const struct study *s, const char *path)
{
    const double *aligned = numbers(s->aligned, CONCEPTDEC_R_EMBEDDING);
    struct panel pca = {"PCA", numbers(s->components, CONCEPTDEC_R_TRANSFORMED), 10, 60, 385};
    struct panel umap = {"UMAP", umap_points(s), 405, 60, 385};
    FILE *svg = fopen(path, "w");
    if (!svg)
        return 0;
    fprintf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 680\" width=\"800\" height=\"680\" "
                 "font-family=\"sans-serif\" font-size=\"13\" stroke-width=\"4\">\n"
                 "<rect width=\"800\" height=\"680\" fill=\"#ffffff\"/>\n<g stroke-linecap=\"round\">\n");
    draw_legend(svg, 20, 20);
    draw(svg, &pca, s->labels, pca.points, SAMPLES);
    draw(svg, &umap, s->labels, umap.points, SAMPLES);
    fprintf(svg, "</g>\n<g stroke-linecap=\"round\" stroke-width=\"3\">\n");
    for (int step = 0; step < STEPS; step++) {
        char title[64];
        snprintf(title, sizeof title, "UMAP, aligned: step %d", steps[step]);
        struct panel small = {title, aligned + 2 * SAMPLES * step, 10 + 196 * step, 478, 192};
        draw(svg, &small, s->labels, aligned, SAMPLES * STEPS);
    }
    fprintf(svg, "</g>\n</svg>\n");
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
        status = project(&s);
    if (status == CONCEPTDEC_OK)
        status = judge_all(&s);
    if (status != CONCEPTDEC_OK)
        fprintf(stderr, "%s: %s\n", conceptdec_status_name(status), conceptdec_ctx_error(s.ctx));
    int drawn = status == CONCEPTDEC_OK && (argc < 3 || draw_all(&s, argv[2]));
    if (status == CONCEPTDEC_OK && !drawn)
        fprintf(stderr, "%s cannot be written\n", argv[2]);
    conceptdec_result_free(s.components);
    conceptdec_result_free(s.aligned);
    conceptdec_pca_free(s.pca);
    conceptdec_umap_free(s.umap);
    conceptdec_activations_free(s.concept);
    conceptdec_activations_free(s.acts);
    conceptdec_ctx_free(s.ctx);
    return drawn ? EXIT_SUCCESS : EXIT_FAILURE;
}
