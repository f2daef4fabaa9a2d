"""What is to be trained: where, for how long, and under which threats."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rallypoint.agents.gradient.by_name import Team
from rallypoint.config import Config, to_dict
from rallypoint.counts import check_counts
from rallypoint.draws import check_seed
from rallypoint.errors import InvalidConfig, RallypointError, UnreadableFile
from rallypoint.registration import check_settings
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS


@dataclass(frozen=True, kw_only=True)
class Training(Config):
    """What is trained, where, and for how long."""

    env: str  # id of the environment
    agent: str  # name of the agent, as `rallypoint list agents` has it
    steps: int  # agent steps in all
    seed: int = 0  # of the world, the threats and the learner
    # Side by side, as many as suits the agent if not given; of who learns on tables each is a team.
    copies: int | None = None
    env_settings: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)  # the agent's own
    threats: ThreatModel | None = None
    record: bool = False  # whether what happens is written down; of contributors, what they send
    record_vectors: bool = False  # of updates all numbers; else digests, lengths and distances
    team: Team | None = None  # who contributes; of learners of contributors only

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: a value of another kind, or a number out of its range.
        """
        for name in ("steps", "copies"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidConfig(f"{name} is a whole number >= 1, got {value!r}")
        check_counts({"steps": self.steps, "copies": self.copies})
        check_settings(self.env_settings)
        check_seed(self.seed)
        for name in ("steps", "copies", "seed"):  # NumPy's numbers go into no manifest
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, int(value))
        if self.record_vectors and not self.record:
            raise InvalidConfig("record_vectors says how updates are recorded: say record, too")

    @property
    def met(self) -> ThreatModel | None:
        """The threats that a learner meets who sends no updates."""
        return None if self.threats is None else self.threats.in_world()

    @property
    def left_out(self) -> tuple[str, ...]:
        """The kinds of threats that such a learner does not meet."""
        given = () if self.threats is None else self.threats.at(*OF_ROUNDS).threats
        return tuple(threat.kind for threat in given)


def settings_of(training: Training) -> Mapping[str, Any]:
    """Return the training as plain values, for a manifest."""
    plain = to_dict(training)
    if training.threats is not None:
        plain["threats"] = training.threats.to_dict()
    return plain


def training_of(manifest: Any) -> Training:
    """Return what was trained, as a run's manifest tells it.

    Raises:
        UnreadableFile: it does not tell of a training.
    """
    try:
        told = dict(manifest["config"])
        if manifest["experiment"] != "train":
            raise UnreadableFile(f"this is a run of {manifest['experiment']!r}, and no training")
        threats, team = told.pop("threats", None), told.pop("team", None)
        model = None if threats is None else ThreatModel.from_dict(threats)
        return Training(**told, threats=model, team=None if team is None else Team(**team))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, RallypointError):
            raise
        raise UnreadableFile(f"the manifest does not tell of a training: {error}") from error
