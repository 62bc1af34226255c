"""Files as people attach them: those that are taken, and those that are refused with the sentence for it."""

import os
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import openpyxl

from app.engine.contents import MEDIA_TYPES

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
TYPES = "[Content_Types].xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def png(width, height):
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + zlib.crc32(header).to_bytes(4, "big") + b"\0\0\0\0IEND\xaeB`\x82"


def jpeg(width, height):
    """With 70 kB of remarks before the frame, as cameras put a small picture there."""
    remark = b"\xff\xfe" + (35_002).to_bytes(2, "big") + bytes(35_000)
    frame = b"\xff\xc0\0\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes(10)
    return b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(9) + remark * 2 + frame + b"\xff\xd9"


def gif(width, height):
    return b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + bytes(20)


def webp(width, height):
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + size


def zipped(parts):
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def docx(**parts):
    """A document with these further parts; `__` in a name stands for `/`, `_` before the ending for the point."""
    named = {"/".join(name.split("__")).replace("_", "."): content for name, content in parts.items()}
    return zipped({TYPES: "<Types/>", "word/document.xml": "<document/>", **named})


def xlsx():
    file = BytesIO()
    openpyxl.Workbook().save(file)
    return file.getvalue()


def compound(*names):
    """An old Office file as far as its directory: one sector of header, then entries of 128 bytes."""
    entries = [name.encode("utf-16-le") for name in ("Root Entry", *names)]
    directory = [name.ljust(64, b"\0") + (len(name) + 2).to_bytes(2, "little") + bytes(62) for name in entries]
    return OLE + bytes(504) + b"".join(directory)


def lying(size):
    """A document with a part of `size` noughts that its directory calls ten bytes long."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(size))
        archive.infolist()[0].file_size = 10
    return file.getvalue()


def overlapping():
    """A document with one piece of data under a hundred names."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", os.urandom(1000))
        (part,) = archive.infolist()
        for number in range(100):
            twin = ZipInfo(f"{number}.xml")
            for field in ("CRC", "compress_size", "file_size", "header_offset", "compress_type"):
                setattr(twin, field, getattr(part, field))
            archive.filelist.append(twin)
    return file.getvalue()


def locked():
    """A document whose directory says that its part is encrypted."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "secret")
        archive.infolist()[0].flag_bits |= 1
    return file.getvalue()


def shifted():
    """A document whose directory places its parts before the beginning of the file."""
    content = docx()
    offset = int.from_bytes(content[-6:-2], "little") + 50
    return content[:-6] + offset.to_bytes(4, "little") + content[-2:]


def nested(depth):
    content = docx()
    for _ in range(depth):
        content = docx(word__embeddings__sheet_xlsx=content)
    return content


#: What a letter about macros may hold: an entry's bytes where none can begin, and the word alone where one could.
MENTIONED = (bytes(30) + "VBA".encode("utf-16-le").ljust(64, b"\0") + b"\x08\0").ljust(128, b"\0") + (
    "VBA\0".encode("utf-16-le").ljust(128, b"\0")
)

TAKEN = [
    ("scan.pdf", PDF, "application/pdf"),
    ("Scan.PDF", PDF, "application/pdf"),
    ("stamp.png", png(20, 20), "image/png"),
    ("photo.jpg", jpeg(4000, 3000), "image/jpeg"),
    ("photo.jpeg", jpeg(4000, 3000), "image/jpeg"),
    ("moving.gif", gif(20, 20), "image/gif"),
    ("photo.webp", webp(20, 20), "image/webp"),
    ("letter.docx", docx(), MEDIA_TYPES[".docx"]),
    ("chart.docx", nested(2), MEDIA_TYPES[".docx"]),
    ("object.docx", docx(word__embeddings__oleObject1_bin=compound("CONTENTS")), MEDIA_TYPES[".docx"]),
    ("table.xlsx", xlsx(), MEDIA_TYPES[".xlsx"]),
    ("slides.pptx", zipped({"ppt/presentation.xml": "<p/>"}), MEDIA_TYPES[".pptx"]),
    ("公文.ofd", zipped({"OFD.xml": "<OFD/>", "Doc_0/Document.xml": "<Document/>"}), "application/ofd"),
    ("old.doc", compound("WordDocument", "1Table"), "application/msword"),
    ("with-table.doc", compound("WordDocument", "ObjectPool", "Workbook"), "application/msword"),
    ("with-letter.xls", compound("Workbook", "WordDocument"), "application/vnd.ms-excel"),
    ("older.xls", compound("Book"), "application/vnd.ms-excel"),
    ("about-macros.doc", compound("WordDocument") + MENTIONED, "application/msword"),
    ("note.txt", "关于采购的通知\r\n".encode(), "text/plain"),
    ("bmw.txt", b"BMW, GIF and MZ begin this note", "text/plain"),
    ("list.csv", "\ufeff编号,标题\n".encode(), "text/csv"),
    ("老.csv", "编号,标题\n".encode("gb18030"), "text/csv"),
    ("long.txt", ("字" * 100_000).encode(), "text/plain"),
]
KIND, DAMAGED, BOMB, MACRO, PASSWORD, LIVE = (
    "The content of the file is of no kind that is taken, or it is damaged.",
    "The file is damaged and cannot be opened.",
    "The file unpacks to far more than its size and is not taken.",
    "Files with macros are not taken; please save the file without them.",
    "Files with a password are not taken; please save the file without one.",
    "Web pages, drawings in XML and scripts are not taken; please attach a PDF.",
)
REFUSED = [
    ("empty.pdf", b"", "The file is empty."),
    ("run.pdf.exe", PDF, "“run.pdf.exe” is not taken; the name of a file must end in one of .pdf, .png"),
    ("page.html", b"<html>", "“page.html” is not taken"),
    ("drawing.svg", b"<svg/>", "“drawing.svg” is not taken"),
    ("all.zip", zipped({"a.txt": "a"}), "“all.zip” is not taken"),
    ("macros.docm", docx(), "“macros.docm” is not taken"),
    ("scan", PDF, "“scan” is not taken"),
    ("scan.pdf\0", PDF, "“scan.pdf\0” is not taken"),
    ("scan.png", PDF, "The name ends in .png, but the content is that of a .pdf file."),
    ("letter.docx", xlsx(), "The name ends in .docx, but the content is that of a .xlsx file."),
    ("letter.doc", compound("Workbook"), "The name ends in .doc, but the content is that of a .xls file."),
    ("letter.doc", b"{\\rtf1 text}", "The name ends in .doc, but the content is that of a .txt file."),
    ("polyglot.gif", b"GIF89a/*  */=alert(1)", "The name ends in .gif, but the content is that of a .txt file."),
    ("program.pdf", b"MZ\x90\0" + bytes(300), KIND),
    ("program.txt", b"\x7fELF" + bytes(300), KIND),
    ("wide.txt", "text".encode("utf-16"), KIND),
    ("latin.txt", b"caf\xe9", KIND),
    ("odd.doc", compound("CONTENTS"), KIND),
    ("page.txt", b"\xef\xbb\xbf \n<!DOCTYPE html><script>alert(1)</script>", LIVE),
    ("page.csv", b"<html>", LIVE),
    ("drawing.txt", b"<?xml version='1.0'?><svg/>", LIVE),
    ("drawing.txt", b"<!-- --><svg onload='alert(1)'/>", LIVE),
    ("script.txt", b"#!/bin/sh\nrm -rf ~", LIVE),
    ("saved.txt", b"MIME-Version: 1.0\r\nContent-Type: text/html", LIVE),
    ("tall.png", png(50_000, 50_000), "The picture has 50000 × 50000 points, too many to show."),
    ("tall.jpg", jpeg(50_000, 50_000), "The picture has 50000 × 50000 points"),
    ("tall.gif", gif(50_000, 50_000), "The picture has 50000 × 50000 points"),
    ("tall.webp", webp(50_000, 50_000), "The picture has 50000 × 50000 points"),
    ("cut.docx", docx()[:-40], DAMAGED),
    ("changed.docx", docx().replace(b"word/document.xml", b"word/dokument.xml", 1), DAMAGED),
    ("shifted.docx", shifted(), DAMAGED),
    ("other.docx", zipped({"a.txt": "a"}), "Archives are not taken; please attach the files in them one by one."),
    ("macros.docx", docx(word__vbaProject_bin="x"), MACRO),
    ("macros.xlsx", zipped({"xl/workbook.xml": "", "xl/macrosheets/sheet1.xml": ""}), MACRO),
    ("inner.docx", docx(word__embeddings__book_xlsx=docx(xl__vbaProject_bin="x")), MACRO),
    ("inner.docx", docx(word__embeddings__oleObject1_bin=compound("Workbook", "_VBA_PROJECT_CUR")), MACRO),
    ("macros.doc", compound("WordDocument", "Macros"), MACRO),
    ("macros.xls", compound("Workbook", "_VBA_PROJECT_CUR", "VBA"), MACRO),
    ("locked.docx", compound("EncryptionInfo", "EncryptedPackage"), PASSWORD),
    ("locked.docx", locked(), PASSWORD),
    ("noughts.docx", docx(word__big_xml=bytes(20 << 20)), BOMB),
    ("halves.docx", docx(word__a_xml=bytes(10 << 20), word__b_xml=bytes(10 << 20)), BOMB),
    ("lying.docx", lying(20 << 20), BOMB),
    ("lying.docx", lying(1000), DAMAGED),
    ("overlapping.docx", overlapping(), BOMB),
    ("nested.docx", nested(3), BOMB),
    ("inner.docx", docx(word__embeddings__book_xlsx=docx(word__big_xml=bytes(20 << 20))), BOMB),
    ("parts.docx", zipped({"word/document.xml": "", **{f"{number}.xml": "" for number in range(10_001)}}), BOMB),
    (
        "laughs.docx",
        docx(word__styles_xml='<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        "The file defines XML of its own",
    ),
    ("archive.docx", docx(word__media__a_bin=zipped({"a": "a"})), "Archives are not taken"),
]
