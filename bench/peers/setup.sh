#!/bin/sh
# Makes the Python environment of the peers that `npm run bench` compares with, in .cache/peers or $NEARFOLD_PEERS.
# The product never needs it. Set PIP_EXTRA_INDEX_URL or the like to have torch without CUDA.
set -eu
cd "$(dirname "$0")/../.."
folder="${NEARFOLD_PEERS:-.cache/peers}"
python3 -m venv "$folder"
"$folder/bin/python" -m pip install --disable-pip-version-check -r bench/peers/requirements.txt
echo "peers installed in $folder"
