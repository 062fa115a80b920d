"""The commands for `az` on the page about the simulator."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from conformance.conftest import AZ
from simulator.running import serving
from simulator.test_documentation import PAGE, blocks


def test_the_commands_of_the_page_run_as_they_stand(tmp_path: Path) -> None:
    written = {name: text for _, name, text in blocks(PAGE) if name}
    (tmp_path / "world.json").write_text(written["world.json"])
    command = tmp_path / "az"
    command.write_text(f'#!/bin/sh\nexec {" ".join(map(shlex.quote, shlex.split(os.environ[AZ])))} "$@"\n')
    command.chmod(0o755)
    with serving(tmp_path, "--world", "world.json") as started:
        known = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), **started.variables}
        shell = ["/bin/bash", "-euc", written["az"]]
        done = subprocess.run(shell, cwd=tmp_path, env=known, capture_output=True, text=True, check=False, timeout=280)  # noqa: S603  # our own page
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1.0.0" in done.stdout
