"""Every promise of the contract, asked of a learner one after another."""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rallypoint.agents import agents
from rallypoint.agents.conformance.contributors import OfContributors
from rallypoint.agents.conformance.signs import STRANGE, Signs, Variant
from rallypoint.agents.conformance.subject import Subject, Trained
from rallypoint.agents.conformance.tables import of_tables
from rallypoint.config import check_frozen, from_dict, to_dict
from rallypoint.envs.conformance.global_generators import left_alone
from rallypoint.errors import InvalidAction, NotConformant, RallypointError

_RUNS = (3, 4)
_MANY = tuple(range(10, 20))  # all better by chance: once in 1,024 times
_SHORT = 3
_KINDS = {"local": of_tables, "contributors": OfContributors}


def assert_is_agent(learner: Any, *, length: int | None = None) -> None:
    """Fail, with one sentence that says what is wrong, unless a learner keeps the contract.

    It never warns. The checks are: a frozen, keyword-only dataclass that says what kind of learner
    it is and comes back from plain values unchanged; the same bits again from the same seed, others
    from another, and the same for a run whether it is alone or beside others; that it leaves
    Python's, NumPy's and torch's generators alone; actions within spaces that start anywhere;
    nothing learned in the slots of who is gone; a memory from which another one goes on to the same
    bits; experience that is not written to; updates, of contributors, that are computed in one
    batch as they are alone, from nobody else's rows; a policy, of tables, that is what they act by;
    that it learns in a world where one can be sure that there is something to learn; that it acts
    from a file as it did; and that it refuses spaces that it cannot handle before the first step,
    and rewards that are no numbers.

    Args:
        learner: a name, such as "q_learning" or "ppo", or a learner with its settings: of tables
            or of contributors. Learners of Stable-Baselines3 are not asked: they train themselves.
        length: of the training that should show that something is learned, in episodes of tables or
            rounds of contributors; as long as suits the usual settings, if not given.

    Raises:
        NotConformant: says what must hold and what the learner does.
        UnknownName, Unavailable: no such agent; names the nearest.
    """
    given = _made(learner) if isinstance(learner, str) else learner
    label = f"the agent {learner!r}" if isinstance(learner, str) else type(learner).__name__
    _declares_itself(given, label)
    subject = _KINDS[given.learner](given, label)
    plain = subject.world(_RUNS)
    with _generators_left_alone(label):
        once = _trained(subject, plain)
    again, alone = (subject.train(subject.world(r), r, _SHORT) for r in (_RUNS, _RUNS[:1]))
    _must(
        [again.bits(run) for run in range(2)] == [once.bits(run) for run in range(2)],
        f"{label} must learn the same bits from the same seeds, and does not",
    )
    _must(
        once.bits(0) != once.bits(1),
        f"{label} must learn something of its own in each run: two of them have the same bits",
    )
    _must(
        alone.bits(0) == once.bits(0),
        f"{label} must learn the same whoever learns beside it: a run alone comes to other bits",
    )
    _must(once.is_finite(), f"{label} must learn finite numbers")
    _keeps_to_spaces(subject)
    _learns_nothing_from_the_gone(subject)
    subject.leaves_its_input()
    subject.goes_on()
    subject.learns_alike_alone()
    subject.acts_alike_when_saved()
    _refuses_what_it_cannot_handle(subject)
    _refuses_broken_rewards(subject)
    _learns(subject, length or subject.usual)


def _trained(subject: Subject, plain: Signs) -> Trained:
    try:
        return subject.train(plain, _RUNS, _SHORT)
    except InvalidAction as error:
        raise NotConformant(f"{subject.label} must act within its space: {error}") from error
    except NotConformant:
        raise
    except Exception as error:
        raise NotConformant(
            f"{subject.label} must learn in a world of discrete signs and actions, and raises "
            f"{error!r}"
        ) from error


def _made(name: str) -> Any:
    found = agents[name]
    _says_its_kind(found, f"the agent {name!r}")
    try:
        return found()
    except TypeError as error:
        raise NotConformant(
            f"the agent {name!r} must have a default for each of its settings: {error}"
        ) from error


def _declares_itself(learner: Any, label: str) -> None:
    kind: Any = type(learner)
    check_frozen(learner, label)
    _says_its_kind(learner, label)
    if not (inspect.getdoc(kind) or "").strip() or kind.__doc__.startswith(f"{kind.__name__}("):
        raise NotConformant(f"{label} must say in its docstring what it does")
    if from_dict(kind, to_dict(learner)) != learner:
        raise NotConformant(f"{label} must come back from plain values as it was")


def _says_its_kind(learner: Any, label: str) -> None:
    kind = getattr(learner, "learner", None)
    if kind not in _KINDS:
        raise NotConformant(
            f"{label} must be a learner of ours and say of which kind, one of {sorted(_KINDS)}; "
            f"got {kind!r}"
        )


def _keeps_to_spaces(subject: Subject) -> None:
    variant = Variant(first_sign=5, first_action=-2)
    try:
        subject.train(subject.world(_RUNS, variant), _RUNS, _SHORT)
    except InvalidAction as error:
        raise NotConformant(f"{subject.label} must act within its space: {error}") from error
    except (IndexError, KeyError) as error:
        raise NotConformant(
            f"{subject.label} must read spaces that start anywhere, and raises {error!r}"
        ) from error


def _learns_nothing_from_the_gone(subject: Subject) -> None:
    found = [
        subject.train(subject.world(_RUNS, variant), _RUNS, _SHORT).bits(0)
        for variant in (Variant(leaves=True, junk=0), Variant(leaves=True, junk=1000))
    ]
    _must(
        found[0] == found[1],
        f"{subject.label} must learn nothing in the slots of agents that are gone: what stands "
        "there changes what it learns",
    )


def _refuses_what_it_cannot_handle(subject: Subject) -> None:
    for what, variant in STRANGE.items():
        world = subject.world(_RUNS, variant)
        try:
            subject.train(world, _RUNS, 1)
        except RallypointError as error:
            _must(
                not world.steps_taken,
                f"{subject.label} must refuse {what} before the first step, and does so after "
                f"{world.steps_taken}: {error}",
            )
        except Exception as error:
            raise NotConformant(
                f"{subject.label} must learn from {what}, or refuse them with a RallypointError "
                f"that says why, and raises {error!r}"
            ) from error


def _refuses_broken_rewards(subject: Subject) -> None:
    world = subject.world(_RUNS, Variant(broken_from=2))
    try:
        subject.train(world, _RUNS, _SHORT)
    except RallypointError:
        return
    raise NotConformant(
        f"{subject.label} must refuse rewards that are no numbers, and goes on learning from NaN"
    )


def _learns(subject: Subject, length: int) -> None:
    found = subject.train(subject.world(_MANY), _MANY, length)
    better = int((found.score > found.score_before).sum())
    _must(
        better == len(_MANY),
        f"{subject.label} must learn which action each sign asks for: after {length} rounds or "
        f"episodes {better} of {len(_MANY)} runs are likelier to be right than before, from "
        f"{found.score_before.mean():.3f} to {found.score.mean():.3f} on average",
    )


@contextmanager
def _generators_left_alone(label: str) -> Iterator[None]:
    """Watch the generators that everybody shares."""
    torch: Any = sys.modules.get("torch")
    before = None if torch is None else torch.get_rng_state()
    try:
        with left_alone():
            yield
    except NotConformant as error:
        raise NotConformant(
            f"{label} must leave global generators alone and draw from its own, keyed by seed and "
            f"copy: {error}"
        ) from error
    if torch is not None and not torch.equal(before, torch.get_rng_state()):
        raise NotConformant(
            f"{label} must leave torch's global generator alone: give a torch.Generator of its own"
        )


def _must(holds: object, otherwise: str) -> None:
    if not holds:
        raise NotConformant(otherwise)
