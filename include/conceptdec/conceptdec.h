/**
 * @file conceptdec.h
 * libconceptdec: how well can a concept be read from a neural network's activations, and is that more than chance?
 *
 * The one public header. Every function is re-entrant; a context and any handle that is not const may be used by one
 * thread at a time, const handles and matrix views may be shared. Every function that can fail returns a
 * conceptdec_status; on any status other than CONCEPTDEC_OK its outputs are untouched and nothing is leaked, and the
 * context holds a text that names the argument, the place and the limit. The library never prints, exits, installs a
 * signal handler or changes a setting of the process. Everything that it hands out is freed by the matching _free
 * function; every _free function accepts NULL.
 *
 * Shapes: n samples (rows) by d dimensions (columns). Sizes and indices are int64_t and start at 0; strides are bytes.
 */
#ifndef CONCEPTDEC_CONCEPTDEC_H
#define CONCEPTDEC_CONCEPTDEC_H

#include <stdint.h>

#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CONCEPTDEC_API __attribute__((visibility("default")))
#else
#define CONCEPTDEC_API
#endif

/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup status Status codes
 *  0 is success, errors are negative; numbers are never changed or used again. @{ */

/** What every fallible function returns. @since 0.1 */
typedef int32_t conceptdec_status;

#define CONCEPTDEC_OK 0
#define CONCEPTDEC_EINVAL (-1)       /**< an option has a value that does not exist, or two options exclude each
                                          other */
#define CONCEPTDEC_ENULL (-2)        /**< NULL where a pointer is needed */
#define CONCEPTDEC_ESIZE (-3)        /**< a size is negative or zero, or two sizes disagree */
#define CONCEPTDEC_EDTYPE (-4)       /**< unknown dtype, or one that this argument cannot have */
#define CONCEPTDEC_ENONFINITE (-5)   /**< NaN or infinity; the text names the first place in row order */
#define CONCEPTDEC_ETOOFEW (-6)      /**< fewer samples than the question needs (n < 2) */
#define CONCEPTDEC_EK (-7)           /**< k < 1, or k >= n */
#define CONCEPTDEC_ELABEL (-8)       /**< a label below -1 or at or above the number of classes */
#define CONCEPTDEC_ESINGLECLASS (-9) /**< all labelled samples share one class */
#define CONCEPTDEC_EFOLDS (-10)      /**< fewer than 2 folds, or more folds than members or groups to fill them */
#define CONCEPTDEC_EGROUPS (-11)     /**< groups are missing, or leave nothing to compare with, or nothing to permute */
#define CONCEPTDEC_ENAME (-12)       /**< no result array of that name */
#define CONCEPTDEC_ESHALLOW (-13)    /**< the table is too shallow for a row and the matrix was not given */
#define CONCEPTDEC_EFEWELIGIBLE (-14) /**< strict: a row has fewer eligible neighbours than k */
#define CONCEPTDEC_ECLASSMISSING (-15) /**< a class has no row in a training part; the text names both */
#define CONCEPTDEC_ENOMEM (-20)      /**< memory is exhausted, or a stated memory limit would be passed */
#define CONCEPTDEC_EOVERFLOW (-21)   /**< sizes or strides whose product does not fit an address */
#define CONCEPTDEC_EIO (-22)         /**< a file cannot be opened, read or written */
#define CONCEPTDEC_EFORMAT (-23)     /**< a file is not what it should be, is damaged or comes from a later version */
#define CONCEPTDEC_EREAD (-24)       /**< a conceptdec_reader failed; the text has the rows and what it returned */
#define CONCEPTDEC_ESTRUCT_SIZE (-60) /**< struct_size is smaller than the first version of the struct, or above 4096 */
#define CONCEPTDEC_ESTRUCT_TAIL (-61) /**< the struct has fields set that this library does not know: too new */
#define CONCEPTDEC_ERESERVED (-62)   /**< a reserved field or an unknown flag is not zero */
#define CONCEPTDEC_ECANCELLED (-80)  /**< stopped by conceptdec_ctx_cancel() or by the progress callback */
#define CONCEPTDEC_EUNSUPPORTED (-81) /**< the library does not do this (a device pointer, say) */

/** Name of a status, such as "CONCEPTDEC_ENOMEM"; "unknown status" for other numbers. Never NULL, static.
 *  @since 0.1 */
CONCEPTDEC_API const char *conceptdec_status_name(conceptdec_status status);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup version Version
 *  @{ */

/** Version of the loaded library, "major.minor.patch"; static. @since 0.1 */
CONCEPTDEC_API const char *conceptdec_version(void);

/** The ABI number of the loaded library; a program built with another CONCEPTDEC_ABI_VERSION must not go on.
 *  @since 0.1 */
CONCEPTDEC_API int32_t conceptdec_abi_version(void);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup ctx Context
 *  A context owns the worker threads, the allocator, the text of the last error and the cancel flag. @{ */

typedef struct conceptdec_ctx conceptdec_ctx;

/** How far a call has come; handed to the progress callback. @since 0.1 */
typedef struct conceptdec_progress {
    uint64_t struct_size; /**< size of this struct in the library that calls */
    const char *stage;    /**< what is being done: "neighbors", "permutations", ...; static */
    int64_t done;         /**< units of this stage that are finished */
    int64_t total;        /**< units of this stage */
} conceptdec_progress;

/** Kernel sets, for conceptdec_ctx_options.kernel_mask. */
#define CONCEPTDEC_KERNEL_PORTABLE 1u      /**< C11 without intrinsics; always there */
#define CONCEPTDEC_KERNEL_AVX2 2u          /**< AVX2 + FMA + F16C */
#define CONCEPTDEC_KERNEL_AVX512 4u        /**< AVX-512 F, BW, DQ, VL */
#define CONCEPTDEC_KERNEL_AVXVNNI 8u       /**< int8 dot products, AVX-VNNI */
#define CONCEPTDEC_KERNEL_AVX512VNNI 16u   /**< int8 dot products, AVX-512 VNNI */
#define CONCEPTDEC_KERNEL_NEON_DOTPROD 32u /**< int8 dot products, Armv8.2 DotProd */

/** What the exact neighbour search screens with, for conceptdec_ctx_options.screening. Where the bound of the products
 *  turns out too loose for the data, the next wider ones are taken. */
#define CONCEPTDEC_SCREENING_AUTO 0u    /**< int8 where a sample of rows says that it pays, else float32 */
#define CONCEPTDEC_SCREENING_INT8 1u    /**< rows rotated and rounded to int8 */
#define CONCEPTDEC_SCREENING_FLOAT32 2u /**< float32 */
#define CONCEPTDEC_SCREENING_FLOAT64 3u /**< float64 */

/** Options of a context. Set struct_size to sizeof(conceptdec_ctx_options) and the rest to zero, then what you need.
 *  `given`: bit i says that field i (counted after `given`, from 0) is meant even where it is zero. @since 0.1 */
typedef struct conceptdec_ctx_options {
    uint64_t struct_size;
    uint64_t given;
    /** 0: Allocator: returns memory for `size` bytes (any alignment) or NULL. NULL: malloc. Never called by two threads
     *  at once for one context. Set both hooks or none. Handles and results made with a context call them after it is
     *  freed, too. */
    void *(*allocate)(void *user, uint64_t size);
    /** 1: Gives back what `allocate` returned; never called with NULL. */
    void (*release)(void *user, void *memory);
    /** 2: First argument of the two hooks. */
    void *allocator_user;
    /** 3: The host's threads: must call body(argument, lane) once for every lane in 0..lanes-1, on any threads and in
     *  any order, and return when all are done. NULL: the context starts threads of its own when first needed. */
    void (*parallel_for)(void *user, int64_t lanes, void (*body)(void *argument, int64_t lane), void *argument);
    /** 4: First argument of parallel_for. */
    void *parallel_user;
    /** 5: Progress: called on the calling thread only, at most 20 times a second; must return 1 to go on, anything else
     *  stops the call with CONCEPTDEC_ECANCELLED. Must not unwind (no exception, no longjmp). */
    int32_t (*progress)(void *user, const conceptdec_progress *progress);
    /** 6: First argument of progress. */
    void *progress_user;
    /** 7: Threads to use, the calling one included, 1 to 1024. 0: as many as the process may run on (affinity and
     *  control group). Results are the same bits for any number. */
    int32_t threads;
    /** 8: Kernel sets that may be used, CONCEPTDEC_KERNEL_*; 0: all that the processor has. */
    uint32_t kernel_mask;
    /** 9: Products that the exact neighbour search screens with at first, CONCEPTDEC_SCREENING_*; the answer is the
     *  same with all of them. 0: the fastest for the data, found by counting on a sample. */
    uint32_t screening;
    /** 10: Must be 0. */
    uint32_t reserved;
} conceptdec_ctx_options;

/** Makes a context. @param options NULL: defaults. @param[out] ctx the new context.
 *  Errors: ENULL, ESTRUCT_SIZE, ESTRUCT_TAIL, EINVAL, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_ctx_new(const conceptdec_ctx_options *options, conceptdec_ctx **ctx);

/** Ends the threads of a context and frees it. Results and handles made with it stay valid. @since 0.1 */
CONCEPTDEC_API void conceptdec_ctx_free(conceptdec_ctx *ctx);

/** Text of the last error of this context, "" where there was none; valid until the next call with the context.
 *  @since 0.1 */
CONCEPTDEC_API const char *conceptdec_ctx_error(const conceptdec_ctx *ctx);

/** Asks the call that runs with this context to stop with CONCEPTDEC_ECANCELLED; where none runs, the next one stops
 *  at its start. The one function that any thread, and a signal handler, may call at any time. @since 0.1 */
CONCEPTDEC_API void conceptdec_ctx_cancel(conceptdec_ctx *ctx);

/** Takes back a conceptdec_ctx_cancel() that no call has seen yet. @since 0.1 */
CONCEPTDEC_API void conceptdec_ctx_clear_cancel(conceptdec_ctx *ctx);

/** Number of threads that the context uses. @since 0.1 */
CONCEPTDEC_API int32_t conceptdec_ctx_threads(const conceptdec_ctx *ctx);

/** What this library is and runs on, as one JSON object: "version", "abi", "compiler", "kernel" (in use by this
 *  context), "kernels" (that the processor has), "threads", "blas" {"name", "config", "core", "threads", "self_test"},
 *  and "warnings", an array of texts, such as a BLAS that runs below what the processor can do. The text belongs to the
 *  context. Errors: ENULL, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_ctx_build_info(conceptdec_ctx *ctx, const char **json);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup matrix Matrix views
 *  @{ */

/** Element types. Activations: the floating ones; labels, groups and masks: the integer ones. */
#define CONCEPTDEC_FLOAT64 1
#define CONCEPTDEC_FLOAT32 2
#define CONCEPTDEC_FLOAT16 3  /**< IEEE binary16 */
#define CONCEPTDEC_BFLOAT16 4 /**< the upper half of a binary32 */
#define CONCEPTDEC_INT32 16
#define CONCEPTDEC_INT64 17

/** The rows come from a reader: `data` points to a conceptdec_reader, and both strides are 0 or those of dense rows. */
#define CONCEPTDEC_MATRIX_READER 1u

/** Where the rows of a matrix come from that does not lie in memory: a file, a store, a network. May be given for the
 *  activations of every function (`x`, `queries`, views, the two sides of an alignment); for labels, targets, weights
 *  and starts it is EUNSUPPORTED. The results are those of the same rows in memory, bit for bit. Rows of up to 64 MiB
 *  in all are kept while a call goes on, and as a rule asked for once, in blocks of 64 KiB or one row. Of more rows no
 *  more than a block for each thread is kept: they are asked for several times, in blocks where the work goes through
 *  them in order, and one by one or a few together at the end of a search. See conceptdec_ctx_options for struct_size
 *  and given. @since 0.1 */
typedef struct conceptdec_reader {
    uint64_t struct_size;
    uint64_t given;
    /** 0: Writes rows first .. first + count - 1 (1 <= count, first + count <= rows of the matrix) to `rows`, one
     *  behind the other without gaps, in C order and the matrix' dtype; `rows` may be at any address. Returns 0;
     *  anything else ends the call with CONCEPTDEC_EREAD. Called by several threads at once, the library's own among
     *  them, with any rows, any number of times; the same row must have the same bytes each time. Must not use the
     *  context, nor unwind (no exception, no longjmp). */
    int32_t (*read)(void *user, int64_t first, int64_t count, void *rows);
    /** 1: First argument of read. */
    void *user;
} conceptdec_reader;

/** A view of somebody else's memory; nothing is copied and nothing is written. The struct is frozen: it never grows.
 *  Element (i, j) starts at data + i * row_stride + j * col_stride; strides may be negative or zero, and no alignment
 *  is needed. device and reserved must be 0, and flags 0 or CONCEPTDEC_MATRIX_READER. @since 0.1 */
typedef struct conceptdec_matrix {
    const void *data;   /**< element (0, 0), or a conceptdec_reader */
    int64_t rows;
    int64_t cols;
    int64_t row_stride; /**< bytes from a row to the next */
    int64_t col_stride; /**< bytes from a column to the next */
    int32_t dtype;      /**< CONCEPTDEC_FLOAT64 ... */
    int32_t device;     /**< 0: host memory; anything else is refused with EUNSUPPORTED */
    uint64_t flags;     /**< CONCEPTDEC_MATRIX_* */
    uint64_t reserved[2];
} conceptdec_matrix;

/** An array that the library owns: dense, C order, float64 or int64. Frozen. @since 0.1 */
typedef struct conceptdec_array {
    const void *data;
    int64_t shape[8]; /**< the first ndim count */
    int32_t ndim;     /**< 0: a single number */
    int32_t dtype;    /**< CONCEPTDEC_FLOAT64 or CONCEPTDEC_INT64 */
} conceptdec_array;

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup result Results
 *  Every metric returns named arrays in one opaque object. A new output is a new name. @{ */

typedef struct conceptdec_result conceptdec_result;

/* Names. K: the number of k asked for, C: classes, P: permutations. With L > 1 label sets every array that depends on
 * the labels has L as its first axis. For a sweep the axes of the grid stand in front of everything. */
#define CONCEPTDEC_R_K "k"                           /**< int64 (K): the k asked for, in the order asked */
#define CONCEPTDEC_R_CLASSES "classes"               /**< int64 (C): 0..C-1 */
#define CONCEPTDEC_R_DECODABILITY "decodability"     /**< (K): mean credit over the scored samples */
#define CONCEPTDEC_R_PER_CONCEPT "per_concept"       /**< (K x C): mean credit of each class; NaN where none is
                                                          scored */
#define CONCEPTDEC_R_BALANCED "balanced"             /**< (K): mean of per_concept over the classes that have one */
#define CONCEPTDEC_R_CONFUSION "confusion"           /**< (K x C x C): true x predicted; tied predictions are shared */
#define CONCEPTDEC_R_CHANCE_UNIFORM "chance_uniform" /**< (): 1/C over the classes present */
#define CONCEPTDEC_R_CHANCE_MAJORITY "chance_majority" /**< (): largest share of a class among the scored samples */
#define CONCEPTDEC_R_CHANCE_NULL "chance_null"       /**< (K): mean of the permutation null */
#define CONCEPTDEC_R_KAPPA "kappa"                   /**< (K): (decodability - chance_null) / (1 - chance_null) */
#define CONCEPTDEC_R_LABEL_OVERLAP "label_overlap"   /**< (K): mean share of the neighbours that have the sample's
                                                          label */
#define CONCEPTDEC_R_TIE_RATE "tie_rate"             /**< (K): share of samples whose vote is tied between classes */
#define CONCEPTDEC_R_BOUNDARY_TIE_RATE "boundary_tie_rate" /**< (K): share of samples with rows tied across rank k,
                                                                whatever the rule for them */
#define CONCEPTDEC_R_N_SCORED "n_scored"             /**< int64 (): samples that have a score */
#define CONCEPTDEC_R_N_IGNORED "n_ignored"           /**< int64 (): samples with label -1 */
#define CONCEPTDEC_R_N_UNSCORED "n_unscored"         /**< int64 (): labelled test samples without one eligible
                                                          neighbour */
#define CONCEPTDEC_R_N_SHORT "n_short"               /**< int64 (K): scored samples with fewer than k eligible
                                                          neighbours */
#define CONCEPTDEC_R_N_ZERO_ROWS "n_zero_rows"       /**< int64 (): all-zero rows under the cosine metric */
#define CONCEPTDEC_R_CLASS_COUNT "class_count"       /**< int64 (C): scored samples of each class */
#define CONCEPTDEC_R_UNDECODABLE "undecodable"       /**< int64 (C): 1 where a class has no other member to be found */
#define CONCEPTDEC_R_P_VALUE "p_value"               /**< (K): (1 + #{null >= observed}) / (1 + P) */
#define CONCEPTDEC_R_NULL "null"                     /**< (P x K): decodability under each permutation */
#define CONCEPTDEC_R_CI_LOW "ci_low"                 /**< (K): lower end of the bootstrap interval */
#define CONCEPTDEC_R_CI_HIGH "ci_high"               /**< (K): upper end of the bootstrap interval */
#define CONCEPTDEC_R_BOOTSTRAP_BIAS "bootstrap_bias" /**< mean of the bootstrap's draws less the value, where the
                                                          interval is shifted by it: overlap and similarity */
#define CONCEPTDEC_R_FOLD "fold"                     /**< int64 (n): fold of each sample, -1 without one; k-fold only */
#define CONCEPTDEC_R_STATUS "status"                 /**< int64 (grid): conceptdec_status of each cell; sweep only */
#define CONCEPTDEC_R_DIFFERENCE "difference"         /**< (grid x K): decodability (of probes accuracy) less that of the
                                                          cell before it on the last grid axis; NaN for the first; sweep
                                                          only */
#define CONCEPTDEC_R_DIFFERENCE_LOW "difference_low" /**< (grid x K): paired bootstrap interval, lower end */
#define CONCEPTDEC_R_DIFFERENCE_HIGH "difference_high" /**< (grid x K): paired bootstrap interval, upper end */

/* Names of probes. A: the number of lambdas (1 for kinds without), C: classes, B: columns of a probe (C; 1 for two
 * classes), F: folds (parts that are scored), P: permutations, T: targets. Scores are out of fold. Names above that
 * probes share have A in the place of K: per_concept, balanced, confusion, chance_*, kappa, tie_rate, n_scored,
 * n_ignored, class_count, p_value, null, ci_low, ci_high, fold. */
#define CONCEPTDEC_R_ACCURACY "accuracy"             /**< (A): mean credit over the scored samples */
#define CONCEPTDEC_R_LAMBDA "lambda_"                /**< (A): penalties, in the order asked; NaN for kinds without */
#define CONCEPTDEC_R_PER_FOLD "per_fold"             /**< (A x F): accuracy in each test part */
#define CONCEPTDEC_R_CHANCE "chance"                 /**< (): accuracy of always saying the largest class:
                                                          chance_majority */
#define CONCEPTDEC_R_MACRO_F1 "macro_f1"             /**< (A): mean over the classes present of 2 TP / (2 TP + FP +
                                                          FN) */
#define CONCEPTDEC_R_LOG_LOSS "log_loss"             /**< (A): mean of -log2 posterior of the true class, bits; NaN for
                                                          ridge */
#define CONCEPTDEC_R_AUROC "auroc"                   /**< (A x C): one class against the rest; NaN where either is
                                                          absent */
#define CONCEPTDEC_R_AVERAGE_PRECISION "average_precision" /**< (A x C): over distinct scores; NaN without positives */
#define CONCEPTDEC_R_CALIBRATION_ERROR "calibration_error" /**< (A): expected calibration error, 15 bins; NaN for
                                                                ridge */
#define CONCEPTDEC_R_POSTERIOR "posterior"           /**< (A x n x C): of each scored sample out of fold, else NaN; not
                                                          ridge */
#define CONCEPTDEC_R_DECISION "decision"             /**< (A x n x B): decision values out of fold, else NaN */
#define CONCEPTDEC_R_PREDICTED "predicted"           /**< int64 (A x n): the class with the largest value (of several
                                                          the smallest); -1 where not scored */
#define CONCEPTDEC_R_CONVERGED "converged"           /**< int64 (A): 1 where every fit of this lambda has converged */
#define CONCEPTDEC_R_ITERATIONS "iterations"         /**< int64 (A x F+1): Newton steps of each fold's fit and of that
                                                          on all rows; 0 for closed forms */
#define CONCEPTDEC_R_DECREMENT "decrement"           /**< (A x F+1): half the squared Newton decrement at the last
                                                          step */
#define CONCEPTDEC_R_OBJECTIVE "objective"           /**< (A x F+1): what was minimised, at the end; NaN for closed
                                                          forms */
#define CONCEPTDEC_R_WEIGHTS "weights"               /**< (A x B x d): of the fit on all rows, in the space of the
                                                          input */
#define CONCEPTDEC_R_BIAS "bias"                     /**< (A x B) */
#define CONCEPTDEC_R_V_INFORMATION_BITS "v_information_bits" /**< (A): mean of pvi_bits; may be negative; NaN for
                                                                  ridge */
#define CONCEPTDEC_R_PVI_BITS "pvi_bits"             /**< (A x n): log2 posterior - log2 prior of the true class, the
                                                          prior that of the training part; NaN where not scored */
#define CONCEPTDEC_R_SELECTED "selected"             /**< int64 (F): with nested selection, which lambda each fold
                                                          chose */
#define CONCEPTDEC_R_NESTED_ACCURACY "nested_accuracy" /**< (): accuracy with the lambda chosen inside the training
                                                            part */
#define CONCEPTDEC_R_CONTROL_ACCURACY "control_accuracy" /**< (A x draws): accuracy on each control task */
#define CONCEPTDEC_R_SELECTIVITY "selectivity"       /**< (A): accuracy less the mean of control_accuracy */
#define CONCEPTDEC_R_CODELENGTH_BITS "codelength_bits" /**< (A): online code of all labels, bits */
#define CONCEPTDEC_R_COMPRESSION "compression"       /**< (A): n log2 C / codelength_bits */
#define CONCEPTDEC_R_N_MISSING_TRAIN "n_missing_train" /**< int64 (F): classes without a training row (skipped on
                                                            request) */
#define CONCEPTDEC_R_N_MISSING_TEST "n_missing_test" /**< int64 (F): classes without a test row */
#define CONCEPTDEC_R_N_DUPLICATES "n_duplicates"     /**< int64 (): scored rows of which a training row of theirs is a
                                                          copy */
#define CONCEPTDEC_R_SHRINKAGE "shrinkage"           /**< (A x F+1): of each covariance; LDA only */
#define CONCEPTDEC_R_R2 "r2"                         /**< (A): mean of per_target over the targets that have one */
#define CONCEPTDEC_R_PER_TARGET "per_target"         /**< (A x T): 1 - residual / total sum of squares over all scored
                                                          rows, out of fold; NaN for a constant target */

/* Names of projections. m: rows asked about, r: components, K: neighbourhood sizes. */
#define CONCEPTDEC_R_TRANSFORMED "transformed"       /**< (m x r): coordinates of the rows */
#define CONCEPTDEC_R_RECONSTRUCTED "reconstructed"   /**< (m x d): rows of these coordinates */
#define CONCEPTDEC_R_ROTATION "rotation"             /**< (r x r): orthogonal */
#define CONCEPTDEC_R_SCALE "scale"                   /**< (): what the turned rows are multiplied by */
#define CONCEPTDEC_R_DISPARITY "disparity"           /**< (): what is left, of the reference's sum of squares */
#define CONCEPTDEC_R_EMBEDDING "embedding"           /**< (views x n x r) */
#define CONCEPTDEC_R_TRUSTWORTHINESS "trustworthiness" /**< (K): 1 less the ranks by which neighbours in the picture are
                                                            none */
#define CONCEPTDEC_R_CONTINUITY "continuity"         /**< (K): the same with the spaces swapped */
#define CONCEPTDEC_R_KNN_PRESERVATION "knn_preservation" /**< (K): mean share of the k neighbours that stay
                                                              neighbours */
#define CONCEPTDEC_R_R_NX "r_nx"                     /**< (K): ((n - 1) knn_preservation - k) / (n - 1 - k): 0 for
                                                          chance */
#define CONCEPTDEC_R_DECODABILITY_EMBEDDED "decodability_embedded" /**< (K): as decodability, in the embedding */

/** Gets an array by name. @param[out] array describes memory that belongs to the result.
 *  Errors: ENULL, ENAME. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_result_get(const conceptdec_result *result, const char *name,
                                                       conceptdec_array *array);

/** Gets the first element of an array as a double (the only one of a scalar; that of the first k for a list).
 *  Errors: ENULL, ENAME, ESIZE (an array without elements). @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_result_scalar(const conceptdec_result *result, const char *name,
                                                          double *value);

/** Number of arrays. @since 0.1 */
CONCEPTDEC_API int64_t conceptdec_result_count(const conceptdec_result *result);

/** Name of array `index`, 0..count-1; NULL outside. @since 0.1 */
CONCEPTDEC_API const char *conceptdec_result_name(const conceptdec_result *result, int64_t index);

/** Text of the error of cell `cell` of a sweep (row-major in the grid), "" where it succeeded or does not exist.
 *  @since 0.1 */
CONCEPTDEC_API const char *conceptdec_result_message(const conceptdec_result *result, int64_t cell);

/** The whole result as one JSON object: "schema_version", "capability", "values" (every array as nested lists, NaN as
 *  null), "options" (each as resolved), "provenance" (version, kernel, BLAS name and core, threads, seed),
 *  "diagnostics" (what may differ from run to run: times, counts of refined candidates), and for a sweep "messages".
 *  The text belongs to the result. Errors: ENULL, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_result_json(conceptdec_result *result, const char **json);

/** Frees a result. @since 0.1 */
CONCEPTDEC_API void conceptdec_result_free(conceptdec_result *result);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup neighbors Exact nearest neighbours
 *  @{ */

/** Distances. */
#define CONCEPTDEC_METRIC_L2 0     /**< Euclidean */
#define CONCEPTDEC_METRIC_COSINE 1 /**< 1 - cos, computed as half the squared distance of the normalised rows; a zero
                                        row has distance 1 to every row, and such rows are counted */

/** A table of exact nearest neighbours; immutable once made. */
typedef struct conceptdec_neighbors conceptdec_neighbors;

#define CONCEPTDEC_NEIGHBORS_STRICT 1u /**< a row with fewer than k eligible neighbours is an error, not counted */

/** Options of a neighbour search; see conceptdec_ctx_options for struct_size and given. @since 0.1 */
typedef struct conceptdec_neighbors_options {
    uint64_t struct_size;
    uint64_t given;
    int64_t k;                             /**< 0: neighbours of each row, 1..n-1; default 10 */
    const conceptdec_matrix *groups;       /**< 1: integers, n x 1: rows of one group are not each other's neighbours */
    const conceptdec_matrix *query_groups; /**< 2: the same for the queries; needs groups and queries */
    int32_t metric;                        /**< 3: CONCEPTDEC_METRIC_* */
    uint32_t flags;                        /**< 4: CONCEPTDEC_NEIGHBORS_STRICT */
} conceptdec_neighbors_options;

/** The k nearest rows of x for every row of x (a row is never its own neighbour, by its index) or of queries.
 *
 *  Exact: the table is that of distances computed directly in float64 on the given inputs, sum over j of (a_j - b_j)^2
 *  in one fixed order without fused operations, hence the same bits on every processor; ordered by (that sum, row); all
 *  rows that tie with the last one are known to the table. Single-precision tiles with a rigorous error bound choose
 *  the candidates (docs/screening.md). Identical rows are found first and cost nothing twice.
 *  Time O(n^2 d), half of it saved by symmetry without queries; memory O(n k) beside the input.
 *  @param x n x d activations, n >= 2 (n >= 1 with queries), float dtype. @param queries NULL, or q x d of any float
 *  dtype.
 *  @param options NULL: defaults. @param[out] neighbors the table.
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ETOOFEW, EK, EGROUPS, EFEWELIGIBLE, ENOMEM, EREAD, ESTRUCT_*,
 *  ERESERVED, EUNSUPPORTED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_neighbors_new(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                          const conceptdec_matrix *queries,
                                                          const conceptdec_neighbors_options *options,
                                                          conceptdec_neighbors **neighbors);

#define CONCEPTDEC_N_INDICES "indices"     /**< int64 (n x k): rows of x; -1 where a row has fewer eligible
                                                neighbours */
#define CONCEPTDEC_N_DISTANCES "distances" /**< float64 (n x k): Euclidean distance or 1 - cos; NaN beside -1 */
#define CONCEPTDEC_N_COUNT "count"         /**< int64 (n): neighbours listed, k or fewer */
#define CONCEPTDEC_N_TIES "ties"           /**< int64 (n): further rows at exactly the last listed distance */
#define CONCEPTDEC_N_N_REFINED "n_refined" /**< int64 (): distances computed in full; may differ from run to run */
#define CONCEPTDEC_N_SCREENING "screening" /**< int64 (): CONCEPTDEC_SCREENING_* of the products that the table was
                                                found with in the end; 0 for a table that was loaded, as is n_refined */

/** Gets one of the arrays CONCEPTDEC_N_*, made at the first call and kept; the memory belongs to the table. May be
 *  called by several threads at once. Errors: ENULL, ENAME, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_neighbors_get(const conceptdec_neighbors *neighbors, const char *name,
                                                          conceptdec_array *array);

/** All neighbours that the table knows for one row, those tied at the last distance included, ordered by (distance,
 *  row).
 *  @param capacity places in indices and distances (either may be NULL); at most that many are written.
 *  @param[out] count how many there are. Errors: ENULL, ESIZE, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_neighbors_row(const conceptdec_neighbors *neighbors, int64_t row,
                                                          int64_t capacity, int64_t *indices, double *distances,
                                                          int64_t *count);

/** Writes a table to a file (versioned, little-endian, with a checksum): to a temporary file beside it first, which
 *  then takes its name, so that no half-written table is left. Errors: ENULL, EIO, ENOMEM, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_neighbors_save(conceptdec_ctx *ctx, const conceptdec_neighbors *neighbors,
                                                           const char *path);

/** Reads a table; every size and index is checked. Errors: ENULL, EIO, EFORMAT, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_neighbors_load(conceptdec_ctx *ctx, const char *path,
                                                           conceptdec_neighbors **neighbors);

/** Frees a table. @since 0.1 */
CONCEPTDEC_API void conceptdec_neighbors_free(conceptdec_neighbors *neighbors);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup knn k-NN decodability
 *  @{ */

/** Which rows may be neighbours of a test row. */
#define CONCEPTDEC_PROTOCOL_LOO 0            /**< every row but itself */
#define CONCEPTDEC_PROTOCOL_GROUP 1          /**< every row of another group */
#define CONCEPTDEC_PROTOCOL_KFOLD 2          /**< every row of another fold; folds are stratified, and keep groups whole
                                                  where groups are given */
#define CONCEPTDEC_PROTOCOL_SPLIT 3          /**< test rows are scored against training rows; needs train */
#define CONCEPTDEC_PROTOCOL_RESUBSTITUTION 4 /**< every row, itself included: too optimistic, to reproduce others'
                                                  numbers */

/** What a neighbour's vote weighs. */
#define CONCEPTDEC_WEIGHTS_UNIFORM 0
#define CONCEPTDEC_WEIGHTS_DISTANCE 1 /**< 1 / distance; where some distances are 0, those weigh 1 and the rest 0 */
#define CONCEPTDEC_WEIGHTS_SOFTMAX 2  /**< exp(cos / temperature); needs the cosine metric */
#define CONCEPTDEC_WEIGHTS_BALANCED 3 /**< 1 / number of voting rows of the neighbour's class */

/** What happens where several classes have the most votes. */
#define CONCEPTDEC_TIES_FRACTIONAL 0 /**< each gets an equal share of the sample */
#define CONCEPTDEC_TIES_SMALLEST 1   /**< the smallest label (scikit-learn) */
#define CONCEPTDEC_TIES_NEAREST 2    /**< the one whose nearest member is closest; a share each where these tie too */

/** What happens where the k-th distance is shared by more rows than there are places left. */
#define CONCEPTDEC_BOUNDARY_SHARE 0 /**< they share the places: each counts (k - closer) / tied */
#define CONCEPTDEC_BOUNDARY_INDEX 1 /**< the lowest rows take them: the score then depends on the order of the rows */

/** How labels are permuted for the null. */
#define CONCEPTDEC_PERMUTE_FREE 0   /**< among all labelled rows */
#define CONCEPTDEC_PERMUTE_WITHIN 1 /**< among the rows of each group */
#define CONCEPTDEC_PERMUTE_WHOLE 2  /**< whole groups: labels that are constant within groups go to other groups; else
                                         blocks of labels are exchanged between groups of one size */

#define CONCEPTDEC_KNN_STRICT 1u       /**< a row with fewer than k eligible neighbours is an error, not counted */
#define CONCEPTDEC_KNN_UNSTRATIFIED 2u /**< folds ignore the labels */
#define CONCEPTDEC_KNN_NO_CONFUSION 4u /**< leave the confusion matrix out (K C^2 numbers) */

/** Options of k-NN decodability; see conceptdec_ctx_options for struct_size and given. One that would have no effect
 *  beside the others (folds under another protocol, temperature of other weights, confidence without bootstrap, ...) is
 *  EINVAL.
 *  @since 0.1 */
typedef struct conceptdec_knn_options {
    uint64_t struct_size;
    uint64_t given;
    const int64_t *ks;               /**< 0: a list of k, each 1..n-1; NULL: k alone */
    int64_t n_ks;                    /**< 1: its length */
    int64_t k;                       /**< 2: default 10 */
    const conceptdec_matrix *groups; /**< 3: integers, n x 1 (prompt, document, sentence of each row). Only the group
                                          and k-fold protocols leave groups out; beside others they are for bootstrap
                                          and permute alone, and EINVAL without these */
    const conceptdec_matrix *train;  /**< 4: integers, n x 1: 1 marks a training row, 0 a test row; split only */
    int64_t classes;                 /**< 5: number of classes; default: the largest label + 1; at most 65536 (else
                                          ESIZE) */
    int64_t folds;                   /**< 6: of the k-fold protocol; default 5 */
    int64_t permutations;            /**< 7: draws of the null that are reported; default 0 */
    int64_t bootstrap;               /**< 8: draws of the bootstrap over groups (rows, where there are none); default
                                          0 */
    int64_t chance_draws;            /**< 9: draws for chance_null where permutations is 0; default 200; 0 if given:
                                          none, chance_null and kappa are then NaN; EINVAL beside permutations */
    uint64_t seed;                   /**< 10: of folds, permutations and bootstrap; default 0 */
    double confidence;               /**< 11: of the bootstrap interval, in (0, 1); default 0.95 */
    double temperature;              /**< 12: of the softmax vote, > 0; default 0.07 */
    int32_t metric;                  /**< 13: CONCEPTDEC_METRIC_* */
    int32_t protocol;                /**< 14: CONCEPTDEC_PROTOCOL_* */
    int32_t weights;                 /**< 15: CONCEPTDEC_WEIGHTS_* */
    int32_t ties;                    /**< 16: CONCEPTDEC_TIES_* */
    int32_t boundary;                /**< 17: CONCEPTDEC_BOUNDARY_* */
    int32_t permute;                 /**< 18: CONCEPTDEC_PERMUTE_* */
    uint32_t flags;                  /**< 19: CONCEPTDEC_KNN_* */
    uint32_t reserved;               /**< 20: must be 0 */
} conceptdec_knn_options;

/** How well labels can be read from activations by k-NN classification (concept decodability; Han, Song, Gore, Agrawal,
 *  arXiv 2412.12276).
 *
 *  Every sample is predicted from its k nearest eligible rows; its credit is 1 for a right prediction, 1/t where t
 *  classes tie and its own is among them, else 0; decodability is the mean credit. The result does not depend on the
 *  order of the rows or the numbering of the classes (with the default ties and boundary). Chance is three numbers:
 *  1/C, the largest class share, and the mean of a permutation null, against which kappa is taken. All k, label sets
 *  and permutations are read from one neighbour table: time O(n^2 d) for the table, then O(n k) for each permutation
 *  and label set. Definitions and sources: docs/definitions.md.
 *  @param x n x d activations. @param labels integers, n x L, 0..C-1; -1: the sample neither scores nor votes.
 *  @param options NULL: defaults. @param[out] result arrays CONCEPTDEC_R_*.
 *  Errors: those of conceptdec_neighbors_new() and ELABEL, ESINGLECLASS, EFOLDS, EINVAL. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_knn_decodability(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                             const conceptdec_matrix *labels,
                                                             const conceptdec_knn_options *options,
                                                             conceptdec_result **result);

/** The same from a table made by conceptdec_neighbors_new() without queries. Every score equals that of a fresh search:
 *  rows for which the table is too shallow (a larger k, rows left out by folds, groups or label -1) are searched anew
 *  in x. The metric is that of the table.
 *  @param x the matrix of the table (one that is seen to hold other values is EINVAL), or NULL: a row for which the
 *  table is too shallow is then an error (ESHALLOW).
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_knn_decodability_neighbors(conceptdec_ctx *ctx,
                                                                       const conceptdec_neighbors *neighbors,
                                                                       const conceptdec_matrix *x,
                                                                       const conceptdec_matrix *labels,
                                                                       const conceptdec_knn_options *options,
                                                                       conceptdec_result **result);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup probe Linear probes
 *  @{ */

/** What is fitted. A sample's classes have decision values f = W x + b; two classes share one column, positive for
 *  class 1. Formulas and sources: docs/definitions.md. */
#define CONCEPTDEC_PROBE_LOGISTIC 0        /**< multinomial logistic regression with an L2 penalty */
#define CONCEPTDEC_PROBE_RIDGE 1           /**< least squares on targets -1 and 1 (one against the rest) with an L2
                                                penalty */
#define CONCEPTDEC_PROBE_LDA 2             /**< linear discriminant analysis with one pooled, shrunk covariance */
#define CONCEPTDEC_PROBE_MEAN_DIFFERENCE 3 /**< mean of the class less mean of the rest, threshold halfway (mass
                                                mean) */
#define CONCEPTDEC_PROBE_NEAREST_MEAN 4    /**< the class whose mean is nearest */

/** In which units dimensions enter a probe that is not invariant to them. */
#define CONCEPTDEC_STANDARDIZE_NONE 0
#define CONCEPTDEC_STANDARDIZE_GLOBAL 1 /**< mean 0, variance 1 (population) over all labelled rows, once */
#define CONCEPTDEC_STANDARDIZE_FOLD 2   /**< over the training rows of each fold: nothing of the test rows leaks */

/** Covariance of LDA: S + shrinkage (tr(S) / d I - S). */
#define CONCEPTDEC_COVARIANCE_LEDOIT_WOLF 0 /**< shrinkage by Ledoit and Wolf (2004), of the pooled within-class rows */
#define CONCEPTDEC_COVARIANCE_POOLED 1      /**< none */
#define CONCEPTDEC_COVARIANCE_FIXED 2       /**< as given */

#define CONCEPTDEC_PROBE_BALANCED 1u     /**< rows of class c weigh n / (C n_c) of the training part */
#define CONCEPTDEC_PROBE_SKIP_MISSING 2u /**< a class without a training row of a weight above 0 is left out of that
                                              part and counted; stratified folds may be more than the members of a
                                              class */
#define CONCEPTDEC_PROBE_UNSTRATIFIED 4u /**< folds ignore the labels */
#define CONCEPTDEC_PROBE_NESTED 8u       /**< also choose lambda inside each training part, by folds of its own */
#define CONCEPTDEC_PROBE_MDL 16u         /**< also the online code length */
#define CONCEPTDEC_PROBE_NO_SAMPLES 32u  /**< leave out arrays with an entry for each sample: posterior, decision,
                                              ... */
#define CONCEPTDEC_PROBE_NO_FIT 64u      /**< leave out the fit on all rows: weights, bias */

/** Options of a linear probe; see conceptdec_ctx_options for struct_size and given. One that would have no effect
 *  beside the others (permute without permutations, folds of a split, tolerance of a closed form, ...) is EINVAL.
 *  @since 0.1 */
typedef struct conceptdec_probe_options {
    uint64_t struct_size;
    uint64_t given;
    const double *lambdas;           /**< 0: penalties, above 0 (logistic) or at least 0 (ridge); NULL: 1 / n, which is
                                          scikit-learn's C = 1 and alpha = 1, n the labelled rows of the first label set
                                          (the sum of their weights) */
    int64_t n_lambdas;               /**< 1: their number; other kinds take none */
    const conceptdec_matrix *groups; /**< 2: integers, n x 1: rows of a group stay in one fold, and are drawn together.
                                          Only the group protocol and folds leave groups out; beside others they are
                                          for bootstrap and permute alone, and EINVAL without these */
    const conceptdec_matrix *train;  /**< 3: integers, n x 1: 1 marks a training row, 0 a test row; split only */
    const conceptdec_matrix *weights; /**< 4: floats, n x 1, at least 0: weights of the rows in the fits, not in the
                                           scores */
    const conceptdec_matrix *types;  /**< 5: integers, n x 1: rows of one type get one label in a control task;
                                          only with control */
    int64_t classes;                 /**< 6: number of classes, at most 4,096; default: the largest label + 1 */
    int64_t folds;                   /**< 7: of the k-fold protocol and of nested selection; default 5 */
    int64_t permutations;            /**< 8: draws of the null; default 0 */
    int64_t bootstrap;               /**< 9: draws of the bootstrap over groups (rows, where there are none); default
                                          0 */
    int64_t control;                 /**< 10: control tasks (needs types); default 0 */
    int64_t max_iterations;          /**< 11: Newton steps of a logistic fit; default 100 */
    int64_t memory;                  /**< 12: bytes of working memory beside the input and the result; default 2^30. It
                                          bounds coordinates, labels and roles of rows (n for each part and label set),
                                          decision values and posteriors of all lambdas, labels that are drawn, the
                                          solver, and the buffers of threads, but not their stacks, what LAPACK takes
                                          by itself, and the blocks of a reader. What cannot fit is ENOMEM with the
                                          bytes that are needed; whether little is enough can depend on the number of
                                          threads */
    uint64_t seed;                   /**< 13: of folds, permutations, control tasks, the order of the code; default 0 */
    double confidence;               /**< 14: of the bootstrap interval, in (0, 1); default 0.95 */
    double tolerance;                /**< 15: logistic: converged is half the squared Newton decrement at or below it;
                                          default 1e-12 */
    double shrinkage;                /**< 16: in [0, 1]; covariance "fixed" only */
    int32_t kind;                    /**< 17: CONCEPTDEC_PROBE_LOGISTIC ... */
    int32_t protocol;                /**< 18: CONCEPTDEC_PROTOCOL_*; default k-fold; leave-one-out, which is 0, for
                                          closed forms only, and with bit 18 of `given` set (1u << 18): without it 0
                                          is the default */
    int32_t standardize;             /**< 19: CONCEPTDEC_STANDARDIZE_* */
    int32_t covariance;              /**< 20: CONCEPTDEC_COVARIANCE_* */
    int32_t permute;                 /**< 21: CONCEPTDEC_PERMUTE_*; only with permutations */
    uint32_t flags;                  /**< 22: CONCEPTDEC_PROBE_BALANCED ... */
} conceptdec_probe_options;

/** How well labels can be read from activations by a linear map that is fitted to other samples.
 *
 *  Logistic: the minimum of the weighted mean of -ln posterior + lambda / 2 |W|^2, intercepts free, by Newton steps
 *  whose equations are solved by preconditioned conjugate gradients for all folds, lambdas, classes and permutations at
 *  once; gradients in float64. It equals scikit-learn's at lambda = 1 / (C n). A fit that has not converged says so.
 *  Ridge: the minimum of the weighted mean of (t - f)^2 / 2 + lambda / 2 |W|^2, intercept free; lambda = alpha / n.
 *  Input of float32 and narrower is centred in float64 and rounded to float32 once.
 *  Time: O(n d min(n, d)) once, then O(n min(n, d)) for each column and iteration. Memory: options->memory.
 *  @param x n x d activations. @param labels integers, n x L, 0..C-1; -1: the sample plays no part.
 *  @param options NULL: defaults. @param[out] result arrays CONCEPTDEC_R_*; with L > 1 label sets L is the first axis.
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ETOOFEW, ELABEL, ESINGLECLASS, EFOLDS, EGROUPS, ECLASSMISSING,
 *  EINVAL, ENOMEM, EREAD, ESTRUCT_*, ERESERVED, EUNSUPPORTED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_probe(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                  const conceptdec_matrix *labels,
                                                  const conceptdec_probe_options *options, conceptdec_result **result);

/** How well continuous concepts can be read: ridge regression of each target, scored out of fold by R^2.
 *  @param targets floats, n x T, finite; EOVERFLOW where one is above 1e150 in size, or a target that is not constant
 *  below 1e-150 throughout. @param options as above; kind must be 0, and what is about classes is EINVAL.
 *  @param[out] result r2, per_target, lambda_, decision (the predictions), weights (A x T x d), bias (A x T), fold,
 *  n_scored.
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_probe_regression(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                             const conceptdec_matrix *targets,
                                                             const conceptdec_probe_options *options,
                                                             conceptdec_result **result);

/** A fitted probe; immutable once made. */
typedef struct conceptdec_probe_model conceptdec_probe_model;

/** Fits one probe to all labelled rows (with train: to the training rows). @param labels n x 1. @param options one
 *  lambda at most; what is about scores is EINVAL. A fit that has not converged is a model that says so.
 *  Errors: those of conceptdec_probe(). @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_probe_model_new(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                            const conceptdec_matrix *labels,
                                                            const conceptdec_probe_options *options,
                                                            conceptdec_probe_model **model);

/** Gets one of the arrays of a model: weights (B x d), bias (B), classes (C), lambda_ (), converged (), iterations (),
 *  decrement (), objective (), kind (). The memory belongs to the model. Errors: ENULL, ENAME. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_probe_model_get(const conceptdec_probe_model *model, const char *name,
                                                            conceptdec_array *array);
#define CONCEPTDEC_R_KIND "kind" /**< int64 (): CONCEPTDEC_PROBE_LOGISTIC ... */

/** What a probe says of other rows: decision (m x B), predicted (m), and, but for ridge, posterior (m x C).
 *  @param x m x d. Errors: ENULL, ESIZE (another d), EDTYPE, ENONFINITE, EOVERFLOW, ENOMEM, EREAD, ECANCELLED. @since
 *  0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_probe_model_predict(conceptdec_ctx *ctx,
                                                                const conceptdec_probe_model *model,
                                                                const conceptdec_matrix *x, conceptdec_result **result);

/** The scores of a probe on other rows (another layer, another model: transfer): accuracy, per_concept, balanced,
 *  macro_f1, log_loss, auroc, average_precision, calibration_error, confusion, n_scored. @param labels m x 1, -1: not
 *  scored.
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_probe_model_score(conceptdec_ctx *ctx, const conceptdec_probe_model *model,
                                                              const conceptdec_matrix *x,
                                                              const conceptdec_matrix *labels,
                                                              conceptdec_result **result);

/** Writes a model to a file (versioned, little-endian, with a checksum), by way of a temporary file beside it.
 *  Errors: ENULL, EIO, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_probe_model_save(conceptdec_ctx *ctx, const conceptdec_probe_model *model,
                                                             const char *path);

/** Reads a model; every size and value is checked. Errors: ENULL, EIO, EFORMAT, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_probe_model_load(conceptdec_ctx *ctx, const char *path,
                                                             conceptdec_probe_model **model);

/** Frees a model. @since 0.1 */
CONCEPTDEC_API void conceptdec_probe_model_free(conceptdec_probe_model *model);

/** @} */

/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup moments Streaming moments
 *  @{ */

/** Means and second moments of rows that come in batches. The state depends on the rows and their order alone, not on
 *  how they were cut into batches: the same bits for any cut. States of different rows merge. */
typedef struct conceptdec_moments conceptdec_moments;

/** An empty state for rows of `dims` numbers. Time and memory O(dims^2). Errors: ENULL, ESIZE, EOVERFLOW, ENOMEM.
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_moments_new(conceptdec_ctx *ctx, int64_t dims,
                                                        conceptdec_moments **moments);

/** Adds rows; all or, on any error, none of them. @param x one or more rows x dims of any float dtype.
 *  Time O(rows dims^2). Errors: ENULL, ESIZE (another width), EDTYPE, EOVERFLOW, ENONFINITE, ENOMEM, EREAD, ECANCELLED.
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_moments_add(conceptdec_ctx *ctx, conceptdec_moments *moments,
                                                        const conceptdec_matrix *x);

/** Adds the rows of another state, which stays as it is (Chan, Golub and LeVeque 1979). Errors: ENULL, ESIZE, ENOMEM.
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_moments_merge(conceptdec_ctx *ctx, conceptdec_moments *moments,
                                                          const conceptdec_moments *other);

#define CONCEPTDEC_M_N_SAMPLES "n_samples"   /**< int64 () */
#define CONCEPTDEC_M_MEAN "mean"             /**< float64 (d); NaN without rows */
#define CONCEPTDEC_M_COVARIANCE "covariance" /**< float64 (d x d), divided by n - 1; NaN with fewer than two rows */

/** Gets one of the arrays CONCEPTDEC_M_*, made at the call; the memory belongs to the state and is good until it
 *  changes. Errors: ENULL, ENAME, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_moments_get(conceptdec_moments *moments, const char *name,
                                                        conceptdec_array *array);

/** Writes a state to a file, as conceptdec_neighbors_save() does. Errors: ENULL, EIO, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_moments_save(conceptdec_ctx *ctx, const conceptdec_moments *moments,
                                                         const char *path);

/** Reads a state; every size and value is checked. Errors: ENULL, EIO, EFORMAT, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_moments_load(conceptdec_ctx *ctx, const char *path,
                                                         conceptdec_moments **moments);

/** Frees a state. @since 0.1 */
CONCEPTDEC_API void conceptdec_moments_free(conceptdec_moments *moments);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup pca Principal components
 *  @{ */

/** How components are found. */
#define CONCEPTDEC_PCA_AUTO 0       /**< by shape and number of components */
#define CONCEPTDEC_PCA_COVARIANCE 1 /**< eigenvectors of the d x d covariance */
#define CONCEPTDEC_PCA_GRAM 2       /**< eigenvectors of the n x n products of rows */
#define CONCEPTDEC_PCA_SVD 3        /**< singular vectors of the centred rows in float64: small variances to full
                                         precision */
#define CONCEPTDEC_PCA_KRYLOV 4     /**< the leading ones, by a block Krylov space of the rows (Musco and Musco 2015),
                                         or of the covariance where that is faster and `memory` allows it; of a variance
                                         that more directions share than its block is wide it may miss some */

#define CONCEPTDEC_PCA_UNCENTERED 1u  /**< directions through the origin: the mean is taken for 0 */
#define CONCEPTDEC_PCA_STANDARDIZE 2u /**< dimensions divided by their standard deviation (n); constant ones by 1 */
#define CONCEPTDEC_PCA_WHITEN 4u      /**< what is transformed has variance 1 along each component that has any */

/** Options of principal component analysis; see conceptdec_ctx_options for struct_size and given. @since 0.1 */
typedef struct conceptdec_pca_options {
    uint64_t struct_size;
    uint64_t given;
    int64_t n_components;   /**< 0: 1..min(n, d); default min(n, d) */
    int64_t max_iterations; /**< 1: products with the rows or their covariance that Krylov may make; default 40; EINVAL
                                 beside another solver that is asked for, as is tolerance beside one that does not go by
                                 it */
    int64_t memory;         /**< 2: bytes of working memory beside the input, the components and the buffers of threads;
                                 default 2^29, enough for the covariance of 4096 dimensions (8192 need 2^31). ENOMEM
                                 names the least that is needed: Krylov keeps fewer vectors where there is less */
    uint64_t seed;          /**< 3: of the Krylov space's start; default 0 */
    double tolerance;       /**< 4: Krylov ends when every residual is at or below it; default 1e-5. Where it is at
                                 least 2^-24 d, the eigenvectors of a covariance of 1,000 dimensions or more of rows
                                 narrower than float64 are found in float32, and orthogonal to about 2^-24 sqrt(d) */
    int32_t solver;         /**< 5: CONCEPTDEC_PCA_AUTO ... */
    uint32_t flags;         /**< 6: CONCEPTDEC_PCA_UNCENTERED ... */
} conceptdec_pca_options;

/** Fitted principal components; immutable once made. */
typedef struct conceptdec_pca conceptdec_pca;

/** Directions of largest variance: orthonormal v_k with C v_k = explained_variance_k v_k, C the covariance of the rows
 *  (divided by n - 1), in descending order; of each the element of largest magnitude (the first of those that agree to
 *  16 bits) is positive. float64 input is computed in float64, narrower input in float32 products that are added up in
 *  float64; the rows are never copied whole, nor widened. Time O(n d min(n, d)), Krylov O(n d n_components) for each
 *  product, or O(d^2 n_components) after O(n d^2) once; memory O(d^2), or O(n^2) for n < d, beside the input. The bits
 *  are the same for any number of threads, but for what LAPACK does (docs/threading.md).
 *  @param x n x d, n >= 2. @param options NULL: defaults.
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ETOOFEW, EK (n_components), EINVAL, ENOMEM, EREAD, ESTRUCT_*,
 *  ERESERVED, EUNSUPPORTED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_pca_new(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                    const conceptdec_pca_options *options, conceptdec_pca **pca);

/** The same from moments; solver must be AUTO, COVARIANCE or KRYLOV. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_pca_from_moments(conceptdec_ctx *ctx, conceptdec_moments *moments,
                                                             const conceptdec_pca_options *options,
                                                             conceptdec_pca **pca);

#define CONCEPTDEC_P_COMPONENTS "components" /**< float64 (r x d) */
#define CONCEPTDEC_P_EXPLAINED_VARIANCE "explained_variance" /**< float64 (r): those that rounding made negative are
                                                                  0 */
#define CONCEPTDEC_P_EXPLAINED_VARIANCE_RATIO "explained_variance_ratio" /**< float64 (r): of the variance of all
                                                                              dimensions */
#define CONCEPTDEC_P_SINGULAR_VALUES "singular_values" /**< float64 (r): sqrt((n - 1) explained_variance) */
#define CONCEPTDEC_P_MEAN "mean"               /**< float64 (d): what is subtracted */
#define CONCEPTDEC_P_SCALE "scale"             /**< float64 (d): what is divided by; 1 unless standardised */
#define CONCEPTDEC_P_RESIDUAL "residual"       /**< float64 (r): |C v - variance v| / the largest variance */
#define CONCEPTDEC_P_EIGEN_GAP "eigen_gap"     /**< float64 (r): distance to the nearest other variance / the largest
                                                    one; near 0 the direction is not unique. Of the last known one: to
                                                    what is left */
#define CONCEPTDEC_P_TOTAL_VARIANCE "total_variance" /**< float64 () */
#define CONCEPTDEC_P_N_SAMPLES "n_samples"     /**< int64 () */
#define CONCEPTDEC_P_N_CLAMPED "n_clamped"     /**< int64 (): variances that rounding had made negative */
#define CONCEPTDEC_P_SOLVER "solver"           /**< int64 (): the one that was taken */
#define CONCEPTDEC_P_ITERATIONS "iterations"   /**< int64 (): products that Krylov made; else 0 */
#define CONCEPTDEC_P_CONVERGED "converged"     /**< int64 (): 0 where the tolerance that counted was not met */

/** Gets one of the arrays CONCEPTDEC_P_*; the memory belongs to the object. Errors: ENULL, ENAME. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_pca_get(const conceptdec_pca *pca, const char *name,
                                                    conceptdec_array *array);

/** `transformed` (m x r): coordinates of rows along the components. A row's does not depend on the others. Errors:
 *  ENULL, ESIZE (another d), EDTYPE, EOVERFLOW, ENONFINITE, ENOMEM, EREAD, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_pca_transform(conceptdec_ctx *ctx, const conceptdec_pca *pca,
                                                          const conceptdec_matrix *x, conceptdec_result **result);

/** `reconstructed` (m x d): the points of the input space that have these coordinates. @param z m x r. Errors: as
 *  above.
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_pca_inverse_transform(conceptdec_ctx *ctx, const conceptdec_pca *pca,
                                                                  const conceptdec_matrix *z,
                                                                  conceptdec_result **result);

/** Writes and reads, as with moments. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_pca_save(conceptdec_ctx *ctx, const conceptdec_pca *pca, const char *path);
CONCEPTDEC_API conceptdec_status conceptdec_pca_load(conceptdec_ctx *ctx, const char *path, conceptdec_pca **pca);

/** Frees the object. @since 0.1 */
CONCEPTDEC_API void conceptdec_pca_free(conceptdec_pca *pca);

#define CONCEPTDEC_ALIGN_SCALE 1u /**< also the size of the reference */

/** Turns the coordinates of the same samples at another layer or step so that they lie on those of a reference as well
 *  as a rotation (with reflection) and a shift allow, that a sequence of pictures does not flip: orthogonal Procrustes
 *  (Schoenemann 1966). Results: `transformed` (n x r), `rotation` (r x r: centred rows times it), `scale` (): 1 unless
 *  asked for, NaN for a constant z, `disparity` (): the sum of squares that is left, divided by that of the centred
 *  reference; NaN for a constant one. Computed in float64, time O(n r^2 + r^3), memory O(r^2) beside the results.
 *  @param z n x r. @param reference n x r. @param flags 0 or CONCEPTDEC_ALIGN_SCALE. Errors: ENULL, ESIZE, EDTYPE,
 *  EOVERFLOW, ENONFINITE, ERESERVED, ENOMEM, EUNSUPPORTED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_align(conceptdec_ctx *ctx, const conceptdec_matrix *z,
                                                  const conceptdec_matrix *reference, uint32_t flags,
                                                  conceptdec_result **result);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup umap UMAP
 *  @{ */

/** Where points start. */
#define CONCEPTDEC_UMAP_SPECTRAL 0 /**< eigenvectors of the graph's Laplacian, of each connected part by itself */
#define CONCEPTDEC_UMAP_PCA 1      /**< principal components of the rows */
#define CONCEPTDEC_UMAP_RANDOM 2
#define CONCEPTDEC_UMAP_GIVEN 3    /**< as `start` says */

#define CONCEPTDEC_UMAP_SELF_COUNTED 1u /**< n_neighbors counts the point itself, as umap-learn's does */

/** Options of UMAP; see conceptdec_ctx_options for struct_size and given. One that would change nothing beside the
 *  others (target_weight without labels, alignment and window of a single matrix, learning_rate without epochs, a seed
 *  where nothing is drawn, ...) is EINVAL; a default that is written out may stand. @since 0.1 */
typedef struct conceptdec_umap_options {
    uint64_t struct_size;
    uint64_t given;
    const conceptdec_matrix *labels; /**< 0: integers, n x 1, -1 unknown: edges between classes are weakened; NULL:
                                          none */
    const conceptdec_matrix *start;  /**< 1: floats, n x n_components; init "given" only */
    int64_t n_components;            /**< 2: 1..64; default 2 */
    int64_t n_neighbors;             /**< 3: default 15; more than n - 1 are n - 1 (n_short) */
    int64_t epochs;                  /**< 4: default 500 for n <= 10,000, else 200; 0 if given: the start itself, and
                                          what moves points from there is EINVAL */
    int64_t negative_samples;        /**< 5: for each edge that is followed, at most 1000; default 5 */
    int64_t memory;                  /**< 6: bytes of working memory beside input and neighbours; default 2^29 */
    uint64_t seed;                   /**< 7: default 0 */
    double min_dist;                 /**< 8: default 0.1 */
    double spread;                   /**< 9: default 1 */
    double learning_rate;            /**< 10: at most 1000; default 1 */
    double repulsion;                /**< 11: weight of negative samples, at most 1e6; default 1 */
    double mix;                      /**< 12: 1 fuzzy union, 0 intersection; default 1 */
    double local_connectivity;       /**< 13: neighbours at full weight; default 1 */
    double target_weight;            /**< 14: of labels against rows, in [0, 1]; only with labels; default 0.5 */
    double alignment;                /**< 15: pull between the same sample of views; conceptdec_umap_aligned() only;
                                          default 0.01 */
    int64_t window;                  /**< 16: views to either side that pull, likewise; default 2 */
    int32_t metric;                  /**< 17: CONCEPTDEC_METRIC_*; beside a table, if given, that of the table */
    int32_t init;                    /**< 18: CONCEPTDEC_UMAP_SPECTRAL ... */
    uint32_t flags;                  /**< 19: CONCEPTDEC_UMAP_SELF_COUNTED */
    uint32_t reserved;               /**< 20: 0 */
} conceptdec_umap_options;

/** A fitted embedding; immutable once made. */
typedef struct conceptdec_umap conceptdec_umap;

/** Uniform manifold approximation and projection (McInnes, Healy, Melville 2018), from the exact neighbour table. The
 *  same bits for any number of threads (docs/projections.md says how). Duplicates, graphs in parts and constant rows
 *  are legal. Time: that of the table, then O(epochs n n_neighbors); memory O(n n_neighbors).
 *  @param x n x d, n >= 2. @param options NULL: defaults.
 *  Errors: those of conceptdec_neighbors_new(), ELABEL, EINVAL, EOVERFLOW: distances or a start beyond what numbers
 *  hold. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_umap_new(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                     const conceptdec_umap_options *options, conceptdec_umap **umap);

/** The same from a neighbour table without queries, at least n_neighbors deep; metric is the table's. @param x NULL, or
 *  the rows: needed for the start "pca". Errors: as above, ESHALLOW. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_umap_from_neighbors(conceptdec_ctx *ctx,
                                                                const conceptdec_neighbors *neighbors,
                                                                const conceptdec_matrix *x,
                                                                const conceptdec_umap_options *options,
                                                                conceptdec_umap **umap);

#define CONCEPTDEC_U_EMBEDDING "embedding"         /**< float64 (n x n_components) */
#define CONCEPTDEC_U_GRAPH_ROWS "graph_rows"       /**< int64 (edges): the fuzzy graph, by row and column, both
                                                        directions */
#define CONCEPTDEC_U_GRAPH_COLUMNS "graph_columns" /**< int64 (edges) */
#define CONCEPTDEC_U_GRAPH_WEIGHTS "graph_weights" /**< float64 (edges): in (0, 1] */
#define CONCEPTDEC_U_RHO "rho"                     /**< float64 (n): distance at full weight */
#define CONCEPTDEC_U_SIGMA "sigma"                 /**< float64 (n): scale of what is beyond */
#define CONCEPTDEC_U_CURVE "curve"                 /**< float64 (2): a and b of 1 / (1 + a d^2b) */
#define CONCEPTDEC_U_PART "part"                   /**< int64 (n): connected part of each sample, from 0 in order of
                                                        rows */
#define CONCEPTDEC_U_N_SHORT "n_short"             /**< int64 (): samples with fewer than n_neighbors others */
#define CONCEPTDEC_U_CONVERGED "converged"         /**< int64 (): 0 where the spectral start used up its iterations */

/** Gets one of the arrays CONCEPTDEC_U_*; the memory belongs to the object. Errors: ENULL, ENAME. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_umap_get(const conceptdec_umap *umap, const char *name,
                                                     conceptdec_array *array);

/** `transformed` (m x n_components): places for new rows among those of the embedding, which stay. A row's place
 *  depends on the row and the embedding alone, not on the rows it comes with. @param x the rows that were embedded
 *  (their number and width are checked). @param queries m x d. Errors: those of conceptdec_neighbors_new(). @since
 *  0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_umap_transform(conceptdec_ctx *ctx, const conceptdec_umap *umap,
                                                           const conceptdec_matrix *x,
                                                           const conceptdec_matrix *queries,
                                                           conceptdec_result **result);

/** Embeddings of the same samples over layers or steps that lie on one another: as conceptdec_umap_new() for each view,
 *  the start of each turned to the one before, and each sample pulled to its own place in the views beside
 *  (options: alignment, window). Result: `embedding` (views x n x n_components). @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_umap_aligned(conceptdec_ctx *ctx, const conceptdec_matrix *views,
                                                         int64_t n_views, const conceptdec_umap_options *options,
                                                         conceptdec_result **result);

/** Writes and reads, as with moments. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_umap_save(conceptdec_ctx *ctx, const conceptdec_umap *umap,
                                                      const char *path);
CONCEPTDEC_API conceptdec_status conceptdec_umap_load(conceptdec_ctx *ctx, const char *path, conceptdec_umap **umap);

/** Frees the object. @since 0.1 */
CONCEPTDEC_API void conceptdec_umap_free(conceptdec_umap *umap);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup quality Trust in a picture
 *  @{ */

/** Options of embedding quality; see conceptdec_ctx_options for struct_size and given. @since 0.1 */
typedef struct conceptdec_quality_options {
    uint64_t struct_size;
    uint64_t given;
    const int64_t *ks;               /**< 0: neighbourhood sizes, each below n / 2; NULL: 15 */
    int64_t n_ks;                    /**< 1: their number, at most 10,000 */
    const conceptdec_matrix *labels; /**< 2: integers, n x 1: also decodability in both spaces; NULL: none */
    int64_t memory;                  /**< 3: bytes of working memory beside the input and the search for neighbours;
                                          default 2^29. Rows are taken in batches that fit; ENOMEM where none does */
    int32_t metric;                  /**< 4: of x, CONCEPTDEC_METRIC_*; that of the embedding is L2 */
    uint32_t flags;                  /**< 5: 0 */
} conceptdec_quality_options;

/** How far an embedding can be trusted: trustworthiness and continuity (Venna and Kaski 2001), neighbour preservation
 *  and R_NX (Lee et al. 2013). Distances are compared in float64; ranks of rows at the same distance are their mean
 *  rank, and such rows share the places at the edge of a neighbourhood, so that no order of rows changes a score
 *  (docs/definitions.md). Without ties the values are those of scikit-learn. Results, one number for each k: `k`,
 *  `trustworthiness`, `continuity`, `knn_preservation`, `r_nx`, with labels also `decodability` (in x) and
 *  `decodability_embedded`, leave-one-out with the defaults of conceptdec_knn_decodability(). The same bits for any
 *  number of threads. Time: two neighbour searches and once more O(n^2 d), half of it saved by symmetry, tiled; memory:
 *  options->memory.
 *  @param x n x d, in memory or from a reader. @param embedding n x m, likewise. @param options NULL: defaults.
 *  @param[out] result arrays CONCEPTDEC_R_*.
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ETOOFEW, EK (the text names the entry), ELABEL, ESINGLECLASS,
 *  EINVAL, ENOMEM, EREAD, ESTRUCT_*, ERESERVED, EUNSUPPORTED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_embedding_quality(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                              const conceptdec_matrix *embedding,
                                                              const conceptdec_quality_options *options,
                                                              conceptdec_result **result);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup class_moments Moments per class
 *  @{ */

#define CONCEPTDEC_CLASS_MOMENTS_POOLED 1u /**< one scatter matrix for all classes, each row about the mean of its
                                                class; without it one for each class, classes x d x d doubles */
#define CONCEPTDEC_CLASS_MOMENTS_MEANS 2u  /**< counts and means alone */
#define CONCEPTDEC_CLASS_MOMENTS_VARIANCES 4u /**< counts, means and the variance of each dimension */

/** Counts, means and scatter matrices of labelled rows that come in batches: what class means, concept subspaces and
 *  erasers are made of. As with conceptdec_moments the state depends on the rows and their order alone, not on how they
 *  were cut into batches or how many threads there were, and states of different rows merge. Rows are centred about the
 *  means of their own classes, chunk by chunk, so that an offset of 1e6 costs no digits of a scatter. */
typedef struct conceptdec_class_moments conceptdec_class_moments;

/** An empty state. Memory: O(classes dims^2); POOLED O(dims (dims + classes)), and a chunk of 512 rows or more; MEANS
 *  O(dims classes), and such a chunk; VARIANCES twice that. @param dims numbers of a row, at least 1. @param classes at
 *  least 1. @param flags CONCEPTDEC_CLASS_MOMENTS_*, one at most. Errors: ENULL, ESIZE, EINVAL (two flags), ERESERVED,
 *  EOVERFLOW, ENOMEM.
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_class_moments_new(conceptdec_ctx *ctx, int64_t dims, int64_t classes,
                                                              uint32_t flags, conceptdec_class_moments **moments);

/** Adds rows; all or, on any error, none of them. Sums in float64. Time O(rows dims^2), MEANS O(rows dims); while it
 *  runs, memory for a second copy of the scatters that change, and two chunks. @param x rows x dims of any float dtype,
 *  or a reader. @param labels integers, rows x 1, 0..classes-1; -1: the row plays no part, and its values are not
 *  looked at. Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW (also a value of 2^480 or more), ENONFINITE, ELABEL, ENOMEM,
 *  EREAD, ERESERVED, EUNSUPPORTED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_class_moments_add(conceptdec_ctx *ctx, conceptdec_class_moments *moments,
                                                              const conceptdec_matrix *x,
                                                              const conceptdec_matrix *labels);

/** Adds the rows of another state of the same dims, classes and flags, which stays as it is (it may be the same one):
 *  all or, on any error, none. Equal to adding its rows but for rounding. Errors: ENULL, ESIZE, EINVAL (other flags),
 *  EOVERFLOW, ENOMEM, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_class_moments_merge(conceptdec_ctx *ctx, conceptdec_class_moments *moments,
                                                                const conceptdec_class_moments *other);

#define CONCEPTDEC_M_CLASS_COUNT "class_count" /**< int64 (C) */
#define CONCEPTDEC_M_MEANS "means"             /**< float64 (C x d); NaN for a class without rows */
#define CONCEPTDEC_M_WITHIN "within"           /**< float64 (d x d): sum over all rows of (x - mean of its class)(...)'
                                                    / n */
#define CONCEPTDEC_M_VARIANCES "variances"     /**< float64 (C x d): mean square about the mean of the class; NaN for a
                                                    class without rows. Not with MEANS and POOLED */
#define CONCEPTDEC_M_SCATTER "scatter"         /**< float64 (C x d x d): the same sum for each class, not divided; 0 for
                                                    a class without rows */

/** Gets one of the arrays above, n_samples (), mean (d: of all rows) or covariance (d x d: of all rows about it,
 *  divided by n - 1), made at the first call for it, on the calling thread, from what `flags` keep: `scatter` not with
 *  POOLED, and with MEANS and VARIANCES neither that nor `within` and `covariance`. NaN where there are too few rows.
 *  The memory belongs to the state and is good until it changes. Several threads may ask at once. Errors: ENULL, ENAME,
 *  EOVERFLOW, ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_class_moments_get(const conceptdec_class_moments *moments, const char *name,
                                                              conceptdec_array *array);

/** Writes and reads a state, with the rows that wait for a whole chunk: who goes on from a file gets the same bits as
 *  who never stopped. Errors as with moments: ENULL, EIO, EFORMAT (damaged, or not such a file; every size and value is
 *  checked), EOVERFLOW, ENOMEM, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_class_moments_save(conceptdec_ctx *ctx,
                                                               const conceptdec_class_moments *moments,
                                                               const char *path);
CONCEPTDEC_API conceptdec_status conceptdec_class_moments_load(conceptdec_ctx *ctx, const char *path,
                                                               conceptdec_class_moments **moments);

/** Frees a state. @since 0.1 */
CONCEPTDEC_API void conceptdec_class_moments_free(conceptdec_class_moments *moments);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup subspaces Concept subspaces and their overlap
 *  @{ */

/** What spans the subspace of a concept. */
#define CONCEPTDEC_BASIS_WITHIN 0     /**< leading principal directions of the concept's own samples about their mean */
#define CONCEPTDEC_BASIS_UNCENTERED 1 /**< the same about the origin */
#define CONCEPTDEC_BASIS_MEANS 2      /**< class means about the mean of the class means: one subspace for each view */
#define CONCEPTDEC_BASIS_DIFFERENCE 3 /**< mean of the class less that of all other labelled samples: one direction */
#define CONCEPTDEC_BASIS_PROBE 4      /**< weights of a linear probe: one direction for each class */

/** Options of subspaces; see conceptdec_ctx_options for struct_size and given. The rank is `rank` where it is given,
 *  else the least that explains a share `explained` of the variance where that is given (both: EINVAL), else the number
 *  of singular values above `tolerance`. What plays no part is EINVAL: with bases "difference" and "probe" a rank above
 *  1, `explained` and (probe) `tolerance`; `probe` but with that basis; `seed` but with "within" and "uncentered".
 *  @since 0.1 */
typedef struct conceptdec_subspaces_options {
    uint64_t struct_size;
    uint64_t given;
    const conceptdec_probe_options *probe; /**< 0: of basis "probe"; NULL: defaults of conceptdec_probe_model_new() */
    int64_t rank;      /**< 1: directions of each subspace, at least 1; fewer where there are no more (n_missing) */
    int64_t classes;   /**< 2: default: the largest label + 1 */
    int64_t memory;    /**< 3: bytes of working memory beside the input and the buffers of threads; default 2^29 */
    uint64_t seed;     /**< 4: of the Krylov space's start; default 0 */
    double explained;  /**< 5: share of the variance, in (0, 1] */
    double tolerance;  /**< 6: in [0, 1): singular values at or below this share of the largest are rounding, whatever
                            `rank` says; default: the larger of max(n, d) 2^-52, n the class's samples, and the
                            rounding of the input's dtype (float32 2^-24, float16 2^-11, bfloat16 2^-8) */
    int32_t basis;     /**< 7: CONCEPTDEC_BASIS_* */
    uint32_t flags;    /**< 8: 0 */
} conceptdec_subspaces_options;

/** A list of S subspaces of one space, each with an orthonormal basis; immutable once made. */
typedef struct conceptdec_subspaces conceptdec_subspaces;

/** The subspaces of all classes in each view (layers, steps, models of one width): subspace v * C + c is that of class
 *  c in view v (basis "means": subspace v). A class with fewer than two samples ("uncentered", "difference": none) has
 *  rank 0, and so has one whose samples are equal, which is no error. Products are made in float64. Few directions of
 *  many samples come from a Krylov space whose residuals are at or below 1e-8 of the largest variance (float64 input:
 *  1e-10), so that the subspace is right to about that over `gap`; all else, and what that cannot tell, from all
 *  eigenvectors or singular vectors. Time for each class O(n d rank) for each of some 10 to 60 products, else O(n d
 *  min(n, d)). Working memory: options->memory, beside the bases found.
 *  @param views n_views matrices, n x d. @param labels integers, n x 1, 0..C-1; -1: the sample plays no part. At least
 *  two are labelled; there may be one class alone. @param options NULL: defaults.
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ETOOFEW, ELABEL, EINVAL, ENOMEM, EREAD, ESTRUCT_*, ERESERVED,
 *  EUNSUPPORTED, ECANCELLED, those of conceptdec_probe_model_new() for basis "probe"; the text names the view. @since
 *  0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_subspaces_new(conceptdec_ctx *ctx, const conceptdec_matrix *views,
                                                          int64_t n_views, const conceptdec_matrix *labels,
                                                          const conceptdec_subspaces_options *options,
                                                          conceptdec_subspaces **subspaces);

/** Subspaces that the caller has: the span of the rows of each matrix. Rows are made 1 long first. Where all of their
 *  singular values are above `tolerance` times the largest they are made orthonormal in their order (the first k span
 *  what the first k rows do); else as many leading singular vectors are the basis (ranks, n_missing). A row of zeros
 *  spans nothing.
 *  @param bases n_bases matrices, r_s x d. @param variances NULL, or n_bases matrices r_s x 1, at least 0: variance
 *  along each row; rows must then be orthonormal to 1e-6, are made so exactly, and stay in their order. @param options
 *  NULL, or `tolerance` (not with variances) and `classes` alone: matrix s is then class s mod classes of view s /
 *  classes, else of no class (-1) and of a view s of its own. Time O(r_s d min(r_s, d)) each, memory O(sum of r_s d).
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, EINVAL, ENOMEM, EREAD, ESTRUCT_*, ERESERVED, EUNSUPPORTED,
 *  ECANCELLED; the text names the matrix. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_subspaces_from_bases(conceptdec_ctx *ctx, const conceptdec_matrix *bases,
                                                                 int64_t n_bases, const conceptdec_matrix *variances,
                                                                 const conceptdec_subspaces_options *options,
                                                                 conceptdec_subspaces **subspaces);

/** The same as conceptdec_subspaces_new() of one view, from moments: bases "within" and "uncentered" need a scatter
 *  matrix for each class; "probe" and `classes` are EINVAL. Products tell less apart than rows: directions of a
 *  variance at or below max(n, d) 2^-52 of the largest are not kept, whatever `tolerance` says.
 *  Errors: ENULL, EINVAL (also what the flags of the moments leave out), ETOOFEW, EOVERFLOW, ENOMEM, ESTRUCT_*,
 *  ERESERVED, EUNSUPPORTED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_subspaces_from_class_moments(conceptdec_ctx *ctx,
                                                                         conceptdec_class_moments *moments,
                                                                         const conceptdec_subspaces_options *options,
                                                                         conceptdec_subspaces **subspaces);

/** One list of the subspaces of several, in order; views are numbered through. Errors: ENULL, ESIZE (another d, no
 *  part), EOVERFLOW, ENOMEM, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_subspaces_join(conceptdec_ctx *ctx,
                                                           const conceptdec_subspaces *const *parts, int64_t n_parts,
                                                           conceptdec_subspaces **subspaces);

#define CONCEPTDEC_S_BASES "bases"         /**< float64 (R x d): orthonormal directions of all subspaces, R the sum of
                                                ranks; of the elements of largest magnitude the first is positive
                                                (given rows that are independent stay on their side) */
#define CONCEPTDEC_S_START "start"         /**< int64 (S + 1): subspace s has rows start[s] .. start[s + 1] - 1 */
#define CONCEPTDEC_S_RANKS "ranks"         /**< int64 (S) */
#define CONCEPTDEC_S_VARIANCES "variances" /**< float64 (R): variance along each, descending (given ones: as given):
                                                squares over n - 1; "uncentered" n; "means" the number of classes less
                                                1; NaN where not known */
#define CONCEPTDEC_S_TOTAL_VARIANCE "total_variance" /**< float64 (S): in all directions; NaN where not known */
#define CONCEPTDEC_S_GAP "gap"             /**< float64 (S): (last variance kept - first one left) / largest; NaN where
                                                not known */
#define CONCEPTDEC_S_UNDECIDED "undecided" /**< int64 (S): 1 where that gap is no more than rounding, so that the
                                                subspace is not unique, and where the Krylov space or the probe has
                                                not converged */
#define CONCEPTDEC_S_N_MISSING "n_missing" /**< int64 (S): directions that were asked for and are not there */
#define CONCEPTDEC_S_N_SAMPLES "n_samples" /**< int64 (S): 0 where the caller gave the basis */
#define CONCEPTDEC_S_VIEW "view"           /**< int64 (S) */
#define CONCEPTDEC_S_CLASS "class_"        /**< int64 (S): -1 where the subspace is of no class */

/** Gets one of the arrays CONCEPTDEC_S_*; the memory belongs to the object. Errors: ENULL, ENAME. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_subspaces_get(const conceptdec_subspaces *subspaces, const char *name,
                                                          conceptdec_array *array);

/** Writes and reads a list. Errors: ENULL, EIO, EFORMAT (damaged, or not such a file; every size and value is checked),
 *  ENOMEM, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_subspaces_save(conceptdec_ctx *ctx, const conceptdec_subspaces *subspaces,
                                                           const char *path);
CONCEPTDEC_API conceptdec_status conceptdec_subspaces_load(conceptdec_ctx *ctx, const char *path,
                                                           conceptdec_subspaces **subspaces);

/** Frees the list. @since 0.1 */
CONCEPTDEC_API void conceptdec_subspaces_free(conceptdec_subspaces *subspaces);

#define CONCEPTDEC_OVERLAP_NO_ANGLES 1u     /**< no singular values: neither cosines nor angles nor distances made of
                                                 them */
#define CONCEPTDEC_OVERLAP_COUNT_MISSING 2u /**< in distances of unequal ranks each missing dimension is a right
                                                 angle */

/** Options of overlaps; see conceptdec_ctx_options for struct_size and given. conceptdec_subspaces_overlap() looks at
 *  memory and flags, and refuses the others. @since 0.1 */
typedef struct conceptdec_overlap_options {
    uint64_t struct_size;
    uint64_t given;
    const conceptdec_subspaces_options *subspaces; /**< 0: NULL: defaults; for bases "within" and "uncentered" the rank
                                                        is 10 where neither rank nor explained is given */
    const conceptdec_matrix *groups; /**< 1: integers, n x 1: rows that are drawn together, and what permute is about */
    int64_t permutations; /**< 2: draws of the null; default 0 */
    int64_t bootstrap;    /**< 3: draws of the bootstrap over groups (labelled rows, where there are none); default 0 */
    int64_t memory;       /**< 4: bytes of working memory of the overlap, beside input and result; default 2^29 */
    uint64_t seed;        /**< 5: of permutations and bootstrap; default 0 */
    double confidence;    /**< 6: of the bootstrap interval, in (0, 1); default 0.95 */
    int32_t permute;      /**< 7: CONCEPTDEC_PERMUTE_*; only with permutations */
    uint32_t flags;       /**< 8: CONCEPTDEC_OVERLAP_* */
} conceptdec_overlap_options;

/** Principal angles between all pairs of subspaces, and what follows from them. Angles are accurate to 1e-13 for
 *  orthonormal float64 bases, tiny and right ones included (Bjorck and Golub 1973); a subspace with itself is exact (b
 *  NULL or a).
 *
 *  For S subspaces with S' others, r the lesser of the largest ranks of either side, m the smaller rank of a pair (S x
 *  S' where nothing else is said): `overlap`: mean squared cosine of the m angles; `shared_dimensions`: sum of squared
 *  cosines; `cosines`, `angles` (S x S' x r): cosines descending, angles ascending in radians, NaN beyond m;
 *  `geodesic`, `chordal`, `procrustes`, `max_angle`, `fubini_study`: distances, of the m angles or, with
 *  COUNT_MISSING, of as many as the larger rank; `variance_overlap`: variance of the first one's directions that the
 *  second one sees, of what m of them hold at most (NaN where variances are not known or all 0); `expected`,
 *  `expected_sd`: of `overlap` for independent uniform subspaces of these ranks; `z`: (overlap - expected) /
 *  expected_sd, NaN where that is 0; `p_independent` and, the same, `p_value`: upper tail of that null, by the beta
 *  distribution of its range, mean and variance (exact where a rank is 1 or d - 1), 1 where it cannot vary; `ranks`
 *  (S), `ranks_other` (S'), `undecided` (S). A pair with a subspace of rank 0 has NaN. With NO_ANGLES `cosines`,
 *  `angles` and all distances but `chordal` are not there, and that is accurate to 1e-7 only near 0.
 *
 *  Time O(R R' d), one tiled product, half of it saved where b is a; some m^2 times the larger rank for the singular
 *  values of each pair, and O(d m (ranks)) for each pair with a cosine above the root of 1/2. Memory: products of as
 *  many subspaces at a time as `memory` allows. The same bits for any number of threads.
 *  @param a S subspaces. @param b S' subspaces of the same space; NULL: a. @param options memory and flags alone;
 *  NULL: defaults.
 *  @param[out] result arrays CONCEPTDEC_R_*.
 *  Errors: ENULL, ESIZE (another d), EINVAL, EOVERFLOW, ENOMEM (also where `memory` does not allow what is needed),
 *  ESTRUCT_*, ERESERVED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_subspaces_overlap(conceptdec_ctx *ctx, const conceptdec_subspaces *a,
                                                              const conceptdec_subspaces *b,
                                                              const conceptdec_overlap_options *options,
                                                              conceptdec_result **result);

/** Overlap of the concepts' subspaces in labelled activations: conceptdec_subspaces_new(), then
 *  conceptdec_subspaces_overlap() of all pairs, and what needs the samples. Subspace v * C + c is that of class c in
 *  view v.
 *
 *  With permutations: `null` (P x S x S): `overlap` of the subspaces under labels that are exchanged, the same in all
 *  views; `p_value` (S x S): share of the draws, the observed one included, that overlap at least as much (within
 *  1e-12), and `p_value_lower`: at most as much. The tail against independent subspaces is always `p_independent`;
 *  without permutations `p_value` is the same. Under exchanged labels all concepts have the directions of all samples:
 *  mostly `p_value_lower` tells whether concepts differ. Of one concept in two views both are about what the views
 *  share. With bootstrap: `ci_low`, `ci_high` (S x S; NaN where more than a tenth of the draws left the pair out):
 *  percentiles of `overlap` over samples drawn with replacement, less `bootstrap_bias` (S x S), the mean of the draws
 *  less the value: directions of fewer different samples are noisier, which pulls draws towards the overlap of
 *  directions by lot. Ends may lie beyond 0 and 1. Draws in which a concept has no direction are left out, the most of
 *  any pair being in "diagnostics". `alignment_index` (S x S; bases "within" and "uncentered"; NaN for two views):
 *  variance of the first concept's samples in the second one's subspace, of what as many directions can hold at most
 *  (Elsayed et al. 2016); NaN where that is not known, the second one having more directions than the first one, which
 *  has more than were kept. Also `view`, `class_`, `n_missing` (S), `variances` (S x largest rank; NaN beyond the
 *  rank).
 *
 *  Time: that of conceptdec_subspaces_new() once for each draw, with no angles, and O(n d R) for the index; draws run
 *  in parallel.
 *  @param views n_views matrices, n x d. @param labels integers, n x 1, 0..C-1; -1: the sample plays no part.
 *  @param options NULL: defaults. @param[out] result arrays CONCEPTDEC_R_*.
 *  Errors: those of both, EGROUPS; EINVAL also for a bootstrap with basis "probe" and for options that play no part.
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_subspace_overlap(conceptdec_ctx *ctx, const conceptdec_matrix *views,
                                                             int64_t n_views, const conceptdec_matrix *labels,
                                                             const conceptdec_overlap_options *options,
                                                             conceptdec_result **result);

/* Names of overlaps. S subspaces with S' others, P permutations. */
#define CONCEPTDEC_R_OVERLAP "overlap"                     /**< (S x S') */
#define CONCEPTDEC_R_SHARED_DIMENSIONS "shared_dimensions" /**< (S x S') */
#define CONCEPTDEC_R_COSINES "cosines"                     /**< (S x S' x r) */
#define CONCEPTDEC_R_ANGLES "angles"                       /**< (S x S' x r) */
#define CONCEPTDEC_R_GEODESIC "geodesic"                   /**< (S x S'): root of the sum of squared angles */
#define CONCEPTDEC_R_CHORDAL "chordal"                     /**< (S x S'): root of the sum of squared sines */
#define CONCEPTDEC_R_PROCRUSTES "procrustes"               /**< (S x S'): 2 root of the sum of squared sines of half
                                                                angles */
#define CONCEPTDEC_R_MAX_ANGLE "max_angle"                 /**< (S x S') */
#define CONCEPTDEC_R_FUBINI_STUDY "fubini_study"           /**< (S x S'): arc cosine of the product of cosines */
#define CONCEPTDEC_R_VARIANCE_OVERLAP "variance_overlap"   /**< (S x S') */
#define CONCEPTDEC_R_ALIGNMENT_INDEX "alignment_index"     /**< (S x S) */
#define CONCEPTDEC_R_EXPECTED "expected"                   /**< (S x S') */
#define CONCEPTDEC_R_EXPECTED_SD "expected_sd"             /**< (S x S') */
#define CONCEPTDEC_R_Z "z"                                 /**< (S x S') */
#define CONCEPTDEC_R_P_INDEPENDENT "p_independent"         /**< (S x S) */
#define CONCEPTDEC_R_P_VALUE_LOWER "p_value_lower"         /**< (S x S) */
#define CONCEPTDEC_R_RANKS "ranks"                         /**< int64 (S) */
#define CONCEPTDEC_R_RANKS_OTHER "ranks_other"             /**< int64 (S') */
#define CONCEPTDEC_R_UNDECIDED "undecided"                 /**< int64 (S) */
#define CONCEPTDEC_R_VIEW "view"                           /**< int64 (S) */
#define CONCEPTDEC_R_CLASS "class_"                        /**< int64 (S) */
#define CONCEPTDEC_R_VARIANCES "variances"                 /**< (S x r) */
#define CONCEPTDEC_R_N_MISSING "n_missing"                 /**< int64 (S) */

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup similarity Similarity of representations
 *  @{ */

/** What is compared, for conceptdec_similarity_options.kind. Similarities are larger, distances smaller for what is
 *  alike. */
#define CONCEPTDEC_SIMILARITY_CKA_DEBIASED 0 /**< centred kernel alignment with the unbiased HSIC of Song et al. 2012 in
                                                  all three places; not clamped: may be below 0 or above 1; n >= 4 */
#define CONCEPTDEC_SIMILARITY_CKA_BIASED 1   /**< the same with the biased HSIC (Kornblith et al. 2019) */
#define CONCEPTDEC_SIMILARITY_SVCCA 2        /**< mean canonical correlation of the leading directions that explain
                                                  `variance` of each view (Raghu et al. 2017) */
#define CONCEPTDEC_SIMILARITY_PWCCA 3        /**< the same, weighted by what each variate contributes to the columns of
                                                  the first view (Morcos et al. 2018); not symmetric */
#define CONCEPTDEC_SIMILARITY_PROCRUSTES 4   /**< distance: |X - YQ| of centred rows after the best rotation Q, with
                                                  reflections; the narrower view is filled up with zeros */
#define CONCEPTDEC_SIMILARITY_SHAPE 5        /**< distance: the angle, in radians, between centred rows of size 1 after
                                                  the best rotation (Williams et al. 2021) */
#define CONCEPTDEC_SIMILARITY_RSA 6          /**< dissimilarities of pairs of samples or conditions, compared
                                                  (Kriegeskorte et al. 2008) */
#define CONCEPTDEC_SIMILARITY_MUTUAL_KNN 7   /**< mean share of the k nearest neighbours that both have (Huh et al.
                                                  2024); rows that tie at the k-th distance share the places left */
#define CONCEPTDEC_SIMILARITY_INFORMATION_IMBALANCE 8 /**< distance: mean rank in the second of the k nearest neighbours
                                                           in the first, times 2 / n (k = 1: Glielmo et al. 2022); not
                                                           symmetric: value[i][j] is from a[i] to b[j] */

#define CONCEPTDEC_CKA_LINEAR 0
#define CONCEPTDEC_CKA_RBF 1 /**< exp(-d^2 / (2 s^2)), s = bandwidth times the median distance of two samples (of all,
                                  or of 2,048 that are drawn by seed where there are more); NaN where that is 0 */

/** Dissimilarity of two samples (with labels: of two conditions), for conceptdec_similarity_options.rdm. */
#define CONCEPTDEC_RDM_CORRELATION 0 /**< 1 less the Pearson correlation of the two rows; of a constant row: none */
#define CONCEPTDEC_RDM_SQUARED_L2 1  /**< squared Euclidean distance, divided by d */
#define CONCEPTDEC_RDM_COSINE 2      /**< 1 less the cosine; of a row of zeros: none */
#define CONCEPTDEC_RDM_CROSSNOBIS 3  /**< cross-validated squared Euclidean distance, the mean over ordered pairs of
                                          different partitions, divided by d, with no noise normalisation: 0 in the mean
                                          where two conditions do not differ, and below 0 at times */

/** How two lists of dissimilarities are compared. */
#define CONCEPTDEC_COMPARE_SPEARMAN 0 /**< Pearson correlation of mean ranks; next to one another, dissimilarities whose
                                           roots differ by at most 2^-46 of the largest share a rank */
#define CONCEPTDEC_COMPARE_PEARSON 1
#define CONCEPTDEC_COMPARE_KENDALL 2 /**< tau-a, with the same ties */
#define CONCEPTDEC_COMPARE_COSINE 3

#define CONCEPTDEC_SIMILARITY_SYMMETRIC 1u /**< PWCCA: the mean of both directions */

/** Options of similarity; see conceptdec_ctx_options for struct_size and given. An option that the kind does not use,
 *  or that another one makes idle (groups, permute, confidence without draws; bandwidth of a linear kernel;
 *  partitions of another rdm than "crossnobis"), is EINVAL. @since 0.1 */
typedef struct conceptdec_similarity_options {
    uint64_t struct_size;
    uint64_t given;
    const conceptdec_matrix *labels;     /**< 0: RSA: integers from 0 on, n x 1: conditions, whose samples are averaged;
                                              -1: plays no part. Conditions are then permuted and drawn, no groups */
    const conceptdec_matrix *partitions; /**< 1: RSA "crossnobis": integers, n x 1: at least two, each with all
                                              conditions */
    const conceptdec_matrix *groups;     /**< 2: integers, n x 1: rows of a group are drawn together; see permute */
    int64_t k;            /**< 3: of mutual_knn and information_imbalance, 1..n-1; default 10 */
    int64_t batch;        /**< 4: CKA: HSIC is the mean over batches of so many consecutive rows (Nguyen et al. 2021),
                               at least 4; rows beyond the last full batch are left out (n_left_out); default: all rows
                               at once. EUNSUPPORTED beside permutations or bootstrap */
    int64_t permutations; /**< 5: draws of the null, in which the rows of the second are permuted; default 0 */
    int64_t bootstrap;    /**< 6: draws of the bootstrap over groups (rows, conditions); default 0 */
    int64_t memory;       /**< 7: bytes of working memory beside input and result (of what grows with n); default 2^29.
                               ENOMEM where it is too little; draws of CKA need all kernels (V n^2 numbers) or the
                               products of all columns, those of information_imbalance n^2 numbers */
    uint64_t seed;        /**< 8: of draws, and of the sample for the bandwidth; default 0 */
    double bandwidth;     /**< 9: CKA "rbf"; default 1 */
    double variance;      /**< 10: SVCCA, PWCCA: share of the variance whose leading directions are kept, in (0, 1];
                               default 0.99 */
    double ridge;         /**< 11: SVCCA, PWCCA: this times the mean variance of its columns is added to the variance
                               of each kept direction; default 0 */
    double confidence;    /**< 12: of the bootstrap interval, in (0, 1); default 0.95 */
    int32_t kind;         /**< 13: CONCEPTDEC_SIMILARITY_* */
    int32_t kernel;       /**< 14: CKA: CONCEPTDEC_CKA_* */
    int32_t rdm;          /**< 15: RSA: CONCEPTDEC_RDM_* */
    int32_t comparison;   /**< 16: RSA: CONCEPTDEC_COMPARE_* */
    int32_t metric;       /**< 17: mutual_knn, information_imbalance: CONCEPTDEC_METRIC_* */
    int32_t permute;      /**< 18: CONCEPTDEC_PERMUTE_FREE (with groups: whole groups of one size exchange their rows)
                               or _WITHIN (rows stay in their groups) */
    uint32_t flags;       /**< 19: CONCEPTDEC_SIMILARITY_SYMMETRIC */
    uint32_t reserved;    /**< 20: 0 */
} conceptdec_similarity_options;

/** How alike representations of the same n samples are, for every pair of a view of `a` and one of `b` (layers, steps,
 *  models; any widths): `value` (A x B). With permutations: `null` (P x A x B), `p_value` (A x B): share of draws, the
 *  observed one included, that are at least as alike; the rows of the second move, in one order for all pairs, and
 *  where b is NULL and the kind symmetric both directions of a pair have one null. With bootstrap: `ci_low`, `ci_high`
 *  (A x B): percentiles of the draws less `bootstrap_bias` (A x B), the mean of the draws less the value, since rows
 *  that are drawn twice pull many of these measures to one side; ends may lie beyond what the measure can be.
 *
 *  By kind: `cka_debiased`, `cka_biased` (A x B), both from one pass, `self_hsic_a` (A), `self_hsic_b` (B) of the kind
 *  asked for, `n_left_out` () of CKA; `canonical_correlations` (A x B x r, NaN
 *  beyond their number), `directions_a` (A), `directions_b` (B) of SVCCA and PWCCA; `chance` () of mutual_knn:
 *  k / (n - 1), its mean under random orders without ties; `n_pairs` (A x B) of RSA. A value that is not defined
 *  (constant rows, a self-HSIC that is not above 0, too few samples for canonical correlations that could differ from
 *  1) is NaN, and `n_undefined` () counts them; p_value and ends of an interval are NaN where a draw is.
 *
 *  Bootstrap: CKA is computed of the rows as drawn, without pairs of copies of one row where it is unbiased;
 *  mutual_knn and information_imbalance draw the credits of rows, whose neighbours stay (docs/definitions.md, section
 *  15).
 *
 *  Pairs share their passes. CKA: O(V n^2 d) with the kernels of all V views block by block, never n x n, or O(n (sum
 *  of d)^2) with products of columns where that is less; float32 products of narrower views, float64 sums. mutual_knn:
 *  V searches. information_imbalance: searches of a and O(B n^2 (d + log n)). CCA reduces each view once, O(n d min(n,
 *  d)), and then a pair or a draw costs O(n r^2 + r^3), r directions (PWCCA: and d r^2); Procrustes the same with r =
 *  min(n, d); RSA O(n^2 d) a view and O(n^2) a pair or draw (Kendall: times log n), n (n - 1) / 2 numbers a view, and
 *  n^2 for permutations where `memory` has room. Where `memory` does not hold all views so reduced, some are reduced
 *  several times. CCA and Procrustes need LAPACK. Bootstrap of CCA: of the directions of all rows; of RSA: pairs of
 *  copies of one item are left out.
 *  @param a n_a matrices of n rows, n >= 2. @param b n_b matrices of n rows; NULL with n_b 0: a (A x A, each pair
 *  computed once where the kind is symmetric).
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ETOOFEW, EK, ELABEL, EGROUPS, EINVAL, ENOMEM, EREAD,
 *  ESTRUCT_*, ERESERVED, EUNSUPPORTED, ECANCELLED; the text names the view ("b[3]: ..."). @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_similarity(conceptdec_ctx *ctx, const conceptdec_matrix *a, int64_t n_a,
                                                       const conceptdec_matrix *b, int64_t n_b,
                                                       const conceptdec_similarity_options *options,
                                                       conceptdec_result **result);

#define CONCEPTDEC_R_VALUE "value"                     /**< (A x B) */
#define CONCEPTDEC_R_CKA_DEBIASED "cka_debiased"       /**< (A x B): CKA by this estimate, whichever was asked for; of
                                                            fewer than 4 rows NaN */
#define CONCEPTDEC_R_CKA_BIASED "cka_biased"           /**< (A x B) */
#define CONCEPTDEC_R_SELF_HSIC_A "self_hsic_a"         /**< (A) */
#define CONCEPTDEC_R_SELF_HSIC_B "self_hsic_b"         /**< (B) */
#define CONCEPTDEC_R_N_LEFT_OUT "n_left_out"           /**< int64 () */
/** (A x B x r): descending, NaN beyond their number; r is the largest number, at least 1 */
#define CONCEPTDEC_R_CANONICAL_CORRELATIONS "canonical_correlations"
#define CONCEPTDEC_R_DIRECTIONS_A "directions_a"       /**< int64 (A): kept directions */
#define CONCEPTDEC_R_DIRECTIONS_B "directions_b"       /**< int64 (B) */
#define CONCEPTDEC_R_N_PAIRS "n_pairs"                 /**< int64 (A x B): pairs of items that both have a number for */
#define CONCEPTDEC_R_N_UNDEFINED "n_undefined"         /**< int64 () */

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup geometry Geometry of representations
 *  @{ */

#define CONCEPTDEC_GEOMETRY_NO_SPECTRUM 1u  /**< leave out what needs second moments: spectrum, numerical_rank,
                                                 participation_ratio, effective_rank, rank_me, stable_rank, vci,
                                                 participation_per_concept */
#define CONCEPTDEC_GEOMETRY_NO_NEIGHBORS 2u /**< leave out dimensions from neighbours, and hubness */
#define CONCEPTDEC_GEOMETRY_NO_PROBE 4u     /**< leave out nc3 and nc4 where no weights are given */
#define CONCEPTDEC_GEOMETRY_NO_SILHOUETTE 8u
#define CONCEPTDEC_GEOMETRY_NO_CURVE 16u /**< leave out twonn_curve and what belongs to it: it takes longer than the
                                              search of all rows */

/** Options of geometry; see conceptdec_ctx_options for struct_size and given. One that plays no part in the call
 *  (labels' without labels, neighbours' where these are left out, lambda beside weights) is EINVAL; flags and seed
 *  never are. @since 0.1 */
typedef struct conceptdec_geometry_options {
    uint64_t struct_size;
    uint64_t given;
    const conceptdec_matrix *weights; /**< 0: floats, C x d (two classes: also 1 x d, positive for class 1):
                                           classifier of nc3 and nc4; NULL: a logistic probe is fitted to the
                                           labelled rows */
    const conceptdec_matrix *bias;    /**< 1: floats, C x 1 (1 x 1); only with weights; NULL: 0 */
    int64_t classes;     /**< 2: default: the largest label + 1 */
    int64_t k;           /**< 3: neighbours of mle_dimension, 2..n-1; default 20 */
    int64_t hub_k;       /**< 4: neighbours of hubness, 1..n-1; default 10 */
    int64_t references;  /**< 5: draws of Gaussian rows of the same shape whose hubness is measured, too; default 0 */
    int64_t memory;      /**< 6: bytes of working memory of each part beside input, result, neighbour table and 24
                              bytes a row; default 2^29 (the probe: 2^30). What cannot fit is ENOMEM with the bytes
                              that are needed: 8 min(n, d)^2 and a block of rows for the spectrum, 32 min(n, d)^2
                              for vci, 16 n C for the silhouette, 4 n d for references */
    uint64_t seed;       /**< 7: of decimation and references; default 0 */
    double lambda;       /**< 8: penalty of the probe, above 0; default 1 / n of the labelled rows */
    double discard;      /**< 9: share of the largest ratios that TwoNN's fit leaves out, in [0, 1); default 0.1 */
    double tolerance;    /**< 10: in [0, 1): eigenvalues of the between-class scatter at or below this share of the
                              largest are 0 in nc1 and vci; default d 2^-52 */
    int32_t metric;      /**< 11: of neighbours and silhouette, CONCEPTDEC_METRIC_* */
    uint32_t flags;      /**< 12: CONCEPTDEC_GEOMETRY_* */
    int64_t capacity_draws; /**< 13: Gaussian vectors that manifold capacity is averaged over, 300, say; default 0: it
                                 is left out. With n samples of the largest class it needs 8 (n (n + d) + draws (n + d))
                                 bytes, and 8 min(n, d + 1)^2 a thread */
    double capacity_margin; /**< 14: margin of the classifications that it counts, kappa, at least 0; default 0 */
} conceptdec_geometry_options;

/** What a cloud of activations looks like: how many dimensions it fills, how its classes lie in it.
 *
 *  Arrays CONCEPTDEC_R_* below. Those from spectrum to hubness_reference are of all rows, also of those with label -1;
 *  the others need labels and are of the labelled rows. Each class counts alike, whatever its size: Sw is the mean of
 *  the covariances of the classes (divided by their sizes), Sb that of their means about the mean of the means. What is
 *  not defined is NaN, never a guess: of the spectrum that of rows that are all the same; nc1 to nc4, vci and fisher
 *  with fewer than two classes, with a class of fewer than two samples (class_count tells), or where all class means
 *  are the same.
 *
 *  All products are in float64, whatever the dtype. Eigenvalues come from second moments: those at or below
 *  max(n, d) 2^-52 of the largest are rounding and count as 0 (numerical_rank counts the others), and so do, in
 *  rank_me, singular values at or below the root of that (2^-21 for n or d near 1000) of the largest. Neighbours are
 *  exact; under the cosine metric TwoNN and mle_dimension take the chords between rows of length 1, whose squares are
 *  twice 1 - cos. Distances of the silhouette are within 2^-26 of themselves (d = 1024). Definitions and sources:
 *  docs/definitions.md.
 *
 *  Time: O(n d min(n, d)) for second moments, O(min(n, d)^3) for their eigenvalues (vci: with vectors; none of these
 *  can be cancelled), a neighbour search (the curve's many small ones take two to three times as long), a logistic fit,
 *  O(n^2 d) for the silhouette by tiles; of capacity, draws times about n k^2 for a class of n samples, k of which a
 *  solution rests on. One table of max(k, hub_k) neighbours serves all of its measures. The bits are
 *  the same for any number of threads, but for what LAPACK does (docs/threading.md).
 *  @param x n x d, n >= 2. @param labels integers, n x 1, 0..C-1, -1: none; NULL: no classes.
 *  @param options NULL: defaults (k = 20 needs 21 rows). @param[out] result arrays CONCEPTDEC_R_*.
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ETOOFEW (rows, or no label), EK, ELABEL, EINVAL, ENOMEM, EREAD,
 *  ESTRUCT_*, ERESERVED, EUNSUPPORTED (without LAPACK: spectrum, nc1), ECANCELLED; those of the probe. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_geometry(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                     const conceptdec_matrix *labels,
                                                     const conceptdec_geometry_options *options,
                                                     conceptdec_result **result);

/* Names of geometry. With labels also class_count (C), and where a probe was fitted lambda_ () and converged (). */
#define CONCEPTDEC_R_SPECTRUM "spectrum"             /**< (min(n, d)): variances (n - 1) along principal components,
                                                          descending; those that rounding made negative are 0 */
#define CONCEPTDEC_R_NUMERICAL_RANK "numerical_rank" /**< int64 (): of them, those above max(n, d) 2^-52 of the
                                                          largest; what follows is made of these */
#define CONCEPTDEC_R_TOTAL_VARIANCE "total_variance" /**< (): their sum: of all dimensions */
#define CONCEPTDEC_R_PARTICIPATION_RATIO "participation_ratio" /**< (): (sum l)^2 / sum l^2 of the spectrum */
#define CONCEPTDEC_R_EFFECTIVE_RANK "effective_rank" /**< (): exp of the entropy of l / sum l (Roy and Vetterli 2007,
                                                          of eigenvalues) */
#define CONCEPTDEC_R_RANK_ME "rank_me"               /**< (): exp of the entropy of s / sum s, s the singular values
                                                          of the rows, not centred (Garrido et al. 2023) */
#define CONCEPTDEC_R_STABLE_RANK "stable_rank"       /**< (): sum l / largest l */
#define CONCEPTDEC_R_ANISOTROPY "anisotropy"         /**< (): mean cosine of two different rows (Ethayarajh 2019);
                                                          rows of 0 left out, and counted in n_zero_rows */
#define CONCEPTDEC_R_TWONN "twonn"                   /**< (): dimension by the fit of Facco et al. 2017 */
#define CONCEPTDEC_R_TWONN_ML "twonn_ml"             /**< (): the same by maximum likelihood, (m - 1) / sum log mu
                                                          over m samples */
#define CONCEPTDEC_R_N_TWONN "n_twonn"               /**< int64 (): m, samples with a first neighbour at a distance
                                                          above 0; NaN for fewer than 3 */
#define CONCEPTDEC_R_TWONN_CURVE "twonn_curve"       /**< (D): mean of twonn_ml over the disjoint random subsamples
                                                          of curve_samples rows, each searched by itself */
#define CONCEPTDEC_R_TWONN_CURVE_SE "twonn_curve_se" /**< (D): its standard error; NaN of one */
#define CONCEPTDEC_R_TWONN_CURVE_N "twonn_curve_n"   /**< int64 (D): subsamples that have a value, of 1, 2, 4 ... */
#define CONCEPTDEC_R_CURVE_SAMPLES "curve_samples"   /**< int64 (D): n, n / 2, n / 4 ... down to 20 */
#define CONCEPTDEC_R_MLE_DIMENSION "mle_dimension"   /**< (): Levina and Bickel 2004 with the harmonic mean of MacKay
                                                          and Ghahramani */
#define CONCEPTDEC_R_N_MLE "n_mle"                   /**< int64 (): samples in it: those without a duplicate */
#define CONCEPTDEC_R_HUBNESS_SKEW "hubness_skew"     /**< (): skewness of the number of samples that a row is a
                                                          neighbour of; 0 where these are all the same. Ties go to
                                                          the lower row */
#define CONCEPTDEC_R_ROBIN_HOOD "robin_hood"         /**< (): sum |N_k - k| / (2 n k) */
#define CONCEPTDEC_R_ANTIHUB_SHARE "antihub_share"   /**< (): rows that are nobody's neighbour */
#define CONCEPTDEC_R_HUB_SHARE "hub_share"           /**< (): rows that are neighbours of 2 k samples or more */
#define CONCEPTDEC_R_HUBNESS_REFERENCE "hubness_reference" /**< (references x 4): skew, Robin Hood, antihubs, hubs of
                                                                Gaussian rows; absent with none */
#define CONCEPTDEC_R_NC1 "nc1"                       /**< (): tr(Sw Sb^+) / C (Papyan, Han, Donoho 2020) */
#define CONCEPTDEC_R_NC1_RANK "nc1_rank"             /**< int64 (): eigenvalues of Sb that count */
#define CONCEPTDEC_R_NC2 "nc2"                       /**< (): mean |cosine of two centred class means + 1 / (C - 1)| */
#define CONCEPTDEC_R_NC2_NORMS "nc2_norms"           /**< (): standard deviation of the norms of centred class means
                                                          over their mean */
#define CONCEPTDEC_R_NC3 "nc3"                       /**< (): |W / |W| - M / |M||^2 of weights W and centred class
                                                          means M */
#define CONCEPTDEC_R_NC4 "nc4"                       /**< (): share of samples that probe and nearest class mean call
                                                          differently */
#define CONCEPTDEC_R_VCI "vci"                       /**< (): 1 - tr(St^+ Sb) / rank Sb, St = Sw + Sb (Xu and Liu
                                                          2023); 0 for any rows in general position where n <= d + 1 */
#define CONCEPTDEC_R_FISHER "fisher"                 /**< (): tr Sb / tr Sw */
#define CONCEPTDEC_R_SILHOUETTE "silhouette"         /**< (): mean over samples (Rousseeuw 1987); 0 for the only one
                                                          of a class */
#define CONCEPTDEC_R_SILHOUETTE_PER_CONCEPT "silhouette_per_concept" /**< (C) */
#define CONCEPTDEC_R_PARTICIPATION_PER_CONCEPT "participation_per_concept" /**< (C): participation ratio of each
                                                                                class's own samples; NaN where these
                                                                                are the same, or one */
/* With capacity_draws. Classes whose mean is the mean of the class means have no capacity: NaN; nor have those that no
 * draw puts a condition on, which only a few draws of a class of a point or so can do. */
#define CONCEPTDEC_R_CAPACITY "capacity"             /**< (C): classes a dimension that a linear classifier can tell
                                                          apart in two groups, were all as this one (Chung, Lee,
                                                          Sompolinsky 2018): 2 for a point, less for larger manifolds */
#define CONCEPTDEC_R_CAPACITY_SE "capacity_se"       /**< (C): standard errors over the draws, here and below */
#define CONCEPTDEC_R_MANIFOLD_RADIUS "manifold_radius" /**< (C): root mean square distance of anchor points from the
                                                            class mean, whose distance from the mean of the class
                                                            means is 1 */
#define CONCEPTDEC_R_MANIFOLD_RADIUS_SE "manifold_radius_se"       /**< (C) */
#define CONCEPTDEC_R_MANIFOLD_DIMENSION "manifold_dimension"       /**< (C): of the anchor points */
#define CONCEPTDEC_R_MANIFOLD_DIMENSION_SE "manifold_dimension_se" /**< (C) */
#define CONCEPTDEC_R_CAPACITY_MEAN "capacity_mean"       /**< (): harmonic mean over classes: that of their mixture */
#define CONCEPTDEC_R_CAPACITY_MEAN_SE "capacity_mean_se" /**< () */
#define CONCEPTDEC_R_CAPACITY_RESIDUAL "capacity_residual" /**< (): by how much any solution misses its conditions, in
                                                                units of the products that it is made of: below 2^-40,
                                                                or 2^-17 where samples are nearly dependent */

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup vectors Concept vectors and erasure
 *  @{ */

/** What a concept's vector is counted from. */
#define CONCEPTDEC_BASELINE_REST 0  /**< the mean of all other labelled samples */
#define CONCEPTDEC_BASELINE_MEAN 1  /**< the mean of the class means */
#define CONCEPTDEC_BASELINE_CLASS 2 /**< the mean of one class, `baseline_class`, whose own vector is 0 */
#define CONCEPTDEC_BASELINE_GIVEN 3 /**< `baseline`: task vectors */

/** Options of concept vectors; see conceptdec_ctx_options for struct_size and given. What plays no part in a call is
 *  EINVAL; a default that is written out may stand. @since 0.1 */
typedef struct conceptdec_vectors_options {
    uint64_t struct_size;
    uint64_t given;
    const conceptdec_matrix *baseline; /**< 0: floats, 1 x d; BASELINE_GIVEN only */
    const conceptdec_matrix *groups;   /**< 1: integers, n x 1: rows of a group are drawn, and halved, together */
    int64_t classes;        /**< 2: default: the largest label + 1 */
    int64_t baseline_class; /**< 3: BASELINE_CLASS only; default 0 */
    int64_t bootstrap;      /**< 4: draws over groups (rows, where there are none) within each class; default 0 */
    int64_t splits;         /**< 5: random halvings for `reliability`; default 0 */
    int64_t memory;         /**< 6: bytes of working memory beside input and result; default 2^29 */
    uint64_t seed;          /**< 7: default 0 */
    double confidence;      /**< 8: in (0, 1); default 0.95 */
    int32_t reference;      /**< 9: CONCEPTDEC_BASELINE_* */
    uint32_t flags;         /**< 10: 0 */
} conceptdec_vectors_options;

/** Class means and the vectors of concepts: `class_count` (C), `means` (C x d), `vectors` (C x d): mean less baseline,
 *  `norms` (C), `cosines` (C x C) of the vectors; with bootstrap `norm_low`, `norm_high` (C), `cosine_low`,
 *  `cosine_high` (C x C): percentile intervals, NaN where a class has fewer than two groups (rows, where there are
 *  none) or a draw has no cosine; with splits `reliability` (C): mean over the halvings of the cosine of a vector from
 *  one half of the samples with that from the other. A class of fewer than two groups is in neither half, so it is in
 *  no baseline there, and has NaN. Sums in float64, from one sample on, so that an offset that all have costs no
 *  digits. NaN for a class without samples, and for cosines with a vector no longer than the rounding of the sums (n
 *  2^-52 times the range of the samples). Time O(n d) for each draw and each half, and O(C^2 d) for each draw. ENOMEM
 *  where `memory` does not hold all cosines of the draws, and the means of one.
 *  @param x n x d. @param labels integers, n x 1, -1: plays no part. @param options NULL: defaults.
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ETOOFEW, ELABEL, ESINGLECLASS (BASELINE_REST), ECLASSMISSING
 *  (BASELINE_CLASS), EGROUPS (no class has two), EINVAL, ENOMEM, EREAD, ESTRUCT_*, ERESERVED, EUNSUPPORTED, ECANCELLED.
 *  @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_concept_vectors(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                            const conceptdec_matrix *labels,
                                                            const conceptdec_vectors_options *options,
                                                            conceptdec_result **result);

#define CONCEPTDEC_R_MEANS "means"             /**< (C x d) */
#define CONCEPTDEC_R_VECTORS "vectors"         /**< (C x d) */
#define CONCEPTDEC_R_NORMS "norms"             /**< (C) */
#define CONCEPTDEC_R_NORM_LOW "norm_low"       /**< (C) */
#define CONCEPTDEC_R_NORM_HIGH "norm_high"     /**< (C) */
#define CONCEPTDEC_R_NORM_BIAS "norm_bias"     /**< (C) */
#define CONCEPTDEC_R_COSINE_LOW "cosine_low"   /**< (C x C) */
#define CONCEPTDEC_R_COSINE_HIGH "cosine_high" /**< (C x C) */
#define CONCEPTDEC_R_COSINE_BIAS "cosine_bias" /**< (C x C) */
#define CONCEPTDEC_R_RELIABILITY "reliability" /**< (C) */

#define CONCEPTDEC_ERASE_LEACE 0      /**< least change such that no linear map can read the classes (Belrose et al.
                                           2023) */
#define CONCEPTDEC_ERASE_PROJECTION 1 /**< orthogonal projection that removes the span of the class means, or of
                                           `directions` */

/** Options of erasure; see conceptdec_ctx_options for struct_size and given. @since 0.1 */
typedef struct conceptdec_eraser_options {
    uint64_t struct_size;
    uint64_t given;
    const conceptdec_matrix *directions; /**< 0: floats in memory, r x d, none of them 0; PROJECTION only; labels may
                                              then be NULL. One in the span of those before it adds nothing */
    int64_t classes;  /**< 1: default: the largest label + 1; EINVAL with moments, which have their own */
    int64_t rank;     /**< 2: most directions that are removed, the strongest first (of `directions` the first);
                           default: all, at most C - 1 */
    int64_t memory;   /**< 3: bytes of working memory beside the input; default 2^32. LEACE needs 40 d^2 and a little;
                           what cannot fit is ENOMEM with the bytes that are needed */
    double tolerance; /**< 4: in [0, 1), default 1e-8. LEACE: singular values of the whitened cross-covariance at or
                           below it count as 0; PROJECTION: those of the class means at or below it times the largest,
                           or what is left of a direction, of length 1, without those before it */
    int32_t kind;     /**< 5: CONCEPTDEC_ERASE_* */
    uint32_t flags;   /**< 6: 0 */
} conceptdec_eraser_options;

/** A fitted eraser: a row x becomes x - sum over k of (read[k] . (x - mean)) removed[k]. Immutable once made. */
typedef struct conceptdec_eraser conceptdec_eraser;

/** Fits an eraser to labelled rows.
 *
 *  LEACE: with S the covariance of the rows and Z their cross-covariance with membership in the classes (both divided
 *  by n), W = S^-1/2 and u the left singular vectors of W Z whose singular values are above `tolerance`: read = W u,
 *  removed = W^+ u. Of all affine maps after which no class differs in its mean it changes rows least in the mean
 *  square, in any norm. The inverse is the pseudo-inverse: of fewer rows than dimensions, constant dimensions, or such
 *  as depend on others, what does not vary stays as it is. PROJECTION: read = removed = the right singular vectors of
 *  the class means less the mean of all, each times the root of its share of the rows. Means of classes become equal by
 *  either.
 *
 *  Time: LEACE O(n d^2 + d^3): a Cholesky factorisation where the covariance is safely definite, its eigenvectors
 *  otherwise (not cancellable; some 20 times longer); PROJECTION O(n d + C^2 d). Memory: options->memory. @param x n x
 *  d; NULL only with `directions` and without labels: the mean is then 0. @param labels integers, n x 1, -1: the sample
 *  plays no part; NULL only with `directions`: the mean is then that of all rows. @param options NULL: defaults.
 *  Errors: ENULL, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ETOOFEW, ELABEL, ESINGLECLASS, EINVAL, ENOMEM, EREAD,
 *  ESTRUCT_*, ERESERVED, EUNSUPPORTED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_eraser_new(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                       const conceptdec_matrix *labels,
                                                       const conceptdec_eraser_options *options,
                                                       conceptdec_eraser **eraser);

/** The same from moments: the rows may have come in batches (streaming). LEACE takes moments with a scatter for each
 *  class or a pooled one, PROJECTION any. Of the same rows in the same order, pooled moments (for a projection: means
 *  alone) give the bits of conceptdec_eraser_new(), others the same but for rounding. Errors: ENULL, EINVAL (also means
 *  alone, for LEACE), ETOOFEW, ESINGLECLASS, ESIZE, EDTYPE, EOVERFLOW, ENONFINITE, ENOMEM, ESTRUCT_*, ERESERVED,
 *  EUNSUPPORTED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_eraser_from_class_moments(conceptdec_ctx *ctx,
                                                                      const conceptdec_class_moments *moments,
                                                                      const conceptdec_eraser_options *options,
                                                                      conceptdec_eraser **eraser);

#define CONCEPTDEC_E_READ "read"               /**< float64 (r x d): what is read of a row, less the mean */
#define CONCEPTDEC_E_REMOVED "removed"         /**< float64 (r x d): what is subtracted for it */
#define CONCEPTDEC_E_MEAN "mean"               /**< float64 (d) */
#define CONCEPTDEC_E_STRENGTHS "strengths"     /**< float64 (r): singular values, descending; NaN for given
                                                    directions */
#define CONCEPTDEC_E_RANK "rank"               /**< int64 (): r; 0 where there is nothing to erase */
#define CONCEPTDEC_E_KIND "kind"               /**< int64 () */

/** Gets one of the arrays CONCEPTDEC_E_*; the memory belongs to the object. Errors: ENULL, ENAME. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_eraser_get(const conceptdec_eraser *eraser, const char *name,
                                                       conceptdec_array *array);

/** `erased` (m x d, float64): rows without the concept, computed in float64. A row's numbers do not depend on the
 *  others. Time O(m d r). @param x m x d of any float dtype, or a reader. Errors: ENULL, ESIZE (another d), EDTYPE,
 *  EOVERFLOW (also a result that float64 does not hold), ENONFINITE, ENOMEM, EREAD, ERESERVED, EUNSUPPORTED,
 *  ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_eraser_apply(conceptdec_ctx *ctx, const conceptdec_eraser *eraser,
                                                         const conceptdec_matrix *x, conceptdec_result **result);

/** Writes and reads an eraser, as with moments: every size and value is checked. Errors: ENULL, EIO, EFORMAT, ENOMEM,
 *  ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_eraser_save(conceptdec_ctx *ctx, const conceptdec_eraser *eraser,
                                                        const char *path);
CONCEPTDEC_API conceptdec_status conceptdec_eraser_load(conceptdec_ctx *ctx, const char *path,
                                                        conceptdec_eraser **eraser);

/** Frees the object. @since 0.1 */
CONCEPTDEC_API void conceptdec_eraser_free(conceptdec_eraser *eraser);

/** Options of erasure curves; see conceptdec_ctx_options for struct_size and given. @since 0.1 */
typedef struct conceptdec_erasure_options {
    uint64_t struct_size;
    uint64_t given;
    const conceptdec_eraser_options *eraser; /**< 0: NULL: defaults; rank is set by `most` */
    const conceptdec_knn_options *knn;       /**< 1: of decodability; NULL: defaults. No permutations, no bootstrap */
    const conceptdec_probe_options *probe;   /**< 2: of the probe; NULL: defaults. No permutations, bootstrap, control
                                                  tasks, code lengths or nested selection */
    int64_t most;                            /**< 3: directions that are removed at most; default: as many as the eraser
                                                  has */
} conceptdec_erasure_options;

/** How decodability falls as a concept is erased. One eraser is fitted to all labelled rows; after 0, 1 .. R of its
 *  directions, the strongest first: `n_removed` (R + 1), `decodability` (R + 1; of the first k), `accuracy` (R + 1; of
 *  the first lambda); `chance_null` () of neighbours before anything is removed, `chance` (): share of the largest
 *  class, and `strengths` (R). Rows without the concept are float64, whatever x is.
 *
 *  The eraser has seen the rows that a probe is scored on. After all of LEACE a probe that is scored on the rows of its
 *  fit (resubstitution) says the largest class, and of classes of one size whichever rounding prefers (log_loss then
 *  tells more than accuracy); out of fold it may score below chance, as the mean of what a fold
 *  leaves out lies opposite to that of the rest. What neighbours still read then is not linear.
 *
 *  Time: the eraser, and R + 1 times neighbours and probe. Memory 8 n d bytes, and theirs. @param x n x d. @param
 *  labels integers, n x 1, -1: plays no part. Errors: those of conceptdec_eraser_new(), conceptdec_knn_decodability()
 *  and conceptdec_probe(). @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_erasure_curve(conceptdec_ctx *ctx, const conceptdec_matrix *x,
                                                          const conceptdec_matrix *labels,
                                                          const conceptdec_erasure_options *options,
                                                          conceptdec_result **result);

#define CONCEPTDEC_R_ERASED "erased"       /**< (m x d) */
#define CONCEPTDEC_R_N_REMOVED "n_removed" /**< int64 (R + 1) */
#define CONCEPTDEC_R_STRENGTHS "strengths" /**< (R) */

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup sweep Sweeps
 *  @{ */

/** Options of a sweep; see conceptdec_ctx_options for struct_size and given. @since 0.1 */
typedef struct conceptdec_sweep_options {
    uint64_t struct_size;
    uint64_t given;
    const conceptdec_knn_options *knn; /**< 0: options of every cell; NULL: defaults */
    const int64_t *shape;              /**< 1: lengths of the grid's axes, product n_views; NULL: one axis */
    int64_t ndim;                      /**< 2: number of axes, 1 to 4 */
    const conceptdec_probe_options *probe; /**< 3: linear probes in the place of k-NN decodability; knn must then be
                                                NULL */
} conceptdec_sweep_options;

/** k-NN decodability, or linear probes, of many matrices of the same samples (layers; steps x layers x shots) with one
 *  set of labels. Every array of conceptdec_knn_decodability() or conceptdec_probe() (without the fit on all rows) with
 *  the grid's axes in front, and `status` of each cell: a cell that fails has NaN (or -1), its status and its text
 *  (conceptdec_result_message), and does not lose the rest. The folds, permutations and bootstrap draws are the same in
 *  every cell, so that cells are compared in pairs (`difference`).
 *  @param views n_views matrices of n rows each, in row-major order of the grid; widths may differ. A view of another
 *  number of rows is the error of its cell (ESIZE).
 *  Errors: those of the labels and options; ECANCELLED; the error of the first cell where all of them fail. @since
 *  0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_sweep(conceptdec_ctx *ctx, const conceptdec_matrix *views, int64_t n_views,
                                                  const conceptdec_matrix *labels,
                                                  const conceptdec_sweep_options *options, conceptdec_result **result);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup activations Files of activations
 *  @{ */

/** An open file of named arrays: a .npy file (one array), a .safetensors file, or the index of sharded ones. Reads
 *  only; the file must not change while it is open. Several threads may use it at once. */
typedef struct conceptdec_activations conceptdec_activations;

#define CONCEPTDEC_ACTIVATIONS_MAP 1u /**< elements lie in a memory map of the file; without it pread fetches blocks of
                                           them. A file that is cut off while it is mapped kills the process (SIGBUS) */

/** Options of opening a file; see conceptdec_ctx_options for struct_size and given. @since 0.1 */
typedef struct conceptdec_activations_options {
    uint64_t struct_size;
    uint64_t given;
    uint32_t flags; /**< 0: CONCEPTDEC_ACTIVATIONS_* */
    int32_t dtype;  /**< 1: CONCEPTDEC_BFLOAT16: arrays of 16-bit integers hold bfloat16; 0: they hold integers */
} conceptdec_activations_options;

/** What an array of a file is. Frozen. @since 0.1 */
typedef struct conceptdec_array_info {
    const char *name;  /**< of the tensor; for .npy the file's name without folder and ".npy". Belongs to the open
                            file */
    const char *type;  /**< of the elements: "float64", "float32", "float16", "bfloat16", "int8" ... "int64", "uint8"
                            ... "uint64", "bool"; else the name of a type that the library does not read */
    int64_t shape[8];  /**< the first ndim count */
    int32_t ndim;      /**< 0 to 8 */
    int32_t dtype;     /**< of views: CONCEPTDEC_FLOAT64 ...; CONCEPTDEC_INT64 for integers of any width and bool, which
                            conceptdec_activations_integers() reads; 0: not read */
} conceptdec_array_info;

/** Opens a file. Its first bytes say which kind it is, not its name: .npy of versions 1 to 3 (both byte orders, C and
 *  Fortran order, numbers alone: no objects, no records), .safetensors, or a JSON index ({"weight_map": {tensor:
 *  file}}), whose files must lie in its own folder. Headers are checked in full before anything is believed: sizes (a
 *  header of 100 MB, of .npy 64 KiB, 8 axes, 2^20 arrays at most), products, that arrays cover the data exactly and
 *  nothing twice, duplicate keys, depth, UTF-8. Arrays are listed in the natural order of their names ("layer.2" before
 *  "layer.10"). Nothing is read but headers. Errors: ENULL, EIO, EFORMAT (with the reason and the place), EINVAL,
 *  EOVERFLOW, ENOMEM, ESTRUCT_*, ERESERVED, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_activations_open(conceptdec_ctx *ctx, const char *path,
                                                             const conceptdec_activations_options *options,
                                                             conceptdec_activations **activations);

/** Number of arrays. @since 0.1 */
CONCEPTDEC_API int64_t conceptdec_activations_count(const conceptdec_activations *activations);

/** What array `index`, 0..count-1, is. Errors: ENULL, ESIZE (no such index). @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_activations_info(conceptdec_ctx *ctx,
                                                             const conceptdec_activations *activations, int64_t index,
                                                             conceptdec_array_info *info);

/** The index of the array of that name. Errors: ENULL, ENAME (the text lists names that there are). @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_activations_find(conceptdec_ctx *ctx,
                                                             const conceptdec_activations *activations,
                                                             const char *name, int64_t *index);

/** One matrix of an array of floating numbers: its last two axes are samples x dimensions, those before them a grid,
 *  whose cells are counted in row-major order; an array of one axis is a column. Without MAP the matrix is one with
 *  CONCEPTDEC_MATRIX_READER; with it the view is of the mapped memory, strides as the file has them, unless the other
 *  byte order makes a reader of it, too. Rows of a file in Fortran order that is not mapped cost a read for each
 *  column of a block. @param[out] view good until the file is closed. Errors: ENULL, ESIZE (no such index or cell, no
 *  axis, no elements), EDTYPE (not floating), ENOMEM. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_activations_view(conceptdec_ctx *ctx,
                                                             const conceptdec_activations *activations, int64_t index,
                                                             int64_t cell, conceptdec_matrix *view);

/** All elements of an array of integers (any width; bool as 0 and 1) as int64 in C order with the array's axes, read at
 *  the first call and kept; the memory belongs to the open file. Errors: ENULL, ESIZE, EDTYPE (floating), EOVERFLOW (an
 *  unsigned number above 2^63 - 1), EIO, ENOMEM, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_activations_integers(conceptdec_ctx *ctx,
                                                                 const conceptdec_activations *activations,
                                                                 int64_t index, conceptdec_array *array);

/** The text of a key of a .safetensors file's "__metadata__" (of an index the first file's that has it), NULL where
 *  there is none. @since 0.1 */
CONCEPTDEC_API const char *conceptdec_activations_metadata(const conceptdec_activations *activations, const char *key);

/** Closes a file; views of it must not be used any more. @since 0.1 */
CONCEPTDEC_API void conceptdec_activations_free(conceptdec_activations *activations);

#define CONCEPTDEC_VIEWS_VECTOR 1u /**< matrices of one column are written without their last axis, as labels are */

/** An array to be written. Frozen. @since 0.1 */
typedef struct conceptdec_named_views {
    const char *name;               /**< of the tensor; not looked at for .npy */
    const conceptdec_matrix *views; /**< as many as the lengths of `shape` multiply to; of one size and dtype. Any
                                         floating dtype, readers too; int32; int64 */
    const int64_t *shape;           /**< lengths of the axes before samples x dimensions; NULL where ndim is 0 */
    int64_t ndim;                   /**< of shape, 0 to 6 */
    uint64_t flags;                 /**< CONCEPTDEC_VIEWS_* */
} conceptdec_named_views;

/** Options of writing a file; see conceptdec_ctx_options for struct_size and given. @since 0.1 */
typedef struct conceptdec_save_options {
    uint64_t struct_size;
    uint64_t given;
    const char *const *metadata; /**< 0: key, text, key, text ... for "__metadata__", UTF-8; .safetensors only */
    int64_t n_metadata;          /**< 1: keys */
} conceptdec_save_options;

/** Writes arrays to a file, whose name ends in ".npy" (one array, version 1, C order, little-endian; bfloat16 as "<V2",
 *  as NumPy with ml_dtypes writes it) or ".safetensors" (header padded to 8 bytes, tensors in the order given): to a
 *  temporary file beside it first, which then takes its name. Errors: ENULL, EINVAL (another ending, no or a repeated
 *  name, text that is not UTF-8), ESIZE, EDTYPE, EOVERFLOW, EIO, EREAD, ENOMEM, ESTRUCT_*, ERESERVED, EUNSUPPORTED,
 *  ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_activations_save(conceptdec_ctx *ctx, const char *path,
                                                             const conceptdec_named_views *arrays, int64_t count,
                                                             const conceptdec_save_options *options);

/** @} */
/* ------------------------------------------------------------------------------------------------------------------ */
/** @defgroup accumulator Rows pushed by an engine
 *  @{ */

/** What an inference engine hands its activations to, row by row, as it makes them: for each layer counts, means and
 *  variances (or scatter matrices) of every concept, and a uniform sample of its rows. All memory is taken when it is
 *  made: pushing takes no memory, no lock, makes no system call and touches no context, so that an engine may push from
 *  the thread that computes. One accumulator for each thread that pushes; at the end they are merged. */
typedef struct conceptdec_accumulator conceptdec_accumulator;

/** What is kept of each concept beside its count and mean. */
#define CONCEPTDEC_ACCUMULATE_VARIANCES 0 /**< the variance of each dimension */
#define CONCEPTDEC_ACCUMULATE_POOLED 1    /**< one scatter matrix, rows about the means of their concepts: d x d doubles
                                               a layer */
#define CONCEPTDEC_ACCUMULATE_SCATTERS 2  /**< a scatter matrix of each concept: C x d x d doubles a layer */
#define CONCEPTDEC_ACCUMULATE_NOTHING 3   /**< no moments at all: the sample alone */

/** Options of an accumulator; see conceptdec_ctx_options for struct_size and given. @since 0.1 */
typedef struct conceptdec_accumulator_options {
    uint64_t struct_size;
    uint64_t given;
    int64_t reservoir; /**< 0: rows of each concept and layer that are kept, a uniform sample of all that came; default
                            0: none */
    uint64_t seed;     /**< 1: of the sample */
    uint64_t producer; /**< 2: number of this accumulator among those that will be merged; two of one number would draw
                            alike */
    int32_t dtype;     /**< 3: of the rows, and of those that are kept; default CONCEPTDEC_FLOAT32 */
    int32_t moments;   /**< 4: CONCEPTDEC_ACCUMULATE_* */
} conceptdec_accumulator_options;

/** Makes an accumulator. Memory, for each layer of d dimensions: `reservoir` C d elements; with VARIANCES 2 C d
 *  doubles, C d elements and a buffer of rows (1 MiB, at least 16 rows and 4 of each concept); with POOLED d^2 + 2 C d
 *  doubles and a chunk of 512 rows or more, with SCATTERS C times d^2 + 2 d and a chunk of 64 to 512 rows, all in
 *  float64; and once a buffer for products, about twice the widest chunk. All of it is written to once, so that it is
 *  there. @param dims dimensions of each layer. @param layers 1 or more. @param classes C, 1 or more. Errors: ENULL,
 *  ESIZE, EDTYPE, EINVAL (also: nothing is kept), EOVERFLOW, ENOMEM, ESTRUCT_*. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_accumulator_new(conceptdec_ctx *ctx, const int64_t *dims, int64_t layers,
                                                            int64_t classes,
                                                            const conceptdec_accumulator_options *options,
                                                            conceptdec_accumulator **accumulator);

/** Adds one row of layer `layer`: dims[layer] elements of the accumulator's dtype, one after another, at any address.
 *  Label -1: the row plays no part. A row that has a NaN or an infinity is refused (ENONFINITE) and leaves everything
 *  as it was. Amortised O(d), with scatter matrices O(d^2). Rows are gathered, and the one that fills a buffer pays for
 *  it: with VARIANCES the concept that most rows wait of joins its moments (about 2 / C of the buffer, some 20 us at d
 *  = 4,096), with POOLED and SCATTERS a chunk of rows its products (the whole of it: 0.2 s and more at d = 4,096, on
 *  this thread). Questions in between do not change what later ones give. Same rows in the same order: the same bits.
 *  Errors (text: conceptdec_accumulator_error): ENULL, ESIZE (layer), ELABEL, ENONFINITE, EOVERFLOW (a value of 2^480
 *  or more). @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_accumulator_add(conceptdec_accumulator *accumulator, int64_t layer,
                                                            const void *row, int64_t label);

/** Adds the rows of a matrix (any strides; the accumulator's dtype; no reader) in their order, as
 *  conceptdec_accumulator_add() would; all or, on any error, none. @param labels integers, rows x 1. Errors: those of
 *  conceptdec_accumulator_add(), EDTYPE, EOVERFLOW, ERESERVED, EUNSUPPORTED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_accumulator_add_rows(conceptdec_accumulator *accumulator, int64_t layer,
                                                                 const conceptdec_matrix *x,
                                                                 const conceptdec_matrix *labels);

/** Text of the last error of conceptdec_accumulator_add() and _add_rows(), "" where there was none. @since 0.1 */
CONCEPTDEC_API const char *conceptdec_accumulator_error(const conceptdec_accumulator *accumulator);

/** Adds what another accumulator of the same sizes, options and seed (but another producer) holds, which stays as it
 *  is; all or, on any error, nothing. The sample is one of all rows of both, then ordered by concept, producer and
 *  arrival, and the same whatever is merged with what first; moments differ by rounding. While it runs, memory for a
 *  second copy of the moments of all layers (with scatter matrices of one layer a third) and of one sample. The
 *  merging of samples cannot be stopped: a second or more where they hold some 10^5 rows. Errors: ENULL, ESIZE, EINVAL
 *  (other options; rows of one producer number in both), EOVERFLOW, ENOMEM, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_accumulator_merge(conceptdec_ctx *ctx, conceptdec_accumulator *accumulator,
                                                              const conceptdec_accumulator *other);

#define CONCEPTDEC_A_CLASS_COUNT "class_count" /**< int64 (C): rows that came */
#define CONCEPTDEC_A_MEANS "means"             /**< float64 (C x d); NaN for a concept without rows */
#define CONCEPTDEC_A_VARIANCES "variances"     /**< float64 (C x d): mean square about the concept's mean; not with
                                                    POOLED */
#define CONCEPTDEC_A_DIFFERENCES "differences" /**< float64 (C x d): mean of the concept less the mean of all other
                                                    rows */
#define CONCEPTDEC_A_ARRIVALS "arrivals"       /**< int64 (m): for each row of the sample how many rows of its concept
                                                    had come to this layer and producer before it */
#define CONCEPTDEC_A_PRODUCERS "producers"     /**< int64 (m): the producer of each row of the sample */

/** Gets an array of layer `layer` as it stands; the memory belongs to the accumulator and is good until anything is
 *  done with it again. Errors: ENULL, ESIZE (layer), ENAME (also what is not kept), ENOMEM, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_accumulator_get(conceptdec_ctx *ctx, conceptdec_accumulator *accumulator,
                                                            int64_t layer, const char *name, conceptdec_array *array);

/** The sample of layer `layer`: m x d, and its labels, m x 1 of int64. Layers to which the same rows came in the same
 *  order have the same sample, row by row. The memory belongs to the accumulator and is good until rows come to it, by
 *  add or merge, or it is freed. Errors: ENULL, ESIZE (layer; no row was kept). @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_accumulator_sample(conceptdec_ctx *ctx, conceptdec_accumulator *accumulator,
                                                               int64_t layer, conceptdec_matrix *x,
                                                               conceptdec_matrix *labels);

/** Moments per class of layer `layer`, as a state of their own that can be saved, merged and made subspaces and erasers
 *  of: with VARIANCES kept one of CONCEPTDEC_CLASS_MOMENTS_VARIANCES, with POOLED one of
 *  CONCEPTDEC_CLASS_MOMENTS_POOLED, with SCATTERS one without flags. Errors: ENULL, ESIZE (layer), EINVAL (no moments
 *  are kept), ENOMEM, ECANCELLED. @since 0.1 */
CONCEPTDEC_API conceptdec_status conceptdec_accumulator_moments(conceptdec_ctx *ctx,
                                                                conceptdec_accumulator *accumulator, int64_t layer,
                                                                conceptdec_class_moments **moments);

/** Frees an accumulator. @since 0.1 */
CONCEPTDEC_API void conceptdec_accumulator_free(conceptdec_accumulator *accumulator);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
