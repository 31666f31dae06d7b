"""Each order that is handled opens a client, and with it a pool and a connection."""

import os

import redis
from celery import shared_task

CACHE_URL = os.environ.get("CACHE_URL", "redis://localhost:6379/1")


@shared_task
def handle(order_id):
    cache = redis.Redis.from_url(CACHE_URL)
    cache.set(f"order:{order_id % 100}", "handled")
