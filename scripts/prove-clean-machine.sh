#!/usr/bin/env bash
# Prove that the README's commands work on a machine that has nothing: a Debian made by debootstrap in
# a folder, the last commit cloned into it, then make in it.
#
# Usage: scripts/prove-clean-machine.sh FOLDER [TARGET ...]      (as root; default: demo test)
#   FOLDER  where the machine is made (3 GB); it must not exist yet, and is left for a look afterwards
#   TARGET  make targets, one after the other
#   SUITE, MIRROR  in the environment: another release than bookworm, another mirror than this machine's
#
# The machine gets this one's way out: its mirror, its own apt and pip settings, certificates and
# proxies. Mounts and processes are in name spaces of their own: they end with this command.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")/.." && pwd)
suite=${SUITE:-bookworm}

say() { printf '\nprove: %s\n' "$*" >&2; }
fail() {
    say "$1"
    exit 2
}

[ $# -ge 1 ] || fail "which folder? usage: scripts/prove-clean-machine.sh FOLDER [TARGET ...]"
machine=$(realpath -m "$1")
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(demo test)
[ ! -e "$machine" ] || fail "$machine exists already: name another, or delete it"
[ "$(id -u)" = 0 ] || fail "chroot needs root: run this with sudo"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"

mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v suite="$suite" '$2 == suite { print $1; exit }')}
[ -n "$mirror" ] || fail "this machine has no source of $suite: give MIRROR=..."

say "a bare Debian ($suite) in $machine"
debootstrap --variant=minbase "$suite" "$machine" "$mirror" | grep -E '^E:|successfully'

# --------------------------------------------------------------- this machine's way to the mirrors

home=/home/maker
clone=$home/realnet_hw

# Settings that somebody made by hand: those that no package brought.
for file in /etc/apt/apt.conf.d/* /etc/apt/auth.conf.d/* /usr/local/share/ca-certificates/*.crt \
    /etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    if [ -f "$file" ] && ! dpkg -S "$file" >/dev/null 2>&1; then
        copy=$machine${file/#$HOME\//$home/}
        mkdir -p "$(dirname "$copy")"
        # Folders with packages stay on this machine.
        sed -E '/^find-links/d; s#file:///[^ ]*##g' "$file" >"$copy"
    fi
done
cp -L /etc/resolv.conf /etc/hosts "$machine/etc/"

environment=("HOME=$home" USER=root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb CI=true)
while read -r setting; do
    environment+=("$setting")
done < <(env | grep -iE '^(http_proxy|https_proxy|no_proxy|pip_(index_url|extra_index_url|cert|default_timeout))=')

in_machine() {
    unshare --mount --pid --fork bash -c '
        mount -t proc proc "$0/proc"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts"
        mount --bind "$0/dev/pts/ptmx" "$0/dev/ptmx"
        mount -t tmpfs tmpfs "$0/dev/shm"
        exec chroot "$0" "$@"' "$machine" env -i "${environment[@]}" "$@" </dev/null
}

# ------------------------------------------------------------- what a person does with it, as told

say "git and make, which the README's commands begin with"
in_machine apt-get update -qq
in_machine apt-get install -qq -y --no-install-recommends git make >/dev/null 2>&1 ||
    fail "apt-get could not install git and make"

[ -z "$(git -C "$here" status --porcelain)" ] ||
    say "not all of $here is committed: what is cloned is $(git -C "$here" log -1 --format='%h %s')"
mkdir -p "$machine$home"
git clone --quiet --no-hardlinks "$here" "$machine$clone"

for target in "${targets[@]}"; do
    say "make $target"
    started=$SECONDS
    in_machine make -C $clone "$target" || fail "make $target failed after $((SECONDS - started)) s"
    say "make $target passed in $((SECONDS - started)) s"
    left=$(in_machine git -C $clone status --porcelain)
    [ -z "$left" ] || fail "make $target changed what is committed: $left"
done
