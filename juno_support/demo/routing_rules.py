"""The demo's routing rules and the people behind TPM, written by its admin as a person would."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from juno_support.accounts.models import User
from supportunits.actions import fallback
from supportunits.models import VO, IssueType, SupportUnit
from tickets.routing.save_rule import save_rule
from topology.models import Site


def write_rules(*, people: dict[str, User], at: datetime) -> None:
    """Write five rules: four that suggest, one of them out of use, and one that routes."""
    admin = people["dmitri"]
    juno = VO.objects.get(name="juno")
    types = {kind.name: kind for kind in IssueType.objects.filter(vo=juno)}
    rules: tuple[tuple[str, str, dict[str, Any]], ...] = (
        (
            "Raw data from the detector",
            "JUNO-Online-DAQ",
            {"words": ["event builder", "raw data", "DAQ"], "vo": juno, "is_automatic": True},
        ),
        (
            "Conditions data",
            "JUNO-Offline",
            {"words": ["conditions database", "conditions tag"], "vo": juno},
        ),
        (
            "Tape at CNAF",
            "INFN-T1",
            {"site": Site.objects.get(name="INFN-T1"), "words": ["tape", "staging", "recall"]},
        ),
        (
            "Releases on CVMFS",
            "JUNO-Offline",
            {"words": ["cvmfs"], "issue_type": types["CVMFS and squid"]},
        ),
        (
            "Old production requests",
            "JUNO-Production",
            {"words": ["simulation request"], "vo": juno, "is_on": False},
        ),
    )
    for number, (name, unit, fields) in enumerate(rules, 1):
        save_rule(
            rule=None,
            key=UUID(int=number, version=4),
            name=name,
            position=10 * number,
            unit=SupportUnit.objects.get(name=unit),
            by=admin,
            at=at + timedelta(minutes=3 * number),
            **fields,
        )
    for username in ("dmitri", "boris"):
        fallback.add_fallback(user=people[username], by=admin, at=at + timedelta(minutes=20))
