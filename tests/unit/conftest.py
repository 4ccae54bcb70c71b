from __future__ import annotations

from hypothesis import settings

# No deadline: how long an example takes says nothing on a shared machine.
settings.register_profile("unit", deadline=None, max_examples=60)
settings.load_profile("unit")
