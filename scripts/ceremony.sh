#!/usr/bin/env bash
# Makes a key of the compliance statement together: scripts/ceremony.sh FOLDER [COMPARE]
#   FOLDER     where all files go; the key is stored under FOLDER/keys, where programs open it without --allow-development-keys
#   COMPARE    "compare" plays each step with snarkjs as well, "brief" does so but for those that take it many minutes
# Both phases have three parties: us, an auditor who uses snarkjs where there is Node, and a beacon. Ends with a table of time, processor
# time and memory of each step. The parties are all on this machine, so the key is a demonstration's: nobody relies on it.
set -euo pipefail
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?a folder} compare=${2:-}
power=${POWER:-16}
beacon=0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[[ ! -e $folder/keys ]] || { echo "ceremony: there is a key in $folder already" >&2; exit 2; }

if [[ $compare ]]; then "$root/scripts/setup.sh" build interop; else "$root/scripts/setup.sh" build; fi
(cd "$root" && cargo build --release --locked --quiet --bin covenant)
target=$(cd "$root" && cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
covenant=$target/release/covenant
snarkjs=$HOME/.cache/covenant/tools/snarkjs/node_modules/snarkjs/build/cli.cjs
[[ -e $snarkjs ]] && command -v node >/dev/null || snarkjs=''
cd "$folder"

# ---------------------------------------------------------------------------------------------- measuring
: >measured
# measured WHO STEP COMMAND...: runs a command, and notes wall seconds, processor seconds and megabytes at most.
measured() {
    local who=$1 step=$2
    shift 2
    printf '%s: %s\n' "$step" "$who"
    if ! /usr/bin/time -o spent -f '%e %U %S %M' "$@" >said 2>&1; then
        cat said >&2
        echo "ceremony: $step ($who) failed" >&2
        exit 1
    fi
    awk -v who="$who" -v step="$step" '{ printf "%s|%s|%.1f|%.1f|%d\n", step, who, $1, $2 + $3, $4 / 1024 }' spent >>measured
}
ours() { measured covenant "$1" "$covenant" ceremony "${@:2}"; }
theirs() { measured snarkjs "$1" node --max-old-space-size=4096 "$snarkjs" "${@:2}"; }
# also STEP COMMAND...: the same step by snarkjs, for comparison alone.
also() { [[ -z $compare || -z $snarkjs ]] || theirs "$@"; }
slow() { [[ $compare != compare ]] || also "$@"; }
same() { [[ -z $compare || -z $snarkjs || ! -e $2 ]] || cmp "$1" "$2"; }

# ---------------------------------------------------------------------------------------------- first phase
ours 'powers: new' powers new --power "$power" --out tau0.ptau
also 'powers: new' powersoftau new bn128 "$power" js0.ptau
same tau0.ptau js0.ptau
ours 'powers: contribute' powers contribute tau0.ptau --name 'Example Bank' --out tau1.ptau
if [[ $snarkjs ]]; then
    theirs 'powers: contribute' powersoftau contribute tau1.ptau tau2.ptau --name='Example Audit' -e="$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')"
else
    ours 'powers: contribute' powers contribute tau1.ptau --name 'Example Audit' --out tau2.ptau
fi
ours 'powers: beacon' powers beacon tau2.ptau --value $beacon --iterations 10 --out tau3.ptau
also 'powers: beacon' powersoftau beacon tau2.ptau js3.ptau $beacon 10
same tau3.ptau js3.ptau
ours 'powers: verify' powers verify tau3.ptau
slow 'powers: verify' powersoftau verify tau3.ptau
ours 'powers: prepare' prepare tau3.ptau --out tau.ptau
slow 'powers: prepare' powersoftau prepare phase2 tau3.ptau js.ptau
same tau.ptau js.ptau

# ---------------------------------------------------------------------------------------------- second phase
ours 'key: start' start --ptau tau.ptau --out 0000.zkey --r1cs compliance.r1cs
also 'key: start' groth16 setup compliance.r1cs tau.ptau js.zkey
same 0000.zkey js.zkey
ours 'key: contribute' contribute 0000.zkey --name 'Example Bank' --out 0001.zkey
if [[ $snarkjs ]]; then
    theirs 'key: contribute' zkey contribute 0001.zkey 0002.zkey --name='Example Audit' -e="$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')"
else
    ours 'key: contribute' contribute 0001.zkey --name 'Example Audit' --out 0002.zkey
fi
ours 'key: contribute' contribute 0002.zkey --name 'Example Regulator' --out 0003.zkey
ours 'key: beacon' beacon 0003.zkey --value $beacon --iterations 10 --out final.zkey
also 'key: beacon' zkey beacon 0003.zkey js-final.zkey $beacon 10
same final.zkey js-final.zkey
ours 'key: verify' verify final.zkey --ptau tau.ptau
cp said verified
if [[ $compare && $snarkjs ]]; then
    theirs 'key: verify' zkey verify compliance.r1cs tau.ptau final.zkey
    grep -q 'ZKey Ok!' said || { cat said >&2; exit 1; }
    echo '    snarkjs: ZKey Ok!'
fi
ours 'key: finish' finish final.zkey --ptau tau.ptau --keys keys
cat verified
rm -f js*.ptau js*.zkey spent said

# ---------------------------------------------------------------------------------------------- what it took
awk -F'|' '
    !($1 in seen) { seen[$1] = 1; order[++n] = $1 }
    { key = $1 "|" $2; if (!(key in wall)) { wall[key] = $3; cpu[key] = $4; mb[key] = $5 } }
    END {
        printf "\n%-20s %10s %8s %7s   %10s %8s %7s   %7s\n", "step", "covenant s", "CPU s", "MB", "snarkjs s", "CPU s", "MB", "CPU ×"
        for (i = 1; i <= n; i++) {
            a = order[i] "|covenant"; b = order[i] "|snarkjs"
            printf "%-20s %10s %8s %7s   ", order[i], wall[a], cpu[a], mb[a]
            if (b in wall) printf "%10s %8s %7s   %7.1f\n", wall[b], cpu[b], mb[b], cpu[b] / (cpu[a] > 0 ? cpu[a] : 0.1)
            else printf "%10s %8s %7s   %7s\n", "-", "-", "-", "-"
        }
    }' measured
[[ $snarkjs ]] || echo 'Without Node, nobody used snarkjs.'
echo "The key is in $folder/keys."
