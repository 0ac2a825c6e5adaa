"""The closed set of transforms a profile may name: text, names, numbers and codes. Times are in ``moments``.

Each is a pure function of one value (a whole list where it says so). It returns ``None`` for "nothing there" and raises
``Refused`` with a problem code for a value it can't read. The examples beside each are run as tests and printed as the
documentation.
"""

import re
from typing import Any

from nhs_number.validate import is_valid

from integration_engine.mapping import codes, moments
from integration_engine.mapping.registry import TRANSFORMS, Example, Refused, shape, text_of, transform
from integration_engine.record import measures
from integration_engine.record.references import area_and_reference

__all__ = ["TRANSFORMS", "Refused", "moments", "nhs_number", "postcode", "shape", "text_of"]


@transform(Example("  Ann ", "Ann"), Example("   ", None))
def strip(value: str) -> str | None:
    """Takes white space off both ends; nothing left is no value."""
    return value.strip() or None


@transform(Example("rth", "RTH"))
def upper(value: str) -> str:
    """Capital letters."""
    return value.upper()


@transform(Example("MALE", "male"))
def lower(value: str) -> str:
    """Small letters."""
    return value.lower()


_WORD = re.compile(r"[^\W\d_]+")


@transform(
    Example("OKAFOR", "Okafor"),
    Example("O'BRIEN-SMITH", "O'Brien-Smith"),
    Example("mcallister", "McAllister"),
    Example("van der Berg", "van der Berg"),
)
def name_case(value: str) -> str:
    """Capital initials for a name in all capitals or all small letters; any other is left as its sender wrote it."""
    if not (value.isupper() or value.islower()):
        return value

    def initial(found: re.Match[str]) -> str:
        word = found[0].lower()
        if word == "s" and found.start() and value[found.start() - 1] in "'’":
            return word
        if word.startswith("mc") and len(word) > 3:
            return "Mc" + word[2:].capitalize()
        return word.capitalize()

    return _WORD.sub(initial, value)


_WRITTEN_AS_FRACTION = re.compile(r"(?<=\d{10})[.,]0+$", re.ASCII)
_SHORTENED = re.compile(r"\d[.,]\d+E\+?\d+", re.ASCII | re.IGNORECASE)


@transform(
    Example("999 000 0018", "9990000018"),
    Example("999-000-0026", "9990000026"),
    Example("9990000018.0", "9990000018"),
    Example("9.99E+09", refused="nhs-number-invalid"),
    Example("9990000019", refused="nhs-number-invalid"),
    Example("0000000000", refused="nhs-number-invalid"),
    Example("not known", None),
    Example("", None),
)
def nhs_number(value: str) -> str | None:
    """A valid NHS number as ten digits. Spaces and dashes are taken out; modulus 11 must hold; ten equal digits are a
    placeholder and refused. In ``child.nhs_number`` an invalid number's digits are kept in ``child.other_identifiers``."""
    bare = _WRITTEN_AS_FRACTION.sub("", re.sub(r"[\s\-‐-―\u200b-\u200f\u2060\ufeff]", "", value))
    if _SHORTENED.fullmatch(bare):
        raise Refused("nhs-number-invalid", "a spreadsheet has shortened this number: format the column as text", None)
    if not bare or not any(map(str.isdigit, bare)):
        return None
    if not (bare.isascii() and bare.isdigit()):
        raise Refused("nhs-number-invalid", f"an NHS number is ten digits, not {shape(bare)}", None)
    if len(set(bare)) == 1:
        raise Refused("nhs-number-invalid", "one digit repeated is a placeholder, not an NHS number")
    if len(bare) != 10:
        raise Refused("nhs-number-invalid", f"an NHS number is ten digits, not {shape(bare)}", bare[:20])
    if not is_valid(bare):
        raise Refused("nhs-number-invalid", "the NHS number's check digit is wrong", bare)
    return bare


_NOT_IN_A_POSTCODE = re.compile(r"[^A-Z0-9]")
_POSTCODE = re.compile(r"(GIR|[A-Z]{1,2}\d[A-Z\d]?|ZZ99)(\d[A-Z]{2})")


@transform(
    Example("rg1  8ls", "RG1 8LS"),
    Example("SW1AOAA", "SW1A 0AA"),
    Example("ZZ993VZ", "ZZ99 3VZ"),
    Example("not known", refused="postcode-invalid"),
    Example("", None),
)
def postcode(value: str) -> str | None:
    """A postcode in capitals with one space. Pseudo-postcodes (ZZ99) are kept; O and I typed for 0 and 1 where only a
    digit can stand are read as digits."""
    bare = _NOT_IN_A_POSTCODE.sub("", value.upper())
    if not bare:
        return None
    if len(bare) >= 5:
        bare = bare[:-3] + bare[-3].translate(_DIGITS_FOR_LETTERS) + bare[-2:]
    found = _POSTCODE.fullmatch(bare)
    if not found:
        raise Refused("postcode-invalid", f"{shape(value)} is no United Kingdom postcode")
    return f"{found[1]} {found[2]}"


_DIGITS_FOR_LETTERS = str.maketrans("OI", "01")
_POSTCODE_WITHIN = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?|ZZ99)\s*(\d[A-Z]{2})\s*$", re.IGNORECASE)


@transform(
    Example("1 High Street, Reading, rg1 8ls", "RG1 8LS"),
    Example("1 High Street, Reading", None),
)
def postcode_within(value: str) -> str | None:
    """The postcode that an address written as one text ends in, if it does."""
    found = _POSTCODE_WITHIN.search(value)
    return f"{found[1]} {found[2]}".upper() if found else None


_PARTS_OF_AN_ADDRESS = re.compile(r"[,\n()]")
_CODE_LENGTH = 3
_HERE = "GB"
"""How the United Kingdom's code (GBR) and its nations' (GB-WLS) begin."""


@transform(
    Example("Playa Grande, Alicante, Spain", "ESP"),
    Example("Alicante (Spain)", "ESP"),
    Example("Royal Infirmary, Cardiff, Wales", None),
    Example("1 Malta Street, Reading", None),
)
def country_within(value: str) -> str | None:
    """The country that an address written as one text ends in by name, if it does and it isn't the United Kingdom."""
    parts = [part.strip() for part in _PARTS_OF_AN_ADDRESS.split(value) if part.strip()]
    if not parts or len(parts[-1]) <= _CODE_LENGTH:
        return None
    country = codes.load("country").get(parts[-1])
    return None if country and country.startswith(_HERE) else country


@transform(
    Example("1 High Street, Reading, RG1 8LS", ["1 High Street", "Reading"]),
    Example("Flat 2\n1 High Street", ["Flat 2", "1 High Street"]),
    Example("NFA", ["NFA"]),
)
def address_lines(value: str) -> list[str]:
    """The lines of an address written as one text, between commas or line ends, without a postcode at its end."""
    return [line.strip() for line in re.split(r"[,\n]", _POSTCODE_WITHIN.sub("", value)) if line.strip()]


@transform(Example("007", 7), Example("7.0", 7), Example("seven", refused="not-a-number"), Example("", None))
def integer(value: str) -> int | None:
    """A whole number."""
    found = number(value)
    if found is not None and found != int(found):
        raise Refused("not-a-number", "expected a whole number")
    return None if found is None else int(found)


@transform(Example("3.25", 3.25), Example("1,200", 1200.0), Example("7a", refused="not-a-number"))
def number(value: str) -> float | None:
    """A number; commas between thousands are allowed."""
    bare = value.strip()
    if not bare:
        return None
    if not re.fullmatch(r"[-+]?(\d{1,12}|\d{1,3}(,\d{3}){1,3})(\.\d{1,9})?", bare, re.ASCII):
        raise Refused("not-a-number", f"expected a number, found {shape(value)}")
    return float(bare.replace(",", ""))


@transform(
    Example("3200", 3200),
    Example("3.2 kg", 3200),
    Example("640g", 640),
    Example("7 lb 4 oz", 3289),
    Example("heavy", refused="not-a-weight"),
    Example("3.2", 3200),
)
def grams(value: str) -> int | None:
    """A birth weight in grams, from grams, kilograms, or pounds and ounces. A bare number under 15 can only be kilograms."""
    bare = value.strip().lower()
    if not bare:
        return None
    found = measures.grams_of(bare)
    if found is None:
        raise Refused("not-a-weight", f"expected a weight, found {shape(value)}")
    return found


@transform(
    Example("23+2", 163),
    Example("23 weeks", 161),
    Example("23/40", 161),
    Example("23 weeks 2 days", 163),
    Example("162 days", 162),
    Example("162", 162),
    Example("40", 280),
    Example("26.5", 185),
    Example("term", refused="not-a-gestation"),
)
def gestation(value: str) -> int | None:
    """Gestation at birth in days, from ``weeks+days``, weeks or days. A bare number up to 45 is weeks, a larger one days."""
    bare = value.strip().lower()
    if not bare:
        return None
    days = measures.gestation_of(bare)
    if days is None:
        raise Refused("not-a-gestation", f"expected weeks and days of gestation, found {shape(value)}")
    return days


_TRUE = frozenset({"y", "yes", "true", "t", "1"})
_FALSE = frozenset({"n", "no", "false", "f", "0"})
_UNKNOWN = frozenset({"", "u", "unk", "unknown", "nk", "not known", "n/k", "x"})


@transform(
    Example("Y", True), Example("false", False), Example("not known", None), Example("maybe", refused="not-yes-no")
)
def boolean(value: str) -> bool | None:
    """True for Y, yes, true, 1; false for N, no, false, 0; nothing for unknown."""
    word = value.strip().lower()
    if word in _UNKNOWN:
        return None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Refused("not-yes-no", f"expected yes or no, found {shape(value)}")


@transform(Example("Y", "yes"), Example("0", "no"), Example("NK", "unknown"), Example("?", refused="not-yes-no"))
def yes_no(value: str) -> str | None:
    """``yes``, ``no`` or ``unknown``."""
    if not value.strip():
        return None
    answer = boolean(value)
    return "unknown" if answer is None else "yes" if answer else "no"


@transform(
    Example("Anna Maria", ["Anna", "Maria"], " "),
    Example("1 High St, Reading", ["1 High St", "Reading"], ","),
    Example(" ", [], " "),
)
def split(value: str, separator: str = " ") -> list[str]:
    """The parts between separators, stripped, without the empty ones. A separator of several characters is one separator."""
    return [part.strip() for part in value.split(separator) if part.strip()]


@transform(Example("suicide; neglect", ["suicide", "neglect"]), Example("Open | Narrative", ["Open", "Narrative"]))
def codes_list(value: str) -> list[str]:
    """The codes of a list written in one field, between semicolons, commas, bars or line ends."""
    return [part.strip() for part in re.split(r"[;,|\n]", value) if part.strip()]


@transform(Example(["", "b", "c"], "b"), Example([], None), whole_list=True)
def first_of(values: Any) -> Any:
    """The first of the values that isn't empty."""
    return next((value for value in _listed(values) if value not in (None, "")), None)


@transform(Example(["a", "", "b"], "a b"), Example(["a", "b"], "a, b", ", "), whole_list=True)
def join(values: Any, separator: str = " ") -> str | None:
    """The values as one text, the empty ones left out."""
    return separator.join(text_of(value) for value in _listed(values) if value not in (None, "")) or None


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


@transform(Example("000123", "54-000123", "54-"))
def prefix(value: str, text: str) -> str | None:
    """Puts a fixed text before the value."""
    return text + value if value else None


@transform(Example("abcdef", "abc", 3))
def truncate(value: str, length: int) -> str:
    """No more than so many characters."""
    return value[: int(length)]


@transform(Example("No. 54 / 12", "5412"), Example("none", None))
def digits(value: str) -> str | None:
    """The digits alone."""
    return "".join(one for one in value if one in "0123456789") or None


@transform(Example("Organization/RJ100", "RJ100", "/"), Example("RJ100", "RJ100", "/"))
def last_part(value: str, separator: str) -> str | None:
    """What stands after the last separator."""
    return value.rsplit(separator, 1)[-1].strip() or None


@transform(
    Example("Wiltshire and Swindon", "wiltshire-and-swindon"),
    Example("Leicester City & South Leicestershire", "leicester-city-and-south-leicestershire"),
)
def slug(value: str) -> str | None:
    """A name as a slug: small letters, words joined by hyphens, ``&`` as ``and``. Coroner areas are known by theirs."""
    return "-".join(re.findall(r"[a-z0-9]+", value.casefold().replace("&", " and ").replace("'", ""))) or None


@transform(Example("Oxfordshire; 00412-2026", "Oxfordshire"), Example("Avon", "Avon"), Example("00412-2026", None))
def office_within(value: str) -> str | None:
    """The office in a text that may hold its reference as well."""
    return area_and_reference(value)[0]


@transform(
    Example("Oxfordshire; 00412-2026", "00412-2026"), Example("Avon (ref 412/2026)", "412/2026"), Example("Avon", None)
)
def reference_within(value: str) -> str | None:
    """The reference in a text that may name the office as well: three figures at least, with what is joined to them."""
    return area_and_reference(value)[1]


@transform(
    Example("k81001", "K81001"),
    Example("The Surgery, High Street", None),
    Example("Unknown", None),
)
def ods_code(value: str) -> str | None:
    """An organisation or site code (ODS): three to ten capital letters and digits with a digit among them; any other text
    is no code and gives nothing."""
    bare = value.strip().upper()
    return bare if re.fullmatch(r"(?=.*\d)[A-Z0-9]{3,10}", bare, re.ASCII) else None


@transform(Example("SMITH, Ann Marie", "Ann Marie", ","), Example("SMITH", None, ","))
def after(value: str, separator: str) -> str | None:
    """What stands after the first separator; nothing where there is none."""
    return value.partition(separator)[2].strip() or None


@transform(Example("01234-2026/A", "01234-2026", "/"))
def first_part(value: str, separator: str) -> str | None:
    """What stands before the first separator."""
    return value.split(separator, 1)[0].strip() or None


@transform(Example("Unknown", None, ["UNKNOWN", "NK"]), Example("Nkosi", "Nkosi", ["UNKNOWN", "NK"]))
def blank_if(value: str, words: list[str]) -> str | None:
    """Nothing, where the whole value is one of these words whatever its case: how a sender writes that it doesn't know."""
    bare = value.strip().casefold()
    return None if any(bare == str(word).casefold() for word in words) else value
