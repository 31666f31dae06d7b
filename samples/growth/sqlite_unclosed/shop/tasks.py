"""Each order that is handled opens the database and leaves it open."""

import os
import sqlite3

from celery import shared_task

DATABASE = os.environ.get("DATABASE", "shop.db")


@shared_task
def handle(order_id):
    connection = sqlite3.connect(DATABASE)
    return connection.execute("select ?", (order_id,)).fetchone()[0]
