"""In which state a thing was, from when to when."""

from collections.abc import Iterable

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import BigIntegerField, F, Func, Q, Value
from django.db.models.functions import Cast

from juno_support.feeds.models import Source
from monitoring.models.entity import Entity
from monitoring.statuses import Status
from topology.models import Site


class Period(Func):
    """The period of an interval, its end exclusive; the same expression as in the indexes."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()

    def __init__(self) -> None:
        super().__init__(F("since"), F("until"))

    def deconstruct(self) -> tuple[str, tuple[object, ...], dict[str, object]]:
        """Return how a migration makes it."""
        return "monitoring.models.interval.Period", (), {}


def eight_bytes(numbers: Iterable[int]) -> list[Cast]:
    """Return keys in the form in which the GiST indexes are asked: ``In(F("site"), …)``.

    They know numbers of eight bytes only; PostgreSQL takes a small number that is written out for
    one of four, and would then read the whole table.
    """
    return [Cast(Value(number), BigIntegerField()) for number in numbers]


class StatusInterval(models.Model):
    """A thing was in one state from ``since`` (included) to ``until`` (excluded; null: still).

    A *series* is (entity, source, metric, vo); the database refuses overlaps within one. An open
    interval was last seen when its source was last polled well: an unchanged poll writes nothing.
    """

    # Found by the index of the constraint below.
    entity = models.ForeignKey(Entity, models.PROTECT, related_name="intervals", db_index=False)
    # The entity's site once more, so that one index answers for a site; none for links.
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+", db_index=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    metric = models.CharField(max_length=40)
    vo = models.CharField(max_length=100, blank=True, help_text="empty: for all")
    status = models.CharField(max_length=12, choices=Status)
    severity = models.SmallIntegerField(help_text="the rank of the status; the worst is highest")
    raw_status = models.CharField(max_length=100, blank=True, help_text="the source's own word")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    summary = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    evidence_url = models.CharField(max_length=1000, blank=True)
    external_key = models.CharField(max_length=200, blank=True)
    noticed_at = models.DateTimeField(help_text="when a poll last changed state or period")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="statusinterval_has_length"
            ),
            ExclusionConstraint(
                name="statusinterval_no_overlap",
                expressions=[
                    ("entity", RangeOperators.EQUAL),
                    ("source", RangeOperators.EQUAL),
                    ("metric", RangeOperators.EQUAL),
                    ("vo", RangeOperators.EQUAL),
                    (Period(), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            # what was going on at a site at a moment: context of tickets, page of a site
            GistIndex(
                F("site"), Period(), name="statusinterval_site", condition=Q(site__isnull=False)
            ),
            # how things are now: fold of each poll, board (from the index alone), proposals
            models.Index(
                fields=["source", "site"],
                include=["entity", "severity", "since"],
                name="statusinterval_open",
                condition=Q(until=None),
            ),
            # how links are now: boards of links and sites
            models.Index(
                fields=["entity"], name="statusinterval_open_thing", condition=Q(until=None)
            ),
            # what ended lately, which the fold of a history may correct
            models.Index(fields=["source", "until"], name="statusinterval_ended"),
            # which sites have news: open tickets are told
            models.Index(fields=["noticed_at"], name="statusinterval_news"),
            # events that their source may correct
            models.Index(
                fields=["source", "external_key"],
                name="statusinterval_external",
                condition=~Q(external_key=""),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.status}"
