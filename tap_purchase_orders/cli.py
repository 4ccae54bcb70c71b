"""The command line: one line per error, and the exit status."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import warnings
from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_purchase_orders.errors import SettingsError, TapError
from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.logs import uncaught_errors_in_log

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

_INTERRUPTED_EXIT = 130
_AGE_OF_PYTHON = r"Python 3\.\d+ (?:will reach|reached) its end of life"


class TapCommand(SingerCommand):
    """The tap's command: any error becomes a readable line of the log."""

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command; errors become lines of the log and an exit status."""
        try:
            with uncaught_errors_in_log():
                return super().main(*args, **kwargs)
        except ConfigValidationError as error:
            self._fail(error.errors)
        except SettingsError as error:
            self._fail(error.mistakes)
        except TapError as error:
            self._fail([str(argument) for argument in error.args])
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED_EXIT)
        except Exception as error:  # the last resort, said in words
            self.logger.debug("the details", exc_info=True)
            name = type(error).__name__
            self._fail([f"unexpected {name}: {error}; for details set LOGLEVEL=DEBUG"])

    @override
    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the command; warnings go to the log."""
        logging.captureWarnings(capture=True)
        # The SDK's word on its later versions is none about the tap.
        warnings.filterwarnings("ignore", message=_AGE_OF_PYTHON)
        try:
            # Not the SDK's own: that one shows tracebacks.
            return click.Command.invoke(self, ctx)
        except BrokenPipeError as error:
            # Else the interpreter fails once more when it closes standard output.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            msg = (
                "the program that reads the messages, such as the loader, has ended: "
                "its own output says why"
            )
            raise TapError(msg) from error

    def _fail(self, lines: Iterable[str]) -> NoReturn:
        for line in lines:
            self.logger.error(line)
        sys.exit(1)


def checked_config(paths: Iterable[str]) -> None:
    """Return if the configuration files can be read.

    Args:
        paths: Paths of the files; `ENV` stands for the environment.

    Raises:
        SettingsError: A file is missing or holds no JSON object.
    """
    for path in paths:
        if path == "ENV":
            continue
        try:
            with open(path, "rb") as file:  # noqa: PTH123  # the path as it was given
                content = file.read()
        except OSError as error:
            msg = f"--config {path}: {error.strerror}"
            raise SettingsError(msg) from error
        _check_object(f"--config {path}", content)


def checked_environment(variables: Iterable[str]) -> None:
    """Return if the environment variables that must hold JSON do so.

    Raises:
        SettingsError: One of them holds something else.
    """
    for variable in variables:
        if variable in os.environ:
            _check_object(variable, os.environ[variable].encode())


def checked_input(option: str, file: IO[str] | None) -> IO[str] | None:
    """Return the content of a file that must hold a JSON object, to be read again.

    Raises:
        SettingsError: It holds something else.
    """
    if file is None:
        return None
    try:
        text = file.read()
    except UnicodeDecodeError as error:
        msg = f"{option} {file.name}: not a text file"
        raise SettingsError(msg) from error
    _check_object(f"{option} {file.name}", text.encode())
    return io.StringIO(text)


def _check_object(source: str, content: bytes) -> None:
    try:
        value = decode_body(content)
    except NotJsonError as error:
        msg = f"{source}: not JSON{_where_json_ends(content)}"
        raise SettingsError(msg) from error
    if not isinstance(value, dict):
        msg = f"{source}: must hold a JSON object"
        raise SettingsError(msg)


def _where_json_ends(content: bytes) -> str:
    """Return where a text stops being JSON, for the end of a message."""
    try:
        json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        return f" (line {error.lineno}, column {error.colno})"
    except ValueError:
        pass
    return ""
