# docker build -t tersegraph . && docker run --rm -v "$PWD:/data" -w /data tersegraph train --data graph.npz
# Two stages: what builds it stays in the first. The packages are those of ./setup.
FROM debian:12-slim AS build
COPY . /src
WORKDIR /src
RUN apt-get update -q && apt-get install -y -q --no-install-recommends dpkg-dev file && \
    ./setup --no-python && \
    cmake --workflow --preset program && \
    cpack --config build/program/CPackConfig.cmake -B /packages

FROM debian:12-slim
RUN --mount=type=bind,from=build,source=/packages,target=/packages \
    apt-get update -q && \
    apt-get install -y -q --no-install-recommends openssh-client /packages/tersegraph_*.deb /packages/tersegraph-mpi_*.deb && \
    rm -rf /var/lib/apt/lists/*
# Open MPI starts nothing as root unless told; a user of its own needs no telling.
RUN useradd --create-home tersegraph
USER tersegraph
ENTRYPOINT ["tersegraph"]
CMD ["--help"]
