"""What clients have to be told to find the simulator, as environment variables."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from azuresim.core.world import World

# Any client and any secret are let in.
_CLIENT_ID = "00000000-0000-0000-0000-00000000c11e"


def environment(world: World, authority: str) -> dict[str, str]:
    """Variables of the SDKs, `az`, Terraform and of this command line; ``authority`` is the file with the CA to trust."""
    subscriptions = world.subscriptions.all()
    found = {
        "AZURESIM_URL": world.base_url,
        "AZURESIM_CA": authority,
        # Synchronous SDK clients, msal and az; then aiohttp, and with it the asynchronous SDK clients.
        "REQUESTS_CA_BUNDLE": authority,
        "SSL_CERT_FILE": authority,
        "AZURE_AUTHORITY_HOST": world.base_url,
        "AZURE_TENANT_ID": world.tenant,
        "AZURE_CLIENT_ID": _CLIENT_ID,
        "AZURE_CLIENT_SECRET": "any",
        "AZURE_RESOURCE_MANAGER_ENDPOINT": world.base_url,
        "AZURE_RESOURCE_MANAGER_AUDIENCE": "https://management.azure.com/",
        # Terraform's azurerm.
        "ARM_METADATA_HOSTNAME": world.base_url.removeprefix("https://"),
        # az, which otherwise asks the public login host about ours.
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
    }
    if subscriptions:
        found["AZURE_SUBSCRIPTION_ID"] = subscriptions[0].id
    return found


def exports(variables: Mapping[str, str]) -> str:
    """Lines for a shell to eval."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
