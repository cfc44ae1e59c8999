"""Where the portal finds the demo's simulated sources."""

import pytest

from juno_support.demo.simulators import addresses
from juno_support.launcher import stack


def test_each_family_gets_an_address_and_its_credentials() -> None:
    found = stack._simulated(9000)
    assert found["JUNO_ARGO_URL"] == "http://127.0.0.1:9000/argo/api"
    assert found["JUNO_ARGO_API_KEY"] == addresses.ARGO_KEY
    assert found["JUNO_DIRAC_WEBAPP_URL"] == "http://127.0.0.1:9000/dirac/DIRAC"
    assert found["JUNO_PERFSONAR_ARCHIVES"].startswith("http://127.0.0.1:9000/perfsonar-legacy/")
    assert {name for name in found if name.endswith("_URL")} == {
        f"{family}_URL" for family in addresses.settings_for("")
    }


def test_a_family_that_is_given_for_real_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUNO_ARGO_URL", "https://argo.example.org/api")
    found = stack._simulated(9000)
    assert not any(name.startswith("JUNO_ARGO_") for name in found)
    assert "JUNO_DIRACX_URL" in found
