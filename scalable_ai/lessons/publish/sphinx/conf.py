"""Sphinx's configuration of the site; title and further files come from the command that builds it."""

extensions = ["myst_nb"]
nb_execution_mode = "off"  # lessons have run already, with answers that are not on the page
nb_merge_streams = True
nb_ipywidgets_js = {}  # the default would fetch a script from elsewhere
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4

language = "en"
smartquotes = False
html_theme = "furo"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
