"""The office's tables as a Django app: `models.py` and the pages over them, `admin.py`."""
