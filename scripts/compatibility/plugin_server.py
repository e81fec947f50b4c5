"""The repository as a zip, as a web server gives it: on 127.0.0.1, while a block lasts."""

from __future__ import annotations

import functools
import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.compatibility.environment import ROOT

NAME = "face-quality"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the answers are not of interest."""


def archive(path: Path) -> Path:
    """Write what is committed as a zip with one folder, as hosts of repositories do; returns the path."""
    git = ["git", "-C", str(ROOT), "archive", "--format=zip", f"--prefix={NAME}/", "HEAD"]
    subprocess.run([*git, "-o", str(path)], check=True)
    return path


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; yields its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
