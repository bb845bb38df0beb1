"""The examples of docs/command.md: each prints what stands below it."""

import re
import shlex

import pytest

from conftest import DATA, ROOT, run


def words(text):
    """Numbers and words of a text."""
    found = re.findall(r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?|[A-Za-z_]+", text)
    return [word if word[0].isalpha() or word[0] == "_" else float(word) for word in found]


def test_page(tmp_path):
    """They run one after another, in a folder that has the data and may be written to."""
    for path in DATA.iterdir():
        (tmp_path / path.name).symlink_to(path)
    text = (ROOT / "docs/command.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", text, flags=re.M | re.S)
    assert len(examples) > 10
    for command, shown in examples:
        program, *arguments = shlex.split(command.replace("\\\n", " "))
        assert program == "conceptdec"
        done = run(*arguments, cwd=tmp_path)
        printed, expected = words(done.out), words(shown)
        assert done.err == "" and len(printed) == len(expected), command
        for one, other in zip(printed, expected):
            assert one == (other if isinstance(other, str) else pytest.approx(other, abs=0.0011, rel=0.01)), command
