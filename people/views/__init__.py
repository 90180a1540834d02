"""What people do about themselves and each other, a file for each part."""
