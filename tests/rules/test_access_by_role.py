"""Every address as every role, against a table written by hand; and no internal word leaves.

A letter stands for who gets an answer (anything but a refusal); all others are refused, and
visitors are asked to sign in. Shifters and alarmers get what members of the VO get, and what has
their letter; VO managers get what those without anything get, and what has theirs.

    A visitor   N an account without anything   S the submitter   V members of the ticket's VO
    H its shifters   L its alarmers   M its managers
    P supporters   T TPM operators   C CSIRT   D admins
"""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from juno_support.feeds.models import Source
from juno_support.outbox.models import CaughtMail, Gateway
from monitoring.jobs import JobFacts, as_evidence
from supportunits.actions import announcements, mailing_list
from supportunits.actions.shift_log import write_log
from supportunits.models import Audience, CardUpload, CardVersion, VOContact
from tests.cast import ROLE_NAMES
from tests.make import (
    AT,
    make_issue_type,
    make_service,
    make_shift,
    make_shift_type,
    make_site,
    make_unit,
    make_user,
)
from tests.pages.watched import make_entity, make_link
from tests.rules.addresses import all_views, is_foreign
from tests.tickets.make import make_ticket, write
from tests.tickets.routing.make import make_rule
from tickets import tasks
from tickets.actions import assign, context, follow
from tickets.answers import change
from tickets.models import (
    Attachment,
    CheckItem,
    HistoryEntry,
    JobEvidence,
    Proposal,
    ReadyText,
    SavedView,
    UndoWindow,
)

LETTERS = {
    "anonymous": "A",
    "left": "A",
    "nobody": "N",
    "member of another VO": "N",
    "VO manager": "M",
    "submitter": "S",
    "VO member": "V",
    "VO shifter": "H",
    "alarmer": "L",
    "supporter": "P",
    "supporter of another unit": "P",
    "unit manager": "P",
    "TPM operator": "T",
    "CSIRT": "C",
    "admin": "D",
}
ALSO = {"H": "V", "L": "V", "M": "N"}
EVERYONE, PEOPLE = "ANSVPTCD", "NSVPTCD"
READERS, HELPERS, WRITERS = "SVPTCD", "PTC", "SPTC"

# name of the address: (method, who gets an answer)
TABLE = {
    "home": ("get", EVERYONE),
    "theme": ("post", EVERYONE),
    "healthz": ("get", EVERYONE),
    "help": ("get", EVERYONE),
    "help-page": ("get", EVERYONE),
    "readyz": ("get", EVERYONE),
    "metrics": ("get", EVERYONE),  # from this machine; see tests/pages/test_health.py
    "profile": ("get", PEOPLE),
    "outbox:outbox": ("get", "D"),
    "outbox:decide": ("post", "D"),
    "outbox:gateways": ("get", "D"),
    "outbox:new-gateway": ("get", "D"),
    "outbox:gateway": ("get", "D"),
    "outbox:try-gateway": ("post", "D"),
    "outbox:catch-call": ("post", EVERYONE),  # in the demo; it knows our signature
    "outbox:caught": ("get", EVERYONE),
    "outbox:caught-mail": ("get", EVERYONE),
    "units:list": ("get", PEOPLE),
    "units:open": ("get", "TD"),
    "units:open-place": ("post", "TD"),
    "units:unit": ("get", PEOPLE),
    "units:faqs": ("get", PEOPLE),
    "units:faq": ("get", PEOPLE),
    "units:prove": ("get", EVERYONE),  # whoever has the link has read the list
    "units:requests": ("get", "MTD"),
    "units:ask": ("post", PEOPLE),
    "units:withdraw": ("post", PEOPLE),
    "units:leave": ("post", PEOPLE),
    "vos:list": ("get", PEOPLE),
    "vos:vo": ("get", PEOPLE),
    "vos:readiness": ("get", PEOPLE),
    "vos:readiness-site": ("get", PEOPLE),
    "vos:make": ("post", "D"),
    "vos:waiting": ("get", "D"),
    "vos:import": ("get", "D"),
    "vos:import-preview": ("get", "D"),
    "vos:import-apply": ("post", "D"),
    "vos:versions": ("get", PEOPLE),
    "vos:version": ("get", PEOPLE),
    "vos:export": ("get", PEOPLE),
    "vos:serve": ("post", "D"),
    "vos:contact": ("get", "D"),
    "vos:link-contact": ("post", "D"),
    "vos:open-units": ("post", "TD"),
    "people:list": ("get", "D"),
    "people:person": ("get", "D"),
    "people:change": ("post", "D"),
    "people:leave": ("get", "D"),
    "units:close": ("post", "D"),
    "sites:board": ("get", EVERYONE),
    "sites:site": ("get", EVERYONE),
    "sites:override": ("post", "D"),
    "downtimes:calendar": ("get", EVERYONE),
    "calendar-downtimes": ("get", EVERYONE),
    "links:list": ("get", EVERYONE),
    "links:link": ("get", EVERYONE),
    "links:add": ("post", "D"),
    "links:change": ("post", "D"),
    "sources:list": ("get", PEOPLE),
    "sources:poll": ("post", "D"),
    "sources:configure": ("post", "D"),
    "sources:names": ("get", "D"),
    "sources:name-map": ("post", "D"),
    "sources:name-aside": ("post", "D"),
    "sources:name-back": ("post", "D"),
    "sources:diracx-login": ("get", "D"),
    "sources:diracx-begin": ("post", "D"),
    "sources:diracx-check": ("post", "D"),
    "sources:diracx-end": ("post", "D"),
    "sources:push-new": ("get", "D"),
    "sources:push-source": ("get", "D"),
    "sources:push-token": ("post", "D"),
    "sources:push-revoke": ("post", "D"),
    "sources:push-upload": ("post", "D"),
    "api:push-events": ("post", EVERYONE),  # a token says who it is; see tests/api
    "queue": ("get", PEOPLE),
    "queue-selected": ("get", HELPERS + "D"),
    "completions": ("get", PEOPLE),
    "save-view": ("post", PEOPLE),
    "delete-view": ("post", "S"),
    "new-ticket": ("get", PEOPLE),
    "new-team-ticket": ("get", "H"),
    "save-team-draft": ("post", "H"),
    "new-alarm-ticket": ("get", "L"),
    "save-alarm-draft": ("post", "L"),
    "alarm-drills": ("get", "VPTCMD"),
    "start-drill": ("post", "MD"),
    "proposals": ("get", "HT"),
    "decide-proposal": ("post", "HT"),
    "save-draft": ("post", PEOPLE),
    "discard-draft": ("post", PEOPLE),
    "site-offers": ("get", PEOPLE),
    "upload": ("post", PEOPLE),
    "attachment": ("get", READERS),
    # Who may not read the ticket sees an outline: site, type, status and age.
    "ticket": ("get", PEOPLE),
    "reply": ("post", WRITERS),
    "take-step": ("post", WRITERS),
    "follow": ("post", READERS),
    "declare-incident": ("post", HELPERS),
    "end-incident": ("post", HELPERS),
    "join-incident": ("post", WRITERS),
    "take-loose": ("post", WRITERS),
    "free-child": ("post", HELPERS),
    "follow-up": ("post", WRITERS),
    "me-too": ("post", "VPTCD"),
    "remove-person": ("post", HELPERS),
    "remove-copy": ("post", HELPERS),
    "change-ticket": ("post", HELPERS),
    "redact-entry": ("post", "PTCD"),
    "redact-file": ("post", "PTCD"),
    "redact-words": ("post", "PTCD"),
    "redact-part": ("post", "PTCD"),
    "redact-job": ("post", "PTCD"),
    "since": ("get", READERS),
    "ticket-now": ("get", READERS),
    "hearers": ("get", READERS),
    "jobs:look-up": ("get", "HPTC"),
    "jobs:keep": ("post", "HPTC"),
    "jobs:start-ticket": ("post", "HPTC"),
    "ticket-jobs": ("get", "HPTCD"),
    "answers": ("get", PEOPLE),
    "answer": ("get", PEOPLE),
    "new-answer": ("get", "PTCD"),
    "change-answer": ("get", "TD"),
    "answer-step": ("post", "TD"),
    "answer-helped": ("post", PEOPLE),
    "fitting-answers": ("get", PEOPLE),
    "ticket-answers": ("get", HELPERS),
    "announcements": ("get", EVERYONE),
    "announcement": ("get", EVERYONE),
    "announce": ("get", "MTD"),
    "change-announcement": ("get", "TD"),
    "withdraw-announcement": ("post", "TD"),
    "hide-announcement": ("post", PEOPLE),
    "tpm-desk": ("get", "T"),
    "rules": ("get", "TD"),
    "rule": ("get", "TD"),
    "new-rule": ("get", "D"),
    "remove-rule": ("post", "D"),
    "suggestions": ("get", "TD"),
    "units:fallback": ("get", "PTCD"),
    "units:change-fallback": ("post", "D"),
    "shifts:home": ("get", PEOPLE),
    "shifts:me": ("get", PEOPLE),
    "shifts:my-contact": ("post", PEOPLE),
    "shifts:my-wishes": ("post", PEOPLE),
    "shifts:my-calendars": ("post", PEOPLE),
    "shifts:rota": ("get", PEOPLE),
    "shifts:people": ("get", PEOPLE),
    "shifts:shift": ("get", PEOPLE),
    "shifts:log": ("get", "HPTCD"),
    "shifts:since": ("get", "HPTCD"),
    "shifts:card": ("get", "HPTCD"),
    "shifts:redact-log": ("post", "HTD"),
    "find-units": ("get", "PTCD"),
    "find-tickets": ("get", "PTCD"),
    "tpm-act": ("post", "T"),
    "tpm-check": ("post", "T"),
    "tpm-selected": ("get", "T"),
    "tpm-undo": ("post", "T"),
    "check-list": ("get", "TD"),
    "ready-texts": ("get", "PTCD"),
    "new-ready-text": ("get", "TD"),
    "ready-text": ("get", "TD"),
    "delete-ready-text": ("post", "TD"),
    "preview-ready-text": ("post", "TD"),
    "ready-offers": ("get", HELPERS),
    "filled-text": ("get", HELPERS),
}
# Managed by the people concerned: walked in tests/supportunits and tests/pages, role by role.
# Those without an object of one's own to act on say "not found": tested with the pages.
ELSEWHERE = {
    "admin_link",
    "alarm-receipt",
    "confirm-receipt",
    "help-picture",
    "remove-upload",
    # A private address: its token says whose it is; see tests/pages/test_shifts.py.
    "calendar-shifts",
    "shifts:add",
    "shifts:ask-swap",
    "shifts:change",
    "shifts:change-plan",
    "shifts:copy",
    "shifts:hand-over",
    "shifts:meeting",
    "shifts:plan",
    "shifts:propose",
    "shifts:report",
    "shifts:swap",
    "shifts:take",
    "shifts:take-over",
    "shifts:tick",
    "shifts:types",
    "units:change",
    "units:edit-faq",
    "units:decide-request",
    "units:decide-supporter",
    "units:list-test",
    "units:members",
    "vos:change-request",
    "vos:decide-change",
    "vos:edit",
    "vos:portal",
    "vos:sites",
    "vos:support",
    "vos:team",
    "vos:validate",
}

INTERNAL, RESTRICTED = "zwischenuns", "einbruchsdetail"
# Of the shift log, which the VO's shifters read, too.
LOGGED = "schichtwort"


@pytest.fixture
def world(roles, clock_at, settings):
    """A ticket with everything on it, an internal word, and a Security ticket."""
    clock_at(AT)
    settings.JUNO_DEMO = True  # the mail catcher is there in the demo only
    make_site(name="BEIJING-LCG2")
    Source.objects.create(name="push-noc", interval=timedelta(minutes=15))
    submitter = roles["submitter"]
    helper = roles["supporter"]
    service = make_service(site=roles.in2p3, hostname="ce01.in2p3.example.org")
    ticket = make_ticket(
        by=submitter,
        vo=roles.juno,
        affected_sites=[roles.in2p3],
        affected_services=[service],
        carbon_copies=["copy@example.org"],
        subject="Walk ticket",
    )
    public = write(
        ticket=ticket, by=submitter, words="log", uploads=[SimpleUploadedFile("a.log", b"x")]
    )
    write(
        ticket=ticket,
        by=helper,
        words=f"{INTERNAL} in the diary",
        is_public=False,
        uploads=[SimpleUploadedFile(f"{INTERNAL}.log", b"y")],
    )
    assign.involve(ticket=ticket, person=roles["TPM operator"], by=helper, at=AT)
    security = make_issue_type(name="Break-in", is_security=True)
    hidden = make_ticket(
        by=make_user(username="victim"),
        vo=roles.juno,
        issue_type=security,
        subject=f"{RESTRICTED} subject",
        description=f"{RESTRICTED} text",
        affected_sites=[roles.in2p3],
    )
    follow.add_reference(ticket=ticket, other=hidden, by=roles["CSIRT"], at=AT)
    for each in (ticket, hidden):
        context.attach_context(ticket=each, at=AT)
    data = make_unit(name="Data", members=(make_user(),))
    list_test = mailing_list.send_test(unit=data, by=None, at=AT)
    tasks.sweep_dispatches()
    proposal = Proposal.objects.create(
        site=roles.in2p3,
        vo=roles.juno,
        since=AT,
        opened_at=AT,
        changed_at=AT,
        worst="down",
        things=1,
    )
    job = JobEvidence.objects.create(
        ticket=ticket,
        source="diracx",
        job_id=4711,
        vo="juno",
        data=as_evidence(JobFacts(job_id=4711, status="Failed")),
        looked_up_at=AT,
    )
    view = SavedView.objects.create(owner=submitter, name="mine", query="status:open")
    shift = make_shift(
        type=make_shift_type(vo=roles.juno), person=None, starts_at=AT + timedelta(days=1)
    )
    log_entry = write_log(
        vo=roles.juno,
        text=f"{LOGGED} in the log",
        by=roles["TPM operator"],
        at=AT,
        key=uuid.uuid4(),
    )
    caught = CaughtMail.objects.create(
        message_id="x@y", to_address="a@example.org", subject="s", body="b", caught_at=AT
    )
    version = CardVersion.objects.create(
        card=roles.juno.card, number=1, source="BEGIN", made_at=AT, content={}
    )
    window = UndoWindow.objects.create(
        ticket=ticket, by=roles["TPM operator"], action="HOLD", ends_at=AT, entries=[]
    )
    answer = change.write_answer(
        by=roles["TPM operator"],
        at=AT,
        submission_key=uuid.uuid4(),
        title="Known",
        words_of_it="Try again.",
    )
    announced = announcements.announce(
        by=roles["admin"],
        at=AT,
        submission_key=uuid.uuid4(),
        title="News",
        audience=Audience.EVERYBODY,
    )
    return {
        "answer": answer,
        "announced": announced,
        "ticket": ticket,
        "hidden": hidden,
        "rule": make_rule(unit=data, by=roles["admin"], words=["tape"]),
        "public_file": Attachment.objects.get(entry=public),
        "internal_file": Attachment.objects.get(is_public=False),
        "entry": public,
        "view": view,
        "window": window,
        "text": ReadyText.objects.create(title="Proxy", text="Is it valid?"),
        "item": CheckItem.objects.get(words="Quota"),
        "job": job,
        "version": version,
        "contact": VOContact.objects.filter(card=roles.juno.card).latest("pk"),
        "upload": CardUpload.objects.create(name="x.xml", body=b"<data/>", uploaded_at=AT),
        "proposal": proposal,
        "name": make_entity("argo"),
        "link": make_link(roles.in2p3, make_site()),
        "caught": caught,
        "gateway": Gateway.objects.create(
            name="Phone", channel="SMS", pattern="{number}@sms.example.org", created_at=AT
        ),
        "shift": shift,
        "log_entry": log_entry,
        "involved": roles["TPM operator"],
        "username": submitter.username,
        "list_token": mailing_list.token_of(list_test),
    }


def _arguments(name, world):
    ticket = world["ticket"].pk
    last = HistoryEntry.objects.filter(ticket=ticket).latest("pk").pk
    special = {
        "help-page": ["search"],
        "outbox:caught-mail": [world["caught"].pk],
        "alarm-drills": ["juno"],
        "start-drill": ["juno"],
        "outbox:gateway": [world["gateway"].pk],
        "outbox:try-gateway": [world["gateway"].pk],
        "shifts:rota": ["juno"],
        "shifts:people": ["juno"],
        "shifts:log": ["juno"],
        "shifts:since": ["juno"],
        "shifts:card": ["juno"],
        "shifts:shift": [world["shift"].pk],
        "shifts:redact-log": ["juno", world["log_entry"].pk],
        "units:unit": ["IN2P3-CC"],
        "units:close": ["Data"],
        "units:prove": [world["list_token"]],
        "units:ask": ["Data"],
        "units:faq": ["Data"],
        "units:withdraw": ["Data"],
        "units:leave": ["Data"],
        "vos:vo": ["juno"],
        "vos:open-units": ["juno"],
        "vos:import-preview": [world["upload"].pk],
        "vos:import-apply": [world["upload"].pk],
        "vos:versions": ["juno"],
        "vos:version": ["juno", world["version"].number],
        "vos:export": ["juno"],
        "vos:serve": ["juno"],
        "vos:contact": ["juno", world["contact"].pk],
        "vos:link-contact": ["juno", world["contact"].pk],
        "vos:readiness": ["juno"],
        "vos:readiness-site": ["juno", "IN2P3-CC"],
        "people:person": [world["username"]],
        "people:change": [world["username"]],
        "people:leave": [world["username"]],
        "sites:site": ["IN2P3-CC"],
        "sites:override": ["IN2P3-CC"],
        "api:push-events": ["push-noc"],
        "sources:push-source": ["push-noc"],
        "sources:push-token": ["push-noc"],
        "sources:push-revoke": ["push-noc"],
        "sources:push-upload": ["push-noc"],
        "links:link": [world["link"].name],
        "links:change": [world["link"].name],
        "sources:name-map": [world["name"].pk],
        "sources:name-aside": [world["name"].pk],
        "sources:name-back": [world["name"].pk],
        "sources:poll": ["gocdb-topology"],
        "sources:configure": ["gocdb-topology"],
        "answer": [world["answer"].pk],
        "change-answer": [world["answer"].pk],
        "answer-step": [world["answer"].pk, "confirm"],
        "answer-helped": [world["answer"].pk],
        "announcement": [world["announced"].pk],
        "change-announcement": [world["announced"].pk],
        "withdraw-announcement": [world["announced"].pk],
        "hide-announcement": [world["announced"].pk],
        "delete-view": [world["view"].pk],
        "decide-proposal": [world["proposal"].pk],
        "discard-draft": [uuid.uuid4()],
        "attachment": [world["public_file"].pk],
        "take-step": [ticket, "reopen"],
        "change-ticket": [ticket, "priority"],
        "redact-entry": [ticket, world["entry"].pk],
        "redact-words": [ticket, last],
        "redact-file": [ticket, world["public_file"].pk],
        "redact-part": [ticket, "description"],
        "redact-job": [ticket, world["job"].pk],
        "since": [ticket, 0],
        "tpm-act": [ticket, "assign"],
        "ready-text": [world["text"].pk],
        "delete-ready-text": [world["text"].pk],
        "filled-text": [ticket, world["text"].pk],
        "rule": [world["rule"].pk],
        "remove-rule": [world["rule"].pk],
    }
    if name in special:
        return special[name]
    on_ticket = TICKET_PAGES
    return [ticket] if name in on_ticket else []


TICKET_PAGES = {
    "ticket",
    "reply",
    "follow",
    "me-too",
    "declare-incident",
    "end-incident",
    "join-incident",
    "take-loose",
    "free-child",
    "follow-up",
    "remove-person",
    "remove-copy",
    "ticket-now",
    "ticket-answers",
    "ticket-jobs",
    "hearers",
    "tpm-check",
    "ready-offers",
}


def _body(name, world):
    return {
        "units:open-place": {"site": "BEIJING-LCG2"},
        "people:change": {"step": "admin"},
        "remove-person": {"person": world["involved"].pk, "part": "INVOLVED"},
        "remove-copy": {"address": "copy@example.org"},
        "change-ticket": {"priority": "2"},
        "join-incident": {"incident": world["ticket"].pk},
        "follow-up": {"key": str(uuid.uuid4())},
        "reply": {"words": "a word", "side": "public", "key": str(uuid.uuid4())},
        "tpm-act": {"unit_name": "IN2P3-CC"},
        "tpm-check": {"item": world["item"].pk},
        "tpm-selected": {"what": "spam", "ticket": world["ticket"].pk},
        "tpm-undo": {"key": world["window"].pk},
    }.get(name, {})


def _ask(client, method, path, body=None):
    """Return the answer, leaving no trace in the database."""
    with transaction.atomic():
        answer = getattr(client, method)(path, body or {})
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer, content.decode(errors="replace")


def _verdict(answer):
    if answer.status_code == 302 and answer.url.startswith("/accounts/login/"):
        return "sign in"
    return "refused" if answer.status_code in (403, 404) else "answered"


def test_the_table_names_every_address():
    walked = set(TABLE) | ELSEWHERE
    known = set()
    for route, name, view in all_views():
        if is_foreign(view):
            continue
        space = route.strip("/").split("/")[0]
        known.add(f"{space}:{name}" if f"{space}:{name}" in walked else name)
    assert known == walked


def test_every_address_as_every_role(world, roles):
    wrong = []
    for role in ROLE_NAMES:
        client = Client()
        if not roles[role].is_anonymous:
            client.force_login(roles[role], backend="django.contrib.auth.backends.ModelBackend")
        for name, (method, allowed) in TABLE.items():
            path = reverse(name, args=_arguments(name, world))
            answer, text = _ask(client, method, path, _body(name, world))
            letter = LETTERS[role]
            may = letter in allowed or ALSO.get(letter, letter) in allowed
            expected = "answered" if may else "sign in" if letter == "A" else "refused"
            if answer.status_code >= 500 or _verdict(answer) != expected:
                wrong.append(
                    f"{role}: {method} {path} gave {answer.status_code}, expected {expected}"
                )
            if letter in "ANSVHLM" and INTERNAL in text:
                wrong.append(f"{role}: {path} shows an internal word")
            if letter in "ANSVLM" and LOGGED in text:
                wrong.append(f"{role}: {path} shows a word of the shift log")
            if letter not in "CD" and RESTRICTED in text:
                wrong.append(f"{role}: {path} shows a restricted word")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_internal_and_restricted_things_by_their_own_address(world, roles, role):
    client = Client()
    if not roles[role].is_anonymous:
        client.force_login(roles[role], backend="django.contrib.auth.backends.ModelBackend")
    letter = LETTERS[role]
    hidden = world["hidden"].pk
    internal_file = reverse("attachment", args=[world["internal_file"].pk])

    assert (_verdict(_ask(client, "get", internal_file)[0]) == "answered") == (letter in "PTCD")
    answer, text = _ask(client, "get", reverse("ticket", args=[hidden]))
    # TPM sees that a Security ticket exists.
    assert (_verdict(answer) == "answered") == (letter in "TCD")
    assert (RESTRICTED in text) == (letter in "CD")
    looked_at = {"ticket-now", "ticket-jobs", "ready-offers", "ticket-answers"}
    for name in sorted(looked_at):
        answer, text = _ask(client, "get", reverse(name, args=[hidden]))
        assert (RESTRICTED in text) <= (letter in "CD"), name
        assert (_verdict(answer) == "answered") <= (letter in "CD"), name
    for name in sorted(TICKET_PAGES - looked_at - {"ticket", "hearers"}):
        answer, text = _ask(client, "post", reverse(name, args=[hidden]))
        assert (RESTRICTED in text) <= (letter in "CD"), name
        assert (_verdict(answer) == "answered") <= (letter in "CD"), name
    for line in (INTERNAL, RESTRICTED, f"#{hidden}", f"#{world['ticket'].pk}", "is:restricted"):
        answer, text = _ask(client, "get", f"/tickets/?q={line.replace('#', '%23')}")
        rows = answer.context["rows"] if answer.context and "rows" in answer.context else []
        may = {INTERNAL: "PTCD", RESTRICTED: "CD", f"#{hidden}": "CD", "is:restricted": "CD"}
        if line in may:
            assert bool(rows or (answer.status_code == 302 and letter != "A")) == (
                letter in may[line]
            ), line
