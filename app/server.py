"""The application server: gunicorn, several processes, static files with cache headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from whitenoise import WhiteNoise

STATIC = Path(__file__).parent / "static"


class Server(BaseApplication):
    """Gunicorn told by our own settings instead of its command line."""

    def __init__(self, app: Flask, options: dict[str, Any]):
        self.app, self.options = app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return WhiteNoise(
            self.app, root=str(STATIC), prefix="static/", max_age=3600, allow_all_origins=False,
            add_headers_function=_static_headers,
        )  # fmt: skip


def _static_headers(headers: Any, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def run(app: Flask) -> None:
    """Serve until stopped."""
    Server(
        app,
        {
            "bind": f"{app.config['HOST']}:{app.config['PORT']}",
            "workers": app.config["WORKERS"],
            "worker_class": "gthread",
            "threads": 4,
            "timeout": 120,
            "accesslog": None,
            "loglevel": "warning",
        },
    ).run()
