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
R_FOLD = "fold"
R_STATUS = "status"
R_DIFFERENCE = "difference"
R_DIFFERENCE_LOW = "difference_low"
R_DIFFERENCE_HIGH = "difference_high"

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

WORDS = {
    option: {
        name[len(option) + 1 :].lower(): value
        for name, value in list(globals().items())
        if name.startswith(f"{option.upper()}_")
    }
    for option in ("metric", "protocol", "weights", "ties", "boundary", "permute", "screening")
}
