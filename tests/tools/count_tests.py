"""count_tests.py KIND FILE: reads what a test run left and prints "PASSED FAILED".

KIND check: a testlog.json of meson, whose programs print Check's summary. A program that ends badly without telling of a
failed check counts as one failure, one that ends with 77 as nothing. KIND pytest: pytest's output. KIND julia: the output of Julia's Test package.
"""
import json
import os
import re
import sys


def count_check(path):
    passed = failed = 0
    with open(path, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            entry = json.loads(line)
            found = re.search(r"Checks: (\d+), Failures: (\d+), Errors: (\d+)", entry.get("stdout", ""))
            ran, bad = (int(found[1]), int(found[2]) + int(found[3])) if found else (0, 0)
            if entry["result"] not in ("OK", "EXPECTEDFAIL", "SKIP") and bad == 0:
                ran, bad = ran + 1, 1
            passed, failed = passed + ran - bad, failed + bad
    return passed, failed


def count_pytest(path):
    text = open(path, encoding="utf-8", errors="replace").read()
    last = [line for line in text.splitlines() if re.search(r"\d+ (passed|failed|error)", line)][-1:]
    found = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)\b", " ".join(last))}
    return found.get("passed", 0), found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0)


def count_julia(path):
    """Sums the outermost rows of every summary table; its columns are named in its first line."""
    passed = failed = 0
    names = None
    for line in open(path, encoding="utf-8", errors="replace"):
        line = re.sub(r"\x1b\[[0-9;]*m", "", line.rstrip())
        if line.startswith("Test Summary:"):
            names = [(match.group(), match.end()) for match in re.finditer(r"\S+", line) if match.start() > line.index("|")]
        elif names and "|" in line:
            if not line.startswith(" "):
                row = {end: int(value.group()) for value in re.finditer(r"\d+", line[line.index("|"):])
                       for end in [value.end() + line.index("|")]}
                counts = {name: row.get(end, 0) for name, end in names}
                passed += counts.get("Pass", 0)
                failed += counts.get("Fail", 0) + counts.get("Error", 0)
        else:
            names = None
    return passed, failed


if __name__ == "__main__":
    kind, path = sys.argv[1:]
    if not os.path.exists(path):
        sys.exit("%s: nothing ran" % path)
    print(*{"check": count_check, "pytest": count_pytest, "julia": count_julia}[kind](path))
