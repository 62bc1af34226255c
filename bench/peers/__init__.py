"""What users would pick instead of Wenshu, each set up with care, over the office's own rows."""
