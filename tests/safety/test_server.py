"""What the served office believes of a request that comes straight from a browser, and how long an address it reads."""

from __future__ import annotations

import shutil
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from tests.safety.served import Served


@pytest.fixture(scope="module")
def server(template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(template, folder / "wenshu.db")
    found = Served(folder, WENSHU_WORKERS="1")
    found.start()
    yield found
    found.close()


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "Script-Name"])
def test_no_header_says_under_which_address_the_office_stands(server, name):
    before = server.ask("GET", "/readyz")
    assert server.ask("GET", "/readyz", headers={name: "//x"}) == before
    assert before[0] == 200


@pytest.mark.parametrize("said", [("X-Forwarded-Proto", "https"), ("X-Forwarded-Ssl", "on")])
def test_without_a_proxy_nobody_is_believed_to_have_come_by_https(server, said):
    with urlopen(Request(f"http://127.0.0.1:{server.port}/login/", headers=dict([said]))) as answer:
        assert answer.headers["Strict-Transport-Security"] is None


def test_the_longest_words_that_can_be_typed_into_a_search_fit_into_its_address(server):
    asked = f"/incomingdocumentview/list/?q={quote('文' * 200)}&department={quote('综合科' * 200)}"
    assert len(asked) > 4094
    assert server.ask("GET", asked)[0] == 302
