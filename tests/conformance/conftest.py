"""The Azure CLI as a judge: `make conformance` sets CONFORMANCE_AZ and runs these tests, nothing else does.

One simulator for the whole run, its clock 600 times as fast, and one sign-in.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.judge import GROUP, LOCATION, Judge

AZ = "CONFORMANCE_AZ"
SPEED = 600
SEED = {
    "storageAccounts": [{"id": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/vhds", "location": LOCATION}],
    "vhds": [{"account": "vhds", "container": "images", "blob": "os.vhd", "sizeMiB": 64}],
    "batchAccounts": [{"id": f"{GROUP}/providers/Microsoft.Batch/batchAccounts/acct", "location": LOCATION}],
}

collect_ignore_glob = [] if os.environ.get(AZ) else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # A command takes a second, and an operation of the CLI looks every few.
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    folder = tmp_path_factory.mktemp("conformance")
    (folder / "world.json").write_text(json.dumps(SEED))
    command = [sys.executable, "-m", "azuresim", "serve", "--dir", str(folder), "--world", str(folder / "world.json")]
    command += ["--clock", f"scaled:{SPEED}", "--journal", str(folder / "journal.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own program
        assert process.stdout is not None
        said: dict[str, Any] = json.loads(process.stdout.readline())
        made = Judge(shlex.split(os.environ[AZ]), said["url"], said["ca"], folder)
        made.sign_in()
        yield made
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
