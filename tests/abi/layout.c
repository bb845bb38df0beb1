/* The published layout: offset and exact type of every field of every struct, size of every struct, value of every
 * status. Compiling this file is the test; a line may be added, none may change within one ABI version. */
#include <stddef.h>
#include <stdint.h>

#include <conceptdec/conceptdec.h>

#define FIELD(type, field, offset, kind)                                                                               \
    _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved");                                  \
    _Static_assert(_Generic(&((type *)0)->field, kind *: 1, default: 0), #type "." #field " has another type")
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")
#define VALUE(name, value)                                                                                             \
    _Static_assert((name) == (value), #name " has another value");                                                     \
    _Static_assert(_Generic((name), __typeof__(value) : 1, default: 0), #name " has another type")

typedef const void *pointer;
typedef void *user;
typedef const char *text;
typedef const int64_t *integers;
typedef const double *doubles;
typedef const conceptdec_matrix *matrix;
typedef const conceptdec_knn_options *knn_options;
typedef const conceptdec_probe_options *probe_options;
typedef void *(*allocate_hook)(void *, uint64_t);
typedef void (*release_hook)(void *, void *);
typedef void (*body_hook)(void *, int64_t);
typedef void (*parallel_for_hook)(void *, int64_t, body_hook, void *);
typedef int32_t (*progress_hook)(void *, const conceptdec_progress *);
typedef int32_t (*read_hook)(void *, int64_t, int64_t, void *);
typedef int64_t shape[8];
typedef uint64_t reserved_words[2];

_Static_assert(_Generic((conceptdec_status *)0, int32_t * : 1, default: 0), "conceptdec_status is not int32_t");

FIELD(conceptdec_progress, struct_size, 0, uint64_t);
FIELD(conceptdec_progress, stage, 8, text);
FIELD(conceptdec_progress, done, 16, int64_t);
FIELD(conceptdec_progress, total, 24, int64_t);
SIZE(conceptdec_progress, 32);

FIELD(conceptdec_ctx_options, struct_size, 0, uint64_t);
FIELD(conceptdec_ctx_options, given, 8, uint64_t);
FIELD(conceptdec_ctx_options, allocate, 16, allocate_hook);
FIELD(conceptdec_ctx_options, release, 24, release_hook);
FIELD(conceptdec_ctx_options, allocator_user, 32, user);
FIELD(conceptdec_ctx_options, parallel_for, 40, parallel_for_hook);
FIELD(conceptdec_ctx_options, parallel_user, 48, user);
FIELD(conceptdec_ctx_options, progress, 56, progress_hook);
FIELD(conceptdec_ctx_options, progress_user, 64, user);
FIELD(conceptdec_ctx_options, threads, 72, int32_t);
FIELD(conceptdec_ctx_options, kernel_mask, 76, uint32_t);
FIELD(conceptdec_ctx_options, screening, 80, uint32_t);
FIELD(conceptdec_ctx_options, reserved, 84, uint32_t);
SIZE(conceptdec_ctx_options, 88);

FIELD(conceptdec_reader, struct_size, 0, uint64_t);
FIELD(conceptdec_reader, given, 8, uint64_t);
FIELD(conceptdec_reader, read, 16, read_hook);
FIELD(conceptdec_reader, user, 24, user);
SIZE(conceptdec_reader, 32);

FIELD(conceptdec_matrix, data, 0, pointer);
FIELD(conceptdec_matrix, rows, 8, int64_t);
FIELD(conceptdec_matrix, cols, 16, int64_t);
FIELD(conceptdec_matrix, row_stride, 24, int64_t);
FIELD(conceptdec_matrix, col_stride, 32, int64_t);
FIELD(conceptdec_matrix, dtype, 40, int32_t);
FIELD(conceptdec_matrix, device, 44, int32_t);
FIELD(conceptdec_matrix, flags, 48, uint64_t);
FIELD(conceptdec_matrix, reserved, 56, reserved_words);
SIZE(conceptdec_matrix, 72);

FIELD(conceptdec_array, data, 0, pointer);
FIELD(conceptdec_array, shape, 8, shape);
FIELD(conceptdec_array, ndim, 72, int32_t);
FIELD(conceptdec_array, dtype, 76, int32_t);
SIZE(conceptdec_array, 80);

FIELD(conceptdec_neighbors_options, struct_size, 0, uint64_t);
FIELD(conceptdec_neighbors_options, given, 8, uint64_t);
FIELD(conceptdec_neighbors_options, k, 16, int64_t);
FIELD(conceptdec_neighbors_options, groups, 24, matrix);
FIELD(conceptdec_neighbors_options, query_groups, 32, matrix);
FIELD(conceptdec_neighbors_options, metric, 40, int32_t);
FIELD(conceptdec_neighbors_options, flags, 44, uint32_t);
SIZE(conceptdec_neighbors_options, 48);

FIELD(conceptdec_knn_options, struct_size, 0, uint64_t);
FIELD(conceptdec_knn_options, given, 8, uint64_t);
FIELD(conceptdec_knn_options, ks, 16, integers);
FIELD(conceptdec_knn_options, n_ks, 24, int64_t);
FIELD(conceptdec_knn_options, k, 32, int64_t);
FIELD(conceptdec_knn_options, groups, 40, matrix);
FIELD(conceptdec_knn_options, train, 48, matrix);
FIELD(conceptdec_knn_options, classes, 56, int64_t);
FIELD(conceptdec_knn_options, folds, 64, int64_t);
FIELD(conceptdec_knn_options, permutations, 72, int64_t);
FIELD(conceptdec_knn_options, bootstrap, 80, int64_t);
FIELD(conceptdec_knn_options, chance_draws, 88, int64_t);
FIELD(conceptdec_knn_options, seed, 96, uint64_t);
FIELD(conceptdec_knn_options, confidence, 104, double);
FIELD(conceptdec_knn_options, temperature, 112, double);
FIELD(conceptdec_knn_options, metric, 120, int32_t);
FIELD(conceptdec_knn_options, protocol, 124, int32_t);
FIELD(conceptdec_knn_options, weights, 128, int32_t);
FIELD(conceptdec_knn_options, ties, 132, int32_t);
FIELD(conceptdec_knn_options, boundary, 136, int32_t);
FIELD(conceptdec_knn_options, permute, 140, int32_t);
FIELD(conceptdec_knn_options, flags, 144, uint32_t);
FIELD(conceptdec_knn_options, reserved, 148, uint32_t);
SIZE(conceptdec_knn_options, 152);

FIELD(conceptdec_sweep_options, struct_size, 0, uint64_t);
FIELD(conceptdec_sweep_options, given, 8, uint64_t);
FIELD(conceptdec_sweep_options, knn, 16, knn_options);
FIELD(conceptdec_sweep_options, shape, 24, integers);
FIELD(conceptdec_sweep_options, ndim, 32, int64_t);
FIELD(conceptdec_sweep_options, probe, 40, probe_options);
SIZE(conceptdec_sweep_options, 48);

FIELD(conceptdec_probe_options, struct_size, 0, uint64_t);
FIELD(conceptdec_probe_options, given, 8, uint64_t);
FIELD(conceptdec_probe_options, lambdas, 16, doubles);
FIELD(conceptdec_probe_options, n_lambdas, 24, int64_t);
FIELD(conceptdec_probe_options, groups, 32, matrix);
FIELD(conceptdec_probe_options, train, 40, matrix);
FIELD(conceptdec_probe_options, weights, 48, matrix);
FIELD(conceptdec_probe_options, types, 56, matrix);
FIELD(conceptdec_probe_options, classes, 64, int64_t);
FIELD(conceptdec_probe_options, folds, 72, int64_t);
FIELD(conceptdec_probe_options, permutations, 80, int64_t);
FIELD(conceptdec_probe_options, bootstrap, 88, int64_t);
FIELD(conceptdec_probe_options, control, 96, int64_t);
FIELD(conceptdec_probe_options, max_iterations, 104, int64_t);
FIELD(conceptdec_probe_options, memory, 112, int64_t);
FIELD(conceptdec_probe_options, seed, 120, uint64_t);
FIELD(conceptdec_probe_options, confidence, 128, double);
FIELD(conceptdec_probe_options, tolerance, 136, double);
FIELD(conceptdec_probe_options, shrinkage, 144, double);
FIELD(conceptdec_probe_options, kind, 152, int32_t);
FIELD(conceptdec_probe_options, protocol, 156, int32_t);
FIELD(conceptdec_probe_options, standardize, 160, int32_t);
FIELD(conceptdec_probe_options, covariance, 164, int32_t);
FIELD(conceptdec_probe_options, permute, 168, int32_t);
FIELD(conceptdec_probe_options, flags, 172, uint32_t);
SIZE(conceptdec_probe_options, 176);

FIELD(conceptdec_pca_options, struct_size, 0, uint64_t);
FIELD(conceptdec_pca_options, given, 8, uint64_t);
FIELD(conceptdec_pca_options, n_components, 16, int64_t);
FIELD(conceptdec_pca_options, max_iterations, 24, int64_t);
FIELD(conceptdec_pca_options, memory, 32, int64_t);
FIELD(conceptdec_pca_options, seed, 40, uint64_t);
FIELD(conceptdec_pca_options, tolerance, 48, double);
FIELD(conceptdec_pca_options, solver, 56, int32_t);
FIELD(conceptdec_pca_options, flags, 60, uint32_t);
SIZE(conceptdec_pca_options, 64);

FIELD(conceptdec_umap_options, struct_size, 0, uint64_t);
FIELD(conceptdec_umap_options, given, 8, uint64_t);
FIELD(conceptdec_umap_options, labels, 16, matrix);
FIELD(conceptdec_umap_options, start, 24, matrix);
FIELD(conceptdec_umap_options, n_components, 32, int64_t);
FIELD(conceptdec_umap_options, n_neighbors, 40, int64_t);
FIELD(conceptdec_umap_options, epochs, 48, int64_t);
FIELD(conceptdec_umap_options, negative_samples, 56, int64_t);
FIELD(conceptdec_umap_options, memory, 64, int64_t);
FIELD(conceptdec_umap_options, seed, 72, uint64_t);
FIELD(conceptdec_umap_options, min_dist, 80, double);
FIELD(conceptdec_umap_options, spread, 88, double);
FIELD(conceptdec_umap_options, learning_rate, 96, double);
FIELD(conceptdec_umap_options, repulsion, 104, double);
FIELD(conceptdec_umap_options, mix, 112, double);
FIELD(conceptdec_umap_options, local_connectivity, 120, double);
FIELD(conceptdec_umap_options, target_weight, 128, double);
FIELD(conceptdec_umap_options, alignment, 136, double);
FIELD(conceptdec_umap_options, window, 144, int64_t);
FIELD(conceptdec_umap_options, metric, 152, int32_t);
FIELD(conceptdec_umap_options, init, 156, int32_t);
FIELD(conceptdec_umap_options, flags, 160, uint32_t);
FIELD(conceptdec_umap_options, reserved, 164, uint32_t);
SIZE(conceptdec_umap_options, 168);

FIELD(conceptdec_quality_options, struct_size, 0, uint64_t);
FIELD(conceptdec_quality_options, given, 8, uint64_t);
FIELD(conceptdec_quality_options, ks, 16, integers);
FIELD(conceptdec_quality_options, n_ks, 24, int64_t);
FIELD(conceptdec_quality_options, labels, 32, matrix);
FIELD(conceptdec_quality_options, memory, 40, int64_t);
FIELD(conceptdec_quality_options, metric, 48, int32_t);
FIELD(conceptdec_quality_options, flags, 52, uint32_t);
SIZE(conceptdec_quality_options, 56);

VALUE(CONCEPTDEC_OK, 0);
VALUE(CONCEPTDEC_EINVAL, -1);
VALUE(CONCEPTDEC_ENULL, -2);
VALUE(CONCEPTDEC_ESIZE, -3);
VALUE(CONCEPTDEC_EDTYPE, -4);
VALUE(CONCEPTDEC_ENONFINITE, -5);
VALUE(CONCEPTDEC_ETOOFEW, -6);
VALUE(CONCEPTDEC_EK, -7);
VALUE(CONCEPTDEC_ELABEL, -8);
VALUE(CONCEPTDEC_ESINGLECLASS, -9);
VALUE(CONCEPTDEC_EFOLDS, -10);
VALUE(CONCEPTDEC_EGROUPS, -11);
VALUE(CONCEPTDEC_ENAME, -12);
VALUE(CONCEPTDEC_ESHALLOW, -13);
VALUE(CONCEPTDEC_EFEWELIGIBLE, -14);
VALUE(CONCEPTDEC_ECLASSMISSING, -15);
VALUE(CONCEPTDEC_ENOMEM, -20);
VALUE(CONCEPTDEC_EOVERFLOW, -21);
VALUE(CONCEPTDEC_EIO, -22);
VALUE(CONCEPTDEC_EFORMAT, -23);
VALUE(CONCEPTDEC_EREAD, -24);
VALUE(CONCEPTDEC_ESTRUCT_SIZE, -60);
VALUE(CONCEPTDEC_ESTRUCT_TAIL, -61);
VALUE(CONCEPTDEC_ERESERVED, -62);
VALUE(CONCEPTDEC_ECANCELLED, -80);
VALUE(CONCEPTDEC_EUNSUPPORTED, -81);

VALUE(CONCEPTDEC_KERNEL_PORTABLE, 1u);
VALUE(CONCEPTDEC_KERNEL_AVX2, 2u);
VALUE(CONCEPTDEC_KERNEL_AVX512, 4u);
VALUE(CONCEPTDEC_KERNEL_AVXVNNI, 8u);
VALUE(CONCEPTDEC_KERNEL_AVX512VNNI, 16u);
VALUE(CONCEPTDEC_KERNEL_NEON_DOTPROD, 32u);
VALUE(CONCEPTDEC_SCREENING_AUTO, 0u);
VALUE(CONCEPTDEC_SCREENING_INT8, 1u);
VALUE(CONCEPTDEC_SCREENING_FLOAT32, 2u);
VALUE(CONCEPTDEC_SCREENING_FLOAT64, 3u);
VALUE(CONCEPTDEC_FLOAT64, 1);
VALUE(CONCEPTDEC_FLOAT32, 2);
VALUE(CONCEPTDEC_FLOAT16, 3);
VALUE(CONCEPTDEC_BFLOAT16, 4);
VALUE(CONCEPTDEC_INT32, 16);
VALUE(CONCEPTDEC_INT64, 17);
VALUE(CONCEPTDEC_MATRIX_READER, 1u);
VALUE(CONCEPTDEC_METRIC_L2, 0);
VALUE(CONCEPTDEC_METRIC_COSINE, 1);
VALUE(CONCEPTDEC_NEIGHBORS_STRICT, 1u);
VALUE(CONCEPTDEC_PROTOCOL_LOO, 0);
VALUE(CONCEPTDEC_PROTOCOL_GROUP, 1);
VALUE(CONCEPTDEC_PROTOCOL_KFOLD, 2);
VALUE(CONCEPTDEC_PROTOCOL_SPLIT, 3);
VALUE(CONCEPTDEC_PROTOCOL_RESUBSTITUTION, 4);
VALUE(CONCEPTDEC_WEIGHTS_UNIFORM, 0);
VALUE(CONCEPTDEC_WEIGHTS_DISTANCE, 1);
VALUE(CONCEPTDEC_WEIGHTS_SOFTMAX, 2);
VALUE(CONCEPTDEC_WEIGHTS_BALANCED, 3);
VALUE(CONCEPTDEC_TIES_FRACTIONAL, 0);
VALUE(CONCEPTDEC_TIES_SMALLEST, 1);
VALUE(CONCEPTDEC_TIES_NEAREST, 2);
VALUE(CONCEPTDEC_BOUNDARY_SHARE, 0);
VALUE(CONCEPTDEC_BOUNDARY_INDEX, 1);
VALUE(CONCEPTDEC_PERMUTE_FREE, 0);
VALUE(CONCEPTDEC_PERMUTE_WITHIN, 1);
VALUE(CONCEPTDEC_PERMUTE_WHOLE, 2);
VALUE(CONCEPTDEC_KNN_STRICT, 1u);
VALUE(CONCEPTDEC_KNN_UNSTRATIFIED, 2u);
VALUE(CONCEPTDEC_KNN_NO_CONFUSION, 4u);
VALUE(CONCEPTDEC_PROBE_LOGISTIC, 0);
VALUE(CONCEPTDEC_PROBE_RIDGE, 1);
VALUE(CONCEPTDEC_PROBE_LDA, 2);
VALUE(CONCEPTDEC_PROBE_MEAN_DIFFERENCE, 3);
VALUE(CONCEPTDEC_PROBE_NEAREST_MEAN, 4);
VALUE(CONCEPTDEC_STANDARDIZE_NONE, 0);
VALUE(CONCEPTDEC_STANDARDIZE_GLOBAL, 1);
VALUE(CONCEPTDEC_STANDARDIZE_FOLD, 2);
VALUE(CONCEPTDEC_COVARIANCE_LEDOIT_WOLF, 0);
VALUE(CONCEPTDEC_COVARIANCE_POOLED, 1);
VALUE(CONCEPTDEC_COVARIANCE_FIXED, 2);
VALUE(CONCEPTDEC_PROBE_BALANCED, 1u);
VALUE(CONCEPTDEC_PROBE_SKIP_MISSING, 2u);
VALUE(CONCEPTDEC_PROBE_UNSTRATIFIED, 4u);
VALUE(CONCEPTDEC_PROBE_NESTED, 8u);
VALUE(CONCEPTDEC_PROBE_MDL, 16u);
VALUE(CONCEPTDEC_PROBE_NO_SAMPLES, 32u);
VALUE(CONCEPTDEC_PROBE_NO_FIT, 64u);
VALUE(CONCEPTDEC_PCA_AUTO, 0);
VALUE(CONCEPTDEC_PCA_COVARIANCE, 1);
VALUE(CONCEPTDEC_PCA_GRAM, 2);
VALUE(CONCEPTDEC_PCA_SVD, 3);
VALUE(CONCEPTDEC_PCA_KRYLOV, 4);
VALUE(CONCEPTDEC_PCA_UNCENTERED, 1u);
VALUE(CONCEPTDEC_PCA_STANDARDIZE, 2u);
VALUE(CONCEPTDEC_PCA_WHITEN, 4u);
VALUE(CONCEPTDEC_ALIGN_SCALE, 1u);
VALUE(CONCEPTDEC_UMAP_SPECTRAL, 0);
VALUE(CONCEPTDEC_UMAP_PCA, 1);
VALUE(CONCEPTDEC_UMAP_RANDOM, 2);
VALUE(CONCEPTDEC_UMAP_GIVEN, 3);
VALUE(CONCEPTDEC_UMAP_SELF_COUNTED, 1u);

typedef int conceptdec_layout_holds;
