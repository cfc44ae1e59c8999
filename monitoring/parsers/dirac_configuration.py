"""DIRAC's own configuration, as its service hands it out: who is who among sites and storage.

The answer is a text of nested sections, packed with zlib and written in base64:

    Resources
    {
      Sites
      {
        GRID
        {
          GRID.JINR.ru
          {
            Name = JINR-LCG2
            SE = JINR-XROOTD
            SE += JINR-TAPE

Only ``/Resources`` is read; what the configuration says of people is passed over unread.
"""

import zlib
from base64 import b64decode
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.text import clean_line
from monitoring.parsers.dirac_answers import LONGEST_NAME, read_answer

MOST_CHARACTERS = 64_000_000
DEEPEST = 30
MOST_HOSTS = 500
_SITES = ("Resources", "Sites")
_STORAGE = ("Resources", "StorageElements")
_STORAGE_BASES = ("Resources", "StorageElementBases")

Path = tuple[str, ...]
Options = dict[Path, dict[str, list[str]]]


@dataclass(frozen=True)
class DiracTopology:
    """What DIRAC knows of sites and storage elements, by DIRAC's names.

    :param gocdb_names: GOCDB's name of a site, where it has one
    :param hosts: computing elements of a site
    :param storage_sites: the sites of a storage element; several may share one
    :param storage_hosts: where a storage element is
    """

    gocdb_names: Mapping[str, str]
    hosts: Mapping[str, tuple[str, ...]]
    storage_sites: Mapping[str, tuple[str, ...]]
    storage_hosts: Mapping[str, tuple[str, ...]]


def parse_configuration(body: bytes) -> DiracTopology:
    """Understand an answer of ``getCompressedData`` of the configuration service.

    :raises AnswerNotUnderstood: when it is an error or no such configuration
    """
    packed = read_answer(body).value
    if isinstance(packed, str):
        try:
            packed = b64decode(packed, validate=True)
        except ValueError:
            packed = None
    if not isinstance(packed, bytes):
        raise AnswerNotUnderstood("DIRAC's configuration is not in base64.")
    options = _options(_unpacked(packed))
    gocdb_names: dict[str, str] = {}
    hosts: dict[str, tuple[str, ...]] = {}
    storage_sites: dict[str, list[str]] = defaultdict(list)
    for path, values in options.items():
        # Resources, Sites, GRID, GRID.JINR.ru
        if path[:2] != _SITES or len(path) < 4:
            continue
        site = path[3]
        if len(path) == 4:
            if name := next(iter(values.get("Name", ())), ""):
                gocdb_names[site] = name
            found = [host.lower() for host in values.get("CE", ())]
            hosts[site] = tuple(dict.fromkeys((*hosts.get(site, ()), *found)))[:MOST_HOSTS]
            for storage in values.get("SE", ()):
                storage_sites[storage].append(site)
        elif path[4] == "CEs" and len(path) == 6:
            hosts[site] = tuple(dict.fromkeys((*hosts.get(site, ()), path[5].lower())))[:MOST_HOSTS]
    return DiracTopology(
        gocdb_names=gocdb_names,
        hosts=hosts,
        storage_sites={name: tuple(sites) for name, sites in storage_sites.items()},
        storage_hosts=_storage_hosts(options),
    )


def _unpacked(packed: bytes) -> str:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, MOST_CHARACTERS)
    except zlib.error as error:
        raise AnswerNotUnderstood("DIRAC's configuration cannot be unpacked.") from error
    if unpacking.unconsumed_tail:
        raise AnswerNotUnderstood(
            f"DIRAC's configuration is larger than {MOST_CHARACTERS:,} characters."
        )
    return text.decode(errors="replace")


def _options(text: str) -> Options:
    """Return the options of the sections below ``/Resources``, by the path of their section.

    The text is what DIRAC itself writes: a name, a brace or an option on each line.

    :raises AnswerNotUnderstood: when its sections do not fit into one another
    """
    options: Options = {}
    path: list[str] = []
    name = ""
    for raw_line in text.splitlines():
        line = raw_line.strip()
        if not line or line.startswith("#"):
            continue
        if line == "{":
            path.append(name)
            if len(path) > DEEPEST:
                raise AnswerNotUnderstood("DIRAC's configuration is nested too deeply.")
            if path[0] == "Resources":
                options.setdefault(tuple(path), {})
            name = ""
        elif line == "}":
            if not path:
                raise AnswerNotUnderstood("DIRAC's configuration closes what it did not open.")
            path.pop()
            name = ""
        elif "=" in line:
            if path[:1] == ["Resources"]:
                _add(options[tuple(path)], line)
        else:
            name = clean_line(line)[:LONGEST_NAME]
    if path:
        raise AnswerNotUnderstood("DIRAC's configuration breaks off.")
    return options


def _add(options: dict[str, list[str]], line: str) -> None:
    name, _, value = line.partition("=")
    values = [clean for word in value.split(",") if (clean := clean_line(word)[:LONGEST_NAME])]
    option = name.rstrip("+ \t")
    if name.endswith("+"):
        options.setdefault(option, []).extend(values)
    else:
        options[option] = values


def _storage_hosts(options: Options) -> dict[str, tuple[str, ...]]:
    """Return the hosts of storage elements: of their protocols' sections, or of their base."""
    own: dict[tuple[Path, str], list[str]] = defaultdict(list)
    bases: dict[str, str] = {}
    for path, values in options.items():
        table = path[:2]
        if table not in (_STORAGE, _STORAGE_BASES) or len(path) < 3:
            continue
        own[table, path[2]] += [host.lower() for host in values.get("Host", ())]
        if table == _STORAGE and len(path) == 3 and (base := values.get("BaseSE")):
            bases[path[2]] = base[0]
    return {
        name: tuple(dict.fromkeys(found))
        for (table, name), hosts in own.items()
        if table == _STORAGE
        and (found := hosts or own.get((_STORAGE_BASES, bases.get(name, "")), []))
    }
