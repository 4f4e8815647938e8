# Completion of ovs-sriov for bash.

_ovs_sriov () {
    local options="--json --dry-run --force --lag --live --config= --node= --vlan= --rate= --help --version"
    local cur=${COMP_WORDS[COMP_CWORD]}
    local word words="list check apply import proxmox probe vm libvirt name drivers metrics help $options"

    # Of bash-completion: words with colons, as PCI addresses have, are one.
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n : cur
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
        apply|probe)
            words="$options $(cd /sys/bus/pci/devices 2>/dev/null &&
                              ls -d -- */sriov_totalvfs 2>/dev/null |
                              sed 's,/.*,,')"
            ;;
        name)
            words="$options $(ls /sys/class/net 2>/dev/null)"
            ;;
        metrics)
            words="openmetrics prometheus serve $options"
            ;;
        list|check|import|proxmox|vm|drivers|help)
            words=$options
            ;;
        esac
    done
    # compgen expands what it is given, once: names are not to be run.
    COMPREPLY=( $(compgen -W '$words' -- "$cur") )
    if declare -F __ltrim_colon_completions >/dev/null; then
        __ltrim_colon_completions "$cur"
    fi
}
complete -F _ovs_sriov ovs-sriov
