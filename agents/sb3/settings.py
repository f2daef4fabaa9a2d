"""An algorithm's settings: checked by name, plain enough for a file, and fit for many rows."""

import inspect
import json
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from types import NoneType
from typing import Any, get_args

import torch
from gymnasium import Space
from stable_baselines3.common.noise import ActionNoise
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.type_aliases import TrainFrequencyUnit

from rallypoint.agents.sb3.algorithms import Algorithm
from rallypoint.agents.sb3.widths import check_widths
from rallypoint.errors import InvalidConfig, UnknownName, did_you_mean

# What a rollout aims at, and minibatches that an epoch is cut into. SB3's own defaults are meant
# for one row: 2,048 steps of 640 rows would be over a million to learn from at a time.
_ROWS = 16_384
_ROLLOUTS = 16  # at least so many, unless they had fewer rows than is usual with one row
_MINIBATCHES = 8
_TOO_MANY = 64  # minibatches of the usual size; 32 are usual

_AT_LEAST_ONE = (  # with fewer SB3 stumbles while it learns, or never ends
    *("n_steps", "n_epochs", "batch_size", "buffer_size", "policy_delay"),
    *("target_update_interval", "n_delta", "n_top", "n_eval_episodes"),
)
_AT_LEAST_ZERO = ("target_policy_noise", "target_noise_clip")  # a deviation, and its limit

SHAPE_THE_NETWORK = ("policy", "policy_kwargs", "use_sde")
_NOT_SETTINGS = ("self", "env", "seed", "_init_setup_model")  # given in other ways
# What of policy_kwargs is a class of torch; files have its name.
NAMED_CLASSES = {"activation_fn": torch.nn.modules.activation, "optimizer_class": torch.optim}


def complete(
    algorithm: Algorithm, given: Mapping[str, Any], space: Space[Any], num_rows: int, steps: int
) -> dict[str, Any]:
    """Return the settings an algorithm is made with: those given, and what follows from the task.

    Args:
        algorithm: which.
        given: settings by name.
        space: of what is seen.
        num_rows: how many rows each step has.
        steps: how many rows will be learned from in all.

    Raises:
        InvalidConfig: one of them is not a setting of this algorithm; names the nearest. Or
            networks that fill memory.
        UnknownName: it has no policy of that name.
    """
    kind = algorithm.load()
    known = inspect.signature(kind).parameters
    if pair := _sequence(given.get("train_freq")):
        given = {**given, "train_freq": [*map(_in_words, pair)]}
    for name in given:
        if name not in known or name in _NOT_SETTINGS:
            names = [known_name for known_name in known if known_name not in _NOT_SETTINGS]
            raise InvalidConfig(
                f"{algorithm.agent} has no setting {name!r}{did_you_mean(name, names)}"
            )
        _check_value(f"{name} of {algorithm.agent}", name, given[name], known[name].annotation)
    if num_rows > 1 and "episode" in _sequence(given.get("train_freq")):
        raise InvalidConfig(
            f"train_freq of {algorithm.agent} counts episodes only where one row is learned from, "
            f"and here {num_rows} are, side by side: count steps"
        )
    check_widths(algorithm.agent, _table(given.get("policy_kwargs")), space)
    return {
        "device": "cpu",  # small networks are slower elsewhere, and bits differ
        **_fit_for_many_rows(known, given, num_rows, steps),
        **given,
        "policy": _policy(algorithm, kind, space, given.get("policy")),
    }


def _check_value(label: str, name: str, value: Any, hint: Any) -> None:
    """Refuse what SB3 would stumble over while it learns: it says which settings are numbers."""
    kinds = {*(get_args(hint) or (hint,))}
    if value is None and NoneType in kinds:
        return
    kinds.discard(NoneType)
    if name == "tensorboard_log":
        raise InvalidConfig(
            f"{label} is not needed: TensorBoard files lie in DIR/tensorboard, where DIR is the "
            "folder of the training (--out, or out=); leave it out"
        )
    if name == "train_freq" and not _is_frequency(value):
        raise InvalidConfig(
            f"{label} is a whole number of steps >= 1, or one with what it counts, as in "
            f'[1, "step"] or [1, "episode"]; got {value!r:.100}'
        )
    if kinds == {ActionNoise} and not isinstance(value, ActionNoise):
        raise InvalidConfig(
            f"{label} is an ActionNoise of stable_baselines3.common.noise, which only Python can "
            f"give; got {value!r:.100}"
        )
    is_truth = isinstance(value, bool)
    if kinds == {int} and (is_truth or not isinstance(value, Integral)):
        raise InvalidConfig(f"{label} is a whole number, got {value!r:.100}")
    if kinds == {float} and (is_truth or not isinstance(value, Real)):
        raise InvalidConfig(f"{label} is a number, got {value!r:.100}")
    if kinds == {bool} and not is_truth:
        raise InvalidConfig(f"{label} is true or false, got {value!r:.100}")
    if kinds == {int} and name in _AT_LEAST_ONE and value < 1:
        raise InvalidConfig(f"{label} is at least 1, got {value}")
    if name in _AT_LEAST_ZERO and not value >= 0:  # inf limits nothing
        raise InvalidConfig(f"{label} is a number >= 0, got {value}")


def _is_frequency(value: Any) -> bool:
    count, *unit = _sequence(value) or (value,)
    is_number = isinstance(count, Integral) and not isinstance(count, bool) and int(count) >= 1
    return is_number and (unit in (["step"], ["episode"]) or not isinstance(value, tuple | list))


def _in_words(unit: Any) -> Any:
    """Return what a pair counts by its name, as files have it, and not as SB3's own kind."""
    return unit.value if isinstance(unit, TrainFrequencyUnit) else unit


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple | list) else ()


def _policy(
    algorithm: Algorithm, kind: Any, space: Space[Any], given: str | type[Any] | None
) -> Any:
    if isinstance(given, type):
        return given
    names = kind.policy_aliases
    if given is not None and given not in names:
        raise UnknownName(f"{algorithm.agent} has no policy {given!r}{did_you_mean(given, names)}")
    if given is not None:
        return given
    start = "Cnn" if is_image_space(space) else "Mlp"
    for name in names:
        if name.startswith(start):
            return name
    raise InvalidConfig(
        f"{algorithm.agent} has no policy for {space}; it has {', '.join(sorted(names))}"
    )


def _fit_for_many_rows(
    known: Mapping[str, inspect.Parameter], given: Mapping[str, Any], num_rows: int, steps: int
) -> dict[str, Any]:
    if "n_steps" not in known or "batch_size" not in known or "buffer_size" in known:
        return {}  # learns from no rollouts, or from all of one at a time
    usual = known["n_steps"].default
    n_steps = given.get("n_steps", usual)
    aim = min(_ROWS, max(usual, steps // _ROLLOUTS))
    if "n_steps" not in given and usual * num_rows > aim:
        n_steps = min(usual, -(-aim // num_rows // _MINIBATCHES) * _MINIBATCHES)
    rows = n_steps * num_rows
    usual = known["batch_size"].default
    fewest = _MINIBATCHES if rows > _TOO_MANY * usual else -(-rows // usual)
    # SB3 warns of a last minibatch that is not full, and refuses one of a single row.
    fits = (rows // k for k in range(fewest, rows // 2 + 1) if rows % k == 0)
    return {"n_steps": n_steps, "batch_size": next(fits, rows)}


def as_plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as a file holds them; what no file can hold is left out, if not needed.

    Raises:
        InvalidConfig: the shape of the networks is not plain, so nobody could load them.
    """
    plain = {}
    for name, value in settings.items():
        if name == "policy_kwargs":
            plain[name] = {key: _name_of(key, part) for key, part in _table(value).items()}
        elif name == "policy" and not isinstance(value, str):
            raise InvalidConfig(f"a policy that is saved is one of the algorithm's, got {value!r}")
        elif _is_plain(value):
            plain[name] = value
    return plain


def as_given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain settings as SB3 takes them: classes of torch by their names, and a pair.

    Raises:
        UnknownName: torch has no such class.
        InvalidConfig: those of the policy are no table.
    """
    made = dict(settings)
    if made.get("policy_kwargs"):
        made["policy_kwargs"] = {
            key: _class_of(key, value) for key, value in _table(made["policy_kwargs"]).items()
        }
    if pair := _sequence(made.get("train_freq")):
        made["train_freq"] = tuple(pair)  # files and the command line know lists only
    return made


def _table(policy_kwargs: Any) -> Mapping[str, Any]:
    if policy_kwargs is not None and not isinstance(policy_kwargs, Mapping):
        raise InvalidConfig(
            'policy_kwargs is a table, as in {"net_arch": [64]}, got '
            f"{str(policy_kwargs)[:100]!r}"
        )
    return policy_kwargs or {}


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _name_of(key: str, value: Any) -> Any:
    if key in NAMED_CLASSES and isinstance(value, type):
        value = value.__name__
        _class_of(key, value)
    if not _is_plain(value):
        raise InvalidConfig(
            f"policy_kwargs that are saved are plain values, and classes of torch for "
            f"{' and '.join(sorted(NAMED_CLASSES))}; got {key}={value!r}"
        )
    return value


def _class_of(key: str, value: Any) -> Any:
    if key not in NAMED_CLASSES or not isinstance(value, str):
        return value
    base: Any = torch.nn.Module if key == "activation_fn" else torch.optim.Optimizer
    known = {
        name: part
        for name, part in vars(NAMED_CLASSES[key]).items()
        if isinstance(part, type) and issubclass(part, base) and part is not base
    }
    if value not in known:
        raise UnknownName(f"torch has no {key} called {value!r}{did_you_mean(value, known)}")
    return known[value]
