# The image of one nqlite node.
FROM debian:12-slim AS build
WORKDIR /nqlite
COPY CMakeLists.txt CMakeLists.txt
COPY src src
COPY script script
RUN script/setup build
RUN script/build

FROM debian:12-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libsqlite3-0 libnats3.4 libpg-query1504.0 \
      libprotobuf-c1 libssl3 libevent-2.1-7 libevent-pthreads-2.1-7 libmsgpackc2 libjansson4 libxxhash0 libgmp10 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /nqlite/build/nqlite /usr/local/bin/nqlite
RUN useradd --system --create-home --home-dir /data nqlite
USER nqlite
VOLUME /data
EXPOSE 5432 4001
ENTRYPOINT ["nqlite", "--data-dir", "/data"]
