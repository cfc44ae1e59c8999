"""Announcements: who may, who reads, banner and home, mail, from a downtime in one step."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.urls import reverse

from juno_support.errors import NotAcceptable
from juno_support.outbox.models import Delivery
from monitoring.models import Downtime
from supportunits import announcements, policies
from supportunits.actions import announcements as actions
from supportunits.models import Announcement, Audience, Tone
from tests.cast import ROLE_NAMES
from tests.make import AT, join_vo, make_site, make_user, make_vo_site

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def announced(by, *, audience=Audience.EVERYBODY, at=AT, **fields):
    fields.setdefault("title", "The portal moves on Friday")
    return actions.announce(
        by=by, at=at, submission_key=fields.pop("key", uuid.uuid4()), audience=audience, **fields
    )


def test_who_may_announce_to_whom(roles):
    able = {role for role in ROLE_NAMES if policies.may_announce(roles[role])}
    assert able == {"TPM operator", "admin", "VO manager"}

    manager = roles["VO manager"]
    announced(manager, audience=Audience.VO, vo=roles.juno)
    for fields in (
        {"audience": Audience.EVERYBODY},
        {"audience": Audience.VO, "vo": roles.other_vo},
        {"audience": Audience.SITES, "sites": [roles.in2p3]},
    ):
        with pytest.raises(actions.NotForYou):
            announced(manager, **fields)
    with pytest.raises(actions.NotForYou):
        announced(roles["supporter"], audience=Audience.VO, vo=roles.juno)


def test_who_reads_what(roles):
    admin = roles["admin"]
    announced(admin, title="all")
    announced(admin, title="juno", audience=Audience.VO, vo=roles.juno)
    announced(admin, title="in2p3", audience=Audience.SITES, sites=[roles.in2p3])
    gone = announced(admin, title="gone")
    actions.withdraw_announcement(announcement=gone, by=admin, at=AT)

    banner = {
        role: {each.title for each in announcements.running_for(roles[role], AT)}
        for role in ROLE_NAMES
    }
    readable = {
        role: set(announcements.visible_announcements(roles[role]).values_list("title", flat=True))
        for role in ROLE_NAMES
    }
    of_juno = {"VO member", "VO shifter", "alarmer", "VO manager"}
    of_unit = {"supporter", "unit manager"}
    for role in ROLE_NAMES:
        expected = {"all"}
        if role in of_juno:
            expected |= {"juno", "in2p3"}
        if role in of_unit:
            expected |= {"in2p3"}
        assert banner[role] == expected, role
        everything = {"all", "juno", "in2p3", "gone"}
        assert readable[role] == (everything if role in ("TPM operator", "admin") else expected), (
            role
        )


def test_shown_while_it_lasts(cast, client_of, clock_at):
    announced(cast.dmitri, starts_at=AT + HOUR, ends_at=AT + 2 * HOUR, tone=Tone.WARNING)
    client = client_of(cast.ada)
    seen = []
    for moment in (AT, AT + HOUR, AT + 2 * HOUR):
        clock_at(moment)
        announcements.forget()
        seen.append("The portal moves" in client.get("/").content.decode())

    assert seen == [False, True, False]


def test_visitors_see_what_is_for_everybody(cast, client_of, clock_at):
    clock_at(AT)
    announced(cast.dmitri)
    announced(cast.dmitri, title="Only for juno", audience=Audience.VO, vo=cast.juno)

    page = client_of(None).get("/").content.decode()

    assert "The portal moves" in page
    assert "Only for juno" not in page


def test_a_reader_hides_a_banner(cast, client_of, clock_at):
    clock_at(AT)
    row = announced(cast.dmitri)
    client = client_of(cast.ada)

    client.post(reverse("hide-announcement", args=[row.pk]))

    assert "The portal moves" not in client.get("/sites/").content.decode()
    assert "The portal moves" in client.get(reverse("announcements")).content.decode()


def test_the_banner_costs_no_query_where_nothing_is_announced_to_sites(
    cast, clock_at, django_assert_num_queries
):
    clock_at(AT)
    announced(cast.dmitri)
    announcements.running_for(cast.ada, AT)

    with django_assert_num_queries(0):
        assert len(announcements.running_for(cast.ada, AT)) == 1


def test_mailed_once_to_those_whom_it_is_for(cast):
    quentin = make_user(username="quentin")
    join_vo(vo=cast.juno, user=quentin)
    join_vo(vo=cast.juno, user=make_user(username="left", is_active=False))
    announced(cast.dmitri, audience=Audience.VO, vo=cast.juno, is_mailed=True)
    later = announced(cast.dmitri, title="Later", is_mailed=True, starts_at=AT + HOUR)
    announced(cast.dmitri, title="Never by mail")

    assert actions.mail_announcements(at=AT) == 2
    assert actions.mail_announcements(at=AT) == 0
    told = set(Delivery.objects.filter(kind="announcement").values_list("to_address", flat=True))
    assert told == {cast.ada.email, quentin.email}
    # A crash after the mails were written and before it was noted doubles nothing.
    Announcement.objects.update(mailed_at=None)
    actions.mail_announcements(at=AT)
    assert Delivery.objects.filter(kind="announcement").count() == 2
    assert actions.mail_announcements(at=AT + HOUR) > 0
    later.refresh_from_db()
    assert later.mailed_at is not None


def test_users_of_a_site_are_mailed(cast):
    announced(cast.dmitri, audience=Audience.SITES, sites=[cast.in2p3], is_mailed=True)

    actions.mail_announcements(at=AT)

    told = set(Delivery.objects.filter(kind="announcement").values_list("to_address", flat=True))
    assert told == {cast.ada.email, cast.boris.email}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 151}, "title"),
        ({"words": "x" * 20_000}, "text"),
        ({"audience": Audience.VO}, "vo"),
        ({"audience": Audience.SITES}, "sites"),
        ({"ends_at": AT - HOUR}, "ends_at"),
        ({"starts_at": AT + 2 * HOUR, "ends_at": AT + HOUR}, "ends_at"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field(cast, fields, field):
    with pytest.raises(NotAcceptable) as refused:
        announced(cast.dmitri, **fields)

    assert refused.value.field == field
    assert not Announcement.objects.exists()


def test_made_from_a_downtime_in_one_step(cast, client_of, clock_at):
    clock_at(AT)
    downtime = Downtime.objects.create(
        source="gocdb",
        key="4711",
        site=cast.in2p3,
        severity="OUTAGE",
        classification="SCHEDULED",
        description="Storage upgrade",
        starts_at=AT - HOUR,
        ends_at=AT + 5 * HOUR,
        declared_at=AT - 30 * HOUR,
        first_seen_at=AT - 30 * HOUR,
        changed_at=AT - 30 * HOUR,
        affected=[{"key": "1", "hostname": "se.in2p3.fr", "service_type": "SRM", "endpoints": []}],
    )
    client = client_of(cast.dmitri)
    assert (
        f"{reverse('announce')}?downtime={downtime.pk}"
        in client.get(reverse("sites:site", args=["IN2P3-CC"])).content.decode()
    )
    form = client.get(f"{reverse('announce')}?downtime={downtime.pk}").context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}
    sent["ends_at"] = form["ends_at"].value().isoformat(timespec="minutes")

    answer = client.post(reverse("announce"), sent)

    assert answer.status_code == 302, answer.content.decode()
    row = Announcement.objects.get()
    assert row.downtime_key == "gocdb:4711"
    assert row.ends_at == downtime.ends_at
    assert "se.in2p3.fr" in row.text
    assert [site.name for site in row.sites.all()] == ["IN2P3-CC"]
    assert "IN2P3-CC" in client_of(cast.ada).get("/").content.decode()
    client.post(reverse("announce"), sent)
    assert Announcement.objects.count() == 1


def test_wrong_input_keeps_what_was_typed(cast, client_of, clock_at):
    clock_at(AT)
    sent = {
        "key": str(uuid.uuid4()),
        "title": "Kept title",
        "text": "kept words",
        "tone": "INFO",
        "audience": "SITES",
        "sites": "NOWHERE-T1",
    }

    page = client_of(cast.dmitri).post(reverse("announce"), sent)

    assert page.status_code == 422
    assert "No site is called “NOWHERE-T1”" in page.content.decode()
    assert "Kept title" in page.content.decode()


def test_changed_by_two_the_second_is_told(cast, client_of, clock_at):
    clock_at(AT)
    row = announced(cast.dmitri)
    client = client_of(cast.dmitri)
    form = client.get(reverse("change-announcement", args=[row.pk])).context["form"]
    sent = {name: form[name].value() or "" for name in form.fields} | {
        "seen_at": row.changed_at.isoformat(),
        "starts_at": "",
        "title": "Mine",
    }
    actions.change_announcement(
        announcement=row,
        by=cast.carla,
        at=AT + timedelta(minutes=1),
        title="Carla's",
        words="",
        tone=Tone.INFO,
        audience=Audience.EVERYBODY,
        vo=None,
        sites=[],
        starts_at=AT,
        ends_at=None,
    )

    page = client.post(reverse("change-announcement", args=[row.pk]), sent)

    assert page.status_code == 422
    assert "Mine" in page.content.decode()
    row.refresh_from_db()
    assert row.title == "Carla's"


def test_the_list_goes_on_where_it_ended(cast, client_of):
    for number in range(33):
        announced(cast.dmitri, title=f"News {number:02}", starts_at=AT + number // 2 * HOUR)
    client = client_of(cast.ada)

    first = client.get(reverse("announcements"))
    second = client.get(reverse("announcements") + first.context["more"])

    titles = [line["title"] for page in (first, second) for line in page.context["lines"]]
    assert len(titles) == len(set(titles)) == 33


def test_only_addressed_people_open_it(cast, client_of):
    row = announced(cast.dmitri, audience=Audience.VO, vo=cast.juno)
    site_row = announced(cast.dmitri, audience=Audience.SITES, sites=[make_site()])

    assert client_of(cast.ada).get(reverse("announcement", args=[row.pk])).status_code == 200
    assert client_of(cast.eve).get(reverse("announcement", args=[row.pk])).status_code == 404
    assert client_of(cast.ada).get(reverse("announcement", args=[site_row.pk])).status_code == 404
    make_vo_site(vo=cast.juno, site=site_row.sites.get())
    assert client_of(cast.ada).get(reverse("announcement", args=[site_row.pk])).status_code == 200
    assert client_of(cast.ada).get(reverse("change-announcement", args=[row.pk])).status_code == 404
    with pytest.raises(ObjectDoesNotExist):
        announcements.visible_announcements(cast.eve).get(pk=row.pk)
