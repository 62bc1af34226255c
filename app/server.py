"""The application server: gunicorn, several processes, static files that a browser asks for once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from app.memory import settle
from app.web.static_files import StaticFiles, compressed
from app.worker import beside


class Server(BaseApplication):
    """Gunicorn told by our own settings instead of its command line."""

    def __init__(self, app: Any, options: dict[str, Any]):
        self.app, self.options = app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app


def run(app: Flask) -> None:
    """Serve until stopped, with a worker beside."""
    with _folder() as folder:
        served = StaticFiles(app, compressed(Path(app.static_folder or ""), folder))
        settle()
        with beside(app):
            Server(
                served,
                {
                    "bind": f"{app.config['HOST']}:{app.config['PORT']}",
                    "workers": app.config["WORKERS"],
                    "worker_class": "gthread",
                    "threads": 4,
                    "timeout": 120,
                    "accesslog": None,
                    "loglevel": "warning",
                    "preload_app": True,
                    # Nobody is believed about address and scheme but the proxies that `ProxyFix` counts (factory.py).
                    "forwarded_allow_ips": "",
                    "forwarder_headers": "",
                    "secure_scheme_headers": {},
                    "limit_request_line": 8190,  # bytes, the most there is: a Chinese character takes nine of them
                },
            ).run()


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for the length of the block."""
    maker, folder = os.getpid(), mkdtemp(prefix="wenshu-static-")
    try:
        yield Path(folder)
    finally:
        if os.getpid() == maker:  # each of the server's processes comes by here when it ends; the others go on reading
            shutil.rmtree(folder, ignore_errors=True)
