# Clean Debian roots; sourced at the top of the source tree by what makes them, with die() defined.

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")

# debian_sources RELEASE: "MIRROR SUITE COMPONENT" of Debian's own, as this machine has them.
# sid has no suites beside it.
debian_sources() {
    apt-get indextargets \
        --format '$(CREATED_BY) $(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' |
        awk -v from="$codename" -v to="$1" \
            '$1 == "Packages" && $2 == "Debian" && $4 ~ "^" from "(-(updates|security))?$" &&
             (to != "sid" || $4 == from) { sub(from, to, $4); print $3, $4, $5 }' | sort -u
}

# debian_root RELEASE FOLDER LOG PACKAGE,...: makes a minimal root with these
# packages besides, and nothing in apt's cache.
debian_root() {
    command -v debootstrap >/dev/null ||
        apt-get -q -y --no-install-recommends install debootstrap >"$3" 2>&1 ||
        die "cannot install debootstrap; see $3"
    mirror=$(debian_sources "$1" | awk -v r="$1" '$2 == r { print $1; exit }')
    [ -n "$mirror" ] || die "apt has no index of Debian $codename; apt-get update"

    rm -rf "$2"
    debootstrap --variant=minbase --include="$4" "$1" "$2" "$mirror" \
        >"$3" 2>&1 || die "debootstrap failed ($(tail -n1 "$3")); see $3"
    rm -rf "$2"/var/lib/apt/lists/* "$2"/var/cache/apt/*.bin \
        "$2"/var/cache/apt/archives/*.deb
}

# clean_root RELEASE FOLDER LOG: makes a root with git and apt, and apt's sources
# as this machine has them.  What a debootstrap made is kept for the next time.
clean_root() {
    local base=build/clean-root-$1.tar new=build/clean-root-$1.new
    if [ ! -e "$base" ]; then
        echo "making a clean root of $1"
        debian_root "$1" "$new" "$3" git
        debian_sources "$1" | sed 's/^/deb /' >"$new/etc/apt/sources.list"
        apt-config dump | grep -E '^Acquire::(https?::|Check-|Retries)' \
            >"$new/etc/apt/apt.conf.d/90clean-root" || :
        touch "$new/.clean-root"
        tar -C "$new" -cf "$base.new" .
        mv "$base.new" "$base"
        rm -rf "$new"
    fi
    rm -rf "$2"
    mkdir -p "$2"
    tar -C "$2" -xf "$base"
    cp -L /etc/resolv.conf /etc/hosts "$2/etc/"
}

# enter_root ROOT COMMAND...: runs COMMAND there, a bash command line, in /root.
# Mounts and processes are gone when it ends.
enter_root() {
    # env -i: nothing of this shell gets in.
    unshare --mount --pid --fork --kill-child bash -c '
        root=$1
        shift
        mount --rbind /dev "$root/dev"
        mount -t sysfs sysfs "$root/sys"
        mount -t proc proc "$root/proc"
        exec env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            chroot "$root" bash -c "cd /root && $*"
    ' bash "$@"
}
