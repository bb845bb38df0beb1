/* What BLAS and LAPACK are loaded, and whether they work. */
#include "core/core.h"

#if CONCEPTDEC_HAVE_BLAS

#include <cblas.h>
#include <lapacke.h>

void
conceptdec_i_blas_names(conceptdec_i_blas_info *info)
{
    *info = (conceptdec_i_blas_info){
        .name = "openblas",
        .config = openblas_get_config(),
        .core = openblas_get_corename(),
        .threads = openblas_get_num_threads(),
        .self_test = -1,
    };
}

/* (1 2) (3 4)' = 11, and the Cholesky factor of (4 2; 2 5) is (2 0; 1 2); both are exact. */
static int
self_test(void)
{
    const double a[] = {1, 2}, b[] = {3, 4};
    if (cblas_ddot(2, a, 1, b, 1) != 11)
        return 0;
    double matrix[] = {4, 2, 2, 5};
    if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', 2, matrix, 2) != 0)
        return 0;
    return matrix[0] == 2 && matrix[1] == 1 && matrix[3] == 2;
}

void
conceptdec_i_blas_describe(conceptdec_i_blas_info *info)
{
    conceptdec_i_blas_names(info);
    info->self_test = self_test();
}

#else

void
conceptdec_i_blas_names(conceptdec_i_blas_info *info)
{
    *info = (conceptdec_i_blas_info){.name = "none", .config = "", .core = "", .threads = 0, .self_test = -1};
}

void
conceptdec_i_blas_describe(conceptdec_i_blas_info *info)
{
    conceptdec_i_blas_names(info);
}

#endif
