# The pipeline's own images: app, spark (app, Java and Spark), dashboard (Streamlit), notebook (spark and JupyterLab), airflow
# (spark and Airflow), localstack, and dev, where tests run (airflow, the tests' tools and the servers of local mode). BuildKit builds them.
# A target's stages are ordered by how often they change: packages, jars, code.
ARG BASE_IMAGE=python:3.11-slim-bookworm

# uv, which installs Python packages; it is in no final image.
# hadolint ignore=DL3006
FROM ${BASE_IMAGE} AS tools
COPY images/fetching images/install-packages /opt/uv/bin/
COPY requirements/bootstrap.txt /requirements.txt
RUN --mount=type=secret,id=registries \
    python -m venv /opt/uv \
    && /opt/uv/bin/fetching /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        -r /requirements.txt

# The source for Kinesis as a wheel, which uv builds without a registry.
FROM tools AS kinesis-source
COPY kinesis-source /kinesis-source
RUN /opt/uv/bin/uv build --quiet --wheel --offline --no-cache --out-dir /wheels /kinesis-source

# What the three have in common.
# hadolint ignore=DL3006
FROM ${BASE_IMAGE} AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONUTF8=1
RUN useradd --uid 1000 --user-group --create-home pipeline \
    && install -d -m 700 -o pipeline -g pipeline /app/.local/state /app/.local/state/airflow /app/.local/state/run \
        /app/.local/state/jupyter /app/.local/state/workspace /app/.local/state/workspace/dbfs \
        /app/.local/state/workspace/jobs
WORKDIR /app

FROM base AS app-packages
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=requirements/app.txt,target=/requirements.txt \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=registries \
    /opt/uv/bin/install-packages /opt/venv /requirements.txt

FROM app-packages AS java
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/*

FROM java AS spark-packages
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=requirements/spark.txt,target=/requirements.txt \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=registries \
    /opt/uv/bin/install-packages /opt/venv /requirements.txt

# The jars of jars/ivy.xml, checked by jars/SHA256SUMS.
FROM java AS jars
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends ivy && rm -rf /var/lib/apt/lists/*
COPY jars images/fetching images/fetch-jars /jars/
RUN --mount=type=secret,id=registries /jars/fetching /jars/fetch-jars spark

# Our code and its bytecode, which our account can read and not write.
FROM base AS code
# Read for the settings' names.
COPY .env.example /app/
COPY sql /app/sql
COPY airflow /app/airflow
COPY contracts /app/contracts
COPY common /app/common
COPY emulator /app/emulator
COPY spark_jobs /app/spark_jobs
COPY services /app/services
COPY operations /app/operations
COPY dashboard /app/dashboard
COPY workspace /app/workspace
COPY notebooks /app/notebooks
COPY stack /app/stack
RUN python -m compileall -q /app

FROM app-packages AS app
COPY --from=code /app /app
USER 1000:1000

# Made last of all that it needs and copied by its content: another code does not change it, nor what is built on it.
FROM spark-packages AS spark-classes
COPY --from=jars /jars/spark /app/.local/jars/spark
COPY --from=code /app /app
COPY images/archive-classes /usr/local/bin/
RUN --mount=type=cache,target=/var/cache/spark-classes archive-classes /var/cache/spark-classes

FROM spark-packages AS spark-runtime
COPY --from=jars /jars/spark /app/.local/jars/spark
COPY --from=spark-classes /app/.local/spark-classes.* /app/.local/

FROM spark-runtime AS spark-source
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,from=kinesis-source,source=/wheels,target=/wheels \
    /opt/uv/bin/uv pip install --quiet --python /opt/venv/bin/python --no-deps --offline --no-cache \
        --link-mode copy --compile-bytecode /wheels/*.whl

FROM spark-source AS spark
COPY --from=code /app /app
USER 1000:1000

# The dashboard: nothing of Spark's but the packages, whose layer it shares.
FROM spark-packages AS dashboard
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=requirements/dashboard.txt,target=/requirements.txt \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=registries \
    /opt/uv/bin/install-packages /opt/venv /requirements.txt
COPY --from=code /app /app
USER 1000:1000

# JupyterLab and notebooks' kernels; built with the profile notebook alone.
FROM spark-source AS notebook
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=requirements/notebook.txt,target=/requirements.txt \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=registries \
    /opt/uv/bin/install-packages /opt/venv /requirements.txt
COPY --from=code /app /app
USER 1000:1000

FROM spark-runtime AS airflow-packages
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=requirements/airflow.txt,target=/requirements.txt \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=registries \
    /opt/uv/bin/install-packages /opt/venv /requirements.txt

FROM airflow-packages AS airflow
COPY --from=code /app /app
USER 1000:1000

# LocalStack with its Kinesis, which the official image fetches at the first call: for each new volume, and only where the
# network lets it. /usr/lib/localstack is where LocalStack looks for what its image brings.
FROM localstack/localstack:4.9.2 AS localstack
WORKDIR /usr/lib/localstack/kinesis-local/0.4.13
COPY stack/localstack/kinesis/package.json stack/localstack/kinesis/package-lock.json ./
RUN --mount=type=bind,source=images/fetching,target=/fetching \
    --mount=type=secret,id=registries \
    /fetching npm ci --no-audit --no-fund
WORKDIR /opt/code/localstack
# Run at its start: it refuses unknown hosts and web pages of other sites, and its Kinesis takes records quickly and lets
# the oldest go.
COPY common/hosts.py stack/localstack/kinesis-text.cjs stack/localstack/quick-puts.cjs stack/localstack/kept-records.cjs \
    /etc/localstack/init/
COPY stack/localstack/init /etc/localstack/init/start.d

# The rest of requirements/runtime.txt, and the tools of tests and checks.
FROM airflow-packages AS dev-packages
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,source=requirements,target=/requirements \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=registries \
    for lock in bootstrap runtime notebook dev; do /opt/uv/bin/install-packages /opt/venv "/requirements/$lock.txt" || exit; done

# The servers of local mode, by what determines them.
FROM dev-packages AS servers
COPY jars /app/jars
COPY requirements/localstack.txt requirements/mysql.txt /app/requirements/
COPY contracts /app/contracts
COPY common /app/common
COPY stack/__init__.py /app/stack/
COPY stack/local/__init__.py stack/local/install.py /app/stack/local/
COPY stack/localstack/kinesis /app/stack/localstack/kinesis
COPY stack/mysql/shims /app/stack/mysql/shims
RUN --mount=type=bind,from=tools,source=/opt/uv,target=/opt/uv \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=registries \
    UV_LINK_MODE=copy /opt/uv/bin/fetching \
        python -c 'from stack.local import install; install.install(install.ROOT / ".local")' \
    && rm -rf /root/.cache/zig /root/.npm

# A whole checkout whose set-up is done, as the stamps say. As root, as which local mode runs its databases as nobody.
FROM servers AS dev
COPY . /app
RUN ln -s /opt/venv .venv \
    && mkdir .venv/stamps \
    && touch .venv/stamps/venv .venv/stamps/runtime .venv/stamps/notebook .venv/stamps/dev \
    && make .venv/stamps/kinesis-source MODE=local
CMD ["make", "test", "MODE=local"]
