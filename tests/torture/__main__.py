"""``make torture``: one line a scenario, and the count at the end."""

from __future__ import annotations

import sys
import time
from collections import Counter

from torture.cases import Case, judge, sweep
from torture.story import STORY


def main() -> int:
    """Run every case; problems are printed as they are found."""
    started, cases, violations = time.monotonic(), 0, 0
    counts: Counter[str] = Counter()
    line = ""
    for case in sweep():
        scenario = f"{STORY[case.chapter].name}, {case.variant}"
        verdict = judge(case)
        cases += 1
        counts[scenario] += 1
        for problem in verdict.problems:
            violations += 1
            print(f"VIOLATION {case} at {verdict.at}: {problem}", flush=True)
        if _chapter(case) != line:
            line = _chapter(case)
            print(f"{time.monotonic() - started:5.0f} s  {line}", flush=True)
    for scenario, number in counts.items():
        print(f"{scenario}: {number} cases")
    print(f"{cases} cases, {violations} violations")
    return 1 if violations else 0


def _chapter(case: Case) -> str:
    return STORY[case.chapter].name


if __name__ == "__main__":
    sys.exit(main())
