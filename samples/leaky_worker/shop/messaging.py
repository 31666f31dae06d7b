"""Where the shop gets its Celery app from."""

from celery import Celery

from shop.settings import BROKER_URL


def make_app(queue):
    app = Celery("shop", broker=BROKER_URL)
    app.conf.task_default_queue = queue
    return app
