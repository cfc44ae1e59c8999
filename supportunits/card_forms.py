"""The forms of a VO ID card: plain fields in sections, and lists of rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from juno_support.lib.text import clean, clean_line
from supportunits.card_content import RESOURCES
from supportunits.models import CardStatus, ContactRole
from supportunits.parsers.card_records import LONGEST, LONGEST_CONTACT, MIDDLEWARES, REGISTRIES

MOST_ROWS: Final = 2_000
_POLICY_KINDS = [("text", _("its text")), ("url", _("its address"))]


class LineField(forms.CharField):
    """One line of text."""

    def clean(self, value: Any) -> str:
        """Return the line, without what does not belong into text."""
        return clean_line(super().clean(value))


class TextField(forms.CharField):
    """Several lines of text."""

    widget = forms.Textarea(attrs={"rows": 5})

    def clean(self, value: Any) -> str:
        """Return the text, without what does not belong into text."""
        return clean(super().clean(value)).strip()


class PathsField(forms.CharField):
    """Disciplines, one a line, each as "Natural Sciences / Physical sciences"."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        """Write paths as people type them."""
        if isinstance(value, list):
            return "\n".join(
                " / ".join(map(str, path)) if isinstance(path, list) else str(path)
                for path in value
            )
        return value

    def clean(self, value: Any) -> list[list[str]]:
        """Return the paths, each once."""
        paths: list[list[str]] = []
        for words in clean(super().clean(value)).splitlines():
            path = [clean_line(part) for part in words.split(" / ") if clean_line(part)]
            if path and path not in paths:
                paths.append(path)
        return paths


def _line(label: Any, name: str, **options: Any) -> LineField:
    return LineField(label=label, required=False, max_length=LONGEST.get(name, 500), **options)


class CardForm(forms.Form):
    """The card's plain fields, and why they shall change."""

    scope = _line(_("Scope"), "scope", help_text=_("Global, National - NGI_…, or Regional - …"))
    status = forms.ChoiceField(label=_("Status"), choices=CardStatus)
    alias = _line(_("Alias"), "alias")
    grid_id = _line(_("Grid id"), "grid_id")
    description = TextField(
        label=_("Description"),
        required=False,
        max_length=10_000,
        help_text=_("In English: what the VO is for, and who its users are."),
    )
    disciplines = PathsField(
        label=_("Disciplines"),
        required=False,
        max_length=5_000,
        help_text=_("One a line: Natural Sciences / Physical sciences / High energy physics"),
    )
    middlewares = forms.MultipleChoiceField(
        label=_("Supported services"), required=False, widget=forms.CheckboxSelectMultiple
    )
    enrolment_url = _line(_("Enrolment URL"), "enrolment_url")
    homepage_url = _line(_("Homepage"), "homepage_url")
    support_procedure_url = _line(_("Support procedure URL"), "support_procedure_url")
    needs_voms_help = forms.BooleanField(label=_("VOMS set-up support"), required=False)
    is_monitored = forms.BooleanField(label=_("Monitored"), required=False)
    acceptable_use_policy_type = forms.ChoiceField(
        label=_("The policy is given as"),
        choices=_POLICY_KINDS,
        required=False,
        widget=forms.RadioSelect,
    )
    acceptable_use_policy = TextField(
        label=_("Acceptable use policy"), required=False, max_length=50_000
    )
    admins_list = _line(_("Admins"), "admins_list")
    operations_list = _line(_("Operations"), "operations_list")
    user_support_list = _line(_("User support"), "user_support_list")
    users_list = _line(_("Users"), "users_list")
    security_list = _line(_("Security contact"), "security_list")
    note = TextField(
        label=_("Why"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("A word to the admin who decides."),
    )

    def __init__(self, *args: Any, supported: Iterable[str] = (), **options: Any) -> None:
        """Offer the Portal's services, and what else the card names.

        :param supported: the services that the card names now
        """
        super().__init__(*args, **options)
        words = list(dict.fromkeys([*MIDDLEWARES.values(), *supported]))
        choices = self.fields["middlewares"]
        choices.choices = [(word, word) for word in words]  # type: ignore[attr-defined]
        for name, label in RESOURCES.items():
            if name in ("other_requirements", "cvmfs_endpoints"):
                rows = {"rows": 3}
                self.fields[f"need_{name}"] = TextField(
                    label=label,
                    required=False,
                    max_length=10_000,
                    widget=forms.Textarea(attrs=rows),
                )
            else:
                self.fields[f"need_{name}"] = LineField(label=label, required=False, max_length=40)

    def clean_acceptable_use_policy_type(self) -> str:
        """Return the kind; the Portal's "file" is an address, too."""
        return str(self.cleaned_data["acceptable_use_policy_type"] or "text")

    def content(self) -> dict[str, Any]:
        """Return what was typed, as a part of a card's content."""
        fields = {name: value for name, value in self.cleaned_data.items() if name != "note"}
        needs = {name: fields.pop(f"need_{name}", "") for name in RESOURCES}
        fields["resources"] = {name: value for name, value in needs.items() if value}
        return fields


def form_values(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card's content as the form's initial values."""
    needs = content.get("resources")
    values = dict(content)
    for name, value in (needs if isinstance(needs, dict) else {}).items():
        values[f"need_{name}"] = value
    kind = str(content.get("acceptable_use_policy_type") or "text").lower()
    values["acceptable_use_policy_type"] = "url" if kind in ("url", "file") else "text"
    return values


class ContactRow(forms.Form):
    """A contact of the card."""

    name = LineField(label=_("Name"), max_length=LONGEST_CONTACT["name"])
    role = forms.ChoiceField(label=_("Role"), choices=ContactRole)
    email = LineField(label=_("E-mail"), required=False, max_length=LONGEST_CONTACT["email"])
    dn = LineField(label=_("Certificate DN"), required=False, max_length=LONGEST_CONTACT["dn"])
    phone = LineField(label=_("Phone"), required=False, max_length=LONGEST_CONTACT["phone"])


class ServerRow(forms.Form):
    """A VOMS server."""

    hostname = LineField(label=_("Host"), max_length=253)
    https_port = LineField(label=_("HTTPS port"), required=False, max_length=5)
    vomses_port = LineField(label=_("VOMSES port"), required=False, max_length=5)
    is_admin_server = forms.BooleanField(label=_("Admin server"), required=False)
    members_list_url = LineField(label=_("List of members (URL)"), required=False, max_length=500)
    dn = LineField(label=_("DN of its certificate"), required=False, max_length=500)
    ca_dn = LineField(label=_("DN of its authority"), required=False, max_length=500)
    serial_number = LineField(label=_("Number of its certificate"), required=False, max_length=100)


class RegistryRow(forms.Form):
    """A registry other than VOMS."""

    kind = LineField(label=_("Kind"), max_length=100, help_text=", ".join(REGISTRIES))
    url = LineField(label=_("Address"), max_length=500)


class GroupRow(forms.Form):
    """A group or role."""

    name = LineField(label=_("Group or role"), max_length=200)
    kind = LineField(
        label=_("Kind"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("Pilot, Production Manager, …")}),
    )
    description = LineField(label=_("Description"), required=False, max_length=2_000)
    share = LineField(label=_("Share (%)"), required=False, max_length=3)
    is_used = forms.BooleanField(label=_("Used"), required=False, initial=True)


class AcknowledgementRow(forms.Form):
    """What a paper shall say."""

    grant = LineField(label=_("Grant"), required=False, max_length=200)
    text = LineField(label=_("Text"), max_length=5_000)
    relationship = LineField(label=_("Relationship"), required=False, max_length=1_000)
    publication_url = LineField(label=_("Publications (URL)"), required=False, max_length=500)


PARTS: Final[dict[str, type[forms.Form]]] = {
    "contacts": ContactRow,
    "voms_servers": ServerRow,
    "registries": RegistryRow,
    "groups": GroupRow,
    "acknowledgements": AcknowledgementRow,
}
"""The card's lists, each with the form of one row."""

# A row in which nothing of this was typed is empty, whatever its boxes and choices say.
_TELLING: Final = {
    "contacts": ("name", "email", "dn", "phone"),
    "voms_servers": ("hostname", "https_port", "vomses_port", "members_list_url", "dn", "ca_dn"),
    "registries": ("url",),
    "groups": ("name", "description", "share"),
    "acknowledgements": ("grant", "text", "relationship", "publication_url"),
}


@dataclass
class Rows:
    """A list of rows of one part of the card.

    :ivar errors: what is wrong with the part as a whole
    """

    part: str
    forms: list[forms.Form]
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, part: str, values: Iterable[Mapping[str, Any]]) -> "Rows":
        """Return the rows of what a card says, or of what was typed so far."""
        return cls(
            part,
            [
                PARTS[part](initial=dict(value), prefix=f"{part}-{place}")
                for place, value in enumerate(values)
            ],
        )

    @classmethod
    def sent(cls, part: str, data: QueryDict) -> "Rows":
        """Return the rows that were sent, to be checked; empty ones are left out."""
        found = [
            PARTS[part](data, prefix=f"{part}-{place}")
            for place in range(row_count(part, data))
            if any(data.get(f"{part}-{place}-{name}", "").strip() for name in _TELLING[part])
        ]
        return cls(part, found)

    @property
    def count(self) -> int:
        """Return how many rows there are."""
        return len(self.forms)

    def is_valid(self) -> bool:
        """Return whether every row can be read."""
        # Every row is looked at: each says what is wrong in it.
        return not [form for form in self.forms if not form.is_valid()] and not self.errors

    def content(self) -> list[dict[str, Any]]:
        """Return the rows as the card keeps them."""
        return [dict(form.cleaned_data) for form in self.forms]


def row_count(part: str, data: QueryDict) -> int:
    """Return how many rows of a part were sent."""
    text = data.get(f"{part}-count", "")
    return min(int(text), MOST_ROWS) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def typed_rows(part: str, data: QueryDict) -> list[dict[str, Any]]:
    """Return the rows as they were typed, unchecked, so that nothing typed is lost."""
    names = PARTS[part].base_fields
    return [
        {
            name: each.widget.value_from_datadict(data, {}, f"{part}-{place}-{name}")
            for name, each in names.items()
        }
        for place in range(row_count(part, data))
    ]


def typed_values(form: CardForm, data: QueryDict) -> dict[str, Any]:
    """Return the plain fields as they were typed, unchecked."""
    return {
        name: each.widget.value_from_datadict(data, {}, name) for name, each in form.fields.items()
    }


def with_keys(
    servers: list[dict[str, Any]], current: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Give servers back their public keys, which the form does not show.

    A server whose certificate was changed has none until the Portal tells it.
    """
    keys = {
        (server.get("hostname"), server.get("serial_number", "")): server.get("public_key", "")
        for server in current
    }
    return [
        server | {"public_key": keys.get((server["hostname"], server.get("serial_number", "")), "")}
        for server in servers
    ]


def untouched(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card's content as it comes back from the form when nobody touches it.

    A form trims and joins lines; what differs by that alone is no change that somebody asked for.
    """
    form = CardForm(initial=form_values(content), supported=content.get("middlewares") or [])
    bound = CardForm(_as_sent(form, {}), supported=content.get("middlewares") or [])
    bound.is_valid()
    fields: dict[str, Any] = bound.content()
    for part in PARTS:
        values = [row for row in content.get(part) or [] if isinstance(row, dict)]
        data: dict[str, Any] = {f"{part}-count": [str(len(values))]}
        for row in Rows.of(part, values).forms:
            _as_sent(row, data)
        sent = QueryDict(mutable=True)
        for name, texts in data.items():
            sent.setlist(name, texts)
        rows = Rows.sent(part, sent)
        if rows.is_valid():
            fields[part] = rows.content()
    return fields


def _as_sent(form: forms.Form, data: dict[str, Any]) -> Any:
    """Add to ``data`` what a browser would send of a form that nobody touched."""
    for name in form.fields:
        value = form[name].value()
        if isinstance(value, list | tuple):
            data[form.add_prefix(name)] = [str(item) for item in value]
        elif value is not None and value is not False:
            data[form.add_prefix(name)] = [str(value)]
    if form.prefix:
        return data
    sent = QueryDict(mutable=True)
    for name, texts in data.items():
        sent.setlist(name, texts)
    return sent
