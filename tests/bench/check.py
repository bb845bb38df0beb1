"""check.py: are the answers of all tools those of float64? Asked before anything is timed.

Sample rows of every table are held against direct differences in float64; then each whole table against conceptdec's,
and where the rows listed differ, the float64 distances of what both list decide whether that is a tie.
"""
import os
import sys

import numpy as np

import data

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import oracle  # noqa: E402

SAMPLE, EXAMINED = 40, 2000
SAME = 1e-12  # relative: float64 sums in two orders
CLOSE = 1e-13  # how far conceptdec's distances may be from the oracle's


class Truth:
    """Float64 distances of sample rows to all rows of one matrix."""

    def __init__(self, matrix, queries, metric):
        self.x = np.load(matrix, mmap_mode="r")
        self.q = np.load(queries, mmap_mode="r") if queries else None
        self.metric = metric
        count = len(self.x if self.q is None else self.q)
        self.sample = np.unique(np.linspace(0, count - 1, SAMPLE).astype(int))
        kept = "%s-truth-%s.npy" % ((queries or matrix)[:-len(".npy")], metric)
        if not os.path.exists(kept):
            np.save(kept, self._compute())
        self.squared = np.load(kept)

    def _compute(self):
        rows, n = data.widened(self.x), len(self.x)
        own = self.sample
        if self.q is not None:
            rows, own = np.concatenate([rows, data.widened(self.q[self.sample])]), n + np.arange(len(self.sample))
        rows = oracle.prepare(rows, self.metric)
        squared = np.empty((len(own), n))
        for place, row in enumerate(own):
            squared[place] = oracle.squared_distances(rows, row, self.metric)[:n]
            if self.q is None:
                squared[place, row] = np.inf
        return squared

    def distance(self, squared):
        return squared / 2 if self.metric == "cosine" else np.sqrt(squared)

    def sample_faults(self, indices, distances):
        """(sample rows that list a row too far, largest error of a distance as a share of the row's last one)."""
        k, wrong, off = indices.shape[1], 0, 0.0
        for squared, listed, said in zip(self.squared, indices[self.sample], distances[self.sample]):
            best = np.sort(np.partition(squared, k - 1)[:k])
            got = np.sort(squared[listed])
            wrong += bool(len(set(listed)) < k or listed.min() < 0 or (got > best * (1 + SAME)).any())
            last = self.distance(best[-1]) or 1.0
            off = max(off, float(np.abs(said - self.distance(squared[listed])).max() / last))
        return wrong, off

    def listed(self, row, listed):
        """Sorted squared float64 distances of one row to those listed for it."""
        own = self.x[row] if self.q is None else self.q[row]
        rows = np.concatenate([data.widened(own[None]), data.widened(self.x[listed])])
        return np.sort(oracle.squared_distances(oracle.prepare(rows, self.metric), 0, self.metric)[1:])

    def unlike(self, ours, theirs):
        """Rows whose lists differ; of those examined, where theirs is farther and where ours is."""
        rows = np.flatnonzero((np.sort(ours, axis=1) != np.sort(theirs, axis=1)).any(axis=1))
        farther, nearer = 0, 0
        for row in rows[:EXAMINED]:
            a, b = self.listed(row, ours[row]), self.listed(row, theirs[row])
            farther += bool((b > a * (1 + SAME)).any())
            nearer += bool((a > b * (1 + SAME)).any())
        return len(rows), farther, nearer


def one_table(truth, entry, table, first):
    wrong, off = truth.sample_faults(*table)
    unlike, farther, nearer = truth.unlike(first[0], table[0])
    found = {"label": entry.label, "sample": len(truth.sample), "rows": len(table[0]), "wrong": wrong, "off": off,
             "unlike": unlike, "farther": farther, "good": True}
    if entry.tool == "conceptdec":
        bits = all(np.array_equal(a, b) for a, b in zip(table, first))
        found.update(same_bits=bits, good=bits and wrong == 0 and off <= CLOSE)
    elif nearer:
        found["good"] = False
    return found


def tables(case, team, source, work):
    """What was found for every table of a case."""
    firsts, truths, findings = {}, {}, []
    for entry in (entry for entry in team.entries if entry.do == "table"):
        of = (entry.dtype, entry.metric)
        if of not in truths:
            queries = source.queries(case.queries, entry.dtype) if case.queries else None
            truths[of] = Truth(source.matrix(entry.dtype), queries, entry.metric)
        team.ask(entry)
        path = os.path.join(work, "table-" + entry.tool)
        team.tool(entry)("save", path=path)
        table = [np.load(path + part) for part in (".indices.npy", ".distances.npy")]
        findings.append(one_table(truths[of], entry, table, firsts.setdefault(of, table)))
    return findings


def scores(team):
    """What was found for every entry that answers with scores: the same numbers, and a null of the same mean."""
    findings, first = [], None
    for entry in (entry for entry in team.entries if entry.do != "table"):
        answer = team.ask(entry)
        first = first or answer
        found = {"label": entry.label, "scores": answer["scores"], "good": True}
        if entry.compare:
            found["differs"] = float(np.abs(np.subtract(answer["scores"], first["scores"])).max())
            found["good"] = found["differs"] <= SAME
        if "null" in answer:
            found["null_mean"] = float(np.mean(answer["null"]))
            spread = np.hypot(*(np.std(a["null"]) / len(a["null"])**0.5 for a in (answer, first)))
            found["good"] &= bool(abs(found["null_mean"] - np.mean(first["null"])) <= 6 * spread + SAME)
        findings.append(found)
    return findings


def text(found):
    """A line about one finding."""
    if "scores" in found:
        said = "scores %s" % ", ".join("%.4f" % score for score in found["scores"])
        if "null_mean" in found:
            said += "; mean of the null %.4f" % found["null_mean"]
        if found.get("differs"):
            said += "; differs by %.1e" % found["differs"]
    else:
        said = "%(wrong)d of %(sample)d sample rows wrong by float64, distances off by %(off).1e; " \
               "%(unlike)d of %(rows)d rows unlike, %(farther)d of them farther" % found
        if "same_bits" in found and not found["same_bits"]:
            said += "; OTHER BITS"
    return said + ("" if found["good"] else "  <- MISMATCH")
