"""One cell of the design: a training under some of the threats, and what its policy is worth."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from rallypoint.agents.build import build_world
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.saved import load_policies
from rallypoint.agents.sb3.threads import torch_threads
from rallypoint.agents.train import Outcome, Training, learner_of, train
from rallypoint.agents.train import check as check_training
from rallypoint.batch_env import Mask
from rallypoint.config import from_dict
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.factorial.config import FactorialConfig
from rallypoint.experiments.factorial.design import design
from rallypoint.registration import make
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.recorder import account
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS, SITES

_OURS = Path(__file__).with_name("threats.toml")
_TESTS = 1  # root seed of tests, the same for all cells
_NOBODY = (
    "all agents of {env} are Byzantine, so nobody is left whose return counts; name or draw fewer"
)


class Switch(NamedTuple):
    """Threats that are on or off together."""

    name: str
    threats: tuple[int, ...]  # their places in the file


class Cell(NamedTuple):
    """What one training came to."""

    worth: float  # mean return of those who are not Byzantine
    outcome: Outcome
    tested: tuple[Receipt, ...]  # of threats in tests
    wrong: tuple[str, ...]  # where receipts disagree, of training and tests


def threat_model(config: FactorialConfig) -> ThreatModel:
    """Return all threats there are to switch.

    Raises:
        RallypointError: the file cannot be read, or meant; or its learner would not meet them all.
    """
    named = config.threats or _OURS
    model = (
        ThreatModel.from_dict(named) if isinstance(named, dict) else ThreatModel.from_toml(named)
    )
    unmet = model.at(*OF_ROUNDS).threats
    if unmet and getattr(learner_of(config.agent), "learner", None) != "contributors":
        raise InvalidConfig(
            f"{config.agent} sends no updates to a server, so "
            f"{', '.join(threat.kind for threat in unmet)} would change nothing: take a learner "
            "that has contributors, or another file"
        )
    return model


def switches(model: ThreatModel, by: str) -> list[Switch]:
    """Return what is switched: all threats at one site together, or each alone."""
    if by == "channel":
        sites = [site for site in SITES if any(t.site == site for t in model.threats)]
        places = {
            site: tuple(i for i, t in enumerate(model.threats) if t.site == site) for site in sites
        }
        return [Switch(site, places[site]) for site in sites]
    kinds = [threat.kind for threat in model.threats]
    return [
        Switch(kind if kinds.count(kind) == 1 else f"{kind}-{place}", (place,))
        for place, kind in enumerate(kinds)
    ]


def measure(config: FactorialConfig, model: ThreatModel, on: Sequence[Switch], seed: int) -> Cell:
    """Train one policy while some switches are on, and test it.

    Raises:
        InvalidConfig: returns that have no logarithm, where that is asked for.
        RallypointError: the training cannot be carried out.
    """
    kept = sorted(place for switch in on for place in switch.threats)
    some = replace(model, threats=tuple(model.threats[place] for place in kept))
    training = _training(config, some, seed)
    with TemporaryDirectory() as folder, torch_threads(1):
        outcome = train(training, Path(folder))
        plain = make(config.env, copies=1, **config.world)
        policy = next(iter(load_policies(Path(folder), plain).values()))
        # Of no threats, too, one knows who is Byzantine.
        lived = some.in_world() if config.response == "lived" else None
        world = build_world(
            config.env,
            copies=config.tests,
            settings=config.world,
            threats=lived,
            seed=seed,
            policy=policy,
        )
        found = evaluate(world, policy, episodes=config.tests, seed=_TESTS)
    receipts, wrong = account(world)
    honest = np.broadcast_to(~_byzantine(model, config, found.agents), found.returns.shape)
    if isinstance(world, Threatened) and _lie(model, config):
        world.reset(_TESTS)  # each copy's only episode begins again, and so who lies in it
        honest = honest & ~world.byzantine
    if not honest.any():
        raise InvalidConfig(_NOBODY.format(env=config.env))
    worth = float(np.mean(found.returns[honest]))
    if config.scale == "log":
        if worth <= 0:
            raise InvalidConfig(f"a return of {worth:.4g} has no logarithm: take --scale return")
        worth = float(np.log(worth))
    return Cell(worth, outcome, receipts, (*outcome.disagreements, *wrong))


def check(config: FactorialConfig) -> None:
    """Refuse what cannot be switched, or trained under all of it.

    Raises:
        RallypointError: says why.
    """
    model = threat_model(config)
    design(len(switches(model, config.by)), config.cells)
    check_training(_training(config, model, 0))
    world = make(config.env, copies=1, **config.world)
    _byzantine(model, config, world.agents)
    world.close()


def _training(config: FactorialConfig, model: ThreatModel, seed: int) -> Training:
    team = from_dict(Team, config.contributors, where="team") if config.contributors else None
    return Training(
        env=config.env,
        agent=config.agent,
        steps=config.steps,
        seed=seed,
        copies=config.copies,
        env_settings=config.world,
        settings=config.learner,
        threats=model if model.threats else None,
        team=team,
    )


def _byzantine(model: ThreatModel, config: FactorialConfig, agents: Sequence[str]) -> Mask:
    """Return which agents are Byzantine in every episode, (N,): what they earn is nobody's concern.

    Raises:
        InvalidConfig: all of them are.
    """
    members = (model.byzantine and model.byzantine.members) or ()
    if not _lie(model, config):
        members = ()
    liars = np.array([place in members or name in members for place, name in enumerate(agents)])
    if liars.all():
        raise InvalidConfig(_NOBODY.format(env=config.env))
    return liars


def _lie(model: ThreatModel, config: FactorialConfig) -> bool:
    """Whether agents are meant by the Byzantine: workers are, unless they lie in the world too."""
    lie_there = any(threat.victims == "byzantine" for threat in model.in_world().threats)
    return lie_there or config.contributors.get("contributors") == "team"
