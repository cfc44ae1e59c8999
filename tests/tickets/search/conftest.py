"""Tickets to be found."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cast import Roles
from tests.make import AT
from tickets.models import AffectedSite, DiaryEntry, Ticket
from tickets.search import index
from topology.models import Site

MakeTicket = Callable[..., Ticket]


@pytest.fixture
def ticket(roles: Roles) -> MakeTicket:
    """A function that makes an indexed ticket of the submitter, at the unit of IN2P3-CC."""

    def make(
        subject: str = "Jobs fail",
        description: str = "All of them.",
        *,
        public: tuple[str, ...] = (),
        internal: tuple[str, ...] = (),
        sites: tuple[Site, ...] = (),
        at: datetime = AT,
        **fields: Any,
    ) -> Ticket:
        fields.setdefault("submitter", roles["submitter"])
        fields.setdefault("unit", roles.in2p3_unit)
        fields.setdefault("submitted_priority", fields.get("priority", 1))
        if fields.get("status") in {"SOLVED", "UNSOLVED"}:
            fields.setdefault("close_after", at + timedelta(days=14))
        made = Ticket.objects.create(
            subject=subject,
            description=description,
            description_html="",
            problem_at=at,
            submitted_at=at,
            updated_at=fields.pop("updated_at", at),
            public_word_at=at,
            **fields,
        )
        AffectedSite.objects.bulk_create(AffectedSite(ticket=made, site=site) for site in sites)
        index.index_ticket(made)
        for is_public, texts in ((True, public), (False, internal)):
            for text in texts:
                entry = DiaryEntry.objects.create(
                    ticket=made, is_public=is_public, text=text, html="", written_at=at
                )
                index.add_entry(entry)
        return made

    return make
