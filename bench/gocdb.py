"""A GOCDB as large as the real one: the demo's simulator with 423 sites and 4,186 services.

python -m bench.gocdb --port 9000
"""

import argparse
import functools
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.server import Upstreams, make_upstreams_server

SITES: Final = 423
SERVICES: Final = 4_186

_sites_of_the_demo = topology.sites


@functools.cache
def sites() -> tuple[topology.Site, ...]:
    """As many sites and services as EGI has, after the pattern of the demo's."""
    demo = _sites_of_the_demo()
    made = list(demo)
    host = max(service.id for site in demo for service in site.services)
    left = SERVICES - sum(len(site.services) for site in demo)
    for number in range(SITES - len(demo)):
        pattern = demo[number % len(demo)]
        share = left * (number + 1) // (SITES - len(demo)) - left * number // (SITES - len(demo))
        services = tuple(
            topology.Service(
                id=host + step,
                hostname=f"host{host + step}.site{number}.example.org",
                type=(topology.HTCONDOR, topology.SRM, topology.WEBDAV)[step % 3],
                scopes=("EGI",),
            )
            for step in range(1, share + 1)
        )
        host += share
        made.append(
            replace(
                pattern,
                id=pattern.id + len(made) - number % len(demo),
                name=f"EGI-SITE-{number:03}",
                status="Certified",
                scopes=("EGI",),
                services=services,
            )
        )
    return tuple(made)


def main() -> None:
    """Serve until somebody ends us."""
    parser = argparse.ArgumentParser(prog="python -m bench.gocdb")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    topology.sites = sites
    with tempfile.TemporaryDirectory() as folder:
        app = Upstreams(lambda: datetime.now(UTC), Path(folder) / "switches.json")
        make_upstreams_server(app, host="127.0.0.1", port=arguments.port).serve_forever()


if __name__ == "__main__":
    main()
