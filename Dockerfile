# Every program's image, a target each:
#
#   docker build --target service -t searchindex/service .
#
#   service, jobs           CPU, ONNX Runtime; no torch
#   controller              neither models nor numpy
#   samples                 pictures and the small model, to fill a volume with
#   service-gpu, jobs-gpu   torch and CUDA: 5.7 GB, and a C compiler from the base's own archive (apt)
#
# Where images are released, the base is pinned: --build-arg BASE_IMAGE=python:3.11-slim-bookworm@sha256:...
# Where pip needs an index or an authority of your own: --secret id=pip.conf,src=... --secret id=ca.pem,src=...
ARG BASE_IMAGE=python:3.11-slim-bookworm

# ---- building: of these stages only /opt/searchindex goes into an image

FROM ${BASE_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/pip && python -m venv --without-pip /opt/searchindex
ENV PIP="/opt/pip/bin/pip --python /opt/searchindex/bin/python install --quiet --require-hashes --no-deps --only-binary :all: --no-compile" \
    PRECOMPILE="env PYTHONPATH=/opt/searchindex/app PYTHONDONTWRITEBYTECODE=1 /opt/searchindex/bin/python /opt/precompile.py"
COPY tools/precompile.py /opt/precompile.py

FROM builder AS built-cpu
COPY requirements/image.txt /tmp/requirements.txt
# What no program of ours ever loads is left out: 30 MB of tests, and of tools to convert models.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem,target=/run/secrets/ca.pem \
    $PIP -r /tmp/requirements.txt && cd /opt/searchindex/lib/python3*/site-packages \
    && rm -rf numpy/tests numpy/*/tests numpy/f2py onnxruntime/transformers onnxruntime/tools onnxruntime/quantization onnxruntime/datasets

FROM built-cpu AS built-kernels
COPY requirements/kernels.txt /tmp/kernels.txt
COPY searchindex /opt/searchindex/app/searchindex
# 34 KB, made by a compiler of 170 MB, which stays here.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem,target=/run/secrets/ca.pem \
    $PIP -r /tmp/kernels.txt && cd /opt/searchindex/app && /opt/searchindex/bin/python -m searchindex.encoders.kernels.build /opt/x86-64-v3

FROM built-cpu AS built-service
COPY searchindex /opt/searchindex/app/searchindex
COPY --from=built-kernels /opt/x86-64-v3 /opt/searchindex/app/searchindex/encoders/kernels/x86-64-v3
COPY observability /opt/searchindex/app/observability
COPY service /opt/searchindex/app/service
RUN $PRECOMPILE service.app searchindex.stores.qdrant

FROM built-cpu AS built-jobs
COPY searchindex /opt/searchindex/app/searchindex
COPY --from=built-kernels /opt/x86-64-v3 /opt/searchindex/app/searchindex/encoders/kernels/x86-64-v3
COPY observability /opt/searchindex/app/observability
COPY jobs /opt/searchindex/app/jobs
RUN $PRECOMPILE jobs.app searchindex.stores.qdrant

FROM builder AS built-controller
COPY requirements/controller.txt /tmp/requirements.txt
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem,target=/run/secrets/ca.pem \
    $PIP -r /tmp/requirements.txt
COPY searchindex /opt/searchindex/app/searchindex
COPY observability /opt/searchindex/app/observability
COPY controller /opt/searchindex/app/controller
RUN $PRECOMPILE controller.__main__

FROM builder AS built-samples
COPY requirements/encoder.txt /tmp/requirements.txt
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem,target=/run/secrets/ca.pem \
    $PIP -r /tmp/requirements.txt
COPY tools/bundle_samples.py /opt/bundle_samples.py
COPY samples /tmp/samples
RUN /opt/searchindex/bin/python /opt/bundle_samples.py /tmp/samples /samples && chmod -R a+rX /samples

# ---- running: a user without a name, a root that may be read-only, and /tmp as the only place to write

FROM ${BASE_IMAGE} AS program
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="searchindex" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
ENV PATH=/opt/searchindex/bin:$PATH \
    PYTHONPATH=/opt/searchindex/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    USER=searchindex
WORKDIR /opt/searchindex/app
USER 65532:65532

FROM program AS service
COPY --from=built-service /opt/searchindex /opt/searchindex
ENV API_HOST=0.0.0.0 API_PORT=8000 MODELS_PATH=/models
EXPOSE 8000
# Kubernetes has probes of its own; this is for an engine alone.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['API_PORT']}/livez\", timeout=4)"]
ENTRYPOINT ["python", "-m", "service"]

FROM program AS jobs
COPY --from=built-jobs /opt/searchindex /opt/searchindex
ENV MODELS_PATH=/models
ENTRYPOINT ["python", "-m", "jobs"]

FROM program AS controller
COPY --from=built-controller /opt/searchindex /opt/searchindex
ENTRYPOINT ["python", "-m", "controller"]

# Copies itself into the folder that it is given: a volume, which an index is then made of.
FROM ${BASE_IMAGE} AS samples
COPY --from=built-samples /samples /samples
USER 65532:65532
ENTRYPOINT ["cp", "-rT", "--no-preserve=all", "/samples"]
CMD ["/data"]

# ---- with torch; last, so that no other target has to wait for them

FROM builder AS built-gpu
COPY requirements/image-gpu.txt /tmp/requirements.txt
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem,target=/run/secrets/ca.pem \
    $PIP -r /tmp/requirements.txt

# A C compiler makes Triton's launchers when a tower is compiled (TORCH_COMPILE); Python's headers are the base's. What it makes lies in HOME.
FROM service AS service-gpu
USER 0:0
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends g++ libc6-dev && rm -rf /var/lib/apt/lists/*
USER 65532:65532
COPY --from=built-gpu /opt/searchindex/lib /opt/searchindex/lib

FROM jobs AS jobs-gpu
USER 0:0
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends g++ libc6-dev && rm -rf /var/lib/apt/lists/*
USER 65532:65532
COPY --from=built-gpu /opt/searchindex/lib /opt/searchindex/lib
