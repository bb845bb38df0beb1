/* Files of the other objects that can be saved: whatever stands in them, a loader gives an object or EFORMAT; an object
 * answers what it is asked and is written as it was read. Replays the files below tests/fuzz/objects (made by
 * corpus_objects.py) and random changes to them; to search with libFuzzer see fuzz_model.c. */
#define _POSIX_C_SOURCE 200809L

#define TARGET "fuzz_objects"

#include "fuzz.h"

enum { MOST_ROWS = 4, MOST_DIMS = 512 };

/* An object, its file, and a question that reads all of it. */
typedef struct {
    conceptdec_status (*load)(conceptdec_ctx *ctx, const char *path, void **object);
    conceptdec_status (*save)(conceptdec_ctx *ctx, const void *object, const char *path);
    void (*use)(conceptdec_ctx *ctx, void *object);
    void (*end)(void *object);
} kind;

#define KIND(name, type)                                                                                               \
    static conceptdec_status name##_load(conceptdec_ctx *ctx, const char *path, void **object)                         \
    {                                                                                                                  \
        type *made = NULL;                                                                                             \
        conceptdec_status status = conceptdec_##name##_load(ctx, path, &made);                                         \
        *object = made;                                                                                                \
        return status;                                                                                                 \
    }                                                                                                                  \
    static conceptdec_status name##_save(conceptdec_ctx *ctx, const void *object, const char *path)                    \
    {                                                                                                                  \
        return conceptdec_##name##_save(ctx, object, path);                                                            \
    }                                                                                                                  \
    static void name##_end(void *object)                                                                               \
    {                                                                                                                  \
        conceptdec_##name##_free(object);                                                                              \
    }

KIND(neighbors, conceptdec_neighbors)
KIND(moments, conceptdec_moments)
KIND(pca, conceptdec_pca)
KIND(umap, conceptdec_umap)
KIND(class_moments, conceptdec_class_moments)
KIND(subspaces, conceptdec_subspaces)
KIND(eraser, conceptdec_eraser)

static double rows[MOST_ROWS * MOST_DIMS];
static volatile double seen; /* so that nothing is left out */

static conceptdec_matrix
some_rows(int64_t d)
{
    for (int64_t i = 0; i < MOST_ROWS * MOST_DIMS; i++)
        rows[i] = (double)(i % 7) - 3;
    return (conceptdec_matrix){.data = rows, .rows = MOST_ROWS, .cols = d, .row_stride = 8 * d, .col_stride = 8,
                               .dtype = CONCEPTDEC_FLOAT64};
}

/* The last axis of an array, all of which is read. */
static int64_t
look_at(conceptdec_status status, const conceptdec_array *array)
{
    int64_t count = 1;
    require(status == CONCEPTDEC_OK, "an array is not given");
    for (int32_t i = 0; i < array->ndim; i++)
        count *= array->shape[i];
    for (int64_t i = 0; i < count; i++)
        seen = array->dtype == CONCEPTDEC_INT64 ? (double)((const int64_t *)array->data)[i]
                                                : ((const double *)array->data)[i];
    return array->ndim > 0 ? array->shape[array->ndim - 1] : 1;
}

static void
neighbors_use(conceptdec_ctx *ctx, void *object)
{
    conceptdec_array array;
    (void)ctx;
    (void)look_at(conceptdec_neighbors_get(object, CONCEPTDEC_N_INDICES, &array), &array);
}

static void
moments_use(conceptdec_ctx *ctx, void *object)
{
    conceptdec_array array;
    int64_t d = look_at(conceptdec_moments_get(object, CONCEPTDEC_M_MEAN, &array), &array);
    (void)look_at(conceptdec_moments_get(object, CONCEPTDEC_M_COVARIANCE, &array), &array);
    require(conceptdec_moments_merge(ctx, object, object) != CONCEPTDEC_ENULL, "it does not merge");
    require(d >= 1, "it has no dimensions");
}

static void
pca_use(conceptdec_ctx *ctx, void *object)
{
    conceptdec_array array;
    conceptdec_result *result = NULL;
    int64_t d = look_at(conceptdec_pca_get(object, CONCEPTDEC_P_COMPONENTS, &array), &array);
    conceptdec_matrix x = some_rows(d);
    if (d <= MOST_DIMS)
        (void)conceptdec_pca_transform(ctx, object, &x, &result);
    conceptdec_result_free(result);
}

static void
umap_use(conceptdec_ctx *ctx, void *object)
{
    conceptdec_array array;
    (void)ctx;
    (void)look_at(conceptdec_umap_get(object, CONCEPTDEC_U_EMBEDDING, &array), &array);
    (void)look_at(conceptdec_umap_get(object, CONCEPTDEC_U_GRAPH_WEIGHTS, &array), &array);
}

static void
class_moments_use(conceptdec_ctx *ctx, void *object)
{
    conceptdec_array array;
    (void)ctx;
    (void)look_at(conceptdec_class_moments_get(object, CONCEPTDEC_M_MEANS, &array), &array);
    if (conceptdec_class_moments_get(object, CONCEPTDEC_M_WITHIN, &array) == CONCEPTDEC_OK)
        (void)look_at(CONCEPTDEC_OK, &array);
    if (conceptdec_class_moments_get(object, CONCEPTDEC_M_VARIANCES, &array) == CONCEPTDEC_OK)
        (void)look_at(CONCEPTDEC_OK, &array);
}

static void
subspaces_use(conceptdec_ctx *ctx, void *object)
{
    conceptdec_array array;
    conceptdec_result *result = NULL;
    (void)look_at(conceptdec_subspaces_get(object, CONCEPTDEC_S_BASES, &array), &array);
    (void)conceptdec_subspaces_overlap(ctx, object, NULL, NULL, &result);
    conceptdec_result_free(result);
}

static void
eraser_use(conceptdec_ctx *ctx, void *object)
{
    conceptdec_array array;
    conceptdec_result *result = NULL;
    int64_t d = look_at(conceptdec_eraser_get(object, CONCEPTDEC_E_MEAN, &array), &array);
    conceptdec_matrix x = some_rows(d);
    (void)look_at(conceptdec_eraser_get(object, CONCEPTDEC_E_READ, &array), &array);
    if (d <= MOST_DIMS)
        (void)conceptdec_eraser_apply(ctx, object, &x, &result);
    conceptdec_result_free(result);
}

#define ROW(name) {name##_load, name##_save, name##_use, name##_end}

static const kind kinds[] = {ROW(neighbors), ROW(moments),   ROW(pca),   ROW(umap), ROW(class_moments),
                             ROW(subspaces), ROW(eraser)};

static bool
try_kind(const kind *k, conceptdec_ctx *ctx, const char *path, const uint8_t *data, size_t size)
{
    static uint8_t again[MOST_BYTES];
    void *object = NULL;
    conceptdec_status status = k->load(ctx, path, &object);
    require(status == CONCEPTDEC_OK || status == CONCEPTDEC_ENOMEM ||
                (status == CONCEPTDEC_EFORMAT && !object && *conceptdec_ctx_error(ctx)),
            "neither an object nor a reason");
    if (status != CONCEPTDEC_OK)
        return false;
    require(k->save(ctx, object, path) == CONCEPTDEC_OK, "it is not written");
    require(get(path, again) == size && memcmp(again, data, size) == 0, "it is not written as it was read");
    k->use(ctx, object);
    k->end(object);
    return true;
}

static bool
try_file(conceptdec_ctx *ctx, const char *path, const uint8_t *data, size_t size)
{
    int accepted = 0;
    put(path, data, size); /* what is accepted is written again, the same bytes */
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        accepted += try_kind(&kinds[i], ctx, path, data, size);
    require(accepted <= 1, "one file, two kinds of object");
    return accepted == 1;
}
