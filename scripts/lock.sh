#!/bin/sh
# Pin what an empty environment resolves to. torch is pinned without its build tag, so that the
# same lock serves CPU and CUDA builds; the libraries of a CUDA build come with torch itself.
set -eu
bin=$1
"$bin/python" -m pip install --quiet pip-tools
compile() {
    "$bin/python" -m piptools compile --quiet --strip-extras --no-header --no-annotate \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
        --allow-unsafe "$@" pyproject.toml
}
compile --constraint scripts/constraints.txt --output-file requirements.lock
compile --constraint requirements.lock --extra dev --output-file requirements-dev.lock
for file in requirements.lock requirements-dev.lock; do
    sed -i -e 's/+cpu$//' -e '/^nvidia-/d' -e '/^triton==/d' "$file"
done
