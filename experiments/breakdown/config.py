"""What is run: how many contributors, how many of them lie, and how large updates are."""

from dataclasses import dataclass

from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class BreakdownConfig(Config):
    """One setting of the experiment; its claims are made for the defaults."""

    contributors: int = 20  # n
    liars: tuple[int, ...] = tuple(range(11))  # f_real, up to half, where no rule can hold
    dimensions: tuple[int, ...] = (10, 100, 1000)  # d, parameters of the model
    length: float = 3.0  # of the honest mean, in honest standard deviations
    subsets: int = 1200  # that smea may compare, which bounds its f: 1140 for f = 3 of 20

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        half = -(-self.contributors // 2)
        rising = all(
            values and list(values) == sorted(set(values))
            for values in (self.liars, self.dimensions)
        )
        if not rising or self.dimensions[0] < 1:
            raise InvalidConfig(
                "liars and dimensions are different whole numbers, rising, and d >= 1; got "
                f"{self.liars} and {self.dimensions}"
            )
        if not {1, half} <= set(self.liars) or self.liars[0] < 0 or self.liars[-1] > half:
            raise InvalidConfig(
                f"liars lie in 0..{half}, half of {self.contributors} contributors, and contain "
                f"1 and {half}; got {self.liars}"
            )
        if half + 2 > self.contributors:
            raise InvalidConfig(
                f"contributors must leave two honest beside half that lie, got {self.contributors}"
            )
        if self.subsets < self.contributors:
            raise InvalidConfig(
                "subsets must be enough to leave one of the contributors out, got "
                f"{self.subsets} for {self.contributors}"
            )
        check_least(self, 0, "length")
