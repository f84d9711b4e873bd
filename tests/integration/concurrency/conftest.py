"""Races on the real database, in threads that have a connection each."""

from tests.integration.concurrency.duel import duel, guards

__all__ = ["duel", "guards"]
