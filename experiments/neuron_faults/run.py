"""Breaks random networks beside every bound, then a policy that balances a pole."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats, stream
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Receipts, Row
from rallypoint.experiments.neuron_faults import AVERAGE, MATRICES, SOURCE
from rallypoint.experiments.neuron_faults.cartpole import BOUNDS, certified, played, visited
from rallypoint.experiments.neuron_faults.config import NeuronFaultsConfig
from rallypoint.experiments.neuron_faults.picture import picture
from rallypoint.experiments.neuron_faults.policies import learned, provisioned
from rallypoint.experiments.neuron_faults.random_networks import KINDS, attained, moved
from rallypoint.experiments.neuron_faults.waiting import PROBABILITY, gained, on_average

WAYS = (("crash", "random"), ("crash", "critical"), ("byzantine", "random"))
_CHANNEL = "neuron-faults"


def run(
    config: NeuronFaultsConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them."""
    yield from _bounds(config, seeds, progress)
    yield from _waiting(config, seeds)
    yield from _pole(config, seeds, progress)


def _bounds(
    config: NeuronFaultsConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Break random networks of every kind; judge F1, F2 and F3."""
    with progress("breaking random networks", len(KINDS) * len(seeds)) as advance:
        for kind in KINDS:
            found = np.empty((len(seeds), config.networks, 5))
            for place, seed in enumerate(seeds):
                for number in range(config.networks):
                    rng = stream(seed, _CHANNEL, kind, number)
                    found[place, number] = moved(rng, kind, config.spread, config.inputs)
                advance()
            closest = found[..., -1]
            yield claim_over_seeds(
                f"F1/{kind}",
                (closest > 1).sum(axis=1),
                statement=f"no output of {config.networks} random networks moves by more than any "
                f"bound says ({kind}, {config.inputs} inputs each): networks in which one does",
                source=SOURCE,
                expected="<= 0 on every seed",
            )
            yield Metric(f"{kind}/closest-to-a-bound", closest.max(axis=1).tolist())
            yield from _looseness(kind, found)
    for kind in ("crash", "byzantine"):
        shares = [attained(stream(seed, _CHANNEL, "attained", kind), kind) for seed in seeds]
        yield claim_over_seeds(
            f"F2/{kind}",
            shares,
            statement=f"saturated neurons that all push one way attain the bound ({kind}): share "
            "of it that is reached",
            source=SOURCE,
            expected=">= 0.999999 on every seed",
        )


def _looseness(kind: str, found: Floats) -> Iterator[Finding]:
    """Compare bounds, (R, networks, 5), of networks in which anything fails."""
    ratios = {"reached": (0, 1), "reached-by-matrices": (0, 2), "tighter": (1, 2)}
    medians = {
        name: [_median_ratio(each, *places) for each in found]
        for name, places in (ratios | {"tighter-where-known": (1, 3)}).items()
    }
    for name, values in medians.items():
        yield Metric(f"{kind}/{name}", values)
    if kind not in {"crash", "byzantine"}:
        return
    yield claim_over_seeds(
        f"F3/{kind}/published",
        medians["reached"],
        statement=f"the published bound is loose ({kind}): share of it that the worst input of the "
        "median network reaches",
        source=SOURCE,
        expected="<= 0.25",
    )
    yield claim_over_seeds(
        f"F3/{kind}/matrices",
        medians["tighter-where-known"],
        statement=f"whole matrices and masks of what failed bound tighter ({kind}): the published "
        "bound over ours, of the median network",
        source=MATRICES,
        expected=">= 5",
    )


def _median_ratio(found: Floats, above: int, below: int) -> float:
    some = found[:, 1] > 0
    return float(np.median(found[some, above] / found[some, below]))


def _waiting(config: NeuronFaultsConfig, seeds: tuple[int, ...]) -> Iterator[Claim]:
    """Judge networks that do not wait, and the average over crashes."""
    found = np.array(
        [gained(stream(seed, _CHANNEL, "waiting"), config.spread, config.inputs) for seed in seeds]
    )
    yield claim_over_seeds(
        "neuron_faults/boosting/faster",
        found[:, 0],
        statement="a network that leaves the slowest neuron of each layer out is faster: how many "
        "times",
        source=SOURCE,
        expected="> 1.2",
    )
    yield claim_over_seeds(
        "neuron_faults/boosting/bounded",
        found[:, 1],
        statement="and its outputs stay within the bound on so many crashes: largest share reached",
        source=SOURCE,
        expected="<= 1 on every seed",
    )
    yield claim_over_seeds(
        "neuron_faults/average",
        [on_average(stream(seed, _CHANNEL, "average")) for seed in seeds],
        statement=f"if each neuron of wide layers crashes with probability {PROBABILITY:g}, "
        "outputs spread as slopes tell to first order: relative error",
        source=AVERAGE,
        expected="<= 0.1",
    )


def _pole(
    config: NeuronFaultsConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Break a policy that balances a pole; judge F4."""
    num_faults, rows = len(config.faults), len(seeds)
    shares = np.empty((rows, len(config.copies), num_faults, len(BOUNDS)))
    returns = np.empty((rows, len(WAYS), num_faults))
    plenty = np.empty((rows, num_faults))  # over-provisioned, with Byzantine neurons
    changed = np.zeros(rows)
    work = rows * (config.rounds + num_faults * (len(WAYS) + 1))
    with progress("balancing a pole with broken neurons", work) as advance:
        for place, seed in enumerate(seeds):
            policy = learned(config, seed, advance)
            seen = visited(policy, seed)
            for k, copies in enumerate(config.copies):
                rng = stream(seed, _CHANNEL, "tried", copies)
                found = certified(provisioned(policy, copies), seen, config.faults, rng)
                shares[place, k] = found.shares
                changed[place] += found.changed
            many = provisioned(policy, config.copies[-1])
            games = [(f"{fault}-{choice}", policy, fault, choice) for fault, choice in WAYS]
            games.append((f"copies-{config.copies[-1]}/byzantine", many, "byzantine", "random"))
            for w, (label, acting, fault, choice) in enumerate(games):
                for at, failed in enumerate(config.faults):
                    result = played(
                        acting, fault, choice, failed, episodes=config.episodes, seed=seed
                    )
                    target = returns[place, w] if w < len(WAYS) else plenty[place]
                    target[at] = result.share
                    condition = f"{label}/faults-{failed}/seed-{seed}"
                    yield Receipts(condition, [result.receipt.to_dict()], result.disagreements)
                    yield Row(
                        {"way": label, "seed": seed, "faults": failed, "return": result.share}
                    )
                    advance()
    yield from _judge(config, shares, returns, plenty, changed)
    labels = {
        f"{bound}, {copies} of each": shares[:, k, :, b]
        for k, copies in enumerate(config.copies)
        for b, bound in enumerate(BOUNDS)
        if bound == "matrices" or copies == 1
    }
    curves = {" ".join(way): returns[:, w] for w, way in enumerate(WAYS)}
    curves[f"byzantine random, {config.copies[-1]} of each"] = plenty
    for name, values in (labels | curves).items():
        means = values.mean(axis=0)
        by_faults = {str(f): float(m) for f, m in zip(config.faults, means, strict=True)}
        yield Metric(f"{name.replace(', ', '/').replace(' ', '-')}/by-faults", by_faults)
    yield File("neuron-faults.png", picture(config, labels, curves))


def _judge(
    config: NeuronFaultsConfig,
    shares: Floats,
    returns: Floats,
    plenty: Floats,
    changed: Floats,
) -> Iterator[Claim]:
    one = 1  # the place of the fewest faults that are any
    few = config.faults[one]
    yield claim_over_seeds(
        "F4/kept",
        changed,
        statement="in no certified state does any crash that was tried change the action: states "
        "and choices of neurons in which one does",
        source=SOURCE,
        expected="<= 0 on every seed",
    )
    yield claim_over_seeds(
        "F4/matrices",
        shares[:, 0, one, 1] - shares[:, 0, one, 0],
        statement=f"whole matrices certify more of the visited states against {few} crash: share "
        "of states, beyond that of the published bound",
        source=MATRICES,
        expected=">= 0",
    )
    yield claim_over_seeds(
        "F4/provisioned",
        shares[:, -1, one, 1] - shares[:, 0, one, 1],
        statement=f"{config.copies[-1]} copies of each neuron, each with a part of the weight, "
        f"certify more states against {few} crash: share of states, beyond one of each",
        source=SOURCE,
        expected="> 0.1",
    )
    yield claim_over_seeds(
        "F4/return",
        (returns[:, 0] - shares[:, 0, :, 1])[:, 1:].min(axis=1),
        statement="the return outlives the certificate: its share, less the share of certified "
        "states, at the worst number of random crashes",
        source=SOURCE,
        expected=">= 0",
    )
    yield claim_over_seeds(
        "F4/provisioned-return",
        plenty[:, -1] - returns[:, -1, -1],
        statement=f"with {config.faults[-1]} Byzantine neurons the over-provisioned policy returns "
        "more: share of the return, beyond one of each",
        source=SOURCE,
        expected="> 0",
    )
