"""Each order that is handled creates an engine, and with it a pool of connections."""

import os

from celery import shared_task
from sqlalchemy import create_engine, text

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///shop.db")


@shared_task
def handle(order_id):
    engine = create_engine(DATABASE_URL)
    with engine.connect() as connection:
        return connection.execute(text("select :order_id"), {"order_id": order_id}).scalar()
