# shellcheck shell=bash
# What the scripts share. To be sourced; $root is then the source tree, whatever the working directory.

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
	say "$*"
	exit 1
}

# Runs a command of the build, silently, into $log; bpftool may be in a sbin that PATH does not name.
logged() { PATH=$PATH:/usr/sbin:/sbin "$@" >>"$log" 2>&1; }

# configured DIR: whether DIR holds a complete configuration of this very tree (not of one it was copied from)
configured() {
	[[ -e $1/build.ninja || -e $1/Makefile ]] &&
		grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$1/CMakeCache.txt"
}

# build PRESET DIR: brings DIR up to date and says nothing; on failure shows the log's tail and ends the script.
build() {
	local preset=$1 dir=$2 log=$2/build.log lock status=0
	if ! { mkdir -p "$dir" && exec {lock}>>"$log"; } 2>/dev/null; then
		die "cannot write to $dir, perhaps made by root: run this as root, or remove it"
	fi
	flock "$lock"
	: >"$log"
	if ! configured "$dir"; then
		say "building $dir for the first time, about a minute (log: $log)"
		CMAKE_GENERATOR=Ninja logged cmake --fresh -S "$root" -B "$dir" --preset "$preset" || status=$?
	fi
	[[ $status -ne 0 ]] || logged cmake --build "$dir" || status=$?
	give_back "$dir"
	exec {lock}>&-
	if [[ $status -ne 0 ]]; then
		# Ninja goes on with what had begun: the first failure is what to read. CMake ends with its own.
		{ grep -m 1 -A 25 '^FAILED:' "$log" || tail -n 25 "$log"; } >&2
		die "the build failed (above, and in $log)"
	fi
}

# give_back DIR: what root made in a tree that belongs to someone else becomes theirs.
give_back() {
	local owner
	owner=$(stat -c %u:%g "$root")
	[[ $EUID -ne 0 || $owner == 0:* ]] || chown -Rh "$owner" "$1"
}
