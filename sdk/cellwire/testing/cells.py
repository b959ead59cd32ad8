"""A notebook's cells and the kernel they run in, for every runner of ours.

The protocol of outputs (display updates, clearing, output widgets, errors that publish nothing)
is nbclient's; nbval, for one, drops half of it.
"""

from __future__ import annotations

import subprocess
from ast import literal_eval
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import ipykernel.kernelspec
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from cellwire.errors import Error
from cellwire.testing.kernel import START
from cellwire.testing.messages import Client
from cellwire.testing.outputs import failure, plain

SECRET_NAMES = ("*_TOKEN", "*_SECRET", "*_PASSWORD", "*_KEY", "*CREDENTIALS*")


class KernelFailed(Error):
    """A kernel did not start, or what runs in it before the first cell failed."""


@dataclass
class Ran:
    """What running one cell came to.

    Attributes:
        outputs: Its outputs.
        error: What went wrong, in plain text; empty if nothing did.
        changeable: Positions of the outputs that later code may still change or redraw.
        alive: Whether the kernel can run another cell.
    """

    outputs: list[NotebookNode]
    error: str = ""
    changeable: set[int] = field(default_factory=set)
    alive: bool = True


def isolated(
    environ: Mapping[str, str], ipython_dir: Path, *, secrets: bool = False
) -> dict[str, str]:
    """Give a kernel's environment: the same everywhere, and without secrets unless they are wanted.

    Args:
        environ: The environment of this process.
        ipython_dir: A folder for IPython, so that nobody's profile changes an output.
        secrets: Whether variables whose names speak of secrets stay; a recording needs them.
    """
    kept = {n: v for n, v in environ.items() if secrets or not names_secret(n)}
    # With it, ipykernel leaves out what child processes print.
    kept.pop("PYTEST_CURRENT_TEST", None)
    fixed = {"PYTHONHASHSEED": "0", "TZ": "UTC", "COLUMNS": "80"}
    return {**kept, **fixed, "IPYTHONDIR": str(ipython_dir)}


def names_secret(variable: str) -> bool:
    """Say whether a variable's name speaks of a secret."""
    return any(fnmatch(variable.upper(), pattern) for pattern in SECRET_NAMES)


class Kernel:
    """One kernel in this interpreter's environment, with one notebook's cells to run.

    Args:
        notebook: The notebook; it is not changed.
        folder: Working folder of the kernel.
        environ: Environment of the kernel.
        timeout: Longest time one cell may take, in seconds.
        startup_timeout: Longest time the start may take, in seconds.
        listen: Called with every message a cell publishes.
    """

    def __init__(  # noqa: PLR0913 - each is one fact about the run
        self,
        notebook: NotebookNode,
        folder: Path,
        *,
        environ: Mapping[str, str],
        timeout: float = 60,
        startup_timeout: float = 60,
        listen: Callable[[dict[str, Any]], object] = lambda _: None,
    ) -> None:
        self.notebook = deepcopy(notebook)
        self._folder, self._environ = folder, dict(environ)
        self._stack = ExitStack()
        self._client = Client(
            self.notebook,
            km=AsyncKernelManager(kernel_spec_manager=_ThisEnvironment()),
            timeout=timeout,
            startup_timeout=startup_timeout,
            # Output widgets need it; it stays in memory, since only `execute()` would write it.
            store_widget_state=True,
            coalesce_streams=True,
            record_timing=False,
            shutdown_kernel="immediate",
        )
        self._client.listen = listen

    def start(self) -> None:
        """Start the kernel and run in it what comes before the first cell.

        Raises:
            KernelFailed: It did not start, or that code failed.
        """
        setup = self._client.setup_kernel(
            cleanup_kc=True,
            env=self._environ,
            cwd=str(self._folder),
            stderr=subprocess.DEVNULL,
        )
        try:
            self._stack.enter_context(setup)
        except RuntimeError as error:
            raise KernelFailed(
                f"the kernel did not start: {error}", next_step="Run: cellwire doctor"
            ) from None
        self._client.attend()
        self.execute(START)

    def execute(self, code: str) -> None:
        """Run code that belongs to no cell and shows nothing.

        Raises:
            KernelFailed: It failed.
        """
        reply = run_sync(self._client.quietly)(code, {})
        if reply["status"] != "ok":
            self.stop()
            raise KernelFailed(f"{reply.get('ename')}: {reply.get('evalue')}")

    def run(self, index: int, *, may_fail: bool = False) -> Ran:
        """Run the `index`-th cell of the notebook; its outputs are kept in `self.notebook`."""
        cell = self.notebook.cells[index]
        cell.outputs = []
        self._client.allow_errors = may_fail
        self._client.changeable.clear()
        try:
            self._client.execute_cell(cell, index)
        except CellExecutionError as error:
            return Ran(cell.outputs, error=failure(cell, error))
        except (CellControlSignal, DeadKernelError) as error:
            return Ran(cell.outputs, error=plain(str(error)), alive=False)
        return Ran(cell.outputs, changeable=self._changeable(cell.outputs))

    def _changeable(self, outputs: list[NotebookNode]) -> set[int]:
        displays = {id(output) for output in self._client.changeable}
        return {i for i, output in enumerate(outputs) if id(output) in displays}

    def redacted(self, text: str) -> str:
        """Remove from `text` every secret the kernel knows of."""
        known = "__import__('cellwire.workspace').workspace.Workspace.current().known"
        asked = {"text": f"{known}.redact({text!r})"}
        reply = run_sync(self._client.quietly)("", asked)
        answer = reply.get("user_expressions", {}).get("text", {})
        if answer.get("status") != "ok":
            return "(not shown: the kernel could not say what in it is secret)"
        return str(literal_eval(answer["data"]["text/plain"]))

    def settle(self, seconds: float = 0.5) -> None:
        """Wait for displays that are still being redrawn, until it is quiet for `seconds`."""
        run_sync(self._client.settle)(seconds)

    def stop(self) -> None:
        """End the kernel; safe to call twice."""
        self._stack.close()


class _ThisEnvironment(KernelSpecManager):
    """Knows one kernel: this interpreter's own."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        del kernel_name
        described = ipykernel.kernelspec.get_kernel_dict()
        return KernelSpec(resource_dir=str(ipykernel.kernelspec.RESOURCES), **described)
