"""The URLs, a class each: validate, then enqueue or read; nothing of the domain is decided here."""
