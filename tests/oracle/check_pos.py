"""check_pos.py FOLDER: the library against an independent float64 computation on a recording from outside the project.

FOLDER holds activations.npy (layers, words, width), labels.npy, label_names.txt and groups.npy (the sentence of each
word). The first 13,000 words of eight parts of speech are taken, k = 10, leave-one-out; leave-group-out by sentence
stands beside it. Some minutes; not part of the suite.
"""
import os
import sys
import time

import numpy as np

import conceptdec
import oracle

PARTS = "NOUN VERB ADJ ADV ADP DET PRON AUX".split()
WORDS, K = 13000, 10


def read(folder):
    activations = np.load(os.path.join(folder, "activations.npy"), mmap_mode="r")
    labels, groups = (np.load(os.path.join(folder, name)) for name in ("labels.npy", "groups.npy"))
    with open(os.path.join(folder, "label_names.txt")) as file:
        names = file.read().split()
    words = np.flatnonzero(np.isin(labels, [names.index(p) for p in PARTS]))[:WORDS]
    wanted = {names.index(part): i for i, part in enumerate(PARTS)}
    return activations, words, np.array([wanted[v] for v in labels[words]]), groups[words]


def main(folder):
    activations, words, y, groups = read(folder)
    wrong = 0
    print("%d words, k = %d, %d sentences" % (len(words), K, len(set(groups))))
    print("layer  leave-one-out  oracle  outside the sentence  oracle  chance  tied at the boundary  distinct rows")
    for layer in range(len(activations)):
        x = np.asarray(activations[layer][words])
        loo = conceptdec.knn_decodability(x, y, k=K)
        group = conceptdec.knn_decodability(x, y, k=K, protocol="group", groups=groups)
        start = time.time()
        theirs = oracle.decodability(x, y, [K])
        theirs_group = oracle.decodability(x, y, [K], eligible=lambda i: groups != groups[i])
        wrong += compare(layer, "leave-one-out", loo, theirs) + compare(layer, "by sentence", group, theirs_group)
        print("%5d  %13.6f  %.4f  %20.6f  %.4f  %.4f  %20.4f  %13d   (oracle: %.0f s)" % (
            layer, value(loo), theirs["decodability"][0], value(group), theirs_group["decodability"][0],
            float(np.ravel(loo["chance_null"])[0]), float(np.ravel(loo["boundary_tie_rate"])[0]),
            len(np.unique(x, axis=0)), time.time() - start), flush=True)
    print("every credit agrees" if not wrong else "%d arrays differ" % wrong)
    return wrong != 0


def value(result):
    return float(np.ravel(result["decodability"])[0])


def compare(layer, protocol, ours, theirs):
    differ = [name for name in ("decodability", "balanced", "per_concept", "confusion", "tie_rate", "boundary_tie_rate")
              if not np.allclose(np.ravel(ours[name]), np.ravel(theirs[name]), rtol=1e-12, atol=1e-12)]
    for name in differ:
        print("layer %d, %s: %s differs" % (layer, protocol, name))
    return len(differ)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
