#!/bin/sh
# Installs requirements.txt in the versions of constraints.txt, both beside this script, into a virtual environment.
#   install_packages.sh FOLDER [options of pip install]
set -eu
here=$(dirname "$0") folder=$1
shift
python3 -m venv "$folder"
"$folder/bin/pip" install --no-cache-dir --constraint "$here/constraints.txt" pip
"$folder/bin/pip" install --no-cache-dir --constraint "$here/constraints.txt" --requirement "$here/requirements.txt" "$@"

# a sixth of the image that nothing here runs: tests, and what C++ is compiled with
cd "$folder"/lib/python3*/site-packages
rm -rf torch/include torch/test torch/bin/*[tT]est* torch/bin/protoc*
find . -type d -name tests -prune -exec rm -rf {} +
