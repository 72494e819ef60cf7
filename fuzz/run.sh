#!/usr/bin/env bash
# Fuzzes on the pinned stable toolchain; cargo-fuzz is not needed.
set -euo pipefail

usage() {
    cat <<'USAGE'
fuzz/run.sh [TARGET|all] [SECONDS]      fuzz one target or all of them (default: all, 10 seconds each)
fuzz/run.sh --build                     only build
fuzz/run.sh --list                      names of the targets
fuzz/run.sh --reproduce TARGET FILE     run one input
fuzz/run.sh --merge TARGET              add to seeds/TARGET what corpus/TARGET reaches beyond it

Inputs that are found go to fuzz/corpus/TARGET, those that fail to fuzz/artifacts/TARGET
(FUZZ_CORPUS and FUZZ_ARTIFACTS name other folders). FUZZ_SEED makes a run repeatable.
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
corpus=${FUZZ_CORPUS:-$here/corpus}
artifacts=${FUZZ_ARTIFACTS:-$here/artifacts}
build_dir=${CARGO_TARGET_DIR:-$here/target}/fuzz

# Most bytes of one input, by target; small inputs find more in the same time.
max_len() {
    case $1 in
        proxy_header) echo 1024 ;;
        config | config_options | store_compression) echo 8192 ;;
        *) echo 4096 ;;
    esac
}
# MB of memory, and seconds for one input, that are taken for a bug.
readonly RSS_LIMIT=1024 TIMEOUT=10
# Seconds beyond its time after which a run is ended from outside.
readonly GRACE=60

targets() {
    find "$here/fuzz_targets" -name '*.rs' -exec basename {} .rs \; | sort
}

known() {
    targets | grep -qx -- "$1" || { echo "no target '$1'; there are: $(targets | xargs)" >&2; exit 2; }
}

# The coverage passes that libFuzzer needs, as cargo-fuzz sets them, without a sanitizer: those
# need nightly. A --target keeps the flags away from build scripts and procedural macros.
build() {
    local triple flags=(
        --cfg fuzzing
        -Cpasses=sancov-module
        -Cllvm-args=-sanitizer-coverage-level=4
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
        -Cllvm-args=-sanitizer-coverage-pc-table
        -Cllvm-args=-sanitizer-coverage-trace-compares
        -Cllvm-args=-simplifycfg-branch-fold-threshold=0
        -Ccodegen-units=1
    )
    triple=$(cd "$here" && rustc -vV | sed -n 's/^host: //p')
    (cd "$here" && env -u CARGO_ENCODED_RUSTFLAGS RUSTFLAGS="${flags[*]}" CARGO_TARGET_DIR="$build_dir" \
        cargo build --locked --release --target "$triple" "$@")
    bin_dir=$build_dir/$triple/release
}

# Ends the fuzzer under way with this script.
pid=
scratch=
finish() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    [ -z "$scratch" ] || rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Where targets write their files: in memory, if there is a place for that.
make_scratch() {
    local root=${TMPDIR:-/tmp}
    [ ! -w /dev/shm ] || root=/dev/shm
    scratch=$(mktemp -d "$root/midge-fuzz.XXXXXX")
    export MIDGE_FUZZ_SCRATCH=$scratch
}

libfuzzer() {
    local target=$1
    shift
    (cd "$scratch" && exec timeout -k 5 "$limit" "$bin_dir/$target" -rss_limit_mb=$RSS_LIMIT -timeout=$TIMEOUT \
        -artifact_prefix="$artifacts/$target/" "$@" </dev/null) &
    pid=$!
    local status=0
    wait "$pid" || status=$?
    pid=
    return $status
}

fuzz() {
    local target=$1 seconds=$2 status=0 options=() dictionary=$here/dictionaries/$1.dict
    local log=$scratch/$target.log
    mkdir -p "$corpus/$target" "$artifacts/$target" "$here/seeds/$target"
    [ ! -f "$dictionary" ] || options+=(-dict="$dictionary")
    [ -z "${FUZZ_SEED:-}" ] || options+=(-seed="$FUZZ_SEED")
    limit=$((seconds + GRACE))
    libfuzzer "$target" -max_total_time="$seconds" -max_len="$(max_len "$target")" -print_final_stats=1 \
        "${options[@]}" "$corpus/$target" "$here/seeds/$target" >"$log" 2>&1 || status=$?
    local runs coverage
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -o ' cov: [0-9]*' "$log" | tail -n 1 | tr -dc 0-9) || true
    if [ $status -eq 0 ]; then
        printf 'ok    %-18s %4d s  %10s runs  %6s edges  %5s inputs\n' "$target" "$seconds" "${runs:-?}" \
            "${coverage:-?}" "$(find "$corpus/$target" "$here/seeds/$target" -type f | wc -l)"
        return
    fi
    local found
    found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    cp "$log" "$artifacts/$target/"
    printf 'FAIL  %s (exit %d)\n' "$target" "$status"
    grep -A 4 -e 'panicked at' -e ' ERROR: ' "$log" | sed -e '/stack backtrace:/d' -e 's/^/    /' | head -n 20
    echo "    log:   $artifacts/$target/$target.log"
    [ -z "$found" ] || echo "    input: $found"
    [ -z "$found" ] || echo "    again: fuzz/run.sh --reproduce $target $found"
    return 1
}

case ${1:-} in
    -h | --help) usage; exit ;;
    --list) targets; exit ;;
    --build) build; exit ;;
    --reproduce)
        known "${2:-}"
        input=$(realpath "${3:?which file?}")
        build --quiet --bin "$2"
        make_scratch
        limit=$GRACE
        libfuzzer "$2" "$input"
        exit
        ;;
    --merge)
        known "${2:-}"
        build --quiet --bin "$2"
        make_scratch
        limit=600
        mkdir -p "$here/seeds/$2" "$corpus/$2"
        libfuzzer "$2" -merge=1 -max_len="$(max_len "$2")" "$here/seeds/$2" "$corpus/$2"
        exit
        ;;
    -*) usage >&2; exit 2 ;;
esac

chosen=${1:-all}
seconds=${2:-10}
[[ $seconds =~ ^[0-9]+$ ]] || { usage >&2; exit 2; }
[ "$chosen" = all ] || known "$chosen"

make_scratch
failed=0
echo "building in $build_dir"
if [ "$chosen" = all ]; then
    build --quiet --bins
    for target in $(targets); do
        fuzz "$target" "$seconds" || failed=1
    done
else
    build --quiet --bin "$chosen"
    fuzz "$chosen" "$seconds" || failed=1
fi
exit $failed
