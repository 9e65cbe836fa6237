"""Charts as SVG, drawn on the server: no script, and no style but the classes of the stylesheet."""
