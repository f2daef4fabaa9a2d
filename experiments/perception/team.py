"""What is claimed of four agents that must get past one another and are lied to."""

from collections.abc import Generator, Iterator, Mapping

import numpy as np

from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import Finding, Metric
from rallypoint.experiments.perception import PATHFINDING, SUN
from rallypoint.experiments.perception.attacks import GRADIENT, JUDGED, TRAJECTORY, Attack
from rallypoint.experiments.perception.config import TeamConfig
from rallypoint.experiments.perception.measure import Bench
from rallypoint.experiments.perception.study import Found, Subject

_SMALL, _LARGE = TeamConfig.claimed
# Of a budget that a team shares: everybody a little, or one all of it, found in one of three ways.
SHARED = (
    Attack("pgd", _LARGE, shared=True),
    Attack("pgd", _LARGE, shared=True, at_most=1, by="order"),
    Attack("pgd", _LARGE, shared=True, at_most=1, by="random"),
    Attack("pgd", _LARGE, shared=True, at_most=1, by="harm"),
)


def claims(found: Found) -> Iterator[Claim]:
    """Judge teams as they are."""
    attacked = found.attacked
    yield claim_over_seeds(
        "T1/clean",
        found.clean,
        statement="nobody lies: share of the agents that arrive (published: 95.8 %)",
        source=PATHFINDING,
        expected=">= 0.9",
    )
    yield claim_over_seeds(
        f"T1/random-{_LARGE:g}",
        found.clean - attacked["random_percept", _LARGE],
        statement=f"random lies of {_LARGE:g} take next to nothing: loss of the share that arrives",
        source=PATHFINDING,
        expected="<= 0.05",
    )
    yield claim_over_seeds(
        f"T1/strongest-{_LARGE:g}",
        found.worst(_LARGE),
        statement=f"the strongest attack of {_LARGE:g} lets nearly nobody arrive: share that does "
        "(published: 2.5 %)",
        source=PATHFINDING,
        expected="<= 0.1",
    )
    yield claim_over_seeds(
        f"T2/looking-ahead-{_SMALL:g}",
        found.worst(_SMALL, (*TRAJECTORY, *JUDGED)) / found.worst(_SMALL, GRADIENT),
        statement="who knows what comes of it in the end finds stronger lies, as on CartPole: "
        f"strongest attack that does over strongest that looks at one action, at {_SMALL:g}",
        source=SUN,
        expected="<= 0.75",
    )


def certified(
    bench: Bench, config: TeamConfig, way: str, policy: GradientPolicy, found: Found
) -> Iterator[Finding]:
    """Certify teams of one training against small lies, and tell of the median one."""
    for epsilon in sorted(config.certified_at):
        found.certified[epsilon] = bench.certified(policy, epsilon)
        yield Metric(f"{way}-certified-{epsilon:g}", float(np.median(found.certified[epsilon])))


def certificates(
    bench: Bench, policy: GradientPolicy, found: Found, config: TeamConfig
) -> Iterator[Finding]:
    """Hold what is certified of teams as they are against what attacks leave of them."""
    yield from certified(bench, config, "plain", policy, found)
    subject = Subject(bench, "plain", policy)
    beyond = [found.certified[size] - found.worst(size) for size in config.epsilons]
    for epsilon in sorted(config.certified_at):
        left = yield from subject.under(Attack("pgd", epsilon))
        beyond.append(found.certified[epsilon] - left)
    yield claim_over_seeds(
        "T4/certified",
        np.max(beyond, axis=0),
        statement="no attack of any size takes an agent from its goal that surely arrives: share "
        "that surely does, less that under the strongest attack, in the same episodes, at most",
        source=f"ours, {PATHFINDING}",
        expected="<= 0 on every seed",
    )


def shared_budgets(
    bench: Bench, policy: GradientPolicy, found: Found
) -> Generator[Finding, None, Mapping[str, Floats]]:
    """Attack a team with one budget for all, spent on all or on one at a time."""
    subject = Subject(bench, "plain", policy)
    left: dict[str, Floats] = {}
    for attack in SHARED:
        left[attack.name] = yield from subject.under(attack)
    told = {name: float(np.median(share)) for name, share in left.items()}
    yield Metric("shared-budget", {"clean": float(np.median(found.clean)), **told})
    everybody, *_, most_harmed = left.values()
    yield claim_over_seeds(
        f"T5/one-of-four-{_LARGE:g}",
        everybody - most_harmed,
        statement=f"a budget of {_LARGE:g} that four share does more harm if the one it harms most "
        "gets all of it at each step than if each gets a quarter: difference of the shares that "
        "arrive",
        source="in the setting of Lin, Dzeparoska, Zhang, Leon-Garcia & Papernot (2020), On the "
        "Robustness of Cooperative Multi-Agent Reinforcement Learning, arXiv:2003.03722",
        expected="> 0",
    )
    return left
