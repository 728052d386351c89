# The README's two commands on a machine of their own:
#   docker build --tag smtj .
#   docker run --volume "$PWD/reproduction:/smtj/reproduction" smtj        # make reproduce
#   docker run smtj make test
FROM python:3.11-slim
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev make \
    && rm -rf /var/lib/apt/lists/*
# The build of PyTorch without CUDA.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
WORKDIR /smtj
COPY . .
RUN make install
CMD ["make", "reproduce"]
