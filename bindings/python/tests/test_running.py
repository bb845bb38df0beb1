"""Ctrl-C, progress, threads and forks."""

import io
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import conceptdec
from conceptdec import _progress

HERE = pathlib.Path(__file__).resolve().parents[1]
LONG = dict(k=10, threads=1)


def long_input():
    """Takes many seconds with one thread."""
    return np.random.default_rng(0).standard_normal((30000, 1024), dtype=np.float32)


CHILD = """
    import sys, time
    sys.path.insert(0, sys.argv[1])
    import numpy as np, conceptdec
    x = np.random.default_rng(0).standard_normal((30000, 1024), dtype=np.float32)
    conceptdec.version()
    print("ready", flush=True)
    try:
        conceptdec.neighbors(x, k=10, threads=1)
        print("finished", time.monotonic(), flush=True)
    except KeyboardInterrupt:
        print("interrupted", time.monotonic(), flush=True)
    print(conceptdec.neighbors(x[:50], k=3).indices.shape)
"""


def interrupt_once():
    """Seconds from Ctrl-C to KeyboardInterrupt in another process."""
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(HERE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.7)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        word, at = child.stdout.readline().split()
        assert word == "interrupted"
        assert child.stdout.readline() == "(50, 3)\n"
    assert child.returncode == 0
    return float(at) - sent


def test_interrupt():
    assert min(interrupt_once() for _ in range(3)) < 0.2


class Stop(Exception):
    pass


def test_a_raising_progress_function_stops_the_call():
    reports = []

    def report(stage, done, total):
        reports.append((stage, done, total))
        assert threading.current_thread() is threading.main_thread()
        if len(reports) == 3:
            raise Stop("enough")

    start = time.monotonic()
    with pytest.raises(Stop, match="enough"):
        conceptdec.neighbors(long_input(), **LONG, progress=report)
    assert time.monotonic() - start < 4 and len(reports) == 3
    assert all(stage and 0 <= done <= total for stage, done, total in reports), reports
    assert conceptdec.neighbors(np.eye(4), 2).indices.shape == (4, 2)


def test_other_python_threads_go_on():
    """The library runs without the interpreter's lock, and calls in several threads do not disturb each other."""
    rng = np.random.default_rng(1)
    inputs = [(rng.standard_normal((400, 16)), rng.integers(0, 3, size=400)) for _ in range(8)]
    alone = [conceptdec.knn_decodability(*data).confusion for data in inputs]
    found = [None] * 8

    def work(i):
        for _ in range(5):
            found[i] = conceptdec.knn_decodability(*inputs[i], threads=2).confusion

    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(np.array_equal(a, b) for a, b in zip(alone, found))


def test_fork():
    x, y = np.random.default_rng(2).standard_normal((200, 8)), np.arange(200) % 3
    before = conceptdec.knn_decodability(x, y).confusion
    child = os.fork()
    if child == 0:
        same = np.array_equal(conceptdec.knn_decodability(x, y, threads=2).confusion, before)
        os._exit(0 if same else 3)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(conceptdec.knn_decodability(x, y).confusion, before)


def test_nothing_is_printed(capfd):
    conceptdec.knn_decodability(np.eye(30), np.arange(30) % 2, permutations=5)
    with pytest.raises(ValueError):
        conceptdec.knn_decodability(np.eye(30), np.arange(30) % 2, k=0)
    assert capfd.readouterr() == ("", "")


def test_own_bar(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    display = _progress.listener(True)
    display.report("neighbors", 1, 4)
    display.report("neighbors", 2, 4)
    display.report("permutations", 0, 0)
    display.close()
    text = capsys.readouterr().err
    assert "neighbors: [#######......................." in text and " 50%" in text and "permutations" in text
    assert text.endswith("\r\x1b[K")


def test_tqdm_bar(monkeypatch):
    calls = []

    class Bar:
        n = 0

        def __init__(self, total, desc, file, leave):
            calls.append((desc, total, leave))

        def update(self, by):
            self.n += by
            calls.append(self.n)

        def close(self):
            calls.append("closed")

    monkeypatch.setitem(sys.modules, "tqdm", type("module", (), {"tqdm": Bar}))
    display = _progress.listener(True)
    for stage, done in (("a", 1), ("a", 3), ("b", 2)):
        display.report(stage, done, 4)
    display.close()
    assert calls == [("a", 4, False), 1, 3, "closed", ("b", 4, False), 2, "closed"]


def test_who_hears_of_progress(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert _progress.listener(None) is None and _progress.listener(False) is None
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setitem(sys.modules, "tqdm", None)
    quiet = _progress.listener(None)
    quiet.report("neighbors", 1, 2)
    assert sys.stderr.getvalue() == ""  # the call is not long yet
    monkeypatch.setattr(_progress.time, "monotonic", lambda start=time.monotonic(): start + 1.1)
    quiet.report("neighbors", 1, 2)
    assert "50%" in sys.stderr.getvalue()
    assert _progress.listener(False) is None


def test_a_call_is_no_thread():
    """Python 3.14 gave Thread an attribute `_context`; a subclass with one of its own never ran."""
    from conceptdec import _context

    assert not issubclass(_context._Call, threading.Thread)
