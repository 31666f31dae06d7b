"""Tests of the layer that reads files through libcst."""
