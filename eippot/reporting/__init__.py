"""The page about a run: what is read for it, what is drawn, and the template."""
