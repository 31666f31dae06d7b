"""Tests of linking that no page can tell as a case."""
