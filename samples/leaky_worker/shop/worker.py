"""The tasks of the shop: each run leaks, in two ways."""

import redis
from celery import shared_task

from shop.messaging import make_app
from shop.settings import CACHE_URL


@shared_task
def confirm_order(order_id):
    cache = redis.Redis.from_url(CACHE_URL)
    cache.set(f"order:{order_id}", "confirmed")
    notify("mail", order_id)


def notify(queue, order_id):
    app = make_app(queue)
    app.send_task("shop.mail.send", args=[order_id])
