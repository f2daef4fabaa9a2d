"""The site: how docs/ becomes pages; `make site` builds it, and any warning is an error."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "rallypoint"
author = "The rallypoint contributors"
copyright = author  # noqa: A001 - Sphinx's word
version = release = version_of("rallypoint")
language = "en-GB"
smartquotes = False  # --strict is two hyphens
default_role = "literal"  # `rallypoint list` in help and comments

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "sphinx_external_toc",
    "house_docstrings",
    "registered_parts",
    "threat_file",
]
exclude_patterns = ["site", "**/__pycache__"]

# The pages are read on GitHub, too: plain Markdown, and navigation in a file of its own.
external_toc_path = "site/toc.yml"
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# What a module says in __all__, or defines; what it imports is somebody else's.
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"
viewcode_line_numbers = True

html_theme = "furo"
html_title = "rallypoint"
html_static_path = ["static"]
html_css_files = ["style.css"]
html_show_sphinx = False
html_copy_source = False
highlight_language = "text"  # a fence that names no language is a command, and no Python
pygments_style = "a11y-light"  # every word at 4.5:1 or more
pygments_dark_style = "github-dark"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5c7a", "color-brand-content": "#0b5c7a"},
    "dark_css_variables": {"color-brand-primary": "#7cc4de", "color-brand-content": "#7cc4de"},
}
