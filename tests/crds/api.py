"""What tests ask of the API server, through kubectl as people do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crds.declarations import Json, text
from localplane import ControlPlane, ControlPlaneError


class Api:
    """kubectl in one namespace."""

    def __init__(self, control_plane: ControlPlane, namespace: str) -> None:
        self._control_plane = control_plane
        self._namespace = f"--namespace={namespace}"

    def run(self, *args: str, document: Json | None = None) -> str:
        """What kubectl printed; ControlPlaneError with the API server's answer when it failed."""
        return self._control_plane.kubectl(*args, self._namespace, input=text(document) if document else None)

    def json(self, *args: str, document: Json | None = None) -> Json:
        """What kubectl printed, as JSON."""
        answer: Json = json.loads(self.run(*args, "--output=json", document=document))
        return answer

    def dry_run(self, document: Json) -> Json:
        """The object as it would be stored."""
        return self.json("create", "--dry-run=server", "--filename=-", document=document)

    def refused(self, document: Json) -> str:
        """The API server's words for an object that it must not take."""
        return self.refusal("create", "--dry-run=server", "--filename=-", document=document)

    def create(self, document: Json) -> Json:
        """The object as it is stored, in place of what had its name before."""
        self.run("delete", document["kind"], document["metadata"]["name"], "--ignore-not-found")
        return self.json("create", "--filename=-", document=document)

    def replace(self, document: Json) -> Json:
        """The object after a replacement of everything but its status; optimistic locking is not used."""
        return self.json("replace", "--filename=-", document=document)

    def replace_status(self, document: Json, status: Json) -> Json:
        """The object after a replacement of its status."""
        return self.json("replace", "--subresource=status", "--filename=-", document=document | {"status": status})

    def refusal(self, *args: str, document: Json | None = None) -> str:
        """The API server's words for a call that has to fail."""
        with pytest.raises(ControlPlaneError) as caught:
            self.run(*args, document=document)
        return str(caught.value)


def condition(type_: str, status: str, reason: str, message: str = "") -> dict[str, Any]:
    """A condition as the operator writes it."""
    return {
        "type": type_,
        "status": status,
        "observedGeneration": 1,
        "lastTransitionTime": "2026-11-23T10:00:00Z",
        "reason": reason,
        "message": message,
    }
