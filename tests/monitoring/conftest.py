"""A small GOCDB with downtimes, and its topology pulled once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from juno_support.feeds import polling
from tests.gocdb_upstream import Gocdb, ServiceRow, SiteRow, running_gocdb


@pytest.fixture
def gocdb(db: None, at: datetime) -> Iterator[Gocdb]:
    """Run a GOCDB with two sites and three services, known since half an hour."""
    with running_gocdb(
        Gocdb(
            sites=[SiteRow("1G0", "IN2P3-CC"), SiteRow("2G0", "INFN-T1", roc="NGI_IT")],
            services=[
                ServiceRow("11G0", "IN2P3-CC", "ce.in2p3.example.org", "ARC-CE"),
                ServiceRow("12G0", "IN2P3-CC", "se.in2p3.example.org"),
                ServiceRow("21G0", "INFN-T1", "se.cnaf.example.org"),
            ],
        )
    ) as running:
        polling.poll("gocdb-topology", now=lambda: at - timedelta(minutes=30))
        yield running
