"""Where the shop gets its Celery app from."""

import os

from celery import Celery

BROKER_URL = os.environ.get("BROKER_URL", "redis://localhost:6379/0")
RESULT_URL = os.environ.get("RESULT_URL", "redis://localhost:6379/2")


def make_app():
    app = Celery("shop", broker=BROKER_URL, backend=RESULT_URL)
    app.conf.task_routes = {"shop.mail.*": {"queue": "mail"}}
    return app
