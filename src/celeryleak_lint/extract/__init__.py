"""Reads one file with ``ast`` into a summary; the only package that sees these trees."""
