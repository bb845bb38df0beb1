"""The check of bindings/interface.yaml passes, and fails when any of its parties changes."""

import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHECK = ROOT / "tests/tools/check_interface.py"

HEADER, YAML, MAP = "include/conceptdec/conceptdec.h", "bindings/interface.yaml", "lib/conceptdec.map"
PARTIES = ["include", MAP, YAML, "bindings/python/conceptdec", "bindings/julia/src"]
STRUCTS, CONSTANTS = "bindings/python/conceptdec/_structs.py", "bindings/python/conceptdec/_constants.py"
JULIA = "bindings/julia/src/structs.jl"

CHANGES = [
    (HEADER, "#define CONCEPTDEC_EK (-7)", "#define CONCEPTDEC_EK (-77)", "CONCEPTDEC_EK"),
    (HEADER, "int64_t folds;", "int32_t folds;", "conceptdec_knn_options"),
    (HEADER, "const char *conceptdec_version(void)", "const char *conceptdec_version(int32_t x)", "conceptdec_version"),
    (HEADER, 'CONCEPTDEC_N_TIES "ties"', 'CONCEPTDEC_N_TIES "tied"', "CONCEPTDEC_N_TIES"),
    (HEADER, "int32_t threads;", "int32_t thread;", "conceptdec_ctx_options"),
    (YAML, "        - col_stride: int64_t\n", "", "conceptdec_matrix"),
    (YAML, "    CONCEPTDEC_OK: 0\n", "    CONCEPTDEC_OK: 0\n        CONCEPTDEC_OK: 0\n", "twice"),
    (MAP, "        conceptdec_sweep;\n", "", "conceptdec_sweep"),
    (MAP, "        conceptdec_sweep;\n", "        conceptdec_sweep;\n        conceptdec_more;\n", "conceptdec_more"),
    (STRUCTS, '("done", c_int64)', '("done", c_int32)', "Progress.done"),
    (STRUCTS, '("reserved", c_uint64 * 2),', '("reserved", c_uint64 * 3),', "Matrix"),
    (STRUCTS, '"conceptdec_ctx_threads": (c_int32,', '"conceptdec_ctx_threads": (c_int64,', "conceptdec_ctx_threads"),
    (CONSTANTS, "EFOLDS = -10", "EFOLDS = -9", "CONCEPTDEC_EFOLDS"),
    (CONSTANTS, "KNN_STRICT = 1\n", "KNN_STRICT = 1\nKNN_MORE = 8\n", "CONCEPTDEC_KNN_MORE"),
    (JULIA, "    metric::Int32\n", "", "julia, structs"),
    (JULIA, "    threads::Int32\n", "    threads::Int64\n", "julia, structs"),
    ("bindings/julia/src/constants.jl", "CONCEPTDEC_EK = -7", "CONCEPTDEC_EK = -6", "CONCEPTDEC_EK"),
    ("bindings/julia/src/errors.jl", "Cstring, (Int32,)", "Cstring, (Int64,)", "conceptdec_status_name"),
]


def check(root, *arguments):
    command = [sys.executable, str(CHECK), "--root", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def copy_parties(folder):
    for party in PARTIES:
        copy = shutil.copytree if (ROOT / party).is_dir() else shutil.copy
        (folder / party).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / party, folder / party)


def test_all_agree(library_path):
    run = check(ROOT, "--library", library_path)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("path, old, new, named", CHANGES)
def test_a_change_is_seen(tmp_path, path, old, new, named):
    copy_parties(tmp_path)
    text = (tmp_path / path).read_text()
    assert old in text
    (tmp_path / path).write_text(text.replace(old, new, 1))
    run = check(tmp_path)
    assert run.returncode == 1 and named in run.stderr, run.stderr


def test_a_library_with_other_symbols(tmp_path):
    (tmp_path / "other.c").write_text("int conceptdec_version; int stray;")
    library = tmp_path / "libother.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "other.c"], check=True)
    run = check(ROOT, "--library", str(library))
    assert run.returncode == 1
    assert "stray is not in interface.yaml" in run.stderr and "conceptdec_sweep is missing" in run.stderr
