"""The tap's command; `python -m tap_purchase_orders` is the same."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the SDK imports for its targets, and for batches of files that this tap does not
# write: a fifth of the time to the first request.
_UNUSED = ("joblib", "upath")


def main() -> None:
    """Run the command."""
    # What is imported stays. To look for garbage among it, again and again, takes a
    # quarter of the start, and some of the run.
    gc.disable()
    try:
        with _left_out(_UNUSED):
            import singer_sdk  # noqa: F401, PLC0415
    except ImportError:
        # Another version of it, that needs more of them: then with all.
        for name in [name for name in sys.modules if name.startswith("singer_sdk")]:
            del sys.modules[name]
    from tap_purchase_orders.tap import TapPurchaseOrders  # noqa: PLC0415  # see above

    gc.freeze()
    gc.enable()
    TapPurchaseOrders.cli()


@contextmanager
def _left_out(names: tuple[str, ...]) -> Iterator[None]:
    """Keep some packages from being imported, for as long as this lasts."""
    for name in names:
        sys.modules[name] = _LeftOut(name)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


class _LeftOut(ModuleType):
    """Stands in for a package: whatever is imported from it is none."""

    @override
    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


if __name__ == "__main__":
    main()
