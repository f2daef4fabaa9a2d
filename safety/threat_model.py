"""The threat model: one description of all threats of a run, in one file."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from rallypoint import config
from rallypoint.errors import InvalidConfig, UnreadableFile, did_you_mean
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.safety import threats as kinds
from rallypoint.safety.limits import Budget, Byzantine, Schedule, Share
from rallypoint.safety.threats import Site, Threat

FORMAT = 1
_MOST = 10**6  # characters of a file; a device that never ends has more

__all__ = ["FORMAT", "Budget", "Byzantine", "Schedule", "Share", "ThreatModel"]


@dataclass(frozen=True, kw_only=True)
class ThreatModel(config.Config):
    """All threats of a run, in the order in which they act at one site.

    >>> model = ThreatModel.from_dict(
    ...     {"threats": [{"kind": "crash", "victims": {"fraction": 0.9}, "when": {"from": 5}}]}
    ... )
    >>> model.threats[0].when
    Schedule(from_=5, until=None, every=1, probability=1.0)
    """

    format: int = FORMAT  # of the file
    byzantine: Annotated[Byzantine | None, IN_OTHER_FORMS] = (
        None  # who lies, for threats whose victims are "byzantine"
    )
    # From Python whatever is gone through, too, such as what a comprehension makes.
    threats: Annotated[tuple[Threat, ...], IN_OTHER_FORMS] = field(default=())
    # The place of each threat in the file, by which messages and receipts name it: a part of a
    # model, such as what meets a world, keeps those of the whole. Counted anew where others are
    # put in the threats' place.
    numbers: tuple[int, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise InvalidConfig(
                f"this version reads threat files of format {FORMAT}, got format {self.format!r}"
            )
        if isinstance(self.byzantine, Mapping):
            object.__setattr__(self, "byzantine", _byzantine(self.byzantine))
        object.__setattr__(self, "threats", _threats(self.threats))
        if len(self.numbers) != len(self.threats):
            object.__setattr__(self, "numbers", tuple(range(len(self.threats))))
        for index, threat in zip(self.numbers, self.threats, strict=True):
            if threat.victims == "byzantine" and self.byzantine is None:
                raise InvalidConfig(
                    f"threats[{index}] ({threat.kind}) is done by the Byzantine, and nobody is; "
                    "say who in [byzantine], with a count, a fraction or members"
                )

    @classmethod
    def from_toml(cls, path: str | Path) -> "ThreatModel":
        """Read a threat file.

        Raises:
            UnreadableFile: it cannot be read, or is no TOML; says where.
            InvalidConfig: what it says cannot be meant.
            UnknownName: a kind of threat that there is not; names the nearest.
        """
        try:
            with Path(path).open(encoding="utf-8") as file:
                text = file.read(_MOST + 1)
            if len(text) > _MOST:
                raise UnreadableFile(f"{path} has more than {_MOST:,} characters: no threat file")
            table = tomllib.loads(text)
        except OSError as error:
            raise UnreadableFile(f"cannot read threat file {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UnreadableFile(f"threat file {path} is no TOML: {error}") from error
        except RecursionError as error:
            raise UnreadableFile(f"threat file {path} is nested too deeply") from error
        return cls.from_dict(table)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> "ThreatModel":
        """Make a model of plain values, as a threat file or ``to_dict`` gives them."""
        known = ("format", "byzantine", "threats")
        for key in table:
            if key not in known:
                raise InvalidConfig(f"a threat file has no key {key!r}{did_you_mean(key, known)}")
        listed = table.get("threats", [])
        if not isinstance(listed, list | tuple):
            raise InvalidConfig(
                f"threats are a list of tables, [[threats]] in TOML; got {listed!r}"
            )
        found = table.get("byzantine")
        return cls(
            format=table.get("format", FORMAT),
            byzantine=None if found is None else _byzantine(found),
            threats=tuple(
                kinds.from_dict(threat, where=f"threats[{index}]")
                for index, threat in enumerate(listed)
            ),
        )

    def at(self, *sites: Site) -> "ThreatModel":
        """Return the model of those threats that stand at some sites, with the same Byzantine."""
        kept = [place for place, threat in enumerate(self.threats) if threat.site in sites]
        return replace(
            self,
            threats=tuple(self.threats[place] for place in kept),
            numbers=tuple(self.numbers[place] for place in kept),
        )

    def in_world(self) -> "ThreatModel":
        """Return the model of those threats that meet a world; others meet updates and servers."""
        return self.at(*(site for site in kinds.SITES if site not in kinds.OF_ROUNDS))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON or TOML; what is None is left out."""
        plain: dict[str, Any] = {"format": self.format}
        if self.byzantine is not None:
            found = config.to_dict(self.byzantine)
            plain["byzantine"] = {key: item for key, item in found.items() if item is not None}
        return plain | {"threats": [threat.to_dict() for threat in self.threats]}


def _threats(given: Any) -> tuple[Threat, ...]:
    threats = tuple(given) if isinstance(given, Iterable) else (None,)
    if not all(isinstance(threat, Threat) for threat in threats):
        raise InvalidConfig(f"threats is a list of Threats, got {given!r}")
    return threats


def _byzantine(table: Any) -> Byzantine:
    if not isinstance(table, Mapping):
        raise InvalidConfig(f"[byzantine] is a table such as {{count = 2}}, got {table!r}")
    return config.from_dict(Byzantine, table, where="byzantine")
