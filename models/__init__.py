"""The domain: what is sold, to whom, and the rules that keep it right. Knows no HTTP and no Celery."""
