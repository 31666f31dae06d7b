"""celeryleak-lint: finds what a long-running Python process builds, keeps or opens too often."""

__version__ = "0.1.0"
