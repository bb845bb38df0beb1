"""The command: what it prints, how it ends, and that its numbers are those of the Python binding."""

import os
import pty
import re
import signal
import time

import numpy as np
import pytest

import conceptdec
from conftest import DATA, ROOT, run, safetensors, start

LABELS = ["--labels", "labels.npy", "--names", "label_names.txt"]
TRAINED = ["activations.npy", *LABELS, "--at", "3,3,2"]
LAYERS = ["activations.npy", *LABELS, "--axes", "step,layer,shots", "--at", "3,*,2"]
NAMES = ["AND", "OR", "XOR", "NAND", "NOR", "XNOR"]
SUB_COMMANDS = re.findall(r"^  (\w+)  +\S", run("help").out, flags=re.M)
LONG = ["knn", *TRAINED, "--permutations", "10000000"]


def values(done, cell=None):
    result = done.json if cell is None else done.json["cells"][cell]["result"]
    return result["values"]


# ---- numbers ----


def test_knn_numbers(acts, labels):
    done = run("knn", *TRAINED, "--k", "1..3,10", "--permutations", "50", "--bootstrap", "40", "--seed", "7", "--json")
    r = conceptdec.knn_decodability(acts[3, 3, 2], labels, k=[1, 2, 3, 10], permutations=50, bootstrap=40, seed=7)
    for name in ("k", "decodability", "per_concept", "confusion", "null", "p_value", "ci_low", "ci_high", "chance_null"):
        assert np.array_equal(np.array(values(done)[name]), r[name]), name


def test_sweep_numbers(acts, labels):
    done = run("knn", *LAYERS, "--k", "5", "--metric", "cosine", "--json")
    r = conceptdec.sweep(acts[3, :, 2], labels, k=[5], metric="cosine")
    assert np.array_equal(np.array(values(done)["decodability"]), r.decodability)
    assert done.json["input"]["axes"] == ["layer"] and done.json["input"]["shape"] == [5]


def test_probe_numbers(acts, labels):
    done = run("probe", *TRAINED, "--lambdas", "0.1,0.01", "--folds", "4", "--seed", "3", "--samples", "--fit", "--json")
    r = conceptdec.probe(acts[3, 3, 2], labels, lambdas=[0.1, 0.01], folds=4, seed=3)
    for name in ("accuracy", "per_concept", "per_fold", "predicted"):
        assert np.array_equal(np.array(values(done)[name]), r[name]), name
    for name in ("log_loss", "weights", "bias", "posterior"):
        assert np.allclose(np.array(values(done)[name]), r[name], rtol=1e-9, atol=1e-12), name


def test_regression_numbers(acts, tmp_path):
    targets = acts[3, 4, 2, :, :3].astype("f4")
    np.save(tmp_path / "t.npy", targets)
    done = run("regression", "activations.npy", "--at", "3,1,2", "--targets", tmp_path / "t.npy", "--lambdas", "0.1,1",
               "--json")
    r = conceptdec.probe_regression(acts[3, 1, 2], targets, lambdas=[0.1, 1])
    assert np.allclose(values(done, 0)["per_target"], r.per_target, rtol=1e-9)


def test_neighbors_numbers(acts, tmp_path):
    done = run("neighbors", *TRAINED[:1], "--at", "3,3,2", "--k", "4", "--json")
    table = conceptdec.neighbors(acts[3, 3, 2], k=4)
    assert np.array_equal(done.json["cells"][0]["result"]["indices"], table.indices)
    assert np.array_equal(done.json["cells"][0]["result"]["distances"], table.distances)
    done = run("neighbors", "activations.npy", "--at", "3,3,2", "--k", "4", "-o", tmp_path / "table")
    assert done.out == "" and np.array_equal(conceptdec.load_neighbors(tmp_path / "table").indices, table.indices)


def test_geometry_numbers(acts, labels):
    done = run("geometry", *TRAINED, "--json")
    r = conceptdec.geometry(acts[3, 3, 2], labels)
    for name in ("participation_ratio", "twonn", "nc1", "silhouette", "hubness_skew", "spectrum"):
        assert np.allclose(values(done, 0)[name], r[name], rtol=1e-8), name


def test_overlap_numbers(acts, labels):
    done = run("overlap", *TRAINED, "--rank", "5", "--permutations", "20", "--seed", "2", "--json")
    r = conceptdec.subspace_overlap(acts[3, 3, 2], labels, rank=5, permutations=20, seed=2)
    assert np.allclose(values(done, 0)["overlap"], r.overlap, rtol=1e-8)
    assert np.array_equal(values(done, 0)["p_value"], r.p_value)


def test_ranks_are_cut_with_a_note():
    done = run("overlap", *TRAINED, "--rank", "80", "--json")
    assert values(done, 0)["ranks"] == [64] * 6
    assert "6 subspaces are cut to the directions that there are, 64 at the least, of the 80 asked for" in done.err
    assert run("overlap", *TRAINED, "--rank", "64").err == "" == run("overlap", *TRAINED, "--rank", "80", "--quiet").err


def test_capacity_numbers(acts, labels):
    done = run("geometry", *TRAINED, "--capacity-draws", "20", "--capacity-margin", "0.1", "--csv")
    r = conceptdec.geometry(acts[3, 3, 2], labels, capacity_draws=20, capacity_margin=0.1)
    assert [row["concept"] for row in done.rows] == NAMES
    for title, name in (("capacity", "capacity"), ("error", "capacity_se"), ("radius", "manifold_radius"),
                        ("dimension", "manifold_dimension")):
        assert np.allclose([float(row[title]) for row in done.rows], r[name], rtol=1e-8), name


def test_regression_of_a_split(acts, tmp_path):
    targets, train = acts[3, 4, 2, :, :2].astype("f4"), np.arange(600) % 3 > 0
    np.save(tmp_path / "t.npy", targets)
    np.save(tmp_path / "train.npy", train.astype(int))
    options = ["regression", "activations.npy", "--at", "3,1,2", "--targets", tmp_path / "t.npy", "--protocol", "split"]
    done = run(*options, "--train", tmp_path / "train.npy", "--json")
    r = conceptdec.probe_regression(acts[3, 1, 2], targets, protocol="split", train=train)
    assert np.allclose(values(done, 0)["per_target"], r.per_target, rtol=1e-9)
    assert "--protocol split: needs --train FILE" in run(*options, code=2).err


def test_similarity_numbers(acts):
    done = run("similarity", "activations.npy", "--at", "3,*,2", "--kind", "svcca", "--json")
    assert np.allclose(values(done)["value"], conceptdec.similarity(list(acts[3, :, 2]), kind="svcca").value, rtol=1e-6)
    done = run("similarity", "activations.npy", "activations.npy", "--at", "3,1..2,2", "--other-at", "2,*,2", "--json")
    r = conceptdec.similarity(list(acts[3, 1:3, 2]), list(acts[2, :, 2]))
    assert np.allclose(values(done)["value"], r.value, rtol=1e-9) and done.json["other"]["input"]["shape"] == [5]


def test_vectors_numbers(acts, labels):
    done = run("vectors", *TRAINED, "--bootstrap", "20", "--splits", "10", "--seed", "1", "--json")
    r = conceptdec.concept_vectors(acts[3, 3, 2], labels, bootstrap=20, splits=10, seed=1)
    for name in ("vectors", "cosines", "norm_low", "reliability"):
        assert np.allclose(values(done, 0)[name], r[name], rtol=1e-12, atol=1e-12), name


def test_curve_numbers(acts, labels):
    done = run("curve", *TRAINED, "--most", "2", "--json")
    r = conceptdec.erasure_curve(acts[3, 3, 2], labels, most=2)
    assert np.allclose(values(done, 0)["decodability"], r.decodability, atol=1e-3)
    assert values(done, 0)["n_removed"] == [0, 1, 2]


def test_pca_numbers(acts):
    done = run("pca", "activations.npy", "--at", "3,3,2", "--components", "4", "--json")
    p = conceptdec.pca(acts[3, 3, 2], n_components=4)
    assert np.allclose(values(done, 0)["explained_variance"], p.explained_variance, rtol=1e-9)


def test_umap_numbers(acts):
    done = run("umap", "activations.npy", "--at", "3,3,2", "--epochs", "30", "--seed", "5", "--init", "random", "--json")
    u = conceptdec.umap(acts[3, 3, 2], epochs=30, seed=5, init="random")
    assert np.array_equal(done.json["cells"][0]["result"]["embedding"], u.embedding)


def test_quality_numbers(acts, labels, tmp_path):
    picture = acts[3, 3, 2, :, :2].astype("f8")
    np.save(tmp_path / "p.npy", picture)
    done = run("quality", "activations.npy", tmp_path / "p.npy", "--at", "3,3,2", *LABELS, "--k", "5,15", "--json")
    r = conceptdec.embedding_quality(acts[3, 3, 2], picture, k=[5, 15], y=labels)
    for name in ("trustworthiness", "continuity", "decodability", "decodability_embedded"):
        assert np.allclose(values(done, 0)[name], r[name], rtol=1e-12), name


# ---- arrays that are written ----


def test_arrays_are_written(acts, labels, tmp_path):
    run("pca", *LAYERS[:1], "--at", "3,*,2", "--components", "2", "-o", tmp_path / "z.npy")
    z = np.load(tmp_path / "z.npy")
    assert z.shape == (5, 600, 2)
    assert np.allclose(z[3], conceptdec.pca(acts[3, 3, 2], n_components=2).transform(acts[3, 3, 2]), atol=1e-6)
    run("vectors", *TRAINED, "-o", tmp_path / "v.npy")
    assert np.array_equal(np.load(tmp_path / "v.npy"), conceptdec.concept_vectors(acts[3, 3, 2], labels).vectors)
    done = run("erase", *TRAINED, "-o", tmp_path / "e.npy")
    assert len(done.out.splitlines()) == 6  # five directions
    erased = conceptdec.erase(acts[3, 3, 2], labels)
    assert np.allclose(np.load(tmp_path / "e.npy"), erased, atol=1e-6)
    again = run("probe", tmp_path / "e.npy", *LABELS, "--kind", "nearest-mean", "--protocol", "resubstitution", "--json")
    assert again.json["values"]["accuracy"][0] < 0.3


def test_tensors_keep_their_names(acts, tmp_path):
    path = safetensors(tmp_path / "a.safetensors", {f"layer.{i}": acts[3, i % 5, 2] for i in (10, 2, 1)})
    run("pca", path, "--components", "2", "-o", tmp_path / "z.safetensors")
    listed = run("info", tmp_path / "z.safetensors", "--json").json["arrays"]
    assert [array["name"] for array in listed] == ["layer.1", "layer.2", "layer.10"]
    assert all(array["shape"] == [600, 2] and array["type"] == "float64" for array in listed)


def test_output_is_whole_or_absent(tmp_path):
    (tmp_path / "there").write_text("before")
    done = run("knn", *TRAINED, "-o", tmp_path / "there")
    assert done.out == "" and (tmp_path / "there").read_text().startswith(" k  decodability")
    assert os.listdir(tmp_path) == ["there"]
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to("real")
    run("knn", *TRAINED, "-o", tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and "decodability" in (tmp_path / "real").read_text()
    done = run("knn", *TRAINED, "-o", tmp_path / "none/file", code=1)
    assert "none/file" in done.err and "No such file" in done.err


def test_output_into_a_pipe(tmp_path):
    """What is no plain file is written to, and not replaced."""
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    run("knn", *TRAINED, "-o", tmp_path / "pipe")
    assert os.read(pipe, 4096).startswith(b" k  decodability")
    os.close(pipe)
    assert (tmp_path / "pipe").is_fifo() and os.listdir(tmp_path) == ["pipe"]


# ---- input ----


def test_info(acts, labels, tmp_path):
    path = safetensors(tmp_path / "a.safetensors", {"x": acts[3, 3, 2], "labels": labels})
    assert run("info", path).out.splitlines() == [
        "array   type     shape     holds        grid  samples  dimensions",
        "labels  int32    600       labels       -         600           1",
        "x       float16  600 x 64  activations  -         600          64",
    ]
    assert run("info", "activations.npy", "--json").json["arrays"] == [
        {"name": "activations", "type": "float16", "shape": [4, 5, 3, 600, 64], "use": "activations"}]


def test_labels_of_a_safetensors(acts, labels, tmp_path):
    """An array "labels" of the file itself, FILE:NAME, and a .npy give one result."""
    path = safetensors(tmp_path / "a.safetensors", {"x": acts[3, 3, 2], "labels": labels.astype("i8") * 3 - 7})
    other = safetensors(tmp_path / "b.safetensors", {"y": labels, "z": labels[::-1]})
    own, named = run("knn", path, "--json").json, run("knn", path, "--labels", f"{other}:y", "--json").json
    plain = run("knn", *TRAINED, "--json").json
    assert own["values"]["decodability"] == named["values"]["decodability"] == plain["values"]["decodability"]
    assert own["input"]["labels"] == f"{path}:labels" and own["input"]["class_labels"] == [-7, -4, -1, 2, 5, 8]
    assert own["input"]["class_names"] == ["-7", "-4", "-1", "2", "5", "8"]
    assert "several arrays" in run("knn", path, "--labels", other, code=3).err


def test_tensors_are_a_grid(acts, labels, tmp_path):
    """In natural order; what does not fit is left out with a note, or an error where it was named."""
    arrays = {f"h.{i}": acts[3, i % 5, 2] for i in (0, 10, 9)}
    path = safetensors(tmp_path / "a.safetensors", {**arrays, "short": acts[3, 0, 2, :9], "labels": labels})
    done = run("knn", path, "--json")
    assert done.json["input"]["cells"] == ["h.0", "h.9", "h.10"]
    assert done.json["input"]["arrays_left_out"] == ["short"] and "array short left out" in done.err
    assert run("knn", path, "--quiet").err == ""
    assert run("knn", path, "--array", "h.9", "--json").json["input"]["shape"] == []
    assert [row["layer"] for row in run("knn", path, "--array", "h.?", "--csv").rows] == ["h.0", "h.9"]
    assert "array short has 9 samples" not in run("knn", path, "--array", "h.*", "--csv").err
    err = run("knn", path, "--array", "h.0,short", code=3).err
    assert f"{path}:labels has 600 labels, but array short has 9 samples" in err
    assert "has no array 'g*'" in run("knn", path, "--array", "g*", code=3).err


def test_parts_of_a_grid():
    done = run("knn", "activations.npy", *LABELS, "--axes", "step,layer,shots", "--at", "1..2,3,*", "--csv")
    assert [(row["step"], row["shots"]) for row in done.rows] == [(a, b) for a in "12" for b in "012"]
    one = run("knn", "activations.npy", *LABELS, "--views", "56", "--csv").out
    assert one == run("knn", *TRAINED, "--csv").out
    two = run("knn", "activations.npy", *LABELS, "--views", "56,0", "--csv").rows
    assert two[0]["decodability"] == run("knn", *TRAINED, "--csv").rows[0]["decodability"]


STEPS = ["--axis-values", "step=0,100,1000,4000;shots=0,2,7"]


def test_values_of_axes(acts, labels, tmp_path):
    axes = ["activations.npy", *LABELS, "--axes", "step,layer,shots", *STEPS, "--k", "10"]
    done = run("knn", *axes, "--at", "1..3,3,*", "--csv")
    assert [(row["step"], row["shots"]) for row in done.rows] == [(s, k) for s in ("100", "1000", "4000") for k in "027"]
    assert float(done.rows[-1]["decodability"]) == pytest.approx(
        conceptdec.knn_decodability(acts[3, 3, 2], labels).decodability[0], abs=1e-6)
    grid = run("knn", *axes, "--at", "1..3,2..3,*", "--json").json["input"]
    assert grid["axes"] == ["step", "layer", "shots"] and grid["shape"] == [3, 2, 3]
    assert grid["axis_values"] == [["100", "1000", "4000"], None, ["0", "2", "7"]]
    assert grid["cells"][:4] == ["step 100, layer 2, shots 0", "step 100, layer 2, shots 2", "step 100, layer 2, shots 7",
                                 "step 100, layer 3, shots 0"]
    grid = run("knn", *axes, "--at", "1..3,3,2", "--json").json["input"]
    assert grid["axis_values"] == [["100", "1000", "4000"]] and grid["cells"] == ["step 100", "step 1000", "step 4000"]
    grid = run("knn", *axes, "--views", "0,59", "--json").json["input"]
    assert "axis_values" not in grid and grid["cells"] == ["step 0, layer 0, shots 0", "step 4000, layer 4, shots 7"]
    assert "axis_values" not in run("knn", *TRAINED, "--json").json["input"]
    one = run("knn", "activations.npy", *LABELS, "--axis-values", "axis 0=a,b,c,\u00e9", "--at", "1..3,3,2", "--csv").rows
    assert [row["axis 0"] for row in one] == ["b", "c", "\u00e9"]
    path = safetensors(tmp_path / "x.safetensors", {"a": acts[3, 3, :2], "b": acts[3, 2, :2]})
    more = ["knn", path, "--labels", DATA / "labels.npy", "--axes", "layer,shots"]
    assert run(*more, "--axis-values", "shots=0,2", "--json").json["input"]["cells"] == ["a [shots 0]", "a [shots 2]", "b [shots 0]",
                                                                                        "b [shots 2]"]
    assert "axis layer has the names of its arrays" in run(*more, "--axis-values", "layer=0,1", code=2).err


def test_small_concepts_are_left_out(acts, labels, tmp_path):
    rare = labels.copy()
    rare[0], rare[1:4] = 40, 41
    np.save(tmp_path / "rare.npy", rare)
    options = ["activations.npy", "--at", "3,3,2", "--labels", tmp_path / "rare.npy"]
    done = run("knn", *options, "--json")
    assert "concept 40 left out: it has 1 of the 2 samples that are needed" in done.err
    assert done.json["input"]["left_out"] == [{"concept": "40", "label": 40, "samples": 1, "needed": 2}]
    assert done.json["input"]["class_labels"] == [0, 1, 2, 3, 4, 5, 41]
    assert done.json["values"]["decodability"] == run(
        "knn", *options, "--ignore", "40", "--json").json["values"]["decodability"]
    done = run("probe", *options, "--kind", "nearest-mean", "--json")
    assert [entry["label"] for entry in done.json["input"]["left_out"]] == [40, 41]
    for name in ("overlap", "geometry", "vectors"):
        run(name, *options)
    run("erase", *options, "-o", tmp_path / "e.npy")
    run("curve", *options)


def test_ignored_labels(acts, labels):
    done = run("knn", *TRAINED, "--ignore", "0,3..4", "--json")
    r = conceptdec.knn_decodability(acts[3, 3, 2], labels, ignore=[0, 3, 4])
    assert done.json["values"]["decodability"] == list(r.decodability)
    assert done.json["input"]["class_labels"] == [1, 2, 5] and done.json["input"]["ignored"] == 300
    assert done.json["input"]["class_names"] == ["OR", "XOR", "XNOR"]


def test_groups(acts, labels, tmp_path):
    groups = np.arange(600) // 4
    np.save(tmp_path / "g.npy", groups)
    done = run("knn", *TRAINED, "--groups", tmp_path / "g.npy", "--json")
    r = conceptdec.knn_decodability(acts[3, 3, 2], labels, protocol="group", groups=groups)
    assert done.json["values"]["decodability"] == list(r.decodability)
    done = run("knn", *TRAINED, "--groups", tmp_path / "g.npy", "--protocol", "loo", "--bootstrap", "30", "--json")
    r = conceptdec.knn_decodability(acts[3, 3, 2], labels, groups=groups, bootstrap=30)
    assert done.json["values"]["decodability"] == list(r.decodability)
    assert done.json["values"]["ci_low"] == list(r.ci_low)
    np.save(tmp_path / "g.npy", groups[:5])
    err = run("knn", *TRAINED, "--groups", tmp_path / "g.npy", code=3).err
    assert "has 5 groups, but the activations have 600 samples" in err


def test_names(tmp_path):
    """Of values that have no line the value is the name."""
    (tmp_path / "names").write_text("und\noder \u2228\r\n")
    done = run("knn", "activations.npy", "--at", "3,3,2", "--labels", "labels.npy", "--names", tmp_path / "names", "--json")
    assert f"{tmp_path}/names: has no name for label 2\n" in done.err
    assert done.json["input"]["class_names"] == ["und", "oder \u2228", "2", "3", "4", "5"]
    assert run("knn", *TRAINED, "--json").json["input"]["class_names"] == NAMES


def test_mismatch_of_labels(labels, tmp_path):
    np.save(tmp_path / "l.npy", labels[:598])
    err = run("knn", "activations.npy", "--labels", tmp_path / "l.npy", code=3).err
    assert err == (f"conceptdec knn: activations.npy: {tmp_path}/l.npy has 598 labels, but the activations have 600 "
                   "samples\n")


def test_not_a_number(acts, labels, tmp_path):
    """The place is named; a grid with such a cell shows the others, and ends with 3."""
    x = acts[3, :, 2].astype("f4")
    x[1, 17, 5] = np.nan
    np.save(tmp_path / "x.npy", x)
    done = run("knn", tmp_path / "x.npy", "--labels", "labels.npy", "--csv", code=3)
    assert re.search(r"x\.npy: 1: .*row 17, column 5", done.err) and len(done.rows) == 5
    assert [row["layer"] for row in done.rows if row["decodability"] == ""] == ["1"]
    for name in ("knn", "probe", "geometry", "overlap", "vectors", "curve", "umap", "pca", "neighbors", "similarity"):
        extra = [] if name in ("similarity", "pca", "neighbors") else ["--labels", "labels.npy"]
        done = run(name, tmp_path / "x.npy", "--at", "1", *extra, code=3)
        assert "row 17, column 5" in done.err and done.out == "", name
    done = run("geometry", tmp_path / "x.npy", "--labels", "labels.npy", "--json", code=3)
    assert [cell["result"] is None for cell in done.json["cells"]] == [False, True, False, False, False]
    assert "row 17, column 5" in done.json["cells"][1]["message"]
    done = run("pca", tmp_path / "x.npy", "-o", tmp_path / "z.npy", code=3)
    assert not (tmp_path / "z.npy").exists()


def test_files_are_named_once(acts, labels, tmp_path):
    (tmp_path / "short.npy").write_bytes((DATA / "labels.npy").read_bytes()[:200])
    for name in ("short.npy", "none.npy"):
        err = run("knn", tmp_path / name, "--labels", DATA / "labels.npy", code=3).err
        assert err.count(name) == 1 and "path: " not in err
    np.save(tmp_path / "bits.npy", (acts[3, 3, 2].astype("f4").view("u4") >> 16).astype("u2"))
    assert "; --bfloat16 if they hold bfloat16" in run("knn", tmp_path / "bits.npy", *LABELS, code=3).err
    assert run("knn", tmp_path / "bits.npy", *LABELS, "--bfloat16").err == ""
    x = acts[3, 3, 2].astype("f4")
    path = safetensors(tmp_path / "x.safetensors", {"a": x, "loss": x[:, 0], "other": x[:9], "labels": labels})
    done = run("knn", path, "--json")
    assert "array loss left out: it has one axis" in done.err and "array other left out" in done.err
    assert done.json["input"]["arrays_left_out"] == ["loss", "other"]


@pytest.mark.parametrize("arguments, text", [
    (["knn", "none.npy", *LABELS], "none.npy"),
    (["knn", "label_names.txt", *LABELS], "label_names.txt"),
    (["knn", "labels.npy", *LABELS], "holds no activations"),
    (["knn", "activations.npy", "--labels", "none.npy"], "none.npy"),
    (["knn", "activations.npy", "--labels", "accuracy.npy"], "accuracy.npy"),
    (["knn", "activations.npy", "--labels", "labels.npy", "--names", "none"], "none: cannot be opened"),
    (["knn", "activations.npy", *LABELS, "--ignore", "0..5"], "no sample has a label"),
    (["knn", "activations.npy", *LABELS, "--ignore", "1..5"], "1 of 1 concepts have 2 samples or more, and 2 are needed"),
    (["quality", "activations.npy", "activations.npy", "--at", "3,*,2"], "has 60 pictures of 5 matrices"),
])
def test_bad_input(arguments, text):
    done = run(*arguments, code=3)
    assert text in done.err and done.out == "" and done.err.startswith(f"conceptdec {arguments[0]}: ")


# ---- options ----


@pytest.mark.parametrize("arguments, text", [
    ([], "conceptdec: which sub-command?"),
    (["kn", "x"], "there is no sub-command 'kn'; is it knn?"),
    (["frobnicate"], "there is no sub-command 'frobnicate' (conceptdec help lists them)"),
    (["--seed", "3"], "the sub-command stands first"),
    (["knn"], "needs ACTIVATIONS"),
    (["knn", "a", "b"], "'b' is one file too many"),
    (["knn", "a", "--permutation", "3"], "there is no option --permutation; is it --permutations?"),
    (["knn", "a", "--qqqqqqqq"], "there is no option --qqqqqqqq (conceptdec help knn lists them)"),
    (["knn", "a", "-x"], "there is no option -x"),
    (["knn", "a", "--k"], "--k needs K"),
    (["knn", "a", "--k", "--json"], "--k needs K"),
    (["knn", "a", "--k", "3", "--k=5"], "--k: is given twice"),
    (["knn", "a", "-o", "b", "--output", "c"], "--output: is given twice"),
    (["knn", "a", "--json", "--json"], "--json: is given twice"),
    (["knn", "a", "--k", "ten"], "--k: 'ten' is not a list of integers such as 1,2,5 or 1..50"),
    (["knn", "a", "--k", "0"], "--k: '0' is not a list of integers from 1 to"),
    (["knn", "a", "--k", "5..1"], "runs backwards"),
    (["knn", "a", "--k", "1..99999999"], "runs backwards or is too long"),
    (["knn", "a", "--k", "1,,2"], "--k: '1,,2' is not"),
    (["knn", "a", "--metric", "l1"], "--metric: 'l1' is none of l2|cosine"),
    (["knn", "a", "--metric", ""], "--metric: '' is none of l2|cosine"),
    (["knn", "a", "--confidence", "1.5"], "--confidence: '1.5' is not a number from 0 to 1"),
    (["knn", "a", "--confidence", "0,9"], "--confidence: '0,9' is not a number from 0 to 1"),
    (["knn", "a", "--confidence", "nan"], "--confidence: 'nan' is not a number"),
    (["knn", "a", "--threads", "0"], "--threads: '0' is not an integer from 1 to 1024"),
    (["knn", "a", "--threads", "2x"], "--threads: '2x' is not an integer"),
    (["knn", "a", "--json=yes"], "--json takes no value"),
    (["knn", "a", "--json", "--csv"], "--json and --csv exclude each other"),
    (["knn", "activations.npy"], "needs --labels FILE (activations.npy has no array \"labels\" of its own)"),
    (["knn", *TRAINED, "--k", "600"], "k"),
    (["knn", *TRAINED, "--bootstrap", "0", "--weights", "softmax"], "cosine"),
    (["knn", "activations.npy", *LABELS, "--at", "3,3"], "--at: '3,3' is not a number, FIRST..LAST or * for each of the 3"),
    (["knn", "activations.npy", *LABELS, "--at", "3,5,0"], "--at: '5' is out of range 0..4 (axis 1)"),
    (["knn", "activations.npy", *LABELS, "--at", "3,4..2,0"], "--at: '4..2' runs backwards in 0..4 (axis 1)"),
    (["knn", *TRAINED, "--protocol", "split"], "--protocol split: needs --train FILE"),
    (["probe", *TRAINED, "--protocol", "group"], "--protocol group: needs --groups FILE"),
    (["geometry", "activations.npy", "--capacity-draws", "20"], "--capacity-draws: needs --labels FILE"),
    (["knn", "activations.npy", *LABELS, "--at", "3,3,2,1"], "but the grid has 3 axes"),
    (["knn", "activations.npy", *LABELS, "--at", "*,*,*", "--views", "1"], "--views and --at exclude each other"),
    (["knn", "activations.npy", *LABELS, "--views", "60"], "cell 60 is not among 0..59"),
    (["knn", "activations.npy", *LABELS, "--axes", "layer"], "--axes: names layer, but the grid has 3 axes"),
    (["knn", *LAYERS, "--axis-values", "step=0,100"], "--axis-values: axis step has 4 places, but 2 values"),
    (["knn", *LAYERS, "--axis-values", "epoch=0,1"], "--axis-values: 'epoch=0,1' is not AXIS=VALUE,VALUE,... of an axis"),
    (["knn", *LAYERS, "--axis-values", "shots"], "--axis-values: 'shots' is not AXIS=VALUE"),
    (["knn", *LAYERS, "--axis-values", "shots=0,2,7;"], "--axis-values: '' is not AXIS=VALUE"),
    (["knn", *LAYERS, "--axis-values", "shots=0,,7"], "--axis-values: axis shots: the value of place 1 is empty"),
    (["knn", *LAYERS, "--axis-values", "shots=0,2,7;shots=0,2,7"], "--axis-values: axis shots stands there twice"),
    (["probe", *TRAINED, "--kind", "lda", "--lambdas", "1"], "lambdas: are given, but kind \"lda\" has no penalty"),
    (["knn", *TRAINED, "--folds", "4"], "folds: is given, but only protocol \"kfold\" has folds"),
    (["knn", *TRAINED, "--unstratified"], "stratified: is given, but only protocol \"kfold\" has folds"),
    (["knn", *TRAINED, "--temperature", "1"], "temperature: is given, but only weights \"softmax\" have one"),
    (["knn", *TRAINED, "--confidence", "0.9"], "confidence: is given, but without bootstrap there is no interval"),
    (["knn", *LAYERS, "--permutations", "9", "--chance-draws", "9"], "chance_draws: is given, but permutations"),
    (["knn", *TRAINED, "--groups", "labels.npy", "--protocol", "loo"], "groups: is given, but this protocol"),
    (["curve", *TRAINED, "--temperature", "1"], "temperature: is given, but only weights"),
    (["pca", "activations.npy", "--at", "3,3,2", "--solver", "gram", "--tolerance", "1e-6"], "tolerance: is given, but only"),
    (["regression", "activations.npy"], "needs --targets FILE"),
    (["erase", *TRAINED], "needs -o FILE"),
    (["neighbors", "activations.npy", "-o", "table"], "choose one"),
    (["vectors", *TRAINED, "--reference", "class", "--baseline-class", "IF"], "there is no concept IF"),
    (["overlap", *TRAINED, "--basis", "means"], "--basis means"),
    (["umap", "activations.npy", "--at", "3,3,2", "--supervised"], "--supervised: needs --labels"),
    (["geometry", "activations.npy", "--names", "label_names.txt"], "needs --labels FILE, too"),
])
def test_bad_options(arguments, text):
    done = run(*arguments, code=2)
    assert text in done.err and done.out == "" and done.err.count("\n") == 1


def test_help():
    """Every option in the sources stands in a help text."""
    assert len(SUB_COMMANDS) >= 14
    texts = {name: run("help", name).out for name in SUB_COMMANDS}
    for name, text in texts.items():
        assert text == run(name, "--help").out == run(name, "-h").out and f"usage: conceptdec {name} " in text
        assert max(map(len, text.splitlines())) <= 100
    for path in (ROOT / "examples/command").glob("*.[ch]"):
        for option in re.findall(r'\{"([a-z0-9-]+)", (?:FLAG|TEXT|INTEGER|NUMBER|INTEGERS|NUMBERS|CHOICE),', path.read_text()):
            assert any(f"  --{option}" in text for text in texts.values()), (path.name, option)
    assert "default 10" in texts["knn"] and "--permutations P" in texts["knn"]
    assert run("--help").out == run("help").out == run("-h").out
    assert "there is no sub-command" in run("help", "kn", code=2).err


def test_manual():
    page = (ROOT / "examples/command/conceptdec.1").read_text()
    for name in SUB_COMMANDS:
        assert f".It Cm {name}" in page, name
    for option in re.findall(r"^  --([a-z0-9-]+)", run("help", "knn").out.split("every sub-command:")[1], flags=re.M):
        assert f".It Fl -{option}" in page, option
    header = (ROOT / "examples/command/input.h").read_text().split("#define LABEL_OPTIONS")[1].split("#define OTHER")[0]
    for option in re.findall(r'\{"([a-z0-9-]+)",', header):
        assert f".It Fl -{option}" in page, option


def test_version():
    out = run("--version").out
    assert out.startswith(f"conceptdec {conceptdec.__version__}\n") and '"blas"' in out and out == run("version").out


# ---- output ----

KEYS = {
    "knn": ["schema_version", "capability", "values", "options", "provenance", "diagnostics", "input", "arguments"],
    "geometry": ["schema_version", "capability", "cells", "input", "arguments"],
}


@pytest.mark.parametrize("name", KEYS)
def test_json_keys(name):
    done = run(name, *TRAINED, "--json")
    assert [key for key in done.json if key in KEYS[name]] == KEYS[name] and done.json["schema_version"] == 1
    assert list(done.json["input"]) == ["path", "samples", "dimensions", "shape", "axes", "cells", "arrays_left_out",
                                        "labels", "class_labels", "class_names", "class_count", "ignored", "left_out"]
    assert done.json["arguments"][:2] == [name, "activations.npy"]
    assert done.json["input"]["class_count"] == [100] * 6


def test_table():
    done = run("knn", *TRAINED, "--bootstrap", "200", "--permutations", "200")
    assert done.out == (" k  decodability    low   high  balanced  chance         p  kappa\n"
                        "10         0.886  0.861  0.912     0.886   0.163  0.004975  0.864\n"), done.out
    assert done.err == ""


def test_per_concept():
    rows = run("knn", *TRAINED, "--per-concept", "--csv").rows
    assert [row["concept"] for row in rows] == NAMES and {row["samples"] for row in rows} == {"100"}
    assert float(rows[0]["decodability"]) == pytest.approx(0.83)


def test_same_for_any_number_of_threads(tmp_path):
    for name, extra in (("knn", ["--permutations", "50", "--bootstrap", "50"]), ("probe", []), ("umap", ["--epochs", "20"]),
                        ("overlap", ["--permutations", "20"]), ("vectors", ["--bootstrap", "20"])):
        one = run(name, *TRAINED, *extra, "--threads", "1", "--csv").out
        assert one == run(name, *TRAINED, *extra, "--threads", "3", "--csv").out, name


def test_seed():
    a, b, c = (run("knn", *TRAINED, "--bootstrap", "50", "--seed", seed, "--csv").out for seed in "112")
    assert a == b != c


def test_numbers_have_a_point(tmp_path):
    """Whatever the locale: one with a decimal comma is asked for where there is one."""
    plain = run("knn", *TRAINED, "--csv").out
    environment = {**os.environ, "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"}
    assert run("knn", *TRAINED, "--csv", env=environment).out == plain
    assert "setlocale" not in "".join(
        re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S) for path in (ROOT / "examples/command").glob("*.c"))


def test_nothing_but_text_when_not_on_a_terminal():
    done = run("knn", *LAYERS, "--permutations", "500")
    assert "\x1b" not in done.out + done.err and "\r" not in done.out + done.err and done.err == ""


# ---- terminals and signals ----


def on_terminal(*arguments, **options):
    """What the program writes to stderr where that is a terminal; how it ends."""
    ours, theirs = pty.openpty()
    process = start(*arguments, stderr=theirs, **options)
    os.close(theirs)
    written = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not block:
            break
        written += block
    os.close(ours)
    process.communicate()
    return written.decode(), process.returncode


def test_progress_on_a_terminal():
    begin = time.monotonic()
    err, code = on_terminal("knn", *LAYERS, "--permutations", "60000")
    drawn = re.findall(r"\r\S+ +\[[= ]{30}\] +(\d+) %", err)
    assert code == 0 and drawn and "\x1b" not in err
    assert len(drawn) <= 20 * (time.monotonic() - begin) + 1
    assert re.search(r"\r +\r$", err)  # and is gone at the end
    assert on_terminal("knn", *LAYERS, "--permutations", "60000", "--quiet") == ("", 0)


def interrupted(*arguments, **options):
    process = start(*arguments, **options)
    time.sleep(1.5)
    assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    try:
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    return process.returncode, out, err, time.monotonic() - begin


@pytest.mark.parametrize("arguments", [LONG, ["umap", "activations.npy", "--epochs", "100000", "--json"]])
def test_interrupt(arguments, tmp_path):
    """Within a second; on a machine that is busy with other work at one of three times."""
    for _ in range(3):
        code, out, err, seconds = interrupted(*arguments, "-o", tmp_path / "out")
        assert (code, out, err) == (130, "", f"conceptdec {arguments[0]}: interrupted\n")
        assert os.listdir(tmp_path) == []
        if seconds < 1:
            return
    assert seconds < 1


def test_broken_pipe():
    """No text, whether the signal kills the program or was switched off."""
    for action in (signal.SIG_DFL, signal.SIG_IGN):
        process = start("neighbors", "activations.npy", "--at", "3,*,2", "--k", "50",
                        preexec_fn=lambda: signal.signal(signal.SIGPIPE, action))
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() in (-signal.SIGPIPE, 1)
        process.stderr.close()


def test_full_disk():
    with open("/dev/full", "w") as full:
        assert "stdout: cannot be written" in run("knn", *TRAINED, stdout=full, code=1).err


def test_memory(tmp_path):
    done = run("probe", *TRAINED, "--memory", "1000", code=4)
    assert "memory" in done.err


def test_blas_is_chosen_once():
    """The variable is left alone where it is set, and the program does not start again and again."""
    assert '"core"' in run("--version", env={**os.environ, "CONCEPTDEC_COMMAND_RESTARTED": "1"}).out
    environment = {**os.environ, "OPENBLAS_CORETYPE": "Prescott"}
    out = run("--version", env=environment).out
    assert '"core":"Prescott"' in out or '"name":"none"' in out


# ---- files that are not what names and options suggest ----


def test_targets_and_labels_beside_options_of_the_activations(acts, labels, tmp_path):
    np.save(tmp_path / "t.npy", acts[3, 4, 2, :, :3].astype("f4"))
    np.save(tmp_path / "short.npy", labels.astype("i2"))
    bits = np.ascontiguousarray(acts[3, 3, 2].astype("f4")).view("u4") >> 16
    np.save(tmp_path / "bits.npy", bits.astype("u2"))
    asked = ["regression", "activations.npy", "--at", "3,1,2", "--targets", tmp_path / "t.npy", "--json"]
    assert values(run(*asked, "--map"), 0)["per_target"] == values(run(*asked), 0)["per_target"]
    done = run("knn", tmp_path / "bits.npy", "--bfloat16", "--labels", tmp_path / "short.npy", "--json")
    r = conceptdec.knn_decodability(bits.astype("u2"), labels, dtype="bfloat16")
    assert np.array_equal(np.array(values(done)["decodability"]), r.decodability)


def test_names_that_are_no_text_or_control_a_terminal(acts, tmp_path):
    latin = os.fsencode(tmp_path) + b"/caf\xe9.npy"
    with open(latin, "wb") as file:
        np.save(file, acts[3, 3, 2])
    done = run("knn", os.fsdecode(latin), "--labels", DATA / "labels.npy", "--json")
    assert done.json["input"]["path"].endswith("caf\ufffd.npy")
    safetensors(tmp_path / "x.safetensors", {"a\x1b[31mred\nrow": acts[3, 3, 2], "b": acts[3, 2, 2]})
    table = run("info", tmp_path / "x.safetensors").out
    assert "\x1b" not in table and len(table.splitlines()) == 3 and "a\ufffd[31mred\ufffdrow" in table
    refused = run("knn", tmp_path / "x.safetensors", "--array", "\x1b[2J", "--labels", DATA / "labels.npy", code=3)
    assert "\x1b" not in refused.err


def test_what_is_written_over_keeps_its_mode(acts, tmp_path):
    for name in ("secret.csv", "p" * 246 + ".npy"):
        path = tmp_path / name
        path.write_bytes(b"old")
        path.chmod(0o600)
        run("pca", "activations.npy", "--at", "3,3,2", "--components", "2", "-o", path, *["--csv"][: name.endswith("csv")])
        assert path.stat().st_mode & 0o777 == 0o600 and path.read_bytes() != b"old", name
        path.unlink()
        assert not os.listdir(tmp_path)
