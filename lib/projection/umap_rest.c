#include <conceptdec/conceptdec.h>
conceptdec_status conceptdec_umap_transform(conceptdec_ctx *ctx, const conceptdec_umap *umap, const conceptdec_matrix *x, const conceptdec_matrix *queries, conceptdec_result **result) { (void)ctx;(void)umap;(void)x;(void)queries;(void)result; return CONCEPTDEC_EUNSUPPORTED; }
conceptdec_status conceptdec_umap_aligned(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views, const conceptdec_umap_options *options, conceptdec_result **result) { (void)ctx;(void)views;(void)n_views;(void)options;(void)result; return CONCEPTDEC_EUNSUPPORTED; }
conceptdec_status conceptdec_umap_save(conceptdec_ctx *ctx, const conceptdec_umap *umap, const char *path) { (void)ctx;(void)umap;(void)path; return CONCEPTDEC_EUNSUPPORTED; }
conceptdec_status conceptdec_umap_load(conceptdec_ctx *ctx, const char *path, conceptdec_umap **umap) { (void)ctx;(void)path;(void)umap; return CONCEPTDEC_EUNSUPPORTED; }
