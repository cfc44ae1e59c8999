"""How the feeds are, in one line, for the foot of every page and for the first page."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from juno_support.feeds.queries import Freshness
from juno_support.feeds.recent import recent_freshness
from juno_support.feeds.registry import find_kind
from juno_support.lib.display import age_text


@dataclass(frozen=True)
class HealthLine:
    """What is said, and its tone: ``good``, ``warn`` or ``bad``."""

    text: str
    tone: str


def health_line(*, at: datetime) -> HealthLine:
    """Return one line about all sources; data that are old are named first."""
    sources = {
        name: source
        for name, source in recent_freshness(at).items()
        # Lists that people bring by hand grow old, and nobody is to blame.
        if source.is_in_use or (source.last_success is not None and not find_kind(name).is_pushed)
    }
    never = [name for name, source in sources.items() if source.last_success is None]
    stale = [name for name, source in sources.items() if source.stale and source.last_success]
    if len(never) == len(sources):
        return HealthLine(_("No source has been read yet."), "bad")
    if never or stale:
        parts = [_said(name, sources[name], at) for name in stale]
        parts += [_("%(source)s never") % {"source": find_kind(name).title} for name in never]
        return HealthLine(
            _("Old data: last read %(sources)s") % {"sources": "; ".join(parts)}, "warn"
        )
    parts = [_said(name, source, at) for name, source in sources.items()]
    return HealthLine(
        _("Fresh data: last read %(sources)s") % {"sources": "; ".join(parts)}, "good"
    )


def _said(name: str, source: Freshness, at: datetime) -> str:
    age = age_text(source.last_success, at) if source.last_success else "–"
    return f"{find_kind(name).title} ({age})"
