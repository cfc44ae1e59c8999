"""A ticket with everybody on it who can be on one, as the recipients' rules see it."""

from tickets.mail.recipients import Person, TicketFacts, Unit

ADA = Person(1, "ada@x")
FOLLOWER = Person(2, "follower@x")
ASSIGNED = Person(3, "assigned@x", reads_internal=True)
INVOLVED = Person(4, "involved@x", reads_internal=True)
MEMBER = Person(5, "member@x", reads_internal=True)
TPM = Person(6, "tpm@x", reads_internal=True)
ADMIN = Person(7, "admin@x", reads_internal=True)
CSIRT = Person(8, "csirt@x", reads_internal=True)
HELPER = Person(9, "helper@x", reads_internal=True)
ROSA = Person(10, "shifter@x")
CALLED = Person(11, "oncall@x", reads_internal=True)

TICKET = TicketFacts(
    submitter=ADA,
    unit=Unit("IN2P3-CC", (MEMBER,), "unit-list@x"),
    tpm=Unit("TPM", (TPM,), "tpm-list@x"),
    security=Unit("CSIRT", (CSIRT,), "security-list@x"),
    admins=(ADMIN,),
    on_behalf_address="behalf@x",
    carbon_copies=("cc@x",),
    subscribers=(FOLLOWER,),
    assigned=(ASSIGNED,),
    involved=(INVOLVED,),
    site_name="IN2P3-CC",
    site_addresses=("site@x",),
)
