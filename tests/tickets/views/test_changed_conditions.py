"""What monitoring noted, in sentences."""

from tests.make import AT
from tickets.views.changed_conditions import condition_sentences


def state(source, to, **more):
    return {
        "what": "state",
        "site": "INFN-T1",
        "kind": "site",
        "entity": "GRID.INFN-CNAF.it",
        "source": source,
        "metric": "rss",
        "from": "ok",
        "to": to,
        "since": AT.isoformat(),
        **more,
    }


def test_sources_of_one_system_that_tell_the_same_are_one_sentence():
    changes = [state("dirac-https", "down"), state("argo", "critical", metric="status")]
    changes += [state("diracx", "down", vo="juno"), state("dirac-webapp", "warning")]

    lines = condition_sentences({"changes": changes}, AT).split("<br>")

    assert len(lines) == 3
    assert "DIRAC, DiracX status down since" in lines[0]
    assert "ARGO critical since" in lines[1]
    assert "DIRAC web status warning since" in lines[2]


def test_what_went_up_and_down_is_told_apart():
    changes = [state("dirac-https", "down"), state("diracx", "down", moves=4)]

    assert len(condition_sentences({"changes": changes}, AT).split("<br>")) == 2
