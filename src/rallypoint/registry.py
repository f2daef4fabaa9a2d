"""One registry for every kind of part: a part is added by adding one file."""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from rallypoint.errors import DuplicateName, Unavailable, UnknownName, did_you_mean

Part = TypeVar("Part")


class Registry(Mapping[str, Part], Generic[Part]):
    """Named parts of one kind; they register themselves when their module is imported.

    The package they live in is imported module by module at first use, and other packages join
    through the entry-point group ``rallypoint.<kind>s``. A module whose import fails, in whatever
    way, is listed in ``unavailable`` with the reason and breaks nothing else. Iteration is sorted
    by name.

    >>> fruits = Registry[int]("fruit")
    >>> fruits.add("apple", 3)
    3
    >>> fruits["aple"]
    Traceback (most recent call last):
    ...
    rallypoint.errors.UnknownName: no fruit is called 'aple'; did you mean 'apple'? Known: apple
    """

    def __init__(
        self,
        kind: str,
        package: str | None = None,
        *folders: str,
        without: Collection[str] = (),
    ) -> None:
        """Hold parts of a kind; package is the one whose modules register them, if any.

        Of its sub-packages, only the folders that are named are looked into. Modules without parts
        need not be imported to find them, and can be named, too.
        """
        self.kind = kind
        self._package = package
        self._folders = folders
        self._without = frozenset(without)
        self._parts: dict[str, Part] = {}
        self._unavailable: dict[str, str] = {}
        self._owners: dict[str, str] = {}  # by name of a part: the package that registered it
        self._are_own_found = False
        self._are_all_found = False

    def add(
        self, name: str, part: Part, *, is_same: Callable[[Part, Part], bool] | None = None
    ) -> Part:
        """Register a part under a name nobody has yet.

        The registry's own parts are found before one of somebody else's, so that which of two was
        registered first does not decide who is refused.

        Args:
            name: of the part.
            part: the part.
            is_same: tells whether the part that has the name and this one are the same, so that
                registering it once more just replaces it; if not given, whether it is what a
                notebook's cell, run again, has defined anew.

        Raises:
            DuplicateName: the name is taken.
        """
        owner = _registering_package()
        if not self._is_own(owner):
            self._find_own()
        if name in self._parts and not (is_same or is_defined_anew)(self._parts[name], part):
            raise DuplicateName(
                f"{self.kind} names are unique, and {name!r} is taken by {self._parts[name]!r}; "
                "choose another name or, for a changed part, another version"
            )
        self._parts[name] = part
        self._owners[name] = owner
        return part

    def register(self, name: str) -> Callable[[Part], Part]:
        """Decorate a part to register it under a name."""
        return lambda part: self.add(name, part)

    @property
    def unavailable(self) -> dict[str, str]:
        """Modules and entry points that could not be imported, each with the reason."""
        self._find()
        return dict(self._unavailable)

    def __getitem__(self, name: str) -> Part:
        """Return the part of that name.

        Raises:
            Unavailable: it is known, but its import failed.
            UnknownName: nothing of that name is registered.
        """
        if name not in self._parts:
            self._find()
        if name in self._parts:
            return self._parts[name]
        if name in self._unavailable:
            raise Unavailable(f"{self.kind} {name!r} cannot be used: {self._unavailable[name]}")
        hint = did_you_mean(name, self._parts)
        if self._package is not None and "did you mean" not in hint:
            hint += ". One of your own is known once the module that registers it is imported, or "
            hint += "its package is installed"
        raise UnknownName(f"no {self.kind} is called {name!r}{hint}")

    def __contains__(self, name: object) -> bool:
        """Say whether there is a part of that name that can be used."""
        if name not in self._parts:
            self._find()
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, sorted."""
        self._find()
        return iter(sorted(self._parts))

    def __len__(self) -> int:
        """Return how many parts there are."""
        self._find()
        return len(self._parts)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by address: Ray ships a script's globals by value, and a copy would be empty."""
        if self._package is None:
            return super().__reduce__()  # type: ignore[return-value]  # object's is str | tuple
        return import_address, (f"{self._package}:{self.kind}s",)

    def _find(self) -> None:
        if self._are_all_found:
            return
        self._find_own()
        self._are_all_found = True
        for entry_point in entry_points(group=f"rallypoint.{self.kind}s"):
            self._join(entry_point)

    def _find_own(self) -> None:
        if self._are_own_found or self._package is None:
            return
        # First, so that a module that looks a part up does not recurse, nor ask other packages.
        self._are_own_found = self._are_all_found = True
        for package in (self._package, *(f"{self._package}.{f}" for f in self._folders)):
            self._import_all(package)
        self._are_all_found = False

    def _is_own(self, owner: str) -> bool:
        return self._package is not None and self._package.partition(".")[0] == owner

    def _import_all(self, package: str) -> None:
        if package in sys.modules:  # a folder that does not import is listed as unavailable
            for module in pkgutil.iter_modules(sys.modules[package].__path__):
                if module.name not in self._without:
                    self._import(module.name, f"{package}.{module.name}")

    def _import(self, name: str, module: str) -> None:
        # Whatever is wrong in one module, the parts of all others must stay usable.
        try:
            importlib.import_module(module)
        except ImportError as error:  # commonly a library that is not installed
            self._unavailable[name] = str(error)
        except Exception as error:  # noqa: BLE001
            self._unavailable[name] = f"{module} raises {type(error).__name__}: {error}"

    def _join(self, entry_point: EntryPoint) -> None:
        # Somebody else's package: whatever it raises is its own fault, and must not be ours.
        name, package = entry_point.name, entry_point.value.partition(":")[0].partition(".")[0]
        try:
            part = entry_point.load()
            if self._owners.get(name) != package:  # loading, or an import, may have registered it
                self.add(name, part)
                self._owners[name] = package
        except Exception as error:  # noqa: BLE001
            reason = f"{type(error).__name__}: {error}"
            self._unavailable[name] = f"{entry_point.value} raises {reason}"


def _registering_package() -> str:
    """Return the package of whoever registers: the module under import, or the function that does.

    What is between, the functions by which ours lets others register, is none of theirs.
    """
    frame = inspect.currentframe()
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package != __name__.partition(".")[0] or frame.f_code.co_name == "<module>":
            return package
        frame = frame.f_back
    return ""


def is_defined_anew(one: Any, other: Any) -> bool:
    """Say whether two parts are equal, or were defined under one name in one module.

    What a notebook's cell defines anew has the name it had; of a ``partial``, what is called and
    what it is called with are compared. All lambdas have one name, and say nothing by it.
    """
    if isinstance(one, partial) and isinstance(other, partial):
        return (
            is_defined_anew(one.func, other.func)
            and are_equal(one.keywords, other.keywords)
            and len(one.args) == len(other.args)
            and all(map(is_defined_anew, one.args, other.args))
        )
    names = [
        (getattr(each, "__module__", None), getattr(each, "__qualname__", "<lambda>"))
        for each in (one, other)
    ]
    return (names[0] == names[1] and "<lambda>" not in names[0][1]) or are_equal(one, other)


def are_equal(one: Any, other: Any) -> bool:
    """Say whether two values are equal; of arrays it says no."""
    try:
        return bool(one == other)
    except ValueError:  # arrays
        return False


def import_address(address: str) -> Any:
    """Import what an address "package.module:attribute" names; attributes may be nested.

    >>> import_address("rallypoint.errors:InvalidConfig.__name__")
    'InvalidConfig'

    Raises:
        ImportError: there is no such module.
        AttributeError: there is no such attribute in it.
    """
    module, _, path = address.partition(":")
    found = importlib.import_module(module)
    for attribute in path.split("."):
        found = getattr(found, attribute)
    return found
