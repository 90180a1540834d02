"""Coming in, one's own page, and the team, a file for each."""
