"""Minor units of currencies, and amounts written in them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

# ISO 4217, list one (current currency and funds codes): the codes whose minor unit is
# not two digits. Codes without a minor unit, such as XAU, are no money here.
_MINOR_UNITS = {
    **dict.fromkeys(
        (
            *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
            *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_USUAL_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency; `currency` is None if the amount names none."""

    amount: Decimal
    currency: str | None

    @property
    def text(self) -> str:
        """The amount, rounded half up to the minor unit of its currency."""
        with localcontext() as context:
            context.rounding = ROUND_HALF_UP
            return f"{self.amount:z,.{minor_unit(self.currency)}f}"

    @property
    def exact(self) -> str:
        """The amount with all its digits."""
        return f"{self.amount:f}"


def minor_unit(currency: str | None) -> int:
    """Return how many decimals a currency has; two for an unknown code."""
    return _MINOR_UNITS.get((currency or "").upper(), _USUAL_DIGITS)
