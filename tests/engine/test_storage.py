"""Attachments: what is taken comes back byte for byte, what is refused leaves nothing behind, in a folder and in S3."""

import os
import tracemalloc
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import PurePosixPath

import boto3
import pytest
from moto.server import ThreadedMotoServer

from app.engine.contents import FileRefused
from app.engine.refusals import Refused
from app.engine.storage import FileTooLarge, LocalStorage, S3Storage, storage_from
from tests.engine.attachments import PDF, REFUSED, TAKEN


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
