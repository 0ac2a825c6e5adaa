# The engine's image: gateway, worker, console and every cdr command are this one program.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/cdr

# The pinned libraries first: this layer changes with requirements.lock only.
COPY requirements.lock ./
RUN python -m pip install --require-hashes --no-deps -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY integration_engine ./integration_engine
COPY adapters ./adapters
COPY mappings ./mappings
COPY queue_config ./queue_config
# A user id that folders of the host can be given to.
RUN python -m pip install --no-deps --no-build-isolation . \
    && useradd --system --uid 10001 --no-create-home --home-dir /srv/cdr cdr

USER cdr
EXPOSE 8080 2575
ENTRYPOINT ["cdr"]
CMD ["run", "all"]
