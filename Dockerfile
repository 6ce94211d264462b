# Tandem's command line: Python, the locked libraries as wheels, Tandem itself; about 1 GB. No
# compiler, no torch, and no model: the model is fetched at the first use into /cache.
#
# For amd64: pytrec-eval-terrier has no wheel for arm64, and its sources fetch others when they are
# built. All other libraries have both.
#
#     docker build --platform linux/amd64 --tag tandem-search:0.1.0 .
#     docker run --rm tandem-search:0.1.0 --help
FROM python:3.11.15-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
RUN python -m venv --without-pip /opt/tandem
# the libraries before the sources, so that a change of Tandem downloads nothing again
COPY requirements/runtime.lock requirements/
RUN pip --python /opt/tandem/bin/python install --only-binary=:all: --requirement requirements/runtime.lock
COPY pyproject.toml README.md ./
COPY tandem tandem
COPY indexer indexer
COPY query query
COPY rerank rerank
COPY relevance_eval relevance_eval
COPY api api
RUN pip --python /opt/tandem/bin/python install --no-deps .

FROM python:3.11.15-slim-bookworm
# What LightGBM's wheel does not bring along: GNU's OpenMP
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
# By number, so that a host can see that it is not root. Without a home, where OpenVINO would keep
# the mark by which it tells its makers how it is used. The two folders are made here because a new
# volume takes its owner from the image.
RUN groupadd --gid 10001 tandem \
    && useradd --uid 10001 --gid tandem --home-dir /nonexistent --no-create-home tandem \
    && install --directory --owner=tandem --group=tandem /data /cache
COPY --from=build /opt/tandem /opt/tandem
ENV PATH=/opt/tandem/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HOME=/cache/huggingface \
    HF_HUB_DISABLE_TELEMETRY=1 \
    TANDEM_DATA_DIR=/data \
    TANDEM_CACHE_DIR=/cache/tandem
USER 10001:10001
# the rejects file of `tandem index` lands here
WORKDIR /data
# where `tandem serve` listens
EXPOSE 8765
# what Control-C is: the batch in hand is finished
STOPSIGNAL SIGINT
# every server that the settings name can be reached from here; how far the indexes are,
# `tandem status` says
HEALTHCHECK --interval=15s --timeout=15s --start-period=1m --retries=3 CMD ["python", "-c", "import os, socket, urllib.parse as urls; [socket.create_connection((url.hostname, url.port), 3).close() for url in (urls.urlsplit(value) for name, value in os.environ.items() if name.startswith('TANDEM_ENGINES__')) if url.hostname]"]
ENTRYPOINT ["tandem"]
CMD ["--help"]
