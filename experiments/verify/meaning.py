"""Whether the command in a manifest means what the manifest says was run. Computes nothing."""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from rallypoint.config import from_dict, to_dict
from rallypoint.errors import RallypointError, Unavailable, UnknownName
from rallypoint.experiments import experiments
from rallypoint.experiments.contributing import training_meant
from rallypoint.experiments.plan import plan_meant
from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.run_command import Experiments, experiment_command
from rallypoint.experiments.settings import threat_files
from rallypoint.experiments.verify.differences import differences, plain
from rallypoint.experiments.verify.findings import Finding, judged, not_installed

_ALONE = re.compile(r"python -m rallypoint\.experiments\.(\w+)")
# What says how, where to and where a run is carried out, and not what is run.
_ASIDE = ("out", "resume", "ray", "ray_settings", "strict")


def look_at_command(run: Recorded) -> Finding:
    """Read the command again, and compare settings and seeds with those of the manifest."""
    words = run.manifest["command"]
    program, *rest = words or [""]
    alone = _ALONE.fullmatch(program)
    if not alone and (program != "rallypoint" or rest[:1] not in (["run"], ["train"])):
        reason = "there is none: it was started from Python, or by another program"
        return Finding("command", "not checked", reason)
    if rest[:1] == ["train"] and any(word.split("=")[0] == "--resume" for word in rest):
        return Finding("command", "not checked", "it went on with an earlier training")
    try:
        if alone:
            meant = _experiment_meant(run, [alone[1], *rest])
        elif rest[0] == "run":
            meant = _experiment_meant(run, _name_first(rest[1:]))
        else:
            meant = _training_meant(run, rest[1:])
    except (UnknownName, Unavailable) as error:  # a part of somebody's package, it may be
        return not_installed("command", error)
    except (click.ClickException, RallypointError) as error:
        told = error.format_message() if isinstance(error, click.ClickException) else str(error)
        return Finding("command", "differs", f"it cannot be meant: {told}")
    told, found = meant
    apart = [
        f"{difference} (manifest, command)" for difference in differences(told, found, tolerance=0)
    ]
    return judged("command", apart, compared="it means these settings and seeds")


def _name_first(words: list[str]) -> list[str]:
    group = Experiments("run")
    return group.name_first(click.Context(group), words)


def _experiment_meant(run: Recorded, words: Sequence[str]) -> tuple[Any, Any]:
    """Return what a run of an experiment says was run, and what its command means.

    What was in a threat file is not looked at: it may be another by now, or lie elsewhere.
    """
    name, *options = words or [""]
    manifest = run.manifest
    experiment = experiments[manifest["experiment"]]
    given = _given(experiment_command(experiment), options)
    given = {k: v for k, v in given.items() if k not in _ASIDE}
    plan = plan_meant(experiment, given, reads=False)
    told = {
        "experiment": manifest["experiment"],
        "seeds": manifest["seeds"],
        "quick": manifest.get("quick", False),
        "cells": manifest.get("cells", []),
        "config": manifest["config"],
    }
    cells = [cell.name for cell in plan.cells if plan.is_sweep]
    config: Any = plan.config
    if cells and "cells" not in manifest:  # this is one of them
        cells, config = [], _of_cell(plan.cells, run.folder.name)
    elif not cells:  # settings that came since have their defaults
        told["config"] = to_dict(from_dict(experiment.config, manifest["config"]))
    found = {
        "experiment": name,
        "seeds": plan.seeds,
        "quick": plan.quick,
        "cells": cells,
        "config": config,
    }
    files = threat_files(experiment.config)
    for side in (told, found):
        if isinstance(side["config"], Mapping):
            there = {name: _is_given(side["config"].get(name)) for name in files}
            side["config"] = {**side["config"], **there}
    return plain(told), plain(found)


def _is_given(file: Any) -> Any:
    """Say whether there is a threat file; of a sweep, for each value."""
    return [bool(each) for each in file] if isinstance(file, list) else bool(file)


def _of_cell(cells: Sequence[Any], name: str) -> Any:
    return next((to_dict(cell.config) for cell in cells if cell.name == name), f"no cell {name}")


def _training_meant(run: Recorded, words: Sequence[str]) -> tuple[Any, Any]:
    """Return what a training says was trained, and what its command means.

    What was in a threat file is not looked at: it may be another by now, or lie elsewhere.
    """
    from rallypoint.agents.train import settings_of, training_of  # learners
    from rallypoint.experiments.train_command import train

    given = _given(train, words)
    training = training_meant(given, None)
    sides = []
    for config, has_threats in (
        (settings_of(training_of(run.manifest)), run.manifest["config"].get("threats") is not None),
        (settings_of(training), given["threat_file"] is not None),
    ):
        sides.append({**config, "threats": has_threats})
    told = {"config": plain(sides[0]), "seeds": run.manifest["seeds"]}
    return told, {"config": plain(sides[1]), "seeds": [training.seed]}


def _given(command: click.Command, words: Sequence[str]) -> Mapping[str, Any]:
    """Read options as the command line does, but look for none of the files they name.

    Raises:
        ClickException: what the command line would refuse.
    """
    params = [copy.copy(option) for option in command.params]
    for option in params:
        if isinstance(option.type, click.Path):
            option.type = click.STRING
    lenient = click.Command(command.name, params=params, add_help_option=False)
    return lenient.make_context(command.name, list(words)).params
