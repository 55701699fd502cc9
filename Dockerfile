# A static binary on an empty image: no shell, no package manager, not root.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /tocsin ./cmd/tocsin \
 && mkdir /data && chown 65532:65532 /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /tocsin /tocsin
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV TOCSIN_DATA=/data
VOLUME /data
ENTRYPOINT ["/tocsin"]
CMD ["--help"]
