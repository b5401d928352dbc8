# SPDX-License-Identifier: Apache-2.0
# Tests by tier, lint, benchmarks. Sourced by ./appliance.
# shellcheck shell=bash

# run_tests [ARGUMENT...]: lint and every tier, or pytest with these arguments; --lab: what needs
# a lab that is up; --retry before all: see settle.
run_tests() {
  cd "$HERE"
  local retry='' name jobs about failed=() unsteady=() out
  [[ ${1:-} != --retry ]] || { retry=yes && shift; }
  if [[ ${1:-} == --lab ]]; then
    shift
    (($#)) || die "--retry --lab: say which of tests/lab"
    [[ $retry ]] || set -- -q -p no:cacheprovider "$@" # run_tier says so itself; said twice, nothing is counted
  fi
  if (($#)) && [[ ! $retry ]]; then exec "$VENV/bin/python" -m pytest "$@"; fi
  out=$(mktemp -d)
  if (($#)); then
    run_tier tests "$out" "$@" || failed+=(tests)
  else
    (run_lint) || failed+=(lint)
    while read -r name jobs about; do
      [[ -d tests/$name ]] || continue
      printf '\n=== %s: %s\n' "$name" "$about"
      run_tier "$name" "$out" "tests/$name" $([[ $jobs == 1 ]] || echo "-n $jobs --dist loadgroup") || failed+=("$name")
    done < <(grep -v '^#' appliance.d/tiers.txt)
  fi
  [[ ! $retry ]] || settle "$out"
  tail -q -n 1 "$out"/* >"$out.counts"
  rm -rf "$out"
  ((${#unsteady[@]} == 0)) || printf '\nUNSTEADY, failed once and passed alone: %s\n' "${unsteady[*]}"
  closing_line "$out.counts" "${failed[@]}"
}

# run_tier NAME FOLDER ARGUMENT...: what it printed stays in FOLDER/NAME.
run_tier() {
  local name=$1 out=$2 began=$SECONDS code=0
  shift 2
  # Equal hash seeds: all processes of a tier must collect the same tests in the same order.
  PYTHONHASHSEED=0 "$VENV/bin/python" -m pytest -q -p no:cacheprovider "$@" </dev/null 2>&1 |
    tee "$out/$name" || code=$?
  printf -- '--- %s: %ss\n' "$name" $((SECONDS - began))
  return "$code"
}

# settle FOLDER: run the few tests that failed once more, alone; what passes then is no failure of
# this run, but is named: somebody must look at it. Changes `failed` and `unsteady` of its caller.
settle() {
  local out=$1 name ids left=()
  for name in "${failed[@]}"; do
    mapfile -t ids < <(failing "$out/$name")
    if ((${#ids[@]} == 0 || ${#ids[@]} > 10)); then left+=("$name") && continue; fi
    printf '\n=== once more, alone: %s\n' "${ids[*]}"
    if env -u NOVA_APPLIANCE_TESTS_END "$VENV/bin/python" -m pytest -q -p no:cacheprovider -n 0 "${ids[@]}" </dev/null; then
      unsteady+=("${ids[@]}")
    else
      left+=("$name")
    fi
  done
  failed=("${left[@]}")
}

# failing FILE: the tests that pytest says failed there.
failing() {
  [[ -f $1 ]] || return 0
  sed -nE 's/^(FAILED|ERROR) (tests[^ ]*::.*)$/\2/p' "$1" | sed -E 's/ - .*//; s/@[a-z_]+$//' | sort -u
}

# One line for all tiers, as pytest words it; fails when a tier failed or nothing ran.
closing_line() {
  local counts=$1 passed failed errors skipped
  shift
  passed=$(count_of passed "$counts")
  failed=$(count_of failed "$counts")
  errors=$(count_of 'errors?' "$counts")
  skipped=$(count_of skipped "$counts")
  rm -f "$counts"
  printf '\n=== %s passed, %s failed' "$passed" "$failed"
  ((errors == 0)) || printf ', %s errors' "$errors"
  ((skipped == 0)) || printf ', %s skipped' "$skipped"
  printf ' in %ss ===\n' "$SECONDS"
  (($# == 0)) || die "these tiers failed: $*"
  ((passed > 0)) || die "no test ran"
}

# count_of WORD FILE: the sum of what stands before that word; 0 when it stands nowhere.
count_of() { awk -v word="^($1)[, ]?$" '{for (i = 2; i <= NF; i++) if ($i ~ word) sum += $(i - 1)} END {print sum + 0}' "$2"; }

# run_scenarios [SCENARIO...]: these of molecule/, or all of them; each makes and removes hosts of its own.
run_scenarios() {
  cd "$HERE"
  local name names=("$@") failed=() passed=0
  ((${#names[@]})) || mapfile -t names < <(find molecule -name molecule.yml -printf '%P\n' | sort | xargs -n 1 dirname)
  for name in "${names[@]}"; do
    printf '\n=== %s\n' "$name"
    # It calls its neighbours in .venv by their names.
    if PATH=$VENV/bin:$PATH "$VENV/bin/molecule" test -s "$name"; then passed=$((passed + 1)); else failed+=("$name"); fi
  done
  printf '\n%s passed, %s failed\n' "$passed" "${#failed[@]}"
  ((${#failed[@]} == 0)) || die "these scenarios failed: ${failed[*]}"
  exit 0
}

run_lint() {
  cd "$HERE"
  local failed=()
  lint "ruff check" ruff check .
  lint "ruff format" ruff format --check .
  lint "mypy" mypy nova_appliance
  lint "import-linter" lint-imports
  # It calls its neighbours in .venv by their names.
  PATH=$VENV/bin:$PATH lint "ansible-lint" ansible-lint -q
  ((${#failed[@]} == 0)) || die "these checks failed: ${failed[*]}"
  printf 'lint: all checks passed\n'
}

# lint NAME PROGRAM ARGUMENT...: go on after a failure, so that one run shows all of them.
lint() {
  local name=$1 program=$2
  shift 2
  printf '=== %s\n' "$name"
  "$VENV/bin/$program" "$@" || failed+=("$name")
}

# run_benchmarks [PART...] [OPTION...]: these parts of benchmarks/, or all of them one after the other.
run_benchmarks() {
  cd "$HERE"
  exec "$VENV/bin/python" -m benchmarks "$@"
}
