"""What a document of the Operations Portal says of VOs; what a parser makes and an action stores.

The fields of a card carry the names of :class:`supportunits.models.VOIDCard`. A field that is not
there is one that the document does not tell (the public feed says "Not available", a short list has
only names); an empty one is told to be empty.
"""

from dataclasses import dataclass, field
from typing import Any, Final

LISTS: Final = {
    "admins_list": "Admins",
    "operations_list": "Operations",
    "user_support_list": "UserSupport",
    "users_list": "Users",
    "security_list": "Security",
}
"""The card's mailing lists, with the old document's names for them."""

MIDDLEWARES: Final = {
    "gLite": "gLite",
    "ARC": "ARC",
    "UNICORE": "UNICORE",
    "GLOBUS": "Globus",
    "CLOUD_COMPUTING": "Cloud Computing Resources",
    "CLOUD_STORAGE": "Cloud Storage Resources",
    "DESKTOP_GRID": "Desktop Grid",
}
"""The Portal's supported services: the document's name, and the word on the page."""

ROLES: Final = ("VO MANAGER", "VO DEPUTY", "VO EXPERT", "VO SHIFTER")

REGISTRIES: Final = ("CoManage", "Perun", "ExternalRegistry")
"""Registries other than VOMS that the Portal has an element for."""

PLAIN_RESOURCES: Final = {
    "ram_per_i386_core": "RAM_per_i386_Core",
    "ram_per_x86_64_core": "RAM_per_x86_64_Core",
    "job_scratch_space": "JobScratchSpace",
    "job_max_cpu_time": "JobMaxCPUTime",
    "job_max_wall_time": "JobMaxWallClockTime",
    "cloud_cpu_cores": "CloudCPUCore",
    "cloud_vm_ram": "CloudVmRam",
    "cloud_storage_size": "CloudStorageSize",
    "other_requirements": "OtherRequirements",
}
RANGES: Final = {
    "multicore_ram": "RamValuesPerJob",
    "multicore_scratch": "ScratchValuesPerJob",
    "multicore_cores": "CoresValuesPerJob",
}
"""What jobs of several cores need: each with min, preferred and max."""
BOUNDS: Final = {"min": "min", "preferred": "prefered", "max": "max"}

LONGEST_NAME: Final = 100
LONGEST_TEXT: Final = 50_000
LONGEST: Final = {
    "serial": 20,
    "cic_id": 20,
    "scope": 200,
    "alias": 100,
    "grid_id": 100,
    "enrolment_url": 500,
    "homepage_url": 500,
    "support_procedure_url": 500,
    "acceptable_use_policy_type": 10,
    "admins_list": 320,
    "operations_list": 320,
    "user_support_list": 320,
    "users_list": 320,
    "security_list": 320,
}
"""How many characters a field can hold."""
LONGEST_CONTACT: Final = {"name": 200, "email": 320, "dn": 500, "phone": 100}


@dataclass(frozen=True)
class CardRecord:
    """One card. ``fields`` holds what JSON can hold: dates and moments as ISO 8601."""

    name: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RefusedCard:
    """One card that could not be read: which, and why."""

    row: str
    reason: str
    name: str = ""


@dataclass(frozen=True)
class CardDump:
    """One understood document.

    :ivar repaired: characters that XML forbids and that were taken out to read it
    :ivar remarks: oddities of cards that did not make them unusable
    """

    cards: tuple[CardRecord, ...]
    refused: tuple[RefusedCard, ...] = ()
    remarks: tuple[str, ...] = ()
    repaired: int = 0

    @property
    def seen(self) -> int:
        """Return how many cards the document has."""
        return len(self.cards) + len(self.refused)
