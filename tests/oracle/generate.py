"""generate.py: writes values.h, what the library has to give, from oracle.py; scikit-learn is asked where it can.

    python3 tests/oracle/generate.py            write values.h
    python3 tests/oracle/generate.py --check    say whether values.h is what this would write
"""
import os
import sys

import numpy as np
import sklearn
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

import cases
import oracle

VALUES = os.path.join(cases.HERE, "values.h")
FIELDS = ["decodability", "balanced", "label_overlap", "tie_rate", "boundary_tie_rate"]


def answer(case, slices, labels):
    case = cases.full(case)
    options = {key: case[key] for key in ("metric", "weights", "ties", "boundary")}
    return oracle.decodability(slices[case["slice"]], cases.labels_of(case, labels), cases.KS,
                               **options, **cases.rules(case, len(labels)))


def agree_with_sklearn(slices, labels):
    """scikit-learn's rules (smallest label wins a tie) on slices without tied distances, by its own code."""
    for s in (cases.LAYER3_1, cases.LAYER3_2, cases.LAYER3_4, cases.LAYER3_7):
        x = slices[s].astype(np.float64)
        table = NearestNeighbors(algorithm="brute").fit(x).kneighbors(n_neighbors=max(cases.KS), return_distance=False)
        ours = oracle.decodability(x, labels, cases.KS, ties="smallest")["decodability"]
        for k, value in zip(cases.KS, ours):
            votes = [np.bincount(labels[row[:k]], minlength=6).argmax() for row in table]
            assert value == np.mean(votes == labels), (s, k)
        train = cases.train_of(len(labels))
        for weights, ties in (("uniform", "smallest"), ("distance", "smallest")):
            model = KNeighborsClassifier(10, weights=weights, algorithm="brute").fit(x[train], labels[train])
            ours = oracle.decodability(x, labels, [10], ties=ties, weights=weights, eligible=lambda i: train,
                                       test=~train)["decodability"][0]
            assert ours == model.score(x[~train], labels[~train]), (s, weights)


def row(values):
    return "{" + ", ".join(repr(float(v)) for v in values) + "}"


def text():
    slices, labels = cases.data()
    agree_with_sklearn(slices, labels)
    lines = [
        "/* Written by generate.py (NumPy %s, scikit-learn %s, Python %d.%d); not edited by hand. */"
        % (np.__version__, sklearn.__version__, *sys.version_info[:2]),
        "static const int64_t oracle_ks[] = {%s};" % ", ".join(map(str, cases.KS)),
        "static const struct oracle_case oracle_cases[] = {",
    ]
    for case in cases.CASES:
        values, whole = answer(case, slices, labels), cases.full(case)
        lines += [
            '    {.name = "%s",' % cases.name(case),
            "     .slice = %d," % case["slice"],
            "     .part = %d," % (whole["labels"] == "part"),
            "     .metric = CONCEPTDEC_METRIC_%s," % whole["metric"].upper(),
            "     .protocol = CONCEPTDEC_PROTOCOL_%s," % whole["protocol"].upper(),
            "     .weights = CONCEPTDEC_WEIGHTS_%s," % whole["weights"].upper(),
            "     .ties = CONCEPTDEC_TIES_%s," % whole["ties"].upper(),
            "     .boundary = CONCEPTDEC_BOUNDARY_%s," % whole["boundary"].upper(),
            "     .n_scored = %d," % values["n_scored"],
        ]
        lines += ["     .%s = %s," % (field, row(values[field])) for field in FIELDS]
        lines += ["     .per_concept = {"] + ["      %s," % row(v) for v in values["per_concept"]] + ["     }},"]
    return "\n".join(lines + ["};", ""])


def without_versions(whole):
    return whole.split("\n", 1)[1]


def main():
    fresh = text()
    if "--check" in sys.argv[1:]:
        with open(VALUES) as file:
            same = without_versions(file.read()) == without_versions(fresh)
        print("values.h is up to date" if same else "values.h differs from a fresh computation")
        return not same
    with open(VALUES, "w") as file:
        file.write(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
