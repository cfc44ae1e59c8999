"""Known answers: who writes and reads them, what is found and offered, what is counted."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from juno_support.accounts.models import User
from juno_support.errors import NotAcceptable
from juno_support.outbox.models import Delivery
from tests.cast import ROLE_NAMES
from tests.make import AT, make_issue_type, make_user, make_vo
from tests.tickets.make import make_ticket
from tickets.actions import work
from tickets.actions.row import NotAllowed
from tickets.answers import change, find, remind, rights
from tickets.answers.models import AnswerUse, Audience, KnownAnswer
from tickets.models import Ticket
from tickets.workflow import ResolutionCode

pytestmark = pytest.mark.django_db

PROXY = "Your VOMS proxy has expired: `voms-proxy-init --voms juno` makes a new one."


def make_answer(by, *, title="Pilots abort: proxy expired", words=PROXY, **fields):
    return change.write_answer(
        by=by,
        at=fields.pop("at", AT),
        submission_key=fields.pop("key", uuid.uuid4()),
        title=title,
        words_of_it=words,
        **fields,
    )


def solved_ticket(cast, **fields):
    ticket = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3], **fields)
    work.take_step(
        ticket=ticket,
        step="solve",
        by=cast.carla,
        at=AT,
        code=ResolutionCode.FIXED,
        solution=PROXY,
    )
    return Ticket.objects.get(pk=ticket.pk)


def test_who_writes_and_who_reads(roles):
    public = make_answer(roles["supporter"])
    inside = make_answer(roles["supporter"], audience=Audience.SUPPORTERS)
    gone = make_answer(roles["supporter"])
    change.withdraw_answer(answer=gone, by=roles["supporter"], at=AT)

    reads = {
        role: set(rights.visible_answers(roles[role]).values_list("pk", flat=True))
        for role in ROLE_NAMES
    }
    helpers = {
        "supporter", "supporter of another unit", "unit manager", "TPM operator", "CSIRT", "admin",
    }  # fmt: skip
    for role in ROLE_NAMES:
        if role in helpers:
            assert reads[role] == {public.pk, inside.pk, gone.pk}, role
        elif role in ("anonymous", "left"):
            assert reads[role] == set(), role
        else:
            assert reads[role] == {public.pk}, role
        assert rights.may_write(roles[role]) == (role in helpers), role
    changers = {role for role in ROLE_NAMES if rights.may_change(roles[role], public)}
    assert changers == {"supporter", "TPM operator", "admin"}
    with pytest.raises(NotAllowed):
        make_answer(roles["VO member"])
    with pytest.raises(NotAllowed):
        change.withdraw_answer(answer=public, by=roles["CSIRT"], at=AT)


def test_the_same_key_makes_it_once(cast):
    key = uuid.uuid4()

    first, second = make_answer(cast.boris, key=key), make_answer(cast.boris, key=key)

    assert first.pk == second.pk
    assert KnownAnswer.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"words": " \n"}, "text"),
        ({"words": "x" * 30_000}, "text"),
        ({"review_on": AT.date()}, "review_on"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field(cast, fields, field):
    with pytest.raises(NotAcceptable) as refused:
        make_answer(cast.boris, **fields)

    assert refused.value.field == field
    assert not KnownAnswer.objects.exists()


def test_searched_by_words_in_any_language(cast):
    proxy = make_answer(cast.boris)
    chinese = make_answer(cast.boris, title="作业失败", words="代理证书过期，请更新。")

    def found(line):
        return list(find.search_answers(cast.ada, line))

    assert found("") == [chinese, proxy]
    assert found("VOMS prox") == [proxy]
    assert found("证书") == [chinese]
    assert found("VOMS 证书") == []


def test_offered_where_rare_words_fit(cast):
    for number in range(8):
        make_answer(cast.boris, title=f"Jobs fail {number}", words="Jobs fail for many reasons.")
    proxy = make_answer(cast.boris)

    offered = find.offer_answers(cast.ada, "My jobs fail since the VOMS proxy expired")

    assert offered[0] == proxy
    assert find.offer_answers(cast.ada, "The tape robot is stuck") == []
    assert find.offer_answers(cast.ada, "") == []
    assert find.offer_answers(cast.ada, "of to a is") == []


def test_offered_by_vo_and_site(cast):
    other = make_vo(name="belle")
    elsewhere = make_answer(cast.boris, vo=other)
    at_beijing = make_answer(cast.boris, sites=[cast.beijing])
    at_in2p3 = make_answer(cast.boris, sites=[cast.in2p3])
    everywhere = make_answer(cast.boris)
    about = find.About(vo=cast.juno.pk, sites=frozenset({cast.in2p3.pk}))

    offered = find.offer_answers(cast.ada, "pilots abort proxy expired", about)

    assert offered == [at_in2p3, everywhere]
    assert elsewhere not in offered
    assert at_beijing not in offered


def test_offers_cost_a_bounded_number_of_queries(cast, django_assert_num_queries):
    for number in range(20):
        make_answer(cast.boris, title=f"Proxy expired {number}", sites=[cast.in2p3])
    rights.visible_answers(cast.ada).first()  # what the person is

    with django_assert_num_queries(3):
        assert len(find.offer_answers(cast.ada, "proxy expired", most=10)) == 10


def test_made_from_a_solved_ticket_in_one_step(cast, client_of):
    ticket = solved_ticket(cast)
    client = client_of(cast.boris)

    page = client.get(reverse("ticket", args=[ticket.pk]))
    address = f"{reverse('new-answer')}?ticket={ticket.pk}"
    assert address in page.content.decode()
    form = client.get(address).context["form"]
    assert form["text"].value() == PROXY
    assert form["sites"].value() == "IN2P3-CC"
    sent = {name: form[name].value() or "" for name in form.fields}
    answer = client.post(reverse("new-answer"), sent | {"ticket": ticket.pk})

    made = KnownAnswer.objects.get()
    assert answer.url == reverse("answer", args=[made.pk])
    assert made.made_from == ticket
    assert made.owner == cast.boris
    assert (
        "Make a known answer"
        not in client_of(cast.ada).get(reverse("ticket", args=[ticket.pk])).content.decode()
    )


def test_none_is_made_from_a_security_ticket(roles, client_of):
    hidden = make_ticket(
        by=roles["submitter"], issue_type=make_issue_type(name="Break-in", is_security=True)
    )
    Ticket.objects.filter(pk=hidden.pk).update(solution="secret words")

    address = f"{reverse('new-answer')}?ticket={hidden.pk}"
    for role in ("CSIRT", "admin", "supporter", "TPM operator"):
        assert client_of(roles[role]).get(address).status_code == 404, role
    with pytest.raises(NotAllowed):
        make_answer(roles["CSIRT"], made_from=hidden)


def test_wrong_input_keeps_what_was_typed(cast, client_of):
    client = client_of(cast.boris)
    sent = {
        "key": str(uuid.uuid4()),
        "title": "Kept title",
        "text": "kept text",
        "audience": "PUBLIC",
        "sites": "IN2P3",
        "review_on": "2027-01-01",
    }

    page = client.post(reverse("new-answer"), sent)

    assert page.status_code == 422
    text = page.content.decode()
    assert "No site is called “IN2P3”" in text
    assert "IN2P3-CC" in text
    assert "Kept title" in text
    assert "kept text" in text


def test_the_second_of_two_changes_is_told(cast, client_of):
    made = make_answer(cast.boris)
    client = client_of(cast.boris)
    form = client.get(reverse("change-answer", args=[made.pk])).context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}
    sent["seen_at"] = made.updated_at.isoformat()
    arguments = {
        "title": "By Carla", "words_of_it": "x", "audience": Audience.PUBLIC, "vo": None,
        "issue_type": None, "sites": [], "review_on": made.review_on,
    }  # fmt: skip
    change.change_answer(answer=made, by=cast.carla, at=AT + timedelta(minutes=1), **arguments)

    page = client.post(reverse("change-answer", args=[made.pk]), sent | {"title": "By Boris"})

    assert page.status_code == 422
    assert "changed this answer meanwhile" in page.content.decode()
    assert "By Boris" in page.content.decode()
    assert KnownAnswer.objects.get().title == "By Carla"


def test_an_answer_that_solved_a_ticket_counts_it_once(cast, client_of):
    made = make_answer(cast.boris)
    ticket = make_ticket(by=cast.ada, vo=cast.juno)
    client = client_of(cast.carla)

    page = client.get(f"{reverse('ticket', args=[ticket.pk])}?answer={made.pk}&step=solve")
    reply = page.context["reply"]
    assert reply["words"].value() == PROXY
    sent = {
        "key": str(reply["key"].value()),
        "seen": reply["seen"].value(),
        "answer": made.pk,
        "words": PROXY,
        "side": "public",
        "step": "solve",
        "code": ResolutionCode.FIXED,
    }
    for _ in range(2):
        client.post(reverse("reply", args=[ticket.pk]), sent)

    made.refresh_from_db()
    assert made.solved == 1
    assert not change.count_solved(answer=made, ticket=ticket, by=cast.carla, at=AT)
    assert AnswerUse.objects.get().ticket == ticket


def test_a_supporters_answer_begins_as_an_internal_note(cast, client_of):
    made = make_answer(cast.boris, audience=Audience.SUPPORTERS)
    ticket = make_ticket(by=cast.ada, vo=cast.juno)

    page = client_of(cast.carla).get(f"{reverse('ticket', args=[ticket.pk])}?answer={made.pk}")

    assert page.context["side"] == "internal"
    submitters = client_of(cast.ada).get(f"{reverse('ticket', args=[ticket.pk])}?answer={made.pk}")
    assert PROXY not in submitters.content.decode()


def test_helping_is_counted_once_a_person(cast, client_of):
    made = make_answer(cast.boris)
    inside = make_answer(cast.boris, audience=Audience.SUPPORTERS)
    client = client_of(cast.ada)

    for _ in range(2):
        assert client.post(reverse("answer-helped", args=[made.pk])).status_code == 302
    assert client.post(reverse("answer-helped", args=[inside.pk])).status_code == 404

    made.refresh_from_db()
    assert made.helped == 1


def test_offered_while_filing_and_with_tickets_searched(cast, client_of):
    make_answer(cast.boris)
    secret = make_answer(
        cast.boris, title="Pilots abort: proxy of admins", audience=Audience.SUPPORTERS
    )
    client = client_of(cast.ada)
    typed = {
        "draft": str(uuid.uuid4()),
        "subject": "Pilots abort, proxy expired?",
        "description": "",
    }

    known = client.post(reverse("save-draft"), typed).content.decode()
    found = client.get(reverse("fitting-answers"), {"q": "proxy expired"}).content.decode()
    queue = client.get(reverse("queue"), {"q": "proxy expired status:open"}).content.decode()

    assert "Pilots abort: proxy expired" in known
    assert secret.title not in known
    assert "Pilots abort: proxy expired" in found
    assert f"{reverse('fitting-answers')}?q=proxy+expired" in queue


def test_offered_for_a_ticket_to_its_supporters_only(cast, client_of):
    make_answer(cast.boris)
    ticket = make_ticket(by=cast.ada, vo=cast.juno, subject="Proxy expired, pilots abort")
    address = reverse("ticket-answers", args=[ticket.pk])

    offered = client_of(cast.carla).get(address, headers={"HX-Request": "true"})
    assert "answer with it" in offered.content.decode()
    assert client_of(cast.carla).get(address).url.startswith(reverse("answers"))
    assert client_of(cast.ada).get(address).status_code == 404


def test_owners_are_asked_once_in_one_mail(cast):
    first = make_answer(cast.boris, review_on=(AT + timedelta(days=1)).date())
    make_answer(cast.boris, title="Second", review_on=(AT + timedelta(days=2)).date())
    make_answer(cast.carla, title="Much later")
    left = make_answer(cast.carla, title="Gone", review_on=(AT + timedelta(days=1)).date())
    change.withdraw_answer(answer=left, by=cast.carla, at=AT)
    later = AT + timedelta(days=3)

    assert remind.ask_owners(at=later) == 2
    assert remind.ask_owners(at=later + timedelta(days=1)) == 0

    mail = Delivery.objects.get(kind="answers.review")
    assert mail.to_address == cast.boris.email
    assert "Second" in mail.body
    change.confirm_answer(answer=first, by=cast.boris, at=later)
    first.refresh_from_db()
    assert first.review_on == (later + change.REVIEWED_EVERY).date()


@pytest.mark.parametrize("how", ["left", "no supporter", "no address"])
def test_tpm_is_asked_where_the_owner_is_not_there(cast, how):
    first = make_answer(cast.boris, review_on=(AT + timedelta(days=1)).date())
    match how:
        case "left":
            User.objects.filter(pk=cast.boris.pk).update(is_active=False)
        case "no supporter":
            cast.boris.unit_memberships.all().delete()
        case _:
            User.objects.filter(pk=cast.boris.pk).update(email="")

    assert remind.ask_owners(at=AT + timedelta(days=3)) == 1

    mail = Delivery.objects.get(kind="answers.review")
    assert mail.to_address == cast.tpm.mailing_list
    assert f"{first.title} ({cast.boris})" in mail.body


def test_another_owner_is_chosen_among_those_who_write(cast, client_of, clock_at):
    clock_at(AT)
    made = make_answer(cast.boris)
    address = reverse("change-answer", args=[made.pk])
    client = client_of(cast.carla)
    form = client.get(address).context["form"]
    assert form.initial["owner"] == cast.boris.pk
    assert set(form.fields["owner"].queryset) == {cast.boris, cast.carla, cast.dmitri}
    fields = {
        "key": uuid.uuid4(), "title": made.title, "text": made.text, "audience": made.audience,
        "review_on": made.review_on.isoformat(), "sites": "",
    }  # fmt: skip

    wrong = client.post(address, fields | {"owner": cast.ada.pk})
    kept = client.post(address, fields)
    made.refresh_from_db()
    assert (wrong.status_code, kept.status_code, made.owner) == (422, 302, cast.boris)
    client.post(address, fields | {"owner": cast.carla.pk})

    made.refresh_from_db()
    assert made.owner == cast.carla
    assert "owner" not in client.get(reverse("new-answer")).context["form"].fields


def test_withdrawn_ones_are_found_by_those_who_write(cast, client_of):
    made = make_answer(cast.boris)
    client = client_of(cast.boris)

    client.post(reverse("answer-step", args=[made.pk, "withdraw"]))

    assert list(find.search_answers(cast.boris, "")) == []
    assert made.title in client.get(f"{reverse('answers')}?show=withdrawn").content.decode()
    assert client_of(cast.ada).get(reverse("answer", args=[made.pk])).status_code == 404
    client.post(reverse("answer-step", args=[made.pk, "restore"]))
    assert list(find.search_answers(cast.ada, "")) == [made]
    assert client.post(reverse("answer-step", args=[made.pk, "nothing"])).status_code == 404


def test_the_list_goes_on_where_it_ended(cast, client_of):
    for number in range(35):
        make_answer(cast.boris, title=f"Answer {number:02}", at=AT + timedelta(minutes=number // 2))
    client = client_of(make_user(username="reader"))

    first = client.get(reverse("answers"))
    second = client.get(reverse("answers") + first.context["more"])

    titles = [line["title"] for page in (first, second) for line in page.context["lines"]]
    assert len(titles) == len(set(titles)) == 35
    assert second.context["more"] == ""
    assert client.get(f"{reverse('answers')}?after=nonsense").status_code == 200


def test_redacting_the_solution_withdraws_what_was_made_of_it(cast, client_of):
    ticket = solved_ticket(cast)
    made = make_answer(cast.boris, made_from=ticket)
    other = make_answer(cast.boris)

    answer = client_of(cast.carla).post(
        reverse("redact-part", args=[ticket.pk, "solution"]), {"why": "a password"}
    )

    assert answer.status_code in (302, 204)
    assert list(find.search_answers(cast.ada, "")) == [other]
    made.refresh_from_db()
    assert made.withdrawn_at is not None


def test_the_trace_keeps_no_text(cast, client_of):
    made = make_answer(cast.boris, words="secret-token-1234")
    arguments = {
        "title": "Clean", "words_of_it": "nothing", "audience": Audience.PUBLIC, "vo": None,
        "issue_type": None, "sites": [], "review_on": made.review_on,
    }  # fmt: skip
    change.change_answer(answer=made, by=cast.boris, at=AT + timedelta(minutes=1), **arguments)

    page = client_of(cast.boris).get(reverse("answer", args=[made.pk])).content.decode()

    assert "Pilots abort" in page  # the old title is told
    assert "secret-token-1234" not in page
    fields = {field.name for field in KnownAnswer.pgh_event_model._meta.get_fields()}
    assert "title" in fields
    assert "text" not in fields
