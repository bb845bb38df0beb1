"""The questions that the oracle answers; test_decodability.c (through values.h) and test_oracle.py ask the library."""
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
KS = [1, 5, 10, 20, 50]

# Slices of bitwise.npy: layer 3 after 0, 1, 2, 4 and 7 examples, then layer 0 (the embedding, where rows repeat) after
# 0 and 7; all at step 4000 of the model that examples/data/README.md describes.
LAYER3_0, LAYER3_1, LAYER3_2, LAYER3_4, LAYER3_7, LAYER0_0, LAYER0_7 = range(7)

CASES = [{"slice": s} for s in range(7)] + [
    {"slice": LAYER3_7, "metric": "cosine"},
    {"slice": LAYER3_2, "weights": "distance"},
    {"slice": LAYER3_0, "weights": "distance"},
    {"slice": LAYER3_1, "weights": "softmax", "metric": "cosine"},
    {"slice": LAYER3_2, "weights": "balanced", "labels": "part"},
    {"slice": LAYER3_4, "ties": "smallest"},
    {"slice": LAYER0_7, "ties": "smallest", "boundary": "index"},
    {"slice": LAYER3_0, "ties": "nearest"},
    {"slice": LAYER3_0, "boundary": "index"},
    {"slice": LAYER3_7, "protocol": "group"},
    {"slice": LAYER0_0, "protocol": "group", "labels": "part"},
    {"slice": LAYER3_1, "protocol": "split"},
    {"slice": LAYER0_7, "protocol": "split", "labels": "part"},
    {"slice": LAYER3_0, "protocol": "resubstitution"},
    {"slice": LAYER3_4, "labels": "part"},
]
DEFAULTS = {"metric": "l2", "weights": "uniform", "ties": "fractional", "boundary": "share", "protocol": "loo",
            "labels": "all"}


def data():
    """(slices, labels)"""
    slices = np.load(os.path.join(HERE, "bitwise.npy"))
    return slices, np.load(os.path.join(HERE, "..", "..", "examples", "data", "labels.npy"))


def full(case):
    return {**DEFAULTS, **case}


def name(case):
    return "slice %d" % case["slice"] + "".join(", %s" % v for k, v in case.items() if k != "slice")


def labels_of(case, labels):
    """All labels, or a part of them: every seventh sample ignored, and concept 5 thinned to every third member."""
    if case["labels"] == "all":
        return labels
    i = np.arange(len(labels))
    return np.where((i % 7 == 0) | ((labels == 5) & (i % 18 > 6)), -1, labels).astype(labels.dtype)


def groups_of(n):
    return np.arange(n) // 12


def train_of(n):
    return np.arange(n) % 5 != 0


def rules(case, n):
    """eligible and test, as oracle.decodability() takes them."""
    groups, train = groups_of(n), train_of(n)
    return {
        "loo": {},
        "group": {"eligible": lambda i: groups != groups[i]},
        "split": {"eligible": lambda i: train, "test": ~train},
        "resubstitution": {"eligible": lambda i: np.ones(n, dtype=bool)},
    }[case["protocol"]]
