"""Teammates that break or turn against the others, one kind to a file.

Beside these, ``crash`` takes teammates down for good, removed or frozen, ``random_action``,
``constant_action`` and ``noisy_action`` are broken hands, and ``interruption`` has a person
override them. How many there are, which, from when and for how long is said in ``victims`` and
``when``, as of every threat.
"""
