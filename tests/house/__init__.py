"""The house rules as tests: each prints its offenders."""
