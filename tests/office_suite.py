"""A word processor and a spreadsheet program, for the tests that open with another program what the office sends out."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOFFICE = os.environ.get("SOFFICE") or shutil.which("soffice") or ""


def converted(content: bytes, name: str, to: str, folder: Path) -> bytes:
    """A file (`name` tells its kind) as LibreOffice saves it again as `to`, in a profile of its own under `folder`.

    Without LibreOffice the test is skipped, or fails where it is required.
    """
    if not SOFFICE:
        if os.environ.get("REQUIRE_OFFICE") == "1":
            pytest.fail("LibreOffice is missing; `apt-get install libreoffice-writer-nogui libreoffice-calc-nogui`")
        pytest.skip("no LibreOffice here; `apt-get install libreoffice-writer-nogui libreoffice-calc-nogui`")
    source = folder / name
    source.write_bytes(content)
    out = folder / "saved"
    profile = (folder / "profile").as_uri()
    command = [SOFFICE, "--headless", f"-env:UserInstallation={profile}", "--convert-to", to, "--outdir", str(out)]
    subprocess.run([*command, str(source)], check=True, capture_output=True, timeout=180)
    return (out / source.with_suffix(f".{to}").name).read_bytes()
