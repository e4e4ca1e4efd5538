#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds and tests under Debian 13, whatever Debian this machine runs; see usage().
set -Eeuo pipefail

TREE=$(cd "$(dirname "$0")/.." && pwd)
SUITE=trixie
ROOT=$TREE/build-debian13
SOURCE=/root/dtlsgw # in ROOT
# Besides unit tests, cross-validation and known answers: handshakes, losses, nonces, the program.
# That OpenSSL 3.5 begins record numbers anew after several ClientHellos, test_handshake knows.
NAMES=(meson s_client peers refused large_hello drop_each last_flight nonces impaired sizes restart
	tshark telemetry)
# shellcheck source=config/lab_net.sh
. "$TREE/config/lab_net.sh"

usage() {
	cat <<END
usage: tests/debian13.sh [--folder DIR] [--again] [NAME...]
Makes a Debian 13 (DPDK 24.11, ipsec-mb 2.0, OpenSSL 3.5) in a folder of its own with debootstrap,
copies the sources into it and runs tests/run.sh there, with the names or else with
  ${NAMES[*]}
A Debian that is in the folder already is used again, with its packages.  Nothing outside of the
folder changes, and what was started or mounted is gone at the end.
  --folder DIR  default build-debian13 in the tree; in the tree only build-SOMETHING, which is not
                copied
  --again       remove what is there first
  MIRROR        environment: from where; default the first mirror of Debian that apt uses here
END
}

# The mirror that this machine's own packages come from.
mirror() {
	local uri

	# shellcheck disable=SC2016 # apt-get expands them
	read -r uri < <(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Label: Debian')
	echo "${uri:?apt knows no mirror of Debian: set MIRROR}"
}

# What apt does here it does there, proxies and the like.
apt_options() {
	apt-config dump | grep -E '^Acquire::(http|https|Check|ForceIPv)' || true
}

# A folder that this script has not made is never removed.
debian() {
	local made=$ROOT/dtlsgw-made ready=$ROOT/dtlsgw-ready log=$ROOT/dtlsgw-log

	[ -n "$AGAIN" ] || [ ! -e "$ready" ] || return 0
	if [ -e "$made" ]; then
		rm -rf "$ROOT"
	fi
	mkdir -p "$ROOT"
	[ -z "$(ls -A "$ROOT")" ] || { echo "$ROOT is not empty" >&2 && return 1; }
	touch "$made"
	debootstrap --variant=minbase "$SUITE" "$ROOT" "${MIRROR:-$(mirror)}" >"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2 && return 1; }
	apt_options >"$ROOT/etc/apt/apt.conf.d/90here"
	printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d" # packages start no services
	chmod +x "$ROOT/usr/sbin/policy-rc.d"
	touch "$ready"
}

# The tree as it is, to be built from the beginning.
sources() {
	rm -rf "${ROOT:?}$SOURCE"
	mkdir -p "$ROOT$SOURCE"
	tar -C "$TREE" --exclude='./build*' --exclude=./.git -c . | tar -C "$ROOT$SOURCE" -x
	cp -L /etc/resolv.conf /etc/hosts "$ROOT/etc/"
}

# What the tests run on; another Debian would test something else.
# shellcheck disable=SC2016 # the inner shell expands
CHECK='
cd "$1" && shift
tests/run.sh "$@" || status=$?
dpdk=$(pkg-config --modversion libdpdk) openssl=$(pkg-config --modversion openssl)
ipsec_mb=$(sed -n "s/^#define IMB_VERSION_STR *\"\(.*\)\"/\1/p" /usr/include/intel-ipsec-mb.h)
echo "DPDK $dpdk, ipsec-mb $ipsec_mb, OpenSSL $openssl"
case $dpdk/$ipsec_mb/$openssl in
24.11.*/2.0*/3.5.*) exit ${status-0} ;;
esac
echo "that is not what Debian 13 has" >&2
exit 1'

# In namespaces of mounts and processes that end with it.
# shellcheck disable=SC2016 # the inner shell expands
tests() {
	unshare --mount --pid --fork --kill-child --propagation private sh -ec '
		root=$1 && shift
		mount --bind "$root" "$root" # ip netns wants its / to be a mount
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		mount -t sysfs sysfs "$root/sys"
		mount -t tmpfs tmpfs "$root/run"
		exec chroot "$root" env -i "$@"' - "$ROOT" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LC_ALL=C.UTF-8 bash -c "$CHECK" - "$SOURCE" "${NAMES[@]}"
}

AGAIN=
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage && exit ;;
	--folder) ROOT=$(realpath -m "${2:?}") && shift ;;
	--again) AGAIN=yes ;;
	-*) usage >&2 && exit 2 ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 0 ] || NAMES=("$@")
case $ROOT in
"$TREE"/build*) ;;
"$TREE" | "$TREE"/*)
	echo "$ROOT would be copied into itself: in the tree only build-SOMETHING" >&2 && exit 2
	;;
esac
[ "$(id -u)" = 0 ] || { echo "run it as root: it makes a file system and mounts" >&2 && exit 2; }
lab_packages debootstrap debian-archive-keyring
debian
echo "Debian $(cat "$ROOT/etc/debian_version") in $ROOT ($SECONDS s)"
sources
tests
