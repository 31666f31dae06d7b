"""Writes fixes: remedies and the bytes of files in, edits or a reason out. Nothing here raises.

Knows source text, never the project: what needs facts was decided by ``remedies``. libcst
reads slices here as in ``cst``, with the same containment.
"""
