"""Learners, and how their rounds are run; the only place of torch and Ray."""

from typing import Any

from rallypoint.registry import Registry

if __name__ == "agents":  # a second copy, with registries and classes of its own
    raise ImportError("import rallypoint.agents, not agents, which is a part of it")


agents: Registry[Any] = Registry(
    "agent",
    __name__,
    without=("assess", "assessment", "conformance", "evaluation", "saved", "train"),
)
