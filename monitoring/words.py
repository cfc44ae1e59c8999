"""The words and figures of states: sources, metrics, what was counted and measured."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from juno_support.feeds.registry import UnknownSource, find_kind
from juno_support.lib import text
from monitoring.observations import EntityKind
from monitoring.statuses import Status


def source_name(name: str) -> str:
    """Return how a source is called where room is short; its own name if it is gone."""
    try:
        kind = find_kind(name)
    except UnknownSource:
        return name
    return kind.short or str(kind.title)


# Sources that look at the same system, and therefore often say the same.
_FAMILIES = {
    "dirac-https": "dirac",
    "dirac-webapp": "dirac",
    "diracx": "dirac",
    "perfsonar": "perfsonar",
    "maddash": "perfsonar",
}


def family_of(source: str) -> str:
    """Return what is alike for sources that look at the same system; its name for any other."""
    return _FAMILIES.get(source, source)


def metric_word(metric: str) -> str:
    """Return what a metric is about, in the reader's language; a pushed one names itself."""
    words = {
        "status": "",
        "rss": _("status"),
        "read": _("reading"),
        "write": _("writing"),
        "check": _("checking"),
        "remove": _("removing"),
        "mask": _("site mask"),
        "jobs": _("jobs"),
        "pilots": _("pilots"),
        "requests": _("requests"),
        "space": _("space"),
        "loss": _("loss"),
        "delay": _("delay"),
        "throughput": _("throughput"),
    }
    return words.get(metric, text.show_bidi(metric))


def status_word(status: str) -> str:
    """Return a state in the reader's language."""
    return str(Status(status).label) if status in Status.values else status


def numbers(details: Mapping[str, Any]) -> list[str]:
    """Return the figures that people look for, each with its word, of a state's details."""
    found = []
    counts = details.get("counts")
    if isinstance(counts, Mapping):
        for name, word in _count_words():
            if (number := _number(counts.get(name))) is not None:
                found.append(word % {"n": _figure(number)})
        if (percent := _number(details.get("percent"))) is not None:
            found.append(_("%(n)s %% good") % {"n": _figure(percent)})
        if found and (hours := _number(details.get("hours"))):
            found.append(_("last %(n)s h") % {"n": _figure(hours)})
    for name, word, usual in _figure_words():
        if (number := _number(details.get(name))) is not None:
            said = word % {"n": _figure(number)}
            if usual and (as_usual := _number(details.get(usual))) is not None:
                said = _("%(figure)s (usual %(n)s)") % {"figure": said, "n": _figure(as_usual)}
            found.append(said)
    return found


def _count_words() -> list[tuple[str, str]]:
    return [
        ("Running", _("%(n)s running")),
        ("Waiting", _("%(n)s waiting")),
        ("Failed", _("%(n)s failed")),
        ("Stalled", _("%(n)s stalled")),
        ("Aborted", _("%(n)s aborted")),
        ("Done", _("%(n)s done")),
    ]


def _figure_words() -> list[tuple[str, str, str]]:
    return [
        ("loss_percent", _("loss %(n)s %%"), ""),
        ("delay_ms", _("delay %(n)s ms"), "usual_delay_ms"),
        ("mbit_per_s", _("%(n)s Mbit/s"), "usual_mbit_per_s"),
        ("failed_requests", _("%(n)s failed requests"), ""),
        ("failed_transfers", _("%(n)s failed transfers"), ""),
        ("failed_files", _("%(n)s failed files"), ""),
    ]


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None


def _figure(number: float) -> str:
    """Return a number in few digits: 0.25, 61.4, 7,010."""
    if number.is_integer() or abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def entity_name(kind: str, name: str) -> str:
    """Return a thing's name for people: "host (type)" for a service, "one → other" for a link."""
    name = text.show_bidi(name)
    if kind == EntityKind.LINK:
        return " → ".join(name.split(maxsplit=1))
    if kind == EntityKind.SERVICE and " " in name:
        host, _space, service_type = name.partition(" ")
        return f"{host} ({service_type})"
    return name


def series_name(series: Mapping[str, Any]) -> str:
    """Return what a series is about: "ARGO" or "DIRAC jobs" of a site itself, else with the thing.

    :param series: has ``kind``, ``entity``, ``source`` (or ``sources``, where several tell the
        same), ``metric`` and perhaps ``vo``
    """
    sources = series.get("sources") or [series["source"]]
    parts = (
        "" if series["kind"] == EntityKind.SITE else entity_name(series["kind"], series["entity"]),
        ", ".join(source_name(source) for source in sources),
        metric_word(series["metric"]),
        _("for %(vo)s") % {"vo": series["vo"]} if series.get("vo") else "",
    )
    return " ".join(part for part in parts if part)
