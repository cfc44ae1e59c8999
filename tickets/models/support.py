"""The ticket about a VO's request for dedicated user support."""

from django.db import models

from supportunits.models import SupportRequest
from tickets.models.ticket import Ticket


class SupportTicket(models.Model):
    """Which ticket is about which request; one for each, kept on the ticket's side."""

    request = models.OneToOneField(SupportRequest, models.CASCADE, related_name="ticket_link")
    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="support_link")
    told_state = models.CharField(max_length=10, help_text="what the ticket was told of last")

    def __str__(self) -> str:
        return f"ticket {self.ticket_id} about {self.request}"
