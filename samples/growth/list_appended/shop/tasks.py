"""Each order that is handled is appended to a list that nobody empties."""

from celery import shared_task

recent = []


@shared_task
def handle(order_id):
    recent.append({"order": order_id, "lines": [f"line {number}" for number in range(10)]})
    return len(recent)
