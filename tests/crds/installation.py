"""The CRDs on an API server, ready to be used, and namespaces to use them in."""

from __future__ import annotations

import json

from crds.schema import FOLDER, KINDS
from localplane import ControlPlane, ControlPlaneError

# A new CRD is established before it is served; each look takes a tenth of a second by itself.
LOOKS = 100


def install(control_plane: ControlPlane) -> None:
    """Apply the CRDs; returns once both kinds can be listed. Harmless when repeated."""
    control_plane.kubectl("apply", f"--filename={FOLDER}")
    for kind in KINDS:
        control_plane.kubectl("wait", "--for=condition=Established", f"crd/{kind}.poolwright.io", "--timeout=30s")
        _served(control_plane, kind)


def namespace(control_plane: ControlPlane, name: str) -> str:
    """A namespace of this name; harmless when repeated."""
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    control_plane.kubectl("apply", "--filename=-", input=json.dumps(document))
    return name


def _served(control_plane: ControlPlane, kind: str) -> None:
    answer: ControlPlaneError | None = None
    for _ in range(LOOKS):
        try:
            control_plane.kubectl("get", f"{kind}.poolwright.io", "--namespace=default")
        except ControlPlaneError as error:
            answer = error
        else:
            return
    raise AssertionError(f"{kind} is not served: {answer}")
