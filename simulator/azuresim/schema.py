"""Which members request and response bodies may have, from the models of Azure's own Python SDKs.

The tables in ``schemas/`` are generated (``tests/simulator/schema_generator.py``); this module only reads them, so nothing of the SDKs
is needed at run time. A table maps a model to its members; a member's text is its type: `string`, `integer`, `number`, `boolean`,
`any`, `@Model`, `[type` for a list, `{type` for a map. A leading `-` means read-only, a trailing `!` required.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from azuresim.core.errors import ServiceError, invalid_property

Kind = Literal["unknown", "read-only", "missing", "type"]
Table = dict[str, dict[str, str]]
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}


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


@cache
def load_table(family: str) -> Table:
    """The models of one SDK: `compute`, `batch` or `mgmt_batch`."""
    table: Table = json.loads(files("azuresim").joinpath("schemas", f"{family}.json").read_text("utf-8"))
    return table


@cache
def _old_table(family: str) -> Table:
    """The same for old api-versions of the Batch data plane."""
    return {model: {**members, **_RETIRED_MEMBERS.get(model, {})} for model, members in load_table(family).items()}


def findings(schema: str, body: Any, *, request: bool, api_version: str = "") -> list[Finding]:
    """Everything wrong with ``body``. ``schema`` is `family.Model`. In responses read-only members are in order and nothing is required."""
    family, _, model = schema.partition(".")
    table = _old_table(family) if family == "batch" and is_old_batch(api_version) else load_table(family)
    return list(_check(table, f"@{model}", body, "", request=request))


def check_request(schema: str, body: Any, api_version: str = "") -> None:
    """Raise the service's 400 for the first finding; a number in a string passes, as it does with the service."""
    for finding in findings(schema, body, request=True, api_version=api_version):
        if finding.kind == "type" and isinstance(_at(body, finding.path), str):
            continue
        raise _refusal(schema, finding)


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
        if not isinstance(value, list):
            yield Finding(path, "type")
            return
        for index, item in enumerate(value):
            yield from _check(table, kind[1:], item, f"{path}[{index}]", request=request)
    elif kind[0] == "{":
        if not isinstance(value, dict):
            yield Finding(path, "type")
            return
        for name, item in value.items():
            yield from _check(table, kind[1:], item, f"{path}/{name}", request=request)
    elif not isinstance(value, _PYTHON_TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield Finding(path, "type")


def _check_model(table: Table, model: str, value: Any, path: str, *, request: bool) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield Finding(path, "type")
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


def _at(body: Any, path: str) -> Any:
    value = body
    for part in path.replace("[", "/").replace("]", "").split("/"):
        value = value[int(part)] if isinstance(value, list) else value.get(part) if isinstance(value, dict) else None
    return value
