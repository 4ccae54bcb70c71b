"""Errors whose message is written for the person who runs the tap."""

from __future__ import annotations


class TapError(Exception):
    """Something a person can act on; the message is shown as it is, in one line."""


class SettingsError(TapError):
    """One or more settings, or the state or catalog given, cannot be used.

    Args:
        mistakes: One line for each mistake; each names the setting.
    """

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


class UpstreamRefusedError(TapError):
    """An upstream refuses this caller everything: its part of the run ends."""


class UpstreamDownError(UpstreamRefusedError):
    """An upstream is down; a later run can go on from here."""


class SignInError(UpstreamRefusedError):
    """Sign-in failed; the message names the setting to check."""


class SourceError(UpstreamRefusedError):
    """A source of numbers cannot be read; the message names the setting."""


class CancelledError(Exception):
    """The run was cancelled while something was waiting."""


class BudgetUsedUpError(CancelledError):
    """The budget of requests was used up before there was a good response."""


class EndedBySignalError(SystemExit):
    """A signal ended the run; what was read is written, and the state behind it.

    Args:
        signal_number: The signal.
    """

    def __init__(self, signal_number: int) -> None:
        # What a shell reports of a process that a signal ended.
        self.exit_status = 128 + signal_number
        super().__init__(self.exit_status)
