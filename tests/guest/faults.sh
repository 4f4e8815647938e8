# The kernel's answers to requests by netlink go wrong, one at a time; sourced by scenarios.  faults.c says which requests count
# and what becomes of them.
#
# Of each step (steps.sh) the function NAME has requests sent; those of NAME_before and NAME_after need not be counted.
. /host/guest/steps.sh

IFS=, read -ra kinds <<<"${KINDS:-EBUSY,ENOMEM,EINVAL,missing,rest,overtaken,late,cut,truncated,short,lost}"
# Which requests: each stride-th, beginning with another one for each kind.
stride=${STRIDE:-7}
# How long it may take until the state is as without the fault.
limit=10000

# Requests of which EINVAL has a meaning that is to be believed.
meant='nothing else'

# preloaded PROGRAM...: a program whose requests count.
preloaded() { LD_PRELOAD=/host/faults.so FAULTS=/run/faults "$@"; }

# arm NUMBER FAULT: of the requests from now on.
serial=0
arm() { serial=$(( serial + 1 )); echo "$serial $1 $2" >/run/faults; }
requests() { grep "^$serial " /run/faults.log || :; }
hit() { requests | grep -v -- ' -$'; }
# No request for longer than a second look of the module's takes.
quiet() { local n; n=$(requests | wc -l); usleep 1300000; equal "$(requests | wc -l)" "$n"; }

# one_fault STEP STATE NUMBER KIND: adds to $tried and, if the state is another one in the end, to $lost; $worst is the longest time.
one_fault() {
    local begin took difference
    "$1_before"
    arm "$3" "$4"
    "$1"
    begin=$(uptime_ms)
    # Where it is not reached, there was less to be asked this time.
    while ! hit >/dev/null && [ $(( $(uptime_ms) - begin )) -lt 2500 ]; do usleep 50000; done
    if ! hit >/dev/null || { [ "$4" = EINVAL ] && hit | grep -qE "$meant"; }; then after "$1"; return; fi
    tried=$(( tried + 1 ))
    usleep 100000
    while ! difference=$(state_is "$2") && [ $(( $(uptime_ms) - begin )) -le $limit ]; do usleep 100000; done
    took=$(( $(uptime_ms) - begin ))
    [ $took -le $worst ] || worst=$took
    if [ -n "$difference" ]; then
        lost=$(( lost + 1 ))
        echo "ANOTHER STATE: $1, $(hit)"
        echo "$difference"
    fi
    after "$1"
}

# inject STEP...: fails if any fault has left another state.
inject() {
    local step state kind n total bad=0 tried lost worst all=0
    : >/run/faults.log
    for step; do
        "${step}_before"
        arm 0 -
        "$step"
        wait_until 30 quiet
        state=$(sorted_state)
        total=$(requests | wc -l)
        echo "$state"
        say "$step: $total requests: $(requests | cut -d' ' -f3 | sort | uniq -c | sort -rn | tr -s '\n ' ' ')"
        after "$step"
        for (( kind = 0; kind < ${#kinds[@]}; kind++ )); do
            tried=0 lost=0 worst=0
            for (( n = 1 + kind % stride; n <= total; n += stride )); do one_fault "$step" "$state" $n "${kinds[kind]}"; done
            say "$step, ${kinds[kind]}: $tried faults, $lost with another end state, at most $worst ms"
            bad=$(( bad + lost )) all=$(( all + tried ))
        done
    done
    say "$all faults, $bad with another end state"
    [ $bad = 0 ] || fail "faults have left something"
}
