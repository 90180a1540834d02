# The dashboard, the worker and the clock: one image, three commands (docker-compose.yml).
#
# 3.10 is what the product was designed on; it has had no security fixes since October 2026. Build on a newer one with
#   docker compose build --build-arg PYTHON_VERSION=3.13
ARG PYTHON_VERSION=3.10

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# Which database driver and which Gemini SDK to bring along: "postgres", "google-genai", both, or none.
ARG EXTRAS=""
COPY requirements/ requirements/
RUN pip install --require-hashes -r requirements/pip.txt \
    && pip install --require-hashes -r requirements/base.txt \
    && for extra in $EXTRAS; do pip install --require-hashes -r "requirements/$extra.txt" || exit 1; done
COPY manage.py ./
COPY sdr_dashboard/ sdr_dashboard/
COPY people/ people/
COPY conversations/ conversations/
COPY bot/ bot/
COPY templates/ templates/
COPY locale/ locale/
# The key is needed to start Django and used for nothing; it is not in the image.
RUN SECRET_KEY=not-a-secret-only-for-building-the-image python manage.py collectstatic --noinput \
    && python -m sdr_dashboard.translations

FROM python:${PYTHON_VERSION}-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:$PATH VAR_DIR=/app/var
RUN groupadd --system --gid 10001 sdr && useradd --system --uid 10001 --gid sdr --home-dir /app --no-create-home sdr
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
RUN install --directory --owner=sdr --group=sdr --mode=0700 /app/var
USER 10001:10001
VOLUME ["/app/var"]
EXPOSE 8000
# Python, since a slim image has no curl.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8000') + '/healthz', timeout=4)"]
CMD ["python", "-m", "sdr_dashboard.web", "--host", "0.0.0.0"]
