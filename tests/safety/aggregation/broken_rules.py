"""Aggregators that break the contract in one thing each."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.safety.aggregation.parts import CoordinateRule, SpanRule, mean_of, one_hot


def config(**settings):
    return dataclass(frozen=True, kw_only=True, **settings)


@config()
class Sound(SpanRule):
    """The update nearest to all others; those below differ from it or the next in one thing."""

    name: ClassVar[str] = "sound"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one Gram"
    source: ClassVar[str] = "none"

    steps: int = 1

    def weights(self, span, f, context):
        nearest = np.sort(np.sqrt(span.distances), axis=1)[:, : span.n - f]
        return one_hot(span, nearest.sum(axis=1).argmin())


@config()
class SoundMiddle(CoordinateRule):
    """The middle value of each coordinate. It lacks rotation."""

    name: ClassVar[str] = "sound"
    bound: ClassVar[str] = "n >= 2 f + 1"
    cost: ClassVar[str] = "one pass"
    source: ClassVar[str] = "none"
    lacks: ClassVar[frozenset[str]] = frozenset({"rotation"})

    def combine(self, block, f):
        return np.sort(block, axis=0)[len(block) // 2]

    def shares(self, block, f):
        return (block.argsort(axis=0).argsort(axis=0) == len(block) // 2).astype(float)


class ForgetsTheDecorator(Sound):
    """Has a parameter that is none."""

    power: float = 2.0


@config()
class HasNoSource(Sound):
    """Does not say where it comes from."""

    source: ClassVar[str] = ""


@config()
class HasNoReadableBound(Sound):
    """Says its bound in words."""

    bound: ClassVar[str] = "most are honest"


@config()
class NeedsTheUnheard(Sound):
    """Needs what there is not."""

    needs: ClassVar[frozenset[str]] = frozenset({"luck"})


@config()
class LacksWithoutReason(Sound):
    """Says that it lacks something, and not why."""

    lacks: ClassVar[frozenset[str]] = frozenset({"scaling"})


@config()
class LacksWhatItHas(Sound):
    """It lacks scaling, it says."""

    lacks: ClassVar[frozenset[str]] = frozenset({"scaling"})


@config()
class PrefersTheFirst(Sound):
    """Counts who is first."""

    def weights(self, span, f, context):
        return one_hot(span, 0 if span.distances[0].min() < 9 else 1)


@config()
class MeasuresFromTheOrigin(Sound):
    """Takes the shortest."""

    anchors: ClassVar[tuple[str, ...]] = ("origin",)

    def weights(self, span, f, context):
        return one_hot(span, span.squared[: span.n, span.n].argmin())


@config()
class KnowsAUnit(Sound):
    """Counts those within about 1."""

    def weights(self, span, f, context):
        return one_hot(span, np.exp(-span.distances).sum(axis=1).argmax())


@config()
class MiddleOfAxes(SoundMiddle):
    """Says nothing of axes."""

    lacks: ClassVar[frozenset[str]] = frozenset()


@config()
class IsNeverThere(SoundMiddle):
    """Shrinks what all agree on. It lacks rotation."""

    def combine(self, block, f):
        return 0.5 * super().combine(block, f)


@config()
class IsTheMean(SoundMiddle):
    """Believes everybody. It lacks rotation."""

    def combine(self, block, f):
        return block.mean(axis=0)


@config()
class IsPulled(Sound):
    """Believes everybody a little."""

    def weights(self, span, f, context):
        return 0.999 * super().weights(span, f, context) + 0.001 * mean_of(span, range(span.n))


@config()
class WritesToTheBlock(SoundMiddle):
    """Sorts in place. It lacks rotation."""

    def combine(self, block, f):
        block.sort(axis=0)
        return block[len(block) // 2]


@config()
class WritesSharesThatDoNotSum(SoundMiddle):
    """Explains half of it. It lacks rotation."""

    def shares(self, block, f):
        return 0.5 * super().shares(block, f)


@config()
class AnswersInAnotherWidth(SoundMiddle):
    """Answers with one number too few. It lacks rotation."""

    def combine(self, block, f):
        return super().combine(block, f)[1:]


@config()
class AnswersWithNoNumber(SoundMiddle):
    """Divides by the spread. It lacks rotation."""

    def combine(self, block, f):
        middle = super().combine(block, f)
        with np.errstate(invalid="ignore", divide="ignore"):
            return middle + 0 * middle / block.std(axis=0)


@config()
class DrawsFromElsewhere(Sound):
    """Draws from a generator of its own."""

    rng = np.random.default_rng(0)

    def weights(self, span, f, context):
        return one_hot(span, self.rng.integers(span.n))


@config()
class TakesAnyNumber(Sound):
    """Fails where its bound says that it does not."""

    bound: ClassVar[str] = "n >= 1"

    def weights(self, span, f, context):
        assert span.n > 2 * f, "nobody told it"
        return super().weights(span, f, context)


@config()
class WeightsSumToTwo(Sound):
    """Counts its choice twice."""

    def weights(self, span, f, context):
        return 2 * super().weights(span, f, context)


@config()
class PromisesTooMuch(Sound):
    """Declares a constant that does not hold."""

    def robustness(self, n, f):
        return 0.01


BROKEN = {
    ForgetsTheDecorator: "frozen=True",
    HasNoSource: "must declare its source",
    HasNoReadableBound: "a bound that can be read",
    NeedsTheUnheard: "needs 'luck', which is none of",
    LacksWithoutReason: "say in its docstring why it lacks scaling",
    LacksWhatItHas: "says that it lacks scaling, but keeps it",
    PrefersTheFirst: "must keep order",
    MeasuresFromTheOrigin: "must keep translation",
    KnowsAUnit: "must keep scaling",
    MiddleOfAxes: "must keep rotation",
    IsNeverThere: "must keep translation",
    IsTheMean: "must keep",
    IsPulled: "must keep (honest_range|bounded)",
    WritesToTheBlock: "must not write to what it is given",
    WritesSharesThatDoNotSum: "explain itself in weights that sum to one",
    AnswersInAnotherWidth: "answer",
    AnswersWithNoNumber: "finite numbers",
    DrawsFromElsewhere: "the same to the same",
    TakesAnyNumber: "nobody told it",
    WeightsSumToTwo: "must sum to one",
    PromisesTooMuch: "declares kappa = 0.01",
}
