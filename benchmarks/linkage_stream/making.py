"""Makes a child with everything that the story of its family leaves open."""

from datetime import date, datetime, timedelta
from random import Random

from benchmarks.linkage_stream import naming, places
from benchmarks.linkage_stream.child import Birth, Child
from benchmarks.linkage_stream.naming import Household, Name
from benchmarks.linkage_stream.numbers import NumberBook
from benchmarks.linkage_stream.places import Home, Town
from benchmarks.linkage_stream.profile import Profile

_PAPERS_SAY_NEW_YEAR = ("arabic", "somali")  # births that were written down years later, abroad
_TERM = 40


class Maker:
    """Makes the children of one group, at ``now``, the day of the first death. ``chance`` is the group's own."""

    def __init__(self, profile: Profile, numbers: NumberBook, chance: Random, group: str, now: datetime) -> None:
        self.profile, self.numbers, self.chance, self.group, self.now = profile, numbers, chance, group, now
        self._made = 0
        groups = profile.name_groups
        self.name_group = chance.choices(list(groups), list(groups.values()))[0]

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def truth(self) -> str:
        self._made += 1
        return f"{self.group}-{self._made}"

    def house(self, common: bool = False) -> Household:
        return naming.household(self.chance, self.name_group, common)

    def live_at(self, town: Town, district: str | None = None) -> Home:
        home = places.home(self.chance, places.postcode(self.chance, town, district))
        if self.name_group == "traveller" and self.often(0.5):  # a site: one postcode and no house numbers
            return Home(home.postcode, f"{self.chance.randint(1, 16)} Caravan Site, {places.street(home.postcode)}")
        return home

    def age(self) -> timedelta:
        """Time lived: half die in the first month, most of these on the first days."""
        chance, spot = self.chance, self.chance.random()
        if spot < self.profile.newborn:
            return newborn_age(chance)
        if spot < self.profile.newborn + self.profile.infant:
            return timedelta(days=28 + min(336.0, chance.expovariate(1 / 110)), minutes=chance.randint(0, 1439))
        years = chance.choices(range(1, 18), [9, 5, 4, 3, 3, 2.5, 2.5, 2.5, 2.5, 2.5, 3, 3, 3.5, 4, 5, 6, 7])[0]
        return timedelta(days=years * 365.25 + chance.randint(0, 363), minutes=chance.randint(0, 1439))

    def child(
        self, kind: str, house: Household, town: Town, home: Home, *, sex: str | None = None, name: Name | None = None,
        died: datetime | None = None, born: datetime | None = None, age: timedelta | None = None, sudden: bool | None = None,
        **known: object,
    ) -> Child:  # fmt: skip
        """A child with everything made up that isn't given; ``known`` are other fields of ``Child``."""
        chance = self.chance
        sex = sex or ("M" if self.often(0.55) else "F")
        died = died or self.now
        born = born or died - (age or self.age())
        newborn = (died - born).days < 28
        if sudden is None:
            sudden = self.often(0.06 if newborn else 0.45)
        hospital = chance.choice(town.hospitals)
        made = Child(
            truth=self.truth(),
            group=self.group,
            kind=kind,
            house=house,
            name=name or naming.child_name(chance, house, sex),
            sex=sex,
            born=born,
            registered=self._registered(born, newborn),
            died=died,
            home=home,
            town=town,
            birth_hospital=hospital,
            hospital=hospital if self.often(0.7) else chance.choice(self.elsewhere(town).hospitals),
            practice=places.practice(chance, home.postcode),
            number=None if self.often(self.profile.without_number) else self.numbers.next()[0],
            mother_number=self.numbers.next()[0],
            birth=birth(chance, newborn),
            sudden=sudden,
        )
        if newborn:
            made.never_named = self.often(self.profile.unnamed)
            made.named_later = not made.never_named and self.often(self.profile.named_later)
        if sudden and self.often(0.5):
            made.found = made.died + timedelta(minutes=chance.randint(5, 2000 if self.often(0.3) else 300))
            made.scene = places.home(chance, places.postcode(chance, town)) if self.often(0.45) else home
        made.old_home = self.live_at(town if self.often(0.7) else self.elsewhere(town))
        if made.number and self.often(self.profile.number_changed):
            made.former_number = self.numbers.next()[0]
        for key, value in known.items():
            setattr(made, key, value)
        return made

    def elsewhere(self, town: Town) -> Town:
        other = places.town(self.chance, self.name_group)
        return other if other.name != town.name else town

    def _registered(self, born: datetime, newborn: bool) -> date:
        abroad = self.name_group in _PAPERS_SAY_NEW_YEAR and not newborn and (self.now - born).days > 1500
        if abroad and self.often(10 * self.profile.registered_new_year):
            return date(born.year, 1, 1)
        return born.date()


def newborn_age(chance: Random) -> timedelta:
    hours = chance.choices(
        [chance.uniform(0.1, 6), chance.uniform(6, 24), chance.uniform(24, 168), chance.uniform(168, 670)],
        [32, 18, 26, 24],
    )[0]
    return timedelta(hours=hours)


def birth(chance: Random, newborn: bool, count: int = 1, order: int = 1) -> Birth:
    middle = 29 if newborn else 38
    weeks = max(21, min(42, round(chance.gauss(middle - 2 * (count - 1), 6 if newborn else 2.5))))
    typical = 3400 * (weeks / _TERM) ** 3
    return Birth(max(280, round(chance.gauss(typical, typical * 0.14))), weeks, count, order)


def event_reference(make: Maker, town: Town) -> str:
    """The number of an incident in the police's and the ambulance's logs."""
    return f"{town.area}{make.now:%y%m%d}-{make.chance.randint(1, 9999):04d}"
