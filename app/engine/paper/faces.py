"""The faces forms are set in: those official papers ask for, as far as the site has them, else free stand-ins.

小标宋, 仿宋_GB2312, 楷体_GB2312 and 黑体 are commercial, so none is shipped. A site that owns them puts the files into
the folder `fonts` of its data directory. What the machine itself has is never looked at: all machines print alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import typst
from flask_babel import gettext as _

from app.engine.refusals import Refused

#: The stand-ins, put here by tools/assets.py.
SHIPPED = Path(__file__).parents[2] / "fonts"

SERIF, SANS = "Source Han Serif SC", "Noto Sans CJK SC"


class NoFaces(Refused):
    """The fonts have not been fetched."""

    status = 503


@dataclass(frozen=True)
class Face:
    """What one part of a form is set in: what papers ask for, the names its files go by, and what stands in for it."""

    wanted: str
    families: tuple[str, ...]
    stand_in: str


FACES = {
    "heading": Face("小标宋", ("方正小标宋_GBK", "方正小标宋简体", "FZXiaoBiaoSong-B05", "FZXiaoBiaoSong-B05S"), SERIF),
    "text": Face("仿宋_GB2312", ("仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong", "方正仿宋_GBK"), SERIF),
    "name": Face("楷体_GB2312", ("楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi", "方正楷体_GBK"), SERIF),
    "label": Face("黑体", ("黑体", "SimHei", "方正黑体_GBK"), SANS),
    "digits": Face("宋体", ("宋体", "SimSun", "NSimSun", "方正书宋_GBK"), SERIF),
}

#: What forms are set in; the page numbers of official papers have a face of their own besides.
ON_FORMS = ("heading", "text", "name", "label")
ON_PAPERS = (*ON_FORMS, "digits")


@dataclass(frozen=True)
class Chosen:
    """The faces forms are set in at this site, by part, and the parts that have a stand-in."""

    fonts: typst.Fonts
    families: dict[str, tuple[str, ...]]
    stand_ins: tuple[str, ...]

    def substitutes(self, parts: Sequence[str] = ON_FORMS) -> list[tuple[str, str]]:
        """Which face stood in for which, of those used: pairs of the wanted and the used."""
        return [(FACES[part].wanted, FACES[part].stand_in) for part in self.stand_ins if part in parts]


def chosen(own: Path | None) -> Chosen:
    """The faces of a site with its own folder of fonts, which may be missing. Raises `NoFaces`."""
    own = own if own is not None and own.is_dir() else None
    files = sorted((str(file), file.stat().st_mtime_ns) for file in own.rglob("*") if file.is_file()) if own else []
    return _chosen(own, tuple(files))


@lru_cache(maxsize=4)
def _chosen(own: Path | None, files: tuple[tuple[str, int], ...]) -> Chosen:
    if not any(SHIPPED.glob("*.otf")):
        raise NoFaces(_("The fonts for printing are missing; “make assets” fetches them."))
    folders = [*([str(own)] if own else []), str(SHIPPED)]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders))
    present = {family.casefold(): family for family in fonts.families()}
    families, stand_ins = {}, []
    for part, face in FACES.items():
        found = [present[name.casefold()] for name in face.families if name.casefold() in present]
        if not found:
            stand_ins.append(part)
        families[part] = tuple(dict.fromkeys((*found, face.stand_in, SERIF, SANS)))
    return Chosen(fonts, families, tuple(stand_ins))
