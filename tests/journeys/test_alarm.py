"""An alarm at three in the night: the person on call is reached, nobody confirms, it climbs; then
somebody at the centre follows the link in the mail, and it climbs no further.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import expect_status, number_shown
from tests.journeys.portal import Portal, reload_until

pytestmark = pytest.mark.timeout(600)

SITE = "IN2P3-CC"
EMERGENCY = "grid-alarm@"
NAME = "Somebody on call"
# One zone for each hour, so that somewhere it is three in the night; none has summer time, which
# would leave an hour without a zone for half a year.
ZONES = (
    *("Pacific/Honolulu", "Pacific/Gambier", "Pacific/Pitcairn", "America/Phoenix"),
    *("America/Costa_Rica", "America/Bogota", "America/Caracas", "America/Sao_Paulo"),
    *("Atlantic/South_Georgia", "Atlantic/Cape_Verde", "UTC", "Africa/Lagos"),
    *("Africa/Johannesburg", "Europe/Moscow", "Asia/Dubai", "Asia/Karachi", "Asia/Dhaka"),
    *("Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo", "Australia/Brisbane", "Pacific/Noumea"),
    *("Pacific/Tarawa", "Pacific/Tongatapu"),
)

# At the portal's own shell: somebody is on call for juno, in a zone where it is night.
_ON_CALL = """
import json
from datetime import timedelta
from juno_support.accounts.models import User
from juno_support.lib import clock
from supportunits.models import VO, OnCallContact, Shift, ShiftType
juno = VO.objects.get(name="juno")
at = clock.now()
if {zone!r}:
    person, _new = User.objects.get_or_create(username="night", defaults=dict(
        name={name!r}, email="night@people.example.org"))
    person.time_zone = {zone!r}
    person.save()
    OnCallContact.objects.update_or_create(user=person, defaults=dict(phone="+33 4 55 50 100"))
    kind, _new = ShiftType.objects.get_or_create(vo=juno, name="Night of the journey")
    Shift.objects.filter(type=kind).delete()
    Shift.objects.create(type=kind, person=person, starts_at=at - timedelta(hours=1),
                         ends_at=at + timedelta(hours=11))
print("NOW " + json.dumps(at.isoformat()))
"""


def shell(portal: Portal, zone: str = "") -> datetime:
    """Put somebody on call in this zone; return the portal's own now."""
    said = portal.manage("shell", "--no-imports", "-c", _ON_CALL.format(zone=zone, name=NAME))
    return datetime.fromisoformat(json.loads(said.split("NOW ")[1].splitlines()[0]))


def three_in_the_night(now: datetime) -> str:
    """Return a zone in which it is between three and four in the night."""
    return next(zone for zone in ZONES if now.astimezone(ZoneInfo(zone)).hour == 3)


def caught(page: Page, to: str, words: str) -> str:
    """Wait until the catcher holds something for an address; return its text."""
    page.goto(f"/outbox/caught/?to={to}")
    reload_until(page, page.get_by_role("link", name=re.compile(re.escape(words))).first)
    page.get_by_role("link", name=re.compile(re.escape(words))).first.click()
    return page.get_by_role("region", name="Mail").inner_text()


def rings(page: Page) -> int:
    """Return how many things the catcher holds for the phone of who is on call."""
    page.goto("/outbox/caught/?to=%2B33 4 55 50 100")
    return page.locator(".row-line").count()


def test_an_alarm_in_the_night_climbs_until_somebody_confirms(
    portal: Portal, window_of: PageOf, looked_at: Callable[[Page, str], None]
) -> None:
    zone = three_in_the_night(shell(portal).astimezone(UTC))
    shell(portal, zone)
    subject = f"Raw data cannot be written, {datetime.now(UTC):%H:%M:%S}"

    jun = window_of("jun")
    jun.goto("/tickets/new/alarm/")
    jun.get_by_label("What happened?").fill(subject)
    jun.get_by_label("Details").fill("Every transfer ends with a time-out.")
    jun.get_by_label("Which site?").first.fill(SITE)
    expect(jun.locator("#known-way")).to_contain_text("The emergency address of IN2P3-CC")
    looked_at(jun, "alarm-form")
    knows = jun.get_by_label("I know of the downtime")
    if knows.count():
        knows.check()
    jun.get_by_role("button", name="Raise the alarm").click()
    number = number_shown(jun)
    expect(jun.locator("#ticket-head")).to_contain_text("No receipt yet")
    looked_at(jun, "alarm-ticket")

    # At once: the person on call, whose night it is, and the centre's emergency address.
    anybody = window_of(None)
    alarm = f"[JUNO #{number}] ALARM Ticket: {subject}"
    mail = caught(anybody, "night@people.example.org", alarm)
    assert "you are on call for juno" in mail
    hour = re.search(r"raised an ALARM about IN2P3-CC, [^,]+, (\d\d):\d\d", mail)
    assert hour is not None and hour[1] in ("03", "04")
    mail = caught(anybody, EMERGENCY, alarm)
    link = re.search(r"https?://\S+/tickets/alarms/receipt/\S+", mail)
    assert link is not None

    # Nobody confirms: after a quarter of an hour the phone rings, by both gateways.
    portal.manage("demo", "clock", "--advance", "16m")
    rang = caught(anybody, "%2B33 4 55 50 100", f"ALARM #{number}")
    assert "no receipt for" in rang
    assert "http" in caught(anybody, "3345550100@sms.example.org", "ALARM")
    # After an hour: TPM and the operations centre too.
    portal.manage("demo", "clock", "--advance", "45m")
    mail = caught(anybody, "tpm@juno.example.org", alarm)
    assert "Nobody has confirmed the ALARM about IN2P3-CC" in mail
    jun.reload()
    expect(jun.locator("#ticket-head")).to_contain_text("No receipt, due")

    # A look at the link changes nothing; the button behind it does.
    anybody.goto(link[0])
    expect(anybody.get_by_role("button", name="Confirm the receipt")).to_be_visible()
    looked_at(anybody, "alarm-receipt")
    jun.reload()
    expect(jun.locator("#ticket-head")).to_contain_text("No receipt, due")
    anybody.get_by_label("Who are you?").fill("Night operator")
    anybody.get_by_role("button", name="Confirm the receipt").click()
    expect(anybody.get_by_role("main")).to_contain_text(
        re.compile(r"Received after [67]\d minutes")
    )

    jun.reload()
    head = jun.locator("#ticket-head")
    expect(head).to_contain_text(re.compile(r"Received after [67]\d minutes"))
    expect(head).to_contain_text("Night operator")
    expect_status(jun, "assigned")
    anybody.goto("/outbox/caught/?to=night@people.example.org")
    told = anybody.locator(".row-line", has_text="Night operator confirmed the receipt")
    reload_until(anybody, told)

    # It climbs no further, however long one waits.
    calls = rings(anybody)
    # Not longer: the journeys that follow meet downtimes that run for hours.
    portal.manage("demo", "clock", "--advance", "2h")
    jun.wait_for_timeout(15_000)
    assert rings(anybody) == calls
    jun.goto(f"/tickets/{number}/?show=changes")
    expect(jun.get_by_text("found no receipt after")).to_have_count(2)
