# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/poolwright
COPY requirements/build.txt requirements/runtime.txt requirements/
# The build backend stays outside what is shipped.
RUN python -m pip install --require-hashes --requirement requirements/build.txt \
 && /opt/poolwright/bin/python -m pip install --require-hashes --only-binary=:all: --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/poolwright/bin/python -m pip install --no-deps --no-index /wheels/*.whl \
 && /opt/poolwright/bin/python -m pip uninstall --yes pip \
 && /opt/poolwright/bin/python -OO -m compileall -q /opt/poolwright/lib

FROM python:3.13-slim
COPY --from=build /opt/poolwright /opt/poolwright
# The SDKs' docstrings alone are 10 MB of memory; optimisation level 2 leaves them out.
ENV PATH=/opt/poolwright/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONOPTIMIZE=2
# A number, so that Kubernetes can prove runAsNonRoot without reading /etc/passwd.
USER 65532:65532
ENTRYPOINT ["poolwright"]
