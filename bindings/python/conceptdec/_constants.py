"""Every constant of the header without its prefix, and the words that stand for option values."""

VERSION_MAJOR = 0
VERSION_MINOR = 1
VERSION_PATCH = 0
VERSION_STRING = "0.1.0"
ABI_VERSION = 0

OK = 0
EINVAL = -1
ENULL = -2
ESIZE = -3
EDTYPE = -4
ENONFINITE = -5
ETOOFEW = -6
EK = -7
ELABEL = -8
ESINGLECLASS = -9
EFOLDS = -10
EGROUPS = -11
ENAME = -12
ESHALLOW = -13
EFEWELIGIBLE = -14
ECLASSMISSING = -15
ENOMEM = -20
EOVERFLOW = -21
EIO = -22
EFORMAT = -23
EREAD = -24
ESTRUCT_SIZE = -60
ESTRUCT_TAIL = -61
ERESERVED = -62
ECANCELLED = -80
EUNSUPPORTED = -81

STATUS_NAMES = {
    value: f"CONCEPTDEC_{name}" for name, value in list(globals().items()) if name == "OK" or name.startswith("E")
}

KERNEL_PORTABLE = 1
KERNEL_AVX2 = 2
KERNEL_AVX512 = 4
KERNEL_AVXVNNI = 8
KERNEL_AVX512VNNI = 16
KERNEL_NEON_DOTPROD = 32

SCREENING_AUTO = 0
SCREENING_INT8 = 1
SCREENING_FLOAT32 = 2
SCREENING_FLOAT64 = 3

FLOAT64 = 1
FLOAT32 = 2
FLOAT16 = 3
BFLOAT16 = 4
INT32 = 16
INT64 = 17

MATRIX_READER = 1

R_K = "k"
R_CLASSES = "classes"
R_DECODABILITY = "decodability"
R_PER_CONCEPT = "per_concept"
R_BALANCED = "balanced"
R_CONFUSION = "confusion"
R_CHANCE_UNIFORM = "chance_uniform"
R_CHANCE_MAJORITY = "chance_majority"
R_CHANCE_NULL = "chance_null"
R_KAPPA = "kappa"
R_LABEL_OVERLAP = "label_overlap"
R_TIE_RATE = "tie_rate"
R_BOUNDARY_TIE_RATE = "boundary_tie_rate"
R_N_SCORED = "n_scored"
R_N_IGNORED = "n_ignored"
R_N_UNSCORED = "n_unscored"
R_N_SHORT = "n_short"
R_N_ZERO_ROWS = "n_zero_rows"
R_CLASS_COUNT = "class_count"
R_UNDECODABLE = "undecodable"
R_P_VALUE = "p_value"
R_NULL = "null"
R_CI_LOW = "ci_low"
R_CI_HIGH = "ci_high"
R_BOOTSTRAP_BIAS = "bootstrap_bias"
R_FOLD = "fold"
R_STATUS = "status"
R_DIFFERENCE = "difference"
R_DIFFERENCE_LOW = "difference_low"
R_DIFFERENCE_HIGH = "difference_high"
R_ACCURACY = "accuracy"
R_LAMBDA = "lambda_"
R_PER_FOLD = "per_fold"
R_CHANCE = "chance"
R_MACRO_F1 = "macro_f1"
R_LOG_LOSS = "log_loss"
R_AUROC = "auroc"
R_AVERAGE_PRECISION = "average_precision"
R_CALIBRATION_ERROR = "calibration_error"
R_POSTERIOR = "posterior"
R_DECISION = "decision"
R_PREDICTED = "predicted"
R_CONVERGED = "converged"
R_ITERATIONS = "iterations"
R_DECREMENT = "decrement"
R_OBJECTIVE = "objective"
R_WEIGHTS = "weights"
R_BIAS = "bias"
R_V_INFORMATION_BITS = "v_information_bits"
R_PVI_BITS = "pvi_bits"
R_SELECTED = "selected"
R_NESTED_ACCURACY = "nested_accuracy"
R_CONTROL_ACCURACY = "control_accuracy"
R_SELECTIVITY = "selectivity"
R_CODELENGTH_BITS = "codelength_bits"
R_COMPRESSION = "compression"
R_N_MISSING_TRAIN = "n_missing_train"
R_N_MISSING_TEST = "n_missing_test"
R_N_DUPLICATES = "n_duplicates"
R_SHRINKAGE = "shrinkage"
R_R2 = "r2"
R_PER_TARGET = "per_target"
R_TRANSFORMED = "transformed"
R_RECONSTRUCTED = "reconstructed"
R_ROTATION = "rotation"
R_SCALE = "scale"
R_DISPARITY = "disparity"
R_EMBEDDING = "embedding"
R_TRUSTWORTHINESS = "trustworthiness"
R_CONTINUITY = "continuity"
R_KNN_PRESERVATION = "knn_preservation"
R_R_NX = "r_nx"
R_DECODABILITY_EMBEDDED = "decodability_embedded"
R_OVERLAP = "overlap"
R_SHARED_DIMENSIONS = "shared_dimensions"
R_COSINES = "cosines"
R_ANGLES = "angles"
R_GEODESIC = "geodesic"
R_CHORDAL = "chordal"
R_PROCRUSTES = "procrustes"
R_MAX_ANGLE = "max_angle"
R_FUBINI_STUDY = "fubini_study"
R_VARIANCE_OVERLAP = "variance_overlap"
R_ALIGNMENT_INDEX = "alignment_index"
R_EXPECTED = "expected"
R_EXPECTED_SD = "expected_sd"
R_Z = "z"
R_P_INDEPENDENT = "p_independent"
R_P_VALUE_LOWER = "p_value_lower"
R_RANKS = "ranks"
R_RANKS_OTHER = "ranks_other"
R_UNDECIDED = "undecided"
R_VIEW = "view"
R_CLASS = "class_"
R_VARIANCES = "variances"
R_N_MISSING = "n_missing"
R_VALUE = "value"
R_CKA_DEBIASED = "cka_debiased"
R_CKA_BIASED = "cka_biased"
R_SELF_HSIC_A = "self_hsic_a"
R_SELF_HSIC_B = "self_hsic_b"
R_N_LEFT_OUT = "n_left_out"
R_CANONICAL_CORRELATIONS = "canonical_correlations"
R_DIRECTIONS_A = "directions_a"
R_DIRECTIONS_B = "directions_b"
R_N_PAIRS = "n_pairs"
R_N_UNDEFINED = "n_undefined"
R_SPECTRUM = "spectrum"
R_NUMERICAL_RANK = "numerical_rank"
R_TOTAL_VARIANCE = "total_variance"
R_PARTICIPATION_RATIO = "participation_ratio"
R_EFFECTIVE_RANK = "effective_rank"
R_RANK_ME = "rank_me"
R_STABLE_RANK = "stable_rank"
R_ANISOTROPY = "anisotropy"
R_TWONN = "twonn"
R_TWONN_ML = "twonn_ml"
R_N_TWONN = "n_twonn"
R_TWONN_CURVE = "twonn_curve"
R_TWONN_CURVE_SE = "twonn_curve_se"
R_TWONN_CURVE_N = "twonn_curve_n"
R_CURVE_SAMPLES = "curve_samples"
R_MLE_DIMENSION = "mle_dimension"
R_N_MLE = "n_mle"
R_HUBNESS_SKEW = "hubness_skew"
R_ROBIN_HOOD = "robin_hood"
R_ANTIHUB_SHARE = "antihub_share"
R_HUB_SHARE = "hub_share"
R_HUBNESS_REFERENCE = "hubness_reference"
R_NC1 = "nc1"
R_NC1_RANK = "nc1_rank"
R_NC2 = "nc2"
R_NC2_NORMS = "nc2_norms"
R_NC3 = "nc3"
R_NC4 = "nc4"
R_VCI = "vci"
R_FISHER = "fisher"
R_SILHOUETTE = "silhouette"
R_SILHOUETTE_PER_CONCEPT = "silhouette_per_concept"
R_PARTICIPATION_PER_CONCEPT = "participation_per_concept"
R_CAPACITY = "capacity"
R_CAPACITY_SE = "capacity_se"
R_MANIFOLD_RADIUS = "manifold_radius"
R_MANIFOLD_RADIUS_SE = "manifold_radius_se"
R_MANIFOLD_DIMENSION = "manifold_dimension"
R_MANIFOLD_DIMENSION_SE = "manifold_dimension_se"
R_CAPACITY_MEAN = "capacity_mean"
R_CAPACITY_MEAN_SE = "capacity_mean_se"
R_CAPACITY_RESIDUAL = "capacity_residual"
R_MEANS = "means"
R_VECTORS = "vectors"
R_NORMS = "norms"
R_NORM_LOW = "norm_low"
R_NORM_HIGH = "norm_high"
R_NORM_BIAS = "norm_bias"
R_COSINE_LOW = "cosine_low"
R_COSINE_HIGH = "cosine_high"
R_COSINE_BIAS = "cosine_bias"
R_RELIABILITY = "reliability"
R_ERASED = "erased"
R_N_REMOVED = "n_removed"
R_STRENGTHS = "strengths"
R_KIND = "kind"

N_INDICES = "indices"
N_DISTANCES = "distances"
N_COUNT = "count"
N_TIES = "ties"
N_N_REFINED = "n_refined"
N_SCREENING = "screening"

METRIC_L2 = 0
METRIC_COSINE = 1

NEIGHBORS_STRICT = 1

PROTOCOL_LOO = 0
PROTOCOL_GROUP = 1
PROTOCOL_KFOLD = 2
PROTOCOL_SPLIT = 3
PROTOCOL_RESUBSTITUTION = 4

WEIGHTS_UNIFORM = 0
WEIGHTS_DISTANCE = 1
WEIGHTS_SOFTMAX = 2
WEIGHTS_BALANCED = 3

TIES_FRACTIONAL = 0
TIES_SMALLEST = 1
TIES_NEAREST = 2

BOUNDARY_SHARE = 0
BOUNDARY_INDEX = 1

PERMUTE_FREE = 0
PERMUTE_WITHIN = 1
PERMUTE_WHOLE = 2

KNN_STRICT = 1
KNN_UNSTRATIFIED = 2
KNN_NO_CONFUSION = 4

PROBE_LOGISTIC = 0
PROBE_RIDGE = 1
PROBE_LDA = 2
PROBE_MEAN_DIFFERENCE = 3
PROBE_NEAREST_MEAN = 4

STANDARDIZE_NONE = 0
STANDARDIZE_GLOBAL = 1
STANDARDIZE_FOLD = 2

COVARIANCE_LEDOIT_WOLF = 0
COVARIANCE_POOLED = 1
COVARIANCE_FIXED = 2

PROBE_BALANCED = 1
PROBE_SKIP_MISSING = 2
PROBE_UNSTRATIFIED = 4
PROBE_NESTED = 8
PROBE_MDL = 16
PROBE_NO_SAMPLES = 32
PROBE_NO_FIT = 64

M_N_SAMPLES = "n_samples"
M_MEAN = "mean"
M_COVARIANCE = "covariance"

PCA_AUTO = 0
PCA_COVARIANCE = 1
PCA_GRAM = 2
PCA_SVD = 3
PCA_KRYLOV = 4

PCA_UNCENTERED = 1
PCA_STANDARDIZE = 2
PCA_WHITEN = 4

P_COMPONENTS = "components"
P_EXPLAINED_VARIANCE = "explained_variance"
P_EXPLAINED_VARIANCE_RATIO = "explained_variance_ratio"
P_SINGULAR_VALUES = "singular_values"
P_MEAN = "mean"
P_SCALE = "scale"
P_RESIDUAL = "residual"
P_EIGEN_GAP = "eigen_gap"
P_TOTAL_VARIANCE = "total_variance"
P_N_SAMPLES = "n_samples"
P_N_CLAMPED = "n_clamped"
P_SOLVER = "solver"
P_ITERATIONS = "iterations"
P_CONVERGED = "converged"

ALIGN_SCALE = 1

UMAP_SPECTRAL = 0
UMAP_PCA = 1
UMAP_RANDOM = 2
UMAP_GIVEN = 3

UMAP_SELF_COUNTED = 1

U_EMBEDDING = "embedding"
U_GRAPH_ROWS = "graph_rows"
U_GRAPH_COLUMNS = "graph_columns"
U_GRAPH_WEIGHTS = "graph_weights"
U_RHO = "rho"
U_SIGMA = "sigma"
U_CURVE = "curve"
U_PART = "part"
U_N_SHORT = "n_short"
U_CONVERGED = "converged"

CLASS_MOMENTS_POOLED = 1
CLASS_MOMENTS_MEANS = 2
CLASS_MOMENTS_VARIANCES = 4

M_CLASS_COUNT = "class_count"
M_MEANS = "means"
M_WITHIN = "within"
M_VARIANCES = "variances"
M_SCATTER = "scatter"

BASIS_WITHIN = 0
BASIS_UNCENTERED = 1
BASIS_MEANS = 2
BASIS_DIFFERENCE = 3
BASIS_PROBE = 4

S_BASES = "bases"
S_START = "start"
S_RANKS = "ranks"
S_VARIANCES = "variances"
S_TOTAL_VARIANCE = "total_variance"
S_GAP = "gap"
S_UNDECIDED = "undecided"
S_N_MISSING = "n_missing"
S_N_SAMPLES = "n_samples"
S_VIEW = "view"
S_CLASS = "class_"

OVERLAP_NO_ANGLES = 1
OVERLAP_COUNT_MISSING = 2

SIMILARITY_CKA_DEBIASED = 0
SIMILARITY_CKA_BIASED = 1
SIMILARITY_SVCCA = 2
SIMILARITY_PWCCA = 3
SIMILARITY_PROCRUSTES = 4
SIMILARITY_SHAPE = 5
SIMILARITY_RSA = 6
SIMILARITY_MUTUAL_KNN = 7
SIMILARITY_INFORMATION_IMBALANCE = 8

SIMILARITY_SYMMETRIC = 1

CKA_LINEAR = 0
CKA_RBF = 1

RDM_CORRELATION = 0
RDM_SQUARED_L2 = 1
RDM_COSINE = 2
RDM_CROSSNOBIS = 3

COMPARE_SPEARMAN = 0
COMPARE_PEARSON = 1
COMPARE_KENDALL = 2
COMPARE_COSINE = 3

GEOMETRY_NO_SPECTRUM = 1
GEOMETRY_NO_NEIGHBORS = 2
GEOMETRY_NO_PROBE = 4
GEOMETRY_NO_SILHOUETTE = 8
GEOMETRY_NO_CURVE = 16

BASELINE_REST = 0
BASELINE_MEAN = 1
BASELINE_CLASS = 2
BASELINE_GIVEN = 3

ERASE_LEACE = 0
ERASE_PROJECTION = 1

E_READ = "read"
E_REMOVED = "removed"
E_MEAN = "mean"
E_STRENGTHS = "strengths"
E_RANK = "rank"
E_KIND = "kind"

WORDS = {
    option: {
        name[len(option) + 1 :].lower(): value
        for name, value in list(globals().items())
        if name.startswith(f"{option.upper()}_")
    }
    for option in (
        "metric", "protocol", "weights", "ties", "boundary", "permute", "screening", "standardize", "covariance",
        "basis", "rdm",
    )  # fmt: skip
}
WORDS["kind"] = {
    "logistic": PROBE_LOGISTIC,
    "ridge": PROBE_RIDGE,
    "lda": PROBE_LDA,
    "mean_difference": PROBE_MEAN_DIFFERENCE,
    "nearest_mean": PROBE_NEAREST_MEAN,
}
WORDS["solver"] = {
    "auto": PCA_AUTO,
    "covariance": PCA_COVARIANCE,
    "gram": PCA_GRAM,
    "svd": PCA_SVD,
    "krylov": PCA_KRYLOV,
}
WORDS["init"] = {"spectral": UMAP_SPECTRAL, "pca": UMAP_PCA, "random": UMAP_RANDOM}
WORDS["similarity"] = {
    "cka_debiased": SIMILARITY_CKA_DEBIASED,
    "cka_biased": SIMILARITY_CKA_BIASED,
    "svcca": SIMILARITY_SVCCA,
    "pwcca": SIMILARITY_PWCCA,
    "procrustes": SIMILARITY_PROCRUSTES,
    "shape": SIMILARITY_SHAPE,
    "rsa": SIMILARITY_RSA,
    "mutual_knn": SIMILARITY_MUTUAL_KNN,
    "information_imbalance": SIMILARITY_INFORMATION_IMBALANCE,
}
WORDS["kernel"] = {"linear": CKA_LINEAR, "rbf": CKA_RBF}
WORDS["comparison"] = {
    "spearman": COMPARE_SPEARMAN,
    "pearson": COMPARE_PEARSON,
    "kendall": COMPARE_KENDALL,
    "cosine": COMPARE_COSINE,
}
WORDS["baseline"] = {"rest": BASELINE_REST, "mean": BASELINE_MEAN}
WORDS["erase"] = {"leace": ERASE_LEACE, "projection": ERASE_PROJECTION}

ACTIVATIONS_MAP = 1
VIEWS_VECTOR = 1

ACCUMULATE_VARIANCES = 0
ACCUMULATE_POOLED = 1
ACCUMULATE_SCATTERS = 2
ACCUMULATE_NOTHING = 3
A_CLASS_COUNT = "class_count"
A_MEANS = "means"
A_VARIANCES = "variances"
A_DIFFERENCES = "differences"
A_ARRIVALS = "arrivals"
A_PRODUCERS = "producers"

WORDS["row dtype"] = {"float64": FLOAT64, "float32": FLOAT32, "float16": FLOAT16, "bfloat16": BFLOAT16}
WORDS["moments"] = {
    "variances": ACCUMULATE_VARIANCES,
    "pooled": ACCUMULATE_POOLED,
    "scatters": ACCUMULATE_SCATTERS,
    "nothing": ACCUMULATE_NOTHING,
}
