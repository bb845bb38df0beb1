"""conceptdec report: that its page is well formed and harmless, and that its numbers are those of the Python binding."""

import html
import html.parser
import json
import os
import re
import signal
import struct
import time
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import conceptdec
from conftest import DATA, run, safetensors, start

VOID = {"meta", "br", "hr", "img", "link", "input"}
QUICK = ("--permutations", 20, "--bootstrap", 20)


class Nesting(html.parser.HTMLParser):
    """Every element is closed in its order; collects tables, ids and links."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.tables, self.cell, self.text = [], [], [], [], None, ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        assert len({key for key, _ in attrs}) == len(attrs), attrs
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.cell = ""

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag
        if tag in ("th", "td"):
            self.tables[-1][-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        self.text += data
        if self.cell is not None:
            self.cell += data


def read_page(folder):
    text = (folder / "index.html").read_text("utf-8")
    page = Nesting()
    page.feed(text)
    page.close()
    assert page.open == []
    return text, page


def pictures(text):
    found = re.findall(r"<svg .*?</svg>", text, re.S)
    for svg in found:
        root = ElementTree.fromstring(svg)
        assert root[0].tag.endswith("title") and root[0].text and root[1].tag.endswith("desc")
        assert root.get("role") == "img" and root.get("aria-label")
    return found


def report(folder, *arguments, **options):
    done = run("report", *arguments, "-o", folder, **options)
    return json.loads((folder / "report.json").read_text("utf-8")), *read_page(folder), done


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "grid"
    return report(folder, "activations.npy", "--labels", "labels.npy", "--names", "label_names.txt", "--axes", "step,layer,shots",
                  "--permutations", 50, "--bootstrap", 50)


def small(tmp_path, layers=1, n=60, d=5, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    means = rng.standard_normal((classes, d))
    x = rng.standard_normal((layers, n, d)) + np.arange(layers)[:, None, None] * means[labels]
    np.save(tmp_path / "x.npy", x if layers > 1 else x[0])
    np.save(tmp_path / "y.npy", labels)
    return x, labels


def test_page_is_well_formed_and_needs_nothing(grid):
    _, text, page, _ = grid
    assert len(pictures(text)) >= 10
    assert "script" not in page.tags and "link" not in page.tags and "@import" not in text
    assert set(re.findall(r"[a-z]+://[^\"' )<]*", text)) == {"http://www.w3.org/2000/svg"}
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] in ("src", "href")]
    assert "prefers-color-scheme:dark" in text and "@media print" in text
    assert "nan" not in re.sub(r"[A-Za-z]{4,}", "", text).lower().replace("nand", "")


def test_numbers_are_those_of_python(grid, acts, labels):
    numbers, _, _, _ = grid
    knn = conceptdec.sweep(acts, labels, k=list(range(1, 51)), permutations=50, bootstrap=50, confusion=False)
    values = numbers["knn"]["values"]
    for name in ("decodability", "ci_low", "ci_high", "per_concept", "chance_null", "kappa", "p_value"):
        np.testing.assert_array_equal(np.array(values[name], float), knn[name])
    assert "null" not in values
    low, high = np.quantile(knn.null, [0.025, 0.975], axis=-2)
    np.testing.assert_allclose(numbers["chance"]["low"], low, rtol=1e-14)
    np.testing.assert_allclose(numbers["chance"]["high"], high, rtol=1e-14)
    probe = conceptdec.sweep(acts, labels, "probe", bootstrap=50)
    np.testing.assert_array_equal(np.array(numbers["probe"]["values"]["accuracy"]), probe.accuracy)
    best = np.unravel_index(np.argmax(knn.decodability[..., 9]), (4, 5, 3))
    assert numbers["best"]["cell"] == np.ravel_multi_index(best, (4, 5, 3)) and numbers["best"]["k"] == 10
    as_good = (knn.null[..., 9] >= knn.decodability[best][9]).any(axis=(0, 1, 2)).sum()
    assert numbers["best"]["p_value_best_of_all"] == (1 + as_good) / 51
    overlap = conceptdec.subspace_overlap(acts[best], labels, rank=10)
    np.testing.assert_allclose(numbers["overlap"][best[1]]["result"]["values"]["overlap"], overlap.overlap, atol=1e-9)
    points = conceptdec.pca(acts[best], 2).transform(acts[best])
    np.testing.assert_allclose(numbers["projections"][0]["points"], points, atol=1e-5)


def test_tables_hold_the_numbers(grid):
    numbers, _, page, _ = grid
    tables = {table[0][0] + "/" + table[0][1]: table for table in page.tables}
    step, layer, shots = np.unravel_index(numbers["best"]["cell"], (4, 5, 3))
    values = numbers["knn"]["values"]
    layers = np.array([row[1:12] for row in tables["layer/decodability"][1:]], float)
    np.testing.assert_allclose(layers[:, 0], np.array(values["decodability"])[step, :, shots, 9], atol=5.1e-5)
    np.testing.assert_allclose(layers[:, 1], np.array(values["ci_low"])[step, :, shots, 9], atol=5.1e-5)
    np.testing.assert_allclose(layers[:, 4], np.array(numbers["chance"]["high"])[step, :, shots, 9], atol=5.1e-5)
    np.testing.assert_allclose(layers[:, 5], np.array(numbers["probe"]["values"]["accuracy"])[step, :, shots, 0], atol=5.1e-5)
    assert tables["layer/decodability"][0][12] == "change" and tables["layer/decodability"][1][12] == "\u2013"
    changes = np.diff(np.array(values["decodability"])[step, :, shots, 9])
    np.testing.assert_allclose([float(row[12]) for row in tables["layer/decodability"][2:]], changes, atol=5.1e-5)
    ks = np.array([row[1:] for row in tables["k/decodability"][1:]], float)
    np.testing.assert_allclose(ks[:, 0], np.array(values["decodability"])[step, layer, shots], atol=5.1e-5)
    concepts = np.array([row[1:] for row in tables["concept/0"][1:]], float)
    np.testing.assert_allclose(concepts, np.array(values["per_concept"])[step, :, shots, 9].T, atol=5.1e-5)
    confusion = np.array(numbers["confusion"]["values"]["confusion"])[0]
    shares = [np.array([row[1:] for row in table[1:]], float) for table in page.tables if table[0][:2] == ["concept", "AND"]]
    np.testing.assert_allclose(shares[0], confusion / confusion.sum(axis=1, keepdims=True), atol=5.1e-5)
    np.testing.assert_allclose(shares[1], numbers["overlap"][layer]["result"]["values"]["overlap"], atol=5.1e-5)


def test_where_it_comes_from(grid):
    import hashlib

    numbers, _, page, done = grid
    for name, key in (("activations.npy", "activations"), ("labels.npy", "labels")):
        data = (DATA / name).read_bytes()
        assert numbers["files"][key]["sha256"] == hashlib.sha256(data).hexdigest() and numbers["files"][key]["bytes"] == len(data)
        assert numbers["files"][key]["sha256"] in page.text
    assert "--axes step,layer,shots" in page.text and conceptdec.__version__ in page.text
    assert len(done.out.splitlines()) == 6


LONG = "\u00e9" * 120 + "/x" + "\u00e9" * 120 + ".npy"


@pytest.mark.parametrize("name", ["plain.npy", "two words.npy", "it's 'quoted'.npy", "'", 'a"b$c`d\\e&<i>.npy', LONG],
                         ids=["plain", "space", "quotes", "quote", "shell", "long"])
def test_command_line_can_be_typed_again(tmp_path, name):
    """What the page shows is, word by word, what was asked for: for a shell, too."""
    import shlex

    small(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / "x.npy").rename(tmp_path / name)
    _, text, page, _ = report(tmp_path / "r", name, "--labels", "y.npy", *QUICK, cwd=tmp_path)
    shown = re.search(r"<dt>Command</dt><dd><code>(.*?)</code></dd>", text, re.S).group(1)
    words = ["conceptdec", "report", name, "--labels", "y.npy", *map(str, QUICK), "-o", str(tmp_path / "r")]
    assert sorted(shlex.split(html.unescape(shown))) == sorted(words)
    assert "i" not in page.tags


@pytest.mark.parametrize("size", [0, 1, 55, 56, 63, 64, 65, 119, 120, 65536, 65593])
def test_checksums_of_any_length(tmp_path, size):
    import hashlib

    small(tmp_path)
    header = 128 + 60 * 8
    data = (tmp_path / "y.npy").read_bytes()
    assert len(data) == header
    (tmp_path / "g").mkdir()
    names = b"a\nb\nc\n" + b"\n" * 0
    (tmp_path / "names.txt").write_bytes(names)
    x = np.zeros((60, 2), np.float32)
    x[:, 0] = np.arange(60) % 3 + np.linspace(0, 0.1, 60)
    path = safetensors(tmp_path / "x.safetensors", {"x": x, "pad": np.zeros(size * 2 + 1, np.float16)})
    numbers, *_ = report(tmp_path / "r", path, "--array", "x", "--labels", tmp_path / "y.npy", *QUICK)
    assert numbers["files"]["activations"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_hostile_names(tmp_path):
    small(tmp_path, layers=2, classes=5)
    names = ["<script>alert(1)</script>", "a\"b'c&d", "x" * 200, "\u202e\u05d0\u05d1\u05d2", "tab\there"]
    (tmp_path / "names.txt").write_text("\n".join(names) + "\n", "utf-8")
    numbers, text, page, _ = report(tmp_path / "r", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--names", tmp_path / "names.txt", *QUICK)
    pictures(text)
    assert "script" not in page.tags and "x" * 100 not in text and "\u202e" not in text
    assert names[0] in page.text and names[1] in page.text and "x" * 59 + "\u2026" in page.text
    assert numbers["concepts"]["knn"] == names


def test_small_concepts_are_left_out_and_noted(tmp_path):
    x, y = small(tmp_path, layers=3, n=64)
    y[:7] = [7, 8, 8, 8, 9, 9, 9]
    np.save(tmp_path / "y.npy", y)
    numbers, _, page, _ = report(tmp_path / "r", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--rank", 4, *QUICK)
    assert numbers["concepts"] == {"knn": ["0", "1", "2", "8", "9"], "probe": ["0", "1", "2"], "overlap": ["0", "1", "2"]}
    assert len(numbers["notes"]) == 3 and all(note in page.text for note in numbers["notes"])
    kept = np.where(y == 7, -1, y)
    knn = conceptdec.sweep(x, kept, k=10, ignore=[-1])
    np.testing.assert_array_equal(np.array(numbers["knn"]["values"]["decodability"])[:, 9], knn.decodability[:, 0])


def test_failed_cells(tmp_path):
    """The page is there, with the others; the reason is on stderr, once, and the code is that of the cell."""
    x, y = small(tmp_path, layers=4)
    x[1, 7, 2] = np.nan
    np.save(tmp_path / "x.npy", x)
    numbers, _, page, done = report(tmp_path / "r", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", *QUICK, code=3)
    assert done.err.count("row 7, column 2") == 1 and "x.npy: 1: decodability: " in done.err
    assert len([note for note in numbers["notes"] if "row 7, column 2" in note]) >= 3
    assert [v is None for v in np.array(numbers["knn"]["values"]["decodability"], object)[:, 9]] == [False, True, False, False]
    assert "the smallest possible with 20 permutations, allowing for the choice among 3 cells." in page.text


def test_what_is_cut_has_a_note(tmp_path):
    small(tmp_path, layers=2)
    arguments = [tmp_path / "x.npy", "--labels", tmp_path / "y.npy", *QUICK]
    numbers, _, page, done = report(tmp_path / "r", *arguments, "--rank", 9, "--most-k", 70)
    for text in ("rank 9 is cut to the 5 dimensions that there are", "--most-k 70 is cut to the 59 other samples that there are"):
        assert text in done.err and text in page.text and any(text in note for note in numbers["notes"])
    assert len(numbers["notes"]) == 2
    numbers, *_, done = report(tmp_path / "r", *arguments, "--rank", 5, "--most-k", 59)
    assert numbers["notes"] == [] and done.err == ""


def test_a_note_names_cells_of_few_directions(tmp_path):
    x, _ = small(tmp_path, layers=7)
    x[1:, :, 2:] = 0
    np.save(tmp_path / "x.npy", x)
    numbers, _, page, done = report(tmp_path / "r", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--rank", 3, *QUICK)
    note = "concepts with fewer than 3 directions in layer 1 (3); layer 2 (3); layer 3 (3); layer 4 (3) and 2 more"
    assert note in page.text and note in done.err and any(note in text for text in numbers["notes"])


@pytest.mark.parametrize("count, text", [(7, "1 more such picture is not drawn"), (8, "2 more such pictures are not drawn")])
def test_pictures_that_are_not_drawn(count, text, tmp_path):
    x, _ = small(tmp_path, layers=2)
    np.save(tmp_path / "x.npy", np.stack([np.stack([x, x])] * count))
    page = report(tmp_path / "r", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--rank", 4, *QUICK)[2]
    assert text in page.text


def test_places_of_a_part_and_long_names(tmp_path):
    small(tmp_path, layers=4)
    x = np.load(tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", np.stack([x, x]))
    (tmp_path / "names.txt").write_text("".join(f"a rather long name of concept {i}\n" for i in range(3)))
    numbers, text, page, _ = report(tmp_path / "r", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--names", tmp_path / "names.txt",
                                    "--axes", "step,layer", "--at", "0..1,2..3", "--rank", 4, *QUICK)
    layers = next(table for table in page.tables if table[0][:2] == ["layer", "decodability"])
    assert [row[0] for row in layers[1:]] == ["2", "3"] and "places on an axis count from 0" in page.text
    assert all(f"\u2026oncept {i}" in "".join(pictures(text)) for i in range(3))


def test_values_of_axes(tmp_path):
    x, _ = small(tmp_path, layers=4)
    np.save(tmp_path / "x.npy", np.stack([x[:, :, :], x[::-1]], axis=1))
    options = [tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--axes", "layer,noise", "--rank", 4, *QUICK]
    values = ["--axis-values", "layer=0.1,0.25,1e3,<b>;noise=low,high"]
    numbers, text, page, done = report(tmp_path / "r", *options, *values)
    layers = next(table for table in page.tables if table[0][:2] == ["layer", "decodability"])
    assert [row[0] for row in layers[1:]] == ["0.1", "0.25", "1e3", "<b>"]
    curve = next(svg for svg in pictures(text) if ">0.25<" in svg)
    assert all(f">{value}<" in curve for value in ("0.1", "0.25", "1e3", "&lt;b&gt;"))
    assert "places on an axis count from 0" not in page.text
    assert numbers["input"]["axis_values"] == [["0.1", "0.25", "1e3", "<b>"], ["low", "high"]]
    assert re.fullmatch("layer (0.1|0.25|1e3|<b>), noise (low|high)", numbers["best"]["name"])
    assert [line.split()[1] for line in done.out.splitlines()[1:]] == ["0.1,", "0.25,", "1e3,", "<b>,"]
    shared = ["--axis-values", "layer=0.1,0.25,0.5,0.75"]  # of names of arrays what they share is left out
    numbers, _, one, _ = report(tmp_path / "one", *options, "--at", "*,1", *shared)
    assert [row[0] for row in next(t for t in one.tables if t[0][:2] == ["layer", "decodability"])[1:]] == ["0.1", "0.25", "0.5", "0.75"]
    assert numbers["best"]["name"] in ("layer 0.1", "layer 0.25", "layer 0.5", "layer 0.75")
    part = report(tmp_path / "part", *options, *values[:1], "noise=low,high")[2]
    assert "places on layer count from 0" in part.text and "places on an axis" not in part.text


def test_one_matrix(tmp_path):
    small(tmp_path)
    numbers, text, page, done = report(tmp_path / "r", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", *QUICK)
    assert "Where the concept can be read" not in text and "Along the layers" not in text
    assert numbers["path"] == [0] and len(done.out.splitlines()) == 2
    assert {"How many neighbours", "Each concept", "What is taken for what"} <= set(re.findall("<h3>(.*?)</h3>", text))


def test_arrays_with_names(tmp_path):
    x, y = small(tmp_path, layers=4)
    path = safetensors(tmp_path / "x.safetensors", {f"layers.{i}.out": x[i].astype(np.float32) for i in range(4)})
    numbers, text, page, _ = report(tmp_path / "r", path, "--labels", tmp_path / "y.npy", *QUICK)
    assert [row[0] for row in next(t for t in page.tables if t[0][1] == "decodability")][1:] == ["0", "1", "2", "3"]
    assert numbers["best"]["name"].startswith("layer ")


def test_many_concepts_and_layers(tmp_path):
    small(tmp_path, layers=40, n=360, d=4, classes=60)
    _, text, page, _ = report(tmp_path / "r", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--rank", 2, *QUICK)
    assert len(pictures(text)) == 13 and len(text) < 3e6


def strip(folder):
    numbers = json.loads((folder / "report.json").read_text())

    def clean(value):
        if isinstance(value, dict):
            return {key: clean(v) for key, v in value.items() if key not in ("diagnostics", "threads")}
        return [clean(v) for v in value] if isinstance(value, list) else value

    text = (folder / "index.html").read_text()
    text = re.sub(r"<dt>(Time|Command|Built and run with)</dt><dd>.*?</dd>", "", text, flags=re.S)
    return clean(numbers), text


def test_same_bytes_for_any_number_of_threads(tmp_path):
    small(tmp_path, layers=3)
    for threads in (1, 3):
        report(tmp_path / str(threads), tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--threads", threads, *QUICK)
    assert strip(tmp_path / "1") == strip(tmp_path / "3")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_leaves_nothing(number, tmp_path):
    folder = tmp_path / "r"
    process = start("report", DATA / "activations.npy", "--labels", DATA / "labels.npy", "-o", folder, "--bootstrap", 20000)
    for _ in range(200):
        if folder.exists():
            break
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 130 and not folder.exists()


def read_so_far(process, path):
    """How far the program has read a file from its beginning; files that it reads at places stay at 0."""
    folder, found = f"/proc/{process.pid}/fd", 0
    for number in os.listdir(folder) if process.poll() is None else []:
        try:
            if os.readlink(f"{folder}/{number}") == os.fspath(path):
                text = open(f"/proc/{process.pid}/fdinfo/{number}").read()
                found = max(found, int(re.search(r"pos:\s*(\d+)", text).group(1)))
        except FileNotFoundError:  # closed in the meantime
            pass
    return found


@pytest.mark.skipif(not os.path.exists("/proc/self/fdinfo"), reason="needs /proc")
def test_interruption_while_files_are_hashed(tmp_path):
    x, _ = small(tmp_path)
    path, length = tmp_path / "x.safetensors", 1 << 36  # of a hole: minutes of checksums, and no block of the disk
    header = json.dumps({"x": {"dtype": "F32", "shape": list(x.shape), "data_offsets": [0, 4 * x.size]},
                         "pad": {"dtype": "U8", "shape": [length], "data_offsets": [4 * x.size, 4 * x.size + length]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + x.astype(np.float32).tobytes())
    try:
        os.truncate(path, 8 + len(header) + 4 * x.size + length)
    except OSError as refused:
        pytest.skip(f"no file of 64 GiB with a hole: {refused}")
    process = start("report", path, "--array", "x", "--labels", tmp_path / "y.npy", "-o", tmp_path / "r", "--rank", 5, *QUICK)
    while process.poll() is None and read_so_far(process, path) < 1 << 20:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    try:
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, "", "conceptdec report: interrupted\n")
    assert time.monotonic() - begin < 5 and not (tmp_path / "r").exists()


def test_folder_that_cannot_be(tmp_path):
    small(tmp_path)
    (tmp_path / "file").write_text("")
    done = run("report", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "-o", tmp_path / "file", code=1)
    assert "no folder" in done.err and (tmp_path / "file").read_text() == ""
    done = run("report", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "-o", tmp_path / "none/r", code=1)
    assert "cannot be made" in done.err
