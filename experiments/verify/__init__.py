"""``rallypoint verify DIR``: whether a run's folder is as the run left it, and comes out again.

``record`` looks at the files alone, ``sweep`` at whether a sweep tells what its cells tell,
``again`` computes part of the run anew (``training`` where it was a training), and ``differences``
compares what was told with what is found.
"""
