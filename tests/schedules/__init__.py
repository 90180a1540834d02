"""Turns that are stopped at every point where they call out or wait, and what happens to them there."""
