# What the servers have in common; sourced by `redis` and `postgres`, which define
#
#   NAME               what the name of its program begins with
#   HOME_DIR           where in DIR its processes run, "" for DIR itself
#   start PORT OPTION...   starts it and waits until it answers
#   stop               shuts it down; nothing runs when it returns
#   crash              kills it; nothing runs when it returns
#   first              prints the pid of the process that starts the others
#
# and end with `main "$@"`.
#
# A server is known by the directory its processes run in, so no pid file can lie about a process
# that has long been another. This finds the children that a killed PostgreSQL leaves behind, too,
# and still works when somebody has removed DIR.
# shellcheck shell=bash
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WAIT_SECONDS=60

die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

usage() {
    cat >&2 <<END
usage: ${0##*/} ACTION DIR
  start DIR PORT [OPTION...]  start it on 127.0.0.1:PORT with its data in DIR, print its pid
  kill DIR                    as a crash: kill -9 on all of it; the data stay for another start
  pause DIR, resume DIR       SIGSTOP and SIGCONT on all of it
  stop DIR                    shut it down; fine if it does not run
END
    exit 2
}

# The processes of the server, one pid a line. Their program is its own, or the loader that has
# started it; a shell that somebody has open in the directory is neither. Processes end while we look,
# and those of other users are not ours to read.
pids() {
    local cwd proc exe
    { find /proc/[0-9]*/cwd -maxdepth 0 -printf '%h %l\n' 2>/dev/null || true; } |
    while read -r proc cwd; do
        [ "${cwd% (deleted)}" = "$DIR$HOME_DIR" ] || continue
        exe=$(readlink "$proc/exe" 2>/dev/null) || continue
        [[ ${exe##*/} != "$NAME"* && ${exe##*/} != ld-linux* ]] || echo "${proc#/proc/}"
    done
}

signal() { # SIGNAL PID...
    local pid
    for pid in "${@:2}"; do
        kill -s "$1" "$pid" 2>/dev/null || true
    done
}

wait_until() { # WHAT COMMAND...
    local deadline=$((SECONDS + WAIT_SECONDS))
    until "${@:2}"; do
        [ $SECONDS -lt $deadline ] || die "$1: not within $WAIT_SECONDS seconds ($DIR)"
        sleep 0.02
    done
}

gone() { [ -z "$(pids)" ]; }

stopped() { # PID...: is every one of them, as far as it still lives?
    local pid
    for pid in "$@"; do
        ! grep -q '^State:[[:space:]]*[RSDI]' "/proc/$pid/status" 2>/dev/null || return 1
    done
}

# The first process comes first: it could start others, or notice that they die.
each() { # SIGNAL
    local first
    first=$(first)
    [ -z "$first" ] || signal "$1" "$first"
    [ -z "$first" ] || [ "$1" != STOP ] || wait_until "pausing" stopped "$first"
    # shellcheck disable=SC2046
    signal "$1" $(pids)
}

main() {
    [ $# -ge 2 ] || usage
    local action=$1
    DIR=$(realpath -m -- "$2")
    shift 2
    # The caller's directory may be closed to the server, or go away under it.
    cd /
    [ "$action" != start ] || mkdir -p "$DIR"
    # One action at a time. The server itself must not inherit this.
    if [ -d "$DIR" ]; then
        exec 9>"$DIR/lock"
        flock 9
    fi
    case $action in
        start)
            [ $# -ge 1 ] || usage
            gone || die "already running in $DIR"
            # shellcheck disable=SC2034 # used by `start`
            PROGRAMS=$("$HERE/programs" "$NAME")
            # Whoever keeps this file stops what is in it, whatever becomes of the caller.
            [ -z "${TEST_SERVERS_STARTED:-}" ] || echo "$NAME $DIR" >>"$TEST_SERVERS_STARTED"
            start "$@"
            first ;;
        kill)
            ! gone || die "nothing runs in $DIR"
            crash ;;
        pause)
            ! gone || die "nothing runs in $DIR"
            each STOP
            # shellcheck disable=SC2046
            wait_until "pausing" stopped $(pids) ;;
        resume)
            ! gone || die "nothing runs in $DIR"
            each CONT ;;
        stop)
            gone || each CONT
            gone || stop ;;
        *) usage ;;
    esac
}
