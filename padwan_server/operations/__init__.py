"""The contract: every operation is declared once here, and all front ends derive from the table."""
