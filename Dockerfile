# wirewatch's image. The first stage installs from the locks, checking hashes; the second has no compiler, no pip's cache,
# no sources, and a user that may write to /data and /tmp only.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
RUN pip install --require-hashes -r requirements-build.lock \
 && uv venv /app \
 && uv pip sync --python /app/bin/python --require-hashes requirements.lock
COPY . .
RUN hatchling build -t wheel -d /wheels \
 && uv pip install --python /app/bin/python --no-deps --compile-bytecode /wheels/*.whl

FROM python:3.12-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin wirewatch \
 && install -d -m 700 -o wirewatch -g wirewatch /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    WIREWATCH_DATA=/data \
    WIREWATCH_CONFIG=/etc/wirewatch/watch.yaml \
    PREFECT_HOME=/tmp/prefect \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    DO_NOT_TRACK=1
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 8080
# of the page; the other services of docker-compose.yml have checks of their own
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler as P, build_opener as b; b(P({})).open('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["wirewatch"]
CMD ["web"]
