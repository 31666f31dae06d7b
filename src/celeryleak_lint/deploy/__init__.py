"""Reads deploy and lock files into facts; it knows their formats and nothing of Python code."""
