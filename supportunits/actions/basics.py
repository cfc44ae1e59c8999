"""What every portal has from its first `migrate` on: TPM, the security unit, types of issue."""

from typing import Any

from supportunits.models.unit import UnitKind

_UNITS = (
    (
        UnitKind.TPM,
        "TPM",
        "Ticket process management",
        "First line: reads every new ticket, answers what is known, gives the rest to the unit "
        "that can solve it.",
    ),
    (
        UnitKind.SECURITY,
        "Security",
        "Computer security incident response",
        "Handles tickets of type Security. Nobody else reads them.",
    ),
)

# About ten, each mapped to a value of GGUS (domain: section 3).
_ISSUE_TYPES = (
    ("Jobs and workload management", "Workload Management"),
    ("Data access and transfer", "File Transfer"),
    ("Storage", "Storage Systems"),
    ("Site services", "Operations"),
    ("Certificates and access rights", "Authorization/Authentication"),
    ("VO software", "VO Specific Software"),
    ("Network", "Network problem"),
    ("Monitoring and information", "Monitoring"),
    ("Databases and conditions data", "Databases"),
    ("Documentation", "Documentation"),
    ("Security", "Security"),
    ("Other", "Other"),
)


def lay(*, unit_model: Any, type_model: Any) -> None:
    """Make what lacks; leave what is there as people changed it.

    :param unit_model: SupportUnit, possibly as an old migration knows it
    :param type_model: IssueType, likewise
    """
    for kind, name, title, description in _UNITS:
        unit_model.objects.get_or_create(
            kind=kind,
            defaults={"name": name, "title": title, "description": description},
        )
    if not type_model.objects.filter(vo=None).exists():
        type_model.objects.bulk_create(
            type_model(
                name=name,
                ggus_value=value,
                is_security=value == "Security",
                position=position,
            )
            for position, (name, value) in enumerate(_ISSUE_TYPES, start=1)
        )
