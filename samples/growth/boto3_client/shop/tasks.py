"""Each order that is handled builds an S3 client, which loads models and makes classes."""

import boto3
from celery import shared_task


@shared_task
def handle(order_id):
    s3 = boto3.client("s3", region_name="eu-central-1")
    return s3.generate_presigned_url(
        "get_object", Params={"Bucket": "invoices", "Key": f"{order_id}.pdf"}
    )
