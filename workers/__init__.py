"""The workers: Celery tasks that open one transaction and call one operation of the domain."""
