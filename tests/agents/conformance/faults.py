"""How broken agents are listed."""

from dataclasses import dataclass


def registrar(broken):
    """Return what registers agents in a list of broken ones, each with what its refusal says."""

    def fault(says):
        def register(kind):
            made = dataclass(frozen=True, kw_only=True)(kind)
            broken[made] = says
            return made

        return register

    return fault
