"""Metadata of the package: a README without links that lead nowhere, and URLs.

On a package index there is nothing beside the README, so a link to `docs/report.md` has
to be absolute. Where the repository is, pyproject.toml says, once that is known.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_CODE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
# A link or picture whose target is a file of the repository.
_LINK = re.compile(
    r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<path>(?![a-z]+:|#)[^)\s]+)\)"
)


class MetadataHook(MetadataHookInterface):
    """Fills in `readme` and `urls`."""

    # `override` of typing is not there in Python 3.11, and nothing else in a build.
    def update(self, metadata: dict[str, Any]) -> None:  # type: ignore[explicit-override]
        """Add the two fields to the metadata of the project."""
        repository = self.config["repository"].rstrip("/")
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": long_description(readme, repository, f"v{metadata['version']}"),
        }
        if repository:
            files = f"{repository}/blob/v{metadata['version']}"
            metadata["urls"] = {
                "Repository": repository,
                "Documentation": f"{files}/docs/index.md",
                "Changelog": f"{files}/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }


def long_description(readme: str, repository: str, tag: str) -> str:
    """Return a README whose links work without the files beside it.

    Args:
        readme: The text, in Markdown.
        repository: Where the files are on the web. Empty: links become text.
        tag: Of which state the files are.
    """

    def replaced(link: re.Match[str]) -> str:
        if not repository:
            return "" if link["picture"] else link["text"]
        kind = "raw" if link["picture"] else "blob"
        target = f"{repository}/{kind}/{tag}/{link['path']}"
        return f"{link['picture']}[{link['text']}]({target})"

    parts = _CODE.split(readme)
    # Every other part is code, which stays as it is.
    parts[::2] = [_LINK.sub(replaced, part) for part in parts[::2]]
    return "".join(parts)
