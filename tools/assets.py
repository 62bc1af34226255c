"""Put the browser libraries and fonts of requirements-assets.txt into the folders of ASSETS, where git ignores them.

They travel inside Python packages, so that a machine needs pip and no node. pip checks each package against its
pinned hash and unpacks it in a temporary folder; only what we use is copied from there. Where the pinned version is
already in place, nothing is done.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements-assets.txt"
STATIC_IMPORT = re.compile(r"""\b(?:from|import)\s*["']\./([^"']+\.js)["']""")


@dataclass(frozen=True)
class Asset:
    """Files of one folder in the packages, and where they go; without names an entry module and what it imports."""

    target: Path
    source: str
    names: tuple[str, ...] = ()

    def files(self, unpacked: Path) -> Iterable[str]:
        return self.names or modules(unpacked / self.source)

    def in_place(self, pins: str) -> bool:
        stamp = self.target / "pinned.txt"
        return stamp.is_file() and stamp.read_text(encoding="utf-8") == pins


ASSETS = (
    Asset(ROOT / "app" / "static" / "vendor" / "echarts", "nicegui/elements/echart/dist"),
    # By name: the package also carries SimHei, which is commercial and must not be used.
    Asset(
        ROOT / "app" / "fonts",
        "mplfonts/fonts",
        ("SourceHanSerifSC-Regular.otf", "NotoSansCJKsc-Regular.otf"),
    ),
)


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
        raise SystemExit(f"The packages of {PINS.name} could not be fetched; pip says why above.")


def main() -> None:
    """Bring all assets up to the pins."""
    pins = PINS.read_text(encoding="utf-8")
    missing = [asset for asset in ASSETS if not asset.in_place(pins)]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as temporary:
        unpack(Path(temporary))
        for asset in missing:
            shutil.rmtree(asset.target, ignore_errors=True)
            asset.target.mkdir(parents=True)
            for name in asset.files(Path(temporary)):
                shutil.copyfile(Path(temporary) / asset.source / name, asset.target / name)
            # last: a run that was cut short is done again
            (asset.target / "pinned.txt").write_text(pins, encoding="utf-8")


if __name__ == "__main__":
    main()
