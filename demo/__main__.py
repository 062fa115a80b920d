"""``make demo``: from a VHD to a running pool, and away again."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from rich.console import Console

from demo.stage import OPERATOR_NAMESPACE, ROOT, Stage, stage
from demo.story import Story


def main() -> int:
    """Tell the story; in a terminal, stay up afterwards (``KEEP=0`` does not)."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    # A plain `kill` takes the same way out as Ctrl-C: everything that was started is stopped.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with stage(lambda line: console.print(line, style="dim", highlight=False)) as built:
            _install(built, console)
            Story(built, console).tell()
            if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("KEEP") != "0":
                _stay(built, console)
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running.")
        return 130
    return 0


def _install(built: Stage, console: Console) -> None:
    console.print("Installing the two kinds and the operator's rights: kubectl apply -f crds/ -k manifests/base", highlight=False)
    built.kubectl("apply", "-f", str(ROOT / "crds"))
    built.kubectl("wait", "--for=condition=Established", "crd/customimages.poolwright.io", "crd/batchpools.poolwright.io", "--timeout=30s")
    built.kubectl("apply", "-k", str(ROOT / "manifests" / "base"))
    console.print("Starting a simulated Azure, and the operator as the service account", OPERATOR_NAMESPACE, highlight=False)
    built.start_simulator()
    built.start_operator()


def _stay(built: Stage, console: Console) -> None:
    console.print("\nEverything stays up until Ctrl-C. In another terminal:\n")
    console.print(f"  export KUBECONFIG={built.kubeconfig}", highlight=False, soft_wrap=True)
    console.print("  kubectl get cimg,bpool -A\n", highlight=False)
    console.print(
        f"Logs: {built.folder}   Azure: {built.url}   Metrics: http://127.0.0.1:{built.metrics_port}/metrics",
        highlight=False,
        soft_wrap=True,
    )
    signal.pause()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
