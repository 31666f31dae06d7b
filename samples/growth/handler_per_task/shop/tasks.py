"""Each order that is handled adds one more handler, with a file of its own, to the logger."""

import logging

from celery import shared_task


def audit_logger():
    logger = logging.getLogger("shop.audit")
    handler = logging.FileHandler("audit.log")
    handler.setLevel(logging.ERROR)
    logger.addHandler(handler)
    return logger


@shared_task
def handle(order_id):
    audit_logger().info("handled order %s", order_id)
