"""Does what a learner learns depend on being interrupted? Measured on worlds, step by step."""
