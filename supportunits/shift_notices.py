"""Mail about shifts: changes, gaps, swaps, reminders, hand-overs. Times: the reader's, with UTC."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.outbox.actions import Mail, enqueue_all
from juno_support.outbox.models import Delivery
from supportunits.models import (
    VO,
    ContactRole,
    HandOver,
    OnCallCard,
    Shift,
    ShiftSwap,
    VOContact,
    VOMembership,
)
from supportunits.shift_words import period_words, utc_words

MOST_TOLD = 30


def tell_of_gaps(gaps: Sequence[Shift], *, person: User, at: datetime) -> None:
    """Tell the managers of each VO that shifts of somebody became gaps.

    :param person: who had them
    """
    for vo in {gap.type.vo.pk: gap.type.vo for gap in gaps}.values():
        mine = [gap for gap in gaps if gap.type.vo_id == vo.pk]
        _send(
            managers_of(vo),
            kind="shift.gaps",
            key=f"shift-gaps:{vo.pk}:{person.pk}:{at.isoformat()}",
            subject=_("%(vo)s: nobody has %(n)d shifts of %(name)s any more")
            % {"vo": vo.name, "n": len(mine), "name": person.get_full_name()},
            reason=_("managers of a VO hear of gaps in its rota"),
            facts=lambda reader, mine=mine, vo=vo: {
                "person": person.get_full_name(),
                "vo": vo.name,
                "gaps": [_words(gap, reader) for gap in mine[:MOST_TOLD]],
                "more": max(0, len(mine) - MOST_TOLD),
                "url": rota_url(vo),
            },
            at=at,
        )


def tell_rota_changed(
    *,
    vo: VO,
    given: Iterable[Shift] = (),
    taken: Iterable[Shift] = (),
    key: str,
    by: User | None,
    at: datetime,
) -> None:
    """Tell people, in one mail each, which shifts they have now and which not any more.

    Who changed the rota knows it; what is over concerns nobody.

    :param given: as they are now
    :param taken: as they were, with whom they were of
    :param key: of the change, so that it is told once
    """
    lists: dict[int, tuple[User, list[Shift], list[Shift]]] = {}
    for position, shifts in ((1, given), (2, taken)):
        for shift in shifts:
            person = shift.person
            if person is None or person == by or not person.is_active or shift.ends_at <= at:
                continue
            lists.setdefault(person.pk, (person, [], []))[position].append(shift)  # type: ignore[union-attr]
    _send(
        [person for person, _given, _taken in lists.values()],
        kind="shift.rota-changed",
        key=f"shift-rota-changed:{key}:{at.isoformat()}",
        subject=_("%(vo)s: your shifts changed") % {"vo": vo.name},
        reason=_("you have shifts of this VO, or had them"),
        facts=lambda reader: {
            "name": by.get_full_name() if by else "",
            "vo": vo.name,
            "url": f"{settings.JUNO_BASE_URL}/shifts/",
            **_of_reader("given", lists[reader.pk][1], reader),
            **_of_reader("taken", lists[reader.pk][2], reader),
        },
        at=at,
    )


def tell_of_swap(swap: ShiftSwap, *, at: datetime) -> None:
    """Ask the one who is asked, or all shifters of the VO, to take a shift."""
    vo = swap.shift.type.vo
    readers = [swap.asked_of] if swap.asked_of else shifters_of(vo, but=swap.asked_by)
    _send(
        readers,
        kind="shift.swap-asked",
        key=f"shift-swap:{swap.pk}",
        subject=_("%(name)s asks for a swap: %(type)s of %(vo)s")
        % {"name": swap.asked_by, "type": swap.shift.type.name, "vo": vo.name},
        reason=_("shifters of the VO are asked to swap"),
        facts=lambda reader: {
            "asker": swap.asked_by.get_full_name(),
            "shift": _words(swap.shift, reader),
            "exchange": _words(swap.in_exchange, reader) if swap.in_exchange else "",
            "message": swap.message,
            "to_all": swap.asked_of_id is None,
            "url": f"{settings.JUNO_BASE_URL}/shifts/-/swaps/{swap.pk}/",
        },
        at=at,
    )


def tell_answer(swap: ShiftSwap, *, at: datetime) -> None:
    """Tell who asked what became of it."""
    _send(
        [swap.asked_by],
        kind="shift.swap-answered",
        key=f"shift-swap-answered:{swap.pk}:{swap.state}",
        subject=_("Your swap: %(state)s") % {"state": swap.get_state_display()},
        reason=_("you asked for a swap"),
        facts=lambda reader: {
            "name": swap.answered_by.get_full_name() if swap.answered_by else "",
            "is_accepted": swap.state == "ACCEPTED",
            "shift": _words(swap.shift, reader),
            "exchange": _words(swap.in_exchange, reader) if swap.in_exchange else "",
            "url": f"{settings.JUNO_BASE_URL}/shifts/",
        },
        at=at,
    )


def remind(shifts: Iterable[Shift], *, at: datetime) -> int:
    """Remind people of shifts that begin soon; once for each shift, person and begin."""
    return _once(shifts, "shift.reminder", _("Your shift begins soon: %(type)s of %(vo)s"), at)


def tell_on_call(shifts: Iterable[Shift], *, at: datetime) -> int:
    """Tell people that they are on call now; once for each shift, person and begin."""
    return _once(shifts, "shift.on-call-now", _("You are on call now: %(type)s of %(vo)s"), at)


def ask_for_note(shifts: Iterable[Shift], *, at: datetime) -> int:
    """Ask people for the hand-over note of a shift that ended without one."""
    return _once(shifts, "shift.note-missing", _("Hand over your shift: %(type)s of %(vo)s"), at)


def tell_hand_over(hand_over: HandOver, following: Shift | None, *, at: datetime) -> None:
    """Give the note of a shift to the person of the following one."""
    if following is None or following.person is None:
        return
    shift = hand_over.shift
    _send(
        [following.person],
        kind="shift.hand-over",
        key=f"shift-hand-over:{hand_over.pk}:{following.person_id}:{at.isoformat()}",
        subject=_("Hand-over: %(type)s of %(vo)s")
        % {"type": shift.type.name, "vo": shift.type.vo.name},
        reason=_("you have the following shift"),
        facts=lambda reader: {
            "name": hand_over.written_by.get_full_name(),
            "note": hand_over.note,
            "shift": _words(following, reader),
            "url": shift_url(following),
        },
        at=at,
    )


def tell_card(card: OnCallCard, shifts: Iterable[Shift], *, at: datetime) -> None:
    """Mail the printable card to the people of these shifts, once a day (UTC).

    A portal that is down shows no card, so it has to be where people find it then. Addresses of
    shifters are left out: the role that shows them lasts no longer than a shift.
    """
    content, day = card.content, card.made_at.astimezone(UTC).date()
    people = {shift.person.pk: shift.person for shift in shifts if shift.person}
    facts = {
        "shifts": [
            {
                "when": period_words(
                    datetime.fromisoformat(one["starts_at"]),
                    datetime.fromisoformat(one["ends_at"]),
                    UTC,
                ),
                "person": one["person"] or _("nobody"),
                "type": one["type"],
            }
            for one in content["shifts"]
        ],
        "shifters": [
            _line(one["name"], one["phone"], one["im_address"], one["zone"])
            for one in content["shifters"]
        ],
        "sites": [
            _line(one["name"], one["emergency"], one["phone"])
            for one in content["sites"]
            if one["emergency"] or one["phone"]
        ],
        "url": f"{rota_url(card.vo)}card/",
    }
    _send(
        people.values(),
        kind="shift.card",
        key=f"shift-card:{card.vo_id}:{day}",
        subject=_("On-call card of %(vo)s, %(day)s") % {"vo": card.vo.name, "day": day},
        reason=_("you have a shift of this VO soon"),
        facts=lambda reader: facts,
        at=at,
    )


def managers_of(vo: VO) -> list[User]:
    """Return the people who manage the VO; where there are none, the admins."""
    contacts = VOContact.objects.filter(
        card__vo=vo,
        role__in=[ContactRole.MANAGER, ContactRole.DEPUTY],
        account__is_active=True,
    )
    people = User.objects.filter(pk__in=contacts.values("account")).order_by("pk")
    return list(people) or list(User.objects.filter(is_active=True, is_staff=True).order_by("pk"))


def shifters_of(vo: VO, *, but: User | None = None) -> list[User]:
    """Return the active shifters of the VO by name."""
    members = VOMembership.objects.filter(vo=vo, is_shifter=True, user__is_active=True)
    people = User.objects.filter(pk__in=members.values("user"))
    if but is not None:
        people = people.exclude(pk=but.pk)
    return list(people.order_by("name", "pk"))


def rota_url(vo: VO) -> str:
    """Return the address of the VO's rota, for mails."""
    return f"{settings.JUNO_BASE_URL}/shifts/{quote(vo.name)}/"


def shift_url(shift: Shift) -> str:
    """Return the address of a shift, for mails."""
    return f"{settings.JUNO_BASE_URL}/shifts/-/shift/{shift.pk}/"


def _of_reader(name: str, shifts: list[Shift], reader: User) -> dict[str, Any]:
    ordered = sorted(shifts, key=lambda shift: shift.starts_at)
    return {
        name: [_words(shift, reader) for shift in ordered[:MOST_TOLD]],
        f"more_{name}": max(0, len(ordered) - MOST_TOLD),
    }


def _line(name: str, *facts: str) -> str:
    return f"{name}: " + (", ".join(fact for fact in facts if fact) or "-")


def _words(shift: Shift, reader: User) -> str:
    zone = zone_of(reader.time_zone)
    local = period_words(shift.starts_at, shift.ends_at, zone)
    words = f"{shift.type.name}, {local} ({zone.key})"
    return words if zone.key == "UTC" else f"{words} = {utc_words(shift.starts_at, shift.ends_at)}"


def _once(shifts: Iterable[Shift], kind: str, subject: str, at: datetime) -> int:
    keys = {
        f"{kind}:{shift.pk}:{shift.person_id}:{shift.starts_at:%Y%m%dT%H%M}": shift
        for shift in shifts
        if shift.person is not None
    }
    told = set(Delivery.objects.filter(key__in=list(keys)).values_list("key", flat=True))
    mails = []
    for key, shift in keys.items():
        if key in told or shift.person is None:
            continue
        facts = {"shift": _words(shift, shift.person), "url": shift_url(shift)}
        mails.append(
            _mail(
                shift.person,
                key=key,
                kind=kind,
                subject=subject % {"type": shift.type.name, "vo": shift.type.vo.name},
                reason=_("it is your shift"),
                facts=facts,
            )
        )
    if mails:
        enqueue_all(mails, at=at)
    return len(mails)


def _send(
    readers: Iterable[User],
    *,
    kind: str,
    key: str,
    subject: str,
    reason: str,
    facts: Any,
    at: datetime,
) -> None:
    mails = [
        _mail(
            reader,
            key=f"{key}:{reader.pk}",
            kind=kind,
            subject=subject,
            reason=reason,
            facts=facts(reader),
        )
        for reader in readers
    ]
    if mails:
        enqueue_all(mails, at=at)


def _mail(
    reader: User, *, key: str, kind: str, subject: str, reason: str, facts: dict[str, Any]
) -> Mail:
    name = kind.partition(".")[2].replace("-", "_")
    return Mail(
        key=key,
        kind=kind,
        to_address=reader.email,
        to_user_id=reader.pk,
        subject=f"[{settings.JUNO_INSTANCE_NAME}] {subject}",
        body=render_to_string(f"supportunits/mail/shift_{name}.txt", facts),
        reason=reason,
    )
