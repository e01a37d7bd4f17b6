"""Settings of Sphinx; ``make docs`` builds the site, which loads nothing from the network."""

from __future__ import annotations

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from eippot.version import __version__

project = "eippot"
release = __version__
extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "eippot"
html_static_path = ["site"]
html_css_files = ["style.css"]
html_extra_path = ["license.txt", "results.jsonl"]
html_copy_source = False
html_math_renderer = "mathml"
exclude_patterns = ["site"]


def _inline(translator: HTML5Translator, node: nodes.Element) -> None:
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.Element) -> None:
    translator.body.append(convert(node.astext(), display="block"))
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Equations become MathML, which browsers show without any script."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
