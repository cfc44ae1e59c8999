"""DIRAC jobs as ready strings, and the words of a ticket about them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.feeds.registry import UnknownSource, find_kind
from juno_support.lib import display
from juno_support.lib.text import clean_line, shorten, show_bidi
from monitoring.jobs import JobFacts, SameError, from_evidence
from monitoring.look_up import FoundJob, our_sites
from tickets.models import JobEvidence, Priority, TicketType

MOST_SITES = 8
TONES = {"Done": "good", "Completed": "good", "Failed": "bad", "Killed": "bad", "Stalled": "bad"}


@dataclass(frozen=True)
class StepLine:
    """One line of a job's log."""

    when: SafeString
    words: str
    source: str


@dataclass(frozen=True)
class SiteCount:
    """How many jobs ended alike at a site; ``url`` where we know it."""

    name: str
    url: str
    count: int


@dataclass(frozen=True)
class JobCard:
    """A job, ready to be shown."""

    job_id: int
    headline: str
    state: SafeString
    facts: tuple[tuple[str, SafeString | str], ...]
    steps: tuple[StepLine, ...]
    same_words: str
    same_sites: tuple[SiteCount, ...]
    more_sites: int
    notes: tuple[str, ...]
    evidence_url: str
    origin: SafeString
    has_failed: bool
    redact_url: str = ""


def cards_of_found(found: Sequence[FoundJob], *, at: datetime) -> list[JobCard]:
    """Return the cards of jobs that were looked up; one query."""
    sites = _sites(job.facts for job in found)
    return [_card(job.facts, job.source, job.looked_up_at, "", sites=sites, at=at) for job in found]


def cards_of_evidence(
    rows: Iterable[JobEvidence], *, at: datetime, redacts_on: int | None = None
) -> list[JobCard]:
    """Return the cards of jobs that are kept; rows that no release can read any more are left out.

    One query.

    :param redacts_on: the ticket's number, where the reader may take a job out
    """
    readable: list[tuple[JobEvidence, JobFacts]] = []
    for row in rows:
        try:
            readable.append((row, from_evidence(row.data)))
        except (KeyError, TypeError, ValueError):
            continue
    sites = _sites(facts for _row, facts in readable)
    return [
        replace(
            _card(
                facts,
                row.source,
                row.looked_up_at,
                str(row.looked_up_by or ""),
                sites=sites,
                at=at,
            ),
            redact_url=reverse("redact-job", args=[redacts_on, row.pk]) if redacts_on else "",
        )
        for row, facts in readable
    ]


def draft_of(jobs: Sequence[FoundJob], *, type: TicketType, vo: int | None) -> dict[str, Any]:
    """Return the first values of the form that files a ticket about jobs; one query.

    The description is public: it tells of machines, not of the jobs' owners.
    """
    facts = [job.facts for job in jobs]
    known = _sites(facts)
    sites = list(dict.fromkeys(known[one.site] for one in facts if one.site in known))
    ended = sorted(one.ended_at for one in facts if one.ended_at is not None)
    hosts = list(dict.fromkeys(one.ce for one in facts if one.ce))
    data: dict[str, Any] = {
        "type": type.value,
        "subject": _subject(facts, known),
        "description": _description(facts, known),
        "sites": ", ".join(sites),
        "jobs": ", ".join(str(one.job_id) for one in facts),
        "hosts": ", ".join(hosts),
        "vo": str(vo or ""),
        "priority": str(Priority.URGENT.value if len(facts) > 1 else Priority.LESS_URGENT.value),
    }
    if ended:
        data |= {
            "problem_at": ended[0].astimezone(UTC).strftime("%Y-%m-%dT%H:%M"),
            "problem_zone": "UTC",
        }
    if type == TicketType.TEAM:
        data |= {"notified_site": sites[0] if sites else "", "sites": ", ".join(sites[1:])}
    return data


def _sites(facts: Iterable[JobFacts]) -> Mapping[str, str]:
    names: set[str] = set()
    for one in facts:
        names.add(one.site)
        if one.same_error:
            names |= {site for site, _count in one.same_error.by_site}
    return our_sites(names)


def _card(
    facts: JobFacts,
    source: str,
    looked_up_at: datetime,
    by: str,
    *,
    sites: Mapping[str, str],
    at: datetime,
) -> JobCard:
    words = ": ".join(filter(None, (facts.status, facts.minor_status)))
    same = facts.same_error
    by_site = same.by_site if same else ()
    is_page = facts.evidence_url.startswith(("https://", "http://"))
    return JobCard(
        job_id=facts.job_id,
        headline=show_bidi(words),
        state=display.pill(show_bidi(facts.status), TONES.get(facts.status, "info")),
        facts=tuple(_facts(facts, sites, at)),
        steps=tuple(
            StepLine(
                when=display.when(step.at, at),
                words=show_bidi(
                    ": ".join(
                        filter(None, (step.status, step.minor_status, step.application_status))
                    )
                ),
                source=show_bidi(step.source),
            )
            for step in facts.log
        ),
        same_words=_same_words(same) if same else "",
        same_sites=tuple(
            SiteCount(show_bidi(sites.get(name, name)), _site_url(sites.get(name)), count)
            for name, count in by_site[:MOST_SITES]
        ),
        more_sites=max(0, len(by_site) - MOST_SITES),
        notes=tuple(show_bidi(note) for note in facts.notes),
        evidence_url=facts.evidence_url if is_page else "",
        origin=_origin(source, looked_up_at, by, at),
        has_failed=facts.has_failed,
    )


def _facts(
    facts: JobFacts, sites: Mapping[str, str], at: datetime
) -> Iterable[tuple[str, SafeString | str]]:
    yield _("Site"), _site_words(facts.site, sites)
    lines: list[tuple[str, str]] = [
        (_("Minor status"), facts.minor_status),
        (_("Application"), facts.application_status),
        (_("Computing element"), facts.ce),
        (_("Worker node"), facts.worker_node),
        (_("Pilot"), " ".join(filter(None, (facts.pilot_status, facts.pilot_reference)))),
        (_("Name"), facts.job_name),
        (_("Type"), facts.job_type),
        (_("Production"), facts.job_group),
        (_("Owner"), " ".join(filter(None, (facts.owner, _in_brackets(facts.owner_group))))),
        (_("VO"), facts.vo),
    ]
    for name, value in lines:
        if value:
            yield name, show_bidi(value)
    moments = [
        (_("Submitted"), facts.submitted_at),
        (_("Started"), facts.started_at),
        (_("Ended"), facts.ended_at),
        (_("Last change"), facts.updated_at if not facts.ended_at else None),
        (_("Last sign of life"), facts.heartbeat_at if not facts.ended_at else None),
    ]
    for name, moment in moments:
        if moment:
            yield name, display.when(moment, at)
    if facts.times_rescheduled:
        yield _("Rescheduled"), str(facts.times_rescheduled)
    for name, value in list(facts.parameters.items())[:30]:
        yield show_bidi(name), show_bidi(value)


def _in_brackets(words: str) -> str:
    return f"({words})" if words else ""


def _site_words(name: str, sites: Mapping[str, str]) -> SafeString | str:
    if not name:
        return _("at no site yet")
    ours = sites.get(name)
    if ours is None:
        return show_bidi(name)
    return format_html('<a href="{}">{}</a> ({})', _site_url(ours), ours, show_bidi(name))


def _site_url(name: str | None) -> str:
    return reverse("sites:site", args=[name]) if name else ""


def _same_words(same: SameError) -> str:
    return ngettext(
        "%(n)s job ended alike in the 24 hours before the look-up",
        "%(n)s jobs ended alike in the 24 hours before the look-up",
        same.count,
    ) % {"n": f"{same.count:,}"}


def _origin(source: str, looked_up_at: datetime, by: str, at: datetime) -> SafeString:
    try:
        title = str(find_kind(source).title)
    except UnknownSource:
        title = source
    if by:
        return format_html(
            _("{source}, looked up by {by} {moment}"),
            source=title,
            by=by,
            moment=display.when(looked_up_at, at),
        )
    return format_html(
        _("{source}, looked up {moment}"), source=title, moment=display.when(looked_up_at, at)
    )


# The words of a ticket


def _subject(facts: Sequence[JobFacts], known: Mapping[str, str]) -> str:
    errors = Counter(one.minor_status or one.status for one in facts)
    error = errors.most_common(1)[0][0]
    sites = list(dict.fromkeys(known.get(one.site, one.site) for one in facts if one.site))
    failed = all(one.has_failed for one in facts)
    words = {
        "n": len(facts),
        "job": facts[0].job_id,
        "site": sites[0] if len(sites) == 1 else "",
        "error": error,
    }
    if len(facts) == 1:
        if not words["site"]:
            found = _("Job %(job)s failed: %(error)s") if failed else _("Job %(job)s: %(error)s")
        elif failed:
            found = _("Job %(job)s failed at %(site)s: %(error)s")
        else:
            found = _("Job %(job)s at %(site)s: %(error)s")
    elif not words["site"]:
        found = _("%(n)d jobs failed: %(error)s") if failed else _("%(n)d jobs: %(error)s")
    elif failed:
        found = _("%(n)d jobs failed at %(site)s: %(error)s")
    else:
        found = _("%(n)d jobs at %(site)s: %(error)s")
    return shorten(show_bidi(found % words), 250)


def _description(facts: Sequence[JobFacts], known: Mapping[str, str]) -> str:
    lines = [_("What DIRAC tells:"), ""]
    told: set[str] = set()
    for one in facts:
        place = ", ".join(
            filter(
                None,
                (
                    known.get(one.site, one.site),
                    one.ce,
                    f"pilot {one.pilot_status}" if one.pilot_status else "",
                ),
            )
        )
        words = ": ".join(filter(None, (one.status, one.minor_status)))
        line = f"- {one.job_id}: {_code(words)}"
        if place:
            line += f", {_code(place)}"
        if one.ended_at:
            line += f", {one.ended_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        lines.append(line)
        same = one.same_error
        if same and same.count > 1 and same.minor_status not in told:
            told.add(same.minor_status)
            where = ", ".join(
                f"{known.get(site, site)} {count}" for site, count in same.by_site[:MOST_SITES]
            )
            lines.append(f"  - {_same_words(same)}: {_code(where)}" if where else "")
    return "\n".join(lines) + "\n"


def _code(words: str) -> str:
    """Return outside words as code, so that nothing in them is taken for Markdown."""
    return "`" + clean_line(show_bidi(words)).replace("`", "'") + "`"
