"""The files on a node: what its start task and its tasks have written."""

from __future__ import annotations

from dataclasses import dataclass

from azuresim.core.command_line import Stream
from azuresim.core.errors import ServiceError
from azuresim.core.node import Node
from azuresim.core.task import Task

_NOT_YET = {
    "creating": ("NodeBeingCreated", "The specified node is being created."),
    "starting": ("NodeBeingStarted", "The specified node is being started."),
    "rebooting": ("NodeBeingRebooted", "The specified node is being rebooted."),
    "unusable": ("NodeStateUnusable", "The state of the specified node is unusable."),
}
_ROOTS = ("applications", "fsmounts", "shared", "startup", "volatile", "workitems")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFile:
    """A file, or a directory, whose ``content`` is None."""

    path: str
    created: float
    modified: float
    content: bytes | None = None


def files(node: Node, now: float) -> dict[str, NodeFile]:
    """Everything there is by path. Raises 409 while nobody on the node can tell."""
    state, _ = node.state(now)
    up = node.reported(now)
    if up is None or state in {"rebooting", "unusable", "unknown"}:
        code, sentence = _NOT_YET.get(state, ("OperationNotValidOnNode", "The specified operation is not valid on the node."))
        raise ServiceError(409, code, sentence)
    found = {root: NodeFile(path=root, created=up, modified=up) for root in _ROOTS}
    start = node.boot.start
    if start is not None and start.began <= now:
        began = start.attempt(now).began
        texts = {name: start.text(name, now) for name in _STREAMS}
        found |= _written("startup", began, texts)
    for task in node.recent:
        found |= _task_files(task, now)
    return {path: file for path, file in found.items() if not _deleted(node, path)}


def get(node: Node, path: str, now: float) -> NodeFile:
    """Raises 404 FileNotFound."""
    found = files(node, now).get(path)
    if found is None:
        raise ServiceError(404, "FileNotFound", "The specified file does not exist.")
    return found


def delete(node: Node, path: str, now: float, *, recursive: bool) -> None:
    """Remove a file, or with ``recursive`` a directory and what is in it."""
    found = get(node, path, now)
    inside = [other for other in files(node, now) if other.startswith(f"{path}/")]
    if found.content is None and inside and not recursive:
        raise ServiceError(
            409,
            "OperationInvalidForCurrentState",
            "The specified operation is not valid for the current state of the resource.",
            values=(("Reason", "The directory is not empty"),),
        )
    node.deleted_files.add(path)


def _deleted(node: Node, path: str) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:count]) in node.deleted_files for count in range(1, len(parts) + 1))


_STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


def _task_files(task: Task, now: float) -> dict[str, NodeFile]:
    began, run = task.execution.started, task.run
    if began is None or run is None:
        return {}
    folder = f"workitems/{task.job_id}/job-1/{task.id}"
    last = task.execution.last_retry or began
    found = _written(folder, last, {name: run.text(name, now - last) for name in _STREAMS})
    for parent in (f"workitems/{task.job_id}", f"workitems/{task.job_id}/job-1", folder):
        found[parent] = NodeFile(path=parent, created=began, modified=began)
    return found


def _written(folder: str, began: float, texts: dict[Stream, str]) -> dict[str, NodeFile]:
    made = {f"{folder}/wd": NodeFile(path=f"{folder}/wd", created=began, modified=began)}
    for name, text in texts.items():
        path = f"{folder}/{name}.txt"
        made[path] = NodeFile(path=path, created=began, modified=began, content=text.encode())
    return made
