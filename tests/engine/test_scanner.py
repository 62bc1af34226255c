"""The scan of uploads, against a peer that speaks clamd's INSTREAM and finds the EICAR test text."""

import io
import socketserver
import threading

import pytest

from app.engine import access
from app.engine.scanner import Infected, ScannerAway, scan
from app.extensions import db
from models.files import Attachment
from tests.conftest import sign_in

#: The text every scanner agrees to find, in two parts so that none finds it here.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Daemon(socketserver.StreamRequestHandler):
    def handle(self):
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(self.rfile.read(4), "big"):
            content += self.rfile.read(size)
        self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0")


@pytest.fixture
def daemon():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Daemon) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_clean_file_passes_and_is_rewound(daemon):
    stream = io.BytesIO(b"x" * 200_000)
    scan(stream, "a.txt", daemon)
    assert stream.tell() == 0


def test_a_found_file_is_refused_by_name(daemon):
    with pytest.raises(Infected) as refused:
        scan(io.BytesIO(b"x" * 100_000 + EICAR), "a.txt", daemon)
    assert "a.txt" in str(refused.value) and "Eicar-Test-Signature" in str(refused.value)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense"])
def test_without_its_scanner_nothing_is_taken_in(address):
    with pytest.raises(ScannerAway):
        scan(io.BytesIO(b"x"), "a.txt", address)


def test_an_upload_goes_through_the_scanner(app, daemon):
    browser = sign_in(app, "office")
    browser.post("/correspondentview/add", data={"name": "县水务局", "form_key": "x"})
    pk = browser.get("/correspondentview/lookup?q=水务").json["results"][0]["id"]
    for address, content, status in ((daemon, EICAR, 422), (daemon, b"hello", 302), ("127.0.0.1:1", b"hello", 503)):
        app.config["CLAMAV"] = address
        sent = {"file": (io.BytesIO(content), "note.txt")}
        assert browser.post(f"/files/correspondents/{pk}", data=sent).status_code == status
    with app.app_context(), access.system():
        assert db.session.query(Attachment).count() == 1
