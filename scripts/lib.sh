# shellcheck shell=bash
# The common start of all scripts: strict mode, the project's root as working directory, tools on PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

export PATH="$root/.tools/bin:$root/node_modules/.bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() {
  printf '\033[1;31merror:\033[0m %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Cargo's build folder: target/, unless CARGO_TARGET_DIR or a cargo configuration sets another.
cargo_target_dir() {
  cargo metadata --no-deps --format-version 1 |
    node -e 'process.stdout.write(JSON.parse(require("fs").readFileSync(0, "utf8")).target_directory)'
}

# port_taken PORT: whether something listens on 127.0.0.1:PORT
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The toolchain is the one in rust-toolchain.toml, which rustup installs. An existing one is not downloaded again:
# neither that version under the name `stable`, nor a component that was installed without rustup.
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && have rustup; then
  channel=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
  for name in "$channel" stable; do
    RUSTUP_AUTO_INSTALL=0 rustup toolchain list 2>/dev/null | grep -q "^$name" || continue
    sysroot=$(RUSTUP_AUTO_INSTALL=0 rustc "+$name" --print sysroot 2>/dev/null) || continue
    [[ $("$sysroot/bin/rustc" --version) == "rustc $channel "* ]] || continue
    [ "$name" = "$channel" ] || export RUSTUP_TOOLCHAIN=$name
    if [ -x "$sysroot/bin/cargo-clippy" ] && [ -d "$sysroot/lib/rustlib/wasm32-unknown-unknown" ]; then
      export RUSTUP_AUTO_INSTALL=0
    fi
    break
  done
  unset channel name sysroot
fi
