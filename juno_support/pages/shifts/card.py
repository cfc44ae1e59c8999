"""The printable card of the night: who is on call, phones, emergency addresses."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from juno_support.access import checked_inside
from juno_support.lib import clock, display
from juno_support.pages.shifts.find import logged_vo
from supportunits import policies
from supportunits.models import VO, OnCallCard
from supportunits.shift_words import period_words


@require_safe
@checked_inside
def card_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show the newest card of the VO; ``?download`` gives it as one file that needs no portal."""
    vo = logged_vo(request.user, name)
    card = OnCallCard.objects.filter(vo=vo).order_by("-made_at").first()
    facts: dict[str, Any] = {"vo": vo, "card": None}
    if card is not None:
        facts = _facts(vo, card) | {"sees_addresses": policies.may_see_addresses(request.user)}
    if card is not None and "download" in request.GET:
        return _file(vo, card, facts)
    facts["age"] = display.age(card.made_at, clock.now()) if card else ""
    return render(request, "shifts/card.html", facts)


def _file(vo: VO, card: OnCallCard, facts: dict[str, Any]) -> HttpResponse:
    # One file that needs no portal holds its own style. It is downloaded, never shown by us.
    style = (settings.BASE_DIR / "static" / "css" / "on-call-card.css").read_text()
    page = render_to_string(
        "shifts/card_file.html", facts | {"style": format_html("<style>{}</style>", style)}
    )
    answer = HttpResponse(page, content_type="text/html; charset=utf-8")
    day = card.made_at.astimezone(UTC)
    answer["Content-Disposition"] = (
        f'attachment; filename="on-call-{_plain(vo.name)}-{day:%Y-%m-%d}.html"'
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _facts(vo: VO, card: OnCallCard) -> dict[str, Any]:
    content = card.content
    return {
        "vo": vo,
        "card": card,
        "instance": settings.JUNO_INSTANCE_NAME,
        "made": f"{card.made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        # UTC, for people in all zones read the same sheet of paper.
        "shifts": [
            {
                "when": period_words(_at(one["starts_at"]), _at(one["ends_at"]), UTC),
                "type": one["type"],
                "person": one["person"] or _("nobody"),
            }
            for one in content["shifts"]
        ],
        "shifters": content["shifters"],
        "sites": content["sites"],
    }


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _plain(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-." else "-" for sign in name)
