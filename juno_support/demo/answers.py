"""Known answers that the demo's supporters made, and what is announced in the demo."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from juno_support.accounts.models import User
from supportunits.actions import announcements
from supportunits.models import VO, Audience, Tone
from tickets.answers import change
from tickets.answers.models import Audience as Readers

_SPACE = uuid.UUID("7a5e0b5e-6b34-4b0b-9d0a-4a0c0a5a9f11")

# Owner, title, text, who reads it, whether it is JUNO's only, how old in days.
_ANSWERS = (
    (
        "carla",
        "Pilots or jobs fail at once: “proxy expired”",
        "The job log says *proxy expired* or *no valid credentials*.\n\n"
        "1. `dirac-proxy-info` shows how long your proxy lasts.\n"
        "2. `dirac-proxy-init -g juno_user` makes a new one and uploads it.\n"
        "3. Jobs that wait take the new proxy by themselves; failed ones must be sent again.\n\n"
        "Still refused? Your membership of the VO may have ended: look at the enrolment page.",
        Readers.PUBLIC,
        True,
        40,
    ),
    (
        "carla",
        "Transfers to a site time out during its downtime",
        "Look at the site's page first: a running downtime is shown on top, with its end. What "
        "was queued is tried again afterwards; a ticket does not make it end sooner. Choose "
        "another storage element meanwhile: `dirac-dms-replicate-lfn` takes any site of the VO.",
        Readers.PUBLIC,
        False,
        25,
    ),
    (
        "giulia",
        "“No space left on device” in a job's working directory",
        "The worker node's scratch is shared by all its jobs. Ask for fewer events a job, or "
        "say in the job description how much space it needs. If a job that needs under 10 GB fails "
        "so, it is the site's: file a ticket and name the worker node.",
        Readers.PUBLIC,
        False,
        12,
    ),
    (
        "carla",
        "First line: a CE refuses all jobs of one VO",
        "Ask the site for the mapping of the VO's FQANs first (`/juno/Role=production` "
        "too). Compare with a second VO at the same CE. Do not send the submitter to the VO: nine "
        "times of ten the site's authorisation was updated.",
        Readers.SUPPORTERS,
        False,
        8,
    ),
)


def write_answers(*, people: Mapping[str, User], at: datetime) -> None:
    """Make the demo's known answers, and announce two things."""
    juno = VO.objects.get(name="juno")
    for owner, title, words, readers, is_own, days in _ANSWERS:
        change.write_answer(
            by=people[owner],
            at=at - timedelta(days=days),
            submission_key=uuid.uuid5(_SPACE, title),
            title=title,
            words_of_it=words,
            audience=readers,
            vo=juno if is_own else None,
        )
    announcements.announce(
        by=people["dmitri"],
        at=at - timedelta(days=2),
        submission_key=uuid.uuid5(_SPACE, "welcome"),
        title="Support of JUNO runs in this portal now",
        words="Tickets that are open in GGUS stay there until they are solved. New ones go here.",
        audience=Audience.EVERYBODY,
        ends_at=at + timedelta(days=12),
    )
    announcements.announce(
        by=people["carla"],
        at=at - timedelta(hours=3),
        submission_key=uuid.uuid5(_SPACE, "campaign"),
        title="Reprocessing campaign: expect longer queues until Friday",
        words="Production jobs have priority at the Tier-1 sites; user jobs run at the Tier-2s.",
        tone=Tone.WARNING,
        audience=Audience.VO,
        vo=juno,
        ends_at=at + timedelta(days=4),
    )
