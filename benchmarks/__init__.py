"""How much the product carries, and what it loses, beside what a user would write instead: `make bench`."""
