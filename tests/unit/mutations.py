"""Documented payloads, changed at random: what an upstream might send some day."""

from __future__ import annotations

import codecs
import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

# As they stand in the text of a body.
_SPELLINGS = (
    *("null", "true", "false", "0", "-0", "1", "-1", "1.0", "12.50", "1e3", "1E-400"),
    *("0.0000001", "9" * 19, "9" * 500, f"0.{'5' * 400}", "1e-999999999999999999"),
    *('""', '" "', '"0"', '"1.50"', '"1,200.00"', '"NaN"', '"true"', '"yes"', "[]"),
    *("{}", "[null]", "[[]]", '[""]', '{"": null}', '{"a": {"b": [1, "2"]}}'),
    *('"2026-01-31"', '"2026-02-30"', '"2026-01-31T00:00:00Z"', '"31/01/2026"'),
    *('"2026-03-04T23:17:42.318-05:00"', '"2026-06-30T23:59:60Z"', '"soon"'),
    *('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59.9999999-14:00"'),
    *('"\\u0000"', '"\\ud800"', '"\\u2028"', '"\\ufeff"', '"%s"' % ("x" * 2000)),
)
# Stands for the spelling of that number while a body is still a value.
_PLACE = "\N{OBJECT REPLACEMENT CHARACTER}%d\N{OBJECT REPLACEMENT CHARACTER}"


def mutated(body: bytes, chance: random.Random) -> bytes:
    """Return a body with some changes, mostly still JSON.

    Args:
        body: The documented one.
        chance: Decides what changes.
    """
    value = json.loads(body.removeprefix(codecs.BOM_UTF8))
    spellings: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        places = list(_places(value))
        if not places:
            break
        holder, key = chance.choice(places)
        chance.choice(_CHANGES)(holder, key, chance, spellings)
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    for number, spelling in enumerate(spellings):
        text = text.replace(json.dumps(_PLACE % number), spelling)
        text = text.replace(f'"{_PLACE % number}"', spelling)
    changed = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.2:
        changed = codecs.BOM_UTF8 + changed
    if chance.random() < 0.02:
        changed = changed[: chance.randrange(len(changed))]
    return changed


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place of a value: what holds it, and by which key."""
    keys = range(len(value)) if isinstance(value, list) else list(value)
    for key in keys:
        yield value, key
        if isinstance(value[key], list | dict):
            yield from _places(value[key])


def _respell(holder: Any, key: Any, chance: random.Random, seen: list[str]) -> None:
    holder[key] = _PLACE % len(seen)
    seen.append(chance.choice(_SPELLINGS))


def _remove(holder: Any, key: Any, _: random.Random, __: list[str]) -> None:
    del holder[key]


def _wrap(holder: Any, key: Any, chance: random.Random, _: list[str]) -> None:
    holder[key] = chance.choice(([holder[key]], {"value": holder[key]}))


def _as_text(holder: Any, key: Any, _: random.Random, __: list[str]) -> None:
    if not isinstance(holder[key], list | dict):
        holder[key] = str(holder[key])


def _again(holder: Any, key: Any, chance: random.Random, _: list[str]) -> None:
    if isinstance(holder, list):
        holder.insert(chance.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
    else:
        holder[f"{key}{chance.choice(('', '2', ' ', '_id'))}"] = holder[key]


def _rename(holder: Any, key: Any, chance: random.Random, _: list[str]) -> None:
    if isinstance(holder, dict):
        name = chance.choice((key.upper(), f"{key}s", "", "userCredentials", "x" * 300))
        holder[name] = holder.pop(key)


def _swap(holder: Any, key: Any, chance: random.Random, _: list[str]) -> None:
    other = chance.choice(list(_places(holder)))[1]
    if other in holder if isinstance(holder, dict) else isinstance(other, int):
        if isinstance(holder, list) and other >= len(holder):
            return
        holder[key], holder[other] = holder[other], holder[key]


_CHANGES: tuple[Callable[[Any, Any, random.Random, list[str]], None], ...] = (
    *(_respell, _respell, _respell, _respell),
    *(_remove, _wrap, _as_text, _again, _rename, _swap),
)
