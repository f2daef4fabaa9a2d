"""One folder per question: what is run, over what, and what it means."""

from typing import Any

from rallypoint.experiments.experiment import Experiment
from rallypoint.registry import Registry

if __name__ == "experiments":  # a second copy, with registries and classes of its own
    raise ImportError("import rallypoint.experiments, not experiments, which is a part of it")

__all__ = ["Experiment", "experiments"]

experiments: Registry[Experiment[Any]] = Registry("experiment", __name__)
