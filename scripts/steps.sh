# shellcheck shell=bash
# The steps of a build: whether this machine still needs each, and how many minutes it takes on two cores.

cargo_leptos=0.3.10 # 0.3.11 needs a newer rustc than the project does
wasm_bindgen=0.2.129 # must be exactly the version in Cargo.toml

declare -A minutes=([wasm-target]=1 [cargo-leptos]=7 [wasm-bindgen]=1 [npm]=1 [site]=3 [server]=8)

# needs STEP: whether this machine still needs it
needs() {
  case $1 in
    wasm-target) [ ! -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] ;;
    cargo-leptos) [ "$(cargo-leptos --version 2>/dev/null || true)" != "cargo-leptos $cargo_leptos" ] ;;
    wasm-bindgen) [ "$(wasm-bindgen --version 2>/dev/null || true)" != "wasm-bindgen $wasm_bindgen" ] ;;
    # `npm ci` begins by deleting node_modules, so it only runs if the lock file changed.
    npm) ! cmp -s package-lock.json node_modules/.sallyport-lock ;;
    site) ! scripts/site --is-current ;;
    server) [ ! -e "$(cargo_target_dir)/release/sallyport" ] ;;
  esac
}

# plan STEP…: plans those of these steps that are needed, unless a calling script has made a plan already.
plan() {
  local step
  [ -z "${SALLYPORT_PLAN+set}" ] || return 0
  SALLYPORT_PLAN=
  for step in "$@"; do
    ! needs "$step" || SALLYPORT_PLAN+="$step "
  done
  export SALLYPORT_PLAN
}

# announce STEP TEXT: prints TEXT, and how much of the plan is left with this step.
announce() {
  local step number=0 count=0 left=0 all=0
  for step in $SALLYPORT_PLAN; do
    count=$((count + 1))
    all=$((all + minutes[$step]))
    [ "$step" != "$1" ] || number=$count
    [ "$number" = 0 ] || left=$((left + minutes[$step]))
  done
  if [ "$number" = 0 ]; then
    say "$2"
  else
    say "Step $number of $count, about $left of $all minutes left on two cores: $2"
  fi
}
