"""Which changes belong on the pages of sources, network links and names."""

from django.utils.translation import gettext_lazy as _

from juno_support.accounts.audit import Part
from juno_support.feeds.models import PushToken, Source
from juno_support.lib.http import without_password
from monitoring.models import Entity
from topology.models import NetworkLink


def parts_of_sources() -> tuple[Part, ...]:
    """Return what is told on the page of sources: how admins set them, tokens made and ended.

    Keys and passwords are in no trace; an address is told without the password in it.
    """
    return (
        Part(
            Source,
            {},
            noun="%(name)s",
            words={
                "url": _("address"),
                "is_enabled": _("is polled"),
                "interval": _("interval"),
                "config": _("options"),
            },
            quiet={"name"},
            shown={"url": without_password},
        ),
        Part(
            PushToken,
            {},
            noun=_("token of %(source)s"),
            words={"made_at": _("made"), "made_by": _("made by")},
            quiet={"source"},
        ),
    )


def parts_of_names() -> tuple[Part, ...]:
    """Return what is told on the page of names: what each was said to be."""
    return (
        Part(
            Entity,
            {},
            noun="%(pgh_obj)s",
            words={
                "site": _("site"),
                "service": _("service"),
                "link": _("network link"),
                "is_ignored": _("nothing of ours"),
                "is_by_hand": _("said by an admin"),
            },
        ),
    )


def parts_of_link(link: NetworkLink) -> tuple[Part, ...]:
    """Return what is told on the page of a network link."""
    return (
        Part(
            NetworkLink,
            {"pgh_obj_id": link.pk},
            noun=_("link"),
            is_whole=True,
            words={
                "name": _("name"),
                "kind": _("kind"),
                "site_a": _("one end"),
                "site_b": _("other end"),
                "is_backup": _("backup"),
                "provider": _("provider"),
                "note": _("note"),
            },
        ),
    )
