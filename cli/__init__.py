"""The `frontrow` command: starts the whole service, and looks after one that runs."""
