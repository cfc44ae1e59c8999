"""What the simulated GOCDB knows: operations centres, sites, services, people.

The names of sites, centres and countries are those of the real infrastructure. Services, host
names and people are invented; e-mail addresses are at example.org.
"""

# ruff: noqa: E501 (the tables are easier to read with one row a line)

from dataclasses import dataclass, field
from functools import cache
from typing import Any

HTCONDOR = "org.opensciencegrid.htcondorce"
ARC = "ARC-CE"
SRM = "SRM"
XROOTD = "XRootD"
WEBDAV = "webdav"
TAPE = "wlcg.webdav.tape"
BDII = "Site-BDII"
TOP_BDII = "Top-BDII"
APEL = "gLite-APEL"
ARGUS = "emi.ARGUS"
SQUID = "org.squid-cache.Squid"
BANDWIDTH = "net.perfSONAR.Bandwidth"
LATENCY = "net.perfSONAR.Latency"
VOMS = "VOMS"
STRATUM_0 = "ch.cern.cvmfs.stratum.0"
STRATUM_1 = "ch.cern.cvmfs.stratum.1"
VO_BOX = "VO-box"
FTS = "FTS"
UI = "UI"

SERVICE_TYPES = {
    HTCONDOR: "[Site service] HTCondor-CE: a compute element that feeds an HTCondor pool or another batch system.",
    ARC: "[Site service] The Compute Element within the ARC middleware stack.",
    SRM: "[Site service] Storage Resource Manager, version 2.",
    XROOTD: "[Site service] Storage that is read and written over the xroot protocol.",
    WEBDAV: "[Site service] Storage that is read and written over WebDAV.",
    TAPE: "[Site service] Tape storage that is reached over WebDAV and staged through the REST interface.",
    BDII: "[Site service] The information system of one site.",
    TOP_BDII: "[Central service] The information system of the whole infrastructure.",
    APEL: "[Site service] Sends accounting records.",
    ARGUS: "[Site service] Authorisation service.",
    SQUID: "[Site service] A caching HTTP proxy for CVMFS and conditions data.",
    BANDWIDTH: "[Site service] perfSONAR host that measures throughput.",
    LATENCY: "[Site service] perfSONAR host that measures one-way delay and loss.",
    VOMS: "[Central service] Virtual Organisation Membership Service.",
    STRATUM_0: "[Central service] CVMFS server to which releases are published.",
    STRATUM_1: "[Central service] CVMFS server from which sites read.",
    VO_BOX: "[Site service] A host where a VO runs services of its own.",
    FTS: "[Central service] File Transfer Service.",
    UI: "[User service] A host with the grid's user commands.",
    "GRAM5": "[Site service] Job submission service of Globus; obsolete.",
}
"""Service types that GOCDB knows, with their descriptions; their order gives their ids."""


@dataclass(frozen=True)
class Centre:
    """An operations centre (NGI or ROC)."""

    id: int
    name: str
    description: str
    ggus_unit: str

    @property
    def domain(self) -> str:
        """Return the centre's mail domain, below example.org."""
        return f"{self.name.lower().replace('_', '-').replace('.', '-')}.example.org"


@dataclass(frozen=True)
class Person:
    """A contact of a site."""

    id: int
    forename: str
    surname: str
    email: str
    role: str


@dataclass(frozen=True)
class Service:
    """A service endpoint. ``key`` is GOCDB's primary key, which differs from the id."""

    id: int
    hostname: str
    type: str
    scopes: tuple[str, ...]
    in_production: bool = True
    monitored: bool = True
    beta: bool = False

    @property
    def key(self) -> str:
        """Return the primary key."""
        return f"{self.id + 4000}G0"

    @property
    def url(self) -> str:
        """Return the service's address, empty where it has none of its own."""
        if self.type in (SRM, HTCONDOR, ARC, VOMS):
            port = {SRM: "8443/srm/managerv2", HTCONDOR: "9619", ARC: "443/arex", VOMS: "8443/voms"}
            return f"https://{self.hostname}:{port[self.type]}"
        if self.type in (WEBDAV, TAPE):
            return f"https://{self.hostname}:2880/"
        if self.type == XROOTD:
            return f"root://{self.hostname}:1094/"
        return ""


@dataclass(frozen=True)
class Site:
    """A site with its services and people."""

    id: int
    name: str
    official_name: str
    centre: str
    country: str
    country_code: str
    time_zone: str
    latitude: float
    longitude: float
    domain: str
    status: str = "Certified"
    infrastructure: str = "Production"
    scopes: tuple[str, ...] = ("EGI",)
    description: str = ""
    home_url: str = ""
    telephone: str = ""
    services: tuple[Service, ...] = ()
    people: tuple[Person, ...] = field(default=())

    @property
    def key(self) -> str:
        """Return the primary key; it has nothing to do with the id."""
        return f"{self.id * 7 + 500}G0"

    @property
    def mail_domain(self) -> str:
        """Return the site's mail domain, below example.org."""
        return f"{self.name.lower().replace('_', '-')}.example.org"


_CENTRES = (
    ("NGI_CHINA", "Operations centre of China, run by IHEP.", "NGI_CHINA"),
    ("NGI_FRANCE", "France Grilles.", "NGI_FRANCE"),
    ("NGI_IT", "The Italian operations centre.", "NGI_IT"),
    ("Russia", "The Russian operations centre.", "ROC_Russia"),
    ("CERN", "CERN.", "ROC_CERN"),
    ("NGI_DE", "The German operations centre.", "NGI_DE"),
    ("NGI_UK", "The operations centre of the United Kingdom.", "NGI_UK"),
    ("NGI_CZ", "The Czech operations centre.", "NGI_CZ"),
    ("NGI_PL", "The Polish operations centre.", "NGI_PL"),
    ("NGI_NL", "The operations centre of the Netherlands and Belgium.", "NGI_NL"),
    ("NGI_IBERGRID", "The operations centre of Spain and Portugal.", "NGI_IBERGRID"),
    ("NGI_NDGF", "The Nordic operations centre.", "NGI_NDGF"),
    ("NGI_CH", "The Swiss operations centre.", "NGI_CH"),
    ("NGI_SK", "The Slovak operations centre.", "NGI_SK"),
    ("NGI_SI", "The Slovenian operations centre.", "NGI_SI"),
    ("ROC_Canada", "The Canadian operations centre.", "ROC_Canada"),
    ("AsiaPacific", "The operations centre of Asia and the Pacific.", "ROC_Asia/Pacific"),
    ("ROC_LA", "The Latin American operations centre.", "ROC_LA"),
)

_JUNO = ("EGI", "juno")
_WLCG = ("EGI", "wlcg")
_JUNO_WLCG = ("EGI", "juno", "wlcg")

# name, official name, centre, country, code, zone, latitude, longitude, domain, services, scopes.
# In a line of services a number stands for so many hosts; what follows "+" is said in full.
_LARGE: tuple[tuple[Any, ...], ...] = (
    (
        "BEIJING-LCG2",
        "Institute of High Energy Physics, Beijing",
        "NGI_CHINA",
        "China",
        "CN",
        "Asia/Shanghai",
        39.92,
        116.24,
        "ihep.ac.cn",
        (
            ("htcondorce01", HTCONDOR),
            ("htcondorce02", HTCONDOR),
            ("htcondorce03", HTCONDOR),
            ("eosjuno", XROOTD),
            ("eosjuno", WEBDAV),
            ("srm", SRM),
            ("castor-tape", TAPE),
            ("cvmfs-juno", STRATUM_0),
            ("cvmfs-s1", STRATUM_1),
            ("squid-juno01", SQUID),
            ("squid-juno02", SQUID),
            ("voms", VOMS),
            ("lcg002", BDII),
            ("lcg008", APEL),
            ("argus", ARGUS),
            ("perfsonar", BANDWIDTH),
            ("perfsonar2", LATENCY),
            ("dirac-juno", VO_BOX),
            ("fts-juno", FTS),
        ),
        _JUNO_WLCG,
    ),
    (
        "IN2P3-CC",
        "Centre de Calcul de l'IN2P3, Villeurbanne",
        "NGI_FRANCE",
        "France",
        "FR",
        "Europe/Paris",
        45.78,
        4.87,
        "in2p3.fr",
        (
            ("cccondorce01", HTCONDOR),
            ("cccondorce02", HTCONDOR),
            ("cccondorce03", HTCONDOR),
            ("ccdcacli-juno", XROOTD),
            ("ccdavjuno", WEBDAV),
            ("ccsrm", SRM),
            ("cchpss-juno", TAPE),
            ("cccvmfssqd01", SQUID),
            ("cccvmfssqd02", SQUID),
            ("cclcgip01", BDII),
            ("cclcgtopbdii01", TOP_BDII),
            ("ccapel01", APEL),
            ("ccargus01", ARGUS),
            ("ccperfsonar1", BANDWIDTH),
            ("ccperfsonar2", LATENCY),
        ),
        _JUNO_WLCG,
    ),
    (
        "INFN-T1",
        "INFN Tier-1 at CNAF, Bologna",
        "NGI_IT",
        "Italy",
        "IT",
        "Europe/Rome",
        44.50,
        11.38,
        "cr.cnaf.infn.it",
        (
            ("ce01-htc", HTCONDOR),
            ("ce02-htc", HTCONDOR),
            ("ce03-htc", HTCONDOR),
            ("ce04-htc", HTCONDOR),
            ("xs-juno", XROOTD),
            ("storm-webdav-juno", WEBDAV),
            ("storm-fe-archive", SRM),
            ("storm-tape-juno", TAPE),
            ("cvmfs-px1", SQUID),
            ("cvmfs-px2", SQUID),
            ("sg01-lcg", BDII),
            ("apel-htc", APEL),
            ("argus-01", ARGUS),
            ("perfsonar-ps", BANDWIDTH),
            ("perfsonar-ow", LATENCY),
            ("ui01-juno", UI),
        ),
        _JUNO_WLCG,
    ),
    (
        "JINR-T1",
        "Joint Institute for Nuclear Research, Tier-1, Dubna",
        "Russia",
        "Russia",
        "RU",
        "Europe/Moscow",
        56.74,
        37.19,
        "jinr-t1.ru",
        (
            ("arc01", ARC),
            ("arc02", ARC),
            ("se-xrd01", XROOTD),
            ("se-dav01", WEBDAV),
            ("srm-mss", SRM),
            ("enstore-juno", TAPE),
            ("fsqd01", SQUID),
            ("fsqd02", SQUID),
            ("site", BDII),
            ("apel", APEL),
            ("t1-pfsn1", BANDWIDTH),
            ("t1-pfsn2", LATENCY),
        ),
        _JUNO_WLCG,
    ),
    (
        "JINR-LCG2",
        "Joint Institute for Nuclear Research, Dubna",
        "Russia",
        "Russia",
        "RU",
        "Europe/Moscow",
        56.74,
        37.19,
        "jinr.ru",
        (
            ("lcgarc01", ARC),
            ("lcgarc02", ARC),
            ("eos-juno", XROOTD),
            ("eos-juno", WEBDAV),
            ("lcgsedc01", SRM),
            ("lcgsqd10", SQUID),
            ("lcgsite", BDII),
            ("lcgapel", APEL),
            ("lcgvob03", VO_BOX),
            ("lcgs101", BANDWIDTH),
            ("lcgs102", LATENCY),
        ),
        _JUNO,
    ),
)

# name, official name, centre, country, code, zone, lat, lon, domain, CEs, CE type, SE host, scopes
_OTHERS: tuple[tuple[Any, ...], ...] = (
    ("CERN-PROD", "CERN", "CERN", "Switzerland", "CH", "Europe/Zurich", 46.23, 6.05, "cern.ch", 4, HTCONDOR, "eospublic", _WLCG),
    ("FZK-LCG2", "GridKa, Karlsruhe Institute of Technology", "NGI_DE", "Germany", "DE", "Europe/Berlin", 49.1, 8.43, "gridka.de", 3, HTCONDOR, "gridka-dcache", _WLCG),
    ("DESY-HH", "DESY, Hamburg", "NGI_DE", "Germany", "DE", "Europe/Berlin", 53.58, 9.88, "desy.de", 2, HTCONDOR, "dcache-se", _WLCG),
    ("RWTH-Aachen", "RWTH Aachen University", "NGI_DE", "Germany", "DE", "Europe/Berlin", 50.78, 6.05, "physik.rwth-aachen.de", 1, HTCONDOR, "grid-se", _JUNO),
    ("mainzgrid", "Johannes Gutenberg University Mainz", "NGI_DE", "Germany", "DE", "Europe/Berlin", 49.99, 8.24, "grid.uni-mainz.de", 1, ARC, "hydra-se", _JUNO),
    ("RAL-LCG2", "Rutherford Appleton Laboratory", "NGI_UK", "United Kingdom", "GB", "Europe/London", 51.57, -1.31, "gridpp.rl.ac.uk", 3, ARC, "echo", _WLCG),
    ("UKI-NORTHGRID-MAN-HEP", "University of Manchester", "NGI_UK", "United Kingdom", "GB", "Europe/London", 53.47, -2.23, "tier2.hep.manchester.ac.uk", 2, HTCONDOR, "bohr3226", _WLCG),
    ("UKI-LT2-IC-HEP", "Imperial College London", "NGI_UK", "United Kingdom", "GB", "Europe/London", 51.5, -0.18, "grid.hep.ph.ic.ac.uk", 2, HTCONDOR, "gfe02", _WLCG),
    ("UKI-SCOTGRID-GLASGOW", "University of Glasgow", "NGI_UK", "United Kingdom", "GB", "Europe/London", 55.87, -4.29, "gla.scotgrid.ac.uk", 2, ARC, "cephc02", _WLCG),
    ("GRIF", "Grille de production de la région Île-de-France", "NGI_FRANCE", "France", "FR", "Europe/Paris", 48.7, 2.17, "grif.fr", 3, HTCONDOR, "grid05", _WLCG),
    ("IN2P3-IRES", "Institut pluridisciplinaire Hubert Curien, Strasbourg", "NGI_FRANCE", "France", "FR", "Europe/Paris", 48.6, 7.71, "sbg.in2p3.fr", 1, ARC, "sbgdcache", _JUNO),
    ("IN2P3-SUBATECH", "Subatech, Nantes", "NGI_FRANCE", "France", "FR", "Europe/Paris", 47.28, -1.52, "subatech.in2p3.fr", 1, ARC, "nanxrd", _JUNO),
    ("IN2P3-CPPM", "Centre de physique des particules de Marseille", "NGI_FRANCE", "France", "FR", "Europe/Paris", 43.23, 5.44, "cppm.in2p3.fr", 1, HTCONDOR, "marsedpm", _WLCG),
    ("INFN-PADOVA", "INFN Padova", "NGI_IT", "Italy", "IT", "Europe/Rome", 45.41, 11.89, "pd.infn.it", 1, HTCONDOR, "prod-se-01", _JUNO),
    ("INFN-LNL-2", "INFN Legnaro", "NGI_IT", "Italy", "IT", "Europe/Rome", 45.35, 11.95, "lnl.infn.it", 2, HTCONDOR, "t2-xrdrd", _WLCG),
    ("INFN-FERRARA", "INFN Ferrara", "NGI_IT", "Italy", "IT", "Europe/Rome", 44.83, 11.6, "fe.infn.it", 1, ARC, "", ("EGI",)),
    ("INFN-ROMA3", "INFN Roma Tre", "NGI_IT", "Italy", "IT", "Europe/Rome", 41.86, 12.48, "roma3.infn.it", 1, HTCONDOR, "storm-01", _JUNO),
    ("praguelcg2", "Institute of Physics, Prague", "NGI_CZ", "Czech Republic", "CZ", "Europe/Prague", 50.12, 14.46, "farm.particle.cz", 2, ARC, "dpmpool", _WLCG),
    ("CYFRONET-LCG2", "ACC Cyfronet AGH, Kraków", "NGI_PL", "Poland", "PL", "Europe/Warsaw", 50.07, 19.91, "cyf-kr.edu.pl", 2, ARC, "se02-lcg2", _WLCG),
    ("PSNC", "Poznań Supercomputing and Networking Centre", "NGI_PL", "Poland", "PL", "Europe/Warsaw", 52.41, 16.91, "man.poznan.pl", 1, ARC, "se-psnc", ("EGI",)),
    ("SARA-MATRIX", "SURF, Amsterdam", "NGI_NL", "Netherlands", "NL", "Europe/Amsterdam", 52.36, 4.95, "grid.surfsara.nl", 2, ARC, "dcachedoor", _WLCG),
    ("NIKHEF-ELPROD", "Nikhef, Amsterdam", "NGI_NL", "Netherlands", "NL", "Europe/Amsterdam", 52.36, 4.95, "nikhef.nl", 2, ARC, "dcache-nikhef", _WLCG),
    ("BEgrid-ULB-VUB", "IIHE, Brussels", "NGI_NL", "Belgium", "BE", "Europe/Brussels", 50.82, 4.4, "iihe.ac.be", 1, HTCONDOR, "maite", _JUNO),
    ("pic", "Port d'Informació Científica, Barcelona", "NGI_IBERGRID", "Spain", "ES", "Europe/Madrid", 41.5, 2.11, "pic.es", 2, HTCONDOR, "dcdoor", _WLCG),
    ("CIEMAT-LCG2", "CIEMAT, Madrid", "NGI_IBERGRID", "Spain", "ES", "Europe/Madrid", 40.45, -3.73, "ciemat.es", 1, HTCONDOR, "srm-dcache", _WLCG),
    ("NDGF-T1", "Nordic e-Infrastructure Collaboration", "NGI_NDGF", "Norway", "NO", "Europe/Oslo", 59.94, 10.72, "ndgf.org", 2, ARC, "dav", _WLCG),
    ("CSCS-LCG2", "Swiss National Supercomputing Centre, Lugano", "NGI_CH", "Switzerland", "CH", "Europe/Zurich", 46.02, 8.96, "lcg.cscs.ch", 2, ARC, "storage01", _WLCG),
    ("FMPhI-UNIBA", "Comenius University, Bratislava", "NGI_SK", "Slovakia", "SK", "Europe/Bratislava", 48.15, 17.07, "dnp.fmph.uniba.sk", 1, ARC, "lcgdpm", _JUNO),
    ("SiGNET", "Jožef Stefan Institute, Ljubljana", "NGI_SI", "Slovenia", "SI", "Europe/Ljubljana", 46.04, 14.49, "ijs.si", 1, ARC, "dcache-ijs", _WLCG),
    ("TRIUMF-LCG2", "TRIUMF, Vancouver", "ROC_Canada", "Canada", "CA", "America/Vancouver", 49.25, -123.23, "triumf.ca", 2, ARC, "webdav-triumf", _WLCG),
    ("TOKYO-LCG2", "ICEPP, University of Tokyo", "AsiaPacific", "Japan", "JP", "Asia/Tokyo", 35.71, 139.76, "icepp.jp", 2, ARC, "lcg-se01", _WLCG),
    ("KR-KISTI-GSDC-01", "KISTI, Daejeon", "AsiaPacific", "South Korea", "KR", "Asia/Seoul", 36.37, 127.36, "sdfarm.kr", 2, HTCONDOR, "alice-t1-eos", _WLCG),
    ("TW-NTU-HEP", "National Taiwan University", "AsiaPacific", "Taiwan", "TW", "Asia/Taipei", 25.02, 121.54, "hep.phys.ntu.edu.tw", 1, HTCONDOR, "ntugrid", _JUNO),
    ("T2-TH-SUT", "Suranaree University of Technology", "AsiaPacific", "Thailand", "TH", "Asia/Bangkok", 14.88, 102.02, "grid.sut.ac.th", 1, HTCONDOR, "se-sut", _JUNO),
    ("RRC-KI-T1", "Kurchatov Institute, Moscow", "Russia", "Russia", "RU", "Europe/Moscow", 55.8, 37.48, "grid.kiae.ru", 2, ARC, "sdrm", _WLCG),
    ("CBPF", "Centro Brasileiro de Pesquisas Físicas, Rio de Janeiro", "ROC_LA", "Brazil", "BR", "America/Sao_Paulo", -22.95, -43.17, "cat.cbpf.br", 1, HTCONDOR, "se-cbpf", _WLCG),
)  # fmt: skip

_STATUS = {
    "ru-Moscow-SINP-T3": "Uncertified",
    "INFN-FERRARA": "Suspended",
    "T2-TH-SUT": "Candidate",
    "PSNC": "Closed",
}

_FORENAMES = ("Wei", "Claire", "Marco", "Olga", "Jan", "Ingrid", "Kenji", "Lucía", "Pavel", "Fiona")
_SURNAMES = ("Zhao", "Morel", "Bianchi", "Volkova", "Novák", "Larsen", "Sato", "Romero", "Petrov")


@cache
def centres() -> tuple[Centre, ...]:
    """Return all operations centres."""
    return tuple(Centre(30 + i, *facts) for i, facts in enumerate(_CENTRES))


@cache
def sites() -> tuple[Site, ...]:
    """Return all sites, closed ones too, in the order of their ids."""
    found: list[Site] = []
    next_service = 1
    for facts in _all_facts():
        name, official, centre, country, code, zone, latitude, longitude, domain = facts[:9]
        hosts, scopes = facts[9:]
        services = []
        for host, kind, service_scopes in hosts:
            services.append(
                Service(
                    next_service,
                    f"{host}.{domain}",
                    kind,
                    service_scopes,
                    monitored=kind not in (UI, VO_BOX),
                    beta=host == "htcondorce03",
                    in_production=kind != UI and name != "ru-Moscow-SINP-T3",
                )
            )
            next_service += 1
        number = len(found)
        found.append(
            Site(
                60 + number,
                name,
                official,
                centre,
                country,
                code,
                zone,
                latitude,
                longitude,
                domain,
                status=_STATUS.get(name, "Certified"),
                infrastructure="Test" if name == "T2-TH-SUT" else "Production",
                scopes=scopes,
                description="" if number % 3 else f"{official}: computing for particle physics.",
                home_url="" if number % 4 == 3 else f"https://{name.lower()}.example.org/",
                telephone="" if number % 5 == 4 else f"+00 555 {1000 + number}",
                services=tuple(services),
                people=_people(number, f"{name.lower().replace('_', '-')}.example.org"),
            )
        )
    return tuple(found)


@cache
def site_of_service() -> dict[int, Site]:
    """Return each service's site by the service's id."""
    return {service.id: site for site in sites() for service in site.services}


@cache
def site_named(name: str) -> Site | None:
    """Return the site with this short name, whatever the case of its letters."""
    return next((site for site in sites() if site.name.lower() == name.lower()), None)


def _all_facts() -> list[tuple[Any, ...]]:
    facts: list[tuple[Any, ...]] = []
    for *head, hosts, scopes in _LARGE:
        # The user interface and the VO box are JUNO's own: outside the default scope.
        named = [
            (host, kind, ("juno",) if kind in (UI, VO_BOX) else scopes) for host, kind in hosts
        ]
        facts.append((*head, named, scopes))
    facts.append(
        (
            "ru-Moscow-SINP-T3",
            "Skobeltsyn Institute of Nuclear Physics, Moscow",
            "Russia",
            "Russia",
            "RU",
            "Europe/Moscow",
            55.7,
            37.54,
            "sinp.msu.ru",
            [
                ("lcg62", ARC, ("juno",)),
                ("xrootd-juno", XROOTD, ("juno",)),
                ("lcg61", BDII, ("juno",)),
                ("squid-sinp", SQUID, ("juno",)),
            ],
            ("juno",),
        )
    )
    for number, (*head, elements, kind, storage, scopes) in enumerate(_OTHERS):
        hosts = [(f"ce{i + 1:02}", kind, scopes) for i in range(elements)]
        if storage:
            hosts.append((storage, WEBDAV if number % 2 else XROOTD, scopes))
            if number % 3 == 0:
                hosts.append((storage, SRM, scopes))
        hosts.append(("site-bdii", BDII, ("EGI",)))
        hosts.append(("squid", SQUID, scopes))
        if number % 2 == 0:
            hosts.append(("ps-bw", BANDWIDTH, scopes))
            hosts.append(("ps-lat", LATENCY, scopes))
        if "wlcg" in scopes:
            hosts.append(("apel", APEL, ("EGI",)))
        if head[0] in ("CERN-PROD", "RAL-LCG2"):
            hosts.append(("fts3", FTS, _WLCG))
            hosts.append(("cvmfs-stratum-one", STRATUM_1, _WLCG))
        facts.append((*head, hosts, scopes))
    return facts


def _people(number: int, domain: str) -> tuple[Person, ...]:
    roles = ("Site Administrator", "Site Security Officer", "Site Operations Manager")
    people = []
    for i in range(1 + number % 3):
        forename = _FORENAMES[(number * 3 + i) % len(_FORENAMES)]
        surname = _SURNAMES[(number * 5 + i) % len(_SURNAMES)]
        people.append(
            Person(700 + number * 3 + i, forename, surname, f"contact{i + 1}@{domain}", roles[i])
        )
    return tuple(people)
