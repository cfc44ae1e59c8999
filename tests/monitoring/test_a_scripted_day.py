"""One day of a site, a service, a storage element and a link, polled every half hour over HTTP.

ARGO, DIRAC, perfSONAR and MaDDash tell it in their own wire formats, each poll only what had
happened until then. The table at the end was written by hand from the script.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from juno_support.feeds import polling
from juno_support.feeds.models import FeedRun, Outcome
from monitoring.models import StatusInterval
from monitoring.statuses import Status
from tests.argo_upstream import API_KEY, OK, Argo, running_argo
from tests.dirac_upstream import STATUS, Call, Dirac, moment, running_dirac, said
from tests.maddash_upstream import CheckRow, Maddash, running_maddash
from tests.make import make_site
from tests.perfsonar_upstream import Archive, TestRow, every, running_archive
from topology.models import NetworkLink, Service

pytestmark = pytest.mark.django_db
MIDNIGHT = datetime(2026, 3, 9, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
SOURCES = ("argo", "dirac-https", "perfsonar", "maddash")
CE = "ce.cnaf.example.org"
PS, FAR_PS = "ps.cnaf.example.org", "ps.in2p3.example.org"


def at(text: str) -> datetime:
    """Return a moment of the day; 24:30 is half past midnight of the next one."""
    hours, minutes = text.split(":")
    return MIDNIGHT + timedelta(hours=int(hours), minutes=int(minutes))


class Script(list[tuple[datetime, Any]]):
    """What a thing is from a moment on; the first entry holds also before."""

    def __init__(self, *steps: tuple[str, Any]) -> None:
        super().__init__((at(text), word) for text, word in steps)

    def value(self, now: datetime) -> Any:
        """Return what it is at a moment."""
        return [word for begin, word in self if begin <= now][-1]

    def since(self, now: datetime) -> datetime:
        """Return since when."""
        return [begin for begin, _ in self if begin <= now][-1]


# --- The script -----------------------------------------------------------------------------

ARGO_SITE = Script(
    ("0:00", "OK"),
    ("3:10", "WARNING"),
    ("5:00", "CRITICAL"),
    ("8:05", "DOWNTIME"),
    ("12:00", "MISSING"),
    ("15:20", "UNKNOWN"),
    ("18:00", "OK"),
)
ARGO_SERVICE = Script(
    ("0:00", "OK"), ("2:40", "CRITICAL"), ("2:55", "OK"), ("9:00", "WARNING"), ("9:30", "OK")
)
DIRAC_SITE = Script(
    ("0:00", "Active"),
    ("6:00", "Degraded"),
    ("7:15", "Probing"),
    ("8:10", "Banned"),
    ("13:00", "Error"),
    ("14:00", "Unknown"),
    ("15:05", "Active"),
)
# A ban for one VO only; it ends with the general one.
DIRAC_OUR_BAN = Script(("0:00", None), ("6:20", "Banned"), ("10:00", None))
DIRAC_STORAGE = Script(("0:00", "Active"), ("11:00", "Banned"), ("11:40", "Active"))
# Loss on the link; None: the test was silent.
LINK_LOSS = Script(("0:00", 0.0), ("9:00", 1.0), ("10:00", 0.02), ("11:00", None), ("13:00", 0.0))
MADDASH_LINK = Script(("0:00", 0), ("4:00", 1), ("4:30", 2), ("6:00", 5), ("7:00", 3), ("8:00", 0))
# DIRAC cannot be reached from 20:00 to 22:10, and changes nothing meanwhile.
SILENCE = (at("20:00"), at("22:10"))

# --- What must be kept of it ----------------------------------------------------------------
# (status, the source's word, since, until); "" is open.

EXPECTED = {
    ("argo", "status", "", "INFN-T1"): [
        ("ok", "OK", "0:00", "3:10"),
        ("warning", "WARNING", "3:10", "5:00"),
        ("critical", "CRITICAL", "5:00", "8:05"),
        ("maintenance", "DOWNTIME", "8:05", "12:00"),
        ("unknown", "MISSING", "12:00", "15:20"),
        ("unknown", "UNKNOWN", "15:20", "18:00"),
        ("ok", "OK", "18:00", ""),
    ],
    ("argo", "status", "", f"{CE} ARC-CE"): [
        ("ok", "OK", "0:00", "2:40"),
        ("critical", "CRITICAL", "2:40", "2:55"),
        ("ok", "OK", "2:55", "9:00"),
        ("warning", "WARNING", "9:00", "9:30"),
        ("ok", "OK", "9:30", ""),
    ],
    ("dirac-https", "rss", "", "INFN-T1"): [
        ("ok", "Active", "0:00", "6:00"),
        ("warning", "Degraded", "6:00", "7:15"),
        ("warning", "Probing", "7:15", "8:10"),
        ("down", "Banned", "8:10", "13:00"),
        ("critical", "Error", "13:00", "14:00"),
        ("unknown", "Unknown", "14:00", "15:05"),
        ("ok", "Active", "15:05", ""),
    ],
    ("dirac-https", "rss", "juno", "INFN-T1"): [
        ("down", "Banned", "6:20", "10:00"),
    ],
    ("dirac-https", "write", "", "CNAF-DISK"): [
        ("ok", "Active", "0:00", "11:00"),
        ("down", "Banned", "11:00", "11:40"),
        ("ok", "Active", "11:40", ""),
    ],
    ("perfsonar", "state", "", f"{PS} {FAR_PS}"): [
        ("ok", "up", "0:00", "9:00"),
        ("down", "down", "9:00", "10:00"),
        ("warning", "degraded", "10:00", "11:00"),
        ("unknown", "no data", "11:00", "13:00"),
        ("ok", "up", "13:00", ""),
    ],
    ("maddash", "loss", "", f"{PS} {FAR_PS}"): [
        ("ok", "OK", "0:00", "4:00"),
        ("warning", "WARNING", "4:00", "4:30"),
        ("critical", "CRITICAL", "4:30", "6:00"),
        ("maintenance", "SCHEDULED DOWN", "6:00", "7:00"),
        ("unknown", "UNKNOWN", "7:00", "8:00"),
        ("ok", "OK", "8:00", ""),
    ],
}


# --- The upstreams --------------------------------------------------------------------------


class Day:
    """The upstreams as they are at ``now``."""

    def __init__(self) -> None:
        self.now = MIDNIGHT
        self.argo = Argo()
        self.dirac = Dirac(
            answers={
                (STATUS, "select:SiteStatus"): self._sites,
                (STATUS, "select:ResourceStatus"): self._resources,
            }
        )
        self.archive = Archive()
        self.maddash = Maddash()

    def move(self, now: datetime) -> None:
        """Let everything be as at a moment."""
        self.now = now
        self.argo.documents = {
            "/v3/status/Critical": {"groups": [self._group()]},
            "/v3/consistency": OK,
            "/v3/health": OK,
        }
        self.archive.tests = [self._test()]
        results = [
            (when, MADDASH_LINK.value(when), "")
            for minutes in range(0, int((now - MIDNIGHT).total_seconds() // 60) + 1, 5)
            if (when := MIDNIGHT + timedelta(minutes=minutes))
        ]
        self.maddash.grids = {"JUNO": [CheckRow(PS, FAR_PS, "Loss", results)]}

    def _timeline(self, script: Script) -> list[dict[str, str]]:
        told = [(begin, word) for begin, word in script if begin <= self.now]
        # ARGO's invented last point: what it is, "seen" right now.
        told.append((self.now, told[-1][1]))
        return [{"timestamp": f"{when:%Y-%m-%dT%H:%M:%SZ}", "value": word} for when, word in told]

    def _group(self) -> dict[str, Any]:
        return {
            "name": "INFN-T1",
            "type": "SITES",
            "statuses": self._timeline(ARGO_SITE),
            "endpoints": [
                {"hostname": CE, "service": "ARC-CE", "statuses": self._timeline(ARGO_SERVICE)}
            ],
        }

    def _row(self, script: Script, *what: str, vo: str = "all") -> list[Any] | None:
        word = script.value(self.now)
        if word is None:
            return None
        since = moment(f"{script.since(self.now):%Y-%m-%d %H:%M:%S}")
        return [*what, word, "scripted", since, vo]

    def _answer(self, call: Call, *rows: list[Any] | None) -> bytes:
        columns = ["Name", "StatusType", "ElementType", "Status", "Reason", "DateEffective", "VO"]
        return said([row for row in rows if row], Columns=columns)

    def _sites(self, call: Call) -> bytes:
        what = ("INFN-T1", "all", "Site")
        return self._answer(
            call, self._row(DIRAC_SITE, *what), self._row(DIRAC_OUR_BAN, *what, vo="juno")
        )

    def _resources(self, call: Call) -> bytes:
        what = ("CNAF-DISK", "WriteAccess", "StorageElement")
        return self._answer(call, self._row(DIRAC_STORAGE, *what))

    def _test(self) -> TestRow:
        usual = {"median": 20.0, "mean": 20.0, "minimum": 19.0, "maximum": 21.0}

        def delay(when: datetime) -> dict[str, Any] | None:
            return None if LINK_LOSS.value(when) is None else usual

        until = self.now
        return TestRow(
            "aa11",
            PS,
            FAR_PS,
            data={
                "packet-loss-rate/base/0": every(
                    1, since=MIDNIGHT, until=until, value=LINK_LOSS.value
                ),
                "histogram-owdelay/statistics/0": [
                    point
                    for point in every(1, since=MIDNIGHT, until=until, value=delay)
                    if point[1] is not None
                ],
                "histogram-owdelay/statistics/3600": every(
                    60,
                    since=MIDNIGHT - timedelta(days=7),
                    until=until,
                    value=lambda _: usual,
                ),
                "failures/base/0": [],
            },
        )


@pytest.fixture
def day() -> Iterator[Day]:
    cnaf, lyon = make_site(name="INFN-T1"), make_site(name="IN2P3-CC")
    for key, (site, host, kind) in enumerate(
        [
            (cnaf, CE, "ARC-CE"),
            (cnaf, PS, "net.perfSONAR.Latency"),
            (lyon, FAR_PS, "net.perfSONAR.Latency"),
        ]
    ):
        Service.objects.create(
            source="gocdb", key=f"{key}G0", site=site, hostname=host, service_type=kind
        )
    NetworkLink.objects.create(name="CNAF-LYON", kind="LHCOPN", site_a=cnaf, site_b=lyon)
    day = Day()
    with ExitStack() as stack:
        stack.enter_context(running_argo(day.argo))
        stack.enter_context(running_dirac(day.dirac))
        stack.enter_context(running_archive(day.archive))
        stack.enter_context(running_maddash(day.maddash))
        stack.enter_context(
            override_settings(
                JUNO_ARGO_URL=day.argo.url,
                JUNO_ARGO_API_KEY=API_KEY,
                JUNO_DIRAC_HTTPS_URL=day.dirac.url,
                JUNO_PERFSONAR_URL=day.archive.url,
                JUNO_MADDASH_URL=day.maddash.url,
            )
        )
        yield day


def poll(name: str, now: datetime) -> FeedRun:
    return polling.poll(name, now=lambda: now)


def kept(source: str, metric: str, vo: str, name: str) -> list[tuple[str, str, str, str]]:
    def clock(moment: datetime | None) -> str:
        if moment is None:
            return ""
        minutes = int((moment - MIDNIGHT).total_seconds() // 60)
        return f"{minutes // 60}:{minutes % 60:02}"

    return [
        (row.status, row.raw_status, clock(max(row.since, MIDNIGHT)), clock(row.until))
        for row in StatusInterval.objects.filter(
            source__name=source, metric=metric, vo=vo, entity__name=name
        ).order_by("since")
        if row.until is None or row.until > MIDNIGHT
    ]


def test_every_interval_is_as_in_the_table(day: Day) -> None:
    now = at("0:30")
    while now < at("24:00"):
        day.move(now)
        is_silent = SILENCE[0] <= now < SILENCE[1]
        for name in SOURCES:
            if name == "dirac-https" and is_silent:
                continue
            run = poll(name, now)
            assert run.outcome in (Outcome.OK, Outcome.UNCHANGED), (name, now, run.reason)
        now += HALF_AN_HOUR

    assert {series: kept(*series) for series in EXPECTED} == EXPECTED
    # Every state that there is was gone through, and nothing else was kept of these metrics.
    states = {row[0] for table in EXPECTED.values() for row in table}
    assert states == set(Status.values)
    metrics = {(source, metric) for source, metric, _, _ in EXPECTED}
    others = StatusInterval.objects.exclude(source__name="perfsonar").values_list(
        "source__name", "metric", "vo", "entity__name"
    )
    assert {one for one in others if one[:2] in metrics} <= set(EXPECTED)
    sites = StatusInterval.objects.filter(entity__kind__in=("site", "service")).values_list(
        "site__name", flat=True
    )
    assert set(sites) == {"INFN-T1"}
    links = StatusInterval.objects.filter(entity__kind="link")
    assert set(links.values_list("entity__link__name", flat=True)) == {"CNAF-LYON"}
