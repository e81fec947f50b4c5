"""Files of object stores and web servers, through fsspec: the extra ``cloud``.

A remote file is an address as text, ``s3://bucket/face.jpg``. Who may read it, and how, is fsspec's business: its
configuration, environment variables and credential files hold here as everywhere.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from faceqgen_core.media.formats import IMAGE_SUFFIXES

SCHEMES = ("s3", "gs", "gcs", "az", "abfs", "http", "https", "memory")
"""What an address may begin with. fsspec has more; some of them start programs or read this machine's files."""

LARGEST = 256 << 20
"""Bytes of the largest file that is fetched."""

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")  # one letter would be a drive
_WEB = ("http", "https")
_PIECE = 1 << 20


class RemoteError(ValueError):
    """A remote file or folder that cannot be read; the message says why, without what may be secret in the address."""


def is_remote(path: object) -> bool:
    """Whether this is the address of a remote file: text that begins with ``name://``."""
    return isinstance(path, str) and _ADDRESS.match(path) is not None


def was_remote(path: str) -> bool:
    """Whether a path looks like an address that has lost a slash by becoming a ``Path``."""
    name, _, rest = path.partition(":/")
    return name.lower() in SCHEMES and not rest.startswith("/")


def short_name(url: str) -> str:
    """The last part of an address, without the query, which may hold a signature."""
    return PurePosixPath(urlsplit(url).path).name or urlsplit(url).netloc.rpartition("@")[2]


def fetch(url: str) -> io.BytesIO:
    """The content of a remote file.

    Raises:
        RemoteError: it is not there, may not be read, is larger than ``LARGEST``, or fsspec is missing.
    """
    system, path = file_system(url)
    # From web servers as a stream: not every one of them can send parts.
    options = {"block_size": 0} if _scheme(url) in _WEB else {}
    content = io.BytesIO()
    try:
        with system.open(path, "rb", **options) as file:
            while piece := file.read(_PIECE):
                content.write(piece)
                if content.tell() > LARGEST:
                    raise RemoteError(f"over {LARGEST >> 20} MB, the most that is fetched")
    except RemoteError:
        raise
    except Exception as error:
        raise RemoteError(_why(error, url)) from error
    content.seek(0)
    return content


def state(url: str) -> tuple[int, int] | None:
    """What tells that a remote file is still the same: its size and a digest of its version; None if nothing does."""
    try:
        system, path = file_system(url)
        known = system.info(path)
    except Exception:  # fetching it will say what is wrong
        return None
    names = ("ETag", "etag", "md5Hash", "LastModified", "mtime", "updated", "created")
    version = next((str(known[name]) for name in names if known.get(name)), "")
    if not version:
        return None
    return int(known.get("size") or 0), int(hashlib.sha256(version.encode()).hexdigest()[:15], 16)


def images_at(url: str) -> list[str]:
    """The image at an address, or, if it is a folder, all images in it and below, sorted, hidden ones left out.

    A web server has no folders: its address is that of a file, which is not looked at yet.

    Raises:
        RemoteError: there is nothing, it cannot be listed, or a folder holds no image.
    """
    system, path = file_system(url)
    if _scheme(url) in _WEB:
        return [url]
    try:
        if not system.isdir(path):
            if not system.exists(path):
                raise FileNotFoundError
            return [url]
        inside = sorted(system.find(path))
    except Exception as error:
        raise RemoteError(f"{short_name(url)}: {_why(error, url)}") from error
    start = str(path).rstrip("/")
    images = [
        str(system.unstrip_protocol(name))
        for name in inside
        if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES
        and not any(part.startswith(".") for part in name.removeprefix(start).split("/"))
    ]
    if not images:
        looked = ", ".join(sorted(IMAGE_SUFFIXES))
        raise RemoteError(f"no image in the folder {url}; looked for {looked}")
    return images


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def file_system(url: str) -> tuple[Any, str]:
    """The file system that fsspec has for an address, and the path in it.

    Raises:
        RemoteError: an address of another kind, fsspec or what it needs for this one is missing, or nobody may use it.
    """
    if _scheme(url) not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES[:-1])
        raise RemoteError(f"{_scheme(url)}:// is not read; what is: {known}")
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url)
    except ImportError as error:
        raise RemoteError(
            f'{_scheme(url)}:// needs the extra "cloud": pip install "faceqgen[cloud]" ({error})'
        ) from error
    except Exception as error:
        raise RemoteError(_why(error, url)) from error
    return system, path


def _why(error: BaseException, url: str) -> str:
    if isinstance(error, FileNotFoundError) and error.__cause__ is not None:
        return _why(error.__cause__, url)  # of web servers that do not answer fsspec says the same
    if isinstance(error, FileNotFoundError) or getattr(error, "status", None) == 404:
        return "no such file"
    if isinstance(error, PermissionError):
        return "no permission to read the file"
    # a signature or a password stays out of tables and logs
    parts = urlsplit(url)
    text = str(error).replace(url, short_name(url))
    for secret in (parts.query, parts.password):
        text = text.replace(secret, "...") if secret else text
    return f"cannot be fetched: {type(error).__name__}: {text}"[:300]
