"""report.py: tables in Markdown and a picture, made of the JSON lines that compare.py has written and nothing else."""
import json
import os
import statistics
import sys

import picture

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
PEERS = (("faiss", "FAISS"), ("sklearn", "scikit-learn"), ("torch", "torch"))
ROOM = 128  # MiB: a table may take n d bytes and so much above its input


def read(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [json.loads(line) for line in file]


def counted(line):
    """The turns that count: those with a steady machine; all, where there are none."""
    return [turn for turn in line["turns"] if turn["kept"]] or line["turns"]


def share_of_peak(line, entry, turn):
    """Of the rate measured around the turn; the operations that a table needs: symmetric without queries."""
    n, queries = line["n"], line["case"]["queries"]
    operations = (2 * queries * n if queries else n * n) * line["d"]
    return operations / turn["answers"][entry["label"]]["seconds"] / 1e9 / statistics.mean(turn["peak"])


def row_of(line, entry):
    first, label, taken = line["case"]["entries"][0]["label"], entry["label"], counted(line)
    answers = [turn["answers"][label] for turn in taken]
    whole = entry["do"] == "table" and not entry["arguments"].get("threads")
    about = line["tools"][entry["tool"]]
    return {
        "label": label, "tool": entry["tool"], "factor": entry["factor"], "version": about["version"],
        "seconds": entry["factor"] * statistics.median(answer["seconds"] for answer in answers),
        "ratio": entry["factor"] * statistics.median(
            turn["answers"][label]["seconds"] / turn["answers"][first]["seconds"] for turn in taken),
        "share": statistics.median(share_of_peak(line, entry, turn) for turn in taken) if whole else None,
        "mib": max(answer["mib"] for answer in answers),
        "setting": about.get("setting", "") if entry["do"] == "table" else "",
        "diagnostics": answers[-1].get("diagnostics") or {},
    }


def rows(line):
    """What each entry of a case took, in the order of the case; the first is conceptdec's."""
    return [row_of(line, entry) for entry in line["case"]["entries"] if entry["label"] in line["turns"][0]["answers"]]


def latest(lines):
    """The last line of every case, in the order in which the cases first came."""
    return list({line["case"]["name"]: line for line in lines}.values())


def by_tool(line):
    return {row["tool"]: row for row in rows(line)}


def number(value):
    return "{:,}".format(value)


def seconds(value):
    return number(round(value)) if value >= 100 else "%.3g" % value


def times(row):
    """A peer's time as a multiple of conceptdec's; bold where the peer is the faster."""
    if row is None:
        return ""
    said = "%.2f" % row["ratio"] if row["ratio"] < 10 else number(round(row["ratio"]))
    return "**%s**" % said if row["ratio"] < 1 and row["tool"] != "conceptdec" else said


def table(head, lines):
    rule = "|".join("---" for _ in head)
    return ["| %s |" % " | ".join(head), "|%s|" % rule] + ["| %s |" % " | ".join(line) for line in lines] + [""]


def shape(line):
    case = line["case"]
    rows_asked = "%s of " % number(case["queries"]) if case["queries"] else ""
    return [rows_asked + number(line["n"]), number(line["d"]), number(case["k"]), source(case)]


def source(case):
    kind = case["data"]["name"] if "file" in case["data"] else "rank^-%g" % case["data"]["slope"]
    return kind + (", cosine" if case["entries"][0]["metric"] == "cosine" else "")


def faults(line, tool):
    """Rows of a peer's table that are not the nearest."""
    labels = {entry["label"]: entry["tool"] for entry in line["case"]["entries"]}
    found = [check for check in line["checks"] if labels[check["label"]] == tool and "unlike" in check]
    return number(found[0]["farther"]) if found else ""


def peers_table(lines):
    present = [peer for peer in PEERS if any(peer[0] in by_tool(line) for line in lines)]
    head = ["n", "d", "k", "data", "conceptdec, s", "of the peak", "MiB above input"]
    head += [label + ", times" for _, label in present] + ["rows wrong: " + ", ".join(label for _, label in present)]
    body = []
    for line in lines:
        found = by_tool(line)
        ours = found["conceptdec"]
        body.append(shape(line) + [seconds(ours["seconds"]), "%.0f %%" % (100 * ours["share"]), "%.0f" % ours["mib"]]
                    + [times(found.get(tool)) for tool, _ in present]
                    + [", ".join(faults(line, tool) or "-" for tool, _ in present)])
    return table(head, body)


def entries_table(lines):
    body = []
    for line in lines:
        title = "n = %s, d = %s" % (number(line["n"]), number(line["d"]))
        for row in rows(line):
            note = " (measured once, times %s)" % number(row["factor"]) if row["factor"] != 1 else ""
            body.append([title, row["label"] + note, seconds(row["seconds"]), times(row)])
            title = ""
    return table(["case", "way", "s", "times"], body)


def medians(lines, tool):
    ratios = [by_tool(line)[tool]["ratio"] for line in lines if tool in by_tool(line)]
    return (statistics.median(ratios), min(ratios)) if ratios else None


def excess(line):
    """MiB above input and n d bytes."""
    return by_tool(line)["conceptdec"]["mib"] - line["n"] * line["d"] / 2**20


def of_first(lines, label):
    return [row["ratio"] for line in lines for row in rows(line) if row["label"] == label]


def aims(lines):
    """(what, aim, measured) of what the library sets out to reach, where the lines tell."""
    grid = [line for line in lines if line["case"]["group"] == "grid"]
    found = []
    for tool, label, median, least in (("faiss", "FAISS IndexFlatL2", 5, 3), ("sklearn", "scikit-learn", 8, 5)):
        if medians(grid, tool):
            found.append(("times %s takes, median and least of the grid" % label, "%d, %d" % (median, least),
                          "%.2f, %.2f" % medians(grid, tool)))
    if grid:
        found.append(("memory above input and n d bytes, most of the grid", "%d MiB" % ROOM,
                      "%.0f MiB" % max(map(excess, grid))))
        found.append(("n^2 d operations a second of the fp32 peak, least of the grid", "80 %",
                      "%.0f %%" % (100 * min(by_tool(line)["conceptdec"]["share"] for line in grid))))
    alone = of_first(lines, "conceptdec, the table alone")
    if alone:
        found.append(("1,000 permutations with the table, of the table alone", "1.5",
                      "%.2f" % max(1 / ratio for ratio in alone)))
    for label, aim in (("cosine", "1.05"), ("float16", "1"), ("bfloat16", "1")):
        ratios = of_first([line for line in lines if line["case"]["group"] == "own"], label)
        if ratios:
            found.append(("%s, of the time for %s" % (label, "L2" if label == "cosine" else "float32"), aim,
                          "%.2f" % max(ratios)))
    return table(["", "aim (preset full)", "measured here"], found) if found else []


def agreement(lines):
    """A paragraph on what was checked before timing."""
    checks = [check for line in lines for check in line["checks"]]
    ours = [check for check in checks if "same_bits" in check]
    threads = sorted({entry["arguments"]["threads"] for line in lines for entry in line["case"]["entries"]
                      if entry["arguments"].get("threads")})
    sampled, wrong = (sum(check[what] for check in ours) for what in ("sample", "wrong"))
    said = ["Before timing, %s sample rows of conceptdec's tables were held against float64: %d wrong, distances off "
            "by at most %.0e of the row's last." % (number(sampled), wrong, max(check["off"] for check in ours))]
    if threads:
        said.append("With %s threads its tables had the same bits." % ", ".join(map(str, threads)))
    said.append("A row of a peer's table is called wrong where a neighbour that it lists is farther, in float64, than "
                "one that it leaves out.")
    return said + [""]


def heading(lines):
    last = lines[-1]
    about, commands = last["machine"], sorted({line["command"] for line in lines})
    versions = sorted({tool["version"] for line in lines for tool in line["tools"].values()})
    dates = sorted({line["date"] for line in lines})
    peaks = [rate for line in lines for turn in counted(line) for rate in turn["peak"]]
    lost = sum(not turn["kept"] for line in lines for turn in line["turns"])
    return ["Measured with `%s` on %s: %s, %d threads, Linux %s, fp32 peak by an FMA probe %.0f to %.0f Gflop/s (%s), "
            "`OPENBLAS_CORETYPE=%s` for all. %s." % (
                "`, `".join(commands), " to ".join(sorted({dates[0], dates[-1]})), about["processor"], about["threads"],
                about["linux"], min(peaks), max(peaks), about["probe"], about["coretype"], ", ".join(versions)),
            "Times are medians of turns taken in alternation, multiples those of paired turns (above 1: conceptdec is "
            "faster; **bold**: it is not). Of %d rounds %d were discarded because the peak moved by more than 10 %% "
            "meanwhile." % (sum(len(line["turns"]) for line in lines), lost), ""]


def warnings(lines):
    found = []
    for what, name in (("library", "builds of the library"), ("machine", "machines")):
        different = {line[what] if what == "library" else line[what]["processor"] for line in lines}
        if len(different) > 1:
            found.append("report: these lines are of %d %s" % (len(different), name))
    if any(not any(turn["kept"] for turn in line["turns"]) for line in lines):
        found.append("report: cases without one steady round are in it: %s" % ", ".join(
            line["case"]["name"] for line in lines if not any(turn["kept"] for turn in line["turns"])))
    return found


def settings(lines):
    """Which settings of the peers were the fastest, and how often."""
    wins = {}
    for line in lines:
        for tool, about in line["tools"].items():
            if about.get("tried"):
                counts = wins.setdefault(dict(PEERS)[tool], {})
                counts[about["setting"]] = counts.get(about["setting"], 0) + 1
    said = ["%s: %s" % (label, "; ".join("%s (%d)" % item for item in sorted(counts.items(), key=lambda i: -i[1])))
            for label, counts in wins.items()]
    return ["Peers run with the settings that were the fastest on some rows of the same case; how often each was: "
            + ". ".join(said) + ".", ""] if said else []


def markdown(lines):
    grouped = {}
    for line in lines:
        grouped.setdefault(line["case"]["group"], []).append(line)
    text = heading(lines) + aims(lines)
    if "grid" in grouped:
        text += ["Exact leave-one-out table, float32, all threads:", ""] + peers_table(grouped["grid"])
    if "edge" in grouped:
        text += ["Where conceptdec has least to gain, or loses:", ""] + peers_table(grouped["edge"])
    if "scores" in grouped:
        text += ["Scores, with the table made anew in every turn:", ""] + entries_table(grouped["scores"])
    if "own" in grouped:
        text += ["conceptdec's own ways:", ""] + entries_table(grouped["own"])
    return text + agreement(lines) + settings(lines)


def put_into(path, text):
    """Replaces what stands between the two marks."""
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + "\n" + text + END + rest.split(END)[1])


def write(results, work, docs):
    """Prints the report of a file of results and writes the picture."""
    lines = latest(read(results))
    if not lines:
        print("report: %s holds nothing" % results, file=sys.stderr)
        return
    for warning in warnings(lines):
        print(warning, file=sys.stderr)
    text = markdown(lines)
    print("From %s:\n" % results)
    print("\n".join(text))
    drawing = os.path.join("docs" if docs else work, "figures.svg")
    ordered = sorted(lines, key=lambda line: line["case"]["group"] != "grid")
    drawn = picture.draw([(picture_label(line), ratios_of(line)) for line in ordered if ratios_of(line)])
    with open(drawing, "w", encoding="utf-8") as file:
        file.write(drawn)
    if docs:
        caption = "![Time of the peers as a multiple of conceptdec's, case by case](figures.svg)\n\n"
        put_into(os.path.join("docs", "figures.md"), caption + "\n".join(text))
    print("Picture: " + drawing)


def picture_label(line):
    rows_asked, d, k, kind = shape(line)
    return "n %s, d %s, k %s, %s" % (rows_asked, d, k, kind)


def ratios_of(line):
    """{peer: times} of a case that stands in a table of peers."""
    if line["case"]["group"] not in ("grid", "edge"):
        return {}
    found = by_tool(line)
    return {label: found[tool]["ratio"] for tool, label in PEERS if tool in found}
