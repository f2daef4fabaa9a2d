"""``rallypoint show``: an episode of any environment, with what threats do drawn on it.

``scenes`` plays and keeps what there is to see of each step, ``actors`` says who acts, ``sights``
how a world is pictured. ``board`` puts the picture of a step together out of ``rows``, ``curve``,
``percepts`` and ``legend``; a world that draws nothing is shown by its ``ledger`` of actions.
``filmstrip`` shows a whole episode in one picture, ``outputs`` writes files.
"""
