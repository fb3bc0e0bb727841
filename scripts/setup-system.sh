#!/usr/bin/env bash
# Install what realnet_hw needs from the system and does not find: KiCad 9, ngspice's library, the AVR
# compiler, simulator and programmer, Arduino's AVR core, a C compiler, Chromium, Python's venv.
# Through apt, from the distribution's own suites. Does nothing, in a moment, where all is there; safe
# to run any number of times.
#
# Usage: scripts/setup-system.sh [--print] [PACKAGE ...]
#   --print   say what would be run, and run nothing
#   PACKAGE   look for these alone, as named in the table below
# Exit status: 0 all is there, 2 something is missing and could not be installed (the commands that
# would do it are printed).
set -euo pipefail
export LC_ALL=C
export PATH="$PATH:/usr/sbin:/sbin"

apt=/etc/apt
only_print=no
if [ "${1:-}" = --print ]; then
    only_print=yes
    shift
fi
asked=("$@")
say() { printf 'setup: %s\n' "$*" >&2; }

# ------------------------------------------------------------------------------ what is looked for

# KiCad 9 writes what boards/ holds; the libraries carry the date of their file format (9: 2024-12).
symbols=${KICAD9_SYMBOL_DIR:-/usr/share/kicad/symbols}
footprints=${KICAD9_FOOTPRINT_DIR:-/usr/share/kicad/footprints}
library_is_9() { [ "$(grep -om1 'version 20[0-9]*' "$1" 2>/dev/null | cut -c9-)" -ge 20240900 ] 2>/dev/null; }
has_kicad() { [ "$(kicad-cli version 2>/dev/null | cut -d. -f1)" -ge 9 ] 2>/dev/null; }
has_symbols() { library_is_9 "$symbols/Device.kicad_sym"; }
has_footprints() { library_is_9 "$footprints/Resistor_SMD.pretty/R_0805_2012Metric.kicad_mod"; }

# The models were tested with ngspice 46; the way results are fetched changed in 43.
has_ngspice() {
    ldconfig -p | grep 'libngspice\.so\.0' >/dev/null || return
    local version
    version=$(dpkg-query -W -f '${Version}' libngspice0 2>/dev/null) || return 0 # built by hand: trusted
    dpkg --compare-versions "$version" ge 43
}

has_program() { command -v "$1" >/dev/null; }
has_file() { [ -e "$1" ]; }
has_chromium() { has_program chromium || has_program chromium-browser || has_program google-chrome; }
has_venv() { python3 -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_certificates() { has_file /etc/ssl/certs/ca-certificates.crt; }

# package, oldest version that serves (- for any), and the check that it is not needed
needs() {
    cat <<'TABLE'
kicad            9   has_kicad
kicad-symbols    9   has_symbols
kicad-footprints 9   has_footprints
libngspice0      43  has_ngspice
binutils-avr     -   has_program avr-objcopy
gcc-avr          -   has_program avr-gcc
avr-libc         -   has_file /usr/lib/avr/include/avr/io.h
libsimavr-dev    -   has_file /usr/include/simavr/sim_avr.h
avrdude          -   has_program avrdude
arduino-core-avr -   has_file /usr/share/arduino/hardware/arduino/avr/platform.txt
gcc              -   has_program gcc
libc6-dev        -   has_file /usr/include/stdio.h
chromium         -   has_chromium
python3-venv     -   has_venv
ca-certificates  -   has_certificates
TABLE
}

is_asked() { [ ${#asked[@]} -eq 0 ] || [[ " ${asked[*]} " == *" $1 "* ]]; }

missing() {
    local package oldest check
    needs | while read -r package oldest check; do
        is_asked "$package" || continue
        $check || printf '%s %s\n' "$package" "$oldest"
    done
}

names() { cut -d' ' -f1 <<<"$1" | paste -sd' '; }

# ----------------------------------------------------------------------------- where it comes from

offered() { apt-cache policy "$1" 2>/dev/null | awk '/Candidate:/ { print $2 }' | sed 's/(none)//'; }
serves() { [ -n "$1" ] && dpkg --compare-versions "${1#*:}" ge "$2"; }
in_backports() { apt-cache madison "$1" 2>/dev/null | grep -q -- "$codename-backports/"; }

# The configured source of the distribution, word for word but for its suite: so the mirror, its keys
# and its options are those that this machine already uses. First the .list form, then .sources.
backports_source() {
    local found
    found=$(every_source list | awk -v suite="$codename" '
        $1 == "deb" && !found {
            for (i = 2; i <= NF && !found; i++)
                if ($i == suite || $i == "stable" || $i == "oldstable") {
                    $i = suite "-backports"; print; found = 1
                }
        }')
    [ -n "$found" ] || found=$(every_source sources | awk -v suite="$codename" '
        BEGIN { RS = ""; FS = "\n" }
        found || tolower($0) ~ /(^|\n)enabled: *no/ { next }
        $0 ~ "(^|\n)Suites:([^\n]* )?(" suite "|stable|oldstable)( |\n|$)" {
            $0 = "\n" $0
            gsub(/\nSuites:[^\n]*/, "\nSuites: " suite "-backports")
            gsub(/\n#[^\n]*/, "")
            print substr($0, 2)
            found = 1
        }')
    printf '%s' "$found"
}

# apt's sources of one form, with a blank line after each file: awk reads .sources by paragraphs.
every_source() {
    local file
    for file in "$apt"/sources.list "$apt"/sources.list.d/*; do
        case $file in
            *."$1") [ ! -f "$file" ] || { cat "$file" && echo; } ;;
        esac
    done
}

# ---------------------------------------------------------------------------------- doing as root

become_root=()
can_become_root() {
    [ "$(id -u)" = 0 ] && return
    has_program sudo || return
    become_root=(sudo)
    if [ -t 0 ]; then sudo -v; else sudo -n true 2>/dev/null; fi
}

# apt-get, its long output in the log, its progress a line for every tenth of the way.
run() {
    mkdir -p "$(dirname "$log")"
    printf '+ %s\n' "$1" >>"$log"
    "${become_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C sh -c "$1" 2>&1 </dev/null |
        awk -v log_file="$log" -F: '
            /^(dl|pm)status:/ {
                doing = $1 == "dlstatus" ? "downloaded" : "installed"
                tenth = doing " " int($3 / 10) * 10
                if (tenth != last) { printf "setup:   %s %%\n", tenth; fflush(); last = tenth }
                next
            }
            /^[EW]:|unable to|^Need to get|After this/ { print "setup:   " $0; fflush() }
            { print >> log_file }' >&2
}

# ------------------------------------------------------------------------------------------- main

unknown=$(printf '%s\n' "${asked[@]}" | grep -vxF -e "$(needs | cut -d' ' -f1)" | paste -sd' ' || true)
if [ ${#asked[@]} -gt 0 ] && [ -n "$unknown" ]; then
    say "no such package here: $unknown (there are $(names "$(needs)"))"
    exit 2
fi
wanted=$(missing)
if [ -z "$wanted" ]; then
    say "${asked[*]:-system tools}: all there"
    exit 0
fi
say "missing: $(names "$wanted")"

if ! has_program apt-get; then
    say "this system has no apt: install these with its own package manager (KiCad 9, ngspice 43 or newer)"
    exit 2
fi

# shellcheck source=/dev/null
. /etc/os-release
codename=${VERSION_CODENAME:-}
rights=no
[ $only_print = no ] && can_become_root && rights=yes

log=${SETUP_LOG:-build/setup-system.log}
# From a wheel there is no build folder to write into.
if [ $rights = yes ] && [ -z "${SETUP_LOG:-}" ] && [ ! -f "$(dirname "$0")/../Makefile" ]; then
    log=$(mktemp --suffix=.log -t realnet-setup.XXXXXX)
fi

# A machine that never fetched its package lists does not know what its suites offer.
if [ $rights = yes ] && [ -z "$(offered libc6-dev)" ]; then
    say "fetching the package lists"
    run 'apt-get update -q'
fi

packages=()
add_backports=no
refused=()
while read -r package oldest; do
    offer=$(offered "$package")
    if [ "$package" = chromium ] && [ -z "$offer" ]; then
        say "no package called chromium here: the test that opens the report in a browser is skipped"
    elif [ "$oldest" = - ] || serves "$offer" "$oldest"; then
        packages+=("$package")
    elif [ "${ID:-}" = debian ]; then
        in_backports "$package" || add_backports=yes
        packages+=("$package/$codename-backports")
    else
        refused+=("$package (needed: $oldest or newer, offered: ${offer:-nothing})")
    fi
done <<<"$wanted"

if [ ${#refused[@]} -gt 0 ]; then
    say "${PRETTY_NAME:-this system} does not offer: ${refused[*]}"
    say "KiCad's own download page for your distribution says where version 9 comes from"
    say "(on Ubuntu: sudo add-apt-repository ppa:kicad/kicad-9.0-releases); then run this again"
fi

commands=()
if [ $add_backports = yes ]; then
    source=$(backports_source)
    if [ -z "$source" ]; then
        say "no configured source of $codename found to take the mirror from; add $codename-backports"
        exit 2
    fi
    form=sources
    [ "${source#deb}" != "$source" ] && form=list
    commands+=(
        "printf '%s\n' '$source' > $apt/sources.list.d/realnet-backports.$form"
        # Nothing else may come from there by itself.
        "printf '%s\n' 'Package: *' 'Pin: release n=$codename-backports' 'Pin-Priority: 100' > $apt/preferences.d/realnet-backports"
    )
fi
if [ ${#packages[@]} -gt 0 ]; then
    commands+=(
        "apt-get update -q"
        "apt-get install -q -y --no-install-recommends ${packages[*]}"
    )
fi

if [ $rights = no ]; then
    say "run this as root, then the same command again:"
    printf '%s\n' "${commands[@]}"
    exit 2
fi

say "installing through apt (everything it says: $log)"
for command in "${commands[@]}"; do
    say "$(printf '%s' "$command" | tr '\n' ' ')"
    run "${command/apt-get /apt-get -o APT::Status-Fd=1 }" || {
        say "that failed; the end of $log:"
        tail -n 15 "$log" >&2
        exit 2
    }
done

wanted=$(missing | sed '/^chromium /d')
if [ -n "$wanted" ]; then
    say "still missing: $(names "$wanted")"
    exit 2
fi
say "${asked[*]:-system tools}: all there now"
