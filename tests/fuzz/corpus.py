"""corpus.py: writes the files below tests/fuzz/model, by the layout that lib/probe/model_file.c describes."""
import math
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def checksum(data):
    total = 0
    for (word,) in struct.iter_unpack("<Q", data):
        total = (total ^ word) * 0x9E3779B97F4A7C15 % 2**64
        total ^= total >> 29
    return total


def model(kind, classes, d, weights, bias, sharpness=1.0, numbers=(math.nan,) * 3, format=1, columns=None, steps=0):
    columns = len(bias) if columns is None else columns
    data = b"cdecPrb\n" + struct.pack("<7q", format, kind, classes, columns, d, 1, steps)
    data += struct.pack("<4d%dd" % (len(weights) + len(bias)), *numbers, sharpness, *weights, *bias)
    return data + struct.pack("<Q", checksum(data))


FILES = {
    "two-classes": model(0, 2, 3, [0.5, -1, 2], [0.25], numbers=(0.1, 1e-13, 0.4), steps=9),
    "three-classes": model(2, 3, 2, [1, 0, 0, 1, -1, -1], [0, 0.5, -0.5]),
    "ridge": model(1, 2, 1, [3], [0], sharpness=math.nan, numbers=(1.0, math.nan, math.nan)),
    "absent-class": model(4, 3, 1, [1, 0, 2], [0, -math.inf, 1]),
    "absent-of-two": model(3, 2, 1, [0], [math.inf]),
    "all-absent": model(4, 3, 1, [0, 0, 0], [-math.inf] * 3),
    "later-format": model(0, 2, 1, [1], [0], format=2),
    "too-wide": model(0, 2, 2**62, [1], [0]),
    "overflow": model(0, 3, 2**63 // 24 + 1, [1, 1, 1], [0, 0, 0]),
    "columns-differ": model(0, 4, 1, [1, 1], [0, 0], columns=2),
    "nan-weight": model(0, 2, 1, [math.nan], [0]),
    "table": b"cdecNbr\n" + struct.pack("<15q", 1, *range(14)),
    "empty": b"",
    "short": b"cdecPrb\n" + struct.pack("<q", 1),
}

if __name__ == "__main__":
    for name, data in FILES.items():
        with open(os.path.join(HERE, "model", name), "wb") as file:
            file.write(data)
