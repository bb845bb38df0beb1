"""turns.py: worker processes that take turns, and the rate of the machine measured around every round."""
import json
import os
import platform
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
THREADS = len(os.sched_getaffinity(0))
TUNING_ROWS = 4 * 1024 * THREADS + 256  # so many that scikit-learn cuts the work as it does for all rows
MISSING = 77  # the exit status of worker.py that says so
PAUSE = 0.5  # seconds before each turn: threads of the one that had the last turn still spin for a while
STEADY = 0.10  # a round in which the machine's rate moved by more is not counted


class Missing(OSError):
    """A tool that is not installed."""


class Tool:
    """A worker process."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command + ["tests/bench/worker.py", name], cwd=ROOT, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, do, **arguments):
        try:
            print(json.dumps({"do": do, **arguments}), file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            status = self.process.wait()
            raise (Missing if status == MISSING else OSError)("%s ended with status %d" % (self.name, status))
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def command_of(name, peers):
    own = name == "conceptdec" or peers != "chroot"
    return [sys.executable] if own else ["bash", "tests/bench/peers.sh", "run"]


class Team:
    """The processes of a case: one for each tool, dtype and metric among its entries."""

    def __init__(self, case, source, peers, missing):
        """missing: names of tools that are known not to be installed; those that are found out are added."""
        self.tools, self.about, self.missing, self.absent = {}, {}, missing, {name: "" for name in missing}
        for entry in case.entries:
            key = (entry.tool, entry.dtype, entry.metric)
            if key not in self.tools and entry.tool not in self.absent:
                self._start(key, case, source, peers)
        self.entries = [entry for entry in case.entries if entry.tool not in self.absent]

    def _start(self, key, case, source, peers):
        name, dtype, metric = key
        queries = source.queries(case.queries, dtype) if case.queries else None
        try:
            tool = Tool(name, command_of(name, peers))
            self.about[name] = tool("load", path=source.matrix(dtype), queries=queries, metric=metric)
            tuned = tool("tune", k=case.k, rows=min(case.queries or source.n, TUNING_ROWS))
            self.about[name].update(tuned)
            self.tools[key] = tool
        except OSError as error:
            self.absent[name] = str(error)
            if isinstance(error, Missing):
                self.missing.add(name)
            else:
                print("    %s cannot run this case: %s" % (name, error))

    def all(self, do, **arguments):
        for tool in self.tools.values():
            tool(do, **arguments)

    def ask(self, entry):
        time.sleep(PAUSE)
        return self.tool(entry)(entry.do, **entry.arguments)

    def tool(self, entry):
        return self.tools[entry.tool, entry.dtype, entry.metric]

    def close(self):
        for tool in self.tools.values():
            tool.close()


class Probe:
    """Measured fp32 rate of the machine in 10^9 operations a second."""

    def __init__(self, program):
        self.program = program
        self.rate, self.kind = 0, ""

    def __call__(self):
        printed = subprocess.run([self.program, str(THREADS)], check=True, text=True, stdout=subprocess.PIPE).stdout
        rate, self.kind = printed.split()
        self.rate = float(rate)
        return self.rate


def rounds(team, count, probe):
    """`count` rounds in which the machine was steady, or twice as many where it is not; every other one backwards."""
    turns, before = [], probe()
    while sum(turn["kept"] for turn in turns) < count and len(turns) < 2 * count:
        order = team.entries[::-1] if len(turns) % 2 else team.entries
        answers = {entry.label: team.ask(entry) for entry in order}
        after = probe()
        for answer in answers.values():
            answer.pop("null", None)
            answer.pop("scores", None)
        turns.append({"peak": [before, after], "kept": abs(before - after) <= STEADY * max(before, after),
                      "answers": answers})
        before = after
    return turns


def machine(probe):
    model = platform.machine()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    return {"processor": model, "threads": THREADS, "linux": platform.release(), "peak": probe(), "probe": probe.kind,
            "coretype": os.environ.get("OPENBLAS_CORETYPE", "")}
