"""The shapes of bodies: requests are checked against theirs, answers are documented and tested by theirs."""
