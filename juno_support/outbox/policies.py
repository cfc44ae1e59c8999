"""Who may look into the outbox."""

from typing import Any


def may_see_outbox(user: Any) -> bool:
    """Return whether the person looks after the mail: an admin.

    Addresses and subjects of everybody's mail stand there, restricted tickets included.
    """
    return bool(user.is_authenticated and user.is_active and user.is_staff)
