"""The container images this project is run and tested with. The one place of their tags; ``docker-compose.yml`` and
``Dockerfile`` name the same ones, and a test holds them to it."""

RABBITMQ = "rabbitmq:4.1-management"
POSTGRES = "postgres:17"
PYTHON = "python:3.11-slim"
