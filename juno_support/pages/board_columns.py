"""The columns of the sites board: one for each source in use that tells states."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from juno_support.feeds.queries import Freshness
from juno_support.lib import display
from monitoring import states
from monitoring.states import BoardState
from monitoring.statuses import SEVERITY, Status
from monitoring.words import source_name
from topology.models import NetworkLink

NOT_REPORTED = ""


@dataclass(frozen=True)
class Column:
    """A source as a column: how it is called, and what must be known of its data.

    ``tag`` is a word for the head where the data are not to be trusted, ``warning`` the same as a
    sentence; both are empty where all is well.
    """

    source: str
    title: str
    age: str
    tag: str
    warning: str
    is_stale: bool
    is_doubtful: bool

    @property
    def counts(self) -> bool:
        """Say whether what it tells may call for action: neither old nor in doubt."""
        return not (self.is_stale or self.is_doubtful)

    @property
    def label(self) -> SafeString:
        """Return the title for an attribute."""
        return escape(self.title)

    def status_of(self, state: BoardState | None) -> str:
        """Return the status to show; a state that is too old is unknown, "" is not reported."""
        if state is None:
            return NOT_REPORTED
        return Status.UNKNOWN.value if self.is_stale else state.status

    def cell(self, state: BoardState | None, now: datetime) -> SafeString:
        """Return shape, word and a note: since when, and how many things are bad."""
        if state is None:
            words = escape(_("not reported"))
            return SafeString(
                f'<span class="muted" title="{words}" aria-hidden="true">–</span>'
                f'<span class="visually-hidden">{words}</span>'
            )
        minutes = int((now - state.since).total_seconds()) // 60
        return _cell(
            self.status_of(state),
            "" if not self.is_stale or state.status == Status.UNKNOWN else state.status,
            # No finer than what is written, so that few cells are made anew.
            None if self.is_stale else minutes if minutes < 60 else minutes // 60 * 60,
            0 if self.is_stale else state.bad,
            self.is_doubtful,
            get_language(),
        )


@lru_cache(maxsize=4096)
def _cell(
    status: str, was: str, minutes: int | None, bad: int, is_doubtful: bool, _language: str
) -> SafeString:
    """Write a cell; the same ones recur, so that each is made once a process and language."""
    notes = []
    if was:
        notes.append(_("was %(state)s") % {"state": Status(was).label})
    if minutes is not None:
        notes.append(display.duration_text(timedelta(minutes=minutes)))
    if bad:
        notes.append(ngettext("%(n)d bad", "%(n)d bad", bad) % {"n": bad})
    if is_doubtful:
        notes.append(_("in doubt"))
    shown = display.state(status, Status(status).label)
    return SafeString(f'{shown}<span class="board-note">{escape(", ".join(notes))}</span>')


def columns_of(ages: Mapping[str, Freshness], now: datetime) -> list[Column]:
    """Return the columns in the order of the registry; ``ages`` are those of sources of states."""
    return [_column(name, age, now) for name, age in ages.items()]


def _column(name: str, age: Freshness, now: datetime) -> Column:
    title = source_name(name)
    warning, tag = "", ""
    if age.last_success is None:
        tag = _("never read")
        warning = _("%(source)s has never been read: its column is unknown.") % {"source": title}
    elif age.stale:
        length = display.duration_text(now - age.last_success)
        tag = _("%(age)s old") % {"age": length}
        warning = _(
            "What %(source)s tells is %(age)s old: too old to say what is going on now. "
            "Its column is unknown."
        ) % {"source": title, "age": length}
    elif age.doubt:
        tag = _("in doubt")
        warning = _("%(source)s says that it cannot be trusted just now: %(why)s") % {
            "source": title,
            "why": age.doubt,
        }
    return Column(
        source=name,
        title=title,
        age=age_words(age.last_success, now),
        tag=tag,
        warning=warning,
        is_stale=age.stale,
        is_doubtful=bool(age.doubt) and not age.stale,
    )


def warnings_of(columns: Iterable[Column]) -> list[str]:
    """Return as sentences which data are not to be trusted; several old sources are one of them."""
    silent = [column for column in columns if column.is_stale]
    found = [column.warning for column in columns if column.is_doubtful]
    if len(silent) == 1:
        found.append(silent[0].warning)
    elif silent:
        names = ", ".join(f"{column.title} ({column.tag})" for column in silent)
        found.append(
            _("Too old to say what is going on now, and therefore shown as unknown: %(sources)s.")
            % {"sources": names}
        )
    return found


def age_words(moment: datetime | None, now: datetime) -> str:
    """Say how long ago a source was read, in as few words as a head of a column has room for."""
    if moment is None:
        return _("never read")
    if now - moment < timedelta(minutes=1):
        return _("just now")
    return _("%(age)s ago") % {"age": display.duration_text(now - moment)}


def states_by_site(
    site_ids: Collection[int], columns: Sequence[Column]
) -> dict[int, list[BoardState | None]]:
    """Return for each site its state in every column; three queries for any number of sites.

    A source that tells of links only gives both ends the worst of the links that touch them.
    """
    by_site = states.board_states()
    links = {
        pk: (one, other)
        for pk, one, other in NetworkLink.objects.values_list("pk", "site_a_id", "site_b_id")
    }
    of_links: dict[tuple[int, str], list[BoardState]] = {}
    for link, found in (states.link_states(links) if links else {}).items():
        for site in links[link]:
            for source, state in found.items():
                of_links.setdefault((site, source), []).append(state)
    sources = [column.source for column in columns]
    nothing: dict[str, BoardState] = {}
    rows = {}
    for site in site_ids:
        theirs = by_site.get(site, nothing)
        rows[site] = [theirs.get(source) for source in sources]
    for (site, source), touching in of_links.items():
        if site in rows and source in sources:
            place = sources.index(source)
            rows[site][place] = _worse(rows[site][place], touching)
    return rows


def _worse(own: BoardState | None, links: list[BoardState]) -> BoardState:
    status = max((link.status for link in links), key=SEVERITY.__getitem__)
    if own is not None and SEVERITY[own.status] >= SEVERITY[status]:
        return own
    return BoardState(
        status=status,
        since=min(link.since for link in links if link.status == status),
        bad=(own.bad if own else 0) + sum(link.bad for link in links),
    )


def marks(columns: Sequence[Column], row: Sequence[BoardState | None], language: str) -> SafeString:
    """Return one shape for each column, with its words for screen readers and in the title."""
    return _marks(
        tuple(
            [
                (column.title, column.status_of(state), column.is_doubtful)
                for column, state in zip(columns, row, strict=True)
            ]
        ),
        language,
    )


@lru_cache(maxsize=4096)
def _marks(shown: tuple[tuple[str, str, bool], ...], _language: str) -> SafeString:
    """Draw them; few combinations occur, so that each is made once a process and language."""
    if not shown:
        return SafeString("")
    words = ", ".join(
        f"{title}: {Status(status).label if status else _('not reported')}"
        + (f" ({_('in doubt')})" if is_doubtful and status else "")
        for title, status, is_doubtful in shown
    )
    shapes = "".join(
        f'<i data-state="{status or "none"}"{" data-doubt" if is_doubtful else ""}></i>'
        for _title, status, is_doubtful in shown
    )
    label = escape(words)
    return SafeString(
        f'<span class="marks" role="img" aria-label="{label}" title="{label}">{shapes}</span>'
    )
