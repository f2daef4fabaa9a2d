"""In which settings runs differ, in as few words as tell them apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.report.words import setting

_MOST_LETTERS = 48  # of a name made of settings
_NOTHING: tuple[Any, ...] = (None, {}, [])
_MISSING = object()  # no setting is equal to it


def differences(runs: Sequence[Recorded]) -> list[str]:
    """Say for each run in which settings it differs from the others of its experiment."""
    settings_of = [flat(run.summary.config) for run in runs]
    kinds = [run.summary.experiment for run in runs]
    return [
        _told(settings, [settings_of[place] for place, kind in enumerate(kinds) if kind == own])
        for settings, own in zip(settings_of, kinds, strict=True)
    ]


def names(runs: Sequence[Recorded], labels: Sequence[str]) -> list[str]:
    """Name runs by the settings in which they differ, their seed apart; equals have one name.

    Where one of them takes a paragraph to say, all are called by their folders instead.
    """
    every = [{k: v for k, v in flat(run.summary.config).items() if k != "seed"} for run in runs]
    kept: dict[str, tuple[str, str]] = {}
    for label, each in zip(labels, every, strict=True):
        kept.setdefault(repr(each), (_told(each, every), label))
    if len(kept) == 1:
        return ["all runs"] * len(runs)
    is_short = all(0 < len(told) <= _MOST_LETTERS for told, _ in kept.values())
    return [kept[repr(each)][0 if is_short else 1] for each in every]


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return settings within settings under names such as ``team.aggregator``.

    Of a list of tables each is called by its place, and is what its kind says: ``threats[0]``.
    """
    found: dict[str, Any] = {}
    for key, content in settings.items():
        if isinstance(content, dict) and content:
            found |= flat(content, f"{prefix}{key}.")
        elif isinstance(content, list) and content and all(_has_kind(each) for each in content):
            for place, each in enumerate(content):
                name = f"{key}[{place}]"  # of a threat file, threats.threats by itself
                name = name if prefix == f"{key}." else f"{prefix}{name}"
                rest = {k: v for k, v in each.items() if k != "kind"}
                found |= {name: each["kind"]} | flat(rest, f"{name}.")
        elif f"{prefix}{key}" != "threats.format":  # of the file, which says nothing of a run
            found[f"{prefix}{key}"] = content
    return found


def _told(settings: Mapping[str, Any], every: Sequence[Mapping[str, Any]]) -> str:
    """Say what of these settings is not so in all; of what only they have, no more than its kind.

    How a threat is set says nothing beside a run that has none, or another one in its place.
    """
    return ", ".join(
        f"no {key}" if content in _NOTHING else f"{key} = {setting(content)}"
        for key, content in settings.items()
        if any(other.get(key, _MISSING) != content for other in every)
        and _is_shared(key, settings, every)
    )


def _is_shared(key: str, settings: Mapping[str, Any], every: Sequence[Mapping[str, Any]]) -> bool:
    table, bracket, inner = key.rpartition("]")
    if not inner:
        return True
    kind = table + bracket
    return any(
        other.get(kind) == settings.get(kind) and other.get(key, _MISSING) != settings[key]
        for other in every
    )


def _has_kind(content: Any) -> bool:
    return isinstance(content, dict) and "kind" in content
