"""Reports: a self-contained, printable page with tables and charts. It is given figures and words, never a case."""
