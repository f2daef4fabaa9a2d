"""Environments by name: ``make("gathering-v0", copies=64)`` and ``register_env(…)``."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from rallypoint.batch_env import BatchEnv
from rallypoint.config import Config
from rallypoint.counts import check_counts
from rallypoint.declared import check_declared, declared
from rallypoint.errors import InvalidConfig, Unavailable, UnknownName, did_you_mean
from rallypoint.registry import Registry, are_equal, import_address, is_defined_anew

if TYPE_CHECKING:
    from pettingzoo import AECEnv, ParallelEnv

_ID = re.compile(r"(?:(?P<namespace>[\w-]+)/)?(?P<name>[\w:.-]+?)-v(?P<version>\d+)")
# Another library's: "gymnasium:CartPole-v1", "pettingzoo:…", "package.module:factory".
_FOREIGN = re.compile(r"[\w.]+:\S+")


@dataclass(frozen=True, kw_only=True)
class EnvSpec(Config):
    """How to make an environment of one id."""

    id: str  # "[namespace/]name-vN"; N goes up whenever observations, rewards or dynamics change
    entry_point: str | Callable[..., BatchEnv]  # "module:attribute", or something to call
    kwargs: Mapping[str, Any] = field(default_factory=dict)  # defaults that make() may override

    def __post_init__(self) -> None:
        """Refuse an id without a version and an entry point that cannot be one."""
        if not _ID.fullmatch(self.id) and not _FOREIGN.fullmatch(self.id):
            raise InvalidConfig(
                f"an environment id looks like 'name-v0' or 'mylab/name-v0', got {self.id!r}"
            )
        address = self.entry_point
        if isinstance(address, str) and not re.fullmatch(r"[\w.]+:[\w.]+", address):
            raise InvalidConfig(
                f"an entry point looks like 'package.module:attribute', got {address!r}"
            )

    def load(self) -> Callable[..., BatchEnv]:
        """Import what makes the environment.

        Raises:
            Unavailable: it cannot be imported; says why.
        """
        if not isinstance(self.entry_point, str):
            return self.entry_point
        try:
            make_env: Callable[..., BatchEnv] = import_address(self.entry_point)
        except (ImportError, AttributeError) as error:
            raise Unavailable(
                f"environment {self.id!r} cannot be used: {self.entry_point!r} does not import: "
                f"{error}"
            ) from error
        return make_env

    def is_same(self, other: "EnvSpec") -> bool:
        """Say whether the other makes the same: equal settings and, by name, an equal callable.

        A function that a notebook's cell defined anew has the name it had. All lambdas are called
        alike, so one is the same as itself only.
        """
        return (
            self.id == other.id
            and are_equal(dict(self.kwargs), dict(other.kwargs))
            and is_defined_anew(self.entry_point, other.entry_point)
        )


envs: Registry[EnvSpec] = Registry("env")


def register_env(
    id: str, entry_point: str | Callable[..., BatchEnv], *, kwargs: Mapping[str, Any] | None = None
) -> None:
    """Register an environment of your own under a versioned id.

    It is then known to ``make``, to the command line and, as ``pettingzoo.make("parallel", …)``,
    to PettingZoo (ids without a namespace get ``rallypoint/`` there). A package that wants its
    environments found without being imported declares them in the entry-point group
    ``rallypoint.envs``: the id as name, and a callable that makes the environment as value.

    Registering the same once more, as a notebook's cell does when it is run again, replaces it.

    Raises:
        InvalidConfig: the id has no version, or the entry point is none.
        DuplicateName: the id is taken by another environment.
    """
    spec = EnvSpec(id=id, entry_point=entry_point, kwargs=dict(kwargs or {}))
    envs.add(id, spec, is_same=_makes_the_same)
    _tell_pettingzoo(id)


def _makes_the_same(known: Any, spec: EnvSpec) -> bool:
    # An entry point of another package hands over a callable, not a spec.
    return isinstance(known, EnvSpec) and known.is_same(spec)


def spec(id: str) -> EnvSpec:
    """Return how an environment is made.

    An id with a colon that is not registered is another library's, and adapted:
    ``"gymnasium:CartPole-v1"``, ``"pettingzoo:butterfly/pistonball-v6"``, or
    ``"mpe2.simple_spread_v3:parallel_env"``.

    Raises:
        UnknownName: no such id; names the nearest, or the versions there are.
        InvalidConfig: it is no id.
    """
    if not isinstance(id, str):
        raise InvalidConfig(
            "an environment is asked for by its id, such as 'gathering-v0' or "
            f"'package.module:factory', got {id!r}; of what makes an environment, "
            "rallypoint.envs.views.adapter.adapt makes copies"
        )
    if _FOREIGN.fullmatch(id) and id not in envs:
        return EnvSpec(id=id, entry_point="rallypoint.envs.views.adapter:adapt", kwargs={"env": id})
    match = _ID.fullmatch(id)
    try:
        found: Any = envs[id]
    except UnknownName as error:
        stem = id.rpartition("-v")[0] if match else id
        versions = [known for known in envs if known.rpartition("-v")[0] == stem]
        if versions:
            raise UnknownName(
                f"there is no {id!r}; the versions there are: {', '.join(versions)}"
            ) from None
        hint = _in_gymnasium(id) + did_you_mean(id, envs)
        if "did you mean" not in hint:
            hint += ". One of your own is known once the module that registers it is imported, or "
            hint += "its package is installed; any other is 'package.module:factory'"
        raise UnknownName(f"no environment is called {id!r}{hint}") from error
    # An entry point of another package hands over a callable, not a spec.
    return found if isinstance(found, EnvSpec) else EnvSpec(id=id, entry_point=found)


def _in_gymnasium(id: str) -> str:
    """Say how Gymnasium's environment of that name, in whatever case, is asked for."""
    import gymnasium

    found = [known for known in gymnasium.registry if known.lower() == id.lower()]
    return f"; Gymnasium's is 'gymnasium:{found[0]}'" if found else ""


def make(id: str, *, copies: int | Sequence[int] = 1, **kwargs: Any) -> BatchEnv:
    """Make E copies of an environment, stepped together.

    Args:
        id: the versioned name, ``"gathering-v0"``.
        copies: how many, or the global id of each (a shard owning 32..63 draws the same numbers
            as in one piece).
        **kwargs: the environment's own settings.

    Raises:
        UnknownName: no such id; names the nearest.
        Unavailable: its module does not import; says why.
        InvalidConfig: a setting it does not have, or a value that cannot be meant.
    """
    check_counts(kwargs | ({"copies": copies} if isinstance(copies, int) else {}))
    found = spec(id)
    make_env = found.load()
    settings = {**found.kwargs, **kwargs}
    _check_known(id, make_env, settings)
    env = make_env(copies=copies, **settings)
    if not isinstance(env, BatchEnv):
        raise InvalidConfig(f"{id!r} makes a {type(env).__name__}, which is no BatchEnv")
    env.id = id
    return env


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings of a world that ``make`` takes beside them.

    Raises:
        InvalidConfig: says which.
    """
    if "copies" in settings:
        raise InvalidConfig("copies is no setting of a world: how many there are is said beside")


def _check_known(id: str, make_env: Callable[..., Any], settings: Mapping[str, Any]) -> None:
    known, takes_others = declared(make_env)
    for name in settings:
        if name not in known and not takes_others:
            hint = did_you_mean(name, [k for k in known if k != "copies"])
            raise InvalidConfig(f"{id} has no setting {name!r}{hint}")
    check_declared(settings, known)


def _tell_pettingzoo(id: str) -> None:
    import pettingzoo

    name = id if "/" in id else f"rallypoint/{id}"
    for known in (pettingzoo.parallel_registry, pettingzoo.aec_registry):
        known.pop(name, None)  # it warns when a name is registered again
    pettingzoo.register("parallel", name, entry_point=partial(_parallel_view, id))
    pettingzoo.register("aec", name, entry_point=partial(_aec_view, id))


def _parallel_view(id: str, **kwargs: Any) -> "ParallelEnv[str, Any, Any]":
    from rallypoint.envs.views.parallel import ParallelView

    return ParallelView(make(id, **kwargs))


def _aec_view(id: str, **kwargs: Any) -> "AECEnv[str, Any, Any]":
    from rallypoint.envs.views.aec import aec_view

    return aec_view(make(id, **kwargs))
