"""A real kube-apiserver with its etcd on this machine, for the demo, the tests and anybody who wants to look.

There is no kubelet, no scheduler and no controller manager: pods never run, owner references are not followed, and a namespace that is
deleted stays ``Terminating``. Everything the API server itself does is real: schemas, CEL, RBAC, admission, watches, field management.
"""

from __future__ import annotations

from localplane.errors import ControlPlaneError
from localplane.plane import ControlPlane
from localplane.search import Binaries, binaries

__all__ = ["Binaries", "ControlPlane", "ControlPlaneError", "binaries"]
