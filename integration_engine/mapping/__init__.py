"""The mapping language: profiles as data, checked, run and tested. Pure."""
