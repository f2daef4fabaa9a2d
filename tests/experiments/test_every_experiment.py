"""What every experiment keeps to, so that the command line can promise it."""

import dataclasses
from pathlib import Path

import pytest

import rallypoint.experiments
from rallypoint.config import from_dict, to_dict
from rallypoint.errors import RallypointError
from rallypoint.experiments import experiments
from tests.experiments.in_miniature import IN_MINIATURE, miniature_of

FOLDER = Path(rallypoint.experiments.__file__).parent
every_experiment = pytest.mark.parametrize("name", list(experiments))


def test_every_experiment_can_be_used():
    ours = {name: why for name, why in experiments.unavailable.items() if (FOLDER / name).exists()}
    assert ours == {}
    assert len(experiments) > 0


@every_experiment
def test_its_name_is_its_folders(name):
    assert experiments[name].name == name


@every_experiment
def test_its_question_is_one_line(name):
    question = experiments[name].question
    assert question.endswith("?")
    assert "\n" not in question
    assert len(question) <= 80


@every_experiment
def test_its_config_is_frozen_and_survives_a_file(name):
    experiment = experiments[name]
    config = experiment.config()
    assert from_dict(experiment.config, to_dict(config)) == config
    assert experiment.config.__dataclass_params__.frozen


@every_experiment
def test_its_quick_config_is_a_config(name):
    experiment = experiments[name]
    assert dataclasses.replace(experiment.config(), **experiment.quick)
    assert 3 <= experiment.quick_seeds <= experiment.seeds  # fewer decide nothing


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [(name, *refused) for name in IN_MINIATURE for refused in miniature_of(name).REFUSED],
)
def test_settings_that_cannot_be_run_are_refused(name, settings, says):
    experiment = experiments[name]
    with pytest.raises(RallypointError, match=says):
        experiment.refuse(from_dict(experiment.config, settings))


@every_experiment
def test_what_runs_it_can_be_imported(name):
    assert callable(experiments[name].load())


@every_experiment
def test_its_help_explains_each_setting(name, rallypoint):
    text = rallypoint("run", name, "--help").out
    for field in dataclasses.fields(experiments[name].config):
        assert f"--{field.name.replace('_', '-')}" in text


@every_experiment
def test_it_is_also_a_module(name):
    main = FOLDER / name / "__main__.py"
    assert f'run_alone("{name}")' in main.read_text()


@every_experiment
def test_what_it_keeps_is_not_what_it_is_verified_by(name):
    experiment = experiments[name]
    keeps = {f.name for f in dataclasses.fields(experiment.config)} & {"kept"}
    assert keeps <= set(experiment.places)
