"""monitoring/clients/argo: what is asked, and what the errors mean in words."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from juno_support.lib import http
from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused, ServiceUnavailable
from monitoring.clients.argo import ArgoClient, NoSuchCall
from tests.argo_upstream import API_KEY, Argo, Document, running_argo

SINCE = datetime(2026, 1, 12, 1, tzinfo=timezone(timedelta(hours=1)))
UNTIL = datetime(2026, 1, 12, 12, tzinfo=UTC)
QUICK = http.Limits(tries=1, pause=0)


@pytest.fixture
def argo() -> Iterator[Argo]:
    with running_argo(Argo()) as running:
        yield running


def client_of(argo: Argo, api_key: str = API_KEY) -> ArgoClient:
    return ArgoClient(f"{argo.url}/", api_key=api_key, limits=QUICK)


def fault_of(argo: Argo, document: Document, path: str = "/v3/status/Critical") -> http.FetchFault:
    """Answer a question about states like that, and return what the client makes of it."""
    argo.documents[path] = document
    client = client_of(argo)
    with pytest.raises(http.FetchFault) as fault:
        if path.startswith("/v3"):
            client.status("Critical", since=SINCE, until=UNTIL)
        else:
            client.group_status("Critical", "SITES", since=SINCE, until=UNTIL)
    return fault.value


def test_every_question_goes_to_its_path_with_its_parameters(argo: Argo) -> None:
    argo.documents = dict.fromkeys(
        (
            "/v3/status/OPS-MONITOR%20%2F",
            "/v2/status/Critical/SITES",
            "/v2/status/Critical/endpoints",
            "/v2/status/Critical/endpoints#Mg==",
            "/v2/latest/Critical/SITES",
            "/v3/results/Critical",
            "/v2/results/Critical/SITES",
            "/v3/health",
            "/v2/consistency",
        ),
        b"{}",
    )
    client = client_of(argo)
    client.status("OPS-MONITOR /", since=SINCE, until=UNTIL)
    client.group_status("Critical", "SITES", since=SINCE, until=UNTIL)
    client.endpoint_status("Critical", since=SINCE, until=UNTIL)
    client.endpoint_status("Critical", since=SINCE, until=UNTIL, page="Mg==")
    client.latest("Critical", "SITES", day=SINCE, only="non-ok")
    client.results("Critical", "SITES", since=SINCE, until=UNTIL, version="v3")
    client.results("Critical", "SITES", since=SINCE, until=UNTIL, version="v2")
    client.self_check("health", version="v3")
    client.self_check("consistency", version="v2")

    window = {"start_time": "2026-01-12T00:00:00Z", "end_time": "2026-01-12T12:00:00Z"}
    assert [(asked.path, asked.query) for asked in argo.asked] == [
        ("/api/v3/status/OPS-MONITOR%20%2F", window),
        ("/api/v2/status/Critical/SITES", window),
        ("/api/v2/status/Critical/endpoints", window),
        ("/api/v2/status/Critical/endpoints", {**window, "nextPageToken": "Mg=="}),
        (
            "/api/v2/latest/Critical/SITES",
            {
                "date": "2026-01-12T00:00:00Z",
                "filter": "non-ok",
                "limit": "10000",
                "strict": "false",
            },
        ),
        ("/api/v3/results/Critical", {**window, "granularity": "daily"}),
        ("/api/v2/results/Critical/SITES", {**window, "granularity": "daily"}),
        ("/api/v3/health", {}),
        ("/api/v2/consistency", {}),
    ]
    for asked in argo.asked:
        headers = {name.lower(): value for name, value in asked.headers.items()}
        assert headers["accept"] == "application/json"
        assert headers["x-api-key"] == API_KEY
    assert client.traffic.size == 2 * len(argo.asked)
    assert not any(API_KEY in url for url in client.traffic.urls)


def test_a_refused_key_is_told_in_argos_words(argo: Argo) -> None:
    with pytest.raises(CredentialRefused) as fault:
        client_of(argo, "another").status("Critical", since=SINCE, until=UNTIL)
    assert "You need to provide a correct authentication token" in fault.value.reason
    assert "refuses the API key" in fault.value.reason
    with pytest.raises(CredentialRefused, match="none is set"):
        client_of(argo, "").status("Critical", since=SINCE, until=UNTIL)


def test_an_unknown_call_is_told_apart_from_an_unknown_report(argo: Argo) -> None:
    unknown_call = fault_of(argo, (404, b"404 page not found"))
    assert isinstance(unknown_call, NoSuchCall)
    assert unknown_call.permanent

    words = {"message": "The report with the name Critical does not exist", "code": 404}
    unknown_report = fault_of(argo, (404, json.dumps(words).encode()))
    assert not isinstance(unknown_report, NoSuchCall)
    assert "The report with the name Critical does not exist" in unknown_report.reason
    assert "option" in unknown_report.reason

    words = {
        "message": "The report Critical does not define endpoint group type: SITES",
        "code": "404",
    }
    unknown_type = fault_of(argo, (404, json.dumps(words).encode()), "/v2/status/Critical/SITES")
    assert not isinstance(unknown_type, NoSuchCall)


def test_500_of_version_2_may_be_an_unknown_report(argo: Argo) -> None:
    body = b'{"status": {"message": "Internal Server Error", "code": "500"}}'

    fault = fault_of(argo, (500, body), "/v2/status/Critical/SITES")
    assert isinstance(fault, ServiceUnavailable)
    assert fault.reason == (
        "ARGO answered 500: Internal Server Error. Version 2 also answers so when there is no "
        "report of the name 'Critical'."
    )
    fault = fault_of(argo, (500, body))
    assert fault.reason == "ARGO answered 500: Internal Server Error."
    assert fault.status == 500


def test_406_and_400_are_told(argo: Argo) -> None:
    fault = fault_of(argo, (406, b"<html>a proxy</html>"))
    assert isinstance(fault, AnswerNotUnderstood)
    assert fault.reason.startswith("ARGO answered 406. It wants “Accept: application/json”")

    errors = {
        "status": {"message": "Bad Request", "code": "400"},
        "errors": [{"message": "Bad Request", "code": "400", "details": "No start_time set"}],
    }
    fault = fault_of(argo, (400, json.dumps(errors).encode()))
    assert "Bad Request: No start_time set" in fault.reason
