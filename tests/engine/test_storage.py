"""Attachments: what is taken comes back byte for byte, what is refused leaves nothing behind, in a folder and in S3."""

import os
import tracemalloc
import zlib
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import boto3
import openpyxl
import pytest
from moto.server import ThreadedMotoServer

from app.engine import storage as module
from app.engine.refusals import Refused
from app.engine.storage import FileRefused, FileTooLarge, LocalStorage, S3Storage, storage_from

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
    ("letter.docx", docx(), module.MEDIA_TYPES[".docx"]),
    ("chart.docx", nested(2), module.MEDIA_TYPES[".docx"]),
    ("object.docx", docx(word__embeddings__oleObject1_bin=compound("CONTENTS")), module.MEDIA_TYPES[".docx"]),
    ("table.xlsx", xlsx(), module.MEDIA_TYPES[".xlsx"]),
    ("slides.pptx", zipped({"ppt/presentation.xml": "<p/>"}), module.MEDIA_TYPES[".pptx"]),
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


@dataclass
class Noughts:
    """A stream that would never end."""

    read_so_far: int = 0

    def read(self, size):
        self.read_so_far += size
        return bytes(size)


@pytest.fixture(scope="module")
def s3():
    """A client of an S3 service on loopback."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    yield client
    client.close()
    server.stop()
    assert server._server
    server._server.server_close()  # stop() leaves the socket open


@pytest.fixture(scope="module")
def buckets():
    return (f"office-{number}" for number in count())


@pytest.fixture
def bucket(s3, buckets):
    name = next(buckets)
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def folder(tmp_path):
    return LocalStorage(tmp_path / "files", max_bytes=1 << 20)


@pytest.fixture
def in_bucket(s3, bucket):
    return S3Storage(bucket, "attachments", s3, max_bytes=1 << 20)


@pytest.fixture(params=["folder", "in_bucket"])
def storage(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def kept(storage):
    """A function that lists all there is in the storage."""

    def in_folder():
        return sorted(str(path.relative_to(storage.folder)) for path in storage.folder.rglob("*") if path.is_file())

    def in_s3():
        return [entry["Key"] for entry in storage.client.list_objects_v2(Bucket=storage.bucket).get("Contents", [])]

    return in_folder if isinstance(storage, LocalStorage) else in_s3


class TestStorage:
    @pytest.mark.parametrize("name, content, media_type", TAKEN, ids=[name for name, *_ in TAKEN])
    def test_what_is_taken_comes_back_byte_for_byte(self, storage, name, content, media_type):
        stored = storage.put(BytesIO(content), name)
        with storage.open(stored.digest) as file:
            assert file.read() == content
        assert (stored.digest, stored.size) == (sha256(content).hexdigest(), len(content))
        assert stored.media_type == media_type

    @pytest.mark.parametrize("name, content, sentence", REFUSED, ids=[f"{n}-{s[:20]}" for n, _, s in REFUSED])
    def test_what_is_refused_gets_a_sentence_and_leaves_nothing(self, storage, kept, name, content, sentence):
        with pytest.raises(FileRefused) as refusal:
            storage.put(BytesIO(content), name)
        assert str(refusal.value).startswith(sentence)
        assert kept() == []

    def test_a_refusal_is_one_the_application_knows_how_to_show(self):
        assert issubclass(FileRefused, Refused)
        assert (FileRefused.status, FileTooLarge.status) == (422, 413)

    def test_a_stream_without_end_is_refused_as_soon_as_it_is_too_large(self, storage, kept):
        stream = Noughts()
        with pytest.raises(FileTooLarge, match=r"^The file is larger than 1 MB\.$"):
            storage.put(stream, "long.txt")
        assert (stream.read_so_far < 2 << 20, kept()) == (True, [])

    def test_a_file_just_small_enough_is_taken(self, storage):
        assert storage.put(BytesIO(b"a" * (1 << 20)), "long.txt").size == 1 << 20

    def test_equal_content_is_kept_once_whatever_its_names(self, storage, kept):
        first, second = storage.put(BytesIO(PDF), "a.pdf"), storage.put(BytesIO(PDF), "b.pdf")
        assert (first, len(kept())) == (second, 1)

    @pytest.mark.parametrize(
        "name",
        [
            "../../outside.pdf", "..\\outside.pdf", "/etc/outside.pdf", "C:\\outside.pdf", "a\0b.pdf", "CON.pdf",
            "\u202egnp.pdf", "x" * 300 + ".pdf", " .pdf/../a.pdf ", "a\r\nb.pdf", "%2e%2e%2fa.pdf",
        ],
    )  # fmt: skip
    def test_the_users_name_never_becomes_a_stored_one(self, storage, kept, name):
        digest = storage.put(BytesIO(PDF), name).digest
        assert [PurePosixPath(key).parts[-3:] for key in kept()] == [(digest[:2], digest[2:4], digest)]

    def test_content_can_be_read_from_any_place(self, storage):
        with storage.open(storage.put(BytesIO(PDF), "a.pdf").digest) as file:
            file.seek(5)
            assert file.read(3) == PDF[5:8]

    def test_content_that_is_not_there_is_not_found(self, storage):
        digest = sha256(b"never").hexdigest()
        assert not storage.exists(digest)
        with pytest.raises(FileNotFoundError):
            storage.open(digest)

    def test_deleted_content_is_gone_and_may_be_deleted_again(self, storage, kept):
        digest = storage.put(BytesIO(PDF), "a.pdf").digest
        was_there = storage.exists(digest)
        storage.delete(digest)
        storage.delete(digest)
        assert (was_there, storage.exists(digest), kept()) == (True, False, [])

    @pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "a" * 62 + "/x"])
    @pytest.mark.parametrize("ask", ["open", "exists", "delete"])
    def test_only_a_digest_names_content(self, storage, ask, digest):
        with pytest.raises(ValueError, match="is not a digest"):
            getattr(storage, ask)(digest)


class TestFolder:
    def test_a_disk_that_fails_leaves_no_half_file(self, folder, monkeypatch):
        monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            folder.put(BytesIO(PDF), "a.pdf")
        assert [path for path in folder.folder.rglob("*") if path.is_file()] == []

    def test_stored_files_cannot_be_run(self, folder):
        folder.put(BytesIO(PDF), "a.pdf")
        (place,) = (path for path in folder.folder.rglob("*") if path.is_file())
        assert place.stat().st_mode & 0o111 == 0

    def test_a_large_file_takes_no_large_memory(self, tmp_path):
        content = BytesIO("采购".encode() * (2 << 20))
        tracemalloc.start()
        LocalStorage(tmp_path).put(content, "long.txt")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2 << 20


class TestAddress:
    def test_a_path_is_a_folder(self, tmp_path):
        stored = storage_from(tmp_path / "files").put(BytesIO(PDF), "a.pdf")
        assert (tmp_path / "files" / stored.digest[:2] / stored.digest[2:4] / stored.digest).read_bytes() == PDF

    @pytest.mark.parametrize("prefix", ["", "/", "/branch/files/"])
    def test_an_s3_address_names_server_bucket_and_prefix(self, s3, bucket, monkeypatch, prefix):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        storage = storage_from(f"s3://{bucket}{prefix}?endpoint={s3.meta.endpoint_url}&region=us-east-1")
        assert isinstance(storage, S3Storage)
        digest = storage.put(BytesIO(PDF), "a.pdf").digest
        (entry,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
        storage.client.close()
        assert entry["Key"] == f"{prefix}/{digest[:2]}/{digest[2:4]}/{digest}".replace("//", "/").lstrip("/")

    def test_the_bucket_knows_the_type(self, s3, bucket):
        digest = S3Storage(bucket, "", s3).put(BytesIO(PDF), "a.pdf").digest
        key = f"{digest[:2]}/{digest[2:4]}/{digest}"
        assert s3.head_object(Bucket=bucket, Key=key)["ContentType"] == "application/pdf"

    def test_another_scheme_is_refused(self):
        with pytest.raises(ValueError, match="no storage for ftp://"):
            storage_from("ftp://server/files")
