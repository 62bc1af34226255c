"""Forms on paper: what stands on one is declared once and drawn twice, as a PDF and as a page to print."""
