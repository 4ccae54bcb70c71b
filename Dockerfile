# The tap alone, for `docker run` and whatever starts containers: docs/install.md.
FROM python:3.13-slim-bookworm AS build

WORKDIR /src
RUN python -m venv /opt/build \
    && python -m venv --without-pip /opt/tap

# Third-party packages first: they change less often than the tap. pip compiles byte code.
COPY constraints/build.txt constraints/tap.txt constraints/
RUN /opt/build/bin/pip install --no-cache-dir --require-hashes --no-deps -r constraints/build.txt \
    && /opt/build/bin/pip --python /opt/tap/bin/python install --no-cache-dir \
        --require-hashes --no-deps -r constraints/tap.txt

COPY LICENSE README.md hatch_build.py pyproject.toml ./
COPY schemas schemas
COPY tap_purchase_orders tap_purchase_orders
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation -w dist . \
    && /opt/build/bin/pip --python /opt/tap/bin/python install --no-cache-dir --no-deps dist/*.whl


FROM python:3.13-slim-bookworm

# The base image has no byte code of the standard library, and nobody may write it later.
RUN python -m compileall -q /usr/local/lib/python3.13 -x 'site-packages|/test/' \
    && useradd --create-home --uid 10001 tap
COPY --from=build /opt/tap /opt/tap
ENV PATH=/opt/tap/bin:$PATH

USER 10001
WORKDIR /home/tap
ENTRYPOINT ["tap-purchase-orders"]
CMD ["--help"]
