"""``make torture``: one line a scenario, and the count at the end. ``--only TEXT`` takes the cases whose line contains it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from torture.cases import Case, Verdict, judge, sweep
from torture.story import STORY


def main() -> int:
    """Run every case, on every core; problems are printed as they are found."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--only", default="", help="run only the cases whose line contains this text")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at a time")
    options = parser.parse_args()
    started = time.monotonic()
    cases = [case for case in sweep() if options.only in str(case)]
    seen: Counter[str] = Counter()
    violations: Counter[str] = Counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        for case, verdict in zip(cases, pool.map(judge, cases, chunksize=8), strict=True):
            seen[scenario(case)] += 1
            violations[scenario(case)] += len(verdict.problems)
            _complain(case, verdict)
    for name, number in seen.items():
        print(f"{name}: {number} cases, {violations[name]} violations")
    print(f"{sum(seen.values())} cases, {violations.total()} violations  ({time.monotonic() - started:.0f} s)")
    return 1 if violations.total() else 0


def scenario(case: Case) -> str:
    """The line a case is counted on."""
    return f"{STORY[case.chapter].name}, {case.phase} each call, {case.variant}"


def _complain(case: Case, verdict: Verdict) -> None:
    for problem in verdict.problems:
        print(f"VIOLATION {case} ({' '.join(verdict.at)}): {problem}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
