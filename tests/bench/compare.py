"""compare.py: the benchmark driver; started by compare.sh, which says how.

Every tool runs in a process of its own (worker.py) on the same mapped file; the tools take turns, and each ratio is
that of one turn, so that a machine that changes its clock does not favour one. Answers are checked before anything is
timed (check.py). What was found is appended to a file of JSON lines, a case a line: a run that was stopped goes on
where it was, and the tables and the picture are made of that file alone (report.py).
"""
import argparse
import datetime
import fnmatch
import hashlib
import json
import os
import sys

import numpy as np

import cases
import check
import data
import report
import turns

WORK = os.path.join("build", "bench")  # below the root, which every process has as its current folder


def arguments():
    parser = argparse.ArgumentParser(prog="compare.sh", description="conceptdec beside its peers")
    parser.add_argument("preset", nargs="?", default="quick", choices=[*cases.PRESETS, "report"])
    parser.add_argument("--full", action="store_true", help="the same as the preset full")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every tool in a case")
    parser.add_argument("--only", metavar="PATTERN", help="cases whose name holds PATTERN (*, ? and [] as in a shell)")
    parser.add_argument("--list", action="store_true", help="names of the cases")
    parser.add_argument("--size", metavar="NxD", action="append", default=[], help="a grid of these shapes instead")
    parser.add_argument("--k", default="10,100", help="the k of --size")
    parser.add_argument("--data", metavar="FILE", help="activations (.npy) as a further case of the grid")
    parser.add_argument("--matrix", type=int, default=0, help="which matrix of FILE, counted through its grid")
    parser.add_argument("--name", help="what to call it; default the name of FILE and the number of the matrix")
    parser.add_argument("--results", metavar="FILE", help="the JSON lines; default build/bench/results-PRESET.jsonl")
    parser.add_argument("--again", action="store_true", help="repeat cases that the file has")
    parser.add_argument("--docs", action="store_true", help="report: write docs/figures.md and docs/figures.svg")
    parser.add_argument("--peers", choices=["chroot", "debian"], default="debian", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.full and options.preset == "quick":
        options.preset = "full"
    called_from = os.environ.get("CALLED_FROM", "")
    if options.data:
        options.data = os.path.join(called_from, options.data)
    if options.results:
        options.results = os.path.join(called_from, options.results)
    else:
        name = "full" if options.preset == "report" and os.path.exists(results_of("full")) else options.preset
        options.results = results_of("quick" if name == "report" else name)
    return options


def results_of(preset):
    return os.path.join(WORK, "results-%s.jsonl" % preset)


def given_file(options):
    stem = os.path.splitext(os.path.basename(options.data))[0]
    return {"file": options.data, "matrix": options.matrix, "name": options.name or "%s-%d" % (stem, options.matrix)}


def chosen(options):
    given = given_file(options) if options.data else None
    if options.size:
        shapes = [tuple(int(number) for number in size.split("x")) for size in options.size]
        found = cases.grid(shapes, [int(k) for k in options.k.split(",")], (0.5, 1)) + cases.files(given, (10, 100))
    else:
        found = cases.PRESETS.get(options.preset, cases.quick)(given)
    matching = [case for case in found if fnmatch.fnmatch(case.name, "*%s*" % (options.only or ""))]
    if not matching:
        sys.exit("compare: no case matches %s; --list names them" % options.only)
    return matching


def library_digest():
    with open(os.environ["CONCEPTDEC_LIBRARY"], "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]


def prepare_labels(source, team):
    folds = os.path.join(WORK, "folds-%d.npy" % source.n)
    np.save(folds, np.random.default_rng(source.n).permutation(np.arange(source.n) % cases.FOLDS))
    team.all("labels", path=source.labels(), folds=folds)


def checked(case, team, source):
    """The findings, or None where conceptdec is wrong: nothing is timed then."""
    if case.group == "scores":
        prepare_labels(source, team)
    findings = check.tables(case, team, source, WORK) + check.scores(team)
    for found in findings:
        print("    %-32.32s %s" % (found["label"], check.text(found)), flush=True)
    return findings if all(found["good"] for found in findings) else None


def run_case(case, options, probe, missing):
    """One line for the file of results, or None."""
    source = data.Source(case.data, WORK)
    team = turns.Team(case, source, options.peers, missing)
    try:
        if "conceptdec" in team.absent:
            return None
        findings = checked(case, team, source)
        if findings is None:
            print("    NOT TIMED: the answers are not those of float64, or not the same")
            return None
        taken = turns.rounds(team, options.rounds, probe)
    finally:
        team.close()
    return {"case": case.as_json(), "n": source.n, "d": source.d, "tools": team.about, "checks": findings,
            "turns": taken}


def known(path):
    """(name, library) of the cases that the file has."""
    return {(line["case"]["name"], line["library"]) for line in report.read(path)}


def told(line):
    """What a finished case prints."""
    for row in report.rows(line):
        share = "" if row["share"] is None else "%4.0f%% of the peak" % (100 * row["share"])
        print("    %-32.32s %9.4f s %9.2f times %18s %8.0f MiB" % (row["label"], row["seconds"], row["ratio"], share,
                                                                  row["mib"]))
    for row in report.rows(line):
        if row["setting"]:
            print("    %s: %s" % (row["label"], row["setting"]))
        if row["diagnostics"]:
            print("    %s: %s" % (row["label"], ", ".join("%s %s" % item for item in row["diagnostics"].items())))
    lost = sum(not turn["kept"] for turn in line["turns"])
    if lost:
        print("    %d of %d rounds not counted: the peak moved by more than %.0f%%" % (
            lost, len(line["turns"]), 100 * turns.STEADY))


def run_all(options):
    probe = turns.Probe(os.path.join(turns.ROOT, WORK, "peak"))
    about, library = turns.machine(probe), library_digest()
    print("%(processor)s, %(threads)d threads, Linux %(linux)s; fp32 peak %(peak).0f Gflop/s (%(probe)s)" % about)
    done, failed, missing = set() if options.again else known(options.results), 0, set()
    for case in chosen(options):
        print(case.name + (": already measured" if (case.name, library) in done else ""), flush=True)
        if (case.name, library) in done:
            continue
        line = run_case(case, options, probe, missing)
        failed += line is None
        if line:
            line.update(machine=about, library=library, command=command(options),
                        date=datetime.date.today().isoformat())
            with open(options.results, "a") as file:
                file.write(json.dumps(line) + "\n")
            told(line)
    return failed


def command(options):
    """The command without what only names files."""
    words = ["sh tests/bench/compare.sh", options.preset, "--rounds=%d" % options.rounds]
    words += ["--size=" + size for size in options.size] + (["--k=" + options.k] if options.size else [])
    words += ["--data=FILE --matrix=%d" % options.matrix] if options.data else []
    words += ["--debian"] if options.peers == "debian" else []
    return " ".join(words)


def main():
    options = arguments()
    if options.list:
        print("\n".join(case.name for case in chosen(options)))
        return 0
    failed = 0 if options.preset == "report" else run_all(options)
    print()
    report.write(options.results, WORK, options.docs)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
