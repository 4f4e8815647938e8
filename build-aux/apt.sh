# How boot.sh's parts run apt: without a word, into build/log/apt.log.  Sourced
# after common.sh.
# shellcheck shell=sh disable=SC2154

# as_root COMMAND...: fails without a word if we cannot be root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        { sudo -n true || [ -t 0 ]; } 2>/dev/null && sudo "$@"
    fi
}

# apt_update [RELEASE]: this machine's, or that of a RELEASE.  Failure is not
# looked at: one broken source among many does not matter, and what does will fail
# right after.
apt_update() {
    if [ $# = 0 ]; then
        as_root apt-get -q update
    else
        build-aux/release-apt "$1" apt-get -q update
    fi >>"$log/apt.log" 2>&1 || :
}

# apt_error: what went wrong.
apt_error() {
    one_line "$log/apt.log" 'Temporary failure|Could not (connect|resolve)' \
        'NO_PUBKEY|EXPKEYSIG' '^E:'
}
