"""Static files: asked for once, compressed, and found by the pages of a release before or after."""

from __future__ import annotations

import gzip
import re
from functools import partial
from pathlib import Path

import pytest
from werkzeug.test import Client

from app.web.static_files import StaticFiles, compressed, release_of


@pytest.fixture
def browser(app, tmp_path):
    found = Client(StaticFiles(app, compressed(Path(app.static_folder), tmp_path)))
    return partial(found.get, buffered=True)


def styles(browser):
    return re.search(r'href="(/static/\w+/wenshu\.css)"', browser("/login/").text).group(1)


def test_a_file_is_kept_for_good_under_the_address_the_pages_give(browser, app):
    answer = browser(styles(browser))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert answer.data == (Path(app.static_folder) / "wenshu.css").read_bytes()


def test_a_browser_that_understands_it_gets_the_compressed_file(browser, app):
    answer = browser(styles(browser), headers={"Accept-Encoding": "gzip"})
    plain = (Path(app.static_folder) / "wenshu.css").read_bytes()
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.data) == plain
    assert len(answer.data) < len(plain) / 3


def test_a_page_of_another_release_gets_the_files_there_are_and_keeps_them_briefly(browser):
    answer = browser("/static/0123456789ab/wenshu.css")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "max-age=60, public")
    assert browser("/static/0123456789ab/vendor/echarts/index.js").status_code == 200


@pytest.mark.parametrize(
    "path", ["/static/", "/static/x", "/static/0123456789ab/none.css", "/static/0123456789ab/../x"]
)
def test_what_there_is_not_is_not_found(browser, path):
    assert browser(path).status_code == 404


def test_an_address_changes_with_any_content(tmp_path):
    (tmp_path / "a.js").write_text("1")
    first = release_of(tmp_path)
    release_of.cache_clear()
    (tmp_path / "a.js").write_text("2")
    assert release_of(tmp_path) != first
