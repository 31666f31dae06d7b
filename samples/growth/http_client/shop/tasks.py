"""Each order that is handled builds an HTTP client: a pool and a TLS context."""

import os

import httpx
from celery import shared_task

STOCK_URL = os.environ.get("STOCK_URL", "http://localhost:8000")


@shared_task
def handle(order_id):
    client = httpx.Client(base_url=STOCK_URL)
    client.get("/stock", params={"order": order_id}).raise_for_status()
