"""Writes activations for report.sh: layers of bfloat16 in which a concept emerges, and its labels.

Each layer: class means in a subspace of 16 dimensions, growing from nothing to full size over the layers, plus noise whose
standard deviation falls with the rank of the dimension as rank^-0.5; dimensions are dealt anew in each layer.

    python3 report_data.py acts.safetensors labels.npy [layers [samples [dimensions [concepts]]]]
"""

import json
import sys

import numpy as np


def bfloat16(x):
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def layer(rng, labels, share, d, means):
    n = len(labels)
    x = rng.standard_normal((n, d), np.float32) * (np.arange(1, d + 1, dtype=np.float32) ** -0.5)
    x[:, : means.shape[1]] += share * means[labels]
    return bfloat16(x[:, rng.permutation(d)])


def main(path, labels_path, layers=33, n=2000, d=4096, concepts=10):
    rng = np.random.default_rng(0)
    labels = np.arange(n) % concepts
    rng.shuffle(labels)
    means = rng.standard_normal((concepts, min(16, d)), np.float32)
    np.save(labels_path, labels.astype(np.int32))
    size = 2 * n * d
    header = {f"layers.{i}": {"dtype": "BF16", "shape": [n, d], "data_offsets": [i * size, (i + 1) * size]} for i in range(layers)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for i in range(layers):
            layer(rng, labels, i / max(layers - 1, 1), d, means).tofile(file)


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
