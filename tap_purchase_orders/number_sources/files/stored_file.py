"""Opens a file on this machine, or in any storage that fsspec reaches."""

from __future__ import annotations

import hashlib
import re
import shutil
import ssl
import tempfile
from contextlib import contextmanager
from glob import glob, has_magic
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from tap_purchase_orders.errors import TapError
from tap_purchase_orders.extras import how_to_install
from tap_purchase_orders.http.proxy_and_trust import route_to
from tap_purchase_orders.number_sources.error_messages import in_words, source_error
from tap_purchase_orders.number_sources.files.gzip_layers import without_gzip
from tap_purchase_orders.redaction import Secrets
from tap_purchase_orders.urls import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEB = ("http://", "https://")
_LOCAL = re.compile(r"(?:file|local)://", re.IGNORECASE)
_PROTOCOL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")
# A name and a password, and what signs an address, stand in these places of a URL.
# Azure's abfs:// has a container before the @.
_USER = re.compile(r"(?<=://)(?<!abfs://)(?<!abfss://)[^/]*@")
_QUERY = re.compile(r"(?<=\?).*?(?=::|$)")
# What has to be installed for a protocol, beside the tap: a package, and our extra.
_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), ("s3fs", "s3")),
    **dict.fromkeys(("gs", "gcs"), ("gcsfs", "gcs")),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), ("adlfs", "azure-storage")),
    **dict.fromkeys(("http", "https"), ("aiohttp", "http")),
    **dict.fromkeys(("sftp", "ssh"), ("paramiko", "sftp")),
}
# With these begin the names of files that programs write beside the data.
_NO_DATA = (".", "_")
# The bytes of a larger file are not worth reading once more.
_LARGEST_DIGESTED_BYTES = 512 * 1024 * 1024
# What storages say of one version of a file: the first of a row that is there counts.
_VERSIONS = (
    ("content_md5", "md5Hash", "ETag", "etag", "CRC", "VersionId", "generation"),
    (
        *("mtime", "LastModified", "last_modified", "updated", "modify"),
        *("modificationTime", "last_write_time", "created"),
    ),
)


class StoredFile:
    """One file, by the setting `path`.

    Args:
        path: A path of this machine, or a URL.
        found: The storage and the name in it of one of several files that `path`
            stands for.

    Attributes:
        shown: The path as messages may show it: without a password or a signature.
    """

    def __init__(self, path: str, found: tuple[Any, str] | None = None) -> None:
        self._url = path
        self._found = found
        self.shown = (
            _QUERY.sub("***", _USER.sub("***@", path)) if _is_url(path) else path
        )
        self._hidden = _credentials_in(path) if _is_url(path) else []
        if found is not None:
            protocol = path.partition("://")[0]
            self.shown = f"{protocol}://{found[1].lstrip('/')}"

    @property
    def local_path(self) -> Path | None:
        """The path on this machine, none for a file that is elsewhere."""
        if "::" in self._url and _is_url(self._url):
            return None
        path, count = _LOCAL.subn("", self._url, count=1)
        is_local = count or not _is_url(self._url)
        return Path(path).expanduser() if is_local else None

    @property
    def name(self) -> str:
        """The part of the path that has the suffixes that tell the format."""
        if self._found is not None:
            return self._found[1]
        if not _is_url(self._url):
            return self._url
        # `zip://numbers.csv::s3://bucket/archive.zip`: the first is within the second,
        # `simplecache::s3://bucket/numbers.csv`: the first says only how to read.
        parts = [part for part in self._url.split("::") if "://" in part]
        return urlsplit(parts[0]).path if _is_web(parts[0]) else parts[0]

    @property
    def is_without_gzip(self) -> bool:
        """Whether it comes without the gzip around it, whatever its name says."""
        return _is_web(self._url)

    def mistakes(self) -> list[str]:
        """Return what is wrong with the path, as far as that shows without reading."""
        if any(
            part.lower().startswith("http://")
            and not is_loopback(urlsplit(part).hostname or "")
            for part in self._url.split("::")
        ):
            return ["must be https: http is for a server on this machine only"]
        try:
            path = self.local_path
            if path is None or _local_files(path) != [path] or path.is_file():
                return []
        except (OSError, RuntimeError, ValueError) as error:
            return [f"names {self.shown!r}, which cannot be read: {in_words(error)}"]
        what = "is no file" if path.exists() else "does not exist"
        return [f"names {self.shown!r}, which {what}"]

    def files(self) -> list[StoredFile]:
        """Return the files that the path stands for, in the order of their names.

        A path is that of one file, a folder, or a pattern. Files whose names begin
        with a point or an underscore are left out: they are no data by custom.

        Raises:
            SourceError: They cannot be listed.
        """
        with self._said_in_words():
            if (path := self.local_path) is not None:
                paths = _local_files(path)
                one = paths == [path]
                found = [self] if one else [StoredFile(str(each)) for each in paths]
            elif self._is_several:
                system, name = self._system()
                names = _remote_files(system, name)
                found = [StoredFile(self._url, (system, each)) for each in names]
            else:
                found = [self]
        return found

    @property
    def is_one(self) -> bool:
        """Whether the path is that of one file, and neither a folder nor a pattern."""
        path = self.local_path
        return not self._is_several if path is None else _local_files(path) == [path]

    @property
    def _is_several(self) -> bool:
        """Whether it is a folder or a pattern of a storage elsewhere."""
        if "::" in self._url or _is_web(self._url):
            return False
        return self._url.endswith("/") or "*" in self._url

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open the file to read it once; what goes wrong meanwhile is said in words.

        Raises:
            SourceError: It cannot be read.
        """
        with self._said_in_words():
            if (path := self.local_path) is not None:
                with path.open("rb") as local:
                    yield local
                return
            system, name = self._system()
            with system.open(name, "rb") as remote:
                if _is_web(self._url):
                    # A server may pack whatever it sends.
                    yield without_gzip(cast("IO[bytes]", remote))
                else:
                    yield cast("IO[bytes]", remote)

    @contextmanager
    def opened_for_seeking(self) -> Iterator[IO[bytes]]:
        """Open the file to read it in any order, as `opened` does.

        Raises:
            SourceError: It cannot be read.
        """
        with self.opened() as stored:
            if not _is_web(self._url):
                yield stored
                return
            # Few servers tell whether they can send a part of a file.
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(stored, copy)
                copy.seek(0)
                yield cast("IO[bytes]", copy)

    def version(self) -> str:
        """Return what tells the file, as it is now, from any other.

        Of a file on this machine that is a digest of its bytes, so that one that was
        only copied or written again is the same; of a huge one its size and time of
        change. Elsewhere it is what the storage says of it.

        Raises:
            SourceError: It cannot be told.
        """
        with self._said_in_words():
            if (path := self.local_path) is not None:
                return f"{self.shown}\0{_local_version(path)}"
            system, name = self._system()
            info = system.info(name)
            marks = [
                next((str(info[key]) for key in keys if info.get(key)), "")
                for keys in _VERSIONS
            ]
            # A time tells nothing more where there is a digest.
            mark = marks[0] or marks[1]
            return f"{self.shown}\0{info.get('size')}\0{mark}"

    def _system(self) -> tuple[Any, str]:
        """Return the storage, and the name of the file in it."""
        if self._found is not None:
            return self._found
        from fsspec.core import url_to_fs  # noqa: PLC0415  # few runs need it

        route = self._route_options()
        options = _web_options(self._url) | route if _is_web(self._url) else {}
        if not options and route:
            # A file within a file, or a copy of one.
            options = {"https": route}
        system, name = url_to_fs(self._url, **options)
        return system, name

    def _route_options(self) -> dict[str, Any]:
        """Return how a web server is reached, where the environment says so."""
        secure = [part for part in self._url.split("::") if _is_secure(part)]
        if not secure:
            return {}
        route = route_to(secure[-1], Secrets())
        if route.problem is not None:
            problem = f"{self.shown} cannot be read: {route.problem}"
            raise source_error(problem, "path")
        options: dict[str, Any] = {}
        if route.proxy:
            self._hidden += _credentials_in(route.proxy)
            options["proxy"] = route.proxy
        if route.authorities_variable:
            is_folder = Path(route.authorities).is_dir()
            options["ssl"] = ssl.create_default_context(
                cafile=None if is_folder else route.authorities,
                capath=route.authorities if is_folder else None,
            )
        return options

    @contextmanager
    def _said_in_words(self) -> Iterator[None]:
        try:
            yield
        except TapError:
            raise
        except ImportError as error:
            problem = f"{self.shown} cannot be read: {self._missing_package(error)}"
            raise source_error(problem, "path") from error
        except Exception as error:  # each storage has errors of its own
            problem = f"{self.shown} cannot be read: {in_words(error, self._hidden)}"
            raise source_error(problem, "path") from error

    def _missing_package(self, error: ImportError) -> str:
        for protocol in _PROTOCOL.findall(self._url):
            if protocol.lower() in _PACKAGES:
                package, extra = _PACKAGES[protocol.lower()]
                return (
                    f"{protocol}:// needs the package {package}: "
                    f"{how_to_install(extra)}"
                )
        return in_words(error, self._hidden)


def _is_url(path: str) -> bool:
    return "://" in path


def _is_secure(url: str) -> bool:
    return url.lower().startswith("https://")


def _credentials_in(url: str) -> list[str]:
    """Return what no message may show of a URL."""
    found = [
        part.rstrip("@") for pattern in (_USER, _QUERY) for part in pattern.findall(url)
    ]
    # The password alone may be shown just as little.
    return found + [part.partition(":")[2] for part in found if ":" in part]


def _is_web(url: str) -> bool:
    return url.lower().startswith(_WEB) and "::" not in url


def _web_options(url: str) -> dict[str, Any]:
    """Return how a file of a web server is asked for: as it is stored, and at once."""
    from fsspec.config import conf  # noqa: PLC0415  # few runs need it

    own = conf.get(url.partition("://")[0].lower(), {})
    return {
        "block_size": 0,
        "client_kwargs": {**own.get("client_kwargs", {}), "auto_decompress": False},
        "headers": {**own.get("headers", {}), "Accept-Encoding": "identity"},
    }


def _local_files(path: Path) -> list[Path]:
    if path.is_dir():
        found = [each for each in path.iterdir() if each.is_file()]
    elif path.is_file() or not has_magic(str(path)):
        return [path]
    else:
        # A pattern may be absolute, which those of pathlib may not.
        names = glob(str(path), recursive=True)  # noqa: PTH207
        found = [each for each in map(Path, names) if each.is_file()]
    return sorted(each for each in found if not each.name.startswith(_NO_DATA))


def _remote_files(system: Any, name: str) -> list[str]:
    if "*" in name:
        found = system.glob(name, detail=True).items()
    else:
        found = [(each["name"], each) for each in system.ls(name, detail=True)]
    return sorted(
        each
        for each, about in found
        if about.get("type") == "file"
        and not each.rpartition("/")[2].startswith(_NO_DATA)
        and not each.endswith("/")
    )


def _local_version(path: Path) -> str:
    about = path.stat()
    if about.st_size > _LARGEST_DIGESTED_BYTES:
        return f"{about.st_size}\0{about.st_mtime_ns}"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
