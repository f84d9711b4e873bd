"""A simulated on-sale over HTTP: many fans, few seats, and what became of everybody."""
