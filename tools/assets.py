"""Put the browser libraries of requirements-assets.txt under app/static/vendor/, where git ignores them.

They travel inside Python packages, so that a machine needs pip and no node. pip checks each package against its
pinned hash and unpacks it in a temporary folder; only the modules we serve are copied from there. Where the pinned
version is already in place, nothing is done.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements-assets.txt"
ECHARTS = ROOT / "app" / "static" / "vendor" / "echarts"
ECHARTS_SOURCE = "nicegui/elements/echart/dist"
STATIC_IMPORT = re.compile(r"""\b(?:from|import)\s*["']\./([^"']+\.js)["']""")


def modules(folder: Path, entry: str = "index.js") -> set[str]:
    """The entry module and what it imports at once; chunks loaded on demand (the 3D part) stay out."""
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += STATIC_IMPORT.findall((folder / name).read_text(encoding="utf-8"))
    return found


def unpack(target: Path) -> None:
    """Install the pinned packages, without what they depend on, in a folder of their own."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    trust = ["--require-hashes", "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "install", *options, *trust, "--target", str(target), "-r", str(PINS)]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"The browser libraries of {PINS.name} could not be fetched; pip says why above.")


def main() -> None:
    """Bring app/static/vendor/echarts up to the pin."""
    pins = PINS.read_text(encoding="utf-8")
    stamp = ECHARTS / "pinned.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == pins:
        return
    with tempfile.TemporaryDirectory() as temporary:
        unpack(Path(temporary))
        source = Path(temporary) / ECHARTS_SOURCE
        shutil.rmtree(ECHARTS, ignore_errors=True)
        ECHARTS.mkdir(parents=True)
        for name in modules(source):
            shutil.copyfile(source / name, ECHARTS / name)
    stamp.write_text(pins, encoding="utf-8")  # last: a run that was cut short is done again


if __name__ == "__main__":
    main()
