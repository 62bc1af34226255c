"""Attachments: looked at on the way in, kept under the SHA-256 of their content, in a folder or in S3 storage.

The user's name for a file decides nothing but whether its ending agrees with the content; what is stored is named by
the digest alone. Equal content is stored once, so whoever deletes must know that no other record refers to it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile, mkstemp
from typing import IO, Any, BinaryIO, Protocol
from urllib.parse import parse_qs, urlsplit

from flask_babel import gettext as _

from app.engine.contents import CHUNK, MEDIA_TYPES, FileRefused, chunks, content_types

MAX_BYTES = 50 << 20

_DIGEST = re.compile(r"[0-9a-f]{64}")


class FileTooLarge(FileRefused):
    """The file has more bytes than are taken."""

    status = 413


@dataclass(frozen=True)
class Stored:
    """What the record keeps of its attachment; `size` in bytes."""

    digest: str
    size: int
    media_type: str


class Storage(Protocol):
    """Where attachments lie. A `digest` that is none is a `ValueError`."""

    def put(self, stream: BinaryIO, name: str) -> Stored:
        """Take a file under the name its user gave it. Raises `FileRefused` with a plain sentence."""

    def keep(self, stream: IO[bytes], digest: str) -> None:
        """Put back what was looked at when it first came in. Raises `ValueError` where its digest is another one."""

    def open(self, digest: str) -> BinaryIO:
        """The content, to be read from any place and closed. Raises `FileNotFoundError`."""

    def exists(self, digest: str) -> bool: ...

    def delete(self, digest: str) -> None:
        """Remove the content for all who refer to it; nothing happens when it is gone already."""


class LocalStorage:
    """Attachments in a folder; a file is whole or not there, also after a power cut."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES):
        self.folder, self.max_bytes = folder, max_bytes

    def put(self, stream: BinaryIO, name: str) -> Stored:
        return self._take(lambda file: _receive(stream, name, file, self.max_bytes))

    def keep(self, stream: IO[bytes], digest: str) -> None:
        self._take(lambda file: _copy(stream, digest, file))

    def _take(self, receive: Callable[[IO[bytes]], Stored]) -> Stored:
        incoming = self.folder / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        handle, temporary = mkstemp(dir=incoming)
        try:
            with os.fdopen(handle, "w+b") as file:
                stored = receive(file)
                os.fsync(file.fileno())
            place = self._place(stored.digest)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, place)
            _sync(place.parent, place.parent.parent, self.folder)
        finally:
            Path(temporary).unlink(missing_ok=True)
        return stored

    def open(self, digest: str) -> BinaryIO:
        return self._place(digest).open("rb")

    def exists(self, digest: str) -> bool:
        return self._place(digest).is_file()

    def delete(self, digest: str) -> None:
        self._place(digest).unlink(missing_ok=True)

    def _place(self, digest: str) -> Path:
        return self.folder / _key(digest)


class S3Storage:
    """Attachments in a bucket, under the same keys as in a folder, so that either can be copied to the other."""

    def __init__(self, bucket: str, prefix: str, client: Any, max_bytes: int = MAX_BYTES):
        self.bucket, self.prefix, self.client, self.max_bytes = bucket, prefix, client, max_bytes

    def put(self, stream: BinaryIO, name: str) -> Stored:
        return self._take(lambda file: _receive(stream, name, file, self.max_bytes))

    def keep(self, stream: IO[bytes], digest: str) -> None:
        self._take(lambda file: _copy(stream, digest, file))

    def _take(self, receive: Callable[[IO[bytes]], Stored]) -> Stored:
        with TemporaryFile() as file:
            stored = receive(file)
            place = self._place(stored.digest)
            self.client.put_object(**place, Body=file, ContentLength=stored.size, ContentType=stored.media_type)
        return stored

    def open(self, digest: str) -> BinaryIO:
        try:
            body = self.client.get_object(**self._place(digest))["Body"]
        except self.client.exceptions.NoSuchKey:
            raise FileNotFoundError(digest) from None
        with ExitStack() as on_failure, closing(body):
            file = on_failure.enter_context(TemporaryFile())  # a body cannot be read from any place
            shutil.copyfileobj(body, file, CHUNK)
            file.seek(0)
            on_failure.pop_all()
        return file

    def exists(self, digest: str) -> bool:
        try:
            self.client.head_object(**self._place(digest))
        except self.client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def delete(self, digest: str) -> None:
        self.client.delete_object(**self._place(digest))

    def _place(self, digest: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": str(PurePosixPath(self.prefix, _key(digest)))}


def storage_from(address: str | Path, max_bytes: int = MAX_BYTES) -> Storage:
    """The storage at a folder's path or at `s3://bucket/prefix?endpoint=https://…&region=…`.

    Both parameters are optional; keys come from where boto3 looks for them. Raises `ValueError` for another scheme.
    """
    url = urlsplit(str(address))
    if url.scheme == "s3":
        return S3Storage(url.netloc, url.path.strip("/"), _client(parse_qs(url.query)), max_bytes)
    if "://" in str(address):
        raise ValueError(f"no storage for {url.scheme}://")
    return LocalStorage(Path(address), max_bytes)


def _client(parameters: dict[str, list[str]]) -> Any:
    # here, not above: an office that keeps its files in a folder need not wait for it at every start
    import boto3
    from botocore.config import Config

    endpoint, region = (parameters.get(name, [None])[0] for name in ("endpoint", "region"))
    # servers other than Amazon's know neither its checksums nor, mostly, a host name for each bucket
    config = Config(
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    return boto3.client("s3", endpoint_url=endpoint, region_name=region, config=config)


def _key(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is not a digest")
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def _sync(*folders: Path) -> None:
    """Make new names in `folders` outlast a power cut; Windows has no call for it."""
    for folder in folders if os.name == "posix" else ():
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _copy(stream: IO[bytes], digest: str, file: IO[bytes]) -> Stored:
    """Copy `stream` into `file`, which is left at its beginning. Raises `ValueError` for another digest."""
    found, size = sha256(), 0
    for chunk in chunks(stream):
        size += len(chunk)
        found.update(chunk)
        file.write(chunk)
    if found.hexdigest() != digest:
        raise ValueError(f"the content is not that of {digest}")
    file.seek(0)
    return Stored(digest, size, "application/octet-stream")


def _receive(stream: BinaryIO, name: str, file: IO[bytes], max_bytes: int) -> Stored:
    """Copy `stream` into `file`, which is left at its beginning, and look at it. Raises `FileRefused`."""
    ending = PurePosixPath(name.strip().replace("\\", "/")).suffix.lower()
    if ending not in MEDIA_TYPES:
        raise FileRefused(
            _(
                "“%(name)s” is not taken; the name of a file must end in one of %(endings)s.",
                name=name[-60:],
                endings=", ".join(MEDIA_TYPES),
            )
        )
    digest, size = sha256(), 0
    for chunk in chunks(stream):
        size += len(chunk)
        if size > max_bytes:
            raise FileTooLarge(_("The file is larger than %(most)s MB.", most=f"{max_bytes / (1 << 20):g}"))
        digest.update(chunk)
        file.write(chunk)
    if not size:
        raise FileRefused(_("The file is empty."))
    file.flush()
    found = content_types(file, size)
    if MEDIA_TYPES[ending] not in found:
        likely = next(other for other, media_type in MEDIA_TYPES.items() if media_type in found)
        raise FileRefused(
            _(
                "The name ends in %(ending)s, but the content is that of a %(likely)s file.",
                ending=ending,
                likely=likely,
            )
        )
    file.seek(0)
    return Stored(digest.hexdigest(), size, MEDIA_TYPES[ending])
