"""Each order that is handled is an object, and a memo on its method keeps every one."""

from functools import lru_cache

from celery import shared_task


class Order:
    def __init__(self, order_id):
        self.order_id = order_id
        self.lines = [f"order {order_id}, line {number}" for number in range(20)]

    @lru_cache(maxsize=None)
    def total(self, currency):
        return f"{len(self.lines) * 10} {currency}"


@shared_task
def handle(order_id):
    return Order(order_id).total("EUR")
