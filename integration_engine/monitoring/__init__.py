"""Health and what operators watch: counters, checks, and logs that say nothing about a person."""
