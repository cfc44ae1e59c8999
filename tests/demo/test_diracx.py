"""The simulated DiracX: its login above all."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from juno_support.demo.simulators import diracx_logins, failures, switches
from tests.demo.asking import Answered
from tests.demo.conftest import JsonUpstreams
from tests.demo.likeness import SAMPLES, differences, sample

CLIENT = "myDIRACClientID"
JUNO = {"parameter": "VO", "operator": "eq", "value": "juno"}
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")


def begin(world: JsonUpstreams, scope: str = "vo:juno") -> Answered:
    return world.ask("/diracx/api/auth/device", f"client_id={CLIENT}&scope={scope}", method="POST")


def token(world: JsonUpstreams, **form: str) -> Answered:
    return world.ask("/diracx/api/auth/token", form={"client_id": CLIENT, **form})


def device_token(world: JsonUpstreams, code: str) -> Answered:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return token(world, grant_type=grant, device_code=code)


def refresh(world: JsonUpstreams, value: str) -> Answered:
    return token(world, grant_type="refresh_token", refresh_token=value)


@needs_samples
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("openid-configuration", "openid-configuration"),
        ("dirac-metadata", "dirac-metadata"),
    ],
)
def test_discovery_has_the_shape_of_a_real_one(world: JsonUpstreams, path: str, name: str) -> None:
    ours = world.ask(f"/diracx/.well-known/{path}").json
    real = sample(f"dirac/diracx-0.7.0/{name}.json")
    assert differences(ours, real, may_lack={"bes"}) == []


def test_a_person_lets_a_program_in(world: JsonUpstreams) -> None:
    begun = begin(world, "vo:juno%20group:juno_admin").json
    if SAMPLES.is_dir():
        assert differences(begun, sample("dirac/diracx-0.7.0/login-user-1-device.json")) == []
    assert begun["verification_uri_complete"].startswith("http://127.0.0.1/diracx/api/auth/device?")
    pending = device_token(world, begun["device_code"])
    assert (pending.status, pending.json) == (400, {"error": "authorization_pending"})

    page = world.ask("/diracx/api/auth/device", f"user_code={begun['user_code']}")
    assert "juno_admin" in page.text and begun["user_code"] in page.text
    decision = {"user_code": begun["user_code"], "decision": "approve"}
    assert world.ask("/diracx/api/auth/device", form=decision).status == 200
    assert world.ask("/diracx/api/auth/device", form=decision).status == 400

    answered = device_token(world, begun["device_code"])
    assert answered.status == 200
    if SAMPLES.is_dir():
        real = sample("dirac/diracx-0.7.0/login-user-3-token.json")
        assert differences(answered.json, real) == []
    assert device_token(world, begun["device_code"]).status == 401
    who = world.ask(
        "/diracx/api/auth/userinfo", authorization=f"Bearer {answered.json['access_token']}"
    ).json
    if SAMPLES.is_dir():
        assert differences(who, sample("dirac/diracx-0.7.0/userinfo.json")) == []
    assert (who["vo"], who["dirac_group"]) == ("juno", "juno_admin")


def test_a_person_may_refuse_and_time_runs_out(world: JsonUpstreams) -> None:
    begun = begin(world).json
    decision = {"user_code": begun["user_code"], "decision": "deny"}
    world.ask("/diracx/api/auth/device", form=decision)
    assert device_token(world, begun["device_code"]).json == {"error": "access_denied"}
    begun = begin(world).json
    world.moment += timedelta(minutes=11)
    assert device_token(world, begun["device_code"]).json == {"error": "expired_token"}
    decision = {"user_code": begun["user_code"], "decision": "approve"}
    assert world.ask("/diracx/api/auth/device", form=decision).status == 400


def test_nobody_needs_to_approve_where_it_is_switched_so(world: JsonUpstreams) -> None:
    with switches.changing(world.switch_file) as switched:
        switched.approves_itself = True
    assert device_token(world, begin(world).json["device_code"]).status == 200


def test_what_is_no_login_is_refused(world: JsonUpstreams) -> None:
    assert begin(world, "vo:nothing").status == 400
    assert begin(world, "").status == 400
    assert begin(world, "vo:juno%20group:bes_user").status == 403
    other = world.ask("/diracx/api/auth/device", "client_id=x&scope=vo:juno", method="POST")
    assert other.status == 400
    assert device_token(world, "nonsense").status == 401
    assert refresh(world, "nonsense").json == {"detail": "Invalid JWT"}
    assert token(world, grant_type="client_credentials").status == 422


def test_refresh_tokens_rotate(world: JsonUpstreams) -> None:
    value = world.sign_in()["refresh_token"]
    for _ in range(5):
        world.moment += timedelta(minutes=19)
        answered = refresh(world, value)
        assert answered.status == 200
        assert answered.json["refresh_token"] != value
        value = answered.json["refresh_token"]


@pytest.mark.parametrize("kind", sorted(failures.REFUSALS))
def test_who_stands_before_the_server_spends_no_token(world: JsonUpstreams, kind: str) -> None:
    first = world.sign_in()["refresh_token"]
    world.fail("diracx", kind)
    assert refresh(world, first).status != 200
    world.fail("diracx", "none")

    assert refresh(world, first).status == 200


def test_using_one_twice_ends_the_whole_login(world: JsonUpstreams) -> None:
    first = world.sign_in()
    second = refresh(world, first["refresh_token"]).json
    other = world.sign_in()
    reused = refresh(world, first["refresh_token"])
    assert reused.status == 401
    assert "Revoked refresh token reused" in reused.json["detail"]
    # The new one is dead, too, and stays so; another login is not touched.
    assert refresh(world, second["refresh_token"]).status == 401
    assert refresh(world, other["refresh_token"]).status == 200
    # What was given out is worth something until it expires.
    bearer = f"Bearer {second['access_token']}"
    assert world.ask("/diracx/api/auth/userinfo", authorization=bearer).status == 200
    world.moment += timedelta(minutes=21)
    assert world.ask("/diracx/api/auth/userinfo", authorization=bearer).status == 401


def test_of_two_who_use_one_at_once_the_login_survives_neither(world: JsonUpstreams) -> None:
    value = world.sign_in()["refresh_token"]
    answers: list[Answered] = []
    threads = [
        threading.Thread(target=lambda: answers.append(refresh(world, value))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status for one in answers) == [200, 401, 401, 401]
    (winner,) = (one for one in answers if one.status == 200)
    assert refresh(world, winner.json["refresh_token"]).status == 401


def test_a_login_outlives_the_simulator_and_ends_in_time(world: JsonUpstreams) -> None:
    value = world.sign_in()["refresh_token"]
    again = JsonUpstreams(world.switch_file)
    again.moment = world.moment + diracx_logins.REFRESH_LIFETIME
    assert refresh(again, value).status == 401
    assert refresh(JsonUpstreams(world.switch_file), value).status == 200


def test_a_login_can_be_given_up(world: JsonUpstreams) -> None:
    value = world.sign_in()["refresh_token"]
    for sent in (value, "nonsense"):
        answered = world.ask("/diracx/api/auth/revoke", form={"token": sent})
        assert (answered.status, answered.json) == (200, "Refresh token revoked")
    assert refresh(world, value).status == 401


def test_its_own_failures(world: JsonUpstreams) -> None:
    login = world.sign_in()
    world.fail("diracx", "expired")
    bearer = f"Bearer {login['access_token']}"
    assert world.ask("/diracx/api/rss/site", authorization=bearer).status == 401
    assert refresh(world, login["refresh_token"]).status == 200
    login = world.sign_in()
    world.fail("diracx", "revoked")
    assert refresh(world, login["refresh_token"]).status == 401
    world.fail("diracx", "none")
    # Somebody has to sign in again, also when the failure is over.
    assert refresh(world, login["refresh_token"]).status == 401
    assert refresh(world, world.sign_in()["refresh_token"]).status == 200


def test_without_a_token_nothing_is_told(world: JsonUpstreams) -> None:
    answered = world.ask("/diracx/api/jobs/summary", document={"grouping": ["Site"]})
    assert (answered.status, answered.json) == (401, {"detail": "Authorization header is missing"})
    answered = world.ask("/diracx/api/rss/site", authorization="Bearer x.y.z")
    assert (answered.status, answered.json) == (401, {"detail": "Invalid JWT"})


@needs_samples
@pytest.mark.parametrize(
    ("path", "query", "document", "name", "status"),
    [
        ("jobs/summary", "", {"grouping": ["Site", "Status"]}, "jobs-summary-site-status", 200),
        ("jobs/summary", "",
         {"grouping": ["Site", "Status", "MinorStatus"], "search": [
             {"parameter": "Status", "operator": "in", "values": ["Failed", "Stalled"]}]},
         "jobs-summary-site-minorstatus-failed", 200),
        ("jobs/summary", "", {"grouping": ["NoSuchColumn"]}, "jobs-summary-bad-parameter-400",
         400),
        ("jobs/summary", "", {"search": []}, "jobs-summary-422", 422),
        ("jobs/search", "page=1&per_page=1", {}, "jobs-search-one-all-params", 206),
        ("jobs/search", "page=1&per_page=5",
         {"parameters": ["JobID", "Site", "Status", "MinorStatus", "ApplicationStatus", "Owner",
                         "VO", "LastUpdateTime"],
          "search": [{"parameter": "Status", "operator": "in", "values": ["Failed"]}],
          "sort": [{"parameter": "LastUpdateTime", "direction": "desc"}]},
         "jobs-search-failed-cnaf-page1", 206),
        ("jobs/search", "page=1&per_page=1",
         {"parameters": ["JobID", "LoggingInfo"],
          "search": [{"parameter": "Status", "operator": "eq", "value": "Failed"}]},
         "jobs-search-logginginfo", 206),
        ("jobs/search", "page=999&per_page=100", {}, "jobs-search-416", 416),
        ("pilots/summary", "", {"grouping": ["DestinationSite", "GridSite", "Status"]},
         "pilots-summary-site-ce-status", 200),
        ("pilots/search", "page=1&per_page=3",
         {"search": [{"parameter": "Status", "operator": "eq", "value": "Aborted"}]},
         "pilots-search-page1", 206),
    ],
)  # fmt: skip
def test_answers_have_the_shape_of_a_real_servers(
    world: JsonUpstreams,
    path: str,
    query: str,
    document: dict[str, Any],
    name: str,
    status: int,
) -> None:
    answered = world.diracx(path, query, document=document)
    assert answered.status == status
    assert differences(answered.json, sample(f"dirac/diracx-0.7.0/{name}.json")) == []


@needs_samples
@pytest.mark.parametrize(
    ("kind", "ours", "real"),
    [
        ("site", "GRID.IHEP.cn", "GRID.IHEP.cn"),
        ("site", "GRID.MSU.ru", "GRID.MSU.ru"),
        ("storage", "IHEP-JUNOEOS", "IHEP-JUNOEOS"),
        ("compute", "lcgarc02.jinr.ru", "ce02-htc.cr.cnaf.infn.it"),
        ("fts", "fts-juno.ihep.ac.cn", "fts3-juno.ihep.ac.cn"),
    ],
)
def test_resource_states_have_the_shape_of_a_real_servers(
    world: JsonUpstreams, kind: str, ours: str, real: str
) -> None:
    answered = world.diracx(f"rss/{kind}")
    document = sample(f"dirac/diracx-0.7.0/rss-{kind}.json")
    assert differences(answered.json[ours], document[real]) == []
    assert answered.headers["ETag"].endswith("-juno")
    assert answered.headers["Last-Modified"].endswith(" GMT")


def test_pages_are_counted(world: JsonUpstreams) -> None:
    wanted = {"search": [JUNO], "parameters": ["JobID"]}
    first = world.diracx("jobs/search", "page=1&per_page=100", document=wanted)
    assert first.status == 206
    span, _slash, total = first.headers["Content-Range"].partition("/")
    assert span == "jobs 0-99"
    pages = -(-int(total) // 100)
    last = world.diracx("jobs/search", f"page={pages}&per_page=100", document=wanted)
    assert last.status == 206
    assert last.headers["Content-Range"] == f"jobs {(pages - 1) * 100}-{int(total) - 1}/{total}"
    beyond = world.diracx("jobs/search", f"page={pages + 1}&per_page=100", document=wanted)
    assert (beyond.status, beyond.json) == (416, [])
    assert beyond.headers["Content-Range"] == f"jobs */{total}"
    one = {"search": [{"parameter": "JobID", "operator": "eq", "value": first.json[0]["JobID"]}]}
    whole = world.diracx("jobs/search", document=one)
    assert (whole.status, len(whole.json)) == (200, 1)
    assert "Content-Range" not in whole.headers
    assert world.diracx("jobs/search", "page=0", document={}).status == 422


def test_jobs_of_all_vos_are_told_unless_one_asks(world: JsonUpstreams) -> None:
    def count(*search: object) -> int:
        document = {"grouping": ["Status"], "search": list(search)}
        return sum(row["count"] for row in world.diracx("jobs/summary", document=document).json)

    recent = {"parameter": "LastUpdateTime", "operator": "gt", "value": "2026-01-11T08:30:00"}
    assert count(recent) > count(recent, JUNO) > 500


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"operator": "neq", "value": "Failed"}, lambda status: status != "Failed"),
        ({"operator": "not in", "values": ["Done", "Failed"]},
         lambda status: status not in ("Done", "Failed")),
        ({"operator": "like", "value": "Fail%"}, lambda status: status == "Failed"),
        ({"operator": "not like", "value": "%n%"}, lambda status: "n" not in status),
        ({"operator": "regex", "value": "^(Run|Wait)"},
         lambda status: status in ("Running", "Waiting")),
    ],
)  # fmt: skip
def test_operators(world: JsonUpstreams, condition: dict[str, Any], holds: Any) -> None:
    document = {"grouping": ["Status"], "search": [{"parameter": "Status", **condition}]}
    found = {row["Status"] for row in world.diracx("jobs/summary", document=document).json}
    assert found and all(holds(status) for status in found)


def test_questions_that_are_not_understood(world: JsonUpstreams) -> None:
    for search in (
        [{"parameter": "Status", "operator": "is", "value": "x"}],
        [{"parameter": "Status", "operator": "in", "value": "x"}],
        [{"operator": "eq"}],
    ):
        document = {"grouping": ["Site"], "search": search}
        assert world.diracx("jobs/summary", document=document).status == 422
    assert world.diracx("jobs/summary", document=[1]).status == 422
    assert world.diracx("nothing").status == 404
    assert world.diracx("jobs/summary").status == 405


def test_nothing_new_is_304(world: JsonUpstreams) -> None:
    token = world.sign_in()["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    first = world.ask("/diracx/api/rss/storage", **bearer)
    etag = first.headers["ETag"]
    world.moment += timedelta(minutes=5)
    again = world.ask("/diracx/api/rss/storage", if_none_match=etag, **bearer)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
    # Two minutes later the file doors of JINR-T1 have too many requests.
    world.moment += timedelta(minutes=3)
    changed = world.ask("/diracx/api/rss/storage", if_none_match=etag, **bearer)
    assert changed.status == 200
    assert changed.json["JINR-XROOTD"]["write"]["allowed"] is False


def test_states_are_told_without_saying_which(world: JsonUpstreams) -> None:
    sites = world.diracx("rss/site").json
    assert sites["GRID.IN2P3.fr"] == {"all": {"allowed": True, "warnings": None}}
    assert sites["GRID.INFN-CNAF.it"]["all"]["allowed"] is True
    assert "SRM put failed" in sites["GRID.INFN-CNAF.it"]["all"]["warnings"]
    assert sites["GRID.MSU.ru"]["all"] == {
        "allowed": False,
        "reason": "testing after intervention",
    }
