"""What TPM of the demo keeps at its desk: ready texts, ticks of the check-list, discarded spam."""

from datetime import datetime, timedelta
from uuid import UUID

from juno_support.accounts.models import User
from supportunits.models import VO
from tickets import history
from tickets.actions import checks, ready_texts, spam, submit
from tickets.desk import lists
from tickets.models import CheckItem

_TEXTS = (
    (
        "Is it the downtime?",
        "",
        "Dear {submitter},\n\nthere is {downtime}. Does your problem go away after it? If not, "
        "tell us the time and the host of the first failure.\n\n{me}, TPM",
    ),
    (
        "Which job?",
        "",
        "Dear {submitter},\n\nwhich job is it? Please send its DIRAC job id, and the last fifty "
        "lines of its log. With these {unit} can look at it at once.\n\n{me}, TPM",
    ),
    (
        "Valid proxy?",
        "",
        "Dear {submitter},\n\nis your proxy still valid, and is it one of {vo}? Please send what "
        "`dirac-proxy-info` prints.\n\n{me}, TPM",
    ),
    (
        "Room in the group's quota",
        "juno",
        "Dear {submitter},\n\nthe write at {site} was refused for lack of room. How much of your "
        "group's quota is used is on the accounting page. Please delete what you do not need, or "
        "ask your group leader for more.\n\n{me}, TPM",
    ),
)
_SPAM = (
    "Best price for computing power, 80 % off",
    "Your mailbox is full: confirm your password today",
)


def furnish_desk(*, people: dict[str, User], at: datetime) -> None:
    """Write the ready texts, throw two tickets away, and begin a check-list."""
    carla = people["carla"]
    written = at - timedelta(days=9)
    for number, (title, vo, text) in enumerate(_TEXTS):
        ready_texts.save_text(
            key=UUID(int=number + 1),
            row=None,
            title=title,
            text=text,
            vo=VO.objects.get(name=vo) if vo else None,
            by=carla,
            at=written + timedelta(minutes=number),
        )
    with history.telling_the_past():
        for number, subject in enumerate(_SPAM):
            filed = at - timedelta(days=3 - number, hours=2)
            ticket = submit.submit_ticket(
                draft_id=UUID(int=number + 101),
                subject=subject,
                description="Dear customer, follow the link below today.",
                by=people["eve"],
                at=filed,
            )
            spam.discard(ticket=ticket, by=carla, at=filed + timedelta(minutes=40))
        oldest = lists.tickets_in("new", carla, at=at).first()
        if oldest is not None:
            for item in CheckItem.objects.filter(words__in=["Proxy", "Quota"]):
                checks.tick(
                    ticket=oldest, item=item, is_done=True, by=carla, at=at - timedelta(minutes=5)
                )
