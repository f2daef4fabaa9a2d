"""Values that a config's fields cannot mean."""

import dataclasses
import typing

WRONG = {bool: ("no", 0.5), int: ("no", True, 0.5), float: ("no", True), str: (0.5,)}


def wrong_settings(config, *, words=True):
    """Yield each plain field of a config, and a value of another kind than it declares.

    Fields that may be words are left out if asked to.
    """
    hints = typing.get_type_hints(config)
    for field in dataclasses.fields(config):
        kinds = {*typing.get_args(hints[field.name]), hints[field.name]} - {type(None)}
        plain = kinds & set(WRONG)
        if (
            (str in plain and not words) or not plain or kinds - plain - {hints[field.name]}
        ):  # of others nothing is known here
            continue
        for value in ("no", True, 0.5):
            if all(value in WRONG[kind] for kind in plain):
                yield field.name, value
