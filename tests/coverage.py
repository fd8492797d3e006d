#!/usr/bin/env python3
"""coverage.py HEADER LIST FILE.json...     lines and branches of the header that no run reached.

Each FILE.json is `llvm-cov export` of one program. What one of them reached is reached: the union over builds that compile different
parts of the header (epoll and poll, vectors and none, without the server). A branch is one condition of the source and one of its
outcomes; one in a macro counts where the macro is used. Each is told by room and function.

A line of the header may end in a comment  /* COV: reason */  where it cannot be reached: an assertion, a default that no value takes.
Those are counted and printed; one that leaves nothing out is an error. LIST has what is known to be open, as "lines N" and
"branches N": more than that fails; while there are any, each run says so.
"""
import json
import re
import sys


def rooms_of(text):
    """The room of each line, by the MARK banners of both halves."""
    room, out = "-", ["-"]
    for line in text:
        mark = re.search(r"==== MARK: (\d+) (\w+)", line)
        if mark:
            room = f"{mark.group(1)} {mark.group(2)}"
        elif line.startswith("#endif /* JAMBONZ_WS_IMPLEMENTATION"):
            room = "-"
        out.append(room)
    return out


def lines_of(segments):
    """{line: count} as llvm-cov counts: a line's count is the most of what runs on it."""
    by_line, out, wrapped = {}, {}, None
    for s in segments:
        by_line.setdefault(s[0], []).append(s)
    if not by_line:
        return out
    for line in range(min(by_line), max(by_line) + 1):
        here = by_line.get(line, [])
        starts = [s for s in here if s[3] and s[4] and not s[5]]
        skipped = bool(here) and here[0][4] and not here[0][3]
        if not skipped and (starts or (wrapped and wrapped[3])):
            counts = [s[2] for s in starts] + ([wrapped[2]] if wrapped and wrapped[3] else [])
            out[line] = max(counts)
        if here:
            wrapped = here[-1]
    return out


class Merged:
    def __init__(self, header):
        self.header = header
        self.lines, self.branches, self.functions, self.decisions = {}, {}, {}, {}

    def site(self, fn, file_id):
        """Where a macro is used: from the inside out to a place that is in no macro."""
        chain = []
        while file_id in fn["from"]:
            parent, at = fn["from"][file_id]
            chain.append(at)
            file_id = parent
        return tuple(chain), fn["filenames"][file_id]

    def function(self, fn):
        fn["from"] = {r[6]: (r[5], (r[0], r[1])) for r in fn["regions"] if r[7] == 1}
        name = fn["name"].rsplit(":", 1)[-1]
        for b in fn["branches"]:
            chain, where = self.site(fn, b[6])
            if not where.endswith(self.header) or not fn["filenames"][b[6]].endswith(self.header):
                continue # a test's, put into the header by a macro of the seam
            line = chain[-1][0] if chain else b[0]
            key = (line, chain, tuple(b[:4]))
            was = self.branches.setdefault(key, [0, 0, name])
            was[0] |= b[4] > 0
            was[1] |= b[5] > 0
        for m in fn.get("mcdc_records", []):
            chain, where = self.site(fn, m[4])
            if where.endswith(self.header):
                line = chain[-1][0] if chain else m[0]
                was = self.decisions.setdefault((line, chain, tuple(m[:4])), [[0] * len(m[6]), name])
                was[0] = [a or b for a, b in zip(was[0], m[6])]
        for r in fn["regions"]:
            if r[7] == 0 and r[5] == 0 and fn["filenames"][0].endswith(self.header):
                self.functions[name] = (r[0], r[2])
                break

    def add(self, path, text):
        with open(path, encoding="utf-8") as f:
            data = json.load(f)["data"][0]
        for f in data["files"]:
            if f["filename"].endswith(self.header):
                for line, n in lines_of(f["segments"]).items():
                    if text[line - 1].startswith("#"):
                        continue
                    self.lines[line] = self.lines.get(line, 0) | (n > 0)
        for fn in data["functions"]:
            self.function(fn)


def main():
    header, listed, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(header, encoding="utf-8") as f:
        text = f.read().split("\n")
    room = rooms_of(text)
    marked = {i + 1: m.group(1) for i, t in enumerate(text) for m in [re.search(r"/\* COV: (.+?) \*/\s*\\?$", t)] if m}
    merged = Merged(header)
    for path in paths:
        merged.add(path, text)
    table, open_lines, open_branches, used = {}, [], [], {}

    def within(line):
        for name, (first, last) in merged.functions.items():
            if first <= line <= last:
                return name
        return "?"

    def row(line):
        return table.setdefault(room[line], [0, 0, 0, 0, 0, 0])

    for line, hit in sorted(merged.lines.items()):
        r = row(line)
        if not hit and line in marked:
            used[line] = used.get(line, 0) + 1
            continue
        r[0] += 1
        r[1] += hit
        if not hit:
            open_lines.append((line, within(line)))
    for (line, chain, at), (true, false, name) in sorted(merged.branches.items()):
        r = row(line)
        for hit, side in ((true, "true"), (false, "false")):
            if not hit and line in marked:
                used[line] = used.get(line, 0) + 1
                continue
            r[2] += 1
            r[3] += hit
            if not hit:
                where = text[at[0] - 1][at[1] - 1:at[3] - 1 if at[2] == at[0] else None].strip()
                open_branches.append((line, name, where[:70] + (" (in a macro)" if chain else ""), side))
    for (line, chain, at), (conditions, name) in merged.decisions.items():
        row(line)[4] += len(conditions)
        row(line)[5] += sum(1 for c in conditions if c)

    def percent(n, of):
        return f"{n:5d} of {of:5d} {100.0 * n / of if of else 100.0:6.2f} %"

    mcdc = bool(merged.decisions)
    print(f"    {'room':12s} {'lines':>23s}   {'branches':>23s}" + (f"   {'MC/DC':>23s}" if mcdc else ""))
    order = sorted(table, key=lambda name: int(name.split()[0]) if name[0].isdigit() else 99)
    total = [sum(table[name][i] for name in order) for i in range(6)]
    for name, r in [(name, table[name]) for name in order] + [("all", total)]:
        print(f"    {name:12s} {percent(r[1], r[0])}   {percent(r[3], r[2])}" + (f"   {percent(r[5], r[4])}" if mcdc else ""))

    lines = {line for line, _ in open_lines}
    for line, name in open_lines:
        print(f"    line     {room[line]:9s} {name}:{line}: {text[line - 1].strip()[:90]}")
    for line, name, where, side in open_branches:
        if line not in lines:
            print(f"    branch   {room[line]:9s} {name}:{line}: never {side}: {where}")
    if mcdc:
        for (line, chain, at), (conditions, name) in sorted(merged.decisions.items()):
            if not all(conditions):
                which = ", ".join(str(i + 1) for i, c in enumerate(conditions) if not c)
                print(f"    mcdc     {room[line]:9s} {name}:{line}: condition {which} of {len(conditions)}: {text[line - 1].strip()[:80]}")
    for line, reason in sorted(marked.items()):
        print(f"    left out {room[line]:9s} {within(line)}:{line}: {used.get(line, 0)} of line and branches: {reason}")

    with open(listed, encoding="utf-8") as f:
        known = {k: int(n) for k, n in (t.split() for t in f if t.strip() and not t.startswith("#"))}
    bad = 0
    for what, n in (("lines", len(open_lines)), ("branches", len(open_branches))):
        if n > known[what]:
            print(f"FAIL: {n} {what} not reached, {known[what]} are known")
            bad += 1
        elif n < known[what]:
            print(f"NOTE: {n} {what} not reached, {listed} says {known[what]}: lower it")
        if n:
            print(f"NOTE: not at 100 %: {n} {what} of the header are not reached by any test")
    for line in sorted(set(marked) - set(used)):
        print(f"FAIL: line {line} is marked as not reached, but is")
        bad += 1
    ok = 2 + len(marked) - bad
    print(f"coverage: {ok} passed, {bad} failed")
    return 1 if bad else 0


sys.exit(main())
