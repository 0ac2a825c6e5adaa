"""How a name sounds, where two spellings sound the same, and how its ending bends.

Parents don't give two of their children names that nobody could tell apart by ear, and a clerk writes by ear. So spellings
that sound alike are one name (Kayleigh, Kaylee), and what is heard, a final vowel or a consonant, makes another (Ali, Alia;
Ava, Eva). ``sound`` holds for any clerk in England. ``loosely`` holds only within a tradition where one letter has several
Latin ones (Arabic, Urdu, Bengali, Somali): it places a spelling that nobody has listed, never two names people bear.
"""

import re
from functools import lru_cache
from itertools import product

from integration_engine.record.remembered import REMEMBERED

_DOUBLED = re.compile(r"(.)\1+")
_HEARD = tuple(
    (re.compile(pattern), letters)
    for pattern, letters in (
        ("^mac(?=[bcdfghjklmnpqrstvwxz])", "mc"),
        ("^saint", "st"),
        ("leigh$|(?<=[hiy])lea$", "li"),
        ("ph", "f"),
        ("ch(?=[lr])|ck|q|c(?=[aoulrtnk]|$)", "k"),
        ("ksh?(?=[aeiou])|ks$|xs", "x"),
        ("(?<=[bdgkjtw])h", ""),
        ("dj", "j"),
        ("(?<=[ae])h$", ""),
        ("(?<=...)ez$", "es"),
        ("ay$|aye$|ae$", "ae"),
        ("oo|ou|uu", "u"),
        ("(?:ie|ee|ey|(?<![aou])y)$", "i"),
        ("ee|ii|iy(?=.)|yi", "i"),
        # Robyn, Alyssa, Priya, Hayley; but Myra is not Mira.
        ("(?<=[a-z])y(?=[aeiou])|(?<=[aeiou])y(?=[^aeiouy])|(?<=[^aeiou])y(?=nn?e?$|ss|s$)", "i"),
        (r"(.)\1+", r"\1"),
    )
)
_VOWELLED = re.compile(r"^c(?=[aeiou])|(?<=[aeiou])c(?=[aeiou]|$)|(?<=[lnrm])c(?=[aeiou])")
_LETTERS = str.maketrans({"x": "h", "z": "j", "v": "w", "o": "u"})
# A family name's ending where it says whose daughter or wife she is: Polish, Bulgarian, Russian, Czech, Greek.
_HERS = (
    (re.compile("(?<=...)(?:ska|sky|skyi|skiy|skii|skij|skaya|skaia)$"), "ski"),
    (re.compile("(?<=...)(?:cka|cky)$"), "cki"),
    (re.compile("(?<=...)(?:dzka|dzky)$"), "dzki"),
    (re.compile("(?<=..)(?:ova|off|owa)$"), "ov"),
    (re.compile("(?<=...)(?:eva|eff|ewa)$"), "ev"),
    (re.compile("(?<=..)poulou$"), "poulos"),
    (re.compile("(?<=...)id(?:is|ou|es)$"), "idis"),
)
# Lithuanian: a wife's, a daughter's; the father's.
_LITHUANIAN_HERS = re.compile("(?<=....)(?:iene|aite|yte|iute|ute)$")
_LITHUANIAN_HIS = frozenset({"as", "is", "ys", "us", "ius", "a"})


def undoubled(name: str) -> str:
    """The name with its doubled letters made single: ``ibrahiim``, ``matt``."""
    return _DOUBLED.sub(r"\1", name)


@lru_cache(maxsize=REMEMBERED)
def sound(name: str) -> str:
    """The name as it is heard. To be compared only: it is nobody's spelling."""
    for pattern, letters in _HEARD:
        name = pattern.sub(letters, name)
    return name


def loosely(name: str) -> frozenset[str]:
    """What the name may be read as where x is h, c is silent, and e stands for a or i (``Xaliimo``, ``Cabdi``, ``Jahid``)."""
    heard = sound(_VOWELLED.sub("", name).replace("x", "h")).replace("sh", "s").replace("awu", "au")
    heard = undoubled(heard.translate(_LETTERS))
    if heard.count("e") > 3:
        return frozenset({heard})
    return frozenset("".join(letters) for letters in product(*("ai" if c == "e" else c for c in heard)))


def same_family_name(one: str, other: str) -> bool:
    """Whether two family names are one but for its ending: a son's and a daughter's (Kowalski, Kowalska; Petrov, Petrova)."""
    if _his(one) == _his(other):
        return True
    return _lithuanian(one, other) or _lithuanian(other, one)


def _his(name: str) -> str:
    for pattern, letters in _HERS:
        changed = pattern.sub(letters, name)
        if changed != name:
            return changed
    return name


def _lithuanian(hers: str, his: str) -> bool:
    root = _LITHUANIAN_HERS.sub("", hers)
    return root != hers and his.startswith(root) and his[len(root) :] in _LITHUANIAN_HIS
