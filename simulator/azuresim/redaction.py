"""What may not stand in a journal: signatures, keys, tokens and passwords."""

from __future__ import annotations

import re
from typing import Any

_HIDDEN = "REDACTED"
# In addresses, wherever they stand.
_IN_TEXT = re.compile(r"(?i)([?&;](?:sig|code|client_secret|access_token)=)[^&\s\"'<>]+")
# Members of JSON bodies, lower case. `primary`, `secondary` and `keys` are how keys of accounts are listed.
_MEMBERS = frozenset(
    {
        "accesstoken",
        "access_token",
        "accountkey",
        "adminpassword",
        "client_assertion",
        "client_secret",
        "password",
        "primary",
        "protectedparameters",
        "protectedsettings",
        "refresh_token",
        "saskey",
        "secondary",
        "sshprivatekey",
    }
)


def redacted(document: Any) -> Any:
    """The same JSON without secrets."""
    if isinstance(document, dict):
        return {name: _HIDDEN if name.lower() in _MEMBERS and value else _member(name, value) for name, value in document.items()}
    if isinstance(document, list):
        return [redacted(item) for item in document]
    return redacted_text(document) if isinstance(document, str) else document


def redacted_text(text: str) -> str:
    """The same text with no signature in its addresses."""
    return _IN_TEXT.sub(rf"\g<1>{_HIDDEN}", text) if "=" in text else text


def _member(name: str, value: Any) -> Any:
    if name == "keys" and isinstance(value, list):
        return [{**key, "value": _HIDDEN} if isinstance(key, dict) and "value" in key else redacted(key) for key in value]
    return redacted(value)
