"""A small GOCDB for the tests of polling."""

from collections.abc import Iterator

import pytest

from tests.gocdb_upstream import Gocdb, ServiceRow, SiteRow, running_gocdb


@pytest.fixture
def gocdb() -> Iterator[Gocdb]:
    """Run a GOCDB with two sites and a service each."""
    with running_gocdb(
        Gocdb(
            sites=[SiteRow("1G0", "IN2P3-CC"), SiteRow("2G0", "INFN-T1", roc="NGI_IT")],
            services=[
                ServiceRow("11G0", "IN2P3-CC", "ce.in2p3.example.org", "ARC-CE"),
                ServiceRow("12G0", "INFN-T1", "se.cnaf.example.org"),
            ],
        )
    ) as running:
        yield running
