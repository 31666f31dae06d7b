"""Which remedy a finding gets, judged on facts: gates, how far a fix may be trusted, and reasons.

Knows the linked project and the catalog; must not know how source text is edited.
"""
