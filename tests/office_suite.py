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
    return all_converted({name: content}, to, folder)[name]


def all_converted(files: dict[str, bytes], to: str, folder: Path) -> dict[str, bytes]:
    """Likewise several files, in one start of the program: what each became, by its old name."""
    if not SOFFICE:
        if os.environ.get("REQUIRE_OFFICE") == "1":
            pytest.fail("LibreOffice is missing; `apt-get install libreoffice-writer-nogui libreoffice-calc-nogui`")
        pytest.skip("no LibreOffice here; `apt-get install libreoffice-writer-nogui libreoffice-calc-nogui`")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    out = folder / "saved"
    profile = (folder / "profile").as_uri()
    command = [SOFFICE, "--headless", f"-env:UserInstallation={profile}", "--convert-to", to, "--outdir", str(out)]
    sources = [str(folder / name) for name in files]
    subprocess.run([*command, *sources], check=True, capture_output=True, timeout=300)
    return {name: (out / Path(name).with_suffix(f".{to}").name).read_bytes() for name in files}
