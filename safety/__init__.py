"""Threats, and what is done against them: frame, aggregation, defences, certificates."""

if __name__ == "safety":  # a second copy, with registries and classes of its own
    raise ImportError("import rallypoint.safety, not safety, which is a part of it")
