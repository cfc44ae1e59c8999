"""The one list of sources that we can poll.

A source's poller lives in an app above this one, so it is named, not imported: an object with
``gather`` (ask and understand, writes nothing) and ``store`` (bring the database in line).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from juno_support.lib.traffic import Tally

if TYPE_CHECKING:
    from juno_support.feeds.configuration import Configuration


class UnknownSource(LookupError):
    """There is no source of that name."""


OptionValue = str | int | float | tuple[str, ...]


@dataclass(frozen=True)
class Option:
    """Something more that an admin sets of a source, of the type that its default has.

    ``ARGO``'s option ``report`` is ``JUNO_ARGO_REPORT`` in the environment. A secret is kept
    encrypted (``feeds.vault``), is never shown again, and is always a text.
    """

    name: str
    label: str | Promise
    default: OptionValue = ""
    help: str | Promise = ""
    choices: tuple[str, ...] = ()
    is_secret: bool = False

    def typed(self, given: Any) -> OptionValue:
        """Return a value in the type of the default; the default for nothing.

        :raises ValueError: when it cannot be of that type
        :raises TypeError: likewise
        """
        if given in (None, ""):
            return self.default
        match self.default:
            case tuple():
                words = given.split(",") if isinstance(given, str) else given
                return tuple(word for word in (str(word).strip() for word in words) if word)
            case int():
                return int(given)
            case float():
                return float(given)
        return str(given)


@dataclass(frozen=True)
class SourceKind:
    """What is the same in every instance: a source's name, where its data go, how often to ask.

    :param name: as in ``manage.py poll NAME``
    :param settings: the beginning of its settings' names: ``JUNO_GOCDB`` means ``JUNO_GOCDB_URL``,
        ``_CERT``, ``_KEY`` and ``_CA_BUNDLE``, and one for each option
    :param interval_setting: the setting that overrides how often to ask, in seconds
    :param after: the source that must have succeeded once before this one makes sense
    :param short: how it is called where room is short
    :param tells_states: whether it brings states of sites, services or links
    :param is_pushed: nobody is asked: it tells us by itself
    :param keeps: names of secrets that nobody types in: what a login left (``feeds.vault``)
    """

    name: str
    title: str | Promise
    brings: str | Promise
    poller: str
    settings: str
    interval: timedelta
    interval_setting: str
    example_url: str
    after: str | None = None
    short: str = ""
    options: tuple[Option, ...] = ()
    tells_states: bool = False
    is_pushed: bool = False
    keeps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What a poller is given.

    ``trust`` means that a person looked at a suspicious answer and wants it taken as it is.
    ``last_seen`` are the counts of the last good poll, empty before the first.
    """

    configuration: "Configuration"
    at: datetime
    last_success_at: datetime | None
    last_seen: dict[str, int]
    last_wide_at: datetime | None
    trust: bool = False


@dataclass(frozen=True)
class Traffic:
    """What went over the wire: the first address, bytes read, digest of all answers."""

    url: str = ""
    http_status: int | None = None
    size: int = 0
    sha256: str = ""
    clock_skew: timedelta | None = None

    @classmethod
    def of(cls, tally: Tally) -> Self:
        """Sum up what a client read."""
        return cls(
            url=tally.urls[0] if tally.urls else "",
            http_status=tally.status,
            size=tally.size,
            sha256=tally.sha256,
            clock_skew=timedelta(seconds=round(tally.clock_skew))
            if tally.clock_skew is not None
            else None,
        )


@dataclass(frozen=True)
class Gathered:
    """A whole answer, understood: ``payload`` is what the poller's own ``store`` takes.

    ``doubt`` says why the source itself declares that it cannot be trusted just now.
    """

    payload: Any
    traffic: Traffic
    refused: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    window_starts_at: datetime | None = None
    doubt: str = ""


@dataclass(frozen=True)
class Stored:
    """What storing did: counts by kind of row; ``suspicious`` says why a person should look."""

    seen: dict[str, int]
    changed: dict[str, int]
    refused: tuple[tuple[str, str], ...] = ()
    suspicious: str = ""


class Poller(Protocol):
    """Asks one source, and brings the database in line with what it said."""

    def gather(self, question: Question) -> Gathered:
        """Ask and understand; write nothing.

        :raises juno_support.lib.faults.FetchFault: when there is no usable answer
        """
        ...

    def store(self, question: Question, gathered: Gathered) -> Stored:
        """Bring the database in line, inside the caller's transaction.

        An answer that cannot be true is not stored, and said to be suspicious.
        """
        ...


_VO = Option("vo", _("VO"), "juno", _("Its jobs are counted, and its own bans are shown."))
# DIRAC's own rule: https://github.com/DIRACGrid/DIRAC, JobDB.getSiteSummaryWeb.
_JOB_THRESHOLDS = (
    Option("good_percent", _("Share of good jobs from which a site is good (%)"), 95.0),
    Option("fair_percent", _("… is fair (%)"), 80.0),
    Option("poor_percent", _("… is poor, else bad (%)"), 60.0),
    Option("least_jobs", _("Finished jobs below which nothing is concluded"), 10),
)

SOURCES = (
    SourceKind(
        name="gocdb-topology",
        title=_("GOCDB: sites and services"),
        brings=_("operations centres, sites, contacts and service endpoints"),
        poller="topology.actions.pull_topology.POLLER",
        settings="JUNO_GOCDB",
        interval=timedelta(hours=6),
        interval_setting="JUNO_GOCDB_TOPOLOGY_INTERVAL",
        example_url="https://goc.egi.eu/gocdbpi",
    ),
    SourceKind(
        name="gocdb-downtimes",
        title=_("GOCDB: downtimes"),
        brings=_("declared downtimes of sites and services"),
        poller="monitoring.actions.poll_downtimes.POLLER",
        settings="JUNO_GOCDB",
        interval=timedelta(minutes=5),
        interval_setting="JUNO_GOCDB_DOWNTIMES_INTERVAL",
        example_url="https://goc.egi.eu/gocdbpi",
        after="gocdb-topology",
        short="GOCDB",
    ),
    SourceKind(
        name="argo",
        title=_("ARGO"),
        short="ARGO",
        brings=_("states of sites and service endpoints, with the output of failed probes"),
        poller="monitoring.sources.argo.POLLER",
        settings="JUNO_ARGO",
        interval=timedelta(minutes=15),
        interval_setting="JUNO_ARGO_INTERVAL",
        example_url="https://api.argo.grnet.gr/api",
        after="gocdb-topology",
        tells_states=True,
        options=(
            Option("api_key", _("API key of the tenant"), is_secret=True),
            Option("report", _("Report"), "Critical"),
            Option("group_type", _("Type of group that is a site"), "SITES"),
            Option("api", _("Version of the interface"), "auto", choices=("auto", "v3", "v2")),
            Option(
                "grace_hours",
                _("Hours after midnight (UTC) in which results may still be missing"),
                3,
            ),
            Option(
                "evidence_base",
                _("Pages for people"),
                "https://argo.egi.eu/egi/report-ar-group-details",
            ),
        ),
    ),
    SourceKind(
        name="dirac-https",
        title=_("DIRAC"),
        short="DIRAC",
        brings=_("what DIRAC 8 and 9 say of sites, storage elements, jobs and requests"),
        poller="monitoring.sources.dirac_https.POLLER",
        settings="JUNO_DIRAC_HTTPS",
        interval=timedelta(minutes=10),
        interval_setting="JUNO_DIRAC_HTTPS_INTERVAL",
        example_url="https://dirac.example.org:8443",
        after="gocdb-topology",
        tells_states=True,
        options=(
            Option("token", _("Bearer token, where there is no certificate"), is_secret=True),
            _VO,
            Option(
                "group",
                _("DIRAC group to ask as"),
                "",
                _("Empty: the default group. A proxy or token brings its own."),
            ),
            Option("owner_group", _("Owner group of the VO's jobs (DIRAC 8)"), ""),
            *(
                Option(name, label, default, _("Path of the service below the address."))
                for name, label, default in (
                    (
                        "resource_status_path",
                        _("Resource status"),
                        "ResourceStatus/ResourceStatus",
                    ),
                    ("publisher_path", _("Publisher"), "ResourceStatus/Publisher"),
                    ("wms_path", _("WMS administrator"), "WorkloadManagement/WMSAdministrator"),
                    (
                        "job_monitoring_path",
                        _("Job monitoring"),
                        "WorkloadManagement/JobMonitoring",
                    ),
                    ("requests_path", _("Request manager"), "RequestManagement/ReqManager"),
                )
            ),
            Option(
                "configuration_path",
                _("Configuration"),
                "Configuration/Configuration",
                _(
                    "Its main server often has a port of its own on the same host: "
                    ":9135/Configuration/Server."
                ),
            ),
            *_JOB_THRESHOLDS,
            Option("failed_requests", _("Failed requests that are worth a warning"), 100),
            Option("web_url", _("Address of the DIRAC web portal, for links"), ""),
        ),
    ),
    SourceKind(
        name="dirac-webapp",
        title=_("DIRAC web portal"),
        short="DIRAC web",
        brings=_("summaries of jobs and pilots, where DIRAC's services are not to be had"),
        poller="monitoring.sources.dirac_webapp.POLLER",
        settings="JUNO_DIRAC_WEBAPP",
        interval=timedelta(minutes=10),
        interval_setting="JUNO_DIRAC_WEBAPP_INTERVAL",
        example_url="https://dirac.example.org:8443/DIRAC",
        after="gocdb-topology",
        tells_states=True,
        options=(
            Option("setup", _("Setup"), "Production"),
            Option("group", _("DIRAC group to ask as"), "visitor"),
            _VO,
        ),
    ),
    SourceKind(
        name="diracx",
        title=_("DiracX"),
        short="DiracX",
        brings=_("what DiracX says of sites, storage elements, jobs and pilots"),
        poller="monitoring.sources.diracx.POLLER",
        settings="JUNO_DIRACX",
        interval=timedelta(minutes=5),
        interval_setting="JUNO_DIRACX_INTERVAL",
        example_url="https://diracx.example.org",
        after="gocdb-topology",
        tells_states=True,
        keeps=("login",),
        options=(
            _VO,
            Option("group", _("Group to sign in as"), "", _("Empty: the VO's default group.")),
            Option("client_id", _("Client id"), "myDIRACClientID"),
            Option(
                "ce_field",
                _("Which field of a pilot names the computing element"),
                "auto",
                choices=("auto", "GridSite", "DestinationSite"),
            ),
            *_JOB_THRESHOLDS,
        ),
    ),
    SourceKind(
        name="perfsonar",
        title=_("perfSONAR"),
        short="perfSONAR",
        brings=_("loss, delay and throughput of links"),
        poller="monitoring.sources.perfsonar.POLLER",
        settings="JUNO_PERFSONAR",
        interval=timedelta(minutes=15),
        interval_setting="JUNO_PERFSONAR_INTERVAL",
        example_url="https://ps.example.org/esmond/perfsonar/archive",
        after="gocdb-topology",
        tells_states=True,
        options=(
            Option("archives", _("More archives"), (), _("Addresses, separated by commas.")),
            Option("loss_percent", _("Loss from which a link is degraded (%)"), 0.1),
            Option("delay_percent", _("Change of delay from which it is (%)"), 15.0),
            Option(
                "throughput_percent",
                _("Share of the week's median below which throughput is a warning (%)"),
                50.0,
            ),
        ),
    ),
    SourceKind(
        name="maddash",
        title=_("MaDDash"),
        short="MaDDash",
        brings=_("the checks of a perfSONAR dashboard"),
        poller="monitoring.sources.maddash.POLLER",
        settings="JUNO_MADDASH",
        interval=timedelta(minutes=15),
        interval_setting="JUNO_MADDASH_INTERVAL",
        example_url="https://maddash.example.org/maddash",
        after="gocdb-topology",
        tells_states=True,
        options=(Option("grids", _("Grids"), (), _("Separated by commas; empty: all.")),),
    ),
)


# Each pushed source is a row that an admin made, named push-<word>; they are alike but for that.
PUSHED = "push-"
_PUSHED_KIND = SourceKind(
    name=PUSHED,
    title=_("Pushed"),
    brings=_("states that the other side tells by itself"),
    poller="",
    settings="JUNO_PUSH",
    interval=timedelta(minutes=15),
    interval_setting="",
    example_url="",
    tells_states=True,
    is_pushed=True,
    options=(Option("namespace", _("Whose names it uses"), "", _("Empty: names of its own.")),),
)


def find_kind(name: str) -> SourceKind:
    """Return the source of that name.

    :raises UnknownSource: when there is none
    """
    for kind in SOURCES:
        if kind.name == name:
            return kind
    if name.startswith(PUSHED) and len(name) > len(PUSHED):
        word = name.removeprefix(PUSHED)
        return replace(
            _PUSHED_KIND, name=name, title=_("Pushed by %(name)s") % {"name": word}, short=word
        )
    raise UnknownSource(name)


def find_poller(kind: SourceKind) -> Poller:
    """Load the poller that the kind names."""
    return cast(Poller, import_string(kind.poller))
