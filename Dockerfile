# The server in an image. The trainer is not in it.
#
#   docker build --target cpu  --tag smld:cpu .
#   docker build --target cuda --tag smld:cuda .
#
# Both hold the same binary; they differ in the onnxruntime beside it. The bases are arguments, for networks that have
# their own; docs/DEPLOY.md says what each must have.
ARG BUILDER=rust:1.95-bookworm
ARG FETCHER=python:3.11-slim-bookworm
ARG CPU_RUNTIME=debian:bookworm-slim
ARG CUDA_RUNTIME=nvidia/cuda:13.0.0-cudnn-runtime-ubuntu24.04

FROM ${BUILDER} AS build
WORKDIR /build
# Dependencies first, around an empty program: built again only when Cargo.toml, Cargo.lock, build.rs or proto/ changes.
COPY Cargo.toml Cargo.lock build.rs ./
COPY proto proto
RUN mkdir -p src/bin && touch src/lib.rs && echo 'fn main() {}' > src/bin/smld.rs \
    && cargo build --release --locked --no-default-features --features client,serve,onnx,cuda --bin smld
COPY src src
# Cargo goes by times, and those of the sources are older than the empty program's.
RUN touch src/lib.rs src/bin/smld.rs \
    && cargo build --release --locked --no-default-features --features client,serve,onnx,cuda --bin smld

# What both images have besides onnxruntime.
FROM scratch AS server
COPY --from=build /build/target/release/smld /usr/local/bin/smld
COPY LICENSE* /usr/share/doc/smld/
COPY models /models

FROM ${FETCHER} AS onnxruntime
WORKDIR /fetch
COPY scripts scripts
RUN scripts/fetch onnxruntime

FROM ${CPU_RUNTIME} AS cpu
ARG VERSION=unversioned
LABEL org.opencontainers.image.title="smld" \
      org.opencontainers.image.description="A server of score-based generative models, on CPU" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=onnxruntime /fetch/.deps/onnxruntime /opt/onnxruntime
COPY --from=server / /
# Other machines may reach this address: it starts with SMLD_KEYS, a file of keys, or with SMLD_OPEN_TO_ALL=true.
ENV SMLD_LISTEN=0.0.0.0:8080 \
    SMLD_MODELS=/models \
    SMLD_ONNXRUNTIME=/opt/onnxruntime/libonnxruntime.so
# A number, so that Kubernetes can see that it is not root. Nothing is written: the root file system may be read-only.
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=2m --retries=3 CMD ["smld", "health"]
ENTRYPOINT ["smld"]
CMD ["serve"]

FROM ${FETCHER} AS onnxruntime-gpu
WORKDIR /fetch
COPY scripts scripts
RUN scripts/fetch onnxruntime-gpu

FROM ${CUDA_RUNTIME} AS cuda
ARG VERSION=unversioned
LABEL org.opencontainers.image.title="smld" \
      org.opencontainers.image.description="A server of score-based generative models, on an NVIDIA GPU" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=onnxruntime-gpu /fetch/.deps/onnxruntime-gpu /opt/onnxruntime
COPY --from=server / /
# Two workers: while the GPU runs one's batch, the other gathers its own. Slots: at least workers × batch rows, so that batches are full.
# As above: with SMLD_KEYS, or with SMLD_OPEN_TO_ALL=true.
ENV SMLD_LISTEN=0.0.0.0:8080 \
    SMLD_MODELS=/models \
    SMLD_ONNXRUNTIME=/opt/onnxruntime/libonnxruntime.so \
    SMLD_PROVIDER=cuda \
    SMLD_WORKERS=2 \
    SMLD_SLOTS=1024 \
    SMLD_BATCH_ROWS=256
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m --retries=3 CMD ["smld", "health"]
ENTRYPOINT ["smld"]
CMD ["serve"]
