"""Every promise of the contract, asked of an aggregator one after another."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.safety.aggregation.aggregator import Aggregator
from rallypoint.safety.aggregation.conformance import declarations, forms
from rallypoint.safety.aggregation.conformance.scenes import scenes
from rallypoint.safety.aggregation.conformance.subject import subjects_of
from rallypoint.safety.aggregation.parts import Part

_SCENES = 9  # every f, every distance from the bound, some of both
_MORE_SCENES = 60  # to look for what a part says that it lacks


def assert_is_aggregator(
    aggregator: str | Part | Aggregator,
    *,
    reference: Callable[[NDArray[np.float64], int], Any] | None = None,
    seed: int = 0,
) -> None:
    """Fail, with one sentence that says what is wrong, unless an aggregator keeps the contract.

    It never warns. Asked of every part: that it declares itself; and that it lacks what it says
    that it lacks. Asked of the whole: that it keeps all other properties (order, translation,
    scaling, rotation, idempotence, honest_range, bounded) and its constant; the same bits again,
    in blocks and on tensors; much the same in float32; that its explanation adds up; that it
    leaves the input alone and answers with numbers; and that it refuses what cannot be meant. A
    mixing, which is no rule, is tried before Krum, and its lacks are looked for before the mean
    too.

    Args:
        aggregator: a name, such as "krum" or "nnm+krum", or a part with its parameters.
        reference: a slow way to the same aggregate, from updates (n, d) and f, to agree with.
        seed: of what it is tried on.

    Raises:
        NotConformant: says what must hold and what the aggregator does.
        UnknownName: no such aggregator; names the nearest.
    """
    subjects = subjects_of(aggregator)
    subject = subjects[0]
    part = subject.aggregator.parts[0]
    for each in subject.aggregator.parts:
        declarations.declares_itself(each)
    forms.refuses(subject, next(scenes(subject.aggregator, seed, 1)))
    forms.endures_the_smallest(subject)
    tried = list(scenes(subject.aggregator, seed, _SCENES))
    for at in tried:
        forms.repeats_itself(subject, at)
        if at.f == 3:  # with fewer, the last choices of Bulyan are between equals
            forms.agrees_in_single_precision(subject, at)
        forms.agrees_on_tensors(subject, at)
        forms.explains_itself(subject, at)
        forms.leaves_out_the_broken(subject, at)
        if reference is not None:
            forms.agrees_with(subject, at, reference)
    forms.agrees_in_blocks(subject)
    declarations.keeps_its_properties(subject, tried)
    declarations.keeps_its_constant(subject)
    if len(subject.aggregator.parts) == 1 or len(subjects) > 1:  # chains may make up for lacks
        more = list(scenes(subject.aggregator, seed, _MORE_SCENES))
        declarations.lacks_what_it_says(part, subjects, more)
