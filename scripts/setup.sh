#!/usr/bin/env bash
# Installs what is missing: scripts/setup.sh [build] [interop] [schemathesis] [lint]
#   build   what demo, test and bench need: cargo, a C and C++ compiler, libclang, git, curl (installed, or advice where that fails)
#   interop Node with npm, GNU time, and snarkjs of the pinned version, into the home folder's cache
#   schemathesis  Python with venv, and schemathesis of the pinned version, into the home folder's cache
#   lint    rustfmt and clippy (through rustup) and cargo-deny (built once, into the home folder's cache)
set -euo pipefail
cd "$(dirname "$0")/.."

die() {
    printf 'setup: %s\n' "$1" >&2
    printf '  advice: %s\n' "$2" >&2
    exit 2
}

has() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian packages where this user may, and otherwise says what to install.
packages() {
    local sudo=()
    if [[ $(id -u) -ne 0 ]]; then
        has sudo || die "missing: $*" "install $* as root"
        sudo=(sudo)
    fi
    has apt-get || die "missing: $*" "install $* with this system's package manager"
    echo "setup: installing $*"
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@")
    # A fresh machine may not have the lists of packages yet.
    "${sudo[@]}" "${install[@]}" >/dev/null 2>&1 ||
        { "${sudo[@]}" apt-get update -qq >/dev/null && "${sudo[@]}" "${install[@]}" >/dev/null; } ||
        die "could not install $*" "see what apt-get says above; a package may have another name on this system"
}

# RocksDB's bindings are generated from its headers, which needs libclang, and clang to find the system's own headers.
has_libclang() {
    [[ -n ${LIBCLANG_PATH:-} ]] && return
    has clang && compgen -G '/usr/lib/llvm-*/lib/libclang[-.][0-9s]*' >/dev/null && return
    # Elsewhere than on Debian: where the system's linker, or Apple's or Homebrew's tools, find it.
    has clang && { ldconfig -p 2>/dev/null | grep -q 'libclang[-.][0-9s]' || [[ $(uname) == Darwin ]]; }
}

for_build() {
    has cc && has c++ || packages build-essential
    has_libclang || packages libclang-dev clang
    has git || packages git
    has curl || packages curl ca-certificates
    has cargo || die "cargo is not on the PATH" "install Rust from https://rustup.rs, or add ~/.cargo/bin to the PATH"
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(rustc --version | cut -d' ' -f2)
    if [[ $(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -1) != "$wanted" ]]; then
        die "Rust $found is too old" "Covenant needs Rust $wanted or newer: rustup update stable"
    fi
}

for_interop() {
    has node && has npm || packages nodejs npm
    [[ -x /usr/bin/time ]] || packages time
    local pinned=circuits/proofs/tests/snarkjs tools="$HOME/.cache/covenant/tools/snarkjs"
    if ! cmp -s "$pinned/package-lock.json" "$tools/package-lock.json" || [[ ! -e $tools/node_modules/snarkjs/build/cli.cjs ]]; then
        echo "setup: installing snarkjs"
        mkdir -p "$tools"
        cp "$pinned"/package{,-lock}.json "$tools/"
        (cd "$tools" && npm ci --silent --no-audit)
    fi
}

# The version that scripts/schemathesis was written for.
SCHEMATHESIS=4.32.5

for_schemathesis() {
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages python3 python3-venv
    local tools="$HOME/.cache/covenant/tools/schemathesis"
    if [[ ! -e $tools/installed-$SCHEMATHESIS ]]; then
        echo "setup: installing schemathesis"
        rm -rf "$tools"
        python3 -m venv "$tools"
        "$tools/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS" ||
            die "schemathesis $SCHEMATHESIS cannot be installed" "it needs Python 3.10 or newer, and pip a way to a package index"
        touch "$tools/installed-$SCHEMATHESIS"
    fi
}

for_lint() {
    local part
    for part in rustfmt clippy; do
        if ! cargo "${part/rustfmt/fmt}" --version >/dev/null 2>&1; then
            has rustup || die "cargo's $part is missing" "install the toolchain with rustup, or this system's package of $part"
            rustup component add "$part"
        fi
    done
    if ! cargo deny --version >/dev/null 2>&1; then
        local cache="$HOME/.cache/covenant"
        echo "setup: building cargo-deny, once (a few minutes)"
        # Optimising a tool that runs for two seconds would only make its build longer.
        CARGO_TARGET_DIR="$cache/tools-target" CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
            CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
            cargo install --quiet --locked --root "$cache/tools" cargo-deny
        rm -rf "$cache/tools-target"
    fi
}

for part in "$@"; do
    case "$part" in
        build) for_build ;;
        interop) for_interop ;;
        schemathesis) for_schemathesis ;;
        lint) for_lint ;;
        *) die "unknown part: $part" "scripts/setup.sh [build] [interop] [schemathesis] [lint]" ;;
    esac
done
