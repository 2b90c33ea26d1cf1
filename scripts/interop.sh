#!/usr/bin/env bash
# Everything that programs of other authors have to say, on the real statement: scripts/interop.sh [compare|brief]
#   a ceremony of both phases with snarkjs among the contributors, checked by both, timed side by side
#   a proof by snarkjs from our .zkey and .wtns, through to a verdict and a receipt of the service, in the demonstration under that key
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build interop
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
scripts/ceremony.sh "$folder" "${1:-compare}"
COVENANT_INTEROP="$HOME/.cache/covenant/tools/snarkjs/node_modules/snarkjs/build/cli.cjs" \
    cargo test --release --locked --workspace --test foreign
KEY="$folder" PROVER=snarkjs scripts/demo.sh
