"""CPU time of child processes, compared in alternating pairs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

PAIRS = 9


def cpu(command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> float:
    """CPU seconds of a process and of every process it waited for, user and system."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=None if environ is None else dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}:\n{output.decode()}")
    return used.ru_utime + used.ru_stime


def ratio(
    numerator: Callable[[], float], denominator: Callable[[], float], pairs: int = PAIRS
) -> float:
    """Median of the ratios of alternating pairs, after one pair that warms caches."""
    numerator(), denominator()
    return median(numerator() / denominator() for _ in range(pairs))
