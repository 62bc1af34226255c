"""Static files: compressed once, and kept by browsers for good under an address that changes with their content."""

from __future__ import annotations

import hashlib
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

#: Seconds for which a file may be kept that was asked for under the address of another release.
BRIEFLY = 60


class StaticFiles(WhiteNoise):
    """Static files, compressed beforehand, kept for good: their address changes with their content.

    While servers are exchanged one by one, a page of one release may ask a server of the other for its files; it gets
    those there are.
    """

    def __init__(self, app: Flask, root: Path):
        super().__init__(app, max_age=BRIEFLY, allow_all_origins=False, add_headers_function=_static_headers)
        self.address = f"{app.static_url_path}/"
        self.add_files(str(root), prefix=self.address)
        self.add_files(str(root), prefix="static/")

    def __call__(self, environ: Any, start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/static/") and path not in self.files:
            _empty, _static, _release, *rest = path.split("/", 3)
            environ = {**environ, "PATH_INFO": "/static/" + "".join(rest)}
            if environ["PATH_INFO"] not in self.files:
                environ["PATH_INFO"] = path
        return super().__call__(environ, start_response)

    def immutable_file_test(self, path: str, url: str) -> bool:
        return url.startswith(self.address)


def _static_headers(headers: Any, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def compressed(source: Path, target: Path) -> Path:
    """A copy of a folder of static files with each of them compressed beside itself, where that is worth it."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    compressor = Compressor(quiet=True)
    for path in [path for path in target.rglob("*") if path.is_file() and compressor.should_compress(path.name)]:
        compressor.compress(str(path))
    return target


@cache
def release_of(folder: Path) -> str:
    """What stands in the address of the files of a folder: the same for the same files, wherever they are served."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()[:12]
