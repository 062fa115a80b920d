"""The Batch data plane of a recording: which account its paths belong to, and the pools a scenario takes for granted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.world import World
from azuresim.replay.recording import Interaction, Json, objects, texts

_HOST = re.compile(r"https?://([a-z0-9]{3,24})\.[a-z0-9.-]*batch\.azure\.com")
_POOL = re.compile(r"^/pools/([^/]+)")
_ACCOUNTS = "microsoft.batch/batchaccounts"
_FALLBACK = "00000000-0000-0000-0000-000000000000"


class DataPlane:
    """One per scenario. The paths of the data plane do not name the account; addresses in the answers mostly do."""

    def __init__(self, interactions: tuple[Interaction, ...], world: World) -> None:
        self._interactions = interactions
        self._world = world
        self._latest = ""
        self._settled: set[tuple[str, str]] = set()

    def note(self, interaction: Interaction) -> None:
        """Remember the account ARM spoke of last; make one when the data plane is used without any."""
        if interaction.target is not None and interaction.target.type.startswith(_ACCOUNTS):
            self._latest = interaction.target.names[0]
        elif interaction.plane == "batch" and self._find(self.account(interaction)) is None and not self._latest:
            self._latest = self.account(interaction)
            subscription = next((s.id for s in self._world.subscriptions.all()), _FALLBACK)
            place = f"/subscriptions/{subscription}/resourceGroups/replay"
            self._world.add_batch_account(f"{place}/providers/Microsoft.Batch/batchAccounts/{self._latest}", location="westeurope")

    def account(self, interaction: Interaction) -> str:
        """The name of the account a call goes to: one that an address in its answer names, else the one spoken of last."""
        answered = (*interaction.response_headers.values(), *texts(interaction.response_body))
        hosts = [host for text in answered for host in _HOST.findall(text)]
        return next((host for host in hosts if self._find(host)), self._latest or next(iter(hosts), "account"))

    def provide(self, interaction: Interaction) -> None:
        """Put in the pools that this call shows or uses, unless the scenario made them."""
        account = self._find(self.account(interaction))
        if account is None:
            return
        if interaction.method == "POST" and interaction.path == "/pools":
            self._settled.add((account.name, str((interaction.request_body or {}).get("id")).lower()))
            return
        for name in self._used(interaction):
            key = (account.name, name.lower())
            body = self._look_ahead(name, interaction.number)
            if key not in self._settled and name.lower() not in account.pools and body is not None:
                self._world.pools.adopt(account, body)
            self._settled.add(key)

    def _used(self, interaction: Interaction) -> Iterator[str]:
        named = _POOL.match(interaction.path)
        if named is not None:
            yield named[1]
        for shown in objects(interaction.response_body):
            if _is_pool(shown):
                yield shown["id"]

    def _look_ahead(self, name: str, start: int) -> Json | None:
        for interaction in self._interactions[start:]:
            for shown in objects(interaction.response_body) if interaction.succeeded and interaction.plane == "batch" else ():
                if _is_pool(shown) and shown["id"].lower() == name.lower():
                    return shown
        return None

    def _find(self, name: str) -> BatchAccount | None:
        return next((account for account in self._world.batch.all() if account.name == name), None)


def _is_pool(shown: Json) -> bool:
    return {"id", "vmSize", "allocationState"} <= shown.keys()
