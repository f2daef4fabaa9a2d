"""A threat model in words: who, when, what, how much, knowing what, and in which order."""

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

from rallypoint.batch_env import BatchEnv
from rallypoint.plain_json import to_json
from rallypoint.safety.enforcement.ballot import covered
from rallypoint.safety.limits import (
    Budget,
    Schedule,
    Share,
    as_budget,
    as_schedule,
    as_victims,
)
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS, SITES, Threat

_REPLACES = ("observation", "action", "interruption", "feedback")  # sites: one lie for another
_ONCE = "drawn once, for the whole run"
_FEW = 6  # agents that are named one by one


class Sentence(NamedTuple):
    """One thing that is said of a threat."""

    about: str
    says: str


class Told(NamedTuple):
    """A threat in words."""

    number: int  # which of the model's threats it is
    threat: Threat
    sentences: tuple[Sentence, ...]


def told(model: ThreatModel, env: BatchEnv, contributors: Sequence[str] = ()) -> list[Told]:
    """Say what each threat of a model does in a world, in the order in which they act.

    Args:
        model: the threats.
        env: the world.
        contributors: who sends updates, if anybody does: the world's agents, or workers with
            copies of their own, all agents in which lie if they are Byzantine.
    """
    numbered = zip(model.numbers, model.threats, strict=True)
    ordered = sorted(numbered, key=lambda item: SITES.index(item[1].site))
    return [
        Told(index, threat, tuple(_said(threat, model, env, contributors)))
        for index, threat in ordered
    ]


def byzantine_in_words(model: ThreatModel, env: BatchEnv, contributors: Sequence[str] = ()) -> str:
    """Say who lies, among the agents of a world or those who send updates."""
    if model.byzantine is None:
        return "nobody"
    victims = as_victims(model.byzantine.victims)
    if contributors:
        noun = "agent" if _is_team(env, contributors) else "worker"
        return _victims(victims, contributors, noun, _ONCE)
    return _victims(victims, env.agents)


def notes(model: ThreatModel, env: BatchEnv, contributors: Sequence[str] = ()) -> list[str]:
    """Say what may surprise in a model that can be meant."""
    found = []
    if not contributors and model.at("update", "transport").threats:
        found.append(
            "Who sends updates is not known here, so none were tried: say --workers N, or --team."
        )
    for index, threat in zip(model.numbers, model.threats, strict=True):
        if threat.victims == () or 0 in as_budget(threat.budget).__dict__.values():
            found.append(f"threats[{index}] ({threat.kind}) may touch nobody, so it never acts.")
        elif getattr(threat, "theta", None) == 0:
            found.append(f"threats[{index}] ({threat.kind}) has theta = 0, so it never acts.")
    by_site: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for index, threat in zip(model.numbers, model.threats, strict=True):
        if threat.site in _REPLACES:
            what = f"{threat.site} {getattr(threat, 'signal', '')}"
            who = _at_most(threat, model, env, contributors)
            by_site.setdefault(what, []).append((f"threats[{index}]", who))
    for several in by_site.values():
        names = [
            name
            for name, who in several
            if any(who & others for other, others in several if other != name)
        ]
        if names:
            listed = f"{', '.join(names[:-1])} and {names[-1]}"
            found.append(f"Where {listed} touch one agent at once, the last has the last word.")
    return found


def _at_most(
    threat: Threat, model: ThreatModel, env: BatchEnv, contributors: Sequence[str]
) -> frozenset[str]:
    """Return all agents that a threat may turn out to be meant for."""
    victims = as_victims(threat.victims)
    if victims == "byzantine" and model.byzantine is not None:
        if contributors and not _is_team(env, contributors):
            return frozenset(env.agents)  # in some copies all
        victims = as_victims(model.byzantine.victims)
    return covered(victims, env.agents)


def _is_team(env: BatchEnv, contributors: Sequence[str]) -> bool:
    return tuple(contributors) == env.agents


def _said(
    threat: Threat, model: ThreatModel, env: BatchEnv, contributors: Sequence[str]
) -> list[Sentence]:
    victims = as_victims(threat.victims)
    if threat.site in OF_ROUNDS:
        among = () if threat.site == "server" else contributors
        whom = _senders(victims, "servers" if threat.site == "server" else "contributors", among)
    elif victims == "byzantine":
        lies = byzantine_in_words(model, env, contributors)
        own_copies = contributors and not _is_team(env, contributors)
        whom = f"{'all in the copies of ' if own_copies else ''}the Byzantine: {lies}"
    else:
        whom = _victims(victims, env.agents)
    what = threat.in_words()
    # Whose kind says the same whatever it is set to is told by what it is set to, too.
    settings = _settings(threat) if what == Threat.in_words(threat) else ""
    said = [
        Sentence("does", what.pop("does")),
        *([Sentence("with", settings)] if settings else []),
        Sentence("to", whom),
        Sentence("when", _when(as_schedule(threat.when), threat.site)),
        *(Sentence(about, says) for about, says in what.items()),
        Sentence("budget", _budget(as_budget(threat.budget))),
        Sentence("knows", _knowledge(threat.knowledge, threat.site)),
    ]
    if threat.seed is not None:
        said.append(Sentence("draws", f"by seed {threat.seed}, its own"))
    return said


def _settings(threat: Threat) -> str:
    """Say what is set of a threat's own, as in a file."""
    common = {"kind", *(setting.name for setting in fields(Threat))}
    own = {key: value for key, value in threat.to_dict().items() if key not in common}
    return ", ".join(f"{key} = {to_json(value)}" for key, value in own.items())


def _victims(
    victims: str | tuple[str | int, ...] | Share,
    among: Sequence[str],
    noun: str = "agent",
    drawn: str = "drawn anew in every copy and episode",
) -> str:
    everybody = _counted(len(among), noun)
    if isinstance(victims, Share):
        victims.of(len(among))  # refuses what cannot be
        return f"{_number_of(victims, len(among))} of {everybody}, {drawn}"
    if isinstance(victims, str):
        return f"all {everybody}" if len(among) > 1 else f"{among[0]}, who is alone"
    names = [one if isinstance(one, str) else among[one] for one in victims]
    if not names:
        return "nobody"
    rest = len(names) - _FEW
    more = f" and {_counted(rest, f'more {noun}')}" if rest > 0 else ""
    return f"{', '.join(names[:_FEW])}{more}"


def _number_of(share: Share, among: int = 0) -> str:
    if share.counts is not None:
        return f"as many as is drawn from {', '.join(map(str, share.counts))}"
    return str(share.of(among) if share.count is None else share.count)


def _senders(victims: str | tuple[str | int, ...] | Share, noun: str, among: Sequence[str]) -> str:
    """Say whose updates, or models, are meant; among whom may not be known."""
    if among and victims != "byzantine":
        return _victims(victims, among, noun.removesuffix("s"), _ONCE)
    if isinstance(victims, Share):
        part = "" if victims.fraction is None else f"{victims.fraction:.0%}"
        return f"{part or _number_of(victims)} of the {noun}"
    if isinstance(victims, str):
        return f"the Byzantine {noun}" if victims == "byzantine" else f"all {noun}"
    return ", ".join(map(str, victims)) or "nobody"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _when(when: Schedule, site: str) -> str:
    unit = _unit(site)
    often = f"at every {unit}" if when.every == 1 else f"every {when.every} {unit}s"
    first = f" from {unit} {when.from_} on" if when.from_ or when.every > 1 else ""
    last = "" if when.until is None else f", the last before {unit} {when.until}"
    chance = when.probability
    coin = "" if chance == 1 else f"; each agent on its own coin, with probability {chance:g}"
    return f"{often}{first}{last}{coin}"


def _budget(budget: Budget) -> str:
    limits = {
        "steps_per_episode": "at most {} steps on each agent in an episode",
        "agents": "at most {} agents in a copy and episode",
        "rounds": "at most {} rounds for each",
        "norm": "updates no longer than {}",
    }
    said = [
        words.format(f"{value:g}")
        for name, words in limits.items()
        if (value := getattr(budget, name)) is not None
    ]
    if budget.reach is not None:
        said.append(_reach(budget.reach))
    return "; ".join(said) or "no limit"


def _reach(reach: Reach) -> str:
    """Say how far lies about percepts may go."""
    whose = "all victims of a copy together" if reach.shared else "each victim"
    if reach.neighbours is not None:
        limit = "" if reach.episode is None else f", {reach.episode:g} times in an episode"
        return f"for {whose}, other numbers than the true one, from a list of each{limit}"
    unit = "" if reach.scale == 1 else f", entry by entry in units of {_units(reach)}"
    limits = [
        f"{size:g} {when}"
        for size, when in ((reach.step, "at a step"), (reach.episode, "in an episode"))
        if size is not None
    ]
    norm = {"linf": "l_inf", "l2": "l2"}[reach.norm]
    said = " and ".join(limits) or "any size"
    return f"for {whose}, lies of at most {said} ({norm}{unit})"


def _units(reach: Reach) -> str:
    if isinstance(reach.scale, str):
        return "half the width of what can be seen"
    units = reach.scale if isinstance(reach.scale, tuple) else (reach.scale,)
    return ", ".join(f"{unit:g}" for unit in units)


def _knowledge(views: Sequence[str], site: str) -> str:
    seen = ", ".join(views)
    now = f"whom it may touch now, the {_unit(site)}"
    return f"{now}{f', {seen}' if seen else '; nothing else'}"


def _unit(site: str) -> str:
    return "round" if site in OF_ROUNDS else "step"
