"""Real workers, killed and restarted while leads and people write: only by `make chaos`."""
