"""`az` and the SDKs, both pointed at the same simulator."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from azure.batch import BatchClient
from azure.identity import ClientSecretCredential
from azure.mgmt.batch import BatchManagementClient
from azure.mgmt.compute import ComputeManagementClient

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-00000000aaaa"
CLIENT = "00000000-0000-0000-0000-00000000c11e"
LOCATION = "westus"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


class RefusedError(Exception):
    """What `az` printed instead of doing it."""


class Judge:
    """One simulator, signed in to. ``az`` runs a command; the properties are clients that read the same state."""

    def __init__(self, az: Sequence[str], url: str, authority: str, folder: Path) -> None:
        self._az = list(az)
        self.url = url
        self.authority = authority
        self.folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AZURE"))},
            "AZURE_CONFIG_DIR": str(folder / ".azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
            "REQUESTS_CA_BUNDLE": authority,
        }
        credential = ClientSecretCredential(
            TENANT, CLIENT, "any", authority=url, disable_instance_discovery=True, connection_verify=authority
        )
        verify: dict[str, Any] = {"connection_verify": authority}
        # Any: the SDK's annotations know models only, its methods take bodies as on the wire too.
        self.compute: Any = ComputeManagementClient(credential, SUBSCRIPTION, base_url=url, **verify)
        self.management: Any = BatchManagementClient(credential, SUBSCRIPTION, base_url=url, **verify)
        self.batch: Any = BatchClient(f"{url}/batch/acct", credential, **verify)

    def az(self, *words: str, **variables: str) -> Any:
        """What a command prints, as JSON; ``variables`` are of its environment. Raises RefusedError."""
        command = [*self._az, *words, "--output", "json"]
        environment = {**self._environment, **variables}
        done = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=280)  # noqa: S603  # az
        if done.returncode:
            raise RefusedError(f"az {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def rest(self, method: str, path: str, api_version: str, body: Any = None) -> Any:
        """`az rest` for what has no command of its own."""
        sent = [] if body is None else ["--body", json.dumps(body)]
        return self.az("rest", "--method", method, "--url", f"{path}?api-version={api_version}", *sent)

    def sign_in(self) -> None:
        """A cloud of its own, a service principal, and the Batch account."""
        self.az("cloud", "register", "--name", "sim", "--endpoint-resource-manager", self.url)
        self.az("cloud", "set", "--name", "sim")
        self.az("login", "--service-principal", "--username", CLIENT, "--password", "any", "--tenant", TENANT)
        self.az("batch", "account", "login", "--resource-group", "rg", "--name", "acct")
