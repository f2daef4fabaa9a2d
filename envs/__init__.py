"""Worlds, and the views that other libraries take of them; nothing adversarial in here."""

if __name__ == "envs":  # a second copy, with registries and classes of its own
    raise ImportError("import rallypoint.envs, not envs, which is a part of it")
