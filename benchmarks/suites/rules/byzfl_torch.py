"""byzfl on torch tensors."""

from suites.rules import Library, tensors
from suites.rules.byzfl_numpy import MEMORY, RULES

LIBRARY = Library(
    name="byzfl, torch",
    rules=RULES,
    convert=tensors,
    packages=("byzfl", "torch"),
    needs="byzfl",
    memory=MEMORY,
    enumerates=("mda", "smea"),
)
SUITE = LIBRARY.suite
