"""``rallypoint verify DIR``: whether a run's folder is as the run left it, and comes out again.

``record`` looks at the files alone, ``again`` computes part of the run anew (``training`` where it
was a training), and ``differences`` compares what was told with what is found.
"""
