#!/usr/bin/env bash
# Plays the main job with real commands: scripts/demo.sh [BOOKS]
#   BOOKS      an accounting export (FEC, SIE 4 or CSV) instead of a sample company's
#   FORMAT     its format (fec, sie, csv), where its name does not tell        POLICY   another policy's source text
#   PERIOD, CSV_FORMAT, CURRENCY   what a CSV does not say by itself           KEEP=1   keep the scratch directory
set -euo pipefail
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "$0")/.." && pwd)
books=${1:-${BOOKS:-}}
[[ -z $books ]] || books=$(realpath "$books")

# ---------------------------------------------------------------------------------------------- telling the story
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' dim=$'\e[2m' cyan=$'\e[1;36m' green=$'\e[32m' off=$'\e[0m'
else
    bold='' dim='' cyan='' green='' off=''
fi
step=0
heading() { step=$((step + 1)); printf '\n%s%d. %s%s\n' "$cyan" "$step" "$1" "$off"; }
say() { printf '%s\n' "$1"; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# as WHO COMMAND...: runs the command in that party's folder, shown as a user would type it, with how long it took.
as() { expect 0 "$@"; }

# refused WHO COMMAND...: the same for a command that must be refused.
refused() { expect 1 "$@"; }

expect() {
    local wanted=$1 who=$2 shown='' word started code=0
    shift 2
    for word in "$@"; do
        [[ $word =~ ^[A-Za-z0-9_./:=@%+,-]+$ ]] && shown+=" $word" || shown+=" '$word'"
    done
    printf '%s%s $%s%s%s\n' "$dim" "$who" "$off$bold" "$shown" "$off"
    started=$(now_ms)
    (cd "$scratch/$who" && "$@") >"$scratch/said" 2>&1 || code=$?
    sed 's/^/    /' "$scratch/said" | { [[ ${BRIEF:-} ]] && brief "$BRIEF" || cat; }
    printf '    %s(%d ms)%s\n' "$green" "$(($(now_ms) - started))" "$off"
    last=$code
    if [[ $wanted != any && $code != "$wanted" ]]; then
        printf 'demo: exit code %d where %d was expected\n' "$code" "$wanted" >&2
        exit 2
    fi
}

# The first N and the last M lines of a long text: brief "N M".
brief() {
    awk -v n="${1% *}" -v m="${1#* }" '{ l[NR] = $0 } END {
        for (i = 1; i <= NR; i++) {
            if (i <= n || i > NR - m || NR <= n + m + 1) print l[i]
            else if (i == n + 1) printf "    … %d more lines\n", NR - n - m
        }
    }'
}

# send FROM TO FILE...: a file goes from one party to another.
send() {
    local from=$1 to=$2 file
    shift 2
    for file in "$@"; do
        cp "$scratch/$from/$file" "$scratch/$to/"
        printf '%s      %s sends %s to %s%s\n' "$dim" "$from" "$file" "$to" "$off"
    done
}

# The first value of this name in the JSON that a command printed.
value() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" | head -1; }

# Two texts side by side.
beside() {
    local width=$1 left right i
    mapfile -t left <"$2"
    mapfile -t right <"$3"
    for ((i = 0; i < ${#left[@]} || i < ${#right[@]}; i++)); do
        local l=${left[i]:-}
        ((${#l} <= width)) || l="${l:0:width-1}…"
        printf '    %s%*s │ %s\n' "$l" "$((width - ${#l}))" '' "${right[i]:-}"
    done
}

# ---------------------------------------------------------------------------------------------- the stage
(cd "$root" && cargo build --release --locked --quiet --bin covenant --bin covenant-bank)
target=$(cd "$root" && cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
PATH=$target/release:$PATH
scratch=$(mktemp -d)
if [[ ${KEEP:-} ]]; then echo "everything stays in $scratch"; else trap 'rm -rf "$scratch"' EXIT; fi
mkdir -p "$scratch"/{enterprise,auditor,bank}
export XDG_DATA_HOME=$scratch/data
# A demonstration's passphrases lie in files; at a terminal each command would ask.
for who in enterprise auditor bank; do echo "the $who's passphrase" >"$scratch/$who/passphrase"; done
pass=(--passphrase-file passphrase)
dev=--allow-development-keys

say "${bold}Covenant: a bank learns that a company meets its policy, and none of the company's figures.$off"
say "Three parties, each in its own folder; files go between them, and nothing needs a network."

heading "The enterprise's books"
if [[ -z $books ]]; then
    say "No BOOKS were given, so these are the books of a company that does not exist."
    as enterprise covenant sample --format fec --profile "${PROFILE:-healthy}" --seed 1 --out .
    books=$(find "$scratch/enterprise" -name '*FEC*.txt')
else
    cp "$books" "$scratch/enterprise/"
    say "The accounting export $(basename "$books")."
fi
file=$(basename "$books")
case ${FORMAT:-${file##*.}} in
    fec | txt) format=fec currency=${CURRENCY:-EUR} policy=supplier-screen ;;
    sie | se | SE | si | SI) format=sie currency=${CURRENCY:-SEK} policy=growth-with-prior ;;
    csv | CSV) format=csv currency=${CURRENCY:-EUR} policy=supplier-screen ;;
    *) echo "demo: what format is $file? Say FORMAT=fec, sie or csv" >&2; exit 2 ;;
esac
import=(covenant import "$file" --format "$format" --currency "$currency")
[[ -z ${PERIOD:-} ]] || import+=(--period "$PERIOD")
if [[ ${CSV_FORMAT:-} ]]; then
    cp "$CSV_FORMAT" "$scratch/enterprise/format.toml"
    import+=(--csv-format format.toml)
fi
cp "${POLICY:-$root/policies/$policy.toml}" "$scratch/bank/policy.toml"

heading "Everybody makes keys"
as enterprise covenant init "${pass[@]}" --phrase-out recovery-phrase.txt
as auditor covenant-bank key new --role attestor "${pass[@]}" --out auditor.key
as bank covenant-bank key new --role bank "${pass[@]}" --out bank.key
say "Proving needs a key that both sides know. This demonstration makes development keys; real ones come from a ceremony."
as enterprise covenant keys make --development
key=$(cd "$scratch/enterprise" && covenant keys --json | value key)
cp "$XDG_DATA_HOME/covenant/keys/$key/verifying.bin" "$scratch/bank/"

heading "The bank opens a registry, admits the auditor, signs its policy"
office=(--registry registry --key bank.key "${pass[@]}")
attestor=$(cd "$scratch/auditor" && covenant-bank key public auditor.key --json | value public)
as bank covenant-bank registry new --name 'Banque Exemple' "${office[@]}"
as bank covenant-bank registry pin verifying.bin $dev "${office[@]}"
as bank covenant-bank attestor grant "$attestor" --name 'Cabinet Exemple' --assurance-max 3 "${office[@]}"
as bank covenant-bank policy sign policy.toml --out policy.json "${office[@]}"
send bank enterprise policy.json

heading "The enterprise looks at what its books give, and what the bank would see"
BRIEF='36 12' expect any enterprise "${import[@]}" --review --policy policy.json
if ((last != 0)); then
    say "These books give no statement yet, and nothing was guessed: what is missing stands above."
    exit 1
fi
company=$(cd "$scratch/enterprise" && "${import[@]}" --review --json | value registry)
case $format in fec) register=FR-SIREN ;; sie) register=SE-ORGNR ;; csv) register=SAMPLE company=${company:-1} ;; esac
id=$register:${company:-unknown}

heading "It imports them, and has them attested"
as enterprise "${import[@]}" --registry-id "$id" --sheet review.txt "${pass[@]}"
listed=$(cd "$scratch/enterprise" && covenant figures "${pass[@]}" --json)
mapfile -t statements < <(sed -n 's/^ *"statement": "\(stm_.*\)",\{0,1\}$/\1/p' <<<"$listed")
sheets=(review.txt)
[[ ! -e $scratch/enterprise/review.prior.txt ]] || sheets+=(review.prior.txt)
for statement in "${statements[@]}"; do
    as enterprise covenant attest request "$statement" --out "please-$statement.json" "${pass[@]}"
    send enterprise auditor "${sheets[@]}" "please-$statement.json"
    say "The auditor compares the sheet with the books, and signs what it has seen."
    BRIEF='20 9' as auditor covenant-bank attest "please-$statement.json" --key auditor.key --assurance 3 --ledger ledger.json \
        --yes --out "attested-$statement.json" "${pass[@]}"
    send auditor enterprise "attested-$statement.json"
    as enterprise covenant attest add "attested-$statement.json" "${pass[@]}"
done

heading "The bank invites the company; the code travels by another way"
as bank covenant-bank invite "$id" --out invitation.json --code-out code.txt "${office[@]}"
send bank enterprise invitation.json
say "The code $(cat "$scratch/bank/code.txt") goes by post."
cp "$scratch/bank/code.txt" "$scratch/enterprise/"
bank_key=$(cd "$scratch/bank" && covenant-bank key public bank.key --json | value public)
as enterprise covenant accept invitation.json --code-file code.txt --bank-key "$bank_key" --out enrolment.json "${pass[@]}"
send enterprise bank enrolment.json
as bank covenant-bank enrol enrolment.json "${office[@]}"

heading "The bank asks"
# The latest period's end; the statements are listed in the order of import, the year before last.
end=$(value end <<<"$listed")
as_of=$(date -u -d "$end + 90 days" +%F)
say "The books end on $end. The demonstration counts their age from 90 days later, $as_of, so that they are not too old."
as bank covenant-bank request --as-of "$as_of" --out request.json "${office[@]}"
send bank enterprise request.json

heading "The enterprise checks, for itself alone"
expect any enterprise covenant check --policy policy.json --as-of "$as_of" "${pass[@]}"

if ((last != 0)); then
    say "So the story ends here: what does not hold cannot be proven. Another policy: POLICY=FILE."
    exit 0
fi

heading "It proves"
as enterprise covenant prove --request request.json --policy policy.json --out bundle.json $dev "${pass[@]}"
send enterprise bank bundle.json
say "    The bundle has $(stat -c %s "$scratch/enterprise/bundle.json") bytes; the proof in it 128."

heading "The bank verifies"
as bank covenant verify bundle.json --registry registry $dev
cp "$scratch/said" "$scratch/bank-view"
(cd "$scratch/enterprise" && covenant figures "${statements[0]}" "${pass[@]}") >"$scratch/enterprise-view"
printf '\n    %sWhat the enterprise knows%*s │ what the bank knows%s\n' "$bold" 29 '' "$off"
beside 54 <(grep -E '^  [a-z_]+ +[^ ]' "$scratch/enterprise-view" | grep -Ev 'read (from|at)') \
    <(grep -E '^  ' "$scratch/bank-view" | cut -c1-70)

heading "What was tampered with is refused"
say "One character of the proof is another one:"
sed 's/\("proof": ".\{40\}\)A/\1B/; t; s/\("proof": ".\{40\}\)./\1A/' "$scratch/bank/bundle.json" >"$scratch/bank/changed.json"
refused bank covenant-bank verify changed.json --dry-run --registry registry $dev
say "The bank records the verdict on the bundle as it was sent:"
as bank covenant-bank verify bundle.json $dev "${office[@]}"
say "The same bundle a second time:"
refused bank covenant-bank verify bundle.json $dev "${office[@]}"

printf '\n%sThat was it: %s, proven to %s.%s\n' "$bold" "tier $(value tier <"$scratch/bank/bundle.json")" 'Banque Exemple' "$off"
