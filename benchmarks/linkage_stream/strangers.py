"""Children of different mothers who are easily taken for one another. Each function makes one such group."""

from dataclasses import replace
from datetime import timedelta

from benchmarks.linkage_stream import naming, places
from benchmarks.linkage_stream.child import Child
from benchmarks.linkage_stream.making import Maker, event_reference, newborn_age


def homonym(make: Maker) -> list[Child]:
    """Two children of one name, sex and birth date in two families. They die on different days."""
    chance, town = make.chance, places.town(make.chance, make.name_group)
    first = make.child("homonym", make.house(common=True), town, make.live_at(town))
    first.never_named = first.named_later = False
    near = make.often(make.profile.homonyms_in_one_area)
    other_town = town if near else make.elsewhere(town)
    district = first.home.postcode.split(" ")[0] if near and make.often(0.5) else None
    house = replace(make.house(), family=first.house.family, father_family=first.house.father_family)
    died = first.died + timedelta(days=chance.randint(3, 500))
    second = make.child(
        "homonym", house, other_town, make.live_at(other_town, district), sex=first.sex, name=first.name,
        born=first.born.replace(hour=chance.randint(0, 23)), died=died, registered=first.registered,
    )  # fmt: skip
    second.never_named = second.named_later = False
    if make.often(0.6):
        second.name = replace(second.name, middle=naming.child_name(chance, house, first.sex).middle)
    return [first, second]


def same_ward(make: Maker) -> list[Child]:
    """Newborns of one day and ward whose mothers bear one common name. Nothing but coincidence joins them."""
    chance, town = make.chance, places.town(make.chance, make.name_group)
    count = 2 if make.often(0.9) else 3
    first_house = make.house(common=True)
    born = make.now - newborn_age(chance)
    hospital = chance.choice(town.hospitals)
    sex, together = chance.choice("MF"), make.often(0.5)
    children: list[Child] = []
    for _ in range(count):
        house = make.house(common=True)
        if make.often(0.7):
            house = replace(house, family=first_house.family, mother_family=first_house.family)
        died = make.now + timedelta(hours=chance.uniform(0, 10)) if together else born + newborn_age(chance)
        child = make.child(
            "same_ward", house, town, make.live_at(town), sex=sex if make.often(0.7) else None,
            died=max(died, make.now),
            born=born.replace(hour=chance.randint(0, born.hour)), birth_hospital=hospital, hospital=hospital,
            sudden=False,
        )  # fmt: skip
        child.never_named = make.often(0.6)
        children.append(child)
    return children


def cousins(make: Maker) -> list[Child]:
    """Two mothers and one roof, or one site: one surname, one address, ages near. Travellers' cousins may share a name."""
    chance, town = make.chance, places.town(make.chance, make.name_group)
    house, home = make.house(), make.live_at(town)
    shared = make.often(0.3)
    event = event_reference(make, town) if shared else None
    first = make.child("cousins", house, town, home, event=event)
    other = replace(make.house(), family=house.family, father_family=house.father_family, way=house.way)
    born = first.born + timedelta(days=chance.choice((-1, 1)) * chance.randint(3, 700))
    if born > make.now:
        born = first.born - timedelta(days=chance.randint(3, 700))
    died = (
        make.now + timedelta(minutes=chance.randint(0, 90))
        if shared
        else make.now + timedelta(days=chance.randint(2, 400))
    )
    second = make.child("cousins", other, town, home, event=event, born=born, died=died)
    if make.name_group == "traveller" and make.often(0.5):
        second.sex, second.name = first.sex, replace(first.name, middle=second.name.middle)
    elif second.name.given == first.name.given:
        second.name = naming.child_name(chance, other, second.sex, frozenset({first.name.given or ""}))
    return [first, second]


def one_event(make: Maker) -> list[Child]:
    """Classmates in one crash: one day, one scene, one reference, near ages, nothing else."""
    chance, town = make.chance, places.town(make.chance, make.name_group)
    event, scene = event_reference(make, town), places.home(chance, places.postcode(chance, town))
    years = chance.randint(6, 16)
    children = []
    groups = make.profile.name_groups
    reference = event if make.often(make.profile.one_reference) else None
    for _ in range(chance.randint(3, 6)):
        if make.often(0.5):
            make.name_group = chance.choices(list(groups), list(groups.values()))[0]
        age = timedelta(days=years * 365.25 + chance.randint(0, 364))
        child = make.child(
            "one_event", make.house(common=make.often(0.3)), town, make.live_at(town), age=age, sudden=True, event=event,
            scene=scene, police_reference=reference,
        )  # fmt: skip
        children.append(child)
    return children
