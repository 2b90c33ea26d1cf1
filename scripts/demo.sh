#!/usr/bin/env bash
# Plays the main job with real commands: scripts/demo.sh [BOOKS]
#   BOOKS      an accounting export (FEC, SIE 4 or CSV) instead of a sample company's
#   FORMAT     its format (fec, sie, csv), where its name does not tell        POLICY   another policy's source text
#   KEY        "ceremony" for a key that is made together first, with --allow-development-keys nowhere; or the folder of scripts/ceremony.sh
#   PROVER     "snarkjs" to have the proof made by another program, from a witness that is written for it
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

# file DOCUMENT ENDPOINT: the bank files a document that it signed with the log, and sends it to the service.
file() {
    local document=$1 endpoint=$2 filing
    filing=${document%.json}.filing.json
    (cd "$scratch/bank" && covenant-bank sign "$document" --out "$filing" "${office[@]}" >"$scratch/said" 2>&1) || {
        cat "$scratch/said" >&2
        exit 2
    }
    call bank bank.token POST "$endpoint" --data "@$filing"
}

# call WHO TOKEN METHOD PATH [CURL OPTIONS...]: one call to the service; the answer goes to answer.json in that party's folder.
# TOKEN is a file, /dev/null for nobody's. WANTED is the status where it is to be another than 200 or 201.
call() {
    local who=$1 token=$2 method=$3 path=$4 status started header=(-H 'Content-Type: application/json') said
    shift 4
    [[ $token == /dev/null ]] || header+=(-H "Authorization: Bearer $(cat "$scratch/$who/$token")")
    started=$(now_ms)
    status=$(cd "$scratch/$who" && curl -sS -o answer.json -w '%{http_code}' -X "$method" "${header[@]}" "$@" "$url$path")
    said=$(sed -n 's/.*"index": *\([0-9]*\).*/entry \1/p' "$scratch/$who/answer.json" | head -1)
    [[ $status == 20? ]] || said=$(sed -n 's/.*"detail": *"\([^"]*\)".*"code": *"\([^"]*\)".*/[\2] \1/p' "$scratch/$who/answer.json")
    printf '%s%s $%s%s curl -X %s %s%s%s\n    %s %s %s(%d ms)%s\n' "$dim" "$who" "$off" "$bold" "$method" "$path" "${*:+ $*}" "$off" \
        "$status" "$said" "$green" "$(($(now_ms) - started))" "$off"
    if [[ $status != "${WANTED:-20?}" && ! ( -z ${WANTED:-} && $status == 20? ) ]]; then
        cat "$scratch/$who/answer.json" >&2
        exit 2
    fi
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
(cd "$root" && cargo build --release --locked --quiet --bin covenant --bin covenant-bank --bin covenant-verifier --bin covenant-audit)
target=$(cd "$root" && cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
PATH=$target/release:$PATH
scratch=$(mktemp -d)
server=''
leave() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    if [[ ${KEEP:-} ]]; then echo "everything stays in $scratch"; else rm -rf "$scratch"; fi
}
trap leave EXIT
mkdir -p "$scratch"/{enterprise,auditor,bank,operator,regulator}
export XDG_DATA_HOME=$scratch/data
# A demonstration's passphrases lie in files; at a terminal each command would ask.
for who in enterprise auditor bank; do echo "the $who's passphrase" >"$scratch/$who/passphrase"; done
pass=(--passphrase-file passphrase)
# A key out of a ceremony needs no allowance.
ceremony='' dev=''
case ${KEY:-} in
    '') dev=--allow-development-keys ;;
    ceremony) ceremony=$scratch/ceremony && "$root/scripts/ceremony.sh" "$ceremony" ;;
    *) ceremony=$(realpath "$KEY") ;;
esac

say "${bold}Covenant: a bank learns that a company meets its policy, and none of the company's figures.$off"
say "Five parties, each in its own folder: an enterprise, its auditor, a bank, the operator of a verifier service, a regulator."

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
if [[ $ceremony ]]; then
    say "Proving needs a key that both sides know. This one comes out of a ceremony; its parties were all on this machine."
    mkdir -p "$XDG_DATA_HOME/covenant"
    cp -r "$ceremony/keys" "$XDG_DATA_HOME/covenant/keys"
    as enterprise covenant keys list
else
    say "Proving needs a key that both sides know. This demonstration makes development keys; real ones come from a ceremony."
    as enterprise covenant keys make --development
fi
key=$(cd "$scratch/enterprise" && covenant keys --json | value key)
cp "$XDG_DATA_HOME/covenant/keys/$key/verifying.bin" "$scratch/bank/"

heading "An operator runs a verifier service with a log of its own"
origin=demo.example/covenant
as operator covenant-verifier init --origin "$origin" --directory log
if [[ $ceremony ]]; then
    say "The operator registers the key in the log; a bank can ask under no other."
    as operator covenant-verifier key register "$XDG_DATA_HOME/covenant/keys/$key" --directory log
fi
: >"$scratch/operator/serve.log"
(cd "$scratch/operator" && exec covenant-verifier serve --directory log --listen 127.0.0.1:0 $dev >serve.log 2>&1) &
server=$!
for ((i = 0; i < 200; i++)); do
    url=$(sed -n 's/.*\(http:\/\/127\.0\.0\.1:[0-9]*\).*/\1/p' "$scratch/operator/serve.log" | head -1)
    [[ -z $url ]] || break
    kill -0 "$server" 2>/dev/null || { cat "$scratch/operator/serve.log" >&2; exit 2; }
    sleep 0.05
done
say "It answers at $url. Whoever relies on the log gets its keys by another way than from the log; here they are read from the terminal."
log_key=$(curl -sS "$url/v1/log" | sed -n 's/.*"log_key": *"\([^"]*\)".*/\1/p')
operator_key=$(curl -sS "$url/v1/log" | sed -n 's/.*"operator": *"\([^"]*\)".*/\1/p')

heading "The bank opens a registry, admits the auditor, signs its policy"
office=(--registry registry --key bank.key "${pass[@]}")
attestor=$(cd "$scratch/auditor" && covenant-bank key public auditor.key --json | value public)
as bank covenant-bank registry new --name 'Banque Exemple' --out bank.json "${office[@]}"
if [[ $ceremony ]]; then
    say "The bank checks the whole ceremony, from the circuit and the powers of tau on, before it signs what it is going to rely on."
    cp "$ceremony"/{final.zkey,tau.ptau} "$scratch/bank/"
    as bank covenant-bank manifest sign "$XDG_DATA_HOME/covenant/keys/$key" --transcript final.zkey --powers tau.ptau --key bank.key \
        --out key-manifest.json "${pass[@]}"
    as bank covenant-bank registry pin verifying.bin --manifest key-manifest.json --out key.json "${office[@]}"
else
    as bank covenant-bank registry pin verifying.bin $dev --out key.json "${office[@]}"
fi
as bank covenant-bank attestor grant "$attestor" --name 'Cabinet Exemple' --assurance-max 3 --out grant.json "${office[@]}"
as bank covenant-bank policy sign policy.toml --out policy.json "${office[@]}"
say "Each of these it files with the log: signed once more, over the log's name and the number of the act, so that none can be left out."
as bank covenant-bank log trust --log-key "$log_key" --operator "$operator_key" "${office[@]}"
bank_key=$(cd "$scratch/bank" && covenant-bank key public bank.key --json | value public)
(cd "$scratch/operator" && covenant-verifier token new --directory log --role bank --bank "$bank_key" --name 'Banque Exemple' --json) |
    sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' >"$scratch/bank/bank.token"
file bank.json /v1/participants
file key.json /v1/keys
file grant.json /v1/attestors
file policy.json /v1/policies
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
file invitation.json /v1/invitations
send bank enterprise invitation.json
say "The code $(cat "$scratch/bank/code.txt") goes by post."
cp "$scratch/bank/code.txt" "$scratch/enterprise/"
as enterprise covenant accept invitation.json --code-file code.txt --bank-key "$bank_key" --out enrolment.json "${pass[@]}"
as enterprise covenant submit enrolment.json --service "$url" --log-key "$log_key" --receipt enrolment.receipt.json "${pass[@]}"
send enterprise bank enrolment.json
as bank covenant-bank enrol enrolment.json --out enrolled.json "${office[@]}"
file enrolled.json /v1/applicants

heading "The bank asks"
# The latest period's end; the statements are listed in the order of import, the year before last.
end=$(value end <<<"$listed")
as_of=$(date -u -d "$end + 90 days" +%F)
say "The books end on $end. The demonstration counts their age from 90 days later, $as_of, so that they are not too old."
as bank covenant-bank request --as-of "$as_of" --log-origin "$origin" --out request.json "${office[@]}"
file request.json /v1/requests
send bank enterprise request.json

heading "The enterprise checks, for itself alone"
expect any enterprise covenant check --policy policy.json --as-of "$as_of" "${pass[@]}"

if ((last != 0)); then
    say "So the story ends here: what does not hold cannot be proven. Another policy: POLICY=FILE."
    exit 0
fi

heading "It proves"
prove=(covenant prove --request request.json --policy policy.json $dev "${pass[@]}")
if [[ ${PROVER:-} == snarkjs ]]; then
    say "Another program proves: what it needs is written, and the proof that it makes is checked and signed."
    as enterprise "${prove[@]}" --witness-out books.wtns
    as enterprise covenant keys export --zkey key.zkey $dev
    as enterprise node "$HOME/.cache/covenant/tools/snarkjs/node_modules/snarkjs/build/cli.cjs" groth16 prove key.zkey books.wtns proof.json public.json
    rm "$scratch/enterprise/books.wtns"
    as enterprise "${prove[@]}" --proof proof.json --out bundle.json
else
    as enterprise "${prove[@]}" --out bundle.json
fi
say "    The bundle has $(stat -c %s "$scratch/enterprise/bundle.json") bytes; the proof in it 128."

heading "What was tampered with is refused"
say "One character of the proof is another one:"
sed 's/\("proof": ".\{40\}\)A/\1B/; t; s/\("proof": ".\{40\}\)./\1A/' "$scratch/enterprise/bundle.json" >"$scratch/enterprise/changed.json"
refused enterprise covenant submit changed.json --service "$url" --log-key "$log_key" "${pass[@]}"
say "The enterprise's own program does not even send it. Sent past it, the service refuses it, and signs its answer:"
WANTED=422 call enterprise /dev/null POST /v1/proofs --data @changed.json

heading "It submits, and keeps a receipt"
as enterprise covenant submit bundle.json --service "$url" --log-key "$log_key" --receipt receipt.json "${pass[@]}"
say "The same bundle a second time is no second answer: the request is used up."
WANTED=409 call enterprise /dev/null POST /v1/proofs --data @bundle.json

heading "The bank reads the verdict, checks it for itself, and decides"
call bank bank.token GET "/v1/applications?limit=10"
application() { tr ',{}' '\n\n\n' <"$scratch/bank/answer.json" | sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" | head -1; }
request=$(application request) verdict=$(application verdict)
call bank bank.token GET "/v1/ledger/receipts/$verdict"
cp "$scratch/bank/answer.json" "$scratch/bank/receipt.json"
say "The bank does not take the operator's word: deciding checks the receipt, and the proof again, by the bank's own registry."
as bank covenant-bank decide receipt.json --approve --officer 'C. Officer' --terms 'Up to EUR 150,000 against confirmed invoices' \
    --reason 'Reaches the tier that the supplier programme asks for' --out decision.json $dev "${office[@]}"
file decision.json /v1/decisions
call bank bank.token GET "/v1/applications/$request"
for name in registry_id tier state asked answered decided; do
    printf '  %-12s %s\n' "${name/registry_id/company}" "$(application $name)"
done >"$scratch/bank-view"
(cd "$scratch/enterprise" && covenant figures "${statements[0]}" "${pass[@]}") >"$scratch/enterprise-view"
printf '\n    %sWhat the enterprise knows%*s │ what the bank knows%s\n' "$bold" 29 '' "$off"
beside 54 <(grep -E '^  [a-z_]+ +[^ ]' "$scratch/enterprise-view" | grep -Ev 'read (from|at)') "$scratch/bank-view"
call bank bank.token GET "/v1/applications/$request/memo"
cp "$scratch/bank/answer.json" "$scratch/bank/memo.html"
say "The memo is one printable page (KEEP=1 keeps it: bank/memo.html)."

heading "The regulator audits the log, from one file, trusting nobody"
(cd "$scratch/operator" && covenant-verifier token new --directory log --role auditor --name 'Regulator' --json) |
    sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' >"$scratch/regulator/regulator.token"
call regulator regulator.token GET /v1/ledger/export
mv "$scratch/regulator/answer.json" "$scratch/regulator/export.bin"
as regulator covenant-audit trust --log-key "$log_key" --operator "$operator_key" --verifying-key "$key" --participant "$bank_key" --out trust.json
as regulator covenant-audit export.bin --trust trust.json $dev --out report.txt
say "Without keys that it got elsewhere, the best that it could say is that the log does not contradict itself:"
BRIEF='24 2' refused regulator covenant-audit export.bin $dev

heading "Somebody changes one figure of the bank's terms, in a copy of the log"
sed 's/EUR 150,000/EUR 950,000/' "$scratch/regulator/export.bin" >"$scratch/regulator/changed.bin"
refused regulator covenant-audit changed.bin --trust trust.json $dev

printf '\n%sThat was it: %s, proven to %s, decided, recorded and audited.%s\n' "$bold" "tier $(value tier <"$scratch/enterprise/bundle.json")" 'Banque Exemple' "$off"
