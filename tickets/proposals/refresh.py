"""Open, follow and end proposals by the clock. Running it twice changes nothing.

Opened: a site that a served VO lists, bad for longer than the threshold in the eyes of a source
that is fresh and without doubt, outside a running outage. Ended: when it has been well for ten
minutes, when a downtime is declared, when no source has told of it for a day. That a source fell
silent is no recovery.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from juno_support.feeds.models import Source
from monitoring.alarms import bad_since
from monitoring.conditions import EntityStatus
from monitoring.models import Downtime, Severity, StatusInterval
from monitoring.status_rows import ages_at
from monitoring.statuses import BAD, Status
from supportunits.models import VO, VOSite
from tickets.models import Decision, Ending, Proposal
from tickets.proposals.alarms import fold, key_of, lasting, series_of
from topology.models import CertificationStatus

# How long a site must have been well before it counts as recovered.
HOLD = timedelta(minutes=10)
# After so long without a word nobody can say that it goes on.
LONGEST_SILENCE = timedelta(hours=24)
_NO_WORD = (Status.UNKNOWN,)


@dataclass(frozen=True)
class Done:
    """How many proposals were opened, changed and ended."""

    opened: int = 0
    changed: int = 0
    ended: int = 0

    def __add__(self, other: "Done") -> "Done":
        return Done(
            self.opened + other.opened, self.changed + other.changed, self.ended + other.ended
        )


def refresh_proposals(*, at: datetime) -> Done:
    """Bring the proposals of every VO in line with what is known now."""
    followed = VO.objects.filter(
        Q(is_served=True) | Q(pk__in=Proposal.objects.filter(ended_at=None).values("vo"))
    ).order_by("pk")
    done = Done()
    for vo in followed:
        done += refresh_vo(vo=vo, at=at)
    return done


@transaction.atomic
def refresh_vo(*, vo: VO, at: datetime) -> Done:
    """Bring the proposals of one VO in line with what is known now."""
    # One round at a time; tickets of the VO are filed meanwhile.
    vo = VO.objects.select_for_update(no_key=True).get(pk=vo.pk)
    live = {
        proposal.site_id: proposal
        for proposal in Proposal.objects.select_for_update(of=("self",)).filter(
            vo=vo, ended_at=None
        )
    }
    listed = _listed_sites(vo)
    done = Done()
    for site_id in set(live) - listed:
        _end(live.pop(site_id), Ending.NOT_LISTED, at)
        done += Done(ended=1)
    bad = bad_since(site_ids=listed, at=at, longer_than=timedelta(0), vo=vo.name) if listed else {}
    for site_id, statuses in _ripe(vo, bad, live, at).items():
        proposal = live.get(site_id)
        if proposal is None:
            _open(vo, site_id, statuses, at)
            done += Done(opened=1)
        elif _follow(proposal, statuses, at):
            done += Done(changed=1)
    quiet = [proposal for site_id, proposal in live.items() if site_id not in bad]
    return done + _look_at_quiet(vo, quiet, at)


@dataclass(frozen=True)
class _Bad:
    bad: list[EntityStatus]
    lasting: list[EntityStatus]


def threshold_of(vo: VO) -> timedelta:
    """Return how long a site must be bad before it is proposed to the VO's shifters."""
    minutes = vo.propose_after_minutes or settings.JUNO_PROPOSE_AFTER_MINUTES
    return timedelta(minutes=minutes)


def _listed_sites(vo: VO) -> set[int]:
    if not vo.is_served:
        return set()
    listed = VOSite.objects.filter(vo=vo, site__gone_at=None).exclude(
        site__certification_status=CertificationStatus.CLOSED
    )
    return set(listed.values_list("site_id", flat=True))


def _ripe(
    vo: VO, bad: dict[int, list[EntityStatus]], live: Collection[int], at: datetime
) -> dict[int, _Bad]:
    """Return the sites that have, or are to get, a proposal."""
    if not bad:
        return {}
    threshold = threshold_of(vo)
    before = _bad_before(bad, vo, at - threshold)
    fresh_from_outage = set(
        Downtime.objects.filter(
            site__in=bad,
            severity=Severity.OUTAGE,
            withdrawn_at=None,
            ends_at__gt=at - threshold,
            ends_at__lte=at,
        ).values_list("site_id", flat=True)
    )
    found = {}
    for site_id, statuses in bad.items():
        long = lasting(statuses, before=before[site_id], at=at, threshold=threshold)
        if site_id in live or (long and site_id not in fresh_from_outage):
            found[site_id] = _Bad(statuses, long)
    return found


def _bad_before(
    sites: Iterable[int], vo: VO, after: datetime
) -> dict[int, dict[str, list[tuple[datetime, datetime]]]]:
    """Return the bad intervals of sites that ended after a moment, by site and series."""
    found: dict[int, dict[str, list[tuple[datetime, datetime]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    rows = StatusInterval.objects.filter(
        site__in=list(sites), status__in=BAD, until__gt=after, vo__in=("", vo.name)
    ).values_list(
        "site_id",
        "source__name",
        "metric",
        "vo",
        "entity__kind",
        "entity__name",
        "since",
        "until",
    )
    for site_id, *series, since, until in rows:
        if until is not None:
            found[site_id][key_of(*series)].append((since, until))
    return found


def _open(vo: VO, site_id: int, statuses: _Bad, at: datetime) -> None:
    alarm = fold(statuses.bad, lasting=statuses.lasting)
    Proposal.objects.create(
        vo=vo,
        site_id=site_id,
        since=alarm.since,
        opened_at=at,
        changed_at=at,
        worst=alarm.worst,
        things=alarm.things,
        evidence=alarm.evidence,
        series=alarm.series,
    )


def _follow(proposal: Proposal, statuses: _Bad, at: datetime) -> bool:
    """Note what is bad now; returns whether anything changed."""
    alarm = fold(statuses.bad, lasting=statuses.lasting)
    new = {
        "since": min(proposal.since, alarm.since),
        "worst": alarm.worst,
        "things": alarm.things,
        "evidence": alarm.evidence,
        "series": alarm.series,
        "silent_since": None,
    }
    if proposal.decision == Decision.DISMISSED:
        more = {series_of(status) for status in statuses.lasting}
        if more - set(proposal.dismissed_series):
            # It is worse than what somebody found not worth a ticket.
            new |= {"decision": "", "reason": "", "dismissed_series": []}
    changed = {name: value for name, value in new.items() if getattr(proposal, name) != value}
    if not changed:
        return False
    for name, value in changed.items():
        setattr(proposal, name, value)
    proposal.changed_at = at
    proposal.save(update_fields=[*changed, "changed_at"])
    return True


def _look_at_quiet(vo: VO, proposals: list[Proposal], at: datetime) -> Done:
    """See why nothing bad is told of these any more, and end those that are over."""
    if not proposals:
        return Done()
    fresh = {name for name, age in ages_at(at).items() if not age.stale and not age.doubt}
    # All sources: what ended lately is found by source and end.
    ended = Q(until__gt=at - HOLD, source__in=list(Source.objects.values_list("pk", flat=True)))
    rows = StatusInterval.objects.filter(
        Q(until=None) | ended,
        site__in=[proposal.site_id for proposal in proposals],
        vo__in=("", vo.name),
    ).values_list(
        "site_id",
        "source__name",
        "metric",
        "vo",
        "entity__kind",
        "entity__name",
        "status",
        "until",
    )
    by_site: dict[int, _Quiet] = defaultdict(_Quiet.empty)
    for site_id, *series, status, until in rows:
        by_site[site_id].add(series[0] in fresh, key_of(*series), status, until)
    done = Done()
    for proposal in proposals:
        ending = by_site[proposal.site_id].ending(proposal)
        if ending is not None:
            _end(proposal, ending, at)
            done += Done(ended=1)
        elif by_site[proposal.site_id].is_silent(proposal):
            done += _be_silent(proposal, at)
        elif proposal.silent_since is not None:
            proposal.silent_since = None
            proposal.save(update_fields=["silent_since"])
            done += Done(changed=1)
    return done


@dataclass
class _Quiet:
    """What is known of a site of which no fresh source says that it is bad.

    :ivar masked: a fresh source says it is bad, so a declared outage hides it
    :ivar is_bad: a source says so that is stale or in doubt
    :ivar told: the series of which a fresh source tells how they are now
    :ivar lately: series that were bad, or of which nothing was known, within the hold
    """

    masked: bool
    is_bad: bool
    told: set[str]
    lately: set[str]

    @classmethod
    def empty(cls) -> "_Quiet":
        return cls(masked=False, is_bad=False, told=set(), lately=set())

    def add(self, is_fresh: bool, series: str, status: str, until: datetime | None) -> None:
        if until is not None:
            if status in BAD or status in _NO_WORD:
                self.lately.add(series)
        elif status in BAD:
            self.masked |= is_fresh
            self.is_bad |= not is_fresh
        elif is_fresh and status not in _NO_WORD:
            self.told.add(series)

    def is_silent(self, proposal: Proposal) -> bool:
        return self.is_bad or not set(proposal.series) <= self.told

    def ending(self, proposal: Proposal) -> Ending | None:
        if self.masked:
            return Ending.DOWNTIME
        if self.is_silent(proposal) or set(proposal.series) & self.lately:
            return None
        return Ending.RECOVERED


def _be_silent(proposal: Proposal, at: datetime) -> Done:
    if proposal.silent_since is None:
        proposal.silent_since = at
        proposal.save(update_fields=["silent_since"])
        return Done(changed=1)
    if at - proposal.silent_since >= LONGEST_SILENCE:
        _end(proposal, Ending.SILENCE, at)
        return Done(ended=1)
    return Done()


def _end(proposal: Proposal, ending: Ending, at: datetime) -> None:
    proposal.ended_at, proposal.ending = at, ending
    proposal.save(update_fields=["ended_at", "ending"])
