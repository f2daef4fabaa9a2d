"""A tiny experiment, as somebody else's package would bring it: does a coin show heads?"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.experiment import (
    Experiment,
    File,
    Finding,
    Metric,
    Progress,
    Receipts,
    Row,
)


@dataclass(frozen=True, kw_only=True)
class Hand:
    strength: float = 1.0  # newtons


@dataclass(frozen=True, kw_only=True)
class ToyConfig:
    bias: float = 0.9  # probability of heads
    throws: int = 200  # per seed
    sides: tuple[int, ...] = (1, 2)  # which there are
    metal: Literal["gold", "silver"] = "gold"
    owner: str = "Jakob"
    cheat: bool = False  # whether receipts disagree
    stop: bool = False  # whether the run breaks off by itself
    stall: float = 0.0  # seconds before the last claim
    hand: Hand = Hand()

    def __post_init__(self) -> None:
        if not 0 <= self.bias <= 1:
            raise InvalidConfig(f"bias is a probability, got {self.bias}")


def run(config: ToyConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    shares = []
    with progress("throwing", len(seeds)) as advance:
        for seed in seeds:
            heads = stream(seed, "toy").random(config.throws) < config.bias
            shares.append(float(heads.mean()))
            yield Row({"seed": seed, "heads": shares[-1], "odds": float("inf")})
            advance()
    about = {"statement": "a biased coin shows heads", "source": "Bernoulli (1713)"}
    yield claim_over_seeds("T1/heads", shares, expected=">= 0.8 on every seed", **about)
    yield Metric("sides", config.sides)
    swapped = ("the coin was swapped",) if config.cheat else ()
    yield Receipts("T1/heads", [{"throws": config.throws}], swapped)
    yield claim_over_seeds("T1/tails", shares, expected="<= 0.5", documented_limit=True, **about)
    yield File("plots/heads.txt", b"heads\n")
    if config.stop:
        raise InvalidConfig("the coin rolled under the table")
    with progress("waiting", 100) as advance:
        for _ in range(100):
            time.sleep(config.stall / 100)
            advance()
    yield claim_over_seeds("T2/near", shares, expected=">= 0.5", **about)


experiment = Experiment(
    name="toy",
    question="Does a biased coin show heads?",
    config=ToyConfig,
    run=f"{__name__}:run",
    quick={"throws": 100},
)
