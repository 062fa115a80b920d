"""The benchmark asks what the simulator answers."""

from __future__ import annotations

from benchmarks import simulator as benchmark
from click.testing import CliRunner


def test_it_runs_small() -> None:
    ran = CliRunner().invoke(benchmark.main, ["--pools", "30", "--seconds", "0.01", "--connections", "2"], catch_exceptions=False)
    assert ran.exit_code == 0
    assert all(asked.service in ran.output for asked in benchmark.ASKED)
    assert "ms to list 30 pools" in ran.output
