"""The HTTP side: validates, enqueues and reads. Every change is accepted here and made by the workers."""
