# One image for web, worker, beat and the preparation of a release; the command says which.

FROM python:3.13-slim AS packages
WORKDIR /srv/juno
COPY requirements.txt ./
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /home/juno juno \
    && install -d -o juno -g juno /data
WORKDIR /srv/juno
COPY --from=packages /srv/juno/.venv .venv
COPY . .
ENV PATH=/srv/juno/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    JUNO_DATA=/data
USER juno
VOLUME /data
EXPOSE 8000
# Two processes share what was loaded before the fork; nothing is written below the code.
CMD ["python", "-m", "gunicorn", "juno_support.wsgi", "--bind", "0.0.0.0:8000", \
     "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--preload", \
     "--no-control-socket", "--timeout", "60", "--graceful-timeout", "20", \
     "--worker-tmp-dir", "/dev/shm"]
