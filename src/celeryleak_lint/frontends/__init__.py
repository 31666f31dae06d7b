"""The doors: a command and a flake8 plugin, both thin, both through ``run``."""
