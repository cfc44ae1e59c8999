"""monitoring/clients/dirac_https: what goes over the wire, and what DIRAC's refusals become."""

from datetime import UTC, datetime

import pytest

from juno_support.lib import http
from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused, ServiceUnavailable
from monitoring.clients.dirac_https import (
    CONFIGURATION,
    JOB_MONITORING,
    PUBLISHER,
    RESOURCE_STATUS,
    DiracHttpsClient,
    NotOffered,
)
from tests.dirac_upstream import CONFIGURATION as COPY
from tests.dirac_upstream import JOBS, STATUS, Dirac, running_dirac, said
from tests.dirac_upstream import PUBLISHER as PUBLISHED

MAIN = "Configuration/Server"
QUICK = http.Limits(connect=2, read=2, total=4, tries=2, pause=0.01)


def test_a_call_is_a_form_with_json_in_it() -> None:
    dirac = Dirac({(STATUS, "select:SiteStatus"): said([])})
    with running_dirac(dirac):
        client = DiracHttpsClient(f"{dirac.url}/", token="secret", group="juno_user")
        body = client.select("SiteStatus", {"VO": ["all", "juno"]})

    assert body == said([])
    call = dirac.calls[0]
    assert (call.path, call.method, call.group) == (STATUS, "select", "juno_user")
    assert call.args == ["SiteStatus", {"VO": ["all", "juno"]}]
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.headers["Authorization"] == "Bearer secret"
    assert client.traffic.size == len(body)


def test_without_group_and_token_neither_is_sent() -> None:
    dirac = Dirac({(STATUS, "ping"): said({})})
    with running_dirac(dirac):
        DiracHttpsClient(dirac.url).ping()

    assert dirac.calls[0].group == ""
    assert "Authorization" not in dirac.calls[0].headers


def test_the_methods_and_their_arguments() -> None:
    dirac = Dirac({(JOBS, "getCounters"): said([]), (JOBS, "getJobs"): said([])})
    with running_dirac(dirac):
        client = DiracHttpsClient(dirac.url)
        at = datetime(2026, 1, 12, 8, 30, 5, tzinfo=UTC)
        client.get_counters(("Site", "Status"), {"OwnerGroup": "juno_user"}, at)
        client.get_counters(("Site",), {})
        client.get_jobs({"Status": "Failed"}, at)

    assert [call.args for call in dirac.calls] == [
        [["Site", "Status"], {"OwnerGroup": "juno_user"}, "2026-01-12 08:30:05"],
        [["Site"], {}, ""],
        [{"Status": "Failed"}, "2026-01-12 08:30:05"],
    ]


def test_a_service_under_its_tornado_name_is_found_and_remembered() -> None:
    dirac = Dirac(
        {(STATUS, "ping"): said({}), (PUBLISHED, "getSitesResources"): said({})}, tornado=True
    )
    with running_dirac(dirac):
        client = DiracHttpsClient(dirac.url)
        client.ping()
        client.get_sites_resources()

    assert [call.path for call in dirac.calls] == [
        "ResourceStatus/ResourceStatus",
        "ResourceStatus/TornadoResourceStatus",
        "ResourceStatus/TornadoPublisher",
    ]


def test_the_sum_of_a_poll_speaks_of_what_came_and_not_of_what_is_not_offered() -> None:
    with running_dirac(Dirac({(STATUS, "ping"): said({})})) as dirac:
        client = DiracHttpsClient(dirac.url)
        with pytest.raises(NotOffered):
            client.get_site_mask()
        assert client.traffic.status == 404
        client.ping()
        with pytest.raises(NotOffered):
            client.get_site_mask()

    assert len(client.traffic.urls) == 5
    assert client.traffic.status == 200


@pytest.mark.parametrize("path", ["ResourceStatus/TornadoResourceStatus", "/rss/Tornado/"])
def test_a_path_that_an_admin_set_is_asked_first(path: str) -> None:
    dirac = Dirac({(STATUS, "ping"): said({})}, tornado=True)
    with running_dirac(dirac):
        client = DiracHttpsClient(dirac.url, paths={RESOURCE_STATUS: path})
        if path.startswith("/"):
            with pytest.raises(NotOffered, match="no DIRAC service rss/Tornado"):
                client.ping()
        else:
            client.ping()

    assert dirac.calls[0].path == path.strip("/")


def test_a_service_at_a_port_of_its_own_is_asked_there() -> None:
    services, apart = Dirac(), Dirac({(MAIN, "getCompressedData"): said("packed")})
    with running_dirac(services), running_dirac(apart):
        path = f":{apart.url.rpartition(':')[2]}/{MAIN}"
        client = DiracHttpsClient(f"{services.url}/behind", paths={CONFIGURATION: path})
        assert client.get_configuration() == said("packed")

    assert [call.path for call in apart.calls] == [MAIN]
    assert services.calls == []


def test_the_configuration_is_had_from_a_copy_or_from_the_main_server() -> None:
    dirac = Dirac({(COPY, "getCompressedData"): said("copy")})
    with running_dirac(dirac):
        assert DiracHttpsClient(dirac.url).get_configuration() == said("copy")
        dirac.answers = {(MAIN, "getCompressedData"): said("main")}
        assert DiracHttpsClient(dirac.url).get_configuration() == said("main")
        dirac.answers = {(COPY, "getVersion"): said("2026")}
        with pytest.raises(NotOffered, match="no method getCompressedData"):
            DiracHttpsClient(dirac.url).get_configuration()
        dirac.answers = {}
        with pytest.raises(NotOffered, match=f"no DIRAC service {COPY}"):
            DiracHttpsClient(dirac.url).get_configuration()


def test_missing_services_and_methods_are_told_apart() -> None:
    dirac = Dirac({(JOBS, "getJobs"): said([])})
    with running_dirac(dirac):
        client = DiracHttpsClient(dirac.url, limits=QUICK)
        with pytest.raises(NotOffered, match=f"no DIRAC service {PUBLISHER}"):
            client.get_sites_resources()
        with pytest.raises(NotOffered, match=f"service {JOB_MONITORING} has no method getCounters"):
            client.get_counters(("Site",), {})

    # Neither is asked again: it will not come.
    assert len(dirac.calls) == 3


def test_a_refused_credential_is_one() -> None:
    dirac = Dirac({(STATUS, "ping"): said({})}, token="the right one")
    with running_dirac(dirac), pytest.raises(CredentialRefused) as fault:
        DiracHttpsClient(dirac.url, token="another", limits=QUICK).ping()

    assert fault.value.status == 401
    assert len(dirac.calls) == 1


def test_an_ill_server_is_asked_once_more() -> None:
    dirac = Dirac({(STATUS, "ping"): (500, b"<html>500</html>")})
    with running_dirac(dirac), pytest.raises(ServiceUnavailable):
        DiracHttpsClient(dirac.url, limits=QUICK).ping()

    assert len(dirac.calls) == 2


def test_another_status_is_not_understood() -> None:
    dirac = Dirac({(STATUS, "ping"): (400, b"<html>400</html>")})
    with running_dirac(dirac), pytest.raises(AnswerNotUnderstood, match="400"):
        DiracHttpsClient(dirac.url, limits=QUICK).ping()
