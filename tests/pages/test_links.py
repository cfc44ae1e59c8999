"""The page of network links."""

import pytest
from django.test import Client

from tests.cast import Cast
from topology.models import LinkKind, NetworkLink

pytestmark = pytest.mark.django_db


def test_links_with_both_ends(client: Client, cast: Cast) -> None:
    assert "No network links yet." in client.get("/links/").content.decode()
    NetworkLink.objects.create(
        name="IHEP-CCIN2P3-LHCONE-001",
        kind=LinkKind.LHCONE,
        site_a=cast.beijing,
        site_b=cast.in2p3,
        is_backup=True,
        provider="CSTNet \u202eevil",
    )

    page = client.get("/links/").content.decode()

    assert "IHEP-CCIN2P3-LHCONE-001" in page
    assert "backup" in page
    assert "/sites/BEIJING-LCG2/" in page
    assert "/sites/IN2P3-CC/" in page
    assert "⟨RLO⟩" in page
