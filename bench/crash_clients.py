"""People who file tickets and answer while processes die: real HTTP, forms, sessions and CSRF.

A person who gets no answer, or an error of the server, waits a little and presses the same button
again: the same form with the same submission key. Some are impatient and press twice at once.
"""

from __future__ import annotations

import http.client
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from bench.forms import fields_of

TICKET, PUBLIC, INTERNAL = "ticket", "public", "internal"

# A person who gets no answer for so long gives up; the form then counts as not accepted.
PATIENCE_S: Final = 300.0
ANSWER_S: Final = 60.0
PRESSES_TWICE: Final = 0.15
ATTACHES: Final = 0.4


@dataclass
class Form:
    """One form that somebody sends, and what became of it.

    ``token`` is a word that stands in no other text of the run, ``words`` the whole text. ``step``
    is the step that goes along. ``number`` is the ticket that the answer led to.
    """

    kind: str
    author: str
    token: str
    words: str
    subject: str = ""
    site: str = ""
    step: str = ""
    file: bytes = b""
    key: str = ""
    number: int = 0
    accepted: bool = False
    sent: int = 0
    refused: str = ""

    @property
    def file_name(self) -> str:
        """The name under which the file is sent."""
        return f"{self.token}.log"


@dataclass
class Story:
    """A ticket and what is written into it, in this order; ``statuses`` are those it goes through.

    They are what the workflow makes of the forms, and say how many changes the history must have.
    """

    forms: list[Form]
    statuses: list[str]

    @property
    def ticket(self) -> Form:
        """The form that files the ticket."""
        return self.forms[0]

    @property
    def is_complete(self) -> bool:
        """Whether every form was accepted."""
        return all(form.accepted for form in self.forms)


@dataclass
class Traffic:
    """What is under way at this moment, for those who want to disturb it."""

    forms: int = 0
    accepted: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def form(self) -> Iterator[None]:
        """Count a form for as long as the block lasts."""
        with self._changed:
            self.forms += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self.forms -= 1

    def count_accepted(self) -> None:
        """Note that a form was accepted."""
        with self._changed:
            self.accepted += 1
            self._changed.notify_all()

    def wait_for_form(self, seconds: float) -> None:
        """Return when a form is on its way, at the latest after so long."""
        with self._changed:
            self._changed.wait_for(lambda: self.forms > 0, seconds)


def make_story(
    number: int, submitter: str, supporter: str, site: str, dice: random.Random
) -> Story:
    """Make one of three stories in turn, so that every kind of form meets every kind of death."""

    def form(kind: str, author: str, what: str, step: str = "") -> Form:
        token = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=16))
        words = f"{what} ({token})\n\n```\nerror 110: «Größe» 測試\n```\n\nThe **end** of {number}."
        return Form(
            kind, author, token, words, step=step,
            # More than a socket's buffer, so that a death can meet half of it.
            file=dice.randbytes(dice.randrange(1, 300_000)) if dice.random() < ATTACHES else b"",
        )  # fmt: skip

    filed = form(TICKET, submitter, "All transfers fail")
    filed.subject = "Transfers fail " + "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=12))
    filed.site = site
    match number % 3:
        case 0:
            return Story([filed, form(PUBLIC, submitter, "It fails still")], ["NEW"])
        case 1:
            answer = form(PUBLIC, supporter, "We look into it")
            return Story([filed, answer], ["NEW", "IN_PROGRESS"])
        case _:
            forms = [
                filed,
                form(INTERNAL, supporter, "The storage looks full"),
                form(PUBLIC, supporter, "Which files?", "ask"),
                form(PUBLIC, submitter, "All of them"),
            ]
            return Story(forms, ["NEW", "WAITING_FOR_REPLY", "IN_PROGRESS"])


class GaveUp(Exception):
    """No usable answer came for so long that a person would have gone home."""


class NotAnswered(Exception):
    """No answer came, or one that says that the server is ill."""


@dataclass(frozen=True)
class Answer:
    """What the web process said."""

    status: int
    location: str
    body: bytes


class Browser:
    """One person's browser: a session's cookies, a connection for each request."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: dict[str, str] = {}

    def borrow(self, other: Browser) -> None:
        """Take over somebody's session, as a second window does."""
        self._cookies = dict(other._cookies)

    def sign_in(self, username: str, password: str) -> None:
        """Sign in by the form.

        :raises GaveUp: the password is not taken
        """
        page = self.get("/accounts/login/")
        fields = fields_of(page.body, "password") | {"login": username, "password": password}
        answer = self.post("/accounts/login/", fields)
        if answer.status != 302 or "sessionid" not in self._cookies:
            raise GaveUp(f"{username} could not sign in: {answer.status} {words_of(answer)}")

    def get(self, path: str) -> Answer:
        """Ask for a page.

        :raises NotAnswered: it did not come
        """
        return self._send("GET", path)

    def post(
        self, path: str, fields: dict[str, str], file: tuple[str, bytes] | None = None
    ) -> Answer:
        """Send a form, as multipart as browsers do where it can hold files.

        :raises NotAnswered: no answer came
        """
        border = uuid4().hex
        parts = [
            f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
            + re.sub("\r?\n", "\r\n", value).encode()
            + b"\r\n"
            for name, value in fields.items()
        ]
        if file:
            head = f'form-data; name="files"; filename="{file[0]}"'
            kind = "Content-Type: application/octet-stream"
            parts.append(
                f"--{border}\r\nContent-Disposition: {head}\r\n{kind}\r\n\r\n".encode()
                + file[1]
                + b"\r\n"
            )
        body = b"".join(parts) + f"--{border}--\r\n".encode()
        return self._send("POST", path, body, f"multipart/form-data; boundary={border}")

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        headers = {"Host": f"localhost:{self._port}", "Accept": "text/html"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if kind:
            headers["Content-Type"] = kind
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_S)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie", []):
                self._cookies |= {name: each.value for name, each in SimpleCookie(line).items()}
            location = response.headers.get("Location", "")
            if 300 <= response.status < 400:
                # A browser goes there as soon as it has read the head.
                return Answer(response.status, location, b"")
            answer = Answer(response.status, location, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise NotAnswered(repr(error)) from error
        finally:
            connection.close()
        if answer.status >= 500:
            raise NotAnswered(f"status {answer.status}")
        return answer


class Person(threading.Thread):
    """Goes through stories one after the other, now as the submitter, now as the supporter."""

    def __init__(
        self,
        stories: Iterator[Story],
        browsers: dict[str, Browser],
        traffic: Traffic,
        dice: random.Random,
    ) -> None:
        super().__init__(daemon=True)
        self._stories, self._browsers, self._traffic, self._dice = stories, browsers, traffic, dice
        self.no_answer: dict[str, int] = {}

    def lend(self, username: str, browser: Browser) -> None:
        """Give this person's own windows the session of one that is signed in."""
        self._browsers[username].borrow(browser)

    def run(self) -> None:
        """Go on until there is no story left."""
        for story in self._stories:
            for form in story.forms:
                time.sleep(self._dice.uniform(0.2, 1.5))  # reads and writes
                try:
                    self._fill_in_and_send(form, story.ticket.number)
                except GaveUp as error:
                    form.refused = str(error)
                    break

    def _fill_in_and_send(self, form: Form, ticket: int) -> None:
        browser = self._browsers[form.author]
        until = time.monotonic() + PATIENCE_S
        if form.kind == TICKET:
            page = self._insist(lambda: browser.get("/tickets/new/"), until)
            path, fields = "/tickets/new/", _fields(page, "subject")
            fields |= {"subject": form.subject, "description": form.words, "sites": form.site}
            form.key = fields["draft"]
        else:
            page = self._insist(lambda: browser.get(f"/tickets/{ticket}/"), until)
            path, fields = f"/tickets/{ticket}/reply/", _fields(page, "words")
            fields |= {"words": form.words, "side": form.kind, "step": form.step}
            form.key = fields["key"]
        file = (form.file_name, form.file) if form.file else None

        def press() -> Answer:
            form.sent += 1
            with self._traffic.form():
                return browser.post(path, fields, file)

        twice = None
        if self._dice.random() < PRESSES_TWICE:
            twice = threading.Thread(target=_ignore_what_happens, args=(press,), daemon=True)
            twice.start()
        answer = self._insist(press, until)
        found = re.fullmatch(r"/tickets/(\d+)/", urlsplit(answer.location).path)
        if answer.status >= 400 or answer.status < 300 or not found:
            raise GaveUp(f"{path}: {answer.status} {answer.location} {words_of(answer)}")
        form.number = int(found[1])
        form.accepted = True
        self._traffic.count_accepted()
        if twice:
            twice.join(ANSWER_S)

    def _insist(self, ask: Callable[[], Answer], until: float) -> Answer:
        while True:
            try:
                return ask()
            except NotAnswered as error:
                self.no_answer[str(error)] = self.no_answer.get(str(error), 0) + 1
                if time.monotonic() > until:
                    raise GaveUp(f"no answer for {PATIENCE_S:.0f} s, at last: {error}") from error
                time.sleep(self._dice.uniform(0.3, 2.0))


def words_of(answer: Answer) -> str:
    """What a page says is wrong, for people; the beginning of it at least."""
    text = re.sub(r"<(script|style|head)\b.*?</\1>", " ", answer.body.decode(), flags=re.S)
    said = re.findall(
        r'class="[^"]*(?:invalid|error|notice-bad|alert)[^"]*"[^>]*>(.*?)</', text, re.S
    )
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", " | ".join(said) or text))
    return plain.strip()[:300]


def _fields(page: Answer, holding: str) -> dict[str, str]:
    try:
        return fields_of(page.body, holding)
    except LookupError as error:
        raise GaveUp(f"{page.status} {page.location} {error}: {words_of(page)}") from error


def _ignore_what_happens(press: Callable[[], Answer]) -> None:
    with suppress(NotAnswered):
        press()
