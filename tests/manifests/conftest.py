"""An API server with the CRDs and the operator's base on it."""

from __future__ import annotations

import pytest

from crds.installation import install
from localplane import ControlPlane
from manifests.documents import BASE


@pytest.fixture(scope="session")
def cluster(control_plane: ControlPlane) -> ControlPlane:
    install(control_plane)
    control_plane.kubectl("apply", f"--kustomize={BASE}")
    return control_plane
