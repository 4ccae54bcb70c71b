from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_purchase_orders.auth import refresh_token_file as module
from tap_purchase_orders.auth.refresh_token_file import KeptToken, RefreshTokenFile
from tap_purchase_orders.errors import CancelledError, SignInError
from tap_purchase_orders.instants import parse_instant
from tests.unit.configs import mistakes, partner_center

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "planted-refresh-token"
MOMENT = "2026-03-01T10:00:00Z"
SETTING = "`partner_center.auth.refresh_token_path`"
SECONDS = 60
_BEGIN = """
import os, signal, sys
from tap_purchase_orders.auth.refresh_token_file import KeptToken, RefreshTokenFile
file = RefreshTokenFile(sys.argv[1])
"""
HOLD = f"""{_BEGIN}
with file.lock():
    print("locked", flush=True)
    sys.stdin.read()
"""
DIE_WHILE_WRITING = f"""{_BEGIN}
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
os.umask(0)
os.{{call}} = die
with file.lock():
    file.write(KeptToken.new("new"))
"""
CHECK_WITHOUT_RIGHTS = f"""{_BEGIN}
if os.getuid() == 0:
    os.setuid(65534)
print(file.mistakes())
"""


def section(path: object) -> dict[str, str]:
    return {
        "method": "refresh_token",
        "tenant_id": "t",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "configured",
        "refresh_token_path": str(path),
    }


def kept(value: str = TOKEN) -> KeptToken:
    return KeptToken(value, parse_instant(MOMENT))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def run(script: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, path],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "token.json"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


# What is kept


@given(value=st.text(min_size=1).filter(lambda text: text.isprintable()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(value: str, path: Path) -> None:
    RefreshTokenFile(str(path)).write(kept(value))

    assert RefreshTokenFile(str(path)).read() == kept(value)


def test_the_file_is_json_for_its_owner_alone(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0o644)
    RefreshTokenFile(str(path)).write(kept())

    assert json.loads(path.read_text()) == {
        "refresh_token": TOKEN,
        "obtained_at": MOMENT,
    }
    assert mode(path) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_new_token_has_the_present_moment_in_utc() -> None:
    before = int(time.time())
    obtained_at = KeptToken.new(TOKEN).obtained_at
    after = time.time()

    assert obtained_at is not None
    assert before <= obtained_at.second <= after
    assert obtained_at.text.endswith("Z")


def test_a_token_that_is_kept_is_not_shown_by_accident() -> None:
    assert TOKEN not in repr(kept())


def test_a_link_is_followed_and_stays(path: Path, tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    target = tmp_path / "vault" / "kept.json"
    path.symlink_to(target)
    file = RefreshTokenFile(str(path))
    assert file.mistakes() == []
    assert file.read() is None
    with file.lock():
        file.write(kept())

    assert path.is_symlink()
    assert RefreshTokenFile(str(target)).read() == kept()
    assert mode(target.with_name("kept.json.lock")) == 0o600


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_file_is_as_none(content: str, path: Path) -> None:
    path.write_text(content)

    assert RefreshTokenFile(str(path)).read() is None
    assert mistakes(partner_center(auth=section(path))) == ()


def test_a_missing_file_is_one_that_is_not_there_yet(path: Path) -> None:
    assert RefreshTokenFile(str(path)).read() is None
    assert mistakes(partner_center(auth=section(path))) == ()
    assert not path.exists()


@pytest.mark.parametrize(
    "obtained_at", [None, "soon", 5, {}, "2026-02-30T00:00:00Z"], ids=repr
)
def test_a_token_without_a_readable_moment_is_used_all_the_same(
    obtained_at: object, path: Path
) -> None:
    path.write_text(json.dumps({"refresh_token": TOKEN, "obtained_at": obtained_at}))

    assert RefreshTokenFile(str(path)).read() == KeptToken(TOKEN, None)


# What is wrong


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"refresh_token": ""}',
        b'{"refresh_token": 5}',
        b'"planted-refresh-token"',
        b"planted-refresh-token",
        b"\xff\xfe",
        b"\0" * 2_000_000,
    ],
    ids=range(10),
)
def test_a_file_that_holds_something_else_is_a_mistake_and_stays_as_it_is(
    content: bytes, path: Path
) -> None:
    path.write_bytes(content)
    (line,) = mistakes(partner_center(auth=section(path)))

    assert line.startswith(f"{SETTING} names a file")
    assert TOKEN not in line
    with pytest.raises(SignInError, match="names a file"):
        RefreshTokenFile(str(path)).read()
    assert path.read_bytes() == content


def a_directory(folder: Path) -> str:
    return str(folder)


def in_no_directory(folder: Path) -> str:
    return str(folder / "nowhere" / "token.json")


def below_a_file(folder: Path) -> str:
    (folder / "file").touch()
    return str(folder / "file" / "token.json")


def a_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe")


def a_circle(folder: Path) -> str:
    (folder / "circle").symlink_to(folder / "circle")
    return str(folder / "circle")


def no_path_at_all(_folder: Path) -> str:
    return "a\0b"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (a_directory, "a directory"),
        (in_no_directory, "directory that is not there"),
        (below_a_file, "directory that is not there"),
        (a_pipe, "no regular file"),
        (a_circle, "cannot be read"),
        (no_path_at_all, "cannot be the path"),
    ],
)
def test_an_unwritable_path_is_a_settings_error(
    make: Callable[[Path], str], words: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    (line,) = mistakes(partner_center(auth=section(path)))

    assert line.startswith(SETTING)
    assert words in line
    assert path not in line


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "words"),
    [
        (0o555, 0o666, "directory that cannot be written to"),
        (0o777, 0o000, "cannot be read: Permission denied"),
    ],
)
def test_missing_rights_are_a_mistake(
    folder_mode: int, file_mode: int, words: str
) -> None:
    # Not below pytest's own folder: others may not look into that.
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top) / "folder"
        Path(top).chmod(0o755)
        folder.mkdir()
        (folder / "token.json").touch()
        (folder / "token.json").chmod(file_mode)
        folder.chmod(folder_mode)
        finished = run(CHECK_WITHOUT_RIGHTS, folder / "token.json")
        folder.chmod(0o777)

    assert words in finished.stdout, finished.stderr


def test_a_write_that_fails_leaves_what_was_there(path: Path) -> None:
    file = RefreshTokenFile(str(path))
    file.write(kept("before"))
    # In the way of the temporary file.
    (path.parent / "token.json.new").mkdir()

    with pytest.raises(OSError, match=r"token\.json\.new"):
        file.write(kept("after"))
    assert file.read() == kept("before")


# Other processes


def test_the_lock_is_waited_for_no_longer_than_is_set(
    holder: subprocess.Popen[str], path: Path
) -> None:
    file = RefreshTokenFile(str(path), lock_seconds=0)
    with pytest.raises(SignInError, match="another run") as caught, file.lock():
        pass

    assert SETTING in str(caught.value)
    assert holder.poll() is None


@pytest.mark.usefixtures("holder")
def test_waiting_for_the_lock_is_logged_once_and_can_be_cancelled(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SILENT_SECONDS", 0.0)
    caplog.set_level("INFO")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise CancelledError

    with pytest.raises(CancelledError), RefreshTokenFile(str(path)).lock(wait):
        pass

    assert max(waits) <= 1
    (line,) = caplog.messages
    assert "waiting for another run" in line
    assert SETTING in line


def test_a_process_that_is_killed_leaves_no_lock(
    holder: subprocess.Popen[str], path: Path
) -> None:
    holder.kill()
    holder.wait()

    with RefreshTokenFile(str(path), lock_seconds=0).lock():
        assert mode(path.with_name("token.json.lock")) == 0o600


def test_a_lock_that_cannot_be_had_names_the_setting(path: Path) -> None:
    (path.parent / "token.json.lock").mkdir()

    with (
        pytest.raises(SignInError, match="refresh_token_path"),
        RefreshTokenFile(str(path), lock_seconds=0).lock(),
    ):
        pass


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_process_that_is_killed_while_it_writes_leaves_what_was_there(
    call: str, path: Path
) -> None:
    file = RefreshTokenFile(str(path))
    file.write(kept("before"))
    finished = run(DIE_WHILE_WRITING.format(call=call), path)

    assert finished.returncode == -signal.SIGKILL, finished.stderr
    assert file.read() == kept("before")
    # Nobody else could read the new one either, not even for a moment.
    assert mode(path.with_name("token.json.new")) == 0o600
    file.write(kept("after"))
    assert file.read() == kept("after")
    assert not path.with_name("token.json.new").exists()
