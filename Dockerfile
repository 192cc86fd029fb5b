# Build the wheel in one image, install nothing but wheels in the other.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY mailtrap mailtrap
COPY templates templates
COPY static static
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . && \
    pip wheel --no-cache-dir --only-binary :all: --wheel-dir /wheels /wheels/mailtrap_sandbox-*.whl

FROM python:3.13-slim
LABEL org.opencontainers.image.title="mailtrap-sandbox" \
      org.opencontainers.image.description="A fake SMTP server that keeps every message and relays none" \
      org.opencontainers.image.licenses="MIT"
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels /wheels/mailtrap_sandbox-*.whl && \
    useradd --system --uid 10025 --no-create-home --home-dir /data mailtrap && \
    install -d -o mailtrap -g mailtrap -m 0700 /data
USER 10025
VOLUME /data
# Inside a container listening beyond loopback is the point; publish the ports to 127.0.0.1 or set a password.
ENV MAILTRAP_HOST=0.0.0.0 \
    MAILTRAP_INSECURE=true \
    MAILTRAP_DATABASE=/data/mailtrap.db \
    MAILTRAP_STATE_DIR=/data/state \
    PYTHONUNBUFFERED=1
# SMTP (plain and STARTTLS), SMTP over TLS, POP3 (plain and STLS) and over TLS, IMAP (plain and STARTTLS) and over TLS,
# web pages and API
EXPOSE 1025 1465 1110 1995 1143 1993 8025
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["mailtrap", "healthcheck"]
ENTRYPOINT ["mailtrap"]
CMD ["serve"]
