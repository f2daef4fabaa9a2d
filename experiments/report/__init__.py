"""``rallypoint report DIR…``: what runs found, as one page that opens from disk.

``recorded`` reads a run's folder and trusts nothing in it; ``page`` lays out what was read; the
templates say what it looks like. The page holds no script and loads nothing.
"""
