"""Serve a Review Board site on loopback: `python -I serve.py SITE PORT`.

Runs in Review Board's own environment, by path: nothing of this project is importable there.
Review Board leaves its style sheets and scripts to a web server in front of it. There is none
here, so this program hands them out itself and pages look as they should.
"""

from __future__ import annotations

import importlib
import mimetypes
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Respond = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[dict[str, Any], Respond], Iterable[bytes]]


def with_static_files(application: Application, htdocs: Path) -> Application:
    """The application, and the files below `/static/` beside it."""

    def serve(environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith("/static/"):
            return application(environ, respond)
        file = htdocs.joinpath(*path.strip("/").split("/"))
        if ".." in path.split("/") or not file.is_file():
            respond("404 Not Found", [("Content-Type", "text/plain")])
            return [b"not found\n"]
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        respond("200 OK", [("Content-Type", kind), ("Cache-Control", "max-age=3600")])
        return [file.read_bytes()]

    return serve


def main(site: Path, port: int) -> None:
    """Serve until told to end."""
    os.environ["REVIEWBOARD_SITEDIR"] = str(site)
    application = importlib.import_module("reviewboard.wsgi").application
    waitress = importlib.import_module("waitress")
    waitress.serve(
        with_static_files(application, site / "htdocs"), host="127.0.0.1", port=port, threads=4
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
