"""Which members request and response bodies may have, from the models of Azure's own Python SDKs.

The tables in ``schemas/`` are generated (``tests/simulator/schema_generator.py``); this module only reads them, so nothing of the SDKs
is needed at run time. A table maps a model to its members; a member's text is its type: `string`, `integer`, `number`, `boolean`,
`any`, `@Model`, `[type` for a list, `{type` for a map. A leading `-` means read-only, a trailing `!` required. `enumerations.json` has the
words of enumerations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from azuresim.core.errors import ServiceError, invalid_property

Kind = Literal["unknown", "read-only", "missing", "type"]
Table = dict[str, dict[str, str]]
# Model → member → what may stand there.
Words = dict[str, dict[str, list[str]]]
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


# Members of the Batch data plane that the SDK's models no longer have, and the models that had them; recorded until April 2024.
_RETIRED_SINCE = "2024-07"
_DATED = re.compile(r"\d{4}-\d\d-\d\d")
_RETIRED_MEMBERS: dict[str, dict[str, str]] = {
    model: {
        "applicationLicenses": "[string",
        "certificateReferences": "any",
        "cloudServiceConfiguration": "any",
        "resourceTags": "any",
        "targetNodeCommunicationMode": "string",
    }
    for model in ("BatchPool", "BatchPoolCreateOptions", "BatchPoolReplaceOptions", "BatchPoolSpecification", "BatchPoolUpdateOptions")
}


def is_old_batch(api_version: str) -> bool:
    """Whether an api-version of the Batch data plane has the members that were dropped in 2024."""
    return _DATED.match(api_version) is not None and api_version < _RETIRED_SINCE


@dataclass(frozen=True, slots=True)
class Finding:
    """One member that is not as the model says."""

    path: str
    kind: Kind
    # Where the type is wrong: which it should be, and what was given.
    wanted: str = field(default="", compare=False)
    given: Any = field(default=None, compare=False)


@cache
def load_table(family: str) -> Table:
    """The models of one SDK: `compute`, `batch` or `mgmt_batch`."""
    table: Table = json.loads(files("azuresim").joinpath("schemas", f"{family}.json").read_text("utf-8"))
    return table


@cache
def _enumerations() -> dict[str, Words]:
    """By family; those of ARM only."""
    found: dict[str, Words] = json.loads(files("azuresim").joinpath("schemas", "enumerations.json").read_text("utf-8"))
    return found


@cache
def _old_table(family: str) -> Table:
    """The same for old api-versions of the Batch data plane."""
    return {model: {**members, **_RETIRED_MEMBERS.get(model, {})} for model, members in load_table(family).items()}


def findings(schema: str, body: Any, *, request: bool, api_version: str = "") -> list[Finding]:
    """Everything wrong with ``body``. ``schema`` is `family.Model`. In responses read-only members are in order and nothing is required."""
    family, _, model = schema.partition(".")
    return list(_check(_table(family, api_version), f"@{model}", body, "", request=request))


def _table(family: str, api_version: str) -> Table:
    return _old_table(family) if family == "batch" and is_old_batch(api_version) else load_table(family)


def check_request(schema: str, body: Any, api_version: str = "") -> Any:
    """The body as the service takes it; raises its 400 for the first finding that it does not overlook.

    A number or a boolean in a string is taken for what it says: az sends `"targetDedicatedNodes": "3"`. ARM's services also ignore
    read-only members, because clients send back what they have read (learn.microsoft.com, "PUT calls for creation or updates on compute
    resources"), and write the words of an enumeration in their own spelling (recorded: `standardssd_lrs` becomes `StandardSSD_LRS`); an
    unknown word passes, since enumerations grow. `properties` or an element that is null says nothing; another member's null may mean its
    removal and is left to the service. Batch does none of this.
    """
    family, _, model = schema.partition(".")
    arm = family != "batch"
    for finding in findings(schema, body, request=True, api_version=api_version):
        ignored = arm and (finding.kind == "read-only" or (finding.kind == "type" and finding.given is None))
        if not ignored and not (finding.kind == "type" and _reads_as(finding)):
            raise _refusal(schema, finding)
    return _taken(_table(family, api_version), _enumerations().get(family), f"@{model}", body)


def _refusal(schema: str, finding: Finding) -> ServiceError:
    family, _, model = schema.partition(".")
    name = finding.path.rpartition("/")[2]
    if family == "batch":
        if finding.kind == "missing":
            message = "A required property was not specified in the request body."
            return ServiceError(400, "MissingRequiredProperty", message, values=(("PropertyName", name),))
        reason = {
            "unknown": "The property is not supported",
            "read-only": "The property is read-only",
            "type": "The value has the wrong type",
        }
        return invalid_property(finding.path, f"{reason[finding.kind]}.")
    texts = {
        "unknown": f"Could not find member '{name}' on object of type '{model}'. Path '{finding.path}'.",
        "read-only": f"The property '{finding.path}' is read-only.",
        "missing": f"Required parameter '{finding.path}' is missing (null).",
        "type": f"The value of parameter {finding.path} is invalid.",
    }
    return ServiceError(400, "BadRequest" if finding.kind == "unknown" else "InvalidParameter", texts[finding.kind], target=finding.path)


def _check(table: Table, kind: str, value: Any, path: str, *, request: bool) -> Iterator[Finding]:
    if kind == "any" or value is None:
        return
    if kind[0] == "@":
        yield from _check_model(table, kind[1:], value, path, request=request)
    elif kind[0] == "[":
        yield from _check_list(table, kind, value, path, request=request)
    elif kind[0] == "{":
        if not isinstance(value, dict):
            yield Finding(path, "type", kind, value)
            return
        for name, item in value.items():
            yield from _check(table, kind[1:], item, f"{path}/{name}", request=request)
    elif not isinstance(value, _PYTHON_TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield Finding(path, "type", kind, value)


def _check_list(table: Table, kind: str, value: Any, path: str, *, request: bool) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield Finding(path, "type", kind, value)
        return
    for index, item in enumerate(value):
        if item is None and request:
            # A member may be null, an element may not.
            yield Finding(f"{path}[{index}]", "type", kind[1:])
        yield from _check(table, kind[1:], item, f"{path}[{index}]", request=request)


def _check_model(table: Table, model: str, value: Any, path: str, *, request: bool) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield Finding(path, "type", f"@{model}", value)
        return
    members = table[model]
    for name, item in value.items():
        where = f"{path}/{name}" if path else name
        kind = members.get(name)
        if kind is None:
            # `odata.metadata` and its like belong to the envelope.
            if not name.startswith("odata."):
                yield Finding(where, "unknown")
            continue
        if kind[0] == "-" and request and item is not None:
            yield Finding(where, "read-only")
            continue
        yield from _check(table, kind.strip("-!"), item, where, request=request)
    if request:
        for name, kind in members.items():
            if kind.endswith("!") and value.get(name) is None:
                yield Finding(f"{path}/{name}" if path else name, "missing")


def _reads_as(finding: Finding) -> bool:
    """Whether the wrong type is a string that says the right thing."""
    return finding.wanted in _FROM_TEXT and _from_text(finding.wanted, finding.given) is not None


def _from_text(kind: str, value: Any) -> Any:
    """None when ``value`` is no string, or one that says something else."""
    if not isinstance(value, str):
        return None
    try:
        return _FROM_TEXT[kind](value)
    except (ValueError, KeyError):
        return None


def _taken(table: Table, words: Words | None, kind: str, value: Any) -> Any:
    """``words`` are those of an ARM service; None for Batch."""
    if isinstance(value, dict) and kind[0] == "@":
        return _taken_model(table, words, kind[1:], value)
    if isinstance(value, dict) and kind[0] == "{":
        return {name: _taken(table, words, kind[1:], item) for name, item in value.items()}
    if isinstance(value, list) and kind[0] == "[":
        return [_taken(table, words, kind[1:], item) for item in value if item is not None or words is None]
    if isinstance(value, str) and kind in _FROM_TEXT:
        return _from_text(kind, value)
    return value


def _taken_model(table: Table, words: Words | None, model: str, value: Mapping[str, Any]) -> dict[str, Any]:
    taken = {}
    for name, item in value.items():
        kind = table[model].get(name, "any")
        if words is not None and (kind[0] == "-" or (item is None and name == "properties")):
            continue
        known = (words or {}).get(model, {}).get(name)
        taken[name] = _taken(table, words, kind.strip("-!"), item) if known is None else _respelt(known, item)
    return taken


def _respelt(words: list[str], value: Any) -> Any:
    if isinstance(value, list):
        return [_respelt(words, item) for item in value]
    return next((word for word in words if isinstance(value, str) and word.lower() == value.lower()), value)
