"""One folder per question: what is run, over what, and what it means."""

if __name__ == "experiments":  # a second copy, with registries and classes of its own
    raise ImportError("import rallypoint.experiments, not experiments, which is a part of it")
