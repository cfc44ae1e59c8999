"""What is to leave by mail or through a gateway, and what became of it."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _


class DeliveryState(models.TextChoices):
    """Where a mail stands."""

    WAITING = "WAITING", _("waiting")
    SENT = "SENT", _("sent")
    FAILED = "FAILED", _("given up")
    CANCELLED = "CANCELLED", _("cancelled")


class Channel(models.TextChoices):
    """The way by which something leaves."""

    MAIL = "MAIL", _("mail")
    SMS = "SMS", _("text message by mail")
    WEBHOOK = "WEBHOOK", _("phone or messages by a gateway")


@pghistory.track()
class Gateway(models.Model):
    """A way to a person's phone: a service that takes JSON, or one that makes texts of mails.

    ``url`` belongs to a webhook, ``pattern`` to SMS by mail: ``{number}`` is the phone's digits.
    The secret that signs what a webhook gets lies beside it, locked.
    """

    name = models.CharField(max_length=60, unique=True)
    channel = models.CharField(max_length=10, choices=Channel)
    is_active = models.BooleanField(default=True)
    url = models.CharField(max_length=500, blank=True)
    pattern = models.CharField(max_length=320, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(channel=Channel.WEBHOOK, pattern="") & ~models.Q(url="")
                    | models.Q(channel=Channel.SMS, url="", pattern__contains="{number}")
                ),
                name="gateway_says_where",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GatewaySecret(models.Model):
    """The secret with which a webhook gateway knows that it is us. Encrypted, never shown."""

    gateway = models.OneToOneField(Gateway, models.CASCADE, related_name="secret")
    encrypted = models.BinaryField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"secret of {self.gateway_id}"


class Delivery(models.Model):
    """One mail to one address, or one call through a gateway. The key makes sure that the same one
    is written once.

    Of a webhook, ``body`` is JSON and ``to_address`` the phone number or address that it names.
    ``wants_signature``: S/MIME, if the portal has a certificate.
    ``reason`` says why this address hears of it ("submitter", "member of TPM", …).
    ``about_ticket`` is a ticket's number, for the search on the outbox page; this app knows no
    tickets. ``names_tickets`` are the numbers of those whose words stand in a mail about several.
    Redaction replaces ``body``. ``refused_at``: when the server refused the address for good, so
    that it may be wrong; a mail whose text was refused has none.
    """

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=60)
    to_address = models.EmailField(max_length=320)
    to_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.MAIL)
    gateway = models.ForeignKey(
        Gateway, models.SET_NULL, null=True, blank=True, related_name="deliveries"
    )
    wants_signature = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    about_ticket = models.PositiveBigIntegerField(null=True, blank=True)
    names_tickets = ArrayField(models.BigIntegerField(), default=list, blank=True)
    subject = models.CharField(max_length=998)
    body = models.TextField()
    headers = models.JSONField(default=dict)
    message_id = models.CharField(max_length=255, unique=True)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    created_at = models.DateTimeField()
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    answer = models.CharField(
        max_length=300, blank=True, help_text="what a gateway answered; what was left out"
    )

    class Meta:
        indexes = [
            # the sender's question: what is due?
            models.Index(
                fields=["next_attempt_at"],
                name="delivery_due",
                condition=models.Q(state=DeliveryState.WAITING),
            ),
            # the outbox page, newest first
            models.Index(fields=["state", "-id"], name="delivery_by_state"),
            # the outbox page's search by ticket; redaction
            models.Index(
                fields=["about_ticket", "-id"],
                name="delivery_by_ticket",
                condition=models.Q(about_ticket__isnull=False),
            ),
            # redaction: mails about several tickets that name one
            GinIndex(
                fields=["names_tickets"],
                name="delivery_names_ticket",
                condition=models.Q(about_ticket__isnull=True),
            ),
            # the outbox page's search by a part of an address
            GinIndex(
                OpClass(Upper("to_address"), name="gin_trgm_ops"),
                name="delivery_address_trgm",
            ),
            # what was refused lately: which lists of support units bounce?
            models.Index(
                fields=["refused_at"],
                name="delivery_refused",
                condition=models.Q(refused_at__isnull=False),
            ),
            # how fresh: when did a mail last leave?
            models.Index(
                fields=["-sent_at"],
                name="delivery_last_sent",
                condition=models.Q(state=DeliveryState.SENT),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.to_address}"


class Decision(models.Model):
    """What an admin decided about a mail: who, when, from which state to which."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="decisions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    old_state = models.CharField(max_length=10, choices=DeliveryState)
    new_state = models.CharField(max_length=10, choices=DeliveryState)

    def __str__(self) -> str:
        return f"{self.by_id}: {self.old_state} to {self.new_state}"


class CaughtMail(models.Model):
    """A mail that the demo's built-in catcher took instead of an SMTP server.

    A repeat (the same Message-ID) is folded into the first; ``times_caught`` counts it.
    """

    message_id = models.CharField(max_length=255, unique=True)
    to_address = models.CharField(max_length=320)
    subject = models.CharField(max_length=998)
    headers = models.JSONField(default=dict)
    body = models.TextField()
    caught_at = models.DateTimeField()
    times_caught = models.PositiveSmallIntegerField(default=1)

    class Meta:
        indexes = [
            # the catcher's page, of one address
            models.Index(fields=["to_address", "-id"], name="caughtmail_by_address"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.to_address}"
