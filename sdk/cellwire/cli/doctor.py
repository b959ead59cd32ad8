"""`cellwire doctor`: what is missing, and the command that mends it."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar

from cellwire._version import __version__
from cellwire.cli import FAILED, FINE, Verb
from cellwire.errors import Error
from cellwire.files import user_data_dir
from cellwire.settings import Settings
from cellwire.stores.file import File

_EXTRAS = {
    "notebook": ("ipykernel", "ipywidgets", "nbclient", "nbformat"),
    "serve": ("uvicorn",),
    "test": ("pytest", "nbval"),
}
_BROKEN_IPYKERNEL = ("7.0.0", "7.0.1")
_NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p")


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `mend` is what to do about it, empty where all is well."""

    what: str
    found: str
    mend: str = ""


class Doctor(Verb):
    """Looks at the installation, the vault, the folders and the modes."""

    name: ClassVar[str] = "doctor"
    help: ClassVar[str] = "say what is missing, and the command that mends it"
    examples: ClassVar[str] = """\
  cellwire doctor     exit status 1 if something must be mended"""

    def run(self, given: argparse.Namespace) -> int:
        """Look at everything; 1 if something must be mended."""
        del given
        findings = list(_findings())
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            print(f"{'!' if finding.mend else ' '} {finding.what:{width}}  {finding.found}")
            if finding.mend:
                print(f"  {'':{width}}  -> {finding.mend}")
        return FAILED if any(finding.mend for finding in findings) else FINE


def _findings() -> Iterator[Finding]:
    yield Finding("cellwire", f"{__version__}, Python {platform.python_version()}")
    for extra, packages in _EXTRAS.items():
        yield from _extra(extra, packages)
    try:
        settings = Settings.load()
    except Error as error:
        yield Finding("settings", error.message, error.next_step or "Mend it.")
        return
    yield Finding("project", str(settings.project))
    yield Finding(
        "record mode",
        f"{settings.record_mode or 'decided for each block'} ({settings.record_mode_source})",
    )
    yield _vault(settings)
    yield _data_folder(settings)
    yield from _ports(settings)
    yield from _partial(settings)


def _extra(extra: str, packages: tuple[str, ...]) -> Iterator[Finding]:
    for package in packages:
        try:
            found = version(package)
        except PackageNotFoundError:
            yield Finding(package, "not installed", f"pip install 'cellwire[{extra}]'")
            continue
        broken = package == "ipykernel" and found in _BROKEN_IPYKERNEL
        mend = "pip install 'ipykernel!=7.0.0,!=7.0.1'" if broken else ""
        yield Finding(package, f"{found}{', which loses messages' if broken else ''}", mend)


def _vault(settings: Settings) -> Finding:
    store = File.open(settings)
    try:
        names = store.names()
        for name in names:
            store.get(name)
    except Error as error:
        return Finding("vault", error.message, error.next_step or "Connect again.")
    return Finding("vault", f"{store.describe()}: {len(names)} connections, readable")


def _data_folder(settings: Settings) -> Finding:
    folder = user_data_dir(settings.data_dir)
    standing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(standing, os.W_OK):
        return Finding("data folder", f"{folder} cannot be written", "Set CELLWIRE_DATA_DIR.")
    kind = _file_system(standing)
    if kind in _NETWORK_FILE_SYSTEMS:
        mend = "Locks may not hold there: set CELLWIRE_DATA_DIR to a local folder."
        return Finding("data folder", f"{folder}, on {kind}", mend)
    free = shutil.disk_usage(standing).free // 2**20
    return Finding("data folder", f"{folder}{f', on {kind}' if kind else ''}, {free} MiB free")


def _file_system(path: Path) -> str:
    """Name the file system, where /proc says so (Linux); an empty string elsewhere."""
    mounts = Path("/proc/self/mounts")
    if sys.platform != "linux" or not mounts.exists():
        return ""
    best, kind = "", ""
    for line in mounts.read_text("utf-8", errors="replace").splitlines():
        point, of = line.split(" ")[1:3]
        if path.resolve().is_relative_to(point) and len(point) >= len(best):
            best, kind = point, of
    return kind


def _ports(settings: Settings) -> Iterator[Finding]:
    for name, port in (
        ("CELLWIRE_REDIRECT_PORT", settings.redirect_port),
        ("CELLWIRE_RECEIVER_PORT", settings.receiver_port),
    ):
        if port:
            taken = _taken(port)
            mend = f"End what listens there, or set {name} to another port." if taken else ""
            yield Finding(name, f"{port} is {'taken' if taken else 'free'}", mend)


def _taken(port: int) -> bool:
    with socket.socket() as sock:
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _partial(settings: Settings) -> Iterator[Finding]:
    folder = settings.project / ".cellwire"
    left = sorted((folder / "partial").rglob("*.yaml"))
    for path in left:
        name = path.relative_to(folder / "partial").with_suffix("").as_posix()
        mend = f"Record it again: cellwire record {name}; then delete {path.relative_to(settings.project)}"
        yield Finding("partial recording", f"{name}, left by a crash", mend)
