"""Tests of celeryleak-lint."""
