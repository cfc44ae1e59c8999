"""Tickets of the demo that hang on one another: an incident, a parent with children, duplicates.

Told through the same actions as everything else; the tickets catch up in the story, as a worker
lets them otherwise.
"""

# ruff: noqa: E501 (people write long lines)

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from juno_support.accounts.models import User
from supportunits.models import VO, IssueType, SupportUnit
from tickets.actions import assign, catch_up, context, diary, incident, relations, several, submit
from tickets.models import Priority, Ticket
from topology.models import Site

Plan = Callable[[datetime, Callable[[datetime], None]], None]

# Who wrote of CNAF's storage, minutes after it broke, and in which words.
_HIT = (
    ("marta", 12, "No access to /juno at CNAF", "Every gfal-ls under /juno at CNAF ends with a time-out. Yesterday it worked."),
    ("noah", 19, "Jobs at INFN-T1 cannot read their input", "All my reconstruction jobs at LCG.CNAF.it fail after an hour: input cannot be opened, connection timed out."),
    ("uma", 31, "Upload to CNAF hangs", "I try to upload my output to CNAF-STORM. It hangs and then says: transport endpoint is not connected."),
    ("tomas", 44, "belle: storage of CNAF is gone", "Our files at CNAF cannot be listed since about 40 minutes."),
)  # fmt: skip
_BROKE = timedelta(hours=5, minutes=20)
_CAMPAIGN = timedelta(hours=30)


@dataclass(frozen=True)
class Chapter:
    """What the chapter needs of the world."""

    plan: Plan
    people: Mapping[str, User]
    sites: Mapping[str, Site]
    units: Mapping[str, SupportUnit]
    issue_types: Mapping[str, IssueType]
    vos: Mapping[str, VO]
    at: datetime


def plan_relations(chapter: Chapter) -> int:
    """Plan the incident, the campaign and the duplicate; return how many tickets that will be."""
    broke = chapter.at - _BROKE
    found: dict[str, Ticket] = {}

    def later(minutes: float, act: Callable[[datetime], None]) -> None:
        chapter.plan(broke + timedelta(minutes=minutes), act)

    later(8, lambda moment: _break_storage(chapter, found, moment))
    for name, minutes, subject, words in _HIT:
        later(minutes, partial(_hit, chapter, found, name, subject, words))
    later(52, lambda moment: _join_all(chapter, found, moment))
    later(70, lambda moment: _answer_all(chapter, found, moment))
    chapter.plan(chapter.at - _CAMPAIGN, lambda moment: _file_campaign(chapter, found, moment))
    chapter.plan(
        chapter.at - _CAMPAIGN + timedelta(hours=21),
        lambda moment: _solve_one(chapter, found, moment),
    )
    later(140, lambda moment: _double(chapter, found, moment))
    return 1 + len(_HIT) + 4 + 2


def _file(
    chapter: Chapter, who: str, subject: str, words: str, moment: datetime, **fields: Any
) -> Ticket:
    ticket = submit.submit_ticket(
        draft_id=_key(subject),
        by=chapter.people[who],
        at=moment,
        subject=subject,
        description=words,
        problem_zone=chapter.people[who].time_zone,
        **fields,
    )
    context.attach_context(ticket=ticket, at=moment)
    return ticket


def _break_storage(chapter: Chapter, found: dict[str, Ticket], moment: datetime) -> None:
    giulia = chapter.people["giulia"]
    found["incident"] = _file(
        chapter,
        "giulia",
        "CNAF storage down: the file system of /juno is not mounted",
        "Since a power cut in hall B, three disk servers of GPFS do not come up. Reading and writing under /juno and /belle fails for everybody.",
        moment,
        vo=chapter.vos["juno"],
        affected_sites=[chapter.sites["INFN-T1"]],
        unit=chapter.units["INFN-T1"],
        issue_type=chapter.issue_types["Storage and tape"],
        priority=Priority.TOP,
    )
    incident.declare_incident(ticket=found["incident"], by=giulia, at=moment)


def _hit(
    chapter: Chapter,
    found: dict[str, Ticket],
    who: str,
    subject: str,
    words: str,
    moment: datetime,
) -> None:
    vo = "belle" if who == "tomas" else "juno"
    ticket = _file(
        chapter,
        who,
        subject,
        words,
        moment,
        vo=chapter.vos.get(vo),
        affected_sites=[chapter.sites["INFN-T1"]],
        priority=Priority.URGENT,
    )
    if who in ("uma", "tomas"):
        # They saw the incident while they filed, and ticked it.
        incident.join_incident(
            ticket=ticket, incident=found["incident"], by=chapter.people[who], at=moment
        )
    found[who] = ticket


def _join_all(chapter: Chapter, found: dict[str, Ticket], moment: datetime) -> None:
    for who in ("marta", "noah"):
        incident.join_incident(
            ticket=found[who], incident=found["incident"], by=chapter.people["carla"], at=moment
        )


def _answer_all(chapter: Chapter, found: dict[str, Ticket], moment: datetime) -> None:
    diary.add_entry(
        ticket=found["incident"],
        words="Two of the three servers are back. We check the file system before we mount it: that takes until about 20:00 UTC. No file is lost.",
        is_public=True,
        submission_key=_key("two are back"),
        by=chapter.people["giulia"],
        at=moment,
    )
    catch_up.sweep(at=moment)


def _file_campaign(chapter: Chapter, found: dict[str, Ticket], moment: datetime) -> None:
    names = ("IN2P3-CC", "JINR-T1", "BEIJING-LCG2")
    parent = several.submit_team_for_sites(
        draft_id=_key("campaign"),
        by=chapter.people["quentin"],
        at=moment,
        subject="Publish the new VOMS server of JUNO before Friday",
        description="voms02.ihep.ac.cn replaces voms.ihep.ac.cn. Please add it to your lsc files and to /etc/vomses, and tell here when it is done.",
        vo=chapter.vos["juno"],
        notified_sites=[chapter.sites[name] for name in names],
        priority=Priority.URGENT,
    )
    for relation in parent.related.select_related("ticket__notified_site"):
        site = relation.ticket.notified_site
        if site is not None:
            found[site.name] = relation.ticket
        context.attach_context(ticket=relation.ticket, at=moment)
    context.attach_context(ticket=parent, at=moment)


def _solve_one(chapter: Chapter, found: dict[str, Ticket], moment: datetime) -> None:
    boris = chapter.people["boris"]
    child = Ticket.objects.get(pk=found["IN2P3-CC"].pk)
    diary.add_entry(
        ticket=child,
        words="Done on all our endpoints, and tested with a proxy of each group.",
        is_public=True,
        submission_key=_key("lsc files are there"),
        by=boris,
        at=moment,
        step="solve",
        solution="Done on all our endpoints, and tested with a proxy of each group.",
        code="FIXED",
    )
    catch_up.sweep(at=moment)


def _double(chapter: Chapter, found: dict[str, Ticket], moment: datetime) -> None:
    first = _file(
        chapter,
        "chloe",
        "Conditions database: wrong calibration for run 8130",
        "The constants of run 8130 are those of 8103, two digits are swapped. Reconstruction with J25.3 gives energies that are 4 % too low.",
        moment - timedelta(minutes=70),
        vo=chapter.vos["juno"],
    )
    second = _file(
        chapter,
        "ivan",
        "Energy scale off by 4 % in run 8130",
        "Everybody in our group sees it, only in this run.",
        moment - timedelta(minutes=25),
        vo=chapter.vos["juno"],
    )
    assign.assign_to_unit(
        ticket=first, unit=chapter.units["JUNO-Offline"], by=chapter.people["feng"], at=moment
    )
    relations.mark_duplicate(ticket=second, master=first, by=chapter.people["feng"], at=moment)


def _key(words: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"demo: {words}")
