"""What happens to support units themselves: lists proven or not, people who ask, FAQs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from juno_support.accounts.models import User
from supportunits.actions import mailing_list, supporters, unit_requests
from supportunits.actions.faq import mark_of, write_faq
from supportunits.models import VO, SupportUnit, UnitFAQ

_PROVEN = (
    ("TPM", "carla"),
    ("Security", "sven"),
    ("JUNO-Production", "jun"),
    ("JUNO-Data-Management", "mei"),
    ("IN2P3-CC", "omar"),
    ("INFN-T1", "paolo"),
    ("BEIJING-LCG2", ""),
)
_REQUEST = UUID("4a0d5c1e-52c8-4b7e-9a54-6f6a3d1b0c01")
_REFUSED = UUID("4a0d5c1e-52c8-4b7e-9a54-6f6a3d1b0c02")

_OFFLINE_FAQ = """\
## Which release should I use?

The newest one with a `J` and an even number, such as `J26.2.0`. Odd numbers are for tests.
`ls /cvmfs/juno.ihep.ac.cn/` shows what your site has.

## My job finds no geometry file

Set `JUNOTOP` before you source the release, not after it. On worker nodes that still have no
`/cvmfs`, file a ticket **and name the host**: it is the site's, not ours.

## Can I have a package that is not in the release?

Yes, through your working group's convener. We build once a week, on Tuesdays.
"""
_LYON_FAQ = """\
## Where is my quota shown?

`/sps/juno/quota` is written every hour. For more space write to us with the VO's approval.

## How long does a recall from tape take?

Ten minutes for a few files, up to six hours for a whole run. Ask for a run in one bulk request;
thousands of single ones are slower and block others.
"""


def tell_unit_life(*, people: Mapping[str, User], begins: datetime, at: datetime) -> None:
    """Prove most lists and leave one open; have people ask, and some be answered.

    :param begins: when the story begins
    :param at: the present moment
    """
    _prove_lists(people, begins)
    _ask(people, at)
    _write_faqs(people, at)


def _prove_lists(people: Mapping[str, User], begins: datetime) -> None:
    for number, (name, reader) in enumerate(_PROVEN, start=1):
        sent_at = begins + timedelta(minutes=10 * number)
        test = mailing_list.send_test(unit=_unit(name), by=people["dmitri"], at=sent_at)
        mailing_list.prove(
            token=mailing_list.token_of(test),
            by=people[reader] if reader else None,
            at=sent_at + timedelta(hours=2),
        )


def _ask(people: Mapping[str, User], at: datetime) -> None:
    # The list of the offline software is not proven: its test mail waits in the mail catcher.
    mailing_list.send_test(
        unit=_unit("JUNO-Offline"), by=people["lena"], at=at - timedelta(hours=2)
    )
    supporters.ask_to_support(
        unit=_unit("JUNO-Offline"),
        user=people["noah"],
        words="I maintain the muon reconstruction and get its questions by private mail anyway.",
        by=people["noah"],
        at=at - timedelta(hours=5),
    )
    refused = supporters.ask_to_support(
        unit=_unit("IN2P3-CC"),
        user=people["tomas"],
        words="I would like to see our jobs in Lyon.",
        by=people["tomas"],
        at=at - timedelta(days=6),
    )
    supporters.refuse(
        request=refused,
        by=people["boris"],
        at=at - timedelta(days=5, hours=20),
        answer="Our supporters work at the centre. Your jobs are on your VO's page.",
    )
    juno = VO.objects.get(name="juno")
    unit_requests.request_unit(
        key=_REQUEST,
        name="JUNO-Calibration",
        title="Calibration data and constants",
        vo=juno,
        mailing_list="calibration@juno.example.org",
        words="Which constants belong to which run, and why a set is missing. Wei and I answer.",
        by=people["vera"],
        at=at - timedelta(hours=26),
    )
    web = unit_requests.request_unit(
        key=_REFUSED,
        name="JUNO-Web",
        vo=juno,
        words="Questions about the web pages of the collaboration.",
        by=people["yong"],
        at=at - timedelta(days=9),
    )
    unit_requests.refuse_unit(
        request=web,
        by=people["dmitri"],
        at=at - timedelta(days=8, hours=18),
        answer="The secretariat answers these; its address is on the web pages.",
    )


def _write_faqs(people: Mapping[str, User], at: datetime) -> None:
    first, _gap, _rest = _OFFLINE_FAQ.partition("\n## Can I")
    for name, text, writer, moment in (
        ("JUNO-Offline", first, "lena", at - timedelta(days=12)),
        ("JUNO-Offline", _OFFLINE_FAQ, "lena", at - timedelta(days=3)),
        ("IN2P3-CC", _LYON_FAQ, "boris", at - timedelta(days=10)),
    ):
        unit = _unit(name)
        seen = mark_of(UnitFAQ.objects.filter(unit=unit).first())
        write_faq(unit=unit, text=text, seen=seen, by=people[writer], at=moment)


def _unit(name: str) -> SupportUnit:
    return SupportUnit.objects.get(name=name)
