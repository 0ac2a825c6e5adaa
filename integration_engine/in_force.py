"""The rules in force: the reference data and switches that settings name, and what one command lays over them.

The one place where the engine's reference data is put together, so that worker, trial, planning and decisions decide alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from integration_engine.broker.topology import Topology, load_topology
from integration_engine.record.age import AgeRules
from integration_engine.routing.reference import Reference, load_reference
from integration_engine.routing.switches import Switches
from integration_engine.routing.tables import DUSK
from integration_engine.settings import Settings, SettingsError, problem_of
from integration_engine.settings.switches import SwitchSettings


@dataclass(frozen=True, eq=False)
class Rules:
    """What routing decides by, and the adapters' part of it: who may have been a child."""

    reference: Reference
    switches: Switches
    age_rules: AgeRules


def rules_in_force(
    settings: Settings,
    *,
    tables: Path | None = None,
    footprints: Sequence[Path] = (),
    postcodes: Path | None = None,
    switched: Sequence[str] = (),
) -> Rules:
    """The reference data and switches that settings name.

    Parameters: ``tables`` and ``postcodes`` stand in for those of the settings; ``footprints`` are laid over besides them;
    ``switched`` are single switches, each written ``name=value`` (``cdop_due_of.BERKS=48h`` for one panel).
    Raises ReferenceDataError (a table or footprint), SettingsError (a switch).
    """
    reference = load_reference(
        tables or settings.reference,
        postcodes or settings.postcodes,
        settings.sites,
        (*settings.footprint, *footprints),
    )
    chosen = _switched(settings, switched)
    if strangers := sorted((chosen.get("cdop_due_of") or {}).keys() - reference.cdops.bodies.keys()):
        raise SettingsError([("switches.cdop_due_of", f"no panel has the code {', '.join(strangers)}")])
    age_rules = settings.model_copy(update={"switches": chosen}).age_rules
    return Rules(reference, Switches(**dict(chosen)), age_rules)  # type: ignore[arg-type]  # checked as settings


def topology_in_force(settings: Settings, rules: Rules | None = None) -> Topology:
    """The broker's topology with a queue for every panel and team of the reference data in force: a merger's new panel has
    its queue before its first case. Raises as ``rules_in_force``."""
    reference = (rules or rules_in_force(settings)).reference
    bodies = {"cdop": reference.cdops.bodies.values(), "team": reference.jar_teams.bodies.values()}
    # A panel that a local change closes still has what was delivered to it, and keeps its queue: the shipped list's.
    more = {name: [one.code for one in some if one.span.last == DUSK] for name, some in bodies.items()}
    return load_topology(more=more)


def _switched(settings: Settings, switched: Sequence[str]) -> SwitchSettings:
    """The switches of the settings with single ones changed. Raises SettingsError with all that can't be."""
    chosen: dict[str, Any] = dict(settings.switches)
    for text in switched:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError([("switch", "a switch is written name=value")])
        name, _, panel = name.strip().partition(".")
        if panel:
            inner = chosen.get(name)
            chosen[name] = {**(inner if isinstance(inner, Mapping) else {}), panel: value.strip()}
        else:
            chosen[name] = value.strip()
    try:
        return TypeAdapter(SwitchSettings).validate_python(chosen)
    except ValidationError as error:
        wrong = [problem_of(each) for each in error.errors(include_input=False, include_url=False)]
        raise SettingsError([(f"switches.{name}", why) for name, why in wrong]) from None
