"""What is written is what was given, whatever it came from."""

import json
import struct

import numpy as np
import pytest
from common import Rows, narrow, refused, strided
from producers import Jax, OnlyDlpack, Tensor

import conceptdec


def read_safetensors(path):
    """Metadata and arrays by name, as the format says; bfloat16 as 16-bit integers."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    kinds = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": "u2", "I64": "i8", "I32": "i4"}
    metadata, arrays = header.pop("__metadata__", None), {}
    for name, info in header.items():
        first, last = (8 + length + place for place in info["data_offsets"])
        arrays[name] = np.frombuffer(raw[first:last], "<" + kinds[info["dtype"]]).reshape(info["shape"])
    return metadata, arrays


def saved(path, x, **options):
    """The array `x` after a way through a file of either kind; both agree."""
    conceptdec.save_activations(path / "x.npy", x, **options)
    conceptdec.save_activations(path / "x.safetensors", {"x": x}, **options)
    found, (_, others) = np.load(path / "x.npy"), read_safetensors(path / "x.safetensors")
    assert found.dtype.itemsize == others["x"].dtype.itemsize and found.shape == others["x"].shape
    assert found.tobytes() == others["x"].tobytes()
    return others["x"]


def expect(found, wanted):
    assert found.dtype == wanted.dtype and found.shape == wanted.shape and np.array_equal(found, wanted)


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "bfloat16"])
def test_floating_numbers(rng, tmp_path, kind):
    x, options, _ = narrow(rng.standard_normal((3, 5, 4)), kind)
    for array in (x, x[0], np.asfortranarray(x), strided(x[0]), x[::-1, ::2]):
        expect(saved(tmp_path, array, **options), np.ascontiguousarray(array))
    expect(saved(tmp_path, Tensor(x, code=4 if kind == "bfloat16" else 2)), x)
    views = [[OnlyDlpack(x[0].astype("f4")), Rows(x[1].astype("f4"))], [Jax(x[2].astype("f4")), x[0].astype("f4")]]
    expect(saved(tmp_path, views), x[[[0, 1], [2, 0]]].astype("f4"))
    if kind != "bfloat16":
        expect(saved(tmp_path, x[0, :, 0]), x[0, :, 0])


def test_integers(tmp_path):
    y = np.arange(12)
    for kind in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"):
        labels = y.astype(kind)
        expect(saved(tmp_path, labels), labels.astype("int32" if kind == "int32" else "int64"))
        if "16" not in kind:
            square = labels.reshape(3, 4)[::-1]
            expect(saved(tmp_path, square), square.astype("int32" if kind == "int32" else "int64"))
    for listed in (y.tolist(), y.reshape(2, 6).tolist(), Tensor(y, code=0), tuple(y), memoryview(y)):
        expect(saved(tmp_path, listed), y.reshape(2, 6) if np.ndim(listed) == 2 else y)
    expect(saved(tmp_path, [True, False]), np.array([1, 0]))


def test_arrays_of_files(rng, tmp_path):
    """From one file into another; a file is not written over while it is read."""
    bits, options, _ = narrow(rng.standard_normal((2, 3, 4)), "bfloat16")
    first = tmp_path / "first.safetensors"
    arrays = {"x": bits, "y": [3, 1, 2], "z": np.eye(3)}
    conceptdec.save_activations(first, arrays, {"model": "toy", "": "é"}, **options)
    acts = conceptdec.open_activations(first)
    assert acts.metadata("model") == "toy" and acts.metadata("") == "é"
    expect(saved(tmp_path, acts["x"]), bits)
    conceptdec.save_activations(tmp_path / "t.safetensors", {"t": np.arange(3.0)})
    expect(saved(tmp_path, conceptdec.open_activations(tmp_path / "t.safetensors")["t"]), np.arange(3.0))
    expect(saved(tmp_path, acts["x"][1]), bits[1])
    expect(saved(tmp_path, acts["y"]), np.array([3, 1, 2]))
    expect(saved(tmp_path, [acts["z"], acts["z"]]), np.stack([np.eye(3)] * 2))
    conceptdec.save_activations(first, dict(acts), {"model": "other"})
    metadata, arrays = read_safetensors(first)
    assert metadata == {"model": "other"} and list(arrays) == ["x", "y", "z"]
    expect(arrays["x"], bits)
    again = conceptdec.open_activations(first)
    assert again.names == acts.names and acts.metadata("model") == "toy" and np.array_equal(acts["x"].bits(), bits)


def test_npy_of_bfloat16(rng, tmp_path):
    bits, options, wide = narrow(rng.standard_normal((3, 4)), "bfloat16")
    conceptdec.save_activations(tmp_path / "x.npy", {"any name": bits}, **options)
    assert np.load(tmp_path / "x.npy").dtype == "V2"
    acts = conceptdec.open_activations(tmp_path / "x.npy", **options)
    assert acts.names == ["x"] and np.array_equal(acts[0].numpy(), wide)


def test_what_cannot_be_written(tmp_path):
    x, save = np.zeros((3, 4)), conceptdec.save_activations
    npy, tensors = tmp_path / "x.npy", tmp_path / "x.safetensors"
    refused("EINVAL", lambda: save(tmp_path / "x.pt", x), r"\.npy")
    refused("ESIZE", lambda: save(npy, {"a": x, "b": x}), "a .npy file holds one array, not 2")
    refused("EINVAL", lambda: save(tensors, {3: x}), "arrays: a name must be text")
    refused("EINVAL", lambda: save(tensors, {"": x}))
    complex_ = {"a": np.zeros((3, 4), complex)}
    refused("EDTYPE", lambda: save(tensors, complex_), r"arrays\['a'\]: must be .*int64 or int32, not complex")
    refused("EDTYPE", lambda: save(tensors, {"a": ["noun", "verb"]}), r"arrays\['a'\]: .*not <U4")
    refused("EDTYPE", lambda: save(npy, np.zeros((3, 4), np.uint16)), "if it holds bfloat16, say dtype='bfloat16'")
    refused("EDTYPE", lambda: save(npy, x.astype(">f8")), "byte order")
    refused("EDTYPE", lambda: save(npy, x, dtype="float8"), "dtype: 'float8' is not known")
    refused("ESIZE", lambda: save(npy, np.float64(3)))
    for empty in (x[:0], x[:, :0], np.zeros((0, 3, 4)), []):
        refused("ESIZE", lambda: save(npy, empty))
    refused("ESIZE", lambda: save(npy, [x, x[:2]]), r"arrays\['x'\]: its views differ")
    refused("ESIZE", lambda: save(npy, [x, x.astype("f4")]), "differ in size or dtype")
    refused("EOVERFLOW", lambda: save(npy, np.array([2**63], np.uint64)), "above 9223372036854775807")
    refused("EINVAL", lambda: save(tensors, {"a": x}, {"k": 3}), "metadata: keys and values must be text")
    refused("EINVAL", lambda: save(tensors, {"a": x}, {"k": "a\0b"}), "metadata: 'k' contains a NUL")
    with pytest.raises(conceptdec.ConceptDecFileError):
        save(tmp_path / "absent" / "x.npy", x)
    assert not list(tmp_path.iterdir())


def test_a_reader_that_fails(tmp_path):
    class Broken(Rows):
        def read_rows(self, first, count):
            raise KeyError("gone")

    (tmp_path / "x.npy").write_bytes(b"old")
    with pytest.raises(KeyError, match="gone"):
        conceptdec.save_activations(tmp_path / "x.npy", Broken(np.zeros((3, 4))))
    assert (tmp_path / "x.npy").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_the_same_numbers(sample, tmp_path):
    """Scores of what was written and opened are those of what was in memory."""
    x, y = sample
    for kind in ("float32", "bfloat16"):
        rows, options, _ = narrow(np.stack([x, x**3]), kind)
        conceptdec.save_activations(tmp_path / "acts.safetensors", {"x": rows, "y": y}, **options)
        with conceptdec.open_activations(tmp_path / "acts.safetensors") as acts:
            found = conceptdec.sweep(acts["x"], acts["y"], k=[1, 5], bootstrap=20)
        expected = conceptdec.sweep(rows, y, k=[1, 5], bootstrap=20, **options)
        assert json.loads(found.to_json())["values"] == json.loads(expected.to_json())["values"]


def test_a_file_that_is_replaced_keeps_its_mode_and_a_long_name_is_no_hindrance(tmp_path):
    x = np.arange(6.0).reshape(3, 2)
    for name in ("x.npy", "n" * 251 + ".npy"):
        path = tmp_path / name
        path.write_bytes(b"old")
        path.chmod(0o600)
        conceptdec.save_activations(path, x)
        assert path.stat().st_mode & 0o777 == 0o600 and np.array_equal(np.load(path), x)
        path.unlink()
        assert list(tmp_path.iterdir()) == []
