"""What is done in an agent's place while it is interrupted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.config import Config, from_dict
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.kinds import A_PATH, IN_OTHER_FORMS
from rallypoint.policies import Policy, saved_policy
from rallypoint.safety.cells import gathered
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.enforcement.proposals import inside
from rallypoint.safety.interruption.addresses import found_at
from rallypoint.safety.interruption.human_log import legal_action
from rallypoint.safety.known import Known
from rallypoint.safety.uniform_actions import refuse_without_bounds, uniform_actions_at

FREEZE = "freeze"
UNIFORM = "uniform"
PLAIN = (FREEZE, UNIFORM)

Takes = Callable[[Known, Mask, Draws], Array]  # -> (k, …) actions, of some cells (e, n)
# In Python a policy itself will do; files name it, and the hints say what files hold.
if TYPE_CHECKING:
    Address = str | Policy
else:
    Address = Annotated[str, IN_OTHER_FORMS]


@dataclass(frozen=True, kw_only=True)
class Takeover(Config):
    """What takes over, if it is neither "freeze" nor "uniform"."""

    action: Any = None  # the same for everybody
    actions: Mapping[str, Any] | None = None  # agent -> action
    policy: Address | None = None  # a policy, or what makes one: "package.module:name"
    folder: Annotated[str, A_PATH] | None = None  # of an agent that was trained
    how: str | None = None  # it acts; "greedy" if not given

    def __post_init__(self) -> None:
        forms = ("action", "actions", "policy", "folder")
        if sum(getattr(self, form) is not None for form in forms) != 1:
            raise InvalidConfig(
                'policy is "freeze", "uniform", {action = …}, {actions = {agent = action}}, '
                '{policy = "module:name"} or {folder = "…"}'
            )
        if self.how is not None and self.folder is None:
            raise InvalidConfig("how goes with the folder of an agent that was trained")

    @property
    def sees(self) -> bool:
        """Whether it acts on what the agents perceive."""
        return self.policy is not None or self.folder is not None


def as_takeover(given: Any) -> str | Takeover:
    """Return the checked form of what takes over: a plain word, a table, or a policy itself.

    Raises:
        InvalidConfig: a word that is no policy; names the nearest.
    """
    if isinstance(given, Takeover):
        return given
    if isinstance(given, Mapping):
        return from_dict(Takeover, given, where="policy")
    if hasattr(given, "act"):
        return Takeover(policy=given)
    policy = str(given)
    if policy not in PLAIN:
        raise InvalidConfig(
            f"no interruption policy is called {policy!r}{did_you_mean(policy, PLAIN)}; one of "
            'your own is {policy = "module:name"}'
        )
    return policy


def takeover_of(policy: str | Takeover, env: BatchEnv, covers: frozenset[str]) -> Takes:
    """Return what acts, in a world, in the place of agents.

    Args:
        policy: what takes over.
        env: the world.
        covers: agents that an action must be given for, at least.

    Raises:
        InvalidConfig: an action that the world does not have, or a policy that cannot act here.
        UnknownName: an agent that is none.
        UnreadableFile: a folder without an agent, or with one for other spaces.
    """
    if policy == FREEZE:
        return lambda known, where, _: gathered(known.still, where)
    if isinstance(policy, str):
        for group in env.groups:
            refuse_without_bounds(group.action_space)
        return _uniform
    if policy.action is not None:
        fixed = {name: policy.action for name in env.agents if name in covers}
        return _by_table(fixed, env)
    if policy.actions is not None:
        if lacking := sorted(covers - policy.actions.keys()):
            raise InvalidConfig(f"actions give one to each victim, and none to {lacking[0]}")
        return _by_table(policy.actions, env)
    return _by_policy(_loaded(policy, env), env, covers)


def _by_table(actions: Mapping[str, Any], env: BatchEnv) -> Takes:
    table: dict[str, Array] = {}
    named(tuple(actions), env.agents)
    for group in env.groups:
        space: Any = group.action_space
        table[group.name] = np.zeros((len(group.agents), *space.shape), dtype=space.dtype)
        for index, agent in enumerate(group.agents):
            if agent in actions:
                where = f"the action in the place of {agent}'s"
                table[group.name][index] = legal_action(actions[agent], space, where)
    are_alike = {name: bool((rows == rows[:1]).all()) for name, rows in table.items()}

    def takes(known: Known, where: Mask, draws: Draws) -> Array:
        del draws  # the same always
        rows = table[known.group.name]
        if are_alike[known.group.name] and len(rows):
            return np.full((np.count_nonzero(where), *rows.shape[1:]), rows[0])
        return gathered(np.broadcast_to(rows, (len(where), *rows.shape)), where)

    return takes


def _uniform(known: Known, where: Mask, draws: Draws) -> Array:
    return uniform_actions_at(known.group.action_space, where, draws)


def _loaded(takeover: Takeover, env: BatchEnv) -> Policy:
    if takeover.folder is not None:
        policy = saved_policy(Path(takeover.folder), env, takeover.how)
    else:
        policy = _made(found_at(takeover.policy, "the policy that takes over"))
    if not callable(getattr(policy, "act", None)):
        raise InvalidConfig(
            f"a policy that takes over has act(observations, draws), and {policy!r} has none"
        )
    if hasattr(policy, "begin_episode"):
        raise InvalidConfig(
            "a policy that takes over remembers nothing from step to step, and this one does: it "
            "would see nothing of what happens while the agent acts itself"
        )
    return policy


def _made(found: Any) -> Any:
    """Return a policy, or what a class or function makes without arguments."""
    if not isinstance(found, type) and (hasattr(found, "act") or not callable(found)):
        return found
    try:
        return found()
    # Somebody's own code: whatever it raises, the address names no policy.
    except Exception as error:
        raise InvalidConfig(
            f"the policy that takes over cannot be made by {found!r}(): {error}"
        ) from error


def _by_policy(policy: Policy, env: BatchEnv, covers: frozenset[str]) -> Takes:
    def acts(group: Any, percepts: Array, draws: Draws) -> Array:
        actions = policy.act({group.name: percepts}, draws)
        if not isinstance(actions, Mapping) or group.name not in actions:
            raise InvalidConfig(f"the policy that takes over returns actions of {group.name!r}")
        chosen: Array = actions[group.name]
        space: Any = group.action_space
        shape = (*percepts.shape[:2], *space.shape)
        fits = isinstance(chosen, np.ndarray) and chosen.shape == shape
        if not fits or not np.can_cast(chosen.dtype, space.dtype, "same_kind"):
            raise InvalidConfig(
                f"the policy that takes over returns an array {shape} of {space.dtype} for group "
                f"{group.name!r}, got {getattr(chosen, 'shape', type(chosen).__name__)}"
            )
        return chosen

    draws = Draws(0, "threats/interruption/rehearsal", env.copies)
    for group in env.groups:
        if covers.isdisjoint(group.agents):
            continue  # a policy of other groups need not know how to act there
        space: Any = group.observation_space
        # Whoever is no victim is shown to it as zeros, so zeros it must be able to act on.
        nothing = np.zeros((env.num_copies, len(group.agents), *space.shape), dtype=space.dtype)
        try:
            chosen = acts(group, nothing, draws)
        except InvalidConfig:
            raise
        # Whatever somebody's policy raises, this world is none that it can act in.
        except Exception as error:
            raise InvalidConfig(
                f"the policy that takes over cannot act on what group {group.name!r} sees: "
                f"{type(error).__name__}: {error}"
            ) from error
        if not inside(group.action_space, chosen).all():
            raise InvalidConfig(
                f"the policy that takes over returns actions outside {group.action_space}, such as "
                f"{chosen[~inside(group.action_space, chosen)][0]}"
            )
    return lambda known, where, draws: gathered(acts(known.group, known.own_percept, draws), where)
