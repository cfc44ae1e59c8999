"""The simulated upstreams as they were: the demo's history comes in through the real pollers."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from juno_support.accounts.models import User
from juno_support.demo import switchboard, upstreams
from juno_support.demo.simulators import addresses
from juno_support.errors import SupportError
from juno_support.feeds import polling, vault
from juno_support.feeds.configuration import Configuration, configuration_of, ensure_source
from juno_support.feeds.models import Outcome
from juno_support.feeds.registry import SOURCES, find_kind
from monitoring.actions import diracx_login

logger = logging.getLogger(__name__)


class UpstreamFailed(SupportError):
    """The simulated GOCDB could not be polled."""


def state_sources() -> list[str]:
    """Return the names of the simulated sources of states, but for DiracX: that needs a login."""
    families = addresses.settings_for("")
    return [kind.name for kind in SOURCES if kind.settings in families and kind.name != "diracx"]


class Past:
    """The simulated upstreams as they were: polled by the real pollers at moments of the past."""

    def __init__(self) -> None:
        self._moment = self._polled_at = datetime.min.replace(tzinfo=UTC)
        self._address = ""

    def __enter__(self) -> Self:
        """Start to serve the simulator on loopback."""
        self._serving = upstreams.serving(lambda: self._moment)
        self._address = self._serving.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self._serving.__exit__(kind, error, trace)

    def poll_topology(self, at: datetime) -> None:
        """Poll sites and services as of a moment.

        :raises UpstreamFailed: when the poll was not good
        """
        self._poll("gocdb-topology", at)

    def poll_downtimes(self, at: datetime) -> None:
        """Poll downtimes as of a moment; not twice for the same one. Raises as poll_topology."""
        if at > self._polled_at:
            self._poll("gocdb-downtimes", at)
            self._polled_at = at

    def poll_states(self, at: datetime, *names: str) -> None:
        """Poll the sources of states with these names, or all of them, as of a moment.

        What fails is noted only: the demo goes on, and the page of sources says it.
        """
        for name in names or state_sources():
            try:
                self._poll(name, at)
            except UpstreamFailed as failure:
                logger.warning("%s", failure)

    def sign_in_to_diracx(self, *, by: User, at: datetime) -> None:
        """Sign the portal in to the simulated DiracX, as an admin does on a page, and poll it."""
        self._moment = at
        kind = find_kind("diracx")
        in_force = configuration_of(ensure_source(kind), kind)
        configuration = self._configuration(in_force)
        begun = diracx_login.begin(configuration=configuration, by=by, at=at)
        switchboard.approve_login(code=begun.user_code, at=at)
        diracx_login.finish(configuration=configuration, by=by, at=at)
        self._poll(kind.name, at)
        # The simulator keeps its logins in a file: they are good wherever it is served.
        with vault.changing(kind.name, diracx_login.LOGIN, at=at) as entry:
            entry.value = json.dumps(json.loads(entry.value) | {"url": in_force.url})

    def _poll(self, name: str, at: datetime) -> None:
        self._moment = at
        kind = find_kind(name)
        in_force = configuration_of(ensure_source(kind), kind)
        run = polling.poll(
            name, now=lambda: at, wait_seconds=60, configuration=self._configuration(in_force)
        )
        if run.outcome not in (Outcome.OK, Outcome.UNCHANGED):
            raise UpstreamFailed(f"{name} at {at:%Y-%m-%d %H:%M}: {run.outcome}. {run.reason}")

    def _configuration(self, in_force: Configuration) -> Configuration:
        """Return a source's configuration with this server's address."""
        simulated = addresses.settings_for(self._address).get(in_force.kind.settings)
        if simulated is None:
            certificate = str(upstreams.certificate_file())
            url = f"{self._address}/gocdbpi"
            return replace(in_force, url=url, certificate=certificate, key="", ca_bundle="")
        options = dict(in_force.options)
        if "ARCHIVES" in simulated:
            options["archives"] = (simulated["ARCHIVES"],)
        return replace(
            in_force, url=simulated["URL"], options=options, certificate="", key="", ca_bundle=""
        )
