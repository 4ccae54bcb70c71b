"""What is given to others: the sdist, the wheel, and the image of a container."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_build import long_description

if TYPE_CHECKING:
    from email.message import Message

PROJECT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://git.example.com/data/tap-purchase-orders"
DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
HADOLINT = Path(sys.executable).with_name("hadolint")


def run(
    *command: str | Path, at: Path = PROJECT, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, check=False, capture_output=True, cwd=at, text=True, timeout=timeout
    )


def build(project: Path, target: str, folder: Path) -> Path:
    done = run(
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        target,
        "-d",
        folder,
        at=project,
    )
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob({"sdist": "*.tar.gz", "wheel": "*.whl"}[target])
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(PROJECT, "sdist", folder)) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("/METADATA"))
        return message_from_bytes(archive.read(name))


def targets(markdown: str) -> list[str]:
    """Return where the links and pictures of a text lead."""
    text = re.sub(r"^```.*?^```$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"\]\(([^)\s]+)", text)


def description(message: Message) -> str:
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_the_sdist_has_everything_that_is_in_the_repository(sdist: Path) -> None:
    listed = run("git", "ls-files", "-z")
    if listed.returncode:
        pytest.skip("no repository here")
    tracked = [name for name in listed.stdout.split("\0") if name]

    assert tracked
    assert [
        name
        for name in tracked
        if (PROJECT / name).is_file() and not (sdist / name).is_file()
    ] == []


def test_the_long_description_has_no_link_that_leads_nowhere(
    sdist: Path, tmp_path: Path
) -> None:
    said = metadata(build(sdist, "wheel", tmp_path))

    assert said["Description-Content-Type"] == "text/markdown"
    assert "tap-purchase-orders" in description(said)
    links = targets(description(said))
    assert links
    assert [link for link in links if not link.startswith("https://")] == []


def test_once_the_repository_is_known_every_link_leads_there(
    sdist: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(sdist, project)
    (project / "PKG-INFO").unlink()
    table = project / "pyproject.toml"
    text = table.read_text(encoding="utf-8")
    assert text.count('repository = ""') == 1
    table.write_text(
        text.replace('repository = ""', f'repository = "{REPOSITORY}/"'),
        encoding="utf-8",
    )

    said = metadata(build(project, "wheel", tmp_path))

    urls = said.get_all("Project-URL")
    assert urls
    assert f"Repository, {REPOSITORY}" in urls
    assert f"Issues, {REPOSITORY}/issues" in urls
    tag = f"v{said['Version']}"
    within = [
        link.removeprefix(f"{REPOSITORY}/")
        for link in targets(description(said))
        if link.startswith(REPOSITORY)
    ]
    # As many as in the README, all of them files that are there.
    relative = [
        link
        for link in targets((PROJECT / "README.md").read_text(encoding="utf-8"))
        if not link.startswith(("https:", "#"))
    ]
    assert len(within) == len(relative) > 0
    for link in within:
        kind, state, path = link.split("/", 2)
        assert kind == ("raw" if path.endswith((".png", ".svg")) else "blob")
        assert state == tag
        assert (PROJECT / path.partition("#")[0]).exists()


def test_code_and_anchors_of_the_readme_stay_as_they_are() -> None:
    readme = "[a](#b)\n```text\n[c](d.md)\n```\n![e](f.png) [g](h.md)\n"

    assert long_description(readme, "", "v1") == (
        "[a](#b)\n```text\n[c](d.md)\n```\n g\n"
    )
    assert long_description(readme, "https://x", "v1") == (
        "[a](#b)\n```text\n[c](d.md)\n```\n"
        "![e](https://x/raw/v1/f.png) [g](https://x/blob/v1/h.md)\n"
    )


def test_the_linter_has_nothing_to_say_about_the_dockerfile(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python:latest\nRUN cd /srv\n", encoding="utf-8")

    assert run(HADOLINT, bad).returncode != 0
    assert run(HADOLINT, "Dockerfile").stdout == ""


def test_the_image_is_as_its_users_expect() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    final = DOCKERFILE.rpartition("FROM ")[2]

    assert {*bases} == {"python:3.13-slim-bookworm"}
    # A number, so that Kubernetes can see that it is not root.
    assert re.findall(r"^USER (.*)$", final, re.MULTILINE) == ["10001"]
    assert "compileall" in final
    assert 'ENTRYPOINT ["tap-purchase-orders"]' in final


def test_what_the_dockerfile_copies_is_enough_to_make_the_wheel(
    tmp_path: Path,
) -> None:
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    let_in = (PROJECT / ".dockerignore").read_text(encoding="utf-8").split()
    for name in copied:
        assert f"!{name}" in let_in
        source, copy = PROJECT / name, tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy)
        else:
            shutil.copy(source, copy)

    wheel = build(tmp_path, "wheel", tmp_path / "dist")

    with zipfile.ZipFile(wheel) as archive:
        assert "tap_purchase_orders/schemas/orders.json" in archive.namelist()


def test_the_image_runs_as_nobody_in_particular() -> None:
    if shutil.which("docker") is None or run("docker", "version").returncode:
        pytest.skip("no Docker here")
    built = run("docker", "build", "--quiet", ".", timeout=280)
    if built.returncode and re.search(r"pull|resolve|registry", built.stderr):
        pytest.skip("the base image cannot be had here")
    assert built.returncode == 0, built.stderr
    image = built.stdout.strip()
    try:
        asked = run("docker", "run", "--rm", "--read-only", image, "--version")
        assert asked.returncode == 0, asked.stderr
        assert asked.stdout.startswith("tap-purchase-orders ")
        user = run("docker", "run", "--rm", "--entrypoint", "id", image, "-u")
        assert user.stdout.strip() == "10001"
    finally:
        run("docker", "rmi", "--force", image)
