"""layer_profile.py [FOLDER [JSON]]: where in a network, and when in training, a concept can be read.

FOLDER (default: the data beside this program) holds activations.npy (grid axes..., samples, width), labels.npy,
label_names.txt and grid.json, which names the axes of the grid. Prints a table for each value of the last axis and
writes everything to JSON (default: decodability.json in the current folder).
"""
import json
import os
import sys

import numpy as np

import conceptdec

K, PERMUTATIONS, BOOTSTRAP, CONFIDENCE = 10, 1000, 1000, 0.95


def read(folder):
    activations = np.load(os.path.join(folder, "activations.npy"), mmap_mode="r")
    labels = np.load(os.path.join(folder, "labels.npy"))
    with open(os.path.join(folder, "label_names.txt")) as file:
        names = np.array(file.read().split())
    with open(os.path.join(folder, "grid.json")) as file:
        return activations, names[labels], json.load(file)


def profile(activations, concepts):
    """One call: every cell of the grid, with a permutation null and a bootstrap interval of each."""
    result = conceptdec.sweep(activations, concepts, k=K, permutations=PERMUTATIONS, bootstrap=BOOTSTRAP,
                              confidence=CONFIDENCE)
    shape = activations.shape[:-2]
    names = ("decodability", "ci_low", "ci_high", "chance_null", "p_value")
    return result, {name: np.reshape(result[name], shape) for name in names}


def cell(cells, place):
    mark = "*" if cells["p_value"][place] <= 0.01 else " "
    return "%.3f%s [%.2f, %.2f]" % (cells["decodability"][place], mark, cells["ci_low"][place], cells["ci_high"][place])


def print_table(cells, grid, last, accuracy):
    """Rows are layers, columns training steps, at one number of examples."""
    steps, layers, shots = (grid[axis] for axis in grid["axes"])
    print("%d example%s before the query" % (shots[last], "" if shots[last] == 1 else "s"))
    print("  %-16s" % "training step" + "".join("%20d" % step for step in steps))
    for l, layer in enumerate(layers):
        print("  layer %-10d" % layer + "".join("%20s" % cell(cells, (s, l, last)) for s in range(len(steps))))
    chance = cells["chance_null"][:, :, last].mean(axis=1)
    print("  %-16s" % "chance" + "".join("%-9s%.3f%8s" % ("", c, "") for c in chance).rstrip())
    if accuracy is not None:
        print("  %-16s" % "task accuracy" + "".join("%-9s%.3f%8s" % ("", a, "") for a in accuracy[:, last]).rstrip())
    print()


def main(folder, path):
    activations, concepts, grid = read(folder)
    names = sorted(set(concepts))
    result, cells = profile(activations, concepts)
    print("Decodability of %d concepts (%s) from %d samples:" % (len(names), ", ".join(names), len(concepts)))
    print("share of samples whose %d nearest other samples vote for the right concept." % K)
    print("[low, high]: %g %% bootstrap interval; *: above the permuted labels with p <= 0.01;" % (100 * CONFIDENCE))
    print("chance: mean score of permuted labels over the layers (guessing among %d: %.3f).\n"
          % (len(names), 1 / len(names)))
    accuracy = os.path.join(folder, "accuracy.npy")
    accuracy = np.load(accuracy) if os.path.exists(accuracy) else None
    for last in range(activations.shape[-3]):
        print_table(cells, grid, last, accuracy)
    with open(path, "w") as file:
        json.dump({"grid": grid, "result": json.loads(result.to_json())}, file)
    print("The same with every other number and its provenance, as JSON: %s" % path)


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    arguments = sys.argv[1:] + [os.path.join(here, "data"), "decodability.json"][len(sys.argv) - 1:]
    main(*arguments)
