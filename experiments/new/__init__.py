"""``rallypoint new KIND NAME``: a package of one's own with a part that works, and its tests.

``skeleton`` says what is written; the templates are the files.
"""
