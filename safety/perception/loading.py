"""Policies, and other things that act or judge, named in a threat file or given themselves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rallypoint.batch_env import BatchEnv, Group
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.policies import Policy, acting_for, saved_policy
from rallypoint.safety.interruption.addresses import found_at


def policy_at(given: Any, env: BatchEnv) -> Policy:
    """Return the policy that a folder or an address names, or that is given.

    Raises:
        InvalidConfig: nothing that acts is there.
        UnreadableFile: no agent was trained into that folder.
    """
    if isinstance(given, str):
        given = found_at(given, "a policy") if ":" in given else saved_policy(Path(given), env)
    if isinstance(given, type):
        given = given()
    if not callable(getattr(given, "act", None)):
        raise InvalidConfig(f"a policy has act(observations, draws), and {given!r} has none")
    policy: Policy = given
    return policy


def network_at(given: Any, env: BatchEnv, groups: Sequence[Group]) -> Any:
    """Return the policy that is named or given, if it can be followed back to what groups saw.

    Raises:
        InvalidConfig: it cannot; names what can be done without.
        UnreadableFile: no agent was trained into that folder.
    """
    policy = policy_at(given, env)
    for group in groups:
        check_followed(acting_for(policy, group.name))
    return policy


def check_followed(policy: Any) -> None:
    """Refuse a policy that has no gradient.

    Raises:
        InvalidConfig: names what can be done without.
    """
    if not callable(getattr(policy, "value_and_gradient", None)):
        raise InvalidConfig(
            f"a white-box attack needs a policy with value_and_gradient(…), which "
            f"{type(policy).__name__} has not; random_percept and learned_percept need none, and "
            "another policy can be attacked in its place: surrogate = …"
        )


def critic_of(policy: Any) -> Any:
    """Return what a policy's learner thinks that an observation is worth.

    Raises:
        NotOffered: nobody says; names what can be done without.
    """
    if not callable(getattr(policy, "critic", None)):
        raise NotOffered(
            f"what agents hold for worst is asked of their policy's critic(), which "
            f"{type(policy).__name__} has not; random_percept and learned_percept need none, and "
            "that of another policy can be looked into in its place: surrogate = …"
        )
    return policy.critic()


def judge_at(given: Any) -> Any:
    """Return what tells the worth of actions, given or named.

    Raises:
        InvalidConfig: it tells none.
    """
    judge = found_at(given, "a judge")
    if not callable(getattr(judge, "outputs", None)):
        raise InvalidConfig(
            f"a judge has outputs(observations), the worth of every action, and {judge!r} has none"
        )
    return judge
