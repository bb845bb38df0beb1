/* Leading components by a block Krylov space. One more than asked for is found, so that the last gap is known. */
#include <math.h>
#include <string.h>

#include "linalg/columns.h"
#include "linalg/krylov.h"
#include "projection/pca.h"

/* The trace of C, which may take one more pass over the rows, and what the rows are divided by. */
static conceptdec_status
prepare(conceptdec_i_pca_fit *f, double **scale)
{
    void *p;
    CONCEPTDEC_I_TRY(conceptdec_i_arena_take_raw(f->arena, "columns", f->d, 2 * sizeof(double), &p));
    double *squares = (double *)p + f->d;
    *scale = p;
    for (int64_t j = 0; j < f->d; j++) {
        (*scale)[j] = 1 / f->factor[j];
        squares[j] = f->squares ? f->squares[j] * f->factor[j] * f->factor[j] : 0;
    }
    if (!f->squares)
        CONCEPTDEC_I_TRY(conceptdec_i_columns_squares(f->arena, f->x, f->shift, *scale, squares));
    for (int64_t j = 0; j < f->d; j++)
        f->total += squares[j] / (double)(f->n - 1);
    return CONCEPTDEC_OK;
}

/* Whether products are with the rows, and not with a matrix. */
static bool
is_of_rows(const conceptdec_i_pca_fit *f)
{
    return f->x && !f->is_formed;
}

static conceptdec_i_krylov_problem
problem_of(const conceptdec_i_pca_fit *f)
{
    int64_t most = f->n < f->d ? f->n : f->d;
    return (conceptdec_i_krylov_problem){.rows = is_of_rows(f) ? f->x : NULL,
                                         .divisor = (double)(f->n - 1),
                                         .dims = f->d,
                                         .components = f->r < most ? f->r + 1 : f->r,
                                         .max_iterations = f->options.max_iterations,
                                         .tolerance = f->options.tolerance,
                                         .seed = f->options.seed};
}

/* Of the space's memory what is taken beside it. */
static double
bytes_beside(const conceptdec_i_pca_fit *f)
{
    double d = (double)f->d;
    return is_of_rows(f) ? 8 * 6 * d : 8 * d * (d + 1);
}

double
conceptdec_i_pca_krylov_bytes(const conceptdec_i_pca_fit *f)
{
    const conceptdec_i_krylov_problem problem = problem_of(f);
    double scan = is_of_rows(f) ? (double)conceptdec_i_columns_bytes(f->n, f->d) : 0;
    return bytes_beside(f) + fmax(scan, conceptdec_i_krylov_bytes(f->arena->ctx, &problem));
}

conceptdec_status
conceptdec_i_pca_krylov(conceptdec_i_pca_fit *f, const double *c)
{
    conceptdec_i_krylov_problem problem = problem_of(f);
    conceptdec_i_krylov_answer answer;
    problem.memory = f->options.memory - (int64_t)bytes_beside(f);
    double *scale;
    if (c) {
        problem.matrix = c;
        problem.stride = f->d;
    } else {
        CONCEPTDEC_I_TRY(prepare(f, &scale));
        problem.mean = f->shift;
        problem.scale = scale;
    }
    conceptdec_i_stage(f->arena->ctx, "components", 0);
    CONCEPTDEC_I_TRY(conceptdec_i_krylov(f->arena, &problem, &answer));
    f->values = answer.values;
    f->n_values = problem.components;
    f->pca->iterations = answer.iterations;
    f->pca->converged = 1;
    for (int64_t k = 0; k < f->r; k++)
        if (!(answer.residuals[k] <= f->options.tolerance))
            f->pca->converged = answer.converged;
    memcpy(f->pca->residual, answer.residuals, (size_t)f->r * sizeof(double));
    return conceptdec_i_pca_keep(f, answer.vectors);
}
