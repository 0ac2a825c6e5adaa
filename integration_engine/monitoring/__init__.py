"""Health and what operators watch."""
