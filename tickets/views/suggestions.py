"""How often suggestions are right: on tickets that the model had not seen, and at the desk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from juno_support.access import allowed_if
from juno_support.lib import clock, display
from supportunits.models import SupportUnit
from tickets import policies
from tickets.routing import evaluation, learnt, training
from tickets.routing.evaluation import Hits, Tally
from tickets.routing.models import LearntModel
from tickets.routing.queries import newest_model

MOST_UNITS = 12
FEW_TICKETS = 20
_WORDS = {"likely": gettext_lazy("likely"), "possible": gettext_lazy("possible")}


@dataclass(frozen=True)
class HitLine:
    """How often the right unit came first, and among the first three, ready to be written.

    :ivar note: "few" where a share of so few tickets says little
    """

    label: str
    tickets: int
    first: str
    few: str
    bar: SafeString
    note: str = ""


@require_safe
@allowed_if(policies.sees_rules)
def figures(request: HttpRequest) -> HttpResponse:
    """Show hit rates, by source and by unit, what is taken for what, and how it was measured."""
    at = clock.now()
    model = newest_model()
    unseen = evaluation.tally_from(model.evaluation) if model else Tally()
    live = evaluation.live(at=at)
    names = _unit_names([unseen, live])
    context = {
        "model": model,
        "trained": display.when(model.trained_at, at) if model else "",
        "least": learnt.LEAST,
        "most": training.MOST_TICKETS,
        "is_learnt": bool(model and model.tickets),
        "days": evaluation.LIVE_DAYS,
        "parts": [
            _part("unseen", unseen, names, _beside(model)),
            _part("live", live, names, []),
        ],
        "words": _words(unseen),
        "may_write": policies.writes_rules(request.user),
    }
    return render(request, "tickets/suggestions.html", context)


def _part(
    name: str, tally: Tally, names: Mapping[int, str], beside: list[HitLine]
) -> dict[str, Any]:
    largest = sorted(tally.by_unit.items(), key=lambda pair: (-pair[1].tickets, pair[0]))
    return {
        "name": name,
        "all": line(_("all suggestions together"), tally.all),
        "tickets": tally.all.tickets,
        "unnamed": tally.all.tickets - tally.all.named,
        "beside": beside,
        "origins": [
            line(str(origin.label), hits) for origin, hits in evaluation.origins_in_order(tally)
        ],
        "units": [
            line(names.get(unit, _("a unit that is gone")), hits)
            for unit, hits in largest[:MOST_UNITS]
        ],
        "confused": [
            {"truth": names.get(truth, "–"), "said": names.get(said, "–"), "number": number}
            for (truth, said), number in tally.confused.most_common(evaluation.MOST_CONFUSIONS)
        ],
    }


def _beside(model: LearntModel | None) -> list[HitLine]:
    """Return what the suggestions are compared with: the model alone, and a guess."""
    lines = []
    kept = model.evaluation if model else {}
    if model and model.tickets and "learnt_alone" in kept:
        lines.append(line(_("what was learnt, alone"), Hits(**kept["learnt_alone"])))
    if kept.get("majority", {}).get("tickets"):
        lines.append(line(_("always naming the three largest units"), Hits(**kept["majority"])))
    return lines


def line(label: str, hits: Hits) -> HitLine:
    """Return hits as one line, with a bar: the dark part is the first, the light one the three."""
    return HitLine(
        label=label,
        tickets=hits.tickets,
        first=percent(hits.first, hits.tickets),
        few=percent(hits.few, hits.tickets),
        bar=bar(hits),
        note=_("few tickets") if 0 < hits.tickets < FEW_TICKETS else "",
    )


def percent(part: int, whole: int) -> str:
    """Return a share in per cent, or a dash where there is nothing to share."""
    return _("%(number)s %%") % {"number": round(100 * part / whole)} if whole else "–"


def bar(hits: Hits) -> SafeString:
    """Return a share as a picture; the same stands beside it in numbers."""
    whole = hits.tickets or 1
    return format_html(
        '<svg class="hit-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="all" width="100" height="8"/><rect class="few" width="{}" height="8"/>'
        '<rect class="first" width="{}" height="8"/></svg>',
        round(100 * hits.few / whole, 1),
        round(100 * hits.first / whole, 1),
    )


def _words(tally: Tally) -> list[dict[str, Any]]:
    """Return how often "likely" and "possible" were right."""
    return [
        {"word": _WORDS[word], "said": said, "right": right, "share": percent(right, said)}
        for word, (said, right) in tally.words.items()
        if said
    ]


def _unit_names(tallies: Iterable[Tally]) -> dict[int, str]:
    keys: set[int] = set()
    for tally in tallies:
        keys |= set(tally.by_unit) | {unit for pair in tally.confused for unit in pair}
    return dict(SupportUnit.objects.filter(pk__in=keys).values_list("pk", "name"))
