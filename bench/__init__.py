"""Measurements of Wenshu, and of what people would use instead, over the very same rows."""
