"""Learning from routed tickets: better than a guess, on tickets it had not seen, never Security."""

import random
from datetime import timedelta

import pytest

from tests.make import AT, make_issue_type, make_unit
from tests.tickets.make import make_ticket
from tests.tickets.routing.make import route_ticket
from tickets.actions import undo
from tickets.models import Category, StatusInterval, Ticket, UndoWindow
from tickets.routing import bayes, decisions, evaluation, learnt, training
from tickets.routing.models import LearntModel, LearntWord
from tickets.routing.suggest import suggest_units

# Units, how large each is, and the words that its tickets tend to hold.
SHAPES = {
    "Storage": (0.4, "dcache gridftp pool disk quota tape"),
    "Workload": (0.3, "pilot job payload queue slot held"),
    "Offline": (0.2, "geant4 root segfault release conditions tag"),
    "网络": (0.1, "网络丢包 带宽不足 traceroute packet loss router"),
}
NOISE = [
    "please",
    "help",
    "since",
    "noon",
    "the",
    "error",
    "fails",
    "again",
    "help",
    "today",
    "urgent",
]


def _text(chance, words):
    told = chance.sample(words.split(), 2) + chance.sample(NOISE, 4)
    if chance.random() < 0.15:  # people write about other things, too
        told += chance.sample(SHAPES["Storage"][1].split(), 2)
    chance.shuffle(told)
    return " ".join(told)


@pytest.fixture
def stream(cast):
    """Seven hundred routed tickets of four units, made in bulk as the past left them."""
    chance = random.Random(7)
    units = {name: make_unit(name=name) for name in SHAPES}
    names = chance.choices(list(SHAPES), [share for share, _words in SHAPES.values()], k=700)
    when = AT - timedelta(days=60)
    rows = Ticket.objects.bulk_create(
        Ticket(
            subject=_text(chance, SHAPES[name][1]),
            description="-",
            description_html="",
            submitter=cast.ada,
            unit=units[name],
            status="CLOSED",
            submitted_priority=1,
            problem_at=when,
            submitted_at=when + timedelta(minutes=number),
            updated_at=when,
            public_word_at=when,
            assigned_at=when,
        )
        for number, name in enumerate(names)
    )
    StatusInterval.objects.bulk_create(
        StatusInterval(ticket=row, unit=cast.tpm, status="NEW", priority=1, starts_at=when)
        for row in rows
    )
    return units


def _share(hits):
    return hits["first"] / hits["tickets"]


def test_it_is_better_than_the_largest_unit_on_tickets_it_had_not_seen(stream):
    model = training.train(at=AT)

    told = model.evaluation
    assert model.tickets == model.routed == 700
    assert told["all"]["tickets"] == 70  # half of the newest fifth; the other half cooled it
    assert _share(told["learnt_alone"]) > _share(told["majority"]) + 0.3
    assert _share(told["learnt_alone"]) > 0.8
    assert told["all"]["few"] >= told["all"]["first"]
    said, right = told["words"]["likely"]
    assert said and right / said > 0.8


def test_a_new_ticket_gets_the_unit_with_a_reason_that_can_be_checked(stream, cast):
    training.train(at=AT)
    ticket = make_ticket(by=cast.ada, subject="gridftp pool", description="dcache is slow")

    made = suggest_units(ticket, cast.carla)[0]

    assert (made.unit, made.source, made.likelihood) == (stream["Storage"], "learnt", "likely")
    shown = Ticket.objects.get(pk=made.examples[0])
    assert shown.unit == stream["Storage"]
    words = [word for word in ("dcache", "gridftp", "pool") if f"“{word}”" in made.reason]
    assert words
    assert all(word in shown.subject for word in words)
    own = Ticket.objects.filter(unit=stream["Storage"], pk__lte=Ticket.objects.latest("pk").pk)
    everywhere = Ticket.objects.exclude(pk=ticket.pk)
    for word in words:
        own, everywhere = (
            own.filter(subject__contains=word),
            everywhere.filter(subject__contains=word),
        )
    assert f"in {own.count()} of {everywhere.count()} tickets" in made.reason


def test_chinese_is_learnt_by_pairs_of_signs(stream, cast):
    training.train(at=AT)
    ticket = make_ticket(by=cast.ada, subject="今天网络丢包严重", description="-")

    assert suggest_units(ticket, cast.carla)[0].unit == stream["网络"]


def test_the_unit_in_which_a_ticket_ended_counts(stream, cast):
    late = make_unit(name="Late")
    Ticket.objects.filter(subject__contains="geant4").update(unit=late)

    training.train(at=AT)

    assert set(LearntWord.objects.filter(feature="w:geant4").values_list("unit", flat=True)) == {
        late.pk
    }


def test_too_few_teach_nothing_but_are_counted_and_measured(cast):
    storage = make_unit(name="Storage")
    for number in range(12):
        route_ticket(by=cast.ada, unit=storage, subject=f"dcache {number}")

    model = training.train(at=AT)

    assert (model.tickets, model.routed) == (0, 12)
    assert model.evaluation["all"]["tickets"] == 3
    assert not LearntWord.objects.exists()
    assert suggest_units(make_ticket(by=cast.ada, subject="dcache")) == []


def test_no_word_of_security_spam_or_a_test_is_learnt(stream, cast):
    """Not from what is restricted, nor from what is junk, not even where many hold the word."""
    kind = make_issue_type(name="Break-in", is_security=True)
    for _ in range(5):
        make_ticket(by=cast.ada, issue_type=kind, subject="einbruch dcache", description="geheim")
        for category in (Category.SPAM, Category.TEST):
            junk = route_ticket(by=cast.ada, unit=stream["Storage"], subject="viagra dcache")
            Ticket.objects.filter(pk=junk.pk).update(category=category)
    Ticket.objects.filter(is_restricted=True).update(
        status="CLOSED", unit=stream["Storage"], assigned_at=AT - timedelta(days=9)
    )
    restricted = Ticket.objects.filter(is_restricted=True)
    StatusInterval.objects.filter(ticket__in=restricted).update(status="NEW")

    model = training.train(at=AT)

    features = set(LearntWord.objects.values_list("feature", flat=True))
    assert not features & {"w:einbruch", "w:geheim", "w:viagra"}
    numbers = {n for row in LearntWord.objects.values_list("tickets", flat=True) for n in row}
    assert not numbers & set(restricted.values_list("pk", flat=True))
    assert model.routed == 700


def test_a_word_of_one_or_two_tickets_is_not_kept(stream, cast):
    for _ in range(2):
        route_ticket(by=cast.ada, unit=stream["Storage"], subject="hunter2 dcache")

    training.train(at=AT)

    assert not LearntWord.objects.filter(feature="w:hunter2").exists()


def test_a_redacted_word_is_gone_the_next_time(stream, cast):
    tickets = [
        route_ticket(by=cast.ada, unit=stream["Storage"], subject="dcache", description="hunter2")
        for _ in range(3)
    ]
    training.train(at=AT)
    assert LearntWord.objects.filter(feature="w:hunter2").exists()
    Ticket.objects.filter(pk__in=[each.pk for each in tickets]).update(description="")

    training.train(at=AT)

    assert not LearntWord.objects.filter(feature="w:hunter2").exists()
    assert LearntModel.objects.count() == 1


def test_tickets_that_were_sent_directly_or_only_just_routed_do_not_count(cast):
    storage = make_unit(name="Storage")
    make_ticket(by=cast.ada, unit=storage, at=AT - timedelta(days=20))
    route_ticket(by=cast.ada, unit=storage, at=AT - timedelta(days=1))
    counted = route_ticket(by=cast.ada, unit=storage)

    assert [each.ticket_id for each in training.read_stream(at=AT)] == [counted.pk]


def test_it_is_done_once_a_day(stream):
    assert training.train_if_due(at=AT)
    assert not training.train_if_due(at=AT + timedelta(hours=19))
    assert training.train_if_due(at=AT + timedelta(hours=21))


def test_a_time_limit_ends_the_reading(stream, monkeypatch):
    monkeypatch.setattr(training, "MOST_SECONDS", 0.0)

    assert training.read_stream(at=AT) == []


def test_live_figures_count_what_was_chosen_and_not_what_was_undone(cast):
    storage = make_unit(name="Storage")
    kept, undone = (make_ticket(by=cast.ada, affected_sites=[cast.in2p3]) for _ in range(2))
    other = make_ticket(by=cast.ada, affected_sites=[cast.in2p3])
    decisions.route(ticket=kept, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    decisions.route(ticket=other, unit=storage, by=cast.carla, at=AT)
    window = undo.with_undo(
        ticket=undone,
        action=UndoWindow.Action.ASSIGN,
        do=lambda found: decisions.route(ticket=found, unit=cast.in2p3_unit, by=cast.carla, at=AT),
        by=cast.carla,
        at=AT,
    )
    undo.undo(window=window, by=cast.carla, at=AT)

    told = evaluation.live(at=AT)

    assert (told.all.tickets, told.all.first) == (2, 1)
    assert told.confused == {(storage.pk, cast.in2p3_unit.pk): 1}


def test_the_page_says_what_it_knows(cast, client_of, clock_at):
    clock_at(AT)
    storage = make_unit(name="Storage")
    page = client_of(cast.carla)
    assert "Nothing was measured yet" in page.get("/tpm/suggestions/").content.decode()
    for number in range(12):
        route_ticket(by=cast.ada, unit=storage, subject=f"dcache {number}")
    training.train(at=AT)

    assert (
        "there are 12 routed tickets, and it begins at 500"
        in page.get("/tpm/suggestions/").content.decode()
    )


def test_the_page_shows_figures(stream, cast, client_of, clock_at, django_assert_max_num_queries):
    clock_at(AT)
    training.train(at=AT)
    page = client_of(cast.dmitri)
    page.get("/tpm/suggestions/")

    with django_assert_max_num_queries(12):
        text = page.get("/tpm/suggestions/").content.decode()

    assert "was right in" in text
    assert "always naming the three largest units" in text
    assert "Storage" in text
    assert "Nothing is learnt" not in text


def test_probabilities_are_cooled_and_sum_to_one():
    scores = {1: -10.0, 2: -20.0, 3: -30.0}

    hot, cold = bayes.probabilities(scores, 1.0), bayes.probabilities(scores, 24.0)

    assert sum(hot.values()) == pytest.approx(1)
    assert hot[1] > 0.99 > cold[1] > cold[2] > cold[3]
    assert learnt.likelihood(hot[1]) == "likely"


def test_the_temperature_that_surprises_least_is_chosen():
    sure_and_right = [({1: 0.0, 2: -4.0}, 1)] * 20
    sure_and_half_wrong = [({1: 0.0, 2: -9.0}, unit) for unit in (1, 2)] * 10

    assert bayes.choose_temperature(sure_and_right) == 1.0
    assert bayes.choose_temperature(sure_and_half_wrong) == bayes.TEMPERATURES[-1]
