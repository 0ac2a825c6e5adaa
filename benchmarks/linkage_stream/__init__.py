"""Unseen streams of invented child-death notices with the truth beside them, to measure linkage on.

Made from how families, registers and offices work, knowing nothing of how linkage decides, so that a wrong cluster found
here is a fault of a rule and not of a habit the two share. Everything is invented; NHS numbers are of the 999 test range.

    profiles.yaml, profile.py   how common everything is
    names/, naming.py           what children are called, and the customs of each name group
    places.yaml, places.py      towns, hospitals, postcodes
    numbers.py                  NHS numbers
    child.py, families.py       what is true of a child; the families children come from
    partners.py                 who tells of a death, when, under which reference
    writing.py                  what a careful clerk of each partner writes down
    mistakes.py, misspelling.py what goes wrong
    stream.py                   all of it in the order of arrival
"""
