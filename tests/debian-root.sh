# Clean Debian roots; sourced by what makes them, with die() defined.

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")

# debian_sources RELEASE: "MIRROR SUITE COMPONENT" of Debian's own, as this machine has them.
debian_sources() {
    apt-get indextargets \
        --format '$(CREATED_BY) $(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' |
        awk -v from="$codename" -v to="$1" \
            '$1 == "Packages" && $2 == "Debian" && $4 ~ "^" from "(-(updates|security))?$" {
                 sub(from, to, $4); print $3, $4, $5 }' | sort -u
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
