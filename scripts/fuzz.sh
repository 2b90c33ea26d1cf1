#!/usr/bin/env bash
# Runs the fuzz targets: scripts/fuzz.sh SECONDS [TARGET…]; says what each executed. It needs nothing but a C++ compiler and
# cargo-fuzz, which it installs into the home folder's cache. Coverage needs no nightly compiler; the address sanitizer, which does,
# is left out: the parsers are safe Rust.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:?seconds for each target}"
shift
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
    mapfile -t targets < <(sed -n 's/^name = "\([a-z0-9]*\)"$/\1/p' fuzz/Cargo.toml)
fi
cache="$HOME/.cache/covenant"
export PATH="$PATH:$cache/tools/bin"

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "fuzz: building cargo-fuzz, once"
    CARGO_TARGET_DIR="$cache/tools-target" cargo install --quiet --locked --root "$cache/tools" cargo-fuzz
    rm -rf "$cache/tools-target"
fi

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
cargo run --quiet --release --locked -p covenant-import --example seeds -- fuzz/corpus
cargo run --quiet --release --locked -p covenant-proofs --example format_seeds -- fuzz/corpus
export CARGO_TARGET_DIR="$PWD/fuzz/target"
for target in "${targets[@]}"; do
    folders=("fuzz/corpus/$target")
    mkdir -p "${folders[0]}"
    for known in "fuzz/regressions/$target" "fuzz/edges/$target"; do
        [[ -d "$known" ]] && folders+=("$known")
    done
    # What an input may take: 10 seconds, half a gigabyte. Real lines are short, so are the inputs.
    if ! cargo fuzz run --sanitizer none "$target" "${folders[@]}" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -max_len=16384 -print_final_stats=1 >"$log" 2>&1; then
        tail -40 "$log"
        echo "fuzz: $target FAILED; the input is under fuzz/artifacts/$target"
        exit 1
    fi
    executed="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    covered="$(grep -o 'cov: [0-9]*' "$log" | tail -1)"
    peak="$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")"
    printf 'fuzz: %-11s %9s executions in %s s, %s, peak %s MB\n' "$target" "$executed" "$seconds" "$covered" "$peak"
done
