"""How a report looks: one module a format, each from values to text and nothing else."""
