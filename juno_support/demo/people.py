"""The people of the demo: who they are, where they live, what they may."""

from dataclasses import dataclass

PASSWORD = "juno-demo-2026"  # noqa: S105 (of the demo only, shown on its sign-in page)
MAIL_DOMAIN = "people.example.org"


@dataclass(frozen=True)
class Character:
    """A person of the demo.

    ``units`` are names of support units, those in ``manages`` are managed, too; ``vos`` are VOs
    that the person is a member of. Who is on the rota is a shifter, too.
    """

    username: str
    name: str
    time_zone: str
    what: str
    units: tuple[str, ...] = ()
    manages: tuple[str, ...] = ()
    vos: tuple[str, ...] = ("juno",)
    is_shifter: bool = False
    is_on_rota: bool = False
    is_alarmer: bool = False
    contact: str = ""
    is_admin: bool = False

    @property
    def email(self) -> str:
        """Return the person's address."""
        return f"{self.username}@{MAIL_DOMAIN}"

    @property
    def roles(self) -> list[str]:
        """Return the person's roles in words."""
        words = []
        if self.is_admin:
            words.append("admin")
        if self.contact:
            words.append(f"{self.contact} of juno")
        words += [f"manager of {unit}" for unit in self.manages]
        words += [
            "TPM operator" if unit == "TPM" else f"supporter of {unit}"
            for unit in self.units
            if unit not in self.manages
        ]
        if self.is_shifter:
            words.append("shifter of juno")
        if self.is_alarmer:
            words.append("alarmer of juno")
        return (words or ["submitter"]) + [f"member of {vo}" for vo in self.vos]


CHARACTERS = (
    Character("ada", "Ada Liang", "Asia/Shanghai", "files tickets: analyses reactor neutrinos"),
    Character(
        "boris",
        "Boris Lefèvre",
        "Europe/Paris",
        "runs the batch system in Lyon",
        manages=("IN2P3-CC",),
    ),
    Character("carla", "Carla Rossi", "Europe/Rome", "reads every new ticket", units=("TPM",)),
    Character("dmitri", "Dmitri Orlov", "Europe/Moscow", "looks after the portal", is_admin=True),
    Character("eve", "Eve Martin", "Europe/London", "has an account and nothing else", vos=()),
    Character(
        "feng",
        "Feng Zhao",
        "Asia/Shanghai",
        "first line in the Asian hours",
        units=("TPM",),
        is_shifter=True,
    ),
    Character(
        "giulia", "Giulia Moretti", "Europe/Rome", "runs storage at CNAF", manages=("INFN-T1",)
    ),
    Character(
        "hao", "Hao Chen", "Asia/Shanghai", "runs the grid services in Beijing",
        manages=("BEIJING-LCG2",), units=("JUNO-Data-Management",),
    ),
    Character(
        "igor", "Igor Volkov", "Europe/Moscow", "runs both sites in Dubna",
        manages=("JINR-T1", "JINR-LCG2"),
    ),
    Character(
        "jun", "Jun Wang", "Asia/Shanghai", "leads the production of simulated data",
        manages=("JUNO-Production",), is_shifter=True, is_alarmer=True,
    ),
    Character(
        "klara", "Klara Novotná", "Europe/Prague", "first line in the European hours",
        units=("TPM",), is_shifter=True,
    ),
    Character(
        "lena", "Lena Fischer", "Europe/Berlin", "releases the offline software",
        manages=("JUNO-Offline",),
    ),
    Character(
        "mei", "Mei Zhang", "Asia/Shanghai", "moves data between the centres",
        manages=("JUNO-Data-Management",), units=("BEIJING-LCG2",),
    ),
    Character(
        "nadia", "Nadia Kuznetsova", "Europe/Moscow", "runs storage in Dubna",
        units=("JINR-T1", "JINR-LCG2"),
    ),
    Character(
        "omar", "Omar Benali", "Europe/Paris", "runs the tape system in Lyon", units=("IN2P3-CC",)
    ),
    Character(
        "paolo", "Paolo Ferri", "Europe/Rome", "runs the farm at CNAF", units=("INFN-T1",)
    ),
    Character(
        "quentin", "Quentin Moreau", "Europe/Paris", "takes shifts", is_shifter=True,
        is_alarmer=True,
    ),
    Character(
        "rosa", "Rosa Jiménez", "America/Santiago", "first line in the American hours",
        units=("TPM",), is_shifter=True,
    ),
    Character(
        "sven", "Sven Larsson", "Europe/Stockholm", "answers security incidents",
        manages=("Security",),
    ),
    Character(
        "tomas", "Tomáš Novák", "Europe/Prague", "works for another experiment", vos=("belle",)
    ),
    Character("uma", "Uma Kittisak", "Asia/Bangkok", "writes a thesis on supernova neutrinos"),
    Character(
        "vera", "Vera Neumann", "Europe/Berlin", "deputy VO manager", contact="VO deputy"
    ),
    Character("wei", "Wei Zhou", "Asia/Shanghai", "calibrates the detector"),
    Character(
        "xavier", "Xavier Dubois", "Europe/Brussels", "looks after the readout and its computers",
        manages=("JUNO-Online-DAQ",),
    ),
    Character("chloe", "Chloé Martin", "Europe/Paris", "searches for proton decay"),
    Character("ivan", "Ivan Petrov", "Europe/Moscow", "simulates backgrounds"),
    Character("marta", "Marta Gallo", "Europe/Rome", "measures the energy resolution"),
    Character("noah", "Noah Schmidt", "Europe/Berlin", "reconstructs muons"),
    Character("yong", "Yong Liu", "Asia/Shanghai", "VO manager", contact="VO manager"),
    Character(
        "zoya", "Zoya Smirnova", "Europe/Moscow", "sets up the site in Moscow",
        units=("ru-Moscow-SINP-T3",),
    ),
    Character("bo", "Bo Sun", "Asia/Shanghai", "takes shifts in Beijing", is_shifter=True,
              is_on_rota=True),
    Character("dan", "Dan Wu", "Asia/Shanghai", "takes shifts in Beijing", is_shifter=True,
              is_on_rota=True),
    Character("xin", "Xin Li", "Asia/Shanghai", "takes shifts in Beijing", is_shifter=True,
              is_on_rota=True),
    Character("olga", "Olga Belova", "Europe/Moscow", "takes shifts in Moscow", is_shifter=True,
              is_on_rota=True),
    Character("pavel", "Pavel Sokolov", "Europe/Moscow", "takes shifts in Moscow",
              is_shifter=True, is_on_rota=True),
    Character("luca", "Luca Conti", "Europe/Rome", "takes shifts in Rome", is_shifter=True,
              is_on_rota=True),
    Character("sofia", "Sofia Ricci", "Europe/Rome", "takes shifts in Rome", is_shifter=True,
              is_on_rota=True),
    Character("anne", "Anne Girard", "Europe/Paris", "takes shifts in Lyon", is_shifter=True,
              is_on_rota=True),
    Character("marc", "Marc Petit", "Europe/Paris", "takes shifts in Lyon", is_shifter=True,
              is_on_rota=True),
)  # fmt: skip
