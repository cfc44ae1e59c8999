"""The simulated classic DIRAC and its web app."""

from typing import Any

import pytest

from juno_support.demo.simulators import addresses
from tests.demo.conftest import JsonUpstreams
from tests.demo.likeness import SAMPLES, differences, sample

RSS = "ResourceStatus/ResourceStatus"
PUBLISHER = "ResourceStatus/TornadoPublisher"
JOBS = "WorkloadManagement/JobMonitoring"
WMS = "WorkloadManagement/TornadoWMSAdministrator"
REQUESTS = "RequestManagement/ReqManager"
WEB = "/dirac/DIRAC/s:JUNO/g:juno_user"
JUNO = {"OwnerGroup": ["juno_user", "juno_production"]}
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")


@needs_samples
@pytest.mark.parametrize(
    ("service", "method", "args", "name"),
    [
        (RSS, "select", ["SiteStatus", {}], "resourcestatus-select-SiteStatus-all"),
        (RSS, "select",
         ["SiteStatus", {"Name": "GRID.MSU.ru", "StatusType": "all", "VO": "all"}],
         "resourcestatus-select-SiteStatus-one"),
        (RSS, "select",
         ["SiteStatus", {"Status": ["Banned", "Degraded"],
                         "Meta": {"columns": ["Name", "Status", "Reason", "DateEffective"]}}],
         "resourcestatus-select-SiteStatus-banned-columns"),
        (RSS, "select", ["ResourceStatus", {"ElementType": "StorageElement"}],
         "resourcestatus-select-ResourceStatus-SE"),
        (RSS, "select",
         ["SiteHistory", {"Name": "GRID.JINR.ru", "Meta": {
             "columns": ["Status", "DateEffective", "Reason"], "order": "DateEffective"}}],
         "resourcestatus-select-SiteHistory"),
        (PUBLISHER, "getElementStatuses", ["Site", None, None, None, None, None],
         "publisher-getElementStatuses-Site"),
        (PUBLISHER, "getElementHistory", ["Site", "GRID.JINR.ru", None, "all"],
         "publisher-getElementHistory"),
        (PUBLISHER, "getSites", [], "publisher-getSites"),
        (PUBLISHER, "getCachedDowntimes", [None] * 4, "publisher-getCachedDowntimes"),
        (REQUESTS, "getDBSummary", [], "reqmanager-getDBSummary"),
        (REQUESTS, "getRequestCountersWeb", ["Status", {}], "reqmanager-getRequestCountersWeb"),
    ],
)  # fmt: skip
def test_answers_have_the_shape_of_a_real_servers(
    world: JsonUpstreams, service: str, method: str, args: list[Any], name: str
) -> None:
    answered = world.dirac(service, method, *args)
    assert answered.headers["Content-Type"] == "application/json"
    real = sample(f"dirac/dirac-9.1.22-tornado/{name}.json")
    # What is counted differs: the real server's tables were empty.
    counted = set(answered.json["Value"]) if method.startswith("getR") else set()
    counted |= {"ReplicateAndRegister", "RemoveReplica", "Done", "Failed", "Waiting", "Scheduled"}
    # Version 9 adds nothing here that 8 has not, but for this.
    assert differences(answered.json, real, may_lack=counted | {"rpcStub"}) == []
    assert answered.json["OK"] is True
    if "Columns" in real:
        assert answered.json["Columns"] == real["Columns"]


@needs_samples
@pytest.mark.parametrize(
    ("service", "method", "args", "name"),
    [
        (JOBS, "getCounters", [["Site", "Status"], {}, ""], "getJobsCounters"),
        (WMS, "getSiteSummaryWeb", [{}, [], 0, 0], "getSiteSummaryWeb"),
    ],
)
def test_summaries_have_the_shape_of_a_real_servers(
    world: JsonUpstreams, service: str, method: str, args: list[Any], name: str
) -> None:
    ours = world.dirac(service, method, *args).json
    real = sample(f"dirac/dirac-9.1.22-web/{name}.json")
    # Version 8 does not know this state.
    lacking = {"Scouting", "cn", "fr", "it", "ru"}
    assert differences(ours, real, may_lack=lacking) == []
    if name == "getSiteSummaryWeb":
        names = [one for one in real["Value"]["ParameterNames"] if one != "Scouting"]
        assert ours["Value"]["ParameterNames"] == names


@needs_samples
@pytest.mark.parametrize(
    "name", ["error-bad-bearer", "error-no-such-method", "error-no-such-service"]
)
def test_refusals_are_pages_of_html(world: JsonUpstreams, name: str) -> None:
    path, form, more = "/dirac/ResourceStatus/TornadoResourceStatus", {}, {}
    if name == "error-no-such-method":
        form = {"method": "noSuchMethod", "args": "[]"}
    elif name == "error-no-such-service":
        path, form = "/dirac/ResourceStatus/NoSuch", {"method": "ping", "args": "[]"}
    else:
        more = {"authorization": "Bearer nonsense"}
    answered = world.ask(path, form=form, **more)
    body = sample(f"dirac/dirac-9.1.22-tornado/{name}.json")
    assert answered.text == body
    assert str(answered.status) in body
    assert answered.headers["Content-Type"] == "text/html; charset=UTF-8"


def test_what_goes_wrong_is_200_and_not_ok(world: JsonUpstreams) -> None:
    # Version 8 has no column for the VO of a job.
    answered = world.dirac(JOBS, "getCounters", ["Site"], {"VO": "juno"}, "")
    assert answered.status == 200
    assert (answered.json["OK"], answered.json["Errno"]) == (False, 1131)
    assert "Unknown column 'VO'" in answered.json["Message"]


def test_what_a_service_did_not_expect_is_500_with_a_page(world: JsonUpstreams) -> None:
    for answered in (
        world.dirac(RSS, "select", "NoSuchTable", {}),
        world.dirac(JOBS, "getCounters", 7),
    ):
        assert answered.status == 500
        assert "500: Internal Server Error" in answered.text


def test_a_token_and_a_group_are_checked(world: JsonUpstreams) -> None:
    form = {"method": "ping", "args": "[]"}
    path = f"/dirac/{RSS}"
    good = world.ask(path, form=form, authorization=f"Bearer {addresses.DIRAC_TOKEN}")
    assert good.json["Value"]["version"] == "8.0.56"
    assert world.ask(path, form=form | {"extraCredentials": '"juno_user"'}).status == 200
    assert world.ask(path, form=form | {"extraCredentials": "juno_user"}).status == 401
    # A group that somebody is not in may ask what everybody may.
    nobody = {"extraCredentials": '"nobody"'}
    assert world.ask(path, form=form | nobody).status == 200
    assert world.ask(path, form=nobody | {"method": "whoami", "args": "[]"}).status == 401
    assert world.ask(path, form=nobody | {"method": "nothing", "args": "[]"}).status == 501


def test_columns_are_in_lower_case_only_when_they_were_chosen(world: JsonUpstreams) -> None:
    chosen = world.dirac(RSS, "select", "SiteStatus", {"Meta": {"columns": ["Name", "VO"]}}).json
    assert chosen["Columns"] == ["name", "vo"]
    assert world.dirac(RSS, "select", "SiteStatus", {}).json["Columns"][0] == "Name"


def test_the_publisher_hides_bans_of_one_vo(world: JsonUpstreams) -> None:
    rows = world.dirac(PUBLISHER, "getElementStatuses", "Site", *[None] * 5).json["Value"]
    assert {row[-1] for row in rows} == {"all"}
    assert {row[2] for row in rows if row[0] == "GRID.MSU.ru"} == {"Active"}


def test_a_degraded_site_is_in_neither_list_of_the_mask(world: JsonUpstreams) -> None:
    masks = world.dirac(WMS, "getSiteMaskStatus", None).json["Value"]
    assert "GRID.INFN-CNAF.it" not in masks
    assert masks["GRID.IHEP.cn"] == "Active"
    assert world.dirac(WMS, "getSiteMaskStatus", "GRID.INFN-CNAF.it").json["Value"] == "NoMask"
    names = ["GRID.IHEP.cn", "GRID.INFN-CNAF.it"]
    assert world.dirac(WMS, "getSiteMaskStatus", names).json["Value"] == {
        "GRID.IHEP.cn": "Active",
        "GRID.INFN-CNAF.it": "NoMask",
    }


def test_the_resources_of_sites_are_told(world: JsonUpstreams) -> None:
    found = world.dirac(PUBLISHER, "getSitesResources", None).json["Value"]
    assert found["GRID.JINR.ru"] == {
        "ces": ["lcgarc01.jinr.ru", "lcgarc02.jinr.ru"],
        "ses": ["JINR-JUNOEOS"],
    }
    assert "ses" not in found["CLUSTER.IHEP-HPC.cn"]


def test_jobs_are_counted_by_owner_group(world: JsonUpstreams) -> None:
    def count(**wanted: object) -> int:
        rows = world.dirac(JOBS, "getCounters", ["Status"], wanted, "2026-01-11 08:30:00")
        return sum(number for _key, number in rows.json["Value"])

    everybody, juno, bes = count(), count(**JUNO), count(OwnerGroup="bes_user")
    assert everybody == juno + bes
    assert juno > 500 > bes > 20


def test_one_job_is_told_from_its_beginning(world: JsonUpstreams) -> None:
    wanted = {"Site": "GRID.INFN-CNAF.it", "MinorStatus": "Uploading Output Data"}
    ids = world.dirac(JOBS, "getJobs", wanted | {"Status": "Failed"}, "2026-01-12").json["Value"]
    assert ids and all(isinstance(one, str) for one in ids)
    number = int(ids[-1])
    log = world.dirac(JOBS, "getJobLoggingInfo", number).json["Value"]
    assert log[0][0] == "Received"
    assert log[-1][:2] == ["Failed", "Uploading Output Data"]
    assert [row[3] for row in log] == sorted(row[3] for row in log)
    summary = world.dirac(JOBS, "getJobsSummary", [number]).json["Value"][ids[-1]]
    assert summary["Site"] == "GRID.INFN-CNAF.it"
    assert summary["EndExecTime"] == {"__dCls": "dt", "obj": log[-1][3]}
    found = world.dirac(JOBS, "getJobParameters", number).json["Value"][ids[-1]]
    assert found["GridCE"].endswith(".cr.cnaf.infn.it")
    assert found["Pilot_Reference"].startswith(f"https://{found['GridCE']}")
    assert world.dirac(JOBS, "getJobLoggingInfo", 1).json["OK"] is False
    assert world.dirac(JOBS, "getJobsSummary", [1]).json["Value"] == {}
    sites = world.dirac(JOBS, "getJobsSites", [number]).json["Value"]
    assert sites == {ids[-1]: {"Site": "GRID.INFN-CNAF.it"}}


def test_the_same_question_gets_the_same_jobs(world: JsonUpstreams) -> None:
    first = world.dirac(JOBS, "getJobs", {}, "2026-01-12").json
    assert world.dirac(JOBS, "getJobs", {}, "2026-01-12").json == first


def test_the_web_app_says_true_in_words(world: JsonUpstreams) -> None:
    answered = world.ask(f"{WEB}/JobSummary/getData").json
    assert answered["success"] == "true"
    assert answered["total"] == len(answered["result"]) == 8
    rows = {row["Site"]: row for row in answered["result"]}
    assert rows["GRID.INFN-CNAF.it"]["MaskStatus"] == "NoMask"
    assert rows["GRID.IHEP.cn"]["Status"] == "Good"
    assert isinstance(rows["GRID.IHEP.cn"]["Efficiency"], str)
    assert rows["GRID.IN2P3.fr"]["FullCountry"] == "France"


@needs_samples
def test_the_pilot_summary_has_the_columns_of_a_real_one(world: JsonUpstreams) -> None:
    rows = world.ask(f"{WEB}/PilotSummary/getPilotSummaryData").json["result"]
    real = sample("dirac/dirac-9.1.22-web/getPilotSummaryWeb.json")["Value"]
    assert list(rows[0]) == real["ParameterNames"]
    for name, value in zip(real["ParameterNames"], real["Records"][0], strict=True):
        assert type(rows[0][name]) is type(value), name


def test_compute_elements_are_summed_up_unless_a_site_is_expanded(world: JsonUpstreams) -> None:
    path = f"{WEB}/PilotSummary/getPilotSummaryData"
    summed = {row["Site"]: row for row in world.ask(path).json["result"]}
    assert summed["GRID.JINR.ru"]["CE"] == "Multiple"
    assert summed["GRID.MSU.ru"]["CE"] == "lcg62.sinp.msu.ru"
    rows = world.ask(path, 'expand=["GRID.JINR.ru"]').json["result"]
    assert [row["CE"] for row in rows] == ["lcgarc01.jinr.ru", "lcgarc02.jinr.ru"]
    assert sum(row["Aborted"] for row in rows) == summed["GRID.JINR.ru"]["Aborted"] > 5


def test_the_web_app_shows_states_with_moments_as_texts(world: JsonUpstreams) -> None:
    path = f"{WEB}/SiteSummary/getSiteSummaryData"
    rows = world.ask(path, 'name=["GRID.MSU.ru"]').json["result"]
    assert {(row["VO"], row["Status"]) for row in rows} == {("all", "Active"), ("juno", "Banned")}
    assert rows[0]["TokenExpiration"] == "9999-12-31 23:59:59"
    assert world.ask(f"{WEB}/Nothing/get").status == 404
    assert world.ask("/dirac/DIRAC/JobSummary/getData").status == 404


def test_its_own_failures(world: JsonUpstreams) -> None:
    world.fail("dirac-https", "notok")
    answered = world.dirac(RSS, "select", "SiteStatus", {})
    assert (answered.status, answered.json["OK"]) == (200, False)
    world.fail("dirac-https", "nomethod")
    assert world.dirac(RSS, "select", "SiteStatus", {}).status == 501
    world.fail("dirac-https", "noservice")
    assert world.dirac(RSS, "select", "SiteStatus", {}).status == 404
    # The web app fails on its own.
    assert world.ask(f"{WEB}/JobSummary/getData").json["success"] == "true"
    world.fail("dirac-webapp", "notsuccess")
    assert world.ask(f"{WEB}/JobSummary/getData").json["success"] == "false"
    assert world.dirac(RSS, "select", "SiteStatus", {}).json["OK"] is True
