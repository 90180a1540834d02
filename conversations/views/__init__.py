"""The pages and what people do on them, a file for each part. What happens meanwhile is in `stream.py`."""
