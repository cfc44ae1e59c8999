"""The VO ID cards of the demo: JUNO's own, and a few mirrored ones."""

from datetime import date
from typing import Any

from supportunits.models import ContactRole

_HEP = [["Natural Sciences", "Physical sciences", "High energy physics"]]
_GLITE = ["gLite"]

JUNO: dict[str, Any] = {
    "scope": "Global",
    "status": "Production",
    "validated_date": date(2015, 6, 5),
    "disciplines": _HEP,
    "middlewares": ["gLite", "Cloud Computing Resources"],
    "enrolment_url": "https://voms.ihep.ac.cn:8443/voms/juno/",
    "homepage_url": "http://english.ihep.cas.cn/rs/fs/juno0815/",
    "support_procedure_url": "",
    "needs_dedicated_support": False,
    "needs_voms_help": False,
    # The Portal's page of the VO does not tell it.
    "changed_at": None,
}
"""JUNO's card as the Operations Portal shows it."""

JUNO_CONTACTS = (
    {"name": "Yong Liu", "role": ContactRole.MANAGER, "email": "yong@people.example.org"},
    {"name": "Vera Neumann", "role": ContactRole.DEPUTY, "email": "vera@people.example.org"},
)

MIRRORED: dict[str, dict[str, Any]] = {
    "atlas": {
        "scope": "Global",
        "disciplines": _HEP,
        "middlewares": _GLITE,
        "homepage_url": "https://atlas.cern/",
        "description": "The ATLAS experiment at the Large Hadron Collider.",
        "validated_date": date(2026, 3, 2),
    },
    "belle": {
        "scope": "Global",
        "disciplines": _HEP,
        "middlewares": _GLITE,
        "homepage_url": "https://www.belle2.org/",
        "description": "The Belle II experiment at KEK.",
        "validated_date": date(2026, 1, 19),
    },
    "biomed": {
        "scope": "Global",
        "disciplines": [["Medical and Health Sciences", "Medical biotechnology"]],
        "middlewares": [*_GLITE, "Cloud Computing Resources"],
        "homepage_url": "https://lsgc.org/en/biomed.html",
        "description": "Life sciences: medical imaging, bioinformatics, drug discovery.",
        "validated_date": date(2025, 11, 7),
    },
    "lhcb": {
        "scope": "Global",
        "disciplines": _HEP,
        "middlewares": _GLITE,
        "homepage_url": "https://lhcb-outreach.web.cern.ch/",
        "description": "The LHCb experiment at the Large Hadron Collider.",
        "validated_date": date(2026, 2, 11),
    },
    "ops": {
        "scope": "Global",
        "disciplines": [["Support Activities", "Infrastructure development"]],
        "middlewares": [*_GLITE, "ARC"],
        "description": "The operations teams of the infrastructure: probes and tests.",
        "validated_date": date(2026, 5, 4),
    },
}
"""Cards of VOs whose support runs elsewhere."""

CHANGED: dict[str, dict[str, Any]] = {
    "biomed": {
        "description": "Life sciences: medical imaging, bioinformatics, drug discovery, genomics.",
        "homepage_url": "https://lsgc.org/biomed.html",
    },
    "belle": {"validated_date": date(2026, 9, 14), "middlewares": [*_GLITE, "ARC"]},
}
"""What the Portal said otherwise the second time."""

JUNO_WANTED: dict[str, Any] = {
    "description": "JUNO measures the order of the neutrinos' masses with a detector of twenty "
    "thousand tons of liquid scintillator, 53 km from two nuclear power plants in southern China.",
    "user_support_list": "user-support@juno.example.org",
    "security_list": "csirt@juno.example.org",
    "voms_servers": [
        {
            "hostname": "voms.ihep.ac.cn",
            "https_port": "8443",
            "vomses_port": "15008",
            "is_admin_server": True,
            "members_list_url": "",
            "dn": "",
            "ca_dn": "",
            "serial_number": "",
            "public_key": "",
        }
    ],
}
"""What the VO's manager wants JUNO's card to say; an admin has not decided yet."""
