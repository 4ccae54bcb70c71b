"""Display names of the upstreams."""

_NAMES = {"partner_center": "Partner Center", "appzen": "AppZen"}


def upstream_name(section: str | None) -> str | None:
    """Return the name of an upstream, by the section of the settings."""
    return _NAMES.get(section or "", section)
