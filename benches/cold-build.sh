#!/usr/bin/env bash
# Compares a cold build of nxcloud-sms with a cold build of an empty crate that has the same reqwest, serde and serde_json.
# Prints the seconds and the ratio of each round. Usage: benches/cold-build.sh [ROUNDS]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/empty/src"
echo > "$work/empty/src/lib.rs"
reqwest=$(sed -n 's/^reqwest = { version = "\([^"]*\)".*/\1/p' "$root/Cargo.toml")
cat > "$work/empty/Cargo.toml" <<EOF
[package]
name = "empty"
version = "0.0.0"
edition = "2024"
[dependencies]
reqwest = { version = "$reqwest", default-features = false, features = ["json", "query", "stream", "rustls"] }
serde = { version = "1.0", features = ["derive"] }
serde_json = "1.0"
[profile.dev]
debug = "line-tables-only"
split-debuginfo = "unpacked"
[profile.dev.package."*"]
debug = false
[workspace]
EOF
cp "$root/Cargo.lock" "$work/empty/Cargo.lock"
(cd "$root" && cargo fetch --quiet)
(cd "$work/empty" && cargo fetch --quiet)

seconds() { # FOLDER ARGUMENTS…: the seconds of a cold dev build in this folder
    local folder=$1 begin end
    shift
    rm -rf "$work/target"
    begin=$(date +%s.%N)
    (cd "$folder" && CARGO_TARGET_DIR="$work/target" CARGO_INCREMENTAL=0 cargo build --quiet --offline "$@")
    end=$(date +%s.%N)
    echo "$end $begin" | awk '{printf "%.1f", $1 - $2}'
}

for _ in $(seq "${1:-1}"); do
    empty=$(seconds "$work/empty")
    sms=$(seconds "$root" -p nxcloud-sms)
    echo "empty $empty s, nxcloud-sms $sms s, ratio $(echo "$sms $empty" | awk '{printf "%.2f", $1 / $2}')"
done
