"""The reference pages, from the sources they describe: ``python docs/generate.py`` writes them, ``--check`` fails when one is stale."""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from poolwright.domain.conditions import READY, summary
from poolwright.domain.pool.fields import MATRIX
from poolwright.domain.reasons import CATALOGUE, IMAGE_UP_TO_DATE, PUBLISHED, SCALED_TO_TARGET, SOURCE_READY, Kind, Reason
from poolwright.settings import Settings
from poolwright.telemetry.metrics import PrometheusMetrics

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
SOURCES = {
    "reasons.md": "operator/poolwright/domain/reasons.py",
    "fields.md": "crds/ and operator/poolwright/domain/pool/fields.py",
    "settings.md": "operator/poolwright/settings.py",
    "metrics.md": "operator/poolwright/telemetry/metrics.py",
}

Json = dict[str, Any]
Row = tuple[str, ...]

MEANING = {
    Kind.SETTLED: "The declared state is reached.",
    Kind.WORKING: "A change is on its way.",
    Kind.WAITING: "Something else has to happen first, and will wake the object.",
    Kind.STALLED: "A person has to act; looked at again every half hour.",
    Kind.SUSPENDED: "The user asked for hands off.",
    Kind.UNKNOWN: "Azure cannot be asked.",
}

# Ready never shows these: they belong to one part of the way.
STAGES_OF = {
    "AlreadyPublished": (SOURCE_READY, PUBLISHED),
    "AtTarget": (SCALED_TO_TARGET,),
    "Checked": (SOURCE_READY,),
    "NodesLost": (SCALED_TO_TARGET,),
    "Unmanaged": (SCALED_TO_TARGET,),
    "UpToDate": (IMAGE_UP_TO_DATE,),
    "UsedInPlace": (SOURCE_READY, PUBLISHED),
}


def reasons() -> Iterator[str]:
    """Every reason of the catalogue under a heading of its own, which is what ``Reason.page`` points at."""
    yield "# Reasons"
    yield (
        "The `reason` of a condition says why an object is in the state it is in. Names never change, so alerts and scripts may match on "
        "them; the `message` beside it names the resource and may change. What a reason implies for the conditions depends on its kind:"
    )
    rows = [(kind.value, MEANING[kind], _conditions(kind), ", ".join(_link(reason) for reason in _of(kind))) for kind in Kind]
    yield _table(("Kind", "Meaning", "Conditions", "Reasons"), rows)
    yield (
        "The conditions `SourceReady`, `Published`, `Replicated` of a CustomImage and `ScaledToTarget`, `ImageUpToDate` of a BatchPool "
        "show the same reasons, with a status of their own, and some that only they have: "
        + ", ".join(_link(CATALOGUE[name]) for name in STAGES_OF)
        + "."
    )
    for reason in sorted(CATALOGUE.values(), key=lambda reason: reason.name):
        stages = ", ".join(f"`{stage}`" for stage in STAGES_OF.get(reason.name, ()))
        yield f"## {reason.name}"
        yield f"Only in {stages}." if stages else f"*{reason.kind.value}*: {_conditions(reason.kind)}"
        yield reason.cause
        yield f"Next step: {reason.remedy}"


def fields() -> Iterator[str]:
    """Every field of both kinds, and for pools when a change of it is applied."""
    yield "# Fields"
    yield "The same texts as `kubectl explain`. What is not marked *required* may be left out. `[]` stands for each item of a list."
    for name in ("customimages", "batchpools"):
        definition = yaml.safe_load((ROOT / "crds" / f"{name}.yaml").read_text())["spec"]
        names, (version,) = definition["names"], definition["versions"]
        schema = version["schema"]["openAPIV3Schema"]
        yield f"## {names['kind']}"
        yield f"`{definition['group']}/{version['name']}`, short name `{names['shortNames'][0]}`. {_one_line(schema['description'])}"
        columns = [(f"`{column['name']}`", _cell(column), _wide(column)) for column in version["additionalPrinterColumns"]]
        yield _table(("Column of kubectl get", "Meaning", "Shown"), columns)
        for part in ("spec", "status"):
            yield f"### {names['kind']} {part}"
            yield _table(("Field", "Type", "Meaning"), _walk(part, schema["properties"][part]))
        if name == "batchpools":
            yield "### When a change of a pool is applied"
            yield _table(("Field of spec", "Applied", "Absent"), [(f"`{row.field}`", row.applies.value, row.absent) for row in MATRIX])


def settings() -> Iterator[str]:
    """Every environment variable, with its default and what its docstring says."""
    yield "# Settings"
    yield (
        "The operator is configured by environment variables and by nothing else. `poolwright settings` prints them with their values. How "
        "it signs in to Azure is up to azure-identity and its own variables (`AZURE_CLIENT_ID`, "
        "`AZURE_TENANT_ID`, `AZURE_AUTHORITY_HOST`, `AZURE_FEDERATED_TOKEN_FILE`), which the workload identity webhook sets."
    )
    texts = _docstrings(Settings)
    rows = [(f"`{_variables(name, field)}`", _default(field), texts.get(name, "")) for name, field in Settings.model_fields.items()]
    yield _table(("Variable", "Default", "Meaning"), rows)


def metrics() -> Iterator[str]:
    """Every series of ``/metrics``, with its labels."""
    yield "# Metrics"
    yield (
        "Served under `/metrics`. Names of reconciles, queues and leadership are controller-runtime's. Histograms are in seconds. No label "
        "ever carries the name of an object: what an object's status says, kube-state-metrics can export."
    )
    exported = PrometheusMetrics()
    labels = {name: metric._labelnames for metric in _metrics(exported) for name in _names(metric)}  # noqa: SLF001 - told nowhere else
    rows = [_series(family, labels) for family in exported.registry.collect()]
    yield _table(("Series", "Type", "Labels", "Meaning"), sorted(rows))


PAGES: dict[str, Callable[[], Iterator[str]]] = {"reasons.md": reasons, "fields.md": fields, "settings.md": settings, "metrics.md": metrics}


def page(name: str) -> str:
    """The text of one page."""
    title, *rest = PAGES[name]()
    return "\n\n".join((title, f"Generated from {SOURCES[name]} by docs/generate.py.", *rest)) + "\n"


def stale() -> list[str]:
    """Pages that differ from what their sources say now."""
    return [name for name in PAGES if not (path := REFERENCE / name).exists() or path.read_text() != page(name)]


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    if parser.parse_args().check:
        old = stale()
        if old:
            sys.stderr.write(f"Stale: {', '.join(old)}. Run python docs/generate.py.\n")
        return 1 if old else 0
    REFERENCE.mkdir(exist_ok=True)
    for name in PAGES:
        (REFERENCE / name).write_text(page(name))
    return 0


def _of(kind: Kind) -> list[Reason]:
    """The reasons of a kind that Ready shows."""
    return sorted((r for r in CATALOGUE.values() if r.kind is kind and r.name not in STAGES_OF), key=lambda reason: reason.name)


def _link(reason: Reason) -> str:
    return f"[{reason.name}](#{reason.name.lower()})"


def _conditions(kind: Kind) -> str:
    """As the code that writes them says."""
    shown = summary(_of(kind)[0], "")
    return ", ".join(f"`{condition.type}={condition.status}`" for condition in sorted(shown, key=lambda c: c.type != READY))


def _walk(path: str, schema: Json) -> Iterator[Row]:
    """The fields below a schema, parents first."""
    required = set(schema.get("required", ()))
    for name, child in schema.get("properties", {}).items():
        where = f"{path}.{name}"
        text = _one_line(child.get("description", ""))
        yield f"`{where}`", _type(child), f"*required.* {text}" if name in required else text
        yield from _walk(where, child)
        if "properties" in child.get("items", {}):
            yield from _walk(f"{where}[]", child["items"])


def _type(schema: Json) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if "additionalProperties" in schema:
        return f"map to {_type(schema['additionalProperties'])}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None:
        return f"{schema['type']}, {low} to {high}" if high is not None else f"{schema['type']}, {low} or more"
    return str(schema.get("format") if schema.get("format") == "date-time" else schema["type"])


def _cell(column: Json) -> str:
    return _one_line(column.get("description", "How long ago it was created."))


def _wide(column: Json) -> str:
    return "with `-o wide`" if column.get("priority") else "always"


def _docstrings(model: type) -> dict[str, str]:
    """The string below each field: Python keeps it in the source only."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{model} is no class")
    texts: dict[str, str] = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            texts[field.target.id] = _one_line(str(text.value.value))
    return texts


def _variables(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    names = getattr(alias, "choices", None) or [f"POOLWRIGHT_{name.upper()}"]
    return "` or `".join(str(choice) for choice in names)


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "the host's name"
    if field.default in ("", ()):
        return "empty"
    return f"`{field.default if isinstance(field.default, str) else json.dumps(field.default)}`"


def _metrics(exported: PrometheusMetrics) -> Iterator[MetricWrapperBase]:
    return (member for member in vars(exported).values() if isinstance(member, MetricWrapperBase))


def _names(metric: MetricWrapperBase) -> list[str]:
    return [family.name for family in metric.describe()]


def _series(family: Metric, labels: Mapping[str, Sequence[str]]) -> Row:
    """A series that is set once and for all has no metric to ask, but a sample."""
    name = f"{family.name}_total" if family.type == "counter" else family.name
    named = labels[family.name] if family.name in labels else family.samples[0].labels
    return f"`{name}`", family.type, ", ".join(f"`{label}`" for label in named), family.documentation


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
