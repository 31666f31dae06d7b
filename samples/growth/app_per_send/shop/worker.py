"""The Celery app that the worker runs."""

import os

from celery import Celery

app = Celery(
    "shop",
    broker=os.environ.get("BROKER_URL", "redis://localhost:6379/0"),
    include=["shop.tasks"],
)
app.conf.task_ignore_result = True
