"""``python -m rallypoint``: the command line."""

from rallypoint.experiments.cli import main

main()
