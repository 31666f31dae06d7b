"""What the user may set, as one frozen value; reading it from disk is the system's business."""

from celeryleak_lint.config.entries import catalog_tables
from celeryleak_lint.config.parse import ConfigError, parse, unknown_codes
from celeryleak_lint.config.settings import Config, Memoizer

__all__ = ["Config", "ConfigError", "Memoizer", "catalog_tables", "parse", "unknown_codes"]
