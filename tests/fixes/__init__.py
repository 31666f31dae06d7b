"""Fixes: what they write, what they refuse, and what their neighbours say to the result."""
