"""The versions of the parameters that a server still knows."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig

Vector = NDArray[Any]


class Versions(NamedTuple):
    """Some versions of the parameters in a row; version t is that after t applied updates."""

    current: int
    kept: tuple[Vector, ...]  # (d,) each, the current one last

    @property
    def oldest(self) -> int:
        """The oldest version that is still known."""
        return self.current - len(self.kept) + 1

    def knows(self, version: int) -> bool:
        """Say whether a version is still known."""
        return self.oldest <= version <= self.current

    def of(self, version: int) -> Vector:
        """Return the parameters of a version, (d,).

        Raises:
            InvalidConfig: it is not known any more, or not yet.
        """
        if not self.knows(version):
            raise InvalidConfig(
                f"versions {self.oldest} to {self.current} are known, and {version} is asked for"
            )
        return self.kept[version - self.current - 1]

    def then(self, version: int, parameters: Vector, *, keep: int) -> "Versions":
        """Return these and one more, (d,), at most so many in all.

        Raises:
            InvalidConfig: it is not the next one.
        """
        if version != self.current + 1:
            raise InvalidConfig(f"version {self.current + 1} comes next, and {version} is told")
        return Versions(version, (*self.kept, parameters)[-keep:])
