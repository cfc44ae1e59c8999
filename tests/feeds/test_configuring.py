"""What an admin sets of a source: options in their types, secrets that never come back."""

from datetime import datetime, timedelta

import pytest
from django.test import override_settings

from juno_support.errors import SupportError
from juno_support.feeds import actions, vault
from juno_support.feeds.configuration import configuration_of, ensure_source
from juno_support.feeds.forms import SourceForm
from juno_support.feeds.models import Source
from juno_support.feeds.registry import SOURCES, find_kind
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def set_up(cast: Cast, at: datetime, name: str, **given: object) -> Source:
    """Configure a source with the options and secrets that are given."""
    return actions.configure_source(
        source=ensure_source(find_kind(name)),
        url="https://source.example.org",
        interval=timedelta(minutes=15),
        is_enabled=True,
        by=cast.dmitri,
        at=at,
        **given,  # type: ignore[arg-type]
    )


def test_options_are_kept_in_their_types_and_only_where_they_differ(
    cast: Cast, at: datetime
) -> None:
    source = set_up(
        cast,
        at,
        "perfsonar",
        options={"archives": "https://a.example.org, https://b.example.org", "loss_percent": 0.1,
                 "delay_percent": 20},
    )  # fmt: skip

    assert source.config == {
        "archives": ["https://a.example.org", "https://b.example.org"],
        "delay_percent": 20.0,
    }
    configuration = configuration_of(source)
    assert configuration.option("archives") == ("https://a.example.org", "https://b.example.org")
    assert configuration.option("loss_percent") == 0.1
    again = set_up(cast, at, "perfsonar", options={"archives": "", "delay_percent": None})
    assert again.config == {}


@pytest.mark.parametrize("url", ["https://me:secret@a.example", "HTTPS://token@a.example/x"])
def test_an_address_holds_no_password(cast: Cast, at: datetime, url: str) -> None:
    """It is shown with each poll, also to supporters, and stands in every trace."""
    with pytest.raises(SupportError):
        actions.configure_source(
            source=ensure_source(find_kind("argo")),
            url=url,
            interval=timedelta(minutes=15),
            is_enabled=True,
            by=cast.dmitri,
            at=at,
        )
    assert Source.objects.get(name="argo").url == ""


def test_an_at_sign_later_in_an_address_is_none(cast: Cast, at: datetime) -> None:
    source = actions.configure_source(
        source=ensure_source(find_kind("argo")),
        url="https://a.example/~me@home",
        interval=timedelta(minutes=15),
        is_enabled=True,
        by=cast.dmitri,
        at=at,
    )
    assert source.url == "https://a.example/~me@home"


def test_options_that_are_not_named_stay(cast: Cast, at: datetime) -> None:
    set_up(cast, at, "argo", options={"report": "OPS"})

    assert set_up(cast, at, "argo").config == {"report": "OPS"}


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("argo", {"api": "v7"}, "cannot be v7"),
        ("argo", {"evidence_base": "javascript:alert(1)"}, "no web address"),
        ("dirac-https", {"web_url": "ftp://example.org"}, "no web address"),
    ],
)
def test_values_that_cannot_be(
    cast: Cast, at: datetime, name: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises(SupportError, match=words):
        set_up(cast, at, name, options=options)


def test_secrets_are_set_and_removed_and_nothing_else_is_one(cast: Cast, at: datetime) -> None:
    source = set_up(cast, at, "argo", secrets={"api_key": "s3cret", "report": "no secret"})
    assert configuration_of(source).secret("api_key") == "s3cret"
    assert vault.names(source) == {"api_key"}
    assert vault.names_by_source() == {"argo": {"api_key"}}
    assert "s3cret" not in str(Source.objects.values_list("config", flat=True))

    set_up(cast, at, "argo", secrets={"api_key": ""})
    assert configuration_of(source).secret("api_key") == ""


def test_the_environment_wins_over_options_and_secrets(cast: Cast, at: datetime) -> None:
    with override_settings(JUNO_ARGO_REPORT="Critical-2", JUNO_ARGO_API_KEY="theirs"):
        source = set_up(cast, at, "argo", options={"report": "mine"}, secrets={"api_key": "mine"})
        assert configuration_of(source).option("report") == "Critical-2"
        form = SourceForm(configuration_of(source))
        assert form.fields["option-report"].disabled
        assert form.fields["option-api_key"].disabled
        assert "theirs" not in form.as_p()
    assert source.config == {}
    assert vault.names(source) == frozenset()


def test_a_form_for_every_kind_saves_what_it_shows(cast: Cast, at: datetime) -> None:
    for kind in SOURCES:
        source = ensure_source(kind)
        configuration = configuration_of(source)
        blank = SourceForm(configuration)
        given = {
            bound.html_name: bound.value() for bound in blank if bound.value() not in (None, False)
        }
        form = SourceForm(configuration, given)
        assert form.is_valid(), (kind.name, form.errors)
        saved = actions.configure_source(
            source=source,
            url=form.cleaned_data["url"],
            interval=form.interval,
            is_enabled=form.cleaned_data["is_enabled"],
            options=form.options,
            secrets=form.secrets,
            by=cast.dmitri,
            at=at,
        )
        assert saved.config == {}, kind.name


def test_a_secret_is_never_written_back(cast: Cast, at: datetime) -> None:
    source = set_up(cast, at, "argo", secrets={"api_key": "s3cret"})
    configuration = configuration_of(source)

    shown = SourceForm(configuration, secrets_set=vault.names(source)).as_p()
    typed = SourceForm(configuration, {"option-api_key": "other"}, secrets_set=vault.names(source))
    typed.is_valid()

    assert "s3cret" not in shown
    assert "It is set." in shown
    assert "remove-api_key" in shown
    assert "other" not in typed.as_p()
    assert typed.secrets == {"api_key": "other"}
    kept = SourceForm(configuration, {}, secrets_set=vault.names(source))
    kept.is_valid()
    assert kept.secrets == {}
    removed = SourceForm(configuration, {"remove-api_key": "on"}, secrets_set=vault.names(source))
    removed.is_valid()
    assert removed.secrets == {"api_key": ""}
