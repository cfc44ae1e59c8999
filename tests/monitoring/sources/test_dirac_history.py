"""monitoring/sources/dirac_https: how sites and storage were, before we asked and in between."""

import json
from datetime import datetime, timedelta

import pytest

from monitoring.models import Entity
from tests.dirac_upstream import (
    CONFIGURATION,
    STATUS,
    Dirac,
    moment,
    packed,
    recorded,
    said,
)
from tests.monitoring.sources.dirac_polls import day, pieces, poll

pytestmark = pytest.mark.django_db


def test_the_history_of_the_last_week_comes_with_the_first_poll(dirac: Dirac, at: datetime) -> None:
    poll(at)

    # What did not change this week has no history in it.
    assert {call.args[1]["Name"] for call in dirac.called("select:SiteHistory")} == {
        "GRID.Error.fr",
        "GRID.INFN-CNAF.it",
        "GRID.JINR.ru",
        "GRID.Unknown.fr",
    }
    assert [call.args[1]["Name"] for call in dirac.called("select:ResourceHistory")] == [
        "CNAF-STORM"
    ]
    assert pieces("GRID.JINR.ru", "rss") == [
        ("Active", at - timedelta(days=7), day(9, 8), "ok"),
        ("Degraded", day(9, 8), day(9, 15, 30), "pilot eff 61%"),
        ("Active", day(9, 15, 30), day(12, 6), "ok"),
        ("Banned", day(12, 6), None, "GOCDB downtime 34567"),
    ]
    assert pieces("CNAF-STORM", "read") == [
        ("Active", at - timedelta(days=7), day(9, 12), "ok"),
        ("Banned", day(9, 12), day(10, 7), "head node"),
        ("Active", day(10, 7), None, ""),
    ]
    assert pieces("CNAF-STORM", "write") == [
        ("Active", at - timedelta(days=7), day(11, 7), "ok"),
        ("Banned", day(11, 7), None, "space full"),
    ]


def test_a_gap_in_our_polls_is_filled_from_the_history(dirac: Dirac, at: datetime) -> None:
    table = json.loads(recorded("site-status.traps.json"))
    jinr = next(row for row in table["Value"] if row[0] == "GRID.JINR.ru")
    jinr[2:5] = ["Active", "", moment("2026-01-09 15:30:00")]
    dirac.answers[STATUS, "select:SiteStatus"] = json.dumps(table).encode()
    poll(at - timedelta(hours=5))
    dirac.answers[STATUS, "select:SiteStatus"] = recorded("site-status.traps.json")
    dirac.calls.clear()
    poll(at)

    assert [call.args[1]["Name"] for call in dirac.called("select:SiteHistory")] == [
        "GRID.Error.fr",
        "GRID.Unknown.fr",
        "GRID.JINR.ru",
    ]
    assert pieces("GRID.JINR.ru", "rss")[-2:] == [
        ("Active", day(9, 15, 30), day(12, 6), "ok"),
        ("Banned", day(12, 6), None, "GOCDB downtime 34567"),
    ]


def test_a_site_that_is_told_with_its_history_keeps_its_name_in_gocdb(
    dirac: Dirac, at: datetime
) -> None:
    # Its mask and its jobs are told before, and say the name only.
    dirac.answers[CONFIGURATION, "getCompressedData"] = packed(
        "Resources\n{\nSites\n{\nGRID\n{\nGRID.JINR.ru\n{\nName = JINR-LCG2\n"
        "CE = ce.jinr.example.org\n}\n}\n}\n}"
    )
    poll(at)

    site = Entity.objects.get(name="GRID.JINR.ru")
    assert len(pieces("GRID.JINR.ru", "rss")) > 1
    assert (site.said_site, site.hosts) == ("JINR-LCG2", ["ce.jinr.example.org"])


def test_a_history_that_contradicts_the_present_is_left_out(dirac: Dirac, at: datetime) -> None:
    history = json.loads(recorded("site-history.json"))
    history["Value"].append(["Probing", moment("2026-01-12 07:00:00"), "of one VO only"])
    dirac.answers[STATUS, "select:SiteHistory"] = json.dumps(history).encode()
    run = poll(at)

    assert pieces("GRID.JINR.ru", "rss") == [("Banned", day(12, 6), None, "GOCDB downtime 34567")]
    assert any("history of GRID.JINR.ru (rss)" in note for note in run.notes)


def test_a_ban_of_one_vo_makes_the_history_of_a_site_useless(dirac: Dirac, at: datetime) -> None:
    # DIRAC keeps no VO in its history: these may be the changes of the VO's own row.
    dirac.answers[STATUS, "select:SiteHistory"] = said(
        [["Banned", moment("2026-01-10 00:00:00")]], Columns=["status", "dateeffective"]
    )
    poll(at)

    assert [row[0] for row in pieces("GRID.INFN-CNAF.it", "rss")] == ["Degraded"]
    assert [row[0] for row in pieces("GRID.JINR.ru", "rss")] == ["Banned"]


def test_many_histories_are_asked_for_in_groups(dirac: Dirac, at: datetime) -> None:
    columns = ["Name", "StatusType", "Status", "DateEffective", "VO"]
    names = [f"GRID.Site{number}.fr" for number in range(120)]
    dirac.answers[STATUS, "select:SiteStatus"] = said(
        [[name, "all", "Active", moment("2026-01-12 07:00:00"), "all"] for name in names],
        Columns=columns,
    )
    dirac.answers[STATUS, "select:SiteHistory"] = lambda call: said(
        [
            [name, "all", "Banned", moment("2026-01-10 07:00:00"), "all"]
            for name in call.args[1]["Name"]
        ],
        Columns=[column.lower() for column in columns],
    )
    poll(at)

    asked = [len(call.args[1]["Name"]) for call in dirac.called("select:SiteHistory")]
    assert asked == [50, 50, 20]
    assert pieces("GRID.Site7.fr", "rss") == [
        ("Banned", day(10, 7), day(12, 7), ""),
        ("Active", day(12, 7), None, ""),
    ]
