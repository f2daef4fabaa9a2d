"""Where somebody's environment comes from: a factory, or a name that leads to one."""

import difflib
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import gymnasium
import pettingzoo
from pettingzoo.utils.conversions import aec_to_parallel, turn_based_aec_to_parallel_wrapper

from rallypoint.batch_env import BatchEnv
from rallypoint.envs.views.adapter.alone import Alone
from rallypoint.errors import InvalidConfig, Unavailable, UnknownName

FORMS = (
    "'pettingzoo:ID', 'gymnasium:ID' (of another package 'gymnasium:PACKAGE:ID'), "
    "'package.module:factory', or something to call that makes one"
)
_FOUND = "; a module of yours is found where its folder is on PYTHONPATH, or it is installed"
_IN_TURN = (
    "its agents act in turn (an AECEnv that is not parallelizable), and in a batch all agents of a "
    "copy act at once: there is no step in which each of them has chosen"
)


class Source(NamedTuple):
    """Makes one environment at a time."""

    name: str | None  # None: the environment's own
    make: Callable[..., Any]
    limit: str = "max_cycles"  # the keyword for the time limit


def source_of(env: str | Callable[..., Any]) -> Source:
    """Find what makes an environment.

    Raises:
        UnknownName: no environment of that name is registered.
        Unavailable: what makes it does not import; says why.
        InvalidConfig: it is nothing that makes environments, or its agents act in turn.
    """
    if isinstance(env, str):
        scheme, colon, name = env.partition(":")
        if not colon or not name:
            raise InvalidConfig(f"an environment of another library is {FORMS}; got {env!r}")
        if scheme == "pettingzoo":
            return Source(env, _of_pettingzoo(name))
        if scheme == "gymnasium":
            return Source(env, _of_gymnasium(name), limit="max_episode_steps")
        return Source(env, _imported(env))
    if isinstance(env, (pettingzoo.ParallelEnv, pettingzoo.AECEnv, gymnasium.Env)):
        raise InvalidConfig(
            f"each copy needs an environment of its own: give what makes it, such as "
            f"lambda: {type(env).__name__}(…), not one that is made"
        )
    if not callable(env):
        raise InvalidConfig(f"an environment of another library is {FORMS}; got {env!r}")
    return Source(None, env)


def make_one(source: Source, settings: Mapping[str, Any], max_cycles: int | None) -> Any:
    """Make one environment, as a PettingZoo ParallelEnv.

    Raises:
        InvalidConfig: a setting that it does not have, or something that cannot be a batch.
    """
    limit = {} if max_cycles is None else {source.limit: max_cycles}
    if limit and not _may_take(source.make, source.limit):
        limit = {}
    try:
        made = source.make(**settings, **limit)
    except TypeError as error:
        if limit and f"unexpected keyword argument {source.limit!r}" in str(error):
            made = make_one(source, settings, None)  # the batch keeps the limit by itself
        elif "unexpected keyword argument" in str(error):
            raise InvalidConfig(
                f"{source.name or source.make} has no such setting: {error}"
            ) from error
        elif _cannot_be_called(source.make, {**settings, **limit}):
            raise InvalidConfig(
                f"{source.name or source.make} makes no environment of these settings: {error}; "
                f"a factory makes one from keywords alone"
            ) from error
        else:
            raise
    return _in_parallel(made, source.name or type(made).__name__)


def _in_parallel(env: Any, name: str) -> Any:
    if isinstance(env, turn_based_aec_to_parallel_wrapper):
        raise InvalidConfig(f"{name} cannot be a batch: {_IN_TURN}")
    if isinstance(env, pettingzoo.ParallelEnv):
        return env
    if isinstance(env, pettingzoo.AECEnv):
        if not env.metadata.get("is_parallelizable", False):
            raise InvalidConfig(f"{name} cannot be a batch: {_IN_TURN}")
        return aec_to_parallel(env)
    if isinstance(env, gymnasium.Env):
        return Alone(env)
    if isinstance(env, BatchEnv | gymnasium.vector.VectorEnv):
        raise InvalidConfig(
            f"{name} is a batch already ({type(env).__name__}); give what makes one of its "
            "environments"
        )
    raise InvalidConfig(
        f"{name} is no pettingzoo.ParallelEnv and no gymnasium.Env, but a {type(env).__module__}."
        f"{type(env).__name__}"
    )


def _may_take(make: Callable[..., Any], keyword: str) -> bool:
    try:
        parameters = inspect.signature(make).parameters
    except (TypeError, ValueError):  # some builtins have none
        return True
    return keyword in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _cannot_be_called(make: Callable[..., Any], settings: Mapping[str, Any]) -> bool:
    try:
        inspect.signature(make).bind(**settings)
    except TypeError:
        return True
    except ValueError:  # some builtins have no signature
        return False
    return False


def _of_pettingzoo(id: str) -> Callable[..., Any]:
    from pettingzoo.env_registry.exceptions import FailedToImport, PettingZooRegistryError

    try:
        spec = pettingzoo.spec("parallel", id)
    except PettingZooRegistryError as error:
        if _is_registered_aec(id):
            raise InvalidConfig(f"{id!r} cannot be a batch: {_IN_TURN}") from None
        known = pettingzoo.parallel_registry
        raise UnknownName(f"PettingZoo knows no {id!r}{_nearest(id, known)}") from error

    def make(**settings: Any) -> Any:
        try:
            return pettingzoo.make("parallel", spec, **settings)
        except FailedToImport as error:
            raise Unavailable(f"{id!r} cannot be used: {error.__cause__ or error}") from error

    return make


def _nearest(id: str, known: Iterable[str]) -> str:
    # Not did_you_mean, which tells all: there are dozens.
    near = difflib.get_close_matches(id, known)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def _is_registered_aec(id: str) -> bool:
    from pettingzoo.env_registry.exceptions import PettingZooRegistryError

    try:
        pettingzoo.spec("aec", id)
    except PettingZooRegistryError:
        return False
    return True


def _of_gymnasium(id: str) -> Callable[..., Any]:
    package, colon, name = id.rpartition(":")
    try:
        if colon:  # importing it registers its environments
            importlib.import_module(package)
        spec = gymnasium.spec(name)
    except ImportError as error:
        raise Unavailable(f"{id!r} cannot be used: {error}") from error
    except gymnasium.error.Error as error:
        known = gymnasium.registry
        other = "" if colon else "; one of another package is 'gymnasium:PACKAGE:ID'"
        raise UnknownName(f"Gymnasium knows no {id!r}{_nearest(name, known)}{other}") from error

    def make(**settings: Any) -> Any:
        # Its checker looks at the first step, and warns; every step is checked here, and refused.
        try:
            return gymnasium.make(spec, disable_env_checker=True, **settings)
        except (gymnasium.error.DependencyNotInstalled, ImportError) as error:
            raise Unavailable(f"{id!r} cannot be used: {error}") from error

    return make


def _imported(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        is_id = attribute in gymnasium.registry  # as gymnasium.make("package:ID") would take it
        how = f"as an id of Gymnasium it is 'gymnasium:{name}'" if is_id else FORMS
        found_how = _FOUND if isinstance(error, ModuleNotFoundError) and not is_id else ""
        raise Unavailable(
            f"environment {name!r} cannot be used: {error}; {how}{found_how}"
        ) from error
    if not callable(found):
        raise InvalidConfig(f"{name!r} is nothing to call, but a {type(found).__name__}")
    make: Callable[..., Any] = found
    return make
