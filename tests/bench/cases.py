"""cases.py: what is measured. A case asks one question of one matrix; its entries are the tools, or the ways of one
tool, that answer it in turn. The first entry is conceptdec's, and all ratios are against it.
"""
from dataclasses import asdict, dataclass, field

SHAPES = ((10000, 1024), (20000, 2304), (50000, 1024), (20000, 4096), (20000, 5120))
PEERS = (("faiss", "FAISS"), ("sklearn", "scikit-learn"), ("torch", "torch"))
KS = [1, 2, 5, 10, 20, 50, 100]  # of the score case
FOLDS, PERMUTATIONS = 5, 1000
BIT_THREADS = (1, 2, 3, 5, 16)


@dataclass
class Entry:
    label: str
    tool: str
    do: str = "table"  # a command of worker.py
    arguments: dict = field(default_factory=dict)
    dtype: str = "float32"
    metric: str = "l2"
    factor: float = 1  # times what is measured is what the case asks for
    compare: bool = True  # its answer is the same as that of the first entry


@dataclass
class Case:
    name: str
    group: str  # "grid", "edge", "own" or "scores": the table of the report that it stands in
    data: dict
    k: int
    entries: list
    queries: int = 0

    def as_json(self):
        return asdict(self)


def made(n, d, slope=0.5):
    return {"n": n, "d": d, "slope": slope}


def against_peers(name, group, data, k, metric="l2", queries=0):
    ours = Entry("conceptdec", "conceptdec", arguments={"k": k}, metric=metric)
    peers = [Entry(label, tool, arguments={"k": k}, metric=metric) for tool, label in PEERS]
    return Case(name, group, data, k, [ours] + peers, queries)


def grid(shapes, ks, slopes):
    return [against_peers("grid/n%d-d%d-k%d-a%g" % (n, d, k, slope), "grid", made(n, d, slope), k)
            for n, d in shapes for k in ks for slope in slopes]


def files(data, ks):
    return [against_peers("grid/file-%s-k%d" % (data["name"], k), "grid", data, k) for k in ks] if data else []


def edges(n, d):
    """Where a product of matrices is not what takes the time, and conceptdec may lose."""
    cases = [against_peers("edge/small-n%d" % small, "edge", made(small, d), 10) for small in sorted({500, 2000} - {n})]
    cases += [against_peers("edge/narrow-d%d" % narrow, "edge", made(n, narrow), 10) for narrow in (8, 32)]
    cases.append(against_peers("edge/deep-k1000", "edge", made(n, d), 1000))
    for queries in (1, 100):
        cases.append(against_peers("edge/queries-%d" % queries, "edge", made(n, d), 10, queries=queries))
    cases.append(against_peers("edge/cosine", "edge", made(n, d), 10, metric="cosine"))
    return cases


def dtypes(n, d):
    entries = [Entry(dtype, "conceptdec", arguments={"k": 10}, dtype=dtype)
               for dtype in ("float32", "float16", "bfloat16")]
    return Case("own/dtypes-n%d-d%d" % (n, d), "own", made(n, d), 10, entries)


def metrics(n, d):
    entries = [Entry(metric, "conceptdec", arguments={"k": 10}, metric=metric) for metric in ("l2", "cosine")]
    return Case("own/metrics-n%d-d%d" % (n, d), "own", made(n, d), 10, entries)


def threads(n, d):
    """Also shows that the bits do not depend on the number of threads."""
    entries = [Entry("default threads", "conceptdec", arguments={"k": 10})]
    entries += [Entry("%d thread%s" % (count, "s" * (count > 1)), "conceptdec",
                      arguments={"k": 10, "threads": count}) for count in BIT_THREADS]
    return Case("own/threads-n%d-d%d" % (n, d), "own", made(n, d), 10, entries)


def null(n, d, permutations=PERMUTATIONS):
    """Leave-one-out decodability with its permutation null; the naive idiom is measured for one permutation."""
    arguments = {"k": 10, "permutations": permutations}
    return Case("scores/null-n%d-d%d" % (n, d), "scores", made(n, d), 10, [
        Entry("conceptdec, %d permutations" % permutations, "conceptdec", "null", arguments),
        Entry("conceptdec, the table alone", "conceptdec", "table", {"k": 10}, compare=False),
        Entry("scikit-learn, expert: kneighbors once, votes in NumPy", "sklearn", "null", arguments),
        Entry("scikit-learn, naive: KNeighborsClassifier in %d folds for every permutation" % FOLDS, "sklearn",
              "naive_null", {"k": 10, "folds": FOLDS}, factor=permutations + 1, compare=False),
    ])


def scores(n, d):
    """Decodability at many k in 5 folds, which are the same for all."""
    arguments = {"ks": KS}
    return Case("scores/ks-n%d-d%d" % (n, d), "scores", made(n, d), max(KS), [
        Entry("conceptdec, %d k at once" % len(KS), "conceptdec", "scores", arguments),
        Entry("scikit-learn, expert: kneighbors once a fold, votes in NumPy", "sklearn", "scores", arguments),
        Entry("scikit-learn, naive: cross_val_score for every k", "sklearn", "naive_scores", arguments),
    ])


def quick(data):
    """A minute or two on two cores."""
    return (grid(((4000, 512),), (10, 100), (0.5, 1)) + files(data, (10,)) + edges(2000, 256)
            + [dtypes(4000, 1024), metrics(4000, 1024), threads(3000, 512), null(3000, 512), scores(2000, 256)])


def full(data):
    return (grid(SHAPES, (10, 100), (0.5, 1)) + files(data, (10, 100)) + edges(10000, 1024)
            + [dtypes(10000, 1024), dtypes(20000, 4096), metrics(10000, 1024), metrics(20000, 4096),
               threads(10000, 1024), null(10000, 1024), scores(10000, 1024)])


PRESETS = {"quick": quick, "full": full}
