"""Who may make control calls: the machine that the sandbox runs on."""

from __future__ import annotations

import pytest

from tap_purchase_orders.sandbox.messages import is_of_this_machine


@pytest.mark.parametrize(
    ("client", "server"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.1"),
        ("::1", "::1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_a_call_of_the_machine_itself_is_one_of_this_machine(
    client: str, server: str
) -> None:
    assert is_of_this_machine(client, server)


@pytest.mark.parametrize(
    ("client", "server"),
    [("192.0.2.2", "192.0.2.1"), ("192.0.2.2", "127.0.0.1"), ("", "")],
)
def test_a_call_of_another_machine_is_not(client: str, server: str) -> None:
    assert not is_of_this_machine(client, server)
