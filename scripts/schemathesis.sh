#!/usr/bin/env bash
# schemathesis against the service's own description: scripts/schemathesis.sh [CASES]
# Runs the sandbox (a service with a real registry, tokens and documents in it), and calls it with at least so many cases (10,000 where
# nothing is said), as a bank, as an auditor and as nobody. Fails on any answer of 5xx, and on any answer that is not as described.
set -euo pipefail
cd "$(dirname "$0")/.."

cases=${1:-10000}
tools="$HOME/.cache/covenant/tools/schemathesis/bin"
scratch=$(mktemp -d)
service=
trap '[[ -z $service ]] || kill "$service" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$scratch"' EXIT

scripts/setup.sh build schemathesis
cargo build --release --locked --workspace --bin covenant-verifier
program="${CARGO_TARGET_DIR:-target}/release/covenant-verifier"

port=${PORT:-8467}
"$program" sandbox --json --directory "$scratch/service" --listen "127.0.0.1:$port" \
    --set calls_per_minute_max=0 --set log_filter=warn >"$scratch/said" 2>"$scratch/log" &
service=$!
until grep -q listening "$scratch/said"; do
    kill -0 "$service" 2>/dev/null || { cat "$scratch/log" >&2; exit 2; }
    sleep 0.2
done
export COVENANT_URL="http://127.0.0.1:$port" COVENANT_SANDBOX="$scratch/service/sandbox"
export SCHEMATHESIS_HOOKS=hooks PYTHONPATH=scripts/schemathesis PYTHONDONTWRITEBYTECODE=1

# What is asked for is Object where a document's own rules decide: whether such a body is accepted is for them to say, not for its schema.
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
checks+=,response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth
# One worker: Python 3.11 may fail to parse in two threads at once ("AST constructor recursion depth mismatch").
total=0 round=0
: >"$scratch/summary"
while ((total < cases)); do
    for caller in token auditor-token nobody; do
        header=()
        [[ $caller == nobody ]] || header=(--header "Authorization: Bearer $(cat "$COVENANT_SANDBOX/$caller")")
        round=$((round + 1))
        if ! "$tools/schemathesis" run "$COVENANT_URL/v1/openapi.json" "${header[@]}" --checks "$checks" \
            --phases examples,coverage,fuzzing --max-examples 100 --continue-on-failure --seed "$round" --workers 1 \
            --request-timeout 30 --suppress-health-check all --warnings off --no-color \
            --report ndjson --report-ndjson-path "$scratch/report" >"$scratch/run" 2>&1; then
            cat "$scratch/run"
            echo "schemathesis: as $caller, seed $round: see above; the service's log follows" >&2
            cat "$scratch/log" >&2
            exit 1
        fi
        count=$(sed -n 's/^ *\([0-9,]*\) generated,.*/\1/p' "$scratch/run" | tr -d ,)
        total=$((total + ${count:-0}))
        printf 'schemathesis: as %s, seed %d: %s cases, all as described\n' "$caller" "$round" "${count:-no}"
        [[ -n $count && $count -gt 0 ]] || { cat "$scratch/run"; exit 1; }
    done
done
printf 'schemathesis: %d cases; statuses of the service:\n' "$total"
curl -s "$COVENANT_URL/metrics" | sed -n 's/^covenant_http_requests_total{.*status="\([0-9]*\)"} \([0-9]*\)$/\1 \2/p' |
    awk '{ sum[$1] += $2 } END { for (status in sum) print "  " status, sum[status] }' | sort
