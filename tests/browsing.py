"""A person at a real browser, for the tests that need one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PICTURES = Path(os.environ.get("WENSHU_PICTURES", "var/pictures"))
PASSWORD = "a-demo-password"
#: No picture of a page is worth a graphics process, nor the small shared memory some machines give.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser of the machine; without one the test is skipped, or fails where a browser is required."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is missing; `make browser` says how to get it")
        pytest.skip("no Chromium here; `make browser` says how to get it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address of the office behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Desk:
    """One person at one browser; every error on the console is kept."""

    def __init__(self, browser: Any, base: str, account: str, locale: str = "zh-CN", width: int = 1366):
        self.context = browser.new_context(
            locale=locale, viewport={"width": width, "height": 768}, accept_downloads=True
        )
        self.page, self.base, self.errors, self.foreign = self.context.new_page(), base, [], []
        self.page.on(
            "console",
            lambda message: self.errors.append(f"{self.page.url}: {message.text}") if message.type == "error" else None,
        )
        self.page.on(
            "request", lambda sent: None if sent.url.startswith((base, "data:")) else self.foreign.append(sent.url)
        )
        self.go("/login/")
        self.page.fill("[name=username]", account)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("form.login button[type=submit]")

    def go(self, address: str) -> None:
        self.page.goto(self.base + address)

    def pick(self, field: str, words: str) -> None:
        """Type into a picker and take the first suggestion."""
        self.page.locator(f"[name={field}__text][role=combobox]").wait_for()  # its script is here
        self.page.fill(f"[name={field}__text]", words)
        self.page.locator(f"#{field}-list [role=option]").first.click()

    def picture(self, name: str) -> None:
        from playwright.sync_api import Error

        PICTURES.mkdir(parents=True, exist_ok=True)
        for left in (3, 2, 1, 0):
            try:
                self.page.screenshot(path=str(PICTURES / f"{name}.png"))
                return
            except Error:  # a machine under load may not draw in time; pictures are for people to look at
                if not left:
                    raise
                self.page.wait_for_timeout(1000)
