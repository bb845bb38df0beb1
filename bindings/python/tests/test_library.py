"""Finding the library, and what it says about itself."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import conceptdec

PACKAGE = pathlib.Path(conceptdec.__file__).resolve().parent


def run_version(package_parent, library=None):
    environment = {name: value for name, value in os.environ.items() if name != "CONCEPTDEC_LIBRARY"}
    if library is not None:
        environment["CONCEPTDEC_LIBRARY"] = str(library)
    code = f"import sys; sys.path.insert(0, {str(package_parent)!r}); import conceptdec; print(conceptdec.version())"
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


def test_version():
    assert conceptdec.version() == conceptdec.__version__


def test_build_info():
    info = conceptdec.build_info(threads=2)
    assert {"version", "abi", "compiler", "kernel", "kernels", "threads", "blas", "warnings"} <= set(info)
    assert (info["version"], info["threads"]) == (conceptdec.__version__, 2)


def test_a_named_library_is_the_only_one_tried(tmp_path):
    run = run_version(PACKAGE.parent, tmp_path / "absent.so")
    assert run.returncode != 0
    assert "OSError" in run.stderr and f"{tmp_path}/absent.so" in run.stderr and "find_library" not in run.stderr
    assert run.stderr.count("libconceptdec.so.0") == 0


def test_the_file_beside_the_package_comes_first(tmp_path, library_path):
    shutil.copytree(PACKAGE, tmp_path / "conceptdec")
    broken = tmp_path / "conceptdec" / "libconceptdec.so"
    broken.write_text("no library")
    run = run_version(tmp_path)
    if run.returncode != 0:  # no library of the system
        assert f"{broken}:" in run.stderr and "libconceptdec.so.0:" in run.stderr
    shutil.copy(library_path, broken)
    run = run_version(tmp_path)
    assert (run.returncode, run.stdout.strip()) == (0, conceptdec.__version__)


@pytest.mark.parametrize(
    "source, text",
    [
        ("int conceptdec_abi_version(void) { return 99; }", "has ABI version 99; this package needs 0"),
        ("int conceptdec_abi_version(void) { return 0; }", "it has no conceptdec_"),
        ("int other;", "it has no conceptdec_"),
    ],
)
def test_a_library_that_does_not_fit(tmp_path, source, text):
    (tmp_path / "other.c").write_text(source)
    library = tmp_path / "libother.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "other.c"], check=True)
    run = run_version(PACKAGE.parent, library)
    assert run.returncode != 0 and text in run.stderr and str(library) in run.stderr
