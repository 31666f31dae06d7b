"""Each order that is handled stays in a dict, keyed by its id, for ever."""

from celery import shared_task

_summaries = {}


def summary(order_id):
    if order_id not in _summaries:
        _summaries[order_id] = f"order {order_id}: " + "socks, " * 100
    return _summaries[order_id]


@shared_task
def handle(order_id):
    return len(summary(order_id))
