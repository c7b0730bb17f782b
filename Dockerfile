# One image for every Airflow service. The development machine has no container engine: this file
# is checked by tests/unit/test_compose.py, but nobody has built it there.
FROM python:3.11-slim-bookworm AS build

WORKDIR /opt/customs-risk
ENV VIRTUAL_ENV=/opt/customs-risk/.venv
COPY requirements.txt ./
# pip only brings uv, in the pinned version; uv installs exactly what is pinned, checked by hash
RUN python -m venv "$VIRTUAL_ENV" \
    && pip install --no-cache-dir "$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.txt)" \
    && uv pip sync --no-cache --require-hashes --compile-bytecode requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY dags dags
COPY dbt_project dbt_project
COPY expectations expectations
COPY ml ml
COPY plugins plugins
# in place, because the DAGs, the dbt project and the feeds' declarations are found beside the code
RUN uv pip install --no-cache --no-deps --no-build-isolation --editable . \
    && python -m compileall -q dags expectations ml plugins


FROM python:3.11-slim-bookworm

RUN groupadd --gid 10001 customs-risk \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/airflow customs-risk \
    && install --directory --owner=10001 --group=10001 --mode=0750 \
        /var/lib/airflow /var/lib/customs-risk
COPY --from=build /opt/customs-risk /opt/customs-risk
ENV PATH=/opt/customs-risk/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/customs-risk
USER 10001:10001
CMD ["airflow", "version"]
