"""compare.py: the exact neighbour table of conceptdec beside those of scikit-learn and FAISS. Started by compare.sh.

Every tool runs in a process of its own (worker.py) on the same file; the tools take turns, and each ratio is that of
one turn, so that a machine that changes its clock does not favour one. Answers are checked before anything is timed:
against float64 distances on sample rows, and the tables with each other. The fp32 rate of the machine is measured
before and after each case (peak.c); a share of the peak counts n^2 d operations, which a symmetric table needs.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WORK = os.path.join("build", "bench")  # below ROOT, which every process has as its current folder
K, SAMPLE = 10, 40
THREADS = len(os.sched_getaffinity(0))

sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
import oracle  # noqa: E402


class Tool:
    """A worker process and its answers."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command + ["tests/bench/worker.py", name], cwd=ROOT, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, do, **arguments):
        print(json.dumps({"do": do, **arguments}), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise OSError("%s ended with status %d" % (self.name, self.process.wait()))
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def python_of(tool, peers):
    own = tool == "conceptdec" or peers != "chroot"
    return [sys.executable] if own else ["bash", "tests/bench/peers.sh", "run"]


def start(name, peers, paths):
    """A tool that has loaded its data, or None where it cannot run here."""
    try:
        tool = Tool(name, python_of(name, peers))
        tool.about = tool("load", path=paths["float32"])
        return tool
    except OSError as error:
        print("  %s cannot run here (%s)" % (name, error))
        return None


def data(n, d, dtype="float32"):
    """A .npy file of n rows: 50 clusters in a spectrum that falls as the square root of the rank, as activations do."""
    path = os.path.join(WORK, "data-%d-%d-%s.npy" % (n, d, dtype))
    if not os.path.exists(os.path.join(ROOT, path)):
        rng = np.random.default_rng([n, d])
        scale = rng.permutation(np.arange(1, d + 1, dtype=np.float32) ** np.float32(-0.5))
        x = rng.standard_normal((n, d), dtype=np.float32)
        x += rng.standard_normal((50, d), dtype=np.float32)[np.arange(n) % 50]
        x *= scale
        if dtype == "float16":
            x = x.astype(np.float16)
        if dtype == "bfloat16":  # rounded to the nearest even
            bits = x.view(np.uint32)
            x = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
        np.save(os.path.join(ROOT, path), x)
    return path


def peak(threads):
    """Measured fp32 rate in 10^9 operations a second, and the instruction set."""
    rate, name = subprocess.run([os.path.join(ROOT, WORK, "peak"), str(threads)], check=True, text=True,
                                stdout=subprocess.PIPE).stdout.split()
    return float(rate), name


def tables(tools):
    """{name: (indices, distances)} of one untimed run each, which warms everything up and tells the memory."""
    answer = {}
    for tool in tools:
        tool.mib = tool("table", k=K, threads=THREADS)["mib"]
        path = os.path.join(WORK, "table-" + tool.name)
        tool("save", path=path)
        answer[tool.name] = [np.load(os.path.join(ROOT, path + part)) for part in (".indices.npy", ".distances.npy")]
    return answer


def check(path, answers):
    """Wrong rows among the sample for every tool; conceptdec may have none."""
    x = np.load(os.path.join(ROOT, path))
    sample = np.linspace(0, len(x) - 1, SAMPLE).astype(int)
    indices, distances = oracle.nearest(x, K, sample=sample)
    wrong = {name: int((table[0][sample] != indices).any(axis=1).sum()) for name, table in answers.items()}
    off = {name: float(np.max(np.abs(table[1][sample] / distances - 1))) for name, table in answers.items()}
    ours = np.sort(answers["conceptdec"][0], axis=1)
    for name, table in answers.items():
        differ = int((np.sort(table[0], axis=1) != ours).any(axis=1).sum())
        print("  %-12s %d of %d sample rows unlike float64; distances off by %.1e; %d of %d rows unlike conceptdec"
              % (name, wrong[name], SAMPLE, off[name], differ, len(x)))
    if wrong["conceptdec"] or off["conceptdec"] > 1e-13:
        sys.exit("conceptdec's table is not that of float64: nothing is timed")


def rounds(count, tasks):
    """{name: [seconds or answers of each round]}, the tasks taking turns."""
    answers = {name: [] for name in tasks}
    for _ in range(count):
        for name, task in tasks.items():
            answers[name].append(task())
    return answers


def median(answers, field):
    return statistics.median(answer[field] for answer in answers)


def ratio(answers, name, base):
    return statistics.median(a["seconds"] / b["seconds"] for a, b in zip(answers[name], answers[base]))


def steady(before, after):
    if abs(before - after) > 0.05 * max(before, after):
        print("  (the peak moved from %.0f to %.0f Gflop/s meanwhile: the machine was busy, take these with care)"
              % (before, after))
    return (before + after) / 2


def against_peers(n, d, count, peers):
    print("Leave-one-out table, k = %d, n = %d, d = %d, float32, %d threads" % (K, n, d, THREADS))
    paths = {"float32": data(n, d)}
    tools = [tool for tool in (start(name, peers, paths) for name in ("conceptdec", "sklearn", "faiss")) if tool]
    for tool in tools:
        print("  %-12s %s, OpenBLAS core %s" % (tool.name, tool.about["version"], ", ".join(tool.about["cores"])))
    check(paths["float32"], tables(tools))
    before, _ = peak(THREADS)
    answers = rounds(count, {tool.name: lambda tool=tool: tool("table", k=K, threads=THREADS) for tool in tools})
    rate = steady(before, peak(THREADS)[0])
    print("  %-12s %9s %9s %14s %12s %18s" % ("", "median s", "best s", "of conceptdec", "of the peak",
                                              "memory above input"))
    for tool in tools:
        seconds = median(answers[tool.name], "seconds")
        print("  %-12s %9.3f %9.3f %13.2fx %11.0f%% %14.0f MiB" % (
            tool.name, seconds, min(a["seconds"] for a in answers[tool.name]), ratio(answers, tool.name, "conceptdec"),
            100 * n * n * d / seconds / 1e9 / rate, tool.mib))
        tool.close()
    print()


def narrow_types(n, d, count):
    print("The same table from narrower input, n = %d, d = %d" % (n, d))
    types = ("float32", "float16", "bfloat16")
    tools = {dtype: start("conceptdec", None, {"float32": data(n, d, dtype)}) for dtype in types}
    tasks = {dtype: lambda tool=tool: tool("table", k=K, threads=THREADS) for dtype, tool in tools.items()}
    rounds(1, tasks)
    answers = rounds(count, tasks)
    for dtype in types:
        print("  %-12s %9.3f s %10.2f of float32" % (dtype, median(answers[dtype], "seconds"),
                                                     ratio(answers, dtype, "float32")))
        tools[dtype].close()
    print()


def one_thread(n, d, count):
    threads = THREADS
    print("One thread against %d, n = %d, d = %d" % (threads, n, d))
    tool = start("conceptdec", None, {"float32": data(n, d)})
    tasks = {t: lambda t=t: tool("table", k=K, threads=t) for t in (1, threads)}
    rounds(1, tasks)
    before = [peak(t)[0] for t in tasks]
    answers = rounds(count, tasks)
    print("  %.3f s and %.3f s: %.2f times as fast (the peak itself: %.2f times)\n" % (
        median(answers[1], "seconds"), median(answers[threads], "seconds"), ratio(answers, 1, threads),
        before[-1] / before[0]))
    tool.close()


def permutations(n, d, count):
    print("Permutations, n = %d labels of 10 concepts, k = %d" % (n, K))
    labels = os.path.join(WORK, "labels-%d.npy" % n)
    np.save(os.path.join(ROOT, labels), (np.arange(n) % 50 % 10).astype(np.int32))
    tool = start("conceptdec", None, {"float32": data(n, d)})
    tool("permutations", path=labels, count=10, k=K)
    answers = [tool("permutations", path=labels, count=1000, k=K) for _ in range(count)]
    print("  %.3f s for 1000 of them, read from one table\n" % median(answers, "seconds"))
    tool.close()


def memory(n, d):
    print("Memory, n = %d, d = %d, float32" % (n, d))
    tool = start("conceptdec", None, {"float32": data(n, d)})
    rate, _ = peak(THREADS)
    answer = tool("table", k=K, threads=THREADS)
    print("  %.0f MiB above the input of %.0f MiB; %.2f s, %.0f%% of the peak\n" % (
        answer["mib"], n * d * 4 / 2**20, answer["seconds"], 100 * n * n * d / answer["seconds"] / 1e9 / rate))
    tool.close()


def machine(threads):
    model = platform.machine()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    rate, name = peak(threads)
    print("%s, %d cores, Linux %s; measured fp32 peak %.0f Gflop/s (%s); OPENBLAS_CORETYPE=%s" % (
        model, threads, platform.release(), rate, name, os.environ.get("OPENBLAS_CORETYPE", "")))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", choices=["chroot", "debian"], default="debian")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    machine(THREADS)
    import conceptdec
    about = conceptdec.build_info()
    print("conceptdec %s, kernel %s%s\n" % (about["version"], about["kernel"],
                                            "".join("; warning: " + w for w in about["warnings"])))
    against_peers(10000, 1024, options.rounds, options.peers)
    narrow_types(10000, 1024, options.rounds)
    one_thread(10000, 1024, options.rounds)
    permutations(20000, 64, 3)
    if options.full:
        against_peers(20000, 4096, options.rounds, options.peers)
        narrow_types(20000, 4096, options.rounds)
        one_thread(20000, 4096, options.rounds)
        memory(50000, 1024)


if __name__ == "__main__":
    main()
