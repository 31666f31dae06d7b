"""Runs the code blocks of the rule pages as tests."""
