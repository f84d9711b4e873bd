# One image for every process; which one a container runs is its argument, a name from the Procfile.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8000
WORKDIR /app

# The lock first: code changes more often than dependencies.
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock

COPY . .
RUN pip install --no-cache-dir --no-build-isolation --no-deps --config-settings editable_mode=compat --editable . \
    && python -m compileall -q api cli models workers settings.py beat_schedule.py logs.py

# No account is needed beyond a number that is not root's; nothing is written outside the servers.
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["/bin/sh", "-c", "command=$(sed -n \"s/^$0: //p\" Procfile); eval \"exec ${command:?$0 is not in the Procfile}\""]
CMD ["web"]
