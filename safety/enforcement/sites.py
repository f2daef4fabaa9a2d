"""What threats do at each site of a world, one after another."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rallypoint.batch_env import Actions, Array, BatchEnv, Group, Mask, Observations, Step
from rallypoint.draws import Floats
from rallypoint.safety.cells import put, replaced
from rallypoint.safety.enforcement.feasibility import leaves_world
from rallypoint.safety.enforcement.leash import Leash
from rallypoint.safety.enforcement.touch import Touch
from rallypoint.safety.known import Moment, Rows, Span, sealed

_UNSIGNED = np.dtype(np.uint64)


def take_down(leashes: Sequence[Leash], moment: Moment) -> tuple[Mask, Mask]:
    """Let threats to presence act; return who leaves the world and who freezes in it: (e, N)."""
    leaving = freezing = np.zeros(moment.present.shape, dtype=bool)
    for leash in leashes:
        down = _anywhere(leash.touch(moment), moment)
        moment.present = moment.present & ~down  # one falls but once
        if leaves_world(leash.threat):
            leaving = leaving | down
        else:
            freezing = freezing | down
    return leaving, freezing


def departed(env: BatchEnv, step: Step, leaving: Mask) -> Step:
    """Return a step as it is when those who leave (E, N) have left the world."""
    observations = env.remove(leaving)
    alive = env.alive
    terminated = step.terminated | (step.alive & ~alive)
    return step._replace(observations=observations, alive=alive, terminated=terminated)


def foretold(leashes: Sequence[Leash], nobody: Mask) -> Mask:
    """Return whom some threats are set to touch in this episode, as far as they tell: (E, N)."""
    return _any_of([leash.foretold for leash in leashes], nobody)


def hostile(leashes: Sequence[Leash], nobody: Mask) -> Mask:
    """Return whom some threats are meant for in this episode, and may be set to touch: (E, N)."""
    return _any_of(
        [leash.victims if leash.foretold is None else leash.foretold for leash in leashes], nobody
    )


def merged(rows: Rows, news: Observations, before: Observations) -> Observations:
    """Return what is seen in all copies when some of them have news."""
    if isinstance(rows, slice):
        return dict(news)
    whole = {name: seen.copy() for name, seen in before.items()}
    for name, seen in whole.items():
        seen[rows] = news[name][rows]
    return whole


def perceive(leashes: Sequence[Leash], moment: Moment) -> Observations:
    """Let threats to observation act; return what is seen then, in all copies."""
    perceived = dict(moment.observations)
    # What was true must stay it; where only some copies have news, ``merged`` copied it already.
    own = set() if isinstance(moment.rows, slice) else set(perceived)
    moment.observations = perceived
    for leash in leashes:
        _touch(perceived, leash.touch(moment), moment.rows, own)
    return perceived


def tell(
    leashes: Sequence[tuple[Leash, str]], moment: Moment, true: Mapping[str, Array]
) -> dict[str, Array]:
    """Let threats to feedback act, each on its signal; return what is told of each (E, N)."""
    told = dict(true)
    own: set[str] = set()
    for leash, signal in leashes:
        moment.feedback = told[signal]
        for touch in leash.touch(moment):
            if signal not in own:
                # A lie need not be a whole number where the truth is one.
                told[signal] = np.array(told[signal], dtype=np.float64, order="C")
                own.add(signal)
            heard = told[signal]
            places = touch.among_all(moment.rows, heard.shape[1])
            put(heard, places, touch.said(heard, places))
    return told


def signed(groups: Sequence[Group], actions: Actions) -> Actions:
    """Return actions none of which NumPy makes real numbers of where they meet a threat's."""
    if all(chosen.dtype != _UNSIGNED for chosen in actions.values()):
        return actions
    kinds: dict[str, Any] = {group.name: group.action_space.dtype for group in groups}
    return {
        name: chosen.astype(kinds[name])
        if chosen.dtype == _UNSIGNED and kinds[name].kind == "i"
        else chosen
        for name, chosen in actions.items()
    }


class Overridden(NamedTuple):
    """What is executed in the place of what was proposed."""

    actions: Actions
    interrupted: Mask  # (E, N)
    theta: Floats  # (E, N) how likely that was; NaN where a threat does not tell


def override(leashes: Sequence[Leash], people: Sequence[Leash], moment: Moment) -> Overridden:
    """Let threats to action, then people, act; return what is executed, and who was stopped."""
    executed = dict(moment.actions)
    own: set[str] = set()
    moment.actions = executed
    for leash in leashes:
        _touch(executed, leash.touch(moment), moment.rows, own)
    stopped: list[Touch] = []
    for leash in people:
        stopped += (touches := leash.touch(moment))
        _touch(executed, touches, moment.rows, own)
    interrupted = sealed(_anywhere(stopped, moment))
    if len(people) == 1:
        return Overridden(executed, interrupted, people[0].chances.theta)
    spared: Floats = np.ones(moment.present.shape)  # chance of no interruption
    for leash in people:
        spared *= leash.chances.spared
    return Overridden(executed, interrupted, 1 - spared)


def hold_still(spans: Sequence[Span], actions: Actions, frozen: Mask) -> Actions:
    """Put the action that does nothing in the place of what the frozen propose."""
    held = {}
    for span in spans:
        name = span.group.name
        held[name] = replaced(actions[name], frozen[:, span.columns], np.asarray(span.noop))
    return held


def _anywhere(touches: Sequence[Touch], moment: Moment) -> Mask:
    """Return whom some touches touch, on the whole agent axis: (e, N)."""
    if len(touches) == 1 and touches[0].where.shape == moment.present.shape:
        return touches[0].where
    touched = np.zeros(moment.present.shape, dtype=bool)
    for touch in touches:
        touched[:, touch.span.columns] |= touch.where
    return touched


def _touch(values: dict[str, Array], touches: Sequence[Touch], rows: Rows, own: set[str]) -> None:
    """Put what a threat says in the place of groups' values, (E, n, …), which become the own."""
    for touch in touches:
        name = touch.span.group.name
        values[name] = touch.written(values[name], rows, is_own=name in own)
        own.add(name)


def _any_of(masks: Sequence[Mask | None], nobody: Mask) -> Mask:
    known = [mask for mask in masks if mask is not None]
    if len(known) == 1:
        return known[0]
    return np.logical_or.reduce([nobody, *known]) if known else nobody
