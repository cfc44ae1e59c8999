"""What every portal has from its first `migrate` on: the check-list for first-line answers."""

from typing import Any

_ITEMS = (
    ("Proxy", "Is the submitter's proxy or token valid, with the VO's attributes?"),
    ("VOMS or IAM membership", "Is the membership of the VO there, and not expired?"),
    ("Quota", "Is there room left in the quota of the group and of the user?"),
    ("CE state", "Is the computing element up, and does the VO's production use it now?"),
    ("Known answers", "Was the same solved before? Search the solved tickets."),
)


def lay_check_list(*, model: Any) -> None:
    """Make the list (domain: section 6) where there is none; admins edit it on its page.

    :param model: CheckItem, possibly as an old migration knows it
    """
    if not model.objects.exists():
        for position, (words, how) in enumerate(_ITEMS, start=1):
            model.objects.create(words=words, how=how, position=position)
