"""The story the demo tells, step by step, in plain words and with the tables that kubectl prints."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azure.identity import ClientSecretCredential
from azure.storage.blob import BlobServiceClient
from rich.console import Console

from demo.stage import ROOT, Stage
from demo.world import IMAGE, POOL, SPEED, STORAGE_ACCOUNT, TENANT, write_vhd

NAMESPACE = "demo"
CONTAINER = "vhds"
WAIT = "--timeout=120s"
PLACEHOLDER = re.compile(r"https://rendervhds\.blob\.core\.windows\.net")


class Story:
    """Tells what happens on a stage."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console
        self._started = time.monotonic()
        self._shown = ""

    def tell(self) -> None:
        """From a VHD to a running pool and back."""
        self._step("A VHD is made and uploaded as a page blob, with azure-storage-blob.")
        self._upload("v1")
        self._step("The image and the pool are declared: kubectl apply -f manifests/samples")
        self._apply_samples()
        self._follow("The VHD becomes a gallery image version, and is replicated to two regions.", self._image_ready)
        self._follow("The pool boots from it; its nodes start and turn idle.", self._pool_ready)
        self._step("kubectl scale bpool frames --replicas=5")
        self._scale(5)
        self._follow("Three more nodes.", self._pool_ready)
        self._step("kubectl scale bpool frames --replicas=0, and no low-priority node either")
        self._scale(0)
        self._patch("bpool", POOL, {"targetLowPriorityNodes": 0})
        self._follow("The pool is empty, and stays.", self._pool_ready)
        self._step("A second VHD is uploaded, and the image points at it.")
        uri = self._upload("v2")
        self._patch("cimg", IMAGE, {"source": {"vhd": {"blobUri": uri}}})
        self._follow("Version 1.0.1 is made; the empty pool takes it.", self._pool_on("1.0.1"))
        self._step("kubectl scale bpool frames --replicas=3")
        self._scale(3)
        self._follow("The pool grows again, on the new version.", self._pool_ready)
        self._step("Both are deleted: the pool goes away in Azure, then the image.")
        self._kubectl("delete", "bpool", POOL, "--wait=false")
        self._kubectl("delete", "cimg", IMAGE, "--wait=false")
        self._follow("The image waits for its last pool.", self._all_gone)
        self._numbers()

    def _step(self, words: str) -> None:
        self._console.print(f"\n[bold]{time.monotonic() - self._started:5.0f} s  {words}[/bold]", highlight=False)

    def _follow(self, words: str, until: Callable[[], None]) -> None:
        """Show the table whenever it changes, until kubectl says it is done."""
        self._console.print(f"         {words}", highlight=False)
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,), daemon=True)
        watcher.start()
        try:
            until()
        finally:
            done.set()
            watcher.join()

    def _watch(self, done: threading.Event) -> None:
        while True:
            last = done.is_set()
            table = self._kubectl("get", "cimg,bpool", "--ignore-not-found")
            plain = re.sub(r"\s+\d+[smh](\d+s)?(?=\s|$)", "", table)
            if plain != self._shown:
                self._shown = plain
                self._console.print(_indented(table), style="cyan", highlight=False, markup=False, soft_wrap=True)
            if last:
                return
            done.wait(0.5)

    def _image_ready(self) -> None:
        self._kubectl("wait", f"cimg/{IMAGE}", "--for=condition=Ready", WAIT)

    def _pool_ready(self) -> None:
        self._kubectl("wait", f"bpool/{POOL}", "--for=condition=Ready", WAIT)
        nodes = self._kubectl("get", f"bpool/{POOL}", "--output=jsonpath={.spec.targetDedicatedNodes} {.spec.targetLowPriorityNodes}")
        if wanted := sum(int(number) for number in nodes.split()):
            self._kubectl("wait", f"bpool/{POOL}", f"--for=jsonpath={{.status.nodes.idle}}={wanted}", WAIT)

    def _pool_on(self, version: str) -> Callable[[], None]:
        def wait() -> None:
            self._kubectl("wait", f"cimg/{IMAGE}", f"--for=jsonpath={{.status.current.version}}={version}", WAIT)
            self._image_ready()
            self._kubectl("wait", f"bpool/{POOL}", f"--for=jsonpath={{.status.image.version}}={version}", WAIT)

        return wait

    def _all_gone(self) -> None:
        self._kubectl("wait", f"bpool/{POOL}", f"cimg/{IMAGE}", "--for=delete", WAIT)

    def _scale(self, nodes: int) -> None:
        self._kubectl("scale", "bpool", POOL, f"--replicas={nodes}")

    def _patch(self, kind: str, name: str, spec: dict[str, object]) -> None:
        self._kubectl("patch", kind, name, "--type=merge", "--patch", json.dumps({"spec": spec}))

    def _apply_samples(self) -> None:
        self._stage.kubectl("create", "namespace", NAMESPACE)
        for name in ("customimage.yaml", "batchpool.yaml"):
            text = (ROOT / "manifests" / "samples" / name).read_text()
            self._kubectl("apply", "-f", "-", text=PLACEHOLDER.sub(self._blobs(), text))

    def _blobs(self) -> str:
        return f"{self._stage.url}/blob/{STORAGE_ACCOUNT}"

    def _upload(self, version: str) -> str:
        path = Path(self._stage.folder) / f"ubuntu-2204-{version}.vhd"
        length = write_vhd(path, label=f"ubuntu render {version}")
        trust: dict[str, Any] = {"connection_verify": str(self._stage.authority)}
        client = "22222222-2222-4222-8222-222222222222"
        credential = ClientSecretCredential(TENANT, client, "demo", authority=self._stage.url, disable_instance_discovery=True, **trust)
        with BlobServiceClient(self._blobs(), credential=credential, **trust) as service:
            container = service.get_container_client(CONTAINER)
            if not container.exists():
                container.create_container()
            with path.open("rb") as disk:
                blob = container.upload_blob(path.name, disk, blob_type="PageBlob", length=length, overwrite=True)
        self._console.print(f"         {path.name}: {length:,} bytes, a fixed VHD of {length // 2**20} MiB and its footer", highlight=False)
        return str(blob.url)

    def _numbers(self) -> None:
        """What it took, from the operator's own metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._stage.metrics_port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        rows = [line for line in lines if line.startswith(("azure_requests_total{", "rest_client_requests_total{"))]
        reads = sum(float(row.split()[-1]) for row in rows if 'method="GET"' in row or 'method="HEAD"' in row)
        writes = sum(float(row.split()[-1]) for row in rows) - reads
        counted = f"The operator made {writes:.0f} writes and {reads:.0f} reads, to Azure and Kubernetes together"
        self._step(f"Done. {counted}; Azure's clock ran {SPEED} times as fast.")

    def _kubectl(self, *arguments: str, text: str | None = None) -> str:
        return self._stage.kubectl("--namespace", NAMESPACE, *arguments, text=text)


def _indented(table: str) -> str:
    return "\n".join(f"         {line}" for line in table.rstrip().splitlines())
