"""Learning from contributors some of whose trajectories are lies, filtered inside or aggregated."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.server import Server
from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Draws, Floats, stream
from rallypoint.experiments.experiment import Advance, Finding, Metric, Progress, Receipts, Row
from rallypoint.experiments.sever.config import SeverConfig
from rallypoint.experiments.sever.trajectories import lies_of, model_of
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt, combined, disagreements

_COPIES = 10  # of each contributor, each of which is a trajectory or more in a fragment
_STEPS = 64  # of a fragment
_LENGTH = 200  # of an episode, at most
_EPISODES = 20  # that a policy is tested in
_SCENES = ("none", "spread", "whole", "single")
_RULE = "trimmed_mean"  # across contributors
# By which rule updates are aggregated, and by which filter trajectories are left out before.
_BY: dict[str, tuple[str, str | None]] = {
    "mean": ("mean", None),
    "across": (_RULE, None),
    "inside": ("mean", "sever"),
    "both": (_RULE, "sever"),
}


def findings(config: SeverConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Learn in every way among every kind of lies, and judge what it comes to."""
    earned: dict[tuple[str, str], Floats] = {}
    with progress("learning", len(_SCENES) * len(_BY) * config.rounds) as advance:
        for scene in _SCENES:
            told: list[Learned] = []
            for way in _BY:
                found = learned(config, scene, way, seeds, advance)
                told.append(found)
                earned[scene, way] = found.returns
                for seed, value in zip(seeds, found.returns.tolist(), strict=True):
                    yield Row({"learned": scene, "way": way, "seed": seed, "return": value})
                yield Metric(f"learned/{scene}/{way}/return", float(found.returns.mean()))
                yield Metric(f"learned/{scene}/{way}/left_out", found.left_out)
            summed = [
                combined(parts) for parts in zip(*(one.receipts for one in told), strict=True)
            ]
            wrong = tuple(says for one in told for says in one.wrong)
            yield Receipts(f"learned/{scene}", [one.to_dict() for one in summed], wrong)
    yield from _judge(earned)


def _judge(earned: Mapping[tuple[str, str], Floats]) -> Iterator[Claim]:
    """Judge returns (R,) by scene and way."""
    plain = earned["none", "mean"].mean()

    def claim(name: str, values: Floats, words: str, expected: str) -> Claim:
        return claim_over_seeds(
            f"sever/learned/{name}",
            values / plain,
            statement=f"{words}: return in the end, as a share of that of the mean without lies",
            source="ours",
            expected=expected,
        )

    yield claim(
        "none/inside",
        earned["none", "inside"],
        "where nobody lies, contributors that filter learn as much",
        ">= 0.9",
    )
    yield claim(
        "spread/across",
        earned["spread", "across"],
        "where a tenth of everybody's trajectories are loud lies, a robust rule across does not "
        "help",
        "<= 0.7",
    )
    yield claim(
        "spread/inside",
        earned["spread", "inside"],
        "and a filter inside does",
        ">= 0.9",
    )
    worst = np.min([earned[scene, "both"] for scene in ("spread", "whole")], axis=0)
    yield claim(
        "both",
        worst,
        "a filter inside and a rule across learn among either kind of lies, judged by the worse",
        ">= 0.8",
    )


class Learned(NamedTuple):
    """What came of learning in one way among one kind of lies."""

    returns: Floats  # (R,) of each seed's policy in the end, where nobody lies
    left_out: float  # share of trajectories
    receipts: tuple[Receipt, ...]
    wrong: list[str]


def learned(
    config: SeverConfig, scene: str, way: str, seeds: Sequence[int], advance: Advance
) -> Learned:
    """Let PPO learn, all seeds side by side, each by itself."""
    rule, trajectory_filter = _BY[way]
    model = model_of(config.factor)
    lies = np.stack([lies_of(config, scene, seed, _COPIES) for seed in seeds])  # (R, n, copies)
    copies = [seed * 100_000 + k for seed in seeds for k in range(lies[0].size)]
    world = Threatened(
        rallypoint.make("cartpole-v1", copies=copies, max_cycles=_LENGTH),
        model,
        byzantine=lies.reshape(-1, 1),
    )
    learner = PpoLearner(
        policy=(16, 16),
        value=(16,),
        steps=_STEPS,
        learning_rate=5e-3,
        gamma=0.98,
        epochs=4,
        minibatch=_STEPS * _COPIES * config.contributors // 4,
        trajectory_filter=trajectory_filter,
        poisoned_share=None if trajectory_filter is None else config.share,
    )
    (group,) = world.groups
    networks = learner.architecture(group)
    starts = [networks.initial(stream(seed, "sever/learning/initial")) for seed in seeds]
    server = Server(
        np.stack(starts),
        [Aggregator.parse(rule)] * len(seeds),
        f=config.liars,
        seeds=seeds,
        optimiser=learner.server_optimiser,
        pace=learner.pace,
    )
    rounds = Rounds(
        Rollout(world, Draws(0, "sever/learning/act", world.copies)),
        networks,
        learner,
        Contributors(count=config.contributors, runs=len(seeds)),
        server,
        steps=_STEPS,
        seeds=seeds,
        contribution=learner.contribution,
        world_seed=0,  # copies have ids of their own, by seed
    )
    left_out = of = 0
    for report in rounds.run(config.rounds):
        left_out += sum(told.left_out for told in report.filtered)
        of += sum(told.of for told in report.filtered)
        advance()
    found = []
    for seed, weights in zip(seeds, rounds.weights, strict=True):
        test = rallypoint.make("cartpole-v1", copies=_EPISODES, max_cycles=_LENGTH)
        policy = GradientPolicy(networks, np.array(weights), group, greedy=True)
        found.append(evaluate(test, policy, episodes=_EPISODES, seed=seed).returns.mean())
    receipts = world.receipts()
    wrong = disagreements(model, receipts)
    return Learned(np.array(found), left_out / max(1, of), receipts, wrong)
