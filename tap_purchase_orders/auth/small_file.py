"""Reads small files that settings name."""

from __future__ import annotations

import stat
from pathlib import Path

# A thousand times what a key, a chain of certificates or a token has.
_LARGEST_FILE_BYTES = 1024 * 1024


class UnusableFileError(Exception):
    """A file cannot be used; the message is put behind the name of the setting.

    The path itself is in no message: a credential may have been put in its place.
    """


class NoFileError(UnusableFileError):
    """There is no such file."""


def read_small_file(path: str) -> tuple[bytes, int]:
    """Return what is in a file, and its mode.

    Raises:
        NoFileError: It is not there.
        UnusableFileError: It is something else, or cannot be read.
    """
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            problem = "names a directory, not a file"
            raise UnusableFileError(problem)
        if not stat.S_ISREG(mode):
            problem = "names something that is no regular file"
            raise UnusableFileError(problem)
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST_FILE_BYTES + 1)
    except FileNotFoundError as error:
        problem = f"names {path}, which is not there"
        raise NoFileError(problem) from error
    except (OSError, ValueError) as error:
        raise unusable_path(error) from error
    if len(content) > _LARGEST_FILE_BYTES:
        problem = f"names a file of more than {_LARGEST_FILE_BYTES} bytes"
        raise UnusableFileError(problem)
    return content, mode


def unusable_path(error: OSError | ValueError) -> UnusableFileError:
    """Return what is wrong with a path that leads to an error."""
    if isinstance(error, OSError):
        return UnusableFileError(f"cannot be read: {error.strerror}")
    return UnusableFileError("cannot be the path of a file")
