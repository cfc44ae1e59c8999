"""The form of TEAM tickets in a browser: a page of its own, without weight for everybody else."""

from uuid import uuid4

import pytest

from tests.make import AT, join_vo, make_issue_type, make_service, make_site, make_user, make_vo
from tests.tickets.make import make_ticket
from tickets.models import Draft, Ticket, TicketType

URL = "/tickets/new/team/"


@pytest.fixture
def quentin(cast, client_of, clock_at):
    """A window of a shifter of juno."""
    clock_at(AT)
    person = make_user(username="quentin", name="Quentin Moreau")
    join_vo(vo=cast.juno, user=person, is_shifter=True)
    return client_of(person)


def filled(cast, **fields):
    """The fields of a form that can be sent as it is."""
    return {
        "draft": str(uuid4()),
        "subject": "No transfers to Lyon",
        "description": "All of them fail since 08:00.",
        "priority": "3",
        "vo": str(cast.juno.pk),
        "notified_site": "in2p3-cc",
        "routing": "site",
        **fields,
    }


def text_of(page):
    return page.content.decode()


def test_the_user_form_is_as_light_as_before(cast, client_of, clock_at, quentin):
    clock_at(AT)
    plain = text_of(client_of(cast.ada).get("/tickets/new/"))
    shifters = text_of(quentin.get("/tickets/new/"))

    for page in (plain, shifters):
        assert 'name="mou_area"' not in page
        assert 'name="routing"' not in page
    assert URL not in plain
    assert f'href="{URL}"' in shifters


def test_who_is_no_shifter_is_refused(cast, client_of):
    assert client_of(cast.ada).get(URL).status_code == 403
    assert client_of(cast.carla).post(URL, filled(cast)).status_code == 403
    assert client_of(None).get(URL).status_code == 302
    assert not Ticket.objects.exists()


def test_the_form_asks_for_the_site_at_once_and_folds_the_rest_away(cast, quentin):
    page = quentin.get(URL)
    text = text_of(page)

    folded = text[text.index('<details class="panel more') :]
    for name in ("notified_site", "routing", "vo", "priority"):
        assert f'name="{name}"' not in folded
        assert f'name="{name}"' in text
    for name in ("sites", "issue_type", "problem_at"):
        assert f'name="{name}"' in folded
    assert 'name="unit"' not in text
    assert 'name="mou_area"' not in text, "juno keeps no list of MoU areas"
    assert page.context["form"]["vo"].value() == cast.juno.pk


def test_a_filed_one_is_a_team_ticket_with_the_sites_unit(cast, quentin):
    page = quentin.post(URL, filled(cast, sites="BEIJING-LCG2"))

    ticket = Ticket.objects.get()
    assert page.url == f"/tickets/{ticket.pk}/"
    assert (ticket.type, ticket.unit, ticket.vo) == (TicketType.TEAM, cast.in2p3_unit, cast.juno)
    assert {site.name for site in ticket.affected_sites.all()} == {"IN2P3-CC", "BEIJING-LCG2"}
    shown = text_of(quentin.get(page.url))
    assert '<span class="tag tag-bad">TEAM</span>' in shown
    assert "change/notified-site" not in shown


def test_it_goes_to_tpm_by_choice(cast, quentin):
    quentin.post(URL, filled(cast, routing="tpm"))

    ticket = Ticket.objects.get()
    assert (ticket.unit, ticket.notified_site) == (cast.tpm, cast.in2p3)


def test_services_of_the_notified_site_can_be_chosen(cast, quentin):
    service = make_service(site=cast.in2p3, hostname="ccsrm.in2p3.example.org")

    shown = text_of(quentin.get(URL, {"sites": "IN2P3-CC"}))
    quentin.post(URL, filled(cast, services=[service.pk]))

    assert "ccsrm.in2p3.example.org (SRM)" in shown
    assert list(Ticket.objects.get().affected_services.all()) == [service]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"subject": ""}, "subject", "Say in one line"),
        ({"notified_site": ""}, "notified_site", "Name the site"),
        ({"notified_site": ", ,"}, "notified_site", "Name the site"),
        ({"notified_site": "IN2P3-CX"}, "notified_site", "Did you mean IN2P3-CC?"),
        ({"notified_site": "IN2P3-CC, SINP"}, "notified_site", "SINP"),
        ({"notified_site": "SINP"}, "notified_site", "not certified"),
        ({"vo": ""}, "vo", "Choose the VO"),
        ({"routing": "somewhere"}, "routing", "Select a valid choice"),
    ],
)
def test_a_mistake_is_said_at_its_field(cast, quentin, fields, field, words):
    make_site(name="SINP", certification_status="Uncertified")

    page = quentin.post(URL, filled(cast, **fields))

    assert page.status_code == 422
    assert words in " ".join(page.context["form"].errors[field])
    assert not Ticket.objects.exists()


def test_another_vo_cannot_be_chosen(cast, quentin):
    other = make_vo(name="belle")

    page = quentin.post(URL, filled(cast, vo=str(other.pk)))

    assert page.status_code == 422
    assert not Ticket.objects.exists()


def test_the_mou_area_is_asked_for_where_the_vo_keeps_a_list(cast, quentin):
    cast.juno.mou_areas = ["Networking services"]
    cast.juno.save()

    missing = quentin.post(URL, filled(cast))
    foreign = quentin.post(URL, filled(cast, mou_area="Anything"))
    quentin.post(URL, filled(cast, mou_area="Networking services"))

    assert "mou_area" in missing.context["form"].errors
    assert "mou_area" in foreign.context["form"].errors
    ticket = Ticket.objects.get()
    assert ticket.mou_area == "Networking services"
    assert "Networking services" in text_of(quentin.get(f"/tickets/{ticket.pk}/"))


def test_security_types_are_not_offered(cast, quentin):
    kind = make_issue_type(name="Break-in", is_security=True)
    make_issue_type(name="Transfers")

    shown = text_of(quentin.get(URL))
    page = quentin.post(URL, filled(cast, issue_type=str(kind.pk)))

    assert "Transfers" in shown
    assert "Break-in" not in shown
    assert page.status_code == 422
    assert not Ticket.objects.exists()


def test_the_page_says_who_would_get_it(cast, quentin):
    make_site(name="SINP", certification_status="Uncertified")

    def said(**fields):
        return text_of(quentin.post(f"{URL}draft/", filled(cast, **fields)))

    assert "It goes to IN2P3-CC; the contact of IN2P3-CC gets a mail" in said()
    assert "It goes to TPM;" in said(routing="tpm")
    assert "SINP is not certified" in said(notified_site="SINP")
    assert "It goes to" not in said(notified_site="IN2P")


def test_a_draft_goes_on_in_its_own_form(cast, quentin, client_of):
    data = filled(cast, subject="Half a ticket")
    quentin.post(f"{URL}draft/", data)

    draft = Draft.objects.get()
    shown = text_of(quentin.get("/tickets/new/"))
    elsewhere = quentin.get(f"/tickets/new/?draft={draft.pk}")
    page = quentin.get(elsewhere.url)

    assert f"{URL}?draft={draft.pk}" in shown
    assert elsewhere.url == f"{URL}?draft={draft.pk}"
    assert page.context["form"]["notified_site"].value() == "in2p3-cc"
    assert "Half a ticket" in text_of(page)
    plain = client_of(cast.ada).get(f"{URL}?draft={draft.pk}")
    assert plain.status_code == 403


def test_a_users_draft_is_no_team_draft(cast, quentin):
    quentin.post("/tickets/new/draft/", {"draft": str(uuid4()), "subject": "A question"})

    draft = Draft.objects.get()
    page = quentin.get(f"{URL}?draft={draft.pk}")

    assert page.url == f"/tickets/new/?draft={draft.pk}"


def test_a_button_of_the_form_keeps_it_and_comes_back_to_it(cast, quentin):
    other = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])
    data = filled(cast)

    kept = quentin.post(URL, {**data, "keep": "1"})
    said = quentin.post(URL, {**data, "me_too": str(other.pk)})

    assert kept.url == said.url == f"{URL}?draft={data['draft']}"
    assert other.me_toos.count() == 1
    assert not Ticket.objects.filter(type=TicketType.TEAM).exists()


def test_sending_the_same_form_twice_leads_to_the_same_ticket(cast, quentin):
    data = filled(cast)

    assert quentin.post(URL, data).url == quentin.post(URL, data).url
    assert Ticket.objects.count() == 1


def test_the_search_and_the_menu_lead_to_them(cast, quentin):
    quentin.post(URL, filled(cast))
    make_ticket(by=cast.ada, vo=cast.juno)

    page = quentin.get("/tickets/", {"q": "type:team status:open"})

    assert [row.subject for row in page.context["rows"]] == ["No transfers to Lyon"]
    assert f'href="{URL}"' in text_of(page)


def test_the_rail_counts_the_shifts_open_team_tickets(cast, quentin, client_of):
    quentin.post(URL, filled(cast))

    def counts(client):
        rail = client.get("/tickets/").context["rail"]
        return {line["count"].name: line["count"].number for line in rail}

    assert counts(quentin)["team"] == 1
    assert "team" not in counts(client_of(cast.ada))


def test_another_shifter_sees_the_owners_buttons(cast, quentin, client_of):
    quentin.post(URL, filled(cast))
    rosa = make_user(username="rosa")
    join_vo(vo=cast.juno, user=rosa, is_shifter=True)
    ticket = Ticket.objects.get()

    shown = text_of(client_of(rosa).get(f"/tickets/{ticket.pk}/"))
    members = text_of(client_of(cast.ada).get(f"/tickets/{ticket.pk}/"))

    assert "Escalate…" in shown
    assert "Withdraw…" in shown
    assert 'id="composer"' in shown
    assert "Escalate…" not in members
    assert 'id="composer"' not in members


def test_another_shifter_changes_what_it_says_by_the_small_forms(cast, quentin, client_of):
    cast.juno.mou_areas = ["Networking", "Storage"]
    cast.juno.save()
    quentin.post(URL, filled(cast, mou_area="Networking"))
    ticket = Ticket.objects.get()
    rosa = make_user(username="rosa")
    join_vo(vo=cast.juno, user=rosa, is_shifter=True)
    window, address = client_of(rosa), f"/tickets/{ticket.pk}/change/"
    shown = text_of(window.get(f"/tickets/{ticket.pk}/"))

    for what, given in (
        ("priority", {"priority": "4"}),
        ("subject", {"value": "No transfers to Lyon at all"}),
        ("mou-area", {"value": "Storage"}),
        ("next-step", {"what": "Call Lyon"}),
        ("cc", {"address": "lyon@example.org"}),
    ):
        assert f'href="{address}{what}/"' in shown
        assert window.post(f"{address}{what}/", given).status_code == 302, what
    for what in ("unit", "assign", "involve", "category", "eta", "vo", "give-back"):
        assert f'href="{address}{what}/"' not in shown
        assert window.post(f"{address}{what}/", {"value": "TEST"}).status_code == 403, what

    ticket.refresh_from_db()
    assert (ticket.priority, ticket.subject, ticket.mou_area, ticket.next_step) == (
        4,
        "No transfers to Lyon at all",
        "Storage",
        "Call Lyon",
    )
    assert ticket.carbon_copies.get().address == "lyon@example.org"


def test_its_questions_are_bounded(cast, quentin, django_assert_max_num_queries):
    quentin.get(URL)
    with django_assert_max_num_queries(36):
        quentin.get(URL, {"sites": "IN2P3-CC", "subject": "No transfers to Lyon"})


def test_several_sites_give_a_parent_and_a_child_for_each(cast, quentin):
    form = filled(cast, notified_site="IN2P3-CC, BEIJING-LCG2")
    way = quentin.post("/tickets/new/team/draft/", form).content.decode()
    assert "one child for each site: IN2P3-CC → IN2P3-CC, BEIJING-LCG2 → TPM" in way

    for _twice in range(2):
        page = quentin.post(URL, form, follow=True)

    words = page.content.decode()
    assert "It waits for 2 open children" in words
    assert Ticket.objects.count() == 3
