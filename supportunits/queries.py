"""Questions about support units: who is responsible for what, and who is meant by a typed name."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db.models import Case, Exists, F, FloatField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean_line
from supportunits.models import (
    VO,
    SupportRequest,
    SupportState,
    SupportUnit,
    UnitKind,
    UnitState,
    VOSite,
)
from topology.models import OperationsCentre, Site
from topology.models.site import CertificationStatus

# Below this a name only looks alike by chance (pg_trgm's own default is 0.3 for whole names).
_LEAST_LIKENESS = 0.35
_NOT_YET = (CertificationStatus.CANDIDATE, CertificationStatus.UNCERTIFIED)


class SiteCannotBeNotified(SupportError):
    """Tickets cannot be sent to this site (domain: section 6)."""


def tpm_unit() -> SupportUnit:
    """Return the TPM unit; ``migrate`` makes it, so there is always one."""
    return SupportUnit.objects.get(kind=UnitKind.TPM)


def security_unit() -> SupportUnit:
    """Return the security unit (CSIRT); ``migrate`` makes it, so there is always one."""
    return SupportUnit.objects.get(kind=UnitKind.SECURITY)


def unit_of_site(site: Site) -> SupportUnit | None:
    """Return the site's own unit in whatever state it is, or None."""
    return SupportUnit.objects.filter(kind=UnitKind.SITE, site=site).first()


def unit_of_operations_centre(centre: OperationsCentre) -> SupportUnit | None:
    """Return the operations centre's own unit in whatever state it is, or None."""
    return SupportUnit.objects.filter(
        kind=UnitKind.OPERATIONS_CENTRE, operations_centre=centre
    ).first()


def chain_for_site(site: Site) -> list[SupportUnit]:
    """Return who is responsible for a ticket that notifies the site, best first. Two queries.

    The site's own routable unit, unless the site left; its operations centre's routable unit; TPM.
    TPM is always the end of it, in whatever state (domain: section 6).
    """
    return chains_for_sites([site])[site.pk]


def chains_for_sites(sites: Iterable[Site]) -> dict[int, list[SupportUnit]]:
    """Return the chain of each site by the site's primary key. Two queries at most."""
    sites = list(sites)
    units = SupportUnit.objects.filter(
        Q(kind=UnitKind.TPM)
        | Q(kind=UnitKind.SITE, site__in=[site.pk for site in sites])
        | Q(
            kind=UnitKind.OPERATIONS_CENTRE,
            operations_centre__in={site.operations_centre_id for site in sites} - {None},
        )
    )
    of_site: dict[int | None, SupportUnit] = {}
    of_centre: dict[int | None, SupportUnit] = {}
    tpm: SupportUnit | None = None
    for unit in units:
        if unit.kind == UnitKind.TPM:
            tpm = unit
        elif unit.is_routable and unit.kind == UnitKind.SITE:
            of_site[unit.site_id] = unit
        elif unit.is_routable:
            of_centre[unit.operations_centre_id] = unit
    for site in _that_left(sites):
        of_site.pop(site.pk, None)
    if tpm is None:
        raise SupportUnit.DoesNotExist("There is no TPM unit; `migrate` makes it.")
    return {
        site.pk: [
            unit
            for unit in (
                of_site.get(site.pk),
                of_centre.get(site.operations_centre_id),
                tpm,
            )
            if unit is not None
        ]
        for site in sites
    }


def has_left(site: Site) -> bool:
    """Return whether nobody there works any more: the site is closed, or was missing in three
    complete polls, and no VO has it in commissioning (domain: section 6).
    """
    return bool(_that_left([site]))


def of_sites_that_left() -> Q:
    """Return the condition under which a unit's site is one that :func:`has_left`."""
    commissioned = VOSite.objects.filter(site=OuterRef("site"), is_in_commissioning=True)
    return (
        Q(kind=UnitKind.SITE)
        & (
            Q(site__certification_status=CertificationStatus.CLOSED)
            | Q(site__gone_at__isnull=False)
        )
        & ~Q(Exists(commissioned))
    )


def why_unreachable(unit: SupportUnit) -> str:
    """Return in words why no ticket can be given to the unit; empty where one can.

    Its site should be loaded; one more query only where that is closed or gone.
    """
    if not unit.is_routable:
        return _("%(unit)s cannot receive tickets: it is %(state)s.") % {
            "unit": unit.name,
            "state": unit.get_state_display(),
        }
    if unit.kind == UnitKind.SITE and unit.site is not None and has_left(unit.site):
        return _left_words(unit.site)
    return ""


def _left_words(site: Site) -> str:
    words = (
        _("%(site)s is closed: nobody there would read the ticket.")
        if site.certification_status == CertificationStatus.CLOSED
        else _("%(site)s has left GOCDB: nobody there would read the ticket.")
    )
    return words % {"site": site.name}


def _that_left(sites: Iterable[Site]) -> list[Site]:
    gone = [
        site
        for site in sites
        if site.certification_status == CertificationStatus.CLOSED or site.gone_at is not None
    ]
    if not gone:
        return []
    commissioned = set(
        VOSite.objects.filter(site__in=gone, is_in_commissioning=True).values_list(
            "site_id", flat=True
        )
    )
    return [site for site in gone if site.pk not in commissioned]


def heir_of(unit: SupportUnit) -> SupportUnit | None:
    """Return who gets the open tickets of a unit that closes: the next of its chain, else TPM.

    None where that would be the unit itself, or TPM is closed: then they stay.
    """
    chain = chain_for_site(unit.site) if unit.site else [tpm_unit()]
    return next((each for each in chain if each.pk != unit.pk and each.is_routable), None)


def unit_for_notified_site(site: Site) -> SupportUnit:
    """Return the unit that gets a ticket which notifies the site: the first of its chain."""
    return chain_for_site(site)[0]


def check_notifiable(site: Site) -> None:
    """Say why the site cannot be notified, where it cannot.

    A status that is not known is no obstacle. Suspended sites can be notified (domain: section 6).

    :raises SiteCannotBeNotified: for sites that are closed, gone or uncertified, and that no VO has
        in commissioning
    """
    status = site.certification_status
    if has_left(site):
        raise SiteCannotBeNotified(
            _left_words(site),
            _("Leave the choice to TPM, or pick another site."),
        )
    if status in _NOT_YET and not is_in_commissioning(site):
        raise SiteCannotBeNotified(
            _("%(site)s is not certified and no VO has it in commissioning.") % {"site": site.name},
            _("Leave the choice to TPM, or ask the VO manager to list the site."),
        )


def is_in_commissioning(site: Site) -> bool:
    """Return whether any VO lists the site as in commissioning."""
    return VOSite.objects.filter(site=site, is_in_commissioning=True).exists()


@dataclass(frozen=True, slots=True)
class UnitMatch:
    """A unit found by typed text.

    :ivar unit: the routable unit that would get the ticket
    :ivar site: the site whose name or alias matched; None where the unit's own name did
    :ivar alias: the alias that matched, or empty
    :ivar score: 0 to 3; above 1 for names that contain, begin with or are the text
    """

    unit: SupportUnit
    site: Site | None
    alias: str
    score: float

    @property
    def label(self) -> str:
        """Return the match in words: the unit, and the site that leads to it."""
        if self.site is None or self.site.pk == self.unit.site_id:
            return self.unit.name
        return _("%(site)s, through %(unit)s") % {
            "site": self.site.name,
            "unit": self.unit.name,
        }


def find_units(text: str, *, limit: int = 8) -> list[UnitMatch]:
    """Return routable units that the text may mean, best first; forgives typing errors.

    Looks at names and titles of units, at names of sites and at their aliases. A site without a
    routable unit of its own stands for its operations centre's unit, else for TPM; units of sites
    that left are no answer. At most four queries; the names have trigram indexes.
    """
    text = clean_line(text)[:100]
    if not text:
        return []
    found = [
        UnitMatch(unit, None, "", unit.score)
        for unit in _alike(
            SupportUnit.objects.filter(
                ~of_sites_that_left(), state__in=[UnitState.ACTIVE, UnitState.MAIL_ONLY]
            ),
            text,
            ("name", "title"),
            limit,
        )
    ]
    by_name = _alike(Site.objects.filter(gone_at=None), text, ("name", "official_name"), limit)
    by_alias = _alike(Site.objects.filter(gone_at=None), text, ("aliases__name",), limit)
    sites = {site.pk: site for site in [*by_name, *by_alias]}
    chains = chains_for_sites(sites.values()) if sites else {}
    found += [UnitMatch(chains[site.pk][0], site, "", site.score) for site in by_name]
    found += [
        UnitMatch(chains[site.pk][0], site, site.matched_alias, site.score) for site in by_alias
    ]
    # The same unit by its own name and by its site's is one answer; a site that only leads to
    # the unit (through its operations centre) is another one.
    best: dict[tuple[int, int | None], UnitMatch] = {}
    for match in sorted(found, key=lambda match: -match.score):
        own = match.site is None or match.site.pk == match.unit.site_id
        best.setdefault(
            (match.unit.pk, None if own or match.site is None else match.site.pk), match
        )
    return sorted(best.values(), key=lambda match: (-match.score, match.label))[:limit]


def _alike(rows: QuerySet, text: str, fields: tuple[str, ...], limit: int) -> list:
    """Return the rows whose fields look like the text, each with ``score``, best first.

    The score is the likeness of the best field (0 to 1), plus 2 where the first field is the
    text, 1 where it begins with it, one half where any field contains it.
    """
    first = fields[0]
    scores: list[TrigramSimilarity | TrigramWordSimilarity] = []
    contains = Q()
    for field in fields:
        scores += [TrigramSimilarity(field, text), TrigramWordSimilarity(text, field)]
        contains |= Q(**{f"{field}__icontains": text})
    bonus = Case(
        When(**{f"{first}__iexact": text}, then=Value(2.0)),
        When(**{f"{first}__istartswith": text}, then=Value(1.0)),
        When(contains, then=Value(0.5)),
        default=Value(0.0),
        output_field=FloatField(),
    )
    rows = rows.annotate(likeness=Greatest(*scores), score=F("likeness") + bonus)
    if first.startswith("aliases__"):
        rows = rows.annotate(matched_alias=F(first))
    found = rows.filter(contains | Q(likeness__gte=_LEAST_LIKENESS))
    return list(found.order_by("-score", "name")[:limit])


def find_people(text: str, *, limit: int = 8, also_inactive: bool = False) -> list[User]:
    """Return accounts whose name, user name or e-mail address contains the text, by name.

    For pages of those who may see addresses. One query, no index: accounts are thousands.
    """
    text = clean_line(text)[:100]
    if not text:
        return []
    people = User.objects.filter(
        Q(name__icontains=text) | Q(username__icontains=text) | Q(email__icontains=text)
    )
    if not also_inactive:
        people = people.filter(is_active=True)
    return list(people.order_by("name", "pk")[:limit])


def support_request(vo: VO) -> SupportRequest | None:
    """Return the VO's newest request for dedicated user support. One query, unless prefetched."""
    return max(vo.support_requests.all(), key=lambda request: request.pk, default=None)


def support_state(vo: VO) -> SupportState | None:
    """Return where the VO's newest request stands; None: it never asked."""
    request = support_request(vo)
    return SupportState(request.state) if request else None
