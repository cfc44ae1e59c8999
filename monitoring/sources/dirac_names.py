"""Where the things are that DIRAC names: from its list of elements and its configuration. Pure.

It is a help for matching DIRAC's names with GOCDB's; nothing is guessed from how a name looks.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from monitoring.observations import EntityKind, Name
from monitoring.parsers.dirac_configuration import DiracTopology

STORAGE, COMPUTING, TRANSFER = "StorageElement", "ComputingElement", "FTS"


class Names:
    """What one poll told of names; empty where it did not ask.

    :param elements: DIRAC's list: site -> hosts of its computing and storage elements, among
        which some releases give the names of the storage elements themselves
    :param topology: DIRAC's configuration, where it may be read
    """

    def __init__(
        self, elements: Mapping[str, tuple[str, ...]], topology: DiracTopology | None
    ) -> None:
        self._topology = topology or DiracTopology({}, {}, {}, {})
        sites = dict.fromkeys((*elements, *self._topology.hosts))
        self.members: Mapping[str, tuple[str, ...]] = {
            site: tuple(
                dict.fromkeys((*elements.get(site, ()), *self._topology.hosts.get(site, ())))
            )
            for site in sites
        }
        places: dict[str, set[str]] = defaultdict(set)
        for site, names in self.members.items():
            for name in names:
                places[name].add(site)
        for storage, its_sites in self._topology.storage_sites.items():
            places[storage.lower()].update(its_sites)
        self._place = {name: _only(found) for name, found in places.items()}

    def site(self, name: str) -> Name:
        """Return a site, with GOCDB's name for it where DIRAC has that."""
        return Name(
            EntityKind.SITE,
            name,
            site=self._topology.gocdb_names.get(name, ""),
            hosts=self.members.get(name, ()),
        )

    def resource(self, element: str, name: str) -> Name | None:
        """Return what a row of the table of resources is about; None for what we do not show."""
        if element == STORAGE:
            return self.storage(name)
        if element in (COMPUTING, TRANSFER):
            host = name.lower()
            return Name(EntityKind.SERVICE, host, site=self._place.get(host, ""), hosts=(host,))
        return None

    def storage(self, name: str) -> Name:
        """Return a storage element, with the one site that it is at where that is known."""
        place = self._place.get(name.lower(), "")
        return Name(
            EntityKind.STORAGE,
            name,
            # GOCDB's name is known to us already, DIRAC's perhaps not yet.
            site=self._topology.gocdb_names.get(place, place),
            hosts=self._topology.storage_hosts.get(name, ()),
        )


def _only(found: Iterable[str]) -> str:
    """Return the one site; empty where there are several: then it is at none for sure."""
    sites = list(found)
    return sites[0] if len(sites) == 1 else ""
