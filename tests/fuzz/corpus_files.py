"""corpus_files.py: writes the files below tests/fuzz/npy, tests/fuzz/safetensors and tests/fuzz/shards.

Run with: /usr/bin/python3 tests/fuzz/corpus_files.py (NumPy alone; .safetensors by hand, as the format's README says).
"""
import json
import os
import struct

import numpy as np
from numpy.lib import format as npy

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = {"float64": "F64", "float32": "F32", "float16": "F16", "int8": "I8", "int16": "I16", "int32": "I32",
         "int64": "I64", "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64", "bool": "BOOL"}


def put(folder, name, data):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    with open(os.path.join(HERE, folder, name), "wb") as file:
        file.write(data)


def put_npy(name, array, version=(1, 0)):
    os.makedirs(os.path.join(HERE, "npy"), exist_ok=True)
    with open(os.path.join(HERE, "npy", name), "wb") as file:
        npy.write_array(file, np.asanyarray(array), version=version)


def raw_npy(header, data, version=1):
    header = header.encode("latin1")
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + data


def raw_safetensors(header, data):
    text = header.encode()
    return struct.pack("<Q", len(text)) + text + data


def safetensors(tensors, metadata=None, pad=8, words=None):
    """The bytes of a file of these tensors, in the order given."""
    header, place, parts = {}, 0, []
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, array in tensors.items():
        data = array if isinstance(array, bytes) else np.ascontiguousarray(array).tobytes()
        word, shape = words[name] if words and name in words else (WORDS[str(array.dtype)], list(array.shape))
        header[name] = {"dtype": word, "shape": shape, "data_offsets": [place, place + len(data)]}
        place += len(data)
        parts.append(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % pad)
    return raw_safetensors(text.decode(), b"".join(parts))


def write_npy():
    x = (np.arange(30) % 11 - 3.0).reshape(10, 3)
    for kind in ("f8", "f4", "f2"):
        put_npy(f"{kind}-little.npy", x.astype("<" + kind))
        put_npy(f"{kind}-big.npy", x.astype(">" + kind))
    put_npy("fortran.npy", np.asfortranarray(x.astype("<f4")))
    put_npy("fortran-big-grid.npy", np.asfortranarray(np.arange(48.0).reshape(2, 3, 4, 2).astype(">f8")))
    put_npy("bfloat16.npy", x.astype("<f4").view("<u2")[:, 1::2].copy().view("V2"))
    put_npy("version-2.npy", x.astype("<f4"), (2, 0))
    put_npy("version-3.npy", x.astype("<f4"), (3, 0))
    put_npy("column.npy", x[:, 0])
    put_npy("number.npy", np.float32(1.5))
    put_npy("empty.npy", np.zeros((0, 4), np.float32))
    put_npy("grid.npy", np.arange(24, dtype=np.float16).reshape(3, 1, 4, 2))
    put_npy("labels.npy", np.arange(10, dtype=np.int64) % 3)
    put_npy("labels-fortran.npy", np.asfortranarray(np.arange(12, dtype=">i2").reshape(3, 4)))
    put_npy("uint64.npy", np.array([0, 1, 2**63 - 1, 2**63], np.uint64))
    put_npy("bool.npy", np.arange(6).reshape(2, 3) % 2 == 0)
    put_npy("complex.npy", x[:2].astype("c8"))
    put_npy("objects.npy", np.array([1, "a", None], dtype=object))
    put_npy("records.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
    put_npy("strings.npy", np.array(["ab", "c"]))
    put("npy", "python2.npy", raw_npy("{'shape': (2L, 2L), 'descr': '<i4', 'fortran_order': False}", bytes(16)))
    put("npy", "quotes.npy", raw_npy('{"fortran_order":True,"shape":(2,2),"descr":"|u1"}\n', bytes(4)))


def write_safetensors():
    x = (np.arange(12) % 7 - 2.0).reshape(4, 3)
    all_types = {f"layer.{i}": x.astype(name) for i, name in enumerate(WORDS)}
    put("safetensors", "types", safetensors(all_types))
    layers = {f"layer.{i}": (x + i).astype(np.float16) for i in (0, 10, 2, 1)}
    put("safetensors", "layers", safetensors({**layers, "labels": np.arange(4)}, {"model": "test", "step": "17"}))
    put("safetensors", "bfloat16", safetensors({"a": x.astype("<f4").tobytes()[2:26]}, words={"a": ("BF16", [4, 3])}))
    put("safetensors", "unread", safetensors({"a": bytes(6), "b": bytes(3), "c": x},
                                             words={"a": ("F8_E4M3", [2, 3]), "b": ("F4", [6])}))
    put("safetensors", "number-empty", safetensors(
        {"a": np.float32(2), "b": np.zeros((0, 3)), "c": np.zeros((2, 0, 3), np.int32)}, words={"a": ("F32", [])}))
    put("safetensors", "names", safetensors({"é": x, "\U0001f600": x, 'q"\\/\n': x, "": x}))
    put("safetensors", "escapes", raw_safetensors(
        r'{"\u00e9\ud83d\ude00\"\\\/\b\n":{"shape":[1],"data_offsets":[0,2],"dtype":"F16"}}   ', bytes(2)))
    put("safetensors", "nothing", safetensors({}))
    put("safetensors", "metadata-only", safetensors({}, {"a": "b", "c": ""}))
    put("safetensors", "unpadded", safetensors({"x": x.astype(np.float32)}, pad=1))
    put("safetensors", "hole", raw_safetensors('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', bytes(8)))
    put("safetensors", "twice", raw_safetensors('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                                                '"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', bytes(2)))


def write_shards():
    x = (np.arange(12) % 5 - 1.0).reshape(4, 3).astype(np.float32)
    shards = {f"model-0000{i}-of-00002.safetensors": {f"layer.{j}": x + j for j in (i, 10 * i)} for i in (1, 2)}
    where = {name: file for file, tensors in shards.items() for name in tensors}
    for i, (file, tensors) in enumerate(shards.items()):
        put("shards", file, safetensors(tensors, {"shard": str(i), f"only{i}": "x"}))
    for name, index in {
        "model.safetensors.index.json": {"metadata": {"total_size": 192, "of": [1, -2.5e3, True, None, {"a": "b"}]},
                                         "weight_map": where},
        "nothing.json": {"weight_map": {}},
        "folder.json": {"weight_map": {"layer.1": "../shards/model-00001-of-00002.safetensors"}},
        "missing-file.json": {"weight_map": {"layer.1": "model-00003-of-00002.safetensors"}},
        "missing-tensor.json": {"weight_map": {"layer.3": "model-00001-of-00002.safetensors"}},
        "one.json": {"weight_map": {"layer.10": "model-00001-of-00002.safetensors"}},
        "itself.json": {"weight_map": {"a": "itself.json"}},
    }.items():
        put("shards", name, json.dumps(index, indent=2).encode())


if __name__ == "__main__":
    write_npy()
    write_safetensors()
    write_shards()
