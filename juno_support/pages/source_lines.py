"""Where a source stands, in words: its last polls, what it saw, how old its data are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from juno_support.feeds import certificates
from juno_support.feeds.configuration import Configuration
from juno_support.feeds.forms import SourceForm
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.queries import Standing
from juno_support.lib import display
from juno_support.lib.http import without_password
from juno_support.lib.text import show_bidi
from juno_support.pages.diracx_login import LoginLine, login_line
from monitoring.names import namespace_of

OUTCOME_TONES = {
    Outcome.OK: "good",
    Outcome.UNCHANGED: "good",
    Outcome.SUSPICIOUS: "warn",
    Outcome.FAILED: "bad",
}
REFUSED_SHOWN = 50
KIND_WORDS = {
    "things": gettext_lazy("things"),
    "statuses": gettext_lazy("states"),
    "names": gettext_lazy("names"),
    "unmapped": gettext_lazy("names that nobody could match"),
    "jobs": gettext_lazy("jobs"),
    "pilots": gettext_lazy("pilots"),
    "requests": gettext_lazy("requests"),
    "resources": gettext_lazy("storage elements and other resources"),
    "links": gettext_lazy("links"),
    "tests": gettext_lazy("tests"),
    "grids": gettext_lazy("grids"),
    "checks": gettext_lazy("checks"),
    "events": gettext_lazy("events"),
    "rss_site": gettext_lazy("sites"),
    "rss_storage": gettext_lazy("storage elements"),
    "rss_compute": gettext_lazy("computing elements"),
    "rss_fts": gettext_lazy("FTS servers"),
    "jobs_waiting_for_any_site": gettext_lazy("jobs that wait for any site"),
    "operations_centres": gettext_lazy("operations centres"),
    "sites": gettext_lazy("sites"),
    "services": gettext_lazy("services"),
    "contacts": gettext_lazy("contacts"),
    "downtimes": gettext_lazy("downtimes"),
}


@dataclass(frozen=True)
class RunLine:
    """One poll in the list of recent ones; ``raw_head`` is how an answer began that failed."""

    when: SafeString
    outcome: SafeString
    words: str
    traffic: str
    raw_head: str


@dataclass(frozen=True)
class SourceLine:
    """One source, ready to be shown."""

    name: str
    title: str
    brings: str
    state: SafeString
    tone: str
    notice: str
    notice_tone: str
    last_success: SafeString
    last_poll: SafeString
    next_poll: str
    counts: str
    traffic: str
    unmapped: str
    unmapped_url: str
    settings: tuple[tuple[str, str], ...]
    url: str
    credential: str
    interval: str
    refused: tuple[dict[str, str], ...]
    refused_count: int
    notes: tuple[str, ...]
    raw_head: str
    runs: tuple[RunLine, ...]
    form: SourceForm
    may_try: bool
    may_trust: bool
    is_pushed: bool
    login: LoginLine | None = None


def source_line(
    standing: Standing,
    now: datetime,
    *,
    sees_details: bool,
    form: SourceForm,
    names: Mapping[str, int],
) -> SourceLine:
    """Put into words where a source stands.

    :param sees_details: whether rows of answers may be shown
    :param names: how many names of each namespace nobody could match; empty where nobody asks
    """
    run, configuration = standing.last_run, standing.configuration
    namespace = namespace_of(configuration) if configuration.kind.tells_states else ""
    unmapped = names.get(namespace, 0)
    notice, notice_tone = _notice(standing, now)
    return SourceLine(
        name=standing.kind.name,
        title=str(standing.kind.title),
        brings=str(standing.kind.brings),
        state=_state(standing),
        tone=OUTCOME_TONES[Outcome(run.outcome)] if run else "neutral",
        notice=notice,
        notice_tone=notice_tone,
        last_success=_moment(standing.last_success_at, now),
        last_poll=_moment(run.started_at if run else None, now),
        next_poll=_next_poll(standing, now),
        counts=_counts(run),
        traffic=_traffic(run),
        unmapped=ngettext(
            "%(n)d name that nobody could match", "%(n)d names that nobody could match", unmapped
        )
        % {"n": unmapped}
        if unmapped
        else "",
        unmapped_url=f"{reverse('sources:names')}?namespace={namespace}",
        settings=_settings(configuration),
        url=without_password(configuration.url),
        credential=_credential(configuration, form.secrets_set),
        interval=_interval_words(standing),
        refused=tuple(
            {"row": show_bidi(refusal["row"]), "reason": show_bidi(refusal["reason"])}
            for refusal in (run.refused[:REFUSED_SHOWN] if run and sees_details else ())
        ),
        refused_count=len(run.refused) if run else 0,
        notes=tuple(show_bidi(note) for note in run.notes) if run and sees_details else (),
        raw_head=show_bidi(run.raw_head) if run and sees_details else "",
        runs=tuple(_run_line(one, now, sees_details) for one in standing.recent_runs),
        form=form,
        may_try=configuration.is_complete and not standing.kind.is_pushed,
        is_pushed=standing.kind.is_pushed,
        may_trust=bool(run and run.outcome == Outcome.SUSPICIOUS),
        login=login_line(configuration) if standing.kind.keeps else None,
    )


def _state(standing: Standing) -> SafeString:
    if not standing.configuration.is_enabled:
        return display.pill(_("switched off"), "neutral")
    if not standing.configuration.is_complete:
        return display.pill(_("no address"), "warn")
    if standing.is_stopped:
        return display.pill(_("stopped"), "bad")
    if standing.last_run is None:
        return display.pill(_("never polled"), "unknown")
    outcome = Outcome(standing.last_run.outcome)
    return display.pill(str(outcome.label), OUTCOME_TONES[outcome])


def _notice(standing: Standing, now: datetime) -> tuple[str, str]:
    """Say in words what is wrong with a source, with its reason; nothing where all is well."""
    words: list[str] = []
    tone = "warn"
    run = standing.last_run
    if not standing.configuration.is_complete:
        return _("No address is set, so nothing is known from here."), "warn"
    if not standing.configuration.is_enabled:
        words.append(_("This source is switched off."))
    if run and run.outcome in (Outcome.FAILED, Outcome.SUSPICIOUS):
        tone = "bad" if run.outcome == Outcome.FAILED else "warn"
        if run.outcome == Outcome.FAILED:
            words.append(_("The last poll failed:"))
        else:
            words.append(_("The last answer is suspicious:"))
        words.append(show_bidi(run.reason))
        words.append(_("What we had is kept."))
    if standing.is_stopped:
        if standing.kind.keeps:
            words.append(_("Polling has stopped until somebody signs in again."))
        else:
            words.append(_("Polling has stopped until the credential is changed."))
    if standing.is_stale and standing.last_success_at:
        words.append(
            _("The data are %(age)s old: too old to say what is going on now.")
            % {"age": display.duration_text(now - standing.last_success_at)}
        )
    elif standing.is_stale and run:
        words.append(_("This source has never been read, so nothing is known from here."))
    if run and run.doubt:
        words.append(
            _("It says that it cannot be trusted just now: %(why)s") % {"why": show_bidi(run.doubt)}
        )
    if standing.waits_for:
        words.append(_("It waits for %(source)s.") % {"source": standing.waits_for})
    return " ".join(words), tone


def _moment(moment: datetime | None, now: datetime) -> SafeString:
    if moment is None:
        return format_html('<span class="muted">{}</span>', _("never"))
    return format_html(
        '{} <span class="muted">({})</span>', display.when(moment, now), display.age(moment, now)
    )


def _next_poll(standing: Standing, now: datetime) -> str:
    if standing.next_poll_at is None:
        return _("not planned")
    if standing.next_poll_at <= now:
        return _("now")
    return display.age_text(standing.next_poll_at, now)


def _counts(run: FeedRun | None) -> str:
    """Return what the last poll saw and changed: "sites: 423 (2 changed), services: 4,186"."""
    if run is None:
        return ""
    parts = []
    for kind, seen in run.seen.items():
        changed = run.changed.get(kind, 0)
        words = f"{KIND_WORDS.get(kind, kind)}: {seen:,}"
        if changed:
            words += " " + _("(%(n)s changed)") % {"n": f"{changed:,}"}
        parts.append(words)
    return ", ".join(parts)


def _interval_words(standing: Standing) -> str:
    seconds = int(standing.configuration.interval.total_seconds())
    if seconds % 3600 == 0:
        hours = seconds // 3600
        return ngettext("every hour", "every %(n)d hours", hours) % {"n": hours}
    if seconds % 60 == 0:
        minutes = seconds // 60
        return ngettext("every minute", "every %(n)d minutes", minutes) % {"n": minutes}
    return ngettext("every second", "every %(n)d seconds", seconds) % {"n": seconds}


def _traffic(run: FeedRun | None) -> str:
    """Return what a poll cost: the answer's code, how much was read, how long it took."""
    if run is None:
        return ""
    parts = []
    if run.http_status:
        parts.append(_("HTTP %(code)d") % {"code": run.http_status})
    if run.size:
        parts.append(filesizeformat(run.size))
    seconds = (run.finished_at - run.started_at).total_seconds()
    parts.append(_("%(n)s s") % {"n": f"{seconds:.1f}"})
    return ", ".join(parts)


def _credential(configuration: Configuration, secrets_set: frozenset[str]) -> str:
    """Return which credentials there are, in words; never what they are."""
    found = [_("certificate of the server")] if configuration.certificate else []
    if not found and certificates.SECRET in secrets_set:
        found = [_("certificate")]
    found += [_("a person's login")] if configuration.kind.keeps else []
    found += [
        str(option.label)
        for option in configuration.kind.options
        if option.is_secret
        and (option.name in secrets_set or option.name in configuration.from_environment)
    ]
    return ", ".join(found) or _("none")


def _settings(configuration: Configuration) -> tuple[tuple[str, str], ...]:
    """Return the options that are not as usual, in words; no secrets."""
    found = []
    for option in configuration.kind.options:
        if option.is_secret:
            continue
        value = configuration.option(option.name)
        if value != option.default:
            words = ", ".join(value) if isinstance(value, tuple) else str(value)
            found.append((str(option.label), show_bidi(words)))
    return tuple(found)


def _run_line(run: FeedRun, now: datetime, sees_details: bool) -> RunLine:
    outcome = Outcome(run.outcome)
    return RunLine(
        when=display.when(run.started_at, now),
        outcome=display.pill(str(outcome.label), OUTCOME_TONES[outcome]),
        words=show_bidi(run.reason) or _counts(run),
        traffic=_traffic(run),
        raw_head=show_bidi(run.raw_head) if sees_details else "",
    )
