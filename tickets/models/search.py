"""What full-text search looks at: two vectors per ticket, never one for both kinds of readers."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from tickets.models.ticket import Ticket


class SearchDocument(models.Model):
    """The words of a ticket.

    ``public`` holds what everybody who may read the ticket may find; ``supporters`` holds
    everything. A vector stops at 800 kB, and then the page says so.
    """

    ticket = models.OneToOneField(
        Ticket, models.CASCADE, primary_key=True, related_name="search_document"
    )
    public = SearchVectorField()
    supporters = SearchVectorField()
    is_full = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # Searches for rare words; common ones walk newest-first instead. A reply goes into
            # the pending list, which is quick to write and quick to read through at this size.
            GinIndex(
                fields=["public"],
                name="searchdocument_public",
                fastupdate=True,
                gin_pending_list_limit=512,
            ),
            GinIndex(
                fields=["supporters"],
                name="searchdocument_supporters",
                fastupdate=True,
                gin_pending_list_limit=512,
            ),
        ]

    def __str__(self) -> str:
        return f"words of #{self.ticket_id}"
