"""Sources of whose silence the admins were told."""

from django.db import models

from juno_support.feeds.models import Source


class Silence(models.Model):
    """A source brought nothing usable for three intervals, from then until it did again."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    since = models.DateTimeField(null=True, help_text="the last good poll; null: there was none")
    noticed_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(ended_at=None), name="silence_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} of {self.source_id}"
