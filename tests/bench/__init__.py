"""Tests of the benches: their scoring, their samples and their committed data."""
