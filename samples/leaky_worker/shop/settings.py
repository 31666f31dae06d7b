"""What differs between one deployment and the next."""

import os

BROKER_URL = os.environ.get("BROKER_URL", "redis://localhost:6379/0")
CACHE_URL = os.environ.get("CACHE_URL", "redis://localhost:6379/1")
