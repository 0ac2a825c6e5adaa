"""Where people live, and where children are born and die. Postcodes are invented, within real areas."""

from dataclasses import dataclass
from functools import cache
from random import Random
from zlib import crc32

from benchmarks.linkage_stream.wordlists import read, words

_INWARD = "ABDEFGHJLNPQRSTUWXYZ"  # the letters that may end a postcode
NO_FIXED_ABODE = "ZZ99 3VZ"
UNKNOWN_ADDRESS = "ZZ99 3WZ"


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital; ``systems`` are the sources that send for it, ``postcode`` its own."""

    code: str
    name: str
    postcode: str
    systems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Town:
    name: str
    area: str
    districts: int
    force: str
    coroner: str
    hospitals: tuple[Hospital, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """An address as its people would write it."""

    postcode: str
    line: str


@cache
def towns() -> tuple[Town, ...]:
    return tuple(
        Town(
            row["name"].replace("_", " "), row["area"], row["districts"], row["force"], row["coroner"], _hospitals(row)
        )
        for row in read("places.yaml")["towns"]
    )


def _hospitals(row: dict[str, str]) -> tuple[Hospital, ...]:
    name = str(row["name"]).replace("_", " ")
    made = []
    for place, kind in enumerate(words(" ".join(read("places.yaml")["hospital_names"]))):
        mark = crc32(f"{name}{kind}".encode())
        code = f"R{'ABCDEFGHJKLMNPQRTVWXY'[mark % 21]}{'ABCDEFGHJKLMNPQRTVWXY'[mark // 21 % 21]}{mark // 441 % 90 + 10}"
        systems = (("hospital_hl7",), ("hospital_fhir",), ("hospital_hl7", "hospital_fhir"))[mark % 3]
        made.append(
            Hospital(code, f"{name} {kind}", f"{row['area']}{place + 1} 1{'AB' if mark % 2 else 'NH'}", systems)
        )
    return tuple(made)


@cache
def _weights(name_group: str) -> tuple[float, ...]:
    rows = read("places.yaml")["towns"]
    return tuple(row["weight"] * (6.0 if name_group in row["leaning"] else 1.0) for row in rows)


def town(chance: Random, name_group: str) -> Town:
    """A town where a family of the name group may live."""
    return chance.choices(towns(), _weights(name_group))[0]


def postcode(chance: Random, place: Town, district: str | None = None) -> str:
    """A postcode of the town, of ``district`` (``BD3``) where given."""
    outward = district or f"{place.area}{chance.randint(1, place.districts)}"
    return f"{outward} {chance.randint(1, 9)}{chance.choice(_INWARD)}{chance.choice(_INWARD)}"


@cache
def _streets() -> list[str]:
    return words(read("places.yaml")["streets"])


def street(code: str) -> str:
    return _streets()[crc32(code.encode()) % len(_streets())]


def home(chance: Random, code: str) -> Home:
    """A door in the street of the postcode."""
    number = str(chance.randint(1, 180))
    if chance.random() < 0.05:
        number += chance.choice("ABC")
    line = f"{number} {street(code)}"
    return Home(code, f"Flat {chance.randint(1, 40)}, {line}" if chance.random() < 0.18 else line)


def practice(chance: Random, code: str) -> str:
    """A GP practice near the postcode, by its ODS code; neighbours share a few."""
    near = crc32(code.split(" ", maxsplit=1)[0].encode()) % 9000
    return f"{'ABCDEFGHJKLMNPY'[near % 15]}8{(near + chance.randint(0, 5)) % 10000:04d}"
