"""Each order that is handled sends a mail, through an app of its own."""

from celery import shared_task

from shop.messaging import make_app


@shared_task
def handle(order_id):
    notify(order_id)


def notify(order_id):
    app = make_app()
    app.send_task("shop.mail.send", args=[order_id])
