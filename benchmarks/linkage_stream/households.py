"""Children of one mother: twins, brothers and sisters. Each function makes all the dead children of one family."""

from datetime import datetime, timedelta

from benchmarks.linkage_stream import naming, places
from benchmarks.linkage_stream.child import Birth, Child, Sibling
from benchmarks.linkage_stream.making import Maker, birth, event_reference, newborn_age
from benchmarks.linkage_stream.naming import Household, Name


def single(make: Maker) -> list[Child]:
    town = places.town(make.chance, make.name_group)
    return [make.child("single", make.house(), town, make.live_at(town))]


def adopted(make: Maker) -> list[Child]:
    """Old name, number, home and practice given up for new ones; some records still have the old."""
    town = places.town(make.chance, make.name_group)
    birth_house, house = make.house(), make.house()
    age = timedelta(days=make.chance.randint(400, 5500), minutes=make.chance.randint(0, 1400))
    child = make.child("adopted", house, town, make.live_at(town), age=age)
    first = child.name.given if make.often(0.7) else naming.child_name(make.chance, birth_house, child.sex).given
    child.former_name = Name(first, None, birth_house.family)
    child.former_number = make.numbers.next()[0]
    return [child]


def multiple(make: Maker, lone: bool = False) -> list[Child]:
    """A multiple birth of whom two or more die, or (``lone``) one."""
    chance, profile = make.chance, make.profile
    town = places.town(chance, make.name_group)
    house, home = make.house(), make.live_at(town)
    count = chance.choices([2, 3, 4], [0.92, 0.07, 0.01])[0]
    identical = make.often(0.35)
    sexes = [chance.choice("MF")] * count if identical else [chance.choice("MF") for _ in range(count)]
    age = newborn_age(chance) if make.often(0.8) else make.age()
    born = make.now - age
    names = _twin_names(make, house, sexes)
    numbers = make.numbers.next(count, adjacent=make.often(0.7))
    unnamed = make.often(profile.twins_unnamed)
    mother_number = make.numbers.next()[0]
    first_weeks = birth(chance, age.days < 28, count)
    dying = 1 if lone else count if make.often(0.7) else 2
    orders = sorted(chance.sample(range(count), dying), key=lambda _: chance.random())
    children: list[Child] = []
    died = make.now
    for order in orders:
        if children:
            died = _later_death(make, make.now)
        birth_time = born + timedelta(minutes=chance.randint(1, 18) * order)
        died = max(died, birth_time + timedelta(minutes=4))
        weight = max(280, round(chance.gauss(first_weeks.weight, first_weeks.weight * 0.12)))
        child = make.child(
            "multiple_one" if lone else "multiple", house, town, home, sex=sexes[order], name=names[order], died=died,
            born=birth_time, mother_number=mother_number,
            birth=Birth(weight, first_weeks.gestation, count, order + 1),
        )  # fmt: skip
        child.number = child.number and numbers[order]
        if child.newborn:
            child.never_named = unnamed and make.often(0.9)  # one of two may have been named in time
        if children and make.now - birth_time < timedelta(hours=20) and make.often(profile.stillborn_told):
            child.stillborn = child.never_named = True
            child.number, child.died = None, birth_time
        children.append(child)
    _same_place(children)
    living = [order for order in range(count) if order not in orders]
    for order in living:
        stillborn = lone and make.often(0.15)
        for child in children:
            child.siblings.append(
                Sibling(
                    None if stillborn else numbers[order],
                    None if stillborn else names[order],
                    f"{make.group}-L{order}",
                    True,
                )
            )
    _know_each_other(children, twins=True)
    return children


def multiple_one(make: Maker) -> list[Child]:
    return multiple(make, lone=True)


def _twin_names(make: Maker, house: Household, sexes: list[str]) -> list[Name]:
    names: list[Name] = []
    if house.name_group == "wafrican" and house.way == "yoruba" and len(sexes) == 2 and make.often(0.5):
        return [Name(first, naming.given(make.chance, "wafrican", "yoruba", sex), house.family)
                for first, sex in zip(("Taiwo", "Kehinde"), sexes, strict=True)]  # fmt: skip
    if (
        house.name_group == "wafrican"
        and house.way == "akan"
        and len(sexes) == 2
        and sexes[0] == sexes[1]
        and make.often(0.5)
    ):
        day = naming.given(make.chance, "wafrican", "akan", sexes[0])
        return [Name(day, "Panyin", house.family), Name(day, "Kakra", house.family)]
    for sex in sexes:
        taken = frozenset(name.given or "" for name in names)
        if names and make.often(make.profile.twins_alike):
            named = naming.alike(make.chance, house, sex, names[-1])
        else:
            named = naming.child_name(make.chance, house, sex, taken)
        if any((named.given, named.middle) == (name.given, name.middle) for name in names):
            named = naming.child_name(make.chance, house, sex, taken)
        names.append(named)
    return names


def _later_death(make: Maker, first: datetime) -> datetime:
    if make.often(make.profile.twins_same_day):
        return first + timedelta(minutes=make.chance.randint(0, 600))
    if make.often(0.5):
        return first + timedelta(hours=make.chance.uniform(12, 150))
    return first + timedelta(days=make.chance.expovariate(1 / 60))


def _same_place(children: list[Child]) -> None:
    first = children[0]
    for child in children[1:]:
        child.birth_hospital, child.practice, child.old_home = first.birth_hospital, first.practice, first.old_home
        child.registered = first.registered if child.born.date() == first.born.date() else child.born.date()
        if first.hospital is first.birth_hospital:
            child.hospital = first.hospital


def _know_each_other(children: list[Child], twins: bool = False) -> None:
    for child in children:
        child.siblings += [
            Sibling(other.number, other.name, other.truth, twins) for other in children if other is not child
        ]


def siblings_incident(make: Maker) -> list[Child]:
    """A fire, a crash, a killing: siblings of different ages, one scene, one event, one day."""
    chance, town = make.chance, places.town(make.chance, make.name_group)
    house, home = make.house(), make.live_at(town)
    count = chance.choices([2, 3, 4], [0.75, 0.2, 0.05])[0]
    scene = home if make.often(0.5) else places.home(chance, places.postcode(chance, town))
    event, mother = event_reference(make, town), make.numbers.next()[0]
    reference = event if make.often(make.profile.one_reference) else None
    born = make.now - timedelta(days=chance.randint(300, 4000), minutes=chance.randint(0, 1400))
    children: list[Child] = []
    for _ in range(count):
        child = make.child(
            "siblings_incident", house, town, home, born=born, sudden=True, event=event, scene=scene,
            mother_number=mother,
            died=make.now if make.often(0.8) else make.now + timedelta(hours=chance.uniform(1, 90)),
        )  # fmt: skip
        child.name = _other_name(make, house, child, children)
        child.found = child.died + timedelta(minutes=40) if make.often(0.4) else None
        child.police_reference = reference
        children.append(child)
        born -= timedelta(days=chance.randint(300, 1500))
        if (make.now - born).days > 6500:
            break
    _same_place(children)
    _know_each_other(children)
    return children


def _other_name(make: Maker, house: Household, child: Child, others: list[Child]) -> Name:
    taken = frozenset(other.name.given or "" for other in others)
    return child.name if child.name.given not in taken else naming.child_name(make.chance, house, child.sex, taken)


def siblings_apart(make: Maker, namesake: bool = False) -> list[Child]:
    """Two children of one mother who die years apart; with ``namesake`` the younger bears the dead one's name."""
    chance, town = make.chance, places.town(make.chance, make.name_group)
    house, home = make.house(), make.live_at(town)
    mother = make.numbers.next()[0]
    kind = "namesake_sibling" if namesake else "siblings_apart"
    first = make.child(
        kind, house, town, home, mother_number=mother, age=make.age() if make.often(0.5) else newborn_age(chance)
    )
    gap = timedelta(days=chance.randint(290, 2200))
    born = first.died + gap if namesake or make.often(0.7) else first.born + gap
    lived = newborn_age(chance) if make.often(0.6) else timedelta(days=chance.randint(30, 1500))
    died = max(born + lived, first.died + timedelta(days=200))
    moved = home if make.often(0.6) else make.live_at(town)
    second = make.child(
        kind, house, town, moved, mother_number=mother, born=born, died=died, sex=first.sex if namesake else None,
    )  # fmt: skip
    second.name = first.name if namesake else _other_name(make, house, second, [first])
    if namesake:
        first.never_named = second.never_named = False
    _know_each_other([first, second])
    return [first, second]


def namesake_sibling(make: Maker) -> list[Child]:
    return siblings_apart(make, namesake=True)
