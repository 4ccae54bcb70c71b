# ruff: noqa: INP001  # a hook of MkDocs, named in mkdocs.yml
"""Puts the repository's own pages into the documentation site.

README, SECURITY and their like stay where a reader of the repository looks for them.
The site has them below `project/`, and a link that works in the repository works in the
site: to a page; to another file, of which the site gets a copy; to a directory, as a
link to its README or as text alone. A page that would load anything from elsewhere
fails the build.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

# MkDocs has an environment of its own.
from mkdocs.exceptions import PluginError  # type: ignore[import-not-found]
from mkdocs.structure.files import (  # type: ignore[import-not-found]
    File,
    InclusionLevel,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPOSITORY = Path(__file__).resolve().parents[1]
_PAGES = {
    "README.md": "project/readme.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "benchmarks/README.md": "project/benchmarks.md",
    "transform/README.md": "project/models.md",
}
# The search shows pages first that say all of a thing, and last those that repeat it.
_BOOSTS = {
    "project/changelog.md": 0.2,
    "project/readme.md": 0.3,
    "reference/settings.md": 3,
    "release-checklist.md": 0.2,
}
_DOCS, _FILES = "docs/", "project/files/"
_CODE = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(
    r"\[(?P<text>[^\]]*)\]\((?P<path>(?![a-z]+:)[^)#\s]+)(?P<anchor>#[^)\s]*)?\)"
)
# What a browser fetches by itself; a link of the text is not among it.
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=.?(?:https?:)?//"
    r"|<link[^>]*\shref=.?(?:https?:)?//[^>]*>"
)


def on_files(files: Any, *, config: Any) -> Any:
    """Return the site's files with the repository's pages, and what pages link to."""
    for path in _PAGES:
        _add(files, config, path)
    unread = list(files.documentation_pages())
    while unread:
        page = unread.pop()
        for path in _linked(page.content_string, page.src_uri):
            if not path.startswith(_DOCS) and (_REPOSITORY / path).is_file():
                unread += _add(files, config, path)
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Return the text of a page, its links as they have to be in the site."""
    here = page.file.src_uri
    if here in _BOOSTS:
        page.meta["search"] = {"boost": _BOOSTS[here]}

    def rewritten(link: re.Match[str]) -> str:
        path = _repository_path(here, link["path"])
        if (_REPOSITORY / path).is_dir():
            return link["text"]
        target = posixpath.relpath(_site_path(path), posixpath.dirname(here) or ".")
        return f"[{link['text']}]({target}{link['anchor'] or ''})"

    parts = _CODE.split(markdown)
    # Every other part is code, which stays as it is.
    parts[::2] = [_LINK.sub(rewritten, part) for part in parts[::2]]
    return "".join(parts)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Return a page as it is.

    Raises:
        PluginError: A browser would load something from elsewhere.
    """
    if found := _LOADED.search(output):
        msg = f"{page.file.src_uri} loads something from elsewhere: {found[0]}"
        raise PluginError(msg)
    return output


def _linked(markdown: str, here: str) -> Iterator[str]:
    """Yield the paths, in the repository, that a page of the site links to."""
    for text in _CODE.split(markdown)[::2]:
        for link in _LINK.finditer(text):
            yield _repository_path(here, link["path"])


def _add(files: Any, config: Any, path: str) -> list[Any]:
    """Put a file of the repository into the site, if it is not there.

    Returns:
        The file, if it is a page that was not there.
    """
    name = _site_path(path)
    if files.get_file_from_path(name) is not None:
        return []
    source = str(_REPOSITORY / path)
    # Only the pages above are in the navigation.
    level = InclusionLevel.UNDEFINED if path in _PAGES else InclusionLevel.NOT_IN_NAV
    file = File.generated(config, name, abs_src_path=source, inclusion=level)
    files.append(file)
    return [file] if file.is_documentation_page() else []


def _repository_path(here: str, link: str) -> str:
    """Return where a link of a page leads, as a path of the repository.

    A directory is its README, if it has one.
    """
    own = {place: path for path, place in _PAGES.items()}
    if here.startswith(_FILES):
        page = here.removeprefix(_FILES)
    else:
        page = own.get(here, _DOCS + here)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    readme = posixpath.join(path, "README.md")
    return readme if (_REPOSITORY / readme).is_file() else path


def _site_path(path: str) -> str:
    """Return the place in the site of a file of the repository."""
    if path.startswith(_DOCS):
        return path.removeprefix(_DOCS)
    return _PAGES.get(path, _FILES + path)
