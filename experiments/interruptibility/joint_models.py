"""What a learner of joint actions may learn of its teammates from; ours.

A joint table is neutral: what a joint action leads to does not depend on who chose it. What is
chosen by it, and what it bootstraps with, depends on what teammates are expected to do: see
docs/joint-proposed-model.md.
"""

from collections.abc import Mapping
from typing import Any

MODELS: Mapping[str, Mapping[str, Any]] = {
    "executed": {"model": "executed"},  # a control: it foresees the brakes
    "same_step": {"model": "proposed"},  # unbiased, but not safe by the letter
    "delayed": {"model": "proposed", "delay": 1},  # nor is this, which shows one visit later
    "second_draw": {"model": "second_draw"},  # safe by the letter
    "policy": {"model": "policy"},  # likewise, and with less noise
}
