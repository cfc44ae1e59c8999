"""What the frame of every page needs: the menu by role, the reader's colours, zone and name.

Everything is asked for lazily: a fragment for htmx that shows no header costs no question.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from juno_support.feeds.registry import find_kind
from juno_support.lib import clock
from juno_support.outbox.policies import may_see_outbox
from juno_support.pages.announcements import HIDDEN
from juno_support.pages.health_line import HealthLine, health_line
from juno_support.pages.theme import THEMES, chosen_theme
from juno_support.pages.tpm_banner import nobody_at_tpm
from monitoring.models import Silence
from supportunits import policies as unit_policies
from supportunits.announcements import Running, running_for
from supportunits.models import Tone
from tickets import policies, queries
from tickets.proposals.decide import sees_proposals
from tickets.proposals.lists import count_to_decide

PROPOSALS = "/proposals/"
MOST_BANNERS = 3


@dataclass(frozen=True)
class NavItem:
    """One link of the header's navigation; ``current`` is the value of aria-current or empty.

    :ivar count: how many things wait there, as text; empty where none do
    """

    label: str
    url: str
    current: str = ""
    count: str = ""


@dataclass(frozen=True)
class PlaceItem:
    """One link of the menu "my place"."""

    label: str
    url: str
    icon: str


@dataclass(frozen=True)
class ThemeChoice:
    """One choice of colours, with its word and its icon."""

    value: str
    label: str | Promise
    icon: str


class Frame:
    """The variables of the page's frame, as ``frame`` in templates."""

    themes = tuple(ThemeChoice(*choice) for choice in THEMES)

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._user = getattr(request, "user", None)

    @cached_property
    def is_signed_in(self) -> bool:
        """Whether somebody is signed in."""
        return bool(self._user and self._user.is_authenticated)

    @cached_property
    def language(self) -> str:
        """The language of the page, for ``<html lang>``."""
        return translation.get_language() or settings.LANGUAGE_CODE

    @cached_property
    def theme(self) -> str:
        """The reader's colours: ``"auto"``, ``"light"`` or ``"dark"``."""
        return chosen_theme(self._request)

    @cached_property
    def person(self) -> str:
        """The name of the reader."""
        return str(self._user)

    @cached_property
    def email(self) -> str:
        """The main e-mail address of the reader."""
        return self._user.email if self._user and self.is_signed_in else ""

    @cached_property
    def search(self) -> str:
        """What the search box holds: the question of the list that is shown."""
        return self._request.GET.get("q", "") if self._request.path == "/tickets/" else ""

    @cached_property
    def zone(self) -> str:
        """The name of the zone in which times are shown."""
        return timezone.get_current_timezone_name()

    @cached_property
    def local_time(self) -> str:
        """The time of day in the reader's zone."""
        return f"{timezone.localtime(clock.now()):%H:%M}"

    @cached_property
    def sees_queue(self) -> bool:
        """Whether the queue is a place for the reader: whoever helps."""
        return self.is_signed_in and policies.sees_queue(self._user)

    @cached_property
    def sees_desk(self) -> bool:
        """Whether the TPM desk is a place for the reader."""
        return self.is_signed_in and policies.sees_desk(self._user)

    @cached_property
    def sees_shifts(self) -> bool:
        """Whether shifts are a daily place for the reader: shifters, helpers, VO managers."""
        user = self._user
        return bool(
            user and (self.sees_queue or unit_policies.is_shifter(user) or _manages_a_vo(user))
        )

    @cached_property
    def nav(self) -> list[NavItem]:
        """The links of the header, for those who may follow them."""
        links: list[tuple[str, str]] = []
        if self.is_signed_in:
            links.append((_("Queue") if self.sees_queue else _("My tickets"), "/tickets/"))
            if self.sees_desk:
                links.append((_("TPM desk"), "/tpm/"))
            if sees_proposals(self._user):
                links.append((_("Proposals"), PROPOSALS))
        if self.is_signed_in or settings.JUNO_PUBLIC_BOARD:
            links.append((_("Sites"), "/sites/"))
        if self.is_signed_in:
            links += [(_("Units"), "/units/"), (_("VOs"), "/vos/")]
            if self.sees_shifts:
                links.append((_("Shifts"), "/shifts/"))
        if self.sees_queue:
            links.append((_("Sources"), "/sources/"))
        return [
            NavItem(
                label, url, self._current(url), self.waiting_proposals if url == PROPOSALS else ""
            )
            for label, url in links
        ]

    @cached_property
    def waiting_proposals(self) -> str:
        """How many proposals wait for a decision, as the navigation shows it; empty for none."""
        number = count_to_decide(self._user, at=clock.now())
        return queries.count_text(number) if number else ""

    @cached_property
    def place(self) -> list[PlaceItem]:
        """The links of "my place" beyond the profile."""
        items = []
        if self._user and unit_policies.is_shifter(self._user):
            items.append(PlaceItem(_("File a TEAM ticket"), "/tickets/new/team/", "people"))
        if self._user and unit_policies.is_alarmer(self._user):
            items.append(PlaceItem(_("Raise an alarm"), "/tickets/new/alarm/", "megaphone"))
        if self.sees_queue:
            items.append(PlaceItem(_("My tickets"), "/tickets/?q=submitter:me", "ticket-detailed"))
            items.append(PlaceItem(_("Assigned to me"), "/tickets/?q=assigned:me", "inbox"))
        if self.is_signed_in:
            items.append(PlaceItem(_("Known answers"), "/answers/", "journal-text"))
            items.append(PlaceItem(_("Announcements"), "/announcements/", "megaphone"))
        if self._user and policies.may_look_up_jobs(self._user):
            items.append(PlaceItem(_("Look up a job"), "/jobs/", "hash"))
        if may_see_outbox(self._user):
            items.append(PlaceItem(_("Outbox"), "/outbox/", "send"))
        if self._user and unit_policies.is_admin(self._user):
            items.append(PlaceItem(_("People"), "/people/", "people"))
            items.append(PlaceItem(_("Routing rules"), "/tpm/rules/", "signpost-split"))
            items.append(
                PlaceItem(_("When nobody is at TPM"), "/units/-/fallback/", "life-preserver")
            )
        return items

    @cached_property
    def silent_sources(self) -> str:
        """Which sources have been silent for too long, in words, for admins: they can mend it."""
        if not (self._user and unit_policies.is_admin(self._user)):
            return ""
        silent = Silence.objects.filter(ended_at=None).order_by("source")
        names = [
            str(find_kind(name).title) for name in silent.values_list("source__name", flat=True)
        ]
        if not names:
            return ""
        return _("No data for three intervals from %(sources)s.") % {"sources": ", ".join(names)}

    @cached_property
    def nobody_at_tpm(self) -> str:
        """What the red banner says while nobody is at TPM, for whoever helps; else empty."""
        return nobody_at_tpm(at=clock.now()) if self.sees_queue else ""

    @cached_property
    def announced(self) -> list[Running]:
        """What is announced to the reader now and was not hidden; a warning first."""
        found = running_for(self._user, clock.now()) if self._user else []
        if not found:
            return []
        hidden = set(self._request.session.get(HIDDEN, ())) if self.is_signed_in else set()
        shown = [each for each in found if each.pk not in hidden]
        return sorted(shown, key=lambda each: each.tone != Tone.WARNING)[:MOST_BANNERS]

    @cached_property
    def health(self) -> HealthLine | None:
        """How the feeds are, in one line; None for those to whom the board is closed."""
        if not self.is_signed_in and not settings.JUNO_PUBLIC_BOARD:
            return None
        return health_line(at=clock.now())

    def _current(self, url: str) -> str:
        path = self._request.path
        if path == url:
            return "page"
        is_below = path.startswith(url) and not path.startswith("/tickets/new/")
        return "true" if is_below else ""


def _manages_a_vo(user: Any) -> bool:
    return bool(unit_policies.facts(user).managed_vos)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of the page's frame (a context processor)."""
    return {
        "instance_name": settings.JUNO_INSTANCE_NAME,
        "is_demo": settings.JUNO_DEMO,
        "frame": Frame(request),
    }
