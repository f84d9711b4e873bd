-- Operators look for fans by the beginning of their name: user ids say nothing to people.
CREATE INDEX holders_by_name ON holder (lower(name) text_pattern_ops);
