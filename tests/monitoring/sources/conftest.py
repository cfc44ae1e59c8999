"""A classic DIRAC that answers everything, and a portal that asks it."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.dirac_upstream import Dirac, running_dirac, usual_dirac


@pytest.fixture
def dirac() -> Iterator[Dirac]:
    with (
        running_dirac(usual_dirac()) as running,
        override_settings(
            JUNO_DIRAC_HTTPS_URL=running.url, JUNO_DIRAC_HTTPS_OWNER_GROUP="juno_user"
        ),
    ):
        yield running
