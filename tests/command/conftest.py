"""The program under test: CONCEPTDEC_COMMAND names it."""

import csv
import io
import json
import os
import pathlib
import signal
import struct
import subprocess

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "examples/data"
PROGRAM = os.environ.get("CONCEPTDEC_COMMAND", "conceptdec")
TYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32"}


class Done:
    """What a run of the program left."""

    def __init__(self, process, out, err):
        self.code, self.out, self.err = process.returncode, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def rows(self):
        """The rows of a table in CSV."""
        return list(csv.DictReader(io.StringIO(self.out)))


def start(*arguments, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": DATA,
               "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options}
    return subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, text=True, encoding="utf-8",
                            **options)


def run(*arguments, code=0, **options):
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    return Done(process, out, err)


def safetensors(path, arrays):
    """Writes arrays in the order given."""
    header, data = {}, b""
    for name, array in arrays.items():
        piece = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": TYPES[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.fixture(scope="session")
def acts():
    return np.load(DATA / "activations.npy")


@pytest.fixture(scope="session")
def labels():
    return np.load(DATA / "labels.npy")
