# The program in an image: `minimal` is the binary and certificates; the last stage, which is the default, also has the shell
# that GitLab needs and ssh for ssh remotes. There is no git in either, as the program needs none.
#
# Both base images are pinned by the digest of their index. To see what a tag is now, and then write it here:
# docker buildx imagetools inspect docker.io/library/debian:bookworm-slim --format '{{ .Manifest.Digest }}'
# docker.io/library/rust:1.95-bookworm
ARG RUST_IMAGE=docker.io/library/rust@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1
# docker.io/library/debian:bookworm-slim
ARG BASE_IMAGE=docker.io/library/debian@sha256:3783cc01769c7b2b1b83a5c5ad96c815348e28ed7da68e2e3687004faa906251

FROM ${RUST_IMAGE} AS build
WORKDIR /source
COPY . .
RUN target="$(rustc --print host-tuple)" \
    && bash packaging/build.sh "$target" \
    && install -D "target/$target/release/tagship" /out/tagship

FROM scratch AS minimal
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/tagship /usr/local/bin/tagship
# A mounted checkout belongs to another user, and was mounted to be read: `CI` lets the program read it, as in CI systems.
ENV CI=true
LABEL org.opencontainers.image.title="tagship" \
      org.opencontainers.image.description="The release step of a GitOps pipeline" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
ENTRYPOINT ["/usr/local/bin/tagship"]

FROM ${BASE_IMAGE}
# The versions are those of the base image's release, whose digest pins what matters.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates openssh-client \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/tagship /usr/local/bin/tagship
ENV CI=true
LABEL org.opencontainers.image.title="tagship" \
      org.opencontainers.image.description="The release step of a GitOps pipeline" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# No USER: a job's workspace belongs to the runner's user, and GitHub wants actions to be root.
ENTRYPOINT ["/usr/local/bin/tagship"]
